"""What an earlier command in the same folder has shown of the same runs: whoever adds seeds after that, tests twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from utils.errors import UserError
from utils.files import read_json

from ..cells import Cell, Plan
from ..inference.sequential import Rule


def read_earlier(plan: Plan, compared: str) -> dict[str, Any] | None:
    """Reads the `comparison.json` that lies in the folder; None where there is none, or none of these runs.

    Args:
        compared: the file with the test rows.
    """
    file = plan.folder / "comparison.json"
    if not file.is_file():
        return None
    try:
        earlier = read_json(file)
        seeds = {head: set(entry["seeds"]) for head, entry in earlier["heads"].items()}
        shared = [cell for cell in plan.cells if cell.seed in seeds.get(cell.head, ())]
        if not shared or any(not cell.finished for cell in shared):
            return None
        own = {name: earlier["heads"][name] for name in {cell.head for cell in shared}}
        alike = all(
            (cell.head_kwargs, cell.head_flags) == (own[cell.head]["head_kwargs"], own[cell.head].get("head_flags", {}))
            for cell in shared
        )
        now = json.loads(json.dumps(equal_for_all(shared, compared), default=str))
        sha256 = read_json(shared[0].folder / "run.json")["data"][compared]["sha256"]
        then = {name: value for name, value in earlier["equal"].items() if name != "tuning"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # not one that this version has written
    return earlier if alike and now == then and sha256 == earlier["sha256"] else None


def look_back(
    earlier: Mapping[str, Any] | None, plan: Plan, rule: Rule | None, margin: float | None
) -> dict[str, list[Any]]:
    """Returns what was seen before the present result was asked for; empty where that takes nothing from it.

    Args:
        earlier: what `read_earlier` found.
        rule: that decides on the number of seeds now; None where it is fixed.
        margin: of now.

    Returns:
        `seeds`, how many per head had been seen before more were added, and `margins`, those (None: none) before the present one.

    Raises:
        UserError: the looks were fixed otherwise.
    """
    if earlier is None:
        return {}
    known = earlier.get("earlier", {})
    seeds, margins = set(known.get("seeds", ())), list(known.get("margins", ()))
    before = earlier.get("rule")
    if rule is not None and before is not None:
        _check_same(before, rule, plan, list(earlier["heads"]))
    else:
        looks = {entry["seeds"] for entry in before["history"]} if before else set()
        now = len({cell.seed for cell in plan.cells})
        seeds |= {count for count in looks | {len(head["seeds"]) for head in earlier["heads"].values()} if count < now}
        named = next(((pair.get("equality") or {}).get("margin") for pair in earlier["comparisons"]), None)
        if margin is not None and named != margin and named not in margins:
            margins.append(named)
    return {"seeds": sorted(seeds), "margins": margins} if seeds or margins else {}


def _check_same(before: Mapping[str, Any], rule: Rule, plan: Plan, heads: Sequence[str]) -> None:
    """Raises UserError where what was fixed before the first look is said otherwise now."""
    now = {
        "looks": list(rule.looks),
        "margin": rule.margin,
        "first_seed": plan.cells[0].seed,
        "heads": sorted(plan.heads),
    }
    then = {name: before[name] for name in ("looks", "margin", "first_seed")} | {"heads": sorted(heads)}
    for name, value in then.items():
        if now[name] != value:
            fixed = f"{name.replace('_', ' ')} of this comparison: {value}, now {now[name]}"
            cure = "give the same command again, or another --output_dir and other --seeds"
            raise UserError(
                f"what was fixed before the first look cannot be changed ({fixed}); {cure}", file=plan.folder
            )


def optimism(seen: Mapping[str, Sequence[Any]], rule: Rule | None) -> list[str]:
    """Says what is too good because of what was seen before, in sentences.

    Args:
        seen: what `look_back` found.
        rule: that decides on the number of seeds now; None where it is fixed.
    """
    said = []
    if counts := seen.get("seeds"):
        listed = " and ".join(map(str, counts))
        if rule is None:
            said.append(
                f"The p values are optimistic: seeds were added after a look at {listed} per head, which no --until_decided planned."
            )
        else:
            said.append(
                f"The p values are optimistic: {listed} seeds per head had been looked at before the looks were planned."
            )
    if margins := seen.get("margins"):
        listed = " and ".join("none" if margin is None else f"{margin:g}" for margin in margins)
        said.append(
            f"The margin was named after a result had been seen (before: {listed}), which makes equality too easy."
        )
    return said


def equal_for_all(cells: Sequence[Cell], compared: str) -> dict[str, Any]:
    """What is the same for every head; flags that some heads have for themselves are not."""
    first = cells[0].folder
    run, state = read_json(first / "run.json"), read_json(first / "trainer_state.json")
    trained = [read_json(cell.folder / "train_results.json")["train_samples"] for cell in cells]
    least, most = min(trained), max(trained)
    own = {"head", "head_kwargs", "seed", "output_dir", "run_name", "resume_from_checkpoint"}
    own |= {name for cell in cells for name in cell.head_flags}
    own |= {cells[0].crossed[0]} if cells[0].crossed else set()
    unequal = own & {"num_train_epochs", "max_steps"}
    return {
        "training rows": least if least == most else f"{least:,} to {most:,}",
        **({"steps": state["global_step"], "epochs": state["epoch"]} if least == most and not unequal else {}),
        **{
            f"SHA-256 of {Path(file).name}": entry["sha256"]
            for file, entry in run["data"].items()
            if file != compared  # the report names it elsewhere
        },
        "arguments": {key: value for key, value in run["changed_from_default"].items() if key not in own},
    }

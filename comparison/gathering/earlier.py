"""What an earlier command in the same folder has shown of the same runs: whoever adds seeds after that, tests twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from utils.errors import UserError
from utils.files import fits, json_fields, sha256

from ..cells import Cell, Plan
from ..inference.sequential import Rule

# Of a `comparison.json`, as far as it is looked back upon; see `utils.files.fits`.
RULE = {"looks": [int], "margin": (float, None), "first_seed": int, "heads": [str], "history": [{"seeds": int}]}
LOOKED_BACK = {
    "heads": {str: {"seeds": [int], "head_kwargs": dict, "head_flags": (dict, None)}},
    "comparisons": [{"equality": ({"margin": (float, None)}, None)}],
    "equal": dict,
    "sha256": str,
    "rule": (RULE, None),
    "earlier": ({"seeds": ([int], None), "margins": ([(float, None)], None)}, None),
}


def read_earlier(plan: Plan, compared: str) -> dict[str, Any] | None:
    """Reads the `comparison.json` that lies in the folder; None where there is none, or none of these runs.

    Args:
        compared: the file with the test rows.
    """
    earlier = json_fields(plan.folder / "comparison.json")
    if not fits(earlier, LOOKED_BACK):
        return None  # not one that this version has written
    shared = [cell for cell in plan.cells if cell.seed in earlier["heads"].get(cell.head, {}).get("seeds", ())]
    if not shared or any(not cell.finished for cell in shared):
        return None
    own = {name: earlier["heads"][name] for name in {cell.head for cell in shared}}
    alike = all(
        (cell.head_kwargs, cell.head_flags) == (own[cell.head]["head_kwargs"], own[cell.head].get("head_flags", {}))
        for cell in shared
    )
    now = json.loads(json.dumps(equal_for_all(shared, compared), default=str))
    then = {name: value for name, value in earlier["equal"].items() if name != "tuning"}
    return earlier if alike and now == then and sha256(compared) == earlier["sha256"] else None


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


def trained_on(cell: Cell) -> int:
    """How many rows a finished run was trained on."""
    return cell.read("train_results.json", {"train_samples": int})["train_samples"]


def equal_for_all(cells: Sequence[Cell], compared: str) -> dict[str, Any]:
    """What is the same for every head; flags that some heads have for themselves are not."""
    run = cells[0].read("run.json", {"data": {str: {"sha256": str}}, "changed_from_default": dict})
    state = cells[0].read("trainer_state.json", {"global_step": int, "epoch": (float, None)})
    trained = [trained_on(cell) for cell in cells]
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

"""From the folders of the cells to everything that a report says, as one dictionary of plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import permutations
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from safetensors import safe_open

from utils.arguments import command_line
from utils.data.splits import Split
from utils.files import fits, sha256
from utils.metrics.metric import Metric, SummableMetric
from utils.outputs.card import NO_SCORES
from utils.tasks import Task

from ..cells import Cell, Plan
from ..inference.outlook import look_ahead
from ..inference.pairs import PairComparison
from ..inference.sequential import Decision, Rule, decide
from .costs import measure_costs
from .designs import KEYS, Design
from .earlier import equal_for_all, optimism, trained_on
from .rows import score_cells

LENGTH_BINS = 6
EXAMPLES = 30


def gather(
    plan: Plan,
    split: Split,
    tuned: Mapping[str, Any] | None = None,
    rule: Rule | None = None,
    margin: float | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the cells of a plan show, all of them finished; the keys are those of `comparison.json`.

    Args:
        split: the test rows.
        tuned: what `gather_trials` found, where the settings of the heads were chosen by trials.
        rule: that decides on the number of seeds; None where it is fixed.
        margin: differences below this do not matter.
        earlier: what `look_back` found.

    Raises:
        UserError: a metric that does not fit the labels, or cells that do not belong to the test rows.
    """
    _, data, training = plan.arguments
    cells = plan.cells_by_head
    scored = score_cells(plan, split)
    task, metric, references = scored.task, scored.metric, scored.references
    predictions, counts, texts = scored.predictions, scored.counts, scored.task.texts(scored.split)
    training_rows = fmean(trained_on(cell) for cell in plan.cells)
    design = Design.of(plan.cells, scored.sizes, training_rows)
    decision = decide(counts, metric, rule) if rule else None
    comparisons = decision.pairs if decision else design.compare(counts, metric, margin)
    outlook = look_ahead(counts, metric, comparisons) if design.flag is None else []
    right = {
        head: np.stack([task.metric.right(one, references) for one in several]) for head, several in predictions.items()
    }
    costs = measure_costs({head: own[0].folder for head, own in cells.items()}, texts, data.max_seq_length)
    run = plan.cells[0].read("run.json", {"versions": {str: str}})
    return {
        "title": data.task_name or Path(split.file).name,
        "script": plan.script,
        "task": task.pipeline_tag,
        "class_word": task.class_word,
        "metric": metric.name,
        "unit": "points" if metric.points else metric.name,
        "scale": metric.points or 1.0,
        "smaller_is_better": metric.smaller_is_better,
        "rows": len(references),
        "split": plan.compared,
        "file": Path(split.file).name,
        "sha256": sha256(split.file),
        "date": date.today().isoformat(),
        "versions": run["versions"],
        "command": command_line(),
        "equal": equal_for_all(plan.cells, split.file) | ({"tuning": _equally_tuned(tuned)} if tuned else {}),
        "notes": [*plan.notes, *_unequal_steps(plan.cells), *_unequal_versions(plan.cells)],
        "frozen_encoder": training.freeze_encoder,
        "heads": {
            head: {
                "head_kwargs": own[0].head_kwargs,
                **({"head_flags": own[0].head_flags} if own[0].head_flags else {}),
                **_sizes(own[0].folder),
                "seeds": [cell.seed for cell in own],
                **({KEYS[design.flag]: [cell.crossed[1] for cell in own if cell.crossed]} if design.flag else {}),
                **_scores(head, own, task.metric, metric, counts[head], design),
                "cost": _training_cost(own) | costs[head],
                "curves": {cell.label: _curve(cell, metric.name) for cell in own},
                "groups": _groups(task, predictions[head], references),
            }
            for head, own in cells.items()
        },
        "comparisons": [_pair(one) for one in comparisons],
        "verdict": " ".join([_verdict(comparisons, metric), *optimism(earlier or {}, rule)]),
        "lengths": _lengths(texts, counts, metric),
        "disagreements": [] if design.has_hold_outs else _disagreements(task, split, predictions, right),
        "disagreement_counts": {}
        if design.has_hold_outs
        else {
            f"{one} right, {other} wrong": int((right[one].all(axis=0) & ~right[other].any(axis=0)).sum())
            for one, other in permutations(right, 2)
        },
        **({"tuning": tuned} if tuned else {}),
        **({"rule": _rule(rule, decision, plan.cells)} if rule and decision else {}),
        **({"outlook": [asdict(one) | {"sentence": str(one)} for one in outlook]} if outlook else {}),
        **({"earlier": dict(earlier)} if earlier else {}),
    }


def _pair(pair: PairComparison) -> dict[str, Any]:
    """One pair; without a margin or a rule it has no entry for it."""
    entry = asdict(pair) | {"sentence": str(pair)}
    return {name: value for name, value in entry.items() if value is not None or name not in ("equality", "look")}


def _rule(rule: Rule, decision: Decision, cells: Sequence[Cell]) -> dict[str, Any]:
    """What was fixed before the first look, and what the looks have shown."""
    return {
        "looks": list(rule.looks),
        "margin": rule.margin,
        "first_seed": cells[0].seed,
        "look": decision.look,
        "heads": decision.heads,
        "history": decision.history,
    }


def _scores(
    head: str, cells: Sequence[Cell], of_task: Metric, metric: SummableMetric, counts: np.ndarray, design: Design
) -> dict[str, Any]:
    """Every metric over the runs. The compared one comes first, from the very numbers that heads are compared by."""
    first = cells[0].read("predict_results.json", {})
    names = [name.removeprefix("predict_") for name in first if name.startswith("predict_")]
    others = [name for name in names if name not in (*NO_SCORES, metric.name)]
    results = [cell.read("predict_results.json", {f"predict_{name}": float for name in others}) for cell in cells]
    compared = design.run_scores(counts, metric)
    scores = {metric.name: asdict(design.summarise(compared.tolist(), metric.low, metric.high))}
    for name in others:
        found = [result[f"predict_{name}"] for result in results]
        scores[name] = asdict(design.summarise(found, *of_task.bounds(name)))
    return {"scores": scores, **({"variance": design.variance(head, compared, metric)} if design.flag else {})}


def _sizes(folder: Path) -> dict[str, int]:
    """Parameters of head and encoder, read off the header of the weights."""
    sizes: Counter[str] = Counter()
    with safe_open(folder / "model.safetensors", "pt") as weights:
        for name in weights.keys():  # noqa: SIM118 (no dictionary)
            sizes[name.split(".")[0]] += int(np.prod(weights.get_slice(name).get_shape()))
    return {"parameters": sizes["head"], "encoder_parameters": sizes["encoder"]}


def _training_cost(cells: Sequence[Cell]) -> dict[str, Any]:
    """Medians over the seeds; times of the cells that ran without a break, None where there are none."""
    runs = [cell.read("run.json", {"changed_from_default": dict, "peak_memory_bytes": {str: float}}) for cell in cells]
    results = [
        cell.read("train_results.json", {"train_samples_per_second": float, "train_runtime": float})
        for cell, run in zip(cells, runs, strict=True)
        if "resume_from_checkpoint" not in run["changed_from_default"]
    ]
    return {
        "training_rows_per_second": median(result["train_samples_per_second"] for result in results)
        if results
        else None,
        "training_seconds": median(result["train_runtime"] for result in results) if results else None,
        "peak_memory_bytes": median(max(run["peak_memory_bytes"].values(), default=0) for run in runs),
    }


def _curve(cell: Cell, metric: str) -> dict[str, list[list[float]]]:
    """Points (epoch, value) of the training loss and of the validation's metric."""
    history = cell.read("trainer_state.json", {"log_history": [{"epoch": float}]})["log_history"]
    return {
        key: [[entry["epoch"], entry[key]] for entry in history if fits(entry.get(key), float)]
        for key in ("loss", f"eval_{metric}")
    }


def _equally_tuned(tuned: Mapping[str, Any]) -> str:
    """What was the same for every head in the trials."""
    limits = " or ".join(f"{limit:,} {name}" for name, limit in tuned["limits"].items())
    count = f"{tuned['trials']} trial{'' if tuned['trials'] == 1 else 's'} each"
    count = f"at most {count}, none begun after {limits}," if limits else count
    return f"{count} from the same sequence, scored on the validation rows with seed {tuned['seed']}"


def _unequal_steps(cells: Sequence[Cell]) -> list[str]:
    """A note where early stopping ended some cells before others; other hold-outs leave other numbers of rows."""
    steps = [cell.read("trainer_state.json", {"global_step": int})["global_step"] for cell in cells]
    held_out = [cell.crossed if cell.crossed and cell.crossed[0] == "validation_split_seed" else None for cell in cells]
    if len(set(zip(held_out, steps, strict=True))) == len(set(held_out)):
        return []
    listed = "; ".join(f"{cell.head}, seed {cell.label}: {count}" for cell, count in zip(cells, steps, strict=True))
    return [f"the cells were trained for different numbers of steps ({listed})"]


def _unequal_versions(cells: Sequence[Cell]) -> list[str]:
    """A note where something was upgraded between two cells."""
    versions = [cell.read("run.json", {"versions": {str: str}})["versions"] for cell in cells]
    names = [name for name in versions[0] if len({own.get(name) for own in versions}) > 1]
    return [f"the cells ran under different versions of {', '.join(names)}"] if names else []


def _groups(task: Task, predictions: Sequence[list], references: list) -> dict[str, dict[str, float]]:
    """Scores of every class, entity type or kind of answer, means over the seeds."""
    several = [task.by_class({"predictions": one, "references": references}) for one in predictions]
    names = dict.fromkeys(name for groups in several for name in groups)
    return {
        name: {
            measure: fmean(groups[name][measure] for groups in several if name in groups)
            for measure in next(groups[name] for groups in several if name in groups)
        }
        for name in names
    }


def _lengths(texts: Sequence[str], counts: Mapping[str, np.ndarray], metric: SummableMetric) -> list[dict[str, Any]]:
    """The metric by characters of the text, in bins of about equally many rows; means over the seeds."""
    lengths = np.array([len(text) for text in texts])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, LENGTH_BINS + 1)).astype(int))
    edges[-1] += 1
    bins = []
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        inside = (lengths >= start) & (lengths < end)
        if inside.any():
            scores = {head: float(metric.score(own[:, inside].sum(axis=1)).mean()) for head, own in counts.items()}
            bins.append({"from": int(start), "to": int(end) - 1, "rows": int(inside.sum()), "scores": scores})
    return bins


def _disagreements(
    task: Task, split: Split, predictions: Mapping[str, Sequence[Sequence[Any]]], right: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Rows that one head gets right and another wrong with the most seeds, as many for every pair of heads."""
    texts, references = task.texts(split), task.references(split)
    shares = {head: own.mean(axis=0) for head, own in right.items()}
    pairs = list(permutations(right, 2))
    chosen: dict[int, None] = {}
    for one, other in pairs:
        lead = shares[one] - shares[other]
        most = np.argsort(-lead, kind="stable")[: EXAMPLES // len(pairs)]
        chosen |= dict.fromkeys(int(row) for row in most if lead[row] > 0)
    return [
        {
            "row": row,
            "text": texts[row],
            "gold": task.describe(split, row, references[row]),
            "right": {head: int(own[:, row].sum()) for head, own in right.items()},
            "predictions": {
                head: Counter(task.describe(split, row, one[row]) for one in several).most_common(1)[0][0]
                for head, several in predictions.items()
            },
        }
        for row in sorted(chosen)
    ]


def _verdict(comparisons: Sequence[PairComparison], metric: SummableMetric) -> str:
    if not comparisons:
        return "One head only: nothing is compared."
    found = [one for one in comparisons if one.finding]
    open_still = any(one.look and not one.look.ending for one in comparisons)
    if not found:
        more = " More seeds are to come." if open_still else ""
        return f"No head is shown to be better than another by {metric.name}.{more}"
    findings = "; ".join(str(one.finding) for one in found)
    others = " or between ".join(f"{one.baseline} and {one.head}" for one in comparisons if not one.finding)
    text = f"By {metric.name}, {findings}."
    if others:
        text += f" No difference is shown between {others}{', and more seeds are to come' if open_still else ''}."
    return text

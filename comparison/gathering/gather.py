"""From the folders of the cells to everything that a report says, as one dictionary of plain values."""

from __future__ import annotations

import json
import shlex
import sys
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
from transformers import AutoConfig

from utils.data.splits import Split
from utils.metrics.metric import Metric, SummableMetric
from utils.outputs.card import NO_SCORES
from utils.tasks import Task

from ..cells import Cell, Plan
from ..inference.pairs import PairComparison
from .costs import measure_costs
from .designs import KEYS, Design
from .rows import compared_metric, read_predictions, read_rows

LENGTH_BINS = 6
EXAMPLES = 30


def gather(plan: Plan, split: Split, tuned: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the cells of a plan show, all of them finished; the keys are those of `comparison.json`.

    Args:
        split: the test rows.
        tuned: what `gather_trials` found, where the settings of the heads were chosen by trials.

    Raises:
        UserError: a metric that does not fit the labels, or cells that do not belong to the test rows.
    """
    _, data, training = plan.arguments
    cells: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.head, []).append(cell)
    first = next(iter(cells.values()))[0]
    config = AutoConfig.from_pretrained(first.folder)
    task = plan.load_task().with_labels(config, split)
    metric = compared_metric(task, plan.metric)
    splits, whole = _hold_outs(plan, task, split)
    texts, references = task.texts(whole), task.references(whole)
    predictions = {head: _by_seed(task, own, splits) for head, own in cells.items()}
    counts = {
        head: np.stack([metric.count(one, references) for one in several]) for head, several in predictions.items()
    }
    training_rows = fmean(_read(cell.folder / "train_results.json")["train_samples"] for cell in plan.cells)
    design = Design.of(plan.cells, [len(one.rows) for one in splits], training_rows)
    comparisons = design.compare(counts, metric)
    right = {
        head: np.stack([task.metric.right(one, references) for one in several]) for head, several in predictions.items()
    }
    costs = measure_costs({head: own[0].folder for head, own in cells.items()}, texts, data.max_seq_length)
    run = _read(first.folder / "run.json")
    return {
        "title": data.task_name or Path(split.file).name,
        "script": plan.script,
        "task": task.pipeline_tag,
        "metric": metric.name,
        "unit": "points" if metric.points else metric.name,
        "scale": metric.points or 1.0,
        "smaller_is_better": metric.smaller_is_better,
        "rows": len(references),
        "split": plan.compared,
        "file": Path(split.file).name,
        "sha256": run["data"][split.file]["sha256"],
        "date": date.today().isoformat(),
        "versions": run["versions"],
        "command": shlex.join(["python", Path(sys.argv[0]).name, *sys.argv[1:]]),
        "equal": _equal(plan.cells, split.file) | ({"tuning": _equally_tuned(tuned)} if tuned else {}),
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
        "comparisons": [asdict(one) | {"sentence": str(one)} for one in comparisons],
        "verdict": _verdict(comparisons, metric),
        "lengths": _lengths(texts, counts, metric),
        "disagreements": [] if design.has_hold_outs else _disagreements(task, split, predictions, right),
        "disagreement_counts": {}
        if design.has_hold_outs
        else {
            f"{one} right, {other} wrong": int((right[one].all(axis=0) & ~right[other].any(axis=0)).sum())
            for one, other in permutations(right, 2)
        },
        **({"tuning": tuned} if tuned else {}),
    }


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _hold_outs(plan: Plan, task: Task, split: Split) -> tuple[list[Split], Split]:
    """The rows of each hold-out, and all of them one after the other; of other comparisons the test rows, which are whole."""
    if plan.hold_outs is None:
        return [split], split
    splits = [split, *(read_rows(task, plan.arguments.training, i) for i in range(1, plan.hold_outs))]
    return splits, Split(split.name, split.file, [row for one in splits for row in one.rows])


def _by_seed(task: Task, cells: Sequence[Cell], splits: Sequence[Split]) -> list[list]:
    """What each run predicted; of several hold-outs what each seed predicted on one after the other."""
    count = len(splits)
    found = [read_predictions(task, splits[i % count], cell.folder) for i, cell in enumerate(cells)]
    return [[one for part in found[i : i + count] for one in part] for i in range(0, len(found), count)]


def _scores(
    head: str, cells: Sequence[Cell], of_task: Metric, metric: SummableMetric, counts: np.ndarray, design: Design
) -> dict[str, Any]:
    """Every metric over the runs; the one that is compared first, and from the very numbers it is compared by."""
    results = [_read(cell.folder / "predict_results.json") for cell in cells]
    names = [name.removeprefix("predict_") for name in results[0] if name.startswith("predict_")]
    others = [name for name in names if name not in (*NO_SCORES, metric.name)]
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
    runs = [_read(cell.folder / "run.json") for cell in cells]
    results = [
        _read(cell.folder / "train_results.json")
        for cell, run in zip(cells, runs, strict=True)
        if "resume_from_checkpoint" not in run["changed_from_default"]
    ]
    return {
        "training_rows_per_second": median(result["train_samples_per_second"] for result in results)
        if results
        else None,
        "training_seconds": median(result["train_runtime"] for result in results) if results else None,
        "peak_memory_bytes": median(max(run["peak_memory_bytes"].values()) for run in runs),
    }


def _curve(cell: Cell, metric: str) -> dict[str, list[list[float]]]:
    """Points (epoch, value) of the training loss and of the validation's metric."""
    history = _read(cell.folder / "trainer_state.json")["log_history"]
    return {
        key: [[entry["epoch"], entry[key]] for entry in history if key in entry] for key in ("loss", f"eval_{metric}")
    }


def _equal(cells: Sequence[Cell], compared: str) -> dict[str, Any]:
    """What is the same for every head; flags that some heads have for themselves are not."""
    first = cells[0].folder
    run, state = _read(first / "run.json"), _read(first / "trainer_state.json")
    trained = [_read(cell.folder / "train_results.json")["train_samples"] for cell in cells]
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


def _equally_tuned(tuned: Mapping[str, Any]) -> str:
    """What was the same for every head in the trials."""
    limits = " or ".join(f"{limit:,} {name}" for name, limit in tuned["limits"].items())
    count = f"{tuned['trials']} trial{'' if tuned['trials'] == 1 else 's'} each"
    count = f"at most {count}, none begun after {limits}," if limits else count
    return f"{count} from the same sequence, scored on the validation rows with seed {tuned['seed']}"


def _unequal_steps(cells: Sequence[Cell]) -> list[str]:
    """A note where early stopping ended some cells before others; other hold-outs leave other numbers of rows."""
    steps = {
        f"{cell.head}, seed {cell.label}": _read(cell.folder / "trainer_state.json")["global_step"] for cell in cells
    }
    held_out = {
        cell.name: cell.crossed if cell.crossed and cell.crossed[0] == "validation_split_seed" else None
        for cell in cells
    }
    different = {(held_out[cell.name], steps[f"{cell.head}, seed {cell.label}"]) for cell in cells}
    if len(different) == len(set(held_out.values())):
        return []
    listed = "; ".join(f"{name}: {count}" for name, count in steps.items())
    return [f"the cells were trained for different numbers of steps ({listed})"]


def _unequal_versions(cells: Sequence[Cell]) -> list[str]:
    """A note where something was upgraded between two cells."""
    versions = [_read(cell.folder / "run.json")["versions"] for cell in cells]
    names = [name for name in versions[0] if len({own[name] for own in versions}) > 1]
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
    better = [one for one in comparisons if one.better]
    if not better:
        return f"No head is shown to be better than another by {metric.name}."
    beaten = "; ".join(str(one.finding) for one in better)
    others = " or between ".join(f"{one.baseline} and {one.head}" for one in comparisons if not one.better)
    return f"By {metric.name}, {beaten}." + (f" No difference is shown between {others}." if others else "")

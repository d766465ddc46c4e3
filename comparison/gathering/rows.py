"""The test rows that all heads are scored on, by what, and what the `predictions.jsonl` of the cells say of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from utils.arguments import Arguments, HeadTrainingArguments, ModelArguments
from utils.data.splits import Split, label_rows, load_splits
from utils.errors import UserError, first_line
from utils.files import fits
from utils.metrics.metric import SummableMetric
from utils.models.configuration import load_config, read_config
from utils.tasks import Task

from ..cells import Cell, Plan


@dataclass(frozen=True)
class Scored:
    """What the cells of a plan predicted, and how it counts.

    Attributes:
        task: with its labels.
        metric: that the heads are compared by.
        split: the rows; of several hold-outs all of them, one after the other.
        sizes: how many rows each hold-out has; of other comparisons how many there are.
        references: one per row.
        predictions: by head, one list per seed.
        counts: by head (S, N, K), from `metric.count`.
    """

    task: Task
    metric: SummableMetric
    split: Split
    sizes: list[int]
    references: list[Any]
    predictions: dict[str, list[list[Any]]]
    counts: dict[str, np.ndarray]


def score_cells(plan: Plan, split: Split) -> Scored:
    """Scores the cells of a plan, all of them finished.

    Args:
        split: the test rows.

    Raises:
        UserError: a metric that is none of this task's, or cells that do not belong to the test rows.
    """
    task = labelled_task(plan, plan.cells[0].folder, split)
    metric = compared_metric(task, plan.metric)
    splits, whole = _hold_outs(plan, task, split)
    references = task.references(whole)
    predictions = {head: _by_seed(task, own, splits) for head, own in plan.cells_by_head.items()}
    counts = {
        head: np.stack([metric.count(one, references) for one in several]) for head, several in predictions.items()
    }
    return Scored(
        task=task,
        metric=metric,
        split=whole,
        sizes=[len(one.rows) for one in splits],
        references=references,
        predictions=predictions,
        counts=counts,
    )


def labelled_task(plan: Plan, run: Path, split: Split) -> Task:
    """The task with the labels of a finished run.

    Raises:
        UserError: its configuration cannot be read.
    """
    config = read_config(ModelArguments(model_name_or_path=str(run)))
    return plan.load_task().with_labels(config, split)


def _hold_outs(plan: Plan, task: Task, split: Split) -> tuple[list[Split], Split]:
    """The rows of each hold-out, and all of them one after the other; of other comparisons the test rows, which are whole."""
    if plan.hold_outs is None:
        return [split], split
    splits = [split, *(read_rows(task, plan.arguments.training, i) for i in range(1, plan.hold_outs))]
    return splits, Split(name=split.name, file=split.file, rows=[row for one in splits for row in one.rows])


def _by_seed(task: Task, cells: Sequence[Cell], splits: Sequence[Split]) -> list[list]:
    """What each run predicted; of several hold-outs what each seed predicted on one after the other."""
    count = len(splits)
    found = [read_predictions(task, splits[i % count], cell.folder) for i, cell in enumerate(cells)]
    return [[one for part in found[i : i + count] for one in part] for i in range(0, len(found), count)]


def read_rows(task: Task, training: HeadTrainingArguments, hold_out: int | None = None) -> Split:
    """Reads the test rows as the script reads them.

    Args:
        hold_out: the `--validation_split_seed`, where it is another than the task's.

    Raises:
        UserError: rows without labels, or whatever is wrong with the file.
    """
    only_predict = HeadTrainingArguments(output_dir=training.output_dir, do_predict=True)
    data = copy.copy(task.data)
    if hold_out is not None:
        data.validation_split_seed = hold_out
    _, parts = load_splits(data, only_predict, task.read, task.groups, lambda split: None)
    splits = list(parts)
    split = Split(name="test", file=splits[0].file, rows=[row for part in splits for row in part.rows])
    if not task.labelled(split):
        message = (
            "heads are compared on rows with labels, and some of these have none: give a --test_file that has them"
        )
        raise UserError(message, file=split.file)
    return split


def check_metric(task: Task, arguments: Arguments, name: str) -> None:
    """Finds out before anything runs whether the labels of the training rows can be compared by a metric.

    Raises:
        UserError: they cannot, or whatever is wrong with the training file.
    """
    model, data, training = arguments
    only_train = HeadTrainingArguments(output_dir=training.output_dir, do_train=True)
    rows, _ = label_rows(*load_splits(data, only_train, task.read, task.groups, task.check))
    compared_metric(task.with_labels(load_config(model, task.model_class, True), rows), name)


def compared_metric(task: Task, name: str | None) -> SummableMetric:
    """What the heads are compared by.

    Args:
        task: with its labels.
        name: what was asked for; None: the task's own.

    Raises:
        UserError: a metric that does not fit these labels.
    """
    metric, names = task.metric, task.labels.names
    known = metric.halves(names)
    if name is not None and name not in known:
        raise UserError(f"--metric {name} does not fit these labels ({metric.kind}), give one of {', '.join(known)}")
    return metric.sums(name or metric.default(names), names)


def read_predictions(task: Task, split: Split, folder: Path) -> list[Any]:
    """What a cell predicted, as the task's metric takes it.

    Raises:
        UserError: the cell has another number of rows, or something else than predictions.
    """
    cure = "delete the folder and run again"
    try:
        with (folder / "predictions.jsonl").open(encoding="utf-8") as stream:
            records = [json.loads(line) for line in stream]
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"its predictions.jsonl cannot be read ({first_line(error)}); {cure}", file=folder) from error
    if len(records) != len(split.rows):
        message = f"{len(records)} predictions for the {len(split.rows)} rows of {split.file}"
        raise UserError(f"{message}; {cure}", file=folder)
    for number, (record, row) in enumerate(zip(records, split.rows, strict=True), start=1):
        if not fits(record, dict) or not task.is_prediction(record.get("prediction"), row):
            raise UserError(f"row {number} of its predictions.jsonl is not what a run predicts; {cure}", file=folder)
    return task.predictions(split, records)

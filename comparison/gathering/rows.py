"""The test rows that all heads are scored on, by what, and what a cell's `predictions.jsonl` says of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from utils.arguments import Arguments, HeadTrainingArguments
from utils.data.splits import Split, label_rows, load_splits
from utils.errors import UserError
from utils.metrics.metric import SummableMetric
from utils.models.loading import load_config
from utils.tasks import Task


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
    _, parts = load_splits(data, only_predict, task.read, task.group_texts, lambda split: None)
    splits = list(parts)
    split = Split("test", splits[0].file, [row for part in splits for row in part.rows])
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
    rows, _ = label_rows(*load_splits(data, only_train, task.read, task.group_texts, task.check))
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
        UserError: the cell has another number of rows.
    """
    with (folder / "predictions.jsonl").open(encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    if len(records) != len(split.rows):
        message = f"{len(records)} predictions for the {len(split.rows)} rows of {split.file}"
        raise UserError(f"{message}; delete the folder and run again", file=folder)
    return task.predictions(split, records)

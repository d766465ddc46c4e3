"""Rows of texts with labels, as a file would give them."""

from __future__ import annotations

from typing import Any

from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.files import Row


def split_of(rows: list[dict[str, Any]], name: str = "train") -> Split:
    return Split(name=name, file="a.csv", rows=[Row(i, row) for i, row in enumerate(rows, start=2)])


def split_with(labels: list, name: str = "train", part: int | None = None) -> Split:
    split = split_of([{"text": f"text {i}", "label": label} for i, label in enumerate(labels)], name)
    split.part = part
    return split


def arguments(**flags: Any) -> SequenceDataArguments:
    return SequenceDataArguments(train_file="a.csv", **flags)

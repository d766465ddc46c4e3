"""What the labels of texts mean: one class, a set of classes, or a score."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from heads import HeadedEncoderConfig

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..errors import UserError
from .columns import find_columns

NAMING = "; the checkpoint numbers its classes only: name them, in the order it was trained with, in its config.json"


@dataclass
class Labels:
    """What the labels of a task mean.

    Attributes:
        problem_type: transformers' "regression", "single_label_classification" or "multi_label_classification".
        names: the classes' names by index; empty for regression.
    """

    problem_type: str
    names: list[str]

    @classmethod
    def of_checkpoint(cls, config: HeadedEncoderConfig) -> Labels:
        """What a checkpoint was trained on."""
        problem_type = config.problem_type or "single_label_classification"
        regression = problem_type == "regression"
        return cls(problem_type, [] if regression else config.label_names)

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""
        if self.problem_type == "regression":
            return {"problem_type": self.problem_type, "num_labels": 1}
        return {
            "problem_type": self.problem_type,
            "id2label": dict(enumerate(self.names)),
            "label2id": {name: i for i, name in enumerate(self.names)},
        }

    @classmethod
    def of(cls, split: Split, data: SequenceDataArguments) -> Labels:
        """Reads off the training rows what kind of labels they hold: lists are sets of classes, decimals are scores.

        Raises:
            UserError: they mix kinds of labels.
        """
        column = find_columns(split, data).label or ""
        if data.benchmark is not None and data.benchmark.labels:
            return cls("single_label_classification", list(data.benchmark.labels))
        values = split.column(column)
        if isinstance(as_list(values[0]), list):
            sets = [as_list(value) for value in values]
            for row, value in zip(split.rows, sets, strict=True):
                if not isinstance(value, list):
                    message = "a list of labels expected, as in the first row"
                    raise UserError(message, file=split.file, row=row.line, column=column)
            return cls("multi_label_classification", sort_names({str(name) for value in sets for name in value}))
        if data.do_regression or (data.do_regression is None and all(_is_decimal(value) for value in values)):
            return cls("regression", [])
        return cls("single_label_classification", sort_names({str(value) for value in values}))

    @property
    def _index(self) -> dict[str, int]:
        index = {name: i for i, name in enumerate(self.names)}
        if unnamed(self.names):  # a number can then only be a place
            index |= {str(i): i for i in range(len(self.names))}
        return index

    def to_inputs(self, split: Split, column: str) -> list:
        """Labels as the model's loss takes them: class indices, rows of 0 and 1, or scores.

        Raises:
            UserError: a label that is unknown, or a score that is no number.
        """
        index = self._index
        encoded: list = []
        for row in split.rows:
            value: Any = row.fields.get(column)
            try:
                if self.problem_type == "regression":
                    encoded.append(float(value))
                    if not math.isfinite(encoded[-1]):
                        raise ValueError
                elif self.problem_type == "multi_label_classification":
                    chosen = {index[str(name)] for name in as_list(value)}
                    encoded.append([float(i in chosen) for i in range(len(self.names))])
                else:
                    encoded.append(index[str(value)])
            except (KeyError, TypeError, ValueError) as error:
                if self.problem_type == "regression":
                    message = f"a number expected, found {value!r}"
                else:
                    message = f"unknown label {error if isinstance(error, KeyError) else repr(value)}"
                    message += f"; known ones are {', '.join(self.names[:20])}" + (
                        ", ..." if len(self.names) > 20 else ""
                    )
                    message += NAMING if unnamed(self.names) else ""
                raise UserError(message, file=split.file, row=row.line, column=column) from None
        return encoded


def unnamed(names: list[str]) -> bool:
    """Whether these are the names that transformers gives to classes where nobody named them."""
    return names == [f"LABEL_{i}" for i in range(len(names))]


def sort_names(names: set[str]) -> list[str]:
    """Class names in a stable order: whole numbers by value, everything else by spelling."""
    if all(name.removeprefix("-").isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def as_list(value: Any) -> Any:
    """A list, also where a csv cell spells it as JSON."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _is_decimal(value: Any) -> bool:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return "." in value
    return isinstance(value, float)

"""What the labels of texts mean: one class, a set of classes, or a score."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from heads import HeadedEncoderConfig
from heads.characters import normalize

from ..arguments import SequenceDataArguments
from ..data.fields import as_list
from ..data.splits import Split
from ..data.stored_rows import Lazy
from ..errors import UserError
from ..files import beginning, listed
from .columns import find_columns
from .label_kinds import DECIMAL_COMMA, REGRESSION, SETS, SINGLE, read_kind
from .label_values import SIGNS, bit, canonical, is_multi_hot, is_nothing, look_alike, number

logger = logging.getLogger(__name__)

NAMING = "; the checkpoint numbers its classes only: name them, in the order it was trained with, in its config.json"
UNSCORED = "--label_column_name none predicts without scores"


@dataclass
class Labels:
    """What the labels of a task mean.

    Attributes:
        problem_type: transformers' "regression", "single_label_classification" or "multi_label_classification".
        names: the classes' names by index; empty for regression.
        multi_hot: sets are written as vectors of 0 and 1, one place for each class.
        kept: they are those of a checkpoint, whatever the rows hold.
    """

    problem_type: str
    names: list[str]
    multi_hot: bool = False
    kept: bool = field(default=False, compare=False)

    @classmethod
    def of_checkpoint(cls, config: HeadedEncoderConfig) -> Labels:
        """What a checkpoint was trained on."""
        problem_type = config.problem_type or (REGRESSION if config.num_labels == 1 else SINGLE)
        names = [] if problem_type == REGRESSION else config.label_names
        return cls(problem_type, names, getattr(config, "multi_hot_labels", False), kept=True)

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""
        if self.problem_type == REGRESSION:
            return {"problem_type": self.problem_type, "num_labels": 1}
        return {
            "problem_type": self.problem_type,
            "id2label": dict(enumerate(self.names)),
            "label2id": {name: i for i, name in enumerate(self.names)},
        } | ({"multi_hot_labels": True} if self.multi_hot else {})

    @classmethod
    def of(cls, split: Split, data: SequenceDataArguments) -> Labels:
        """Reads off the training rows what kind of labels they hold, and says so.

        Lists are sets of classes, numbers of which some have a decimal point are scores. Rows without a label count for nothing.

        Raises:
            UserError: they mix kinds of labels, are of another kind than the flags say, or are all the same.
        """
        if data.benchmark is not None and data.benchmark.labels:
            if data.do_regression:
                message = f"--task_name {data.task_name} has {len(data.benchmark.labels)} classes"
                raise UserError(f"{message}: leave --do_regression out")
            return cls(SINGLE, list(data.benchmark.labels))
        return cls(*read_kind(split, find_columns(split, data).label or "", data.do_regression))

    @cached_property
    def _index(self) -> dict[str, int]:
        """The class of every spelling: as it stands, then of its canonical form, then of what looks like it."""
        index = {name: i for i, name in enumerate(self.names)}
        for i, name in enumerate(self.names):
            index.setdefault(canonical(name), i)
        if unnamed(self.names):  # a number can then only be a place
            index |= {str(i): i for i in range(len(self.names))}
        alike: dict[str, set[int]] = {}
        for name, i in index.items():
            alike.setdefault(look_alike(name), set()).add(i)
        return {name: next(iter(places)) for name, places in alike.items() if len(places) == 1} | index

    def to_inputs(self, split: Split, column: str) -> Sequence:
        """Labels as the model's loss takes them: class indices, rows of 0 and 1, or scores.

        Raises:
            UserError: a label that is unknown, or a score that is no number.
        """
        index = self._index
        respelled, first = 0, ("", "")
        none, least = 0, math.inf  # of scores: how many are -1, and the least of the others
        for row in split.rows:
            value: Any = row.fields.get(column)
            try:
                encoded = self._input(value, index)
                others = [] if self.problem_type == REGRESSION else self._respelled(value, index)
                first = first if respelled else (*others, first)[0]
                respelled += len(others)
                if self.problem_type == REGRESSION:
                    none, least = none + (encoded == -1), least if encoded == -1 else min(least, encoded)
            except LookupError as error:
                message = self._unknown(error.args[0], split.name)
                raise UserError(message, **split.place(row), column=column) from None
        if respelled and not split.part:
            message = (
                "%s, column '%s': labels that differ from the name of their class in spaces, Unicode form or the like, and are "
                "read as the same: %d, the first %r%s as %r"
            )
            spelled, name = first
            form = " (in another normal form)" if normalize("NFC", spelled) == name else ""
            logger.info(message, split.file, column, respelled, spelled, form, name)
        if none and 0 <= least < math.inf:
            message = "%s, column '%s': %d rows have the score -1, all others 0 or more; leave the cell empty where there is none"
            logger.warning(message, split.file, column, none)
        return Lazy(split.column(column), lambda value: self._input(value, index))

    def _input(self, value: Any, index: dict[str, int]) -> Any:
        """One label as the loss takes it; LookupError with what is not known."""
        value = self._cell(value)
        if self.problem_type == REGRESSION:
            score = number(value)
            if score is None:
                raise LookupError(value)
            return score
        if self.problem_type == SINGLE:
            return _find(value, index)
        chosen = self._chosen(value, index)
        return [float(i in chosen) for i in range(len(self.names))]

    def _cell(self, value: Any) -> Any:
        """What a cell says: where rows have one label each, also that of a list of one; None of an empty list."""
        items = None if self.problem_type == SETS else as_list(value)
        if isinstance(items, list) and len(items) < 2:
            return items[0] if items else None
        return value

    def _chosen(self, value: Any, index: dict[str, int]) -> list[int]:
        """The classes of a set as they stand there; LookupError with a label that is not known."""
        items = as_list(value)
        if not isinstance(items, list):
            raise LookupError(value)
        numbered = {canonical(str(item)) for item in items} & set(self.names) and not self.multi_hot
        if len(items) == len(self.names) and is_multi_hot([items]) and not numbered:
            return [i for i, item in enumerate(items) if bit(item)]
        if self.multi_hot and len(items) > 1 and is_multi_hot([items]):
            raise LookupError(value)
        return list(dict.fromkeys(_find(item, index) for item in items))

    def _respelled(self, value: Any, index: dict[str, int]) -> list[tuple[str, str]]:
        """The labels in a cell that are not spelled as their classes, and these."""
        items = as_list(value) if self.problem_type == SETS else [self._cell(value)]
        if self.multi_hot or unnamed(self.names) or (len(items) > 1 and is_multi_hot([items])):
            return []
        return [(str(item), self.names[_find(item, index)]) for item in items if str(item) not in self.names]

    def _unknown(self, value: Any, split: str) -> str:
        shown = beginning(repr(value if isinstance(value, (float, list)) else str(value)), 50)
        cure = f"; {UNSCORED}" if split == "test" else ""
        if self.problem_type == REGRESSION:
            kept = "; the checkpoint gives scores, not classes" if self.kept and split == "train" else ""
            comma = "; write it with a decimal point" if DECIMAL_COMMA.fullmatch(canonical(str(value))) else ""
            return f"a number expected, found {shown}{comma}{kept}{cure}"
        if self.multi_hot and isinstance(value, list):
            return f"{len(self.names)} values of 0 and 1 expected, found {shown}"
        if isinstance(as_list(value), list) and self.problem_type == SINGLE:
            return f"a single label expected, found {shown}: the model gives one class a row{cure}"
        if unnamed(self.names):
            cure = NAMING + cure
        elif self.kept and split == "train":
            cure = "; a checkpoint keeps its labels: begin with an encoder to learn others"
        return f"unknown label {shown}; known ones are {listed(self.names)}{cure}"

    def names_of(self, values: Sequence[Any]) -> Sequence[list[str]]:
        """The labels of every row by the names of the classes; what is no class stays as it is."""
        return Lazy(values, self._names_of)

    def _names_of(self, value: Any) -> list[str]:
        try:
            index = self._index
            chosen = self._chosen(value, index) if self.problem_type == SETS else [_find(self._cell(value), index)]
            return [self.names[i] for i in chosen]
        except LookupError:
            items = as_list(value)
            return [canonical(str(item)) for item in (items if isinstance(items, list) else [items])]

    def lacks(self, value: Any) -> bool:
        """Whether a cell holds no label: it is empty or says so (nan, null, -, -1), and no class has this name."""
        value = self._cell(value)
        if isinstance(value, (list, dict)):
            return False
        if is_nothing(value):
            return value is None or canonical(str(value)) not in self.names
        sign = look_alike(str(value))
        if sign not in SIGNS or (self.problem_type == REGRESSION and number(sign) is not None):
            return False
        return sign not in self._index

    def is_placeholder(self, values: Sequence[Any]) -> bool:
        """Whether all rows of a test file hold one and the same value that is no label: what stands where labels are hidden."""
        first = values[0]
        if len(values) < 2 or any(value != first for value in values):
            return False
        try:
            return self._input(first, self._index) == -1 and self.problem_type == REGRESSION
        except LookupError:
            return True


def _find(value: Any, index: dict[str, int]) -> int:
    name = str(value)
    for spelling in (name, canonical(name), look_alike(name)):
        if spelling in index:
            return index[spelling]
    raise LookupError(value)


def unnamed(names: list[str]) -> bool:
    """Whether these are the names that transformers gives to classes where nobody named them."""
    return names == [f"LABEL_{i}" for i in range(len(names))]

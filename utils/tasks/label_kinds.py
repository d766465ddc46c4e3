"""What kind of labels a column holds, read off all of its rows and said: one class each, a set of classes each, or scores."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from ..data.fields import as_list, truth_value
from ..data.splits import Split
from ..errors import UserError
from ..files import Row, beginning, listed, shown
from .label_values import (
    MAYBE_NOTHING,
    canonical,
    is_broken_list,
    is_decimal,
    is_multi_hot,
    is_nothing,
    look_alike,
    number,
    signs_for_nothing,
)

logger = logging.getLogger(__name__)

REGRESSION = "regression"
SINGLE = "single_label_classification"
SETS = "multi_label_classification"

MANY_NUMBERS = 10  # more classes that are all numbers may be meant as scores
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
# Numbers as people write them that are no numbers here: with a comma, with thousands apart, in percent.
_WRITTEN_NUMBER = re.compile(r"[+-]?(\d+,\d+|\d{1,3}(,\d{3})+\.\d+|\d+(\.\d+)?\s?%)")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_BITS = re.compile(r"[01]([ ,;|/]?[01])+")


class Kind(NamedTuple):
    """What kind of labels a column holds; the fields are those of `Labels`."""

    problem_type: str
    names: list[str]
    multi_hot: bool = False


@dataclass
class _Labelled:
    """The rows of a split that have a label, and their cells, read again each time they are gone through.

    Attributes:
        of_one: the cells are lists of one label, which stands for them.
    """

    split: Split
    column: str
    of_one: bool = False

    def __iter__(self) -> Iterator[tuple[Row, Any]]:
        for row in self.split.rows:
            cell = row.fields.get(self.column)
            if not is_nothing(cell):
                value = as_list(cell)
                yield row, value[0] if self.of_one else value


def read_kind(split: Split, column: str, do_regression: bool | None) -> Kind:
    """Says what the labels of a column are.

    Args:
        do_regression: what the flag says; None: nothing.

    Raises:
        UserError: they mix kinds, are of another kind than the flag says, or do not differ.
    """
    labelled = _Labelled(split, column)
    if next(iter(labelled), None) is None:
        raise UserError("no row has a label; name another --label_column_name", file=split.file, column=column)
    if any(isinstance(value, list) for _, value in labelled):
        if do_regression:
            message = "--do_regression true expects one number a row, and this holds lists; leave the flag out"
            raise UserError(message, file=split.file, column=column)
        if not all(isinstance(value, list) and len(value) == 1 and _is_name(value[0]) for _, value in labelled):
            return _sets(split, column, labelled)
        message = (
            "%s, column '%s': every row has a list of one label, as doccano writes them: one class a row is read; "
            "for sets of classes write vectors of 0 and 1"
        )
        logger.info(message, split.file, column)
        labelled.of_one = True
    distinct = {str(value): value for _, value in labelled}
    names = Counter(canonical(str(value)) for _, value in labelled)
    for name in signs_for_nothing(names):
        del names[name]
    values = [value for text, value in distinct.items() if canonical(text) in names]
    if do_regression or (do_regression is None and _are_scores(split, column, values)):
        return Kind(REGRESSION, [])
    return Kind(SINGLE, _classes(split, column, labelled, names, values, do_regression))


def _are_scores(split: Split, column: str, values: list[Any]) -> bool:
    """Whether different values of a column are scores: numbers, and some with a decimal point."""
    place = f"{split.file}, column '{column}'"
    numbers = [number(value) for value in values]
    fractions = sum(found is not None and not found.is_integer() for found in numbers)
    words = [value for value, found in zip(values, numbers, strict=True) if found is None]
    if words:
        written = [_WRITTEN_NUMBER.fullmatch(canonical(str(value))) is not None for value in words]
        if all(written) and (fractions or any(set(".,") & set(str(value)) for value in words)):
            what = "a number, or several labels" if "," in str(words[0]) else "a number"
            message = f"{words[0]!r} may be {what}: write scores with a decimal point and no other sign"
            message += ', labels as ["a", "b"]' if "," in str(words[0]) else ""
            message += ", or give --do_regression false to read classes"
            raise UserError(message, file=split.file, column=column)
        infinite = all(_INFINITE.fullmatch(canonical(str(value))) for value in words)
        if (fractions > len(values) / 2 and fractions > 2) or (fractions and infinite):
            message = f"most labels are scores, but {_short(words[0])} is no number; correct it, or give"
            raise UserError(f"{message} --do_regression false to read classes", file=split.file, column=column)
        return False
    if all(is_decimal(value) for value in values):
        if fractions:
            logger.info("%s: scores, as every label has a decimal point; --do_regression false reads classes", place)
        else:
            message = (
                "%s: the labels are whole numbers with a decimal point (%s), as pandas writes classes where a cell is empty. "
                "They are read as scores; --do_regression false reads classes"
            )
            logger.warning(message, place, listed(sorted(map(str, values))[:3]))
        return True
    if fractions:
        message = (
            "%s: scores, as all labels are numbers and some have a decimal point; --do_regression false reads classes"
        )
        logger.info(message, place)
    return fractions > 0


def _classes(
    split: Split,
    column: str,
    labelled: _Labelled,
    names: Counter[str],
    values: list[Any],
    do_regression: bool | None,
) -> list[str]:
    """The names of the classes of a column of single labels."""
    place = f"{split.file}, column '{column}'"
    broken = next((row for row, value in labelled if is_broken_list(str(value))), None)
    if broken is not None:
        message = f"{shown(broken.fields[column])} begins as a list and cannot be read as one"
        message += '; write several labels as ["a", "b"]'
        raise UserError(message, **split.place(broken), column=column)
    classes = sort_names(set(_merged(names)))
    if len(classes) < 2:
        message = f"every row has the label {_short(classes[0])}, and a classifier needs two classes"
        raise UserError(f"{message}; add rows of another", file=split.file, column=column)
    how = ""
    unusual = any(map(is_decimal, values)) or len(classes) > MANY_NUMBERS
    if do_regression is None and unusual and all(number(value) is not None for value in values):
        how = ", as all labels are whole numbers; --do_regression true reads scores"
    logger.info("%s: %d classes (%s)%s", place, len(classes), listed(classes), how)
    _say_what_is_odd(place, classes, sum(1 for _ in labelled))
    return classes


def _say_what_is_odd(place: str, classes: list[str], rows: int) -> None:
    """Says where classes may be meant as something else than a class each."""
    if rows >= 20 and 2 * len(classes) > rows:
        logger.warning("%s: %d classes in %d rows; is this the column of labels?", place, len(classes), rows)
    capitals = Counter(name.casefold() for name in classes)
    same = [name for name in classes if capitals[name.casefold()] > 1]
    if same:
        logger.warning("%s: classes that differ in capital letters only are kept apart: %s", place, listed(same))
    parts = Counter(part for name in classes for part in _parts(name) or {name})
    joined = [name for name in classes if _parts(name) and max(parts[part] for part in _parts(name)) > 1]
    if joined:
        message = '%s: %r is read as one class of its own; several labels of a row are written as ["a", "b"]'
        logger.warning(message, place, joined[0])
    for name in classes:
        if look_alike(name) in MAYBE_NOTHING:
            message = "%s: '%s' is read as a class; leave the cells empty where it stands for no label"
            logger.info(message, place, look_alike(name))
    vectors = [name for name in classes if _BITS.fullmatch(name)]
    if len(vectors) == len(classes) and any(len(name) > 2 and name[0] == "0" for name in vectors):
        message = "%s: %r is read as one class of its own; vectors of 0 and 1, of which each is a class, are written as [0, 1]"
        logger.warning(message, place, vectors[0])
    if len(classes) > 2 and all(map(_is_truth, classes)):
        logger.warning("%s: true and false in several spellings are kept apart: %s", place, listed(classes))


def _is_truth(name: str) -> bool:
    try:
        return truth_value(name) is not None
    except ValueError:
        return False


def _merged(names: Counter[str]) -> list[str]:
    """One name of those that look alike: the most frequent, of equals the first."""
    best: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (-names[name], name)):
        best.setdefault(look_alike(name), name)
    return list(best.values())


def _parts(name: str) -> set[str]:
    """The names that a separator joins in one; empty where there is none."""
    parts = {part.strip() for part in re.split(r"[,;|#/&+]", name)}
    return parts if len(parts) > 1 else set()


def _sets(split: Split, column: str, labelled: _Labelled) -> Kind:
    """Several labels a row: lists of names, or vectors of 0 and 1."""
    place = f"{split.file}, column '{column}'"
    first = next(iter(labelled))[1]
    for row, value in labelled:
        if isinstance(value, list) != isinstance(first, list):
            expected = "a list of labels" if isinstance(first, list) else "a single label"
            message = f"{expected} expected, as in the first row, found {shown(value)}; write every row alike"
            raise UserError(message, **split.place(row), column=column)
    if is_multi_hot(value for _, value in labelled):
        width = len(first)
        message = (
            "%s: sets of %d classes, as vectors of 0 and 1 (multi-hot); the classes are called 0 to %d by their place"
        )
        logger.info(message, place, width, width - 1)
        return Kind(SETS, [str(i) for i in range(width)], multi_hot=True)
    names: Counter[str] = Counter()
    empty, most = 0, 0
    for row, items in labelled:
        fault = _fault_of_set(items)
        if fault is not None:
            message = f"{fault}; write the names of the labels, or 0 and 1 for every class"
            raise UserError(message, **split.place(row), column=column)
        names.update({canonical(str(item)) for item in items})
        empty, most = empty + (not items), max(most, len(items))
    if not names:
        raise UserError("no row has a label; name another --label_column_name", file=split.file, column=column)
    classes = sort_names(set(_merged(names)))
    note = f"; {empty:,} rows have none of them" if empty else ""
    if empty and most == 1:
        note += " and no row has several; without those rows one class a row is read"
    logger.info("%s: sets of %d classes (%s)%s", place, len(classes), listed(classes), note)
    return Kind(SETS, classes)


def _is_name(item: Any) -> bool:
    return isinstance(item, (str, int)) and not is_nothing(item)


def _fault_of_set(items: list) -> str | None:
    """What is wrong with a list of labels."""
    for item in items:
        if isinstance(item, (list, dict)) or is_nothing(item):
            return f"a label in the list is {shown(item)}"
        found = number(item)
        if isinstance(item, float) and found is not None and not found.is_integer():
            return f"a list holds the number {item}"
    numbers = [number(item) for item in items]
    if None not in numbers and len(set(numbers)) < len(numbers):
        return f"the list {shown(items)} holds a number twice, and not all rows are vectors of 0 and 1 of one length"
    return None


def _short(value: Any) -> str:
    return beginning(repr(str(value)), 50)


def sort_names(names: set[str]) -> list[str]:
    """Class names in a stable order: whole numbers by value, everything else by spelling."""
    if all(name.removeprefix("-").isdecimal() for name in names):
        return sorted(names, key=lambda name: (Decimal(name), name))  # also of thousands of digits
    return sorted(names)

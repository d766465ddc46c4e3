"""What is in the columns of a table: what cannot be read is refused, what is guessed or left out is said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..errors import UserError
from ..files import ID_COLUMNS, Row, listed, shown
from .columns import LABEL_COLUMNS, NAMES_OF_CLASSES, NO_LABELS, PAIR_COLUMNS, Columns, find_columns
from .label_values import bit, canonical, is_blank, is_nothing

logger = logging.getLogger(__name__)

NO_TEXTS = frozenset("nan NaN #N/A <NA> NULL #VALUE! #REF! #NAME? #DIV/0! #NUM!".split())


def check_rows(split: Split, data: SequenceDataArguments, known: Columns | None = None) -> Columns:
    """Raises UserError where a row has no text or (training, validation) no label, or where texts are single, not pairs.

    Warns of empty texts and of columns that are not read.

    Args:
        known: what the model was trained on.
    """
    columns = find_columns(split, data, known)
    if not split.part:
        found = ", ".join(f"{kind} '{name}'" for kind, name in asdict(columns).items() if name)
        logger.info("%s: %s (%s)", split.name, split.file, found)
        _report(split, columns, data, known)
        _check_twins(split, columns)
    if known is not None and split.name != "train":
        _check_pairs(split, columns, known)
    _check_texts(split, columns)
    if split.name != "test":
        _check_labels(split, columns, data)
    _warn_of_texts(split, columns)
    return columns


def _check_texts(split: Split, columns: Columns) -> None:
    """Raises UserError where a cell that is to be read holds something else than text."""
    for row in split.rows:
        for name in columns.text_names:
            value = row.fields.get(name)
            if not isinstance(value, str):
                shown_value = "nothing" if value is None else f"{type(value).__name__} {shown(value)}"
                cure = "join it to one text" if isinstance(value, list) else "write it as text, or delete the row"
                reason = f"text expected, found {shown_value}; {cure}"
                raise UserError(reason, **split.place(row), column=name)


def _check_labels(split: Split, columns: Columns, data: SequenceDataArguments) -> None:
    """Raises UserError where there is no column of labels, or where a row has an empty one and no flag says what to do."""
    if columns.label is None:
        others = [name for name in split.rows[0].fields if name not in columns.text_names and name != columns.id]
        cure = f"name one of {listed(others)} with --label_column_name" if others else "write one"
        bits = [name for name in others if all(bit(cell) is not None for cell in split.column(name)[:200])]
        if len(bits) > 1:
            found = listed(bits, room=60)
            cure = f'the columns {found} hold 0 and 1: write one of lists, such as ["{bits[0]}"], or {cure}'
        raise UserError(f"no column of labels; {cure}", file=split.file)
    cells = () if data.drop_unlabelled else split.column(columns.label)
    if any(cell is None or (isinstance(cell, str) and not canonical(cell)) for cell in cells):
        raise no_label(split, columns.label, is_nothing)


def _warn_of_texts(split: Split, columns: Columns) -> None:
    """Warns of texts that are empty, all the same, or what a spreadsheet writes for none.

    Raises:
        UserError: all of them are empty.
    """
    names = columns.text_names
    if not split.part and all(is_blank(row.fields[name]) for row in split.rows for name in names):
        raise UserError("every text is empty; name another --text_column_name", file=split.file, column=columns.text)
    texts = columns.texts(split)
    if len(texts) > 1 and all(text == first for first in texts[:1] for text in texts):
        logger.warning(
            "%s: every row has the same text, in column '%s'; is it the right one?", split.file, columns.text
        )
    no_texts, first = _count(split.rows, lambda row: any(row.fields[name].strip() in NO_TEXTS for name in names))
    if no_texts:
        message = "%s: %d rows hold 'nan', '#N/A' or the like as their text (the first is row %s): it is read as text"
        logger.warning(message, split.file, no_texts, first.number)
    empty, first = _count(split.rows, lambda row: any(is_blank(row.fields[name]) for name in names))
    if empty:
        logger.warning("%s: %d rows with an empty text are kept (the first is row %s)", split.file, empty, first.number)


def _count(rows: Sequence[Row], holds: Callable[[Row], bool]) -> tuple[int, Row]:
    """Of how many rows something holds, and the first of them; of none the first of all."""
    count, first = 0, rows[0]
    for row in rows:
        if holds(row):
            first = first if count else row
            count += 1
    return count, first


def no_label(split: Split, column: str, lacks: Callable[[Any], bool]) -> UserError:
    """The error of training or validation data where some rows have no label, with their number in the whole file.

    Args:
        lacks: says whether a cell holds no label.
    """
    rows = split.whole or split.rows
    without, row = _count(rows, lambda row: lacks(row.fields.get(column)))
    first = row.fields.get(column)
    says = "" if first in (None, "") else f", the first says {shown(first)}"
    nested = [name for name in row.fields if name.startswith(f"{column}.")]
    if nested:  # as Label Studio writes rows of several choices
        reason = f"this row has '{nested[0]}' in its place; write every row alike"
        raise UserError(reason, **split.place(row), column=column)
    message = f"no label (in {without} of {len(rows)} rows{says})"
    cure = "write them, or leave such rows out with --drop_unlabelled true"
    return UserError(f"{message}; {cure}", **split.place(row), column=column)


def _report(split: Split, columns: Columns, data: SequenceDataArguments, known: Columns | None) -> None:
    """Says what may be another choice than was meant."""
    if known is not None and canonical(columns.text) != canonical(known.text) and len(split.rows[0].fields) > 1:
        logger.info("%s: the text is '%s', the model was trained on '%s'", split.file, columns.text, known.text)
    if known is not None and split.name == "train" and bool(columns.pair) != bool(known.pair):
        kinds = ("pairs", "single texts") if columns.pair else ("single texts", "pairs")
        logger.warning("%s: %s, where the checkpoint was trained on %s", split.file, *kinds)
    beside = [name for name in split.rows[0].fields if canonical(name).lower() in PAIR_COLUMNS]
    if known is not None and split.name != "train" and not (known.pair or columns.pair) and beside:
        logger.warning("%s: the model reads single texts: '%s' is not read", split.file, beside[0])
    given = data.label_column_name
    if split.name == "test" and columns.label is None:
        if given is None or canonical(given).casefold() == NO_LABELS:
            found = "no column of labels is read" if given else "no column of labels"
            logger.info("%s: %s: the rows are not scored", split.file, found)
        else:
            logger.warning("%s: there is no column '%s', so the rows are not scored", split.file, given)
    if given is None and columns.label is not None and known is None and data.benchmark is None:
        fields = {canonical(name) for row in split.rows[:1] for name in row.fields}
        others = [
            name for name in (*LABEL_COLUMNS, *NAMES_OF_CLASSES) if name in fields and name != canonical(columns.label)
        ]
        if others:
            message = "%s: the label is '%s'; --label_column_name can name %s instead"
            logger.warning(message, split.file, columns.label, listed(dict.fromkeys(others)))
    if data.benchmark is None and (known is None or split.name == "train" or columns.text != known.text):
        for name in unread_texts(split, [name for name in asdict(columns).values() if name]):
            cure = "--text_column_name or --text_pair_column_name can name it"
            logger.warning("%s: the column '%s' looks like text and is not read; %s", split.file, name, cure)


def _check_twins(split: Split, columns: Columns) -> None:
    """Says that a column differs from one that is read in capital letters only.

    Raises:
        UserError: it differs in the spaces around it or in its Unicode form only.
    """
    names = split.column_names()
    for read in filter(None, asdict(columns).values()):
        alike = [name for name in names if name != read and canonical(name).lower() == canonical(read).lower()]
        if any(canonical(name) == canonical(read) for name in alike):
            reason = "two columns have this name, apart from spaces and Unicode forms; rename one of them"
            raise UserError(reason, file=split.file, column=read)
        if alike:
            logger.warning("%s: the column '%s' is read, and not %s", split.file, read, listed(alike))


def _check_pairs(split: Split, columns: Columns, known: Columns) -> None:
    if known.pair and not columns.pair:
        message = f"the model reads pairs ('{known.text}', '{known.pair}'), here is no second text"
        cure = "name its column with --text_pair_column_name"
        raise UserError(f"{message} beside '{columns.text}'; {cure}", file=split.file)
    if columns.pair and not known.pair:
        message = f"the model reads single texts ('{known.text}'), here are pairs ('{columns.text}', '{columns.pair}')"
        raise UserError(f"{message}; name one column with --text_column_name", file=split.file)


def unread_texts(split: Split, read: list[str]) -> list[str]:
    """Columns that look like text, of those that are not read: words with spaces between them, and different ones.

    The first rows are looked at.
    """
    rows = split.rows[:200]
    found = []
    for name in dict.fromkeys(name for row in rows for name in row.fields):
        if name in read or canonical(name) in ID_COLUMNS:
            continue
        values = [row.fields[name] for row in rows if row.fields.get(name) not in (None, "")]
        texts = [value for value in values if isinstance(value, str) and " " in value.strip()]
        letters = [value for value in texts if 2 * sum(map(str.isalpha, value)) > len("".join(value.split()))]
        if 2 * len(letters) > len(values) and 2 * len(set(letters)) > len(letters):
            found.append(name)
    return found

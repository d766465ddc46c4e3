"""Which rows train, which validate, which are predicted."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from transformers import TrainingArguments

from heads.characters import compose

from ..arguments import DataArguments
from ..errors import UserError
from ..files import Row, shards
from .foreign import say_part
from .hub import Reader, hub_files, hub_streams, read_streamed
from .stored_rows import CHANGED, Lazy, StoredRows, field_names
from .typed import TYPED

logger = logging.getLogger(__name__)

FEW_ROWS = 1000  # below which chance alone often gives one class more of the held-out rows than another
PART_ROWS = 4096  # enough to sort by length within, few enough to hold in memory as windows of long contexts


class Group(NamedTuple):
    """What a row is held out with.

    Attributes:
        text: rows of equal text are held out together.
        label: the class that the row is one of; empty where classes are not told apart.
    """

    text: str
    label: str = ""


@dataclass
class Split:
    """Rows of one part of a data set.

    Attributes:
        name: "train", "validation" or "test".
        file: where the rows come from, or a pattern that several files fit; a split of a Hub data set is the parquet file it was
            saved as, or what `hub_streams` calls it.
        rows: one `Row` per input row, in order; each knows its line in the file. Those of a whole file are on disk, or streamed.
        part: which part of the file this is, counted from 0, where a file is read in parts; else None.
        whole: all rows of the file, where some of them were held out or cut off.
    """

    name: str
    file: str
    rows: Sequence[Row]
    part: int | None = None
    whole: Sequence[Row] | None = None

    def place(self, row: Row) -> dict[str, Any]:
        """Where a row stands, as `UserError` takes it."""
        return {"file": row.file or self.file, "row": row.line}

    @property
    def streamed(self) -> bool:
        """Whether the rows are read again whenever they are gone through."""
        return isinstance(self.rows, StoredRows) and self.rows.are_streamed

    def column(self, name: str) -> Sequence[Any]:
        """What every row has in a column; None where it lacks the column."""
        return Lazy(self.rows, lambda row: row.fields.get(name))

    def column_names(self) -> list[str]:
        """The columns that any row has, in the order in which they first occur."""
        return self.rows.field_names if isinstance(self.rows, StoredRows) else field_names(self.rows)

    def where(self, chosen: np.ndarray) -> Split:
        """The split with those of its rows for which `chosen` is true."""
        if isinstance(self.rows, StoredRows):
            return replace(self, rows=self.rows.where(chosen))
        return replace(self, rows=[row for row, own in zip(self.rows, chosen, strict=True) if own])


def load_splits(
    data: DataArguments,
    training: TrainingArguments,
    read: Reader,
    groups: Callable[[Split], Sequence[Group]],
    check: Callable[[Split], None],
) -> tuple[dict[str, Split], Iterable[Split]]:
    """Reads the splits that this run needs. The validation rows are the "test" of a run that is told to predict them.

    Args:
        read: yields the rows of a file.
        groups: of each row of a split; rows of equal text are held out together, and of each class the same share.
        check: raises UserError where the task cannot use a row.

    Returns:
        the needed ones of "train", "validation", "test"; and the parts of "test" in order, of `PART_ROWS` rows each, or itself
        where it has no more. A run that only predicts reads it part by part.

    Raises:
        UserError: a split that is needed and not given, or whatever is wrong with a file.
    """
    files, read = _files(data, read)
    needed = {"train": training.do_train, "validation": training.do_eval, "test": training.do_predict}
    # Also for training alone: a later run must be able to evaluate on rows that were not trained on.
    share = data.validation_split if "validation" not in files and "train" in files else None
    from_train = {"train", "validation"} | ({"test"} if data.predict_split == "validation" else set())
    splits = {}
    if share is not None and any(needed[name] for name in from_train):
        whole = _read_split("train", files["train"], read, data.streaming)
        held_out = _held_out(groups(whole), share, data.validation_split_seed)
        for name in sorted(from_train):
            rows = whole.where(held_out == (name != "train")).rows
            rows = StoredRows.of(rows) if data.streaming and name != "train" else rows
            splits[name] = Split(name=name, file=whole.file, rows=rows, whole=whole.rows)
        count = int(held_out.sum())
        message = "validation: %d of %d rows (%.3g %%) of %s held out"
        logger.info(message, count, len(held_out), 100 * count / len(held_out), files["train"])
    elif not (training.do_train or training.do_eval):
        return {}, _parts(_file_of("test", files, data), data, read, check)
    for name in needed:
        if needed[name] and name not in splits:
            splits[name] = _read_split(name, _file_of(name, files, data), read, data.streaming and name == "train")
    splits = {name: splits[name] for name in needed if needed[name]}
    limits = {"train": data.max_train_samples, "validation": data.max_eval_samples, "test": data.max_predict_samples}
    for name, split in splits.items():
        split.whole = split.whole or split.rows
        split.rows = split.rows[: limits[name]]
        if not split.rows:
            raise _nothing_left(split, groups(Split(name=name, file=split.file, rows=split.whole)))
        check(split)
    return splits, _parts_of(splits["test"]) if "test" in splits else []


def label_rows(splits: dict[str, Split], test: Iterable[Split]) -> tuple[Split, Iterable[Split]]:
    """The rows that labels are read off, and the parts of "test", none of which is used up.

    They are all rows of the training file, also those that are held out or cut off: a class of one row is a class whichever
    rows are trained on. Without training, when a checkpoint has its labels, they are the first rows at hand.

    Args:
        splits, test: what `load_splits` gave.
    """
    if splits:
        first = next(iter(splits.values()))
        if first.name != "train" or first.whole is None or len(first.whole) == len(first.rows):
            return first, test
        return Split(name=first.name, file=first.file, rows=first.whole), test
    parts = iter(test)
    rows = next(parts)
    return rows, itertools.chain([rows], parts)


def _nothing_left(split: Split, groups: Sequence[Group]) -> UserError:
    message = f"no row is left for {split.name}; give more rows or another --validation_split"
    if len(groups) > 1 and len({group.text for group in groups}) == 1:
        message = f"no row is left for {split.name}: all rows have the same text, and such rows are held out together"
        message += "; is it read from the right column?"
    return UserError(message, file=split.file)


def _parts(file: str, data: DataArguments, read: Reader, check: Callable[[Split], None]) -> Iterator[Split]:
    rows = itertools.islice(_rows_of(file, read), data.max_predict_samples)
    for part in itertools.count():
        split = Split(name="test", file=file, rows=list(itertools.islice(rows, PART_ROWS)), part=part)
        if not split.rows:
            return
        check(split)
        yield split


def _parts_of(split: Split) -> list[Split]:
    if len(split.rows) <= PART_ROWS:
        return [split]
    starts = enumerate(range(0, len(split.rows), PART_ROWS))
    return [replace(split, rows=split.rows[start : start + PART_ROWS], part=part) for part, start in starts]


def _read_split(name: str, file: str, read: Reader, streaming: bool) -> Split:
    if not streaming:
        return Split(name=name, file=file, rows=StoredRows.of(_rows_of(file, read)))
    first = _state(file)

    def begin() -> Iterator[Row]:
        if _state(file) != first:
            raise UserError(CHANGED, file=file)
        return _rows_of(file, read)

    return Split(name=name, file=file, rows=StoredRows.streamed(begin, file))


def _state(file: str) -> list[tuple[Path, int, int]]:
    """Of each file that there is its size and when it was written."""
    return [(one, one.stat().st_size, one.stat().st_mtime_ns) for one in shards(file) if one.exists()]


def _rows_of(file: str, read: Reader) -> Iterator[Row]:
    """The rows of a file; of a pattern those of each file that fits, which then know it."""
    files = shards(file)
    if len(files) == 1:
        say_part(files[0])
    by_pattern = files != [Path(file)]
    for one in files:
        for row in read(str(one)):
            yield row._replace(file=str(one)) if by_pattern else row


def _file_of(name: str, files: dict[str, str], data: DataArguments) -> str:
    flag = {"train": "--do_train", "validation": "--do_eval", "test": "--do_predict"}[name]
    name = data.predict_split if name == "test" else name
    if name in files:
        return files[name]
    cure = f"give --{name}_file" if not data.dataset_name else f"{data.dataset_name} has none"
    if data.benchmark is not None and data.data_dir is not None and name in data.benchmark.files:
        cure = f"put {data.benchmark.files[name]} from {data.benchmark.source} into {data.data_dir}"
    cure += ", or --validation_split 0.1 to hold out training rows" if name == "validation" else ""
    raise UserError(f"{flag} needs {name} data: {cure}")


def _files(data: DataArguments, read: Reader) -> tuple[dict[str, str], Reader]:
    """The file of each split, and what reads them."""
    if data.dataset_name is None:
        return _given_files(data), read
    if not data.streaming:
        return hub_files(data), read
    streams = hub_streams(data)
    rows_of = dict(streams.values())
    return {name: file for name, (file, _) in streams.items()}, lambda file: read_streamed(rows_of[file], read)


def _given_files(data: DataArguments) -> dict[str, str]:
    if data.text is not None:
        return {"test": TYPED}
    given = {"train": data.train_file, "validation": data.validation_file, "test": data.test_file}
    return {name: file for name, file in given.items() if file}


def _held_out(groups: Sequence[Group], share: float, seed: int) -> np.ndarray:
    """Which rows are held out: those whose hash is below the share, whatever the other rows are.

    Of few rows that may be far from the share. Where it is off by more than a tenth, as many rows of each class as the share
    says are held out, those with the lowest hashes, as far as rows of equal text stay together; of fewer than `FEW_ROWS` also
    where one class is off, see `_is_even`.
    """
    fractions = np.fromiter((_fraction(group.text, seed) for group in groups), float, len(groups))
    wanted = share * len(groups)
    below = fractions < share
    if abs(below.sum() - wanted) <= wanted / 10 and (len(groups) >= FEW_ROWS or _is_even(groups, below, share)):
        return below
    distinct, text_of, sizes = np.unique(fractions, return_inverse=True, return_counts=True)
    codes: dict[str, int] = {}
    label_of = np.zeros(len(distinct), int)  # of the rows of one text
    for text, group in zip(text_of, groups, strict=True):
        label_of[text] = codes.setdefault(group.label, len(codes))
    labels, lowest = np.unique(label_of, return_index=True)
    rows_of = dict(zip(labels.tolist(), np.bincount(label_of, weights=sizes)[labels].tolist(), strict=True))
    seats = {label: int(share * rows) for label, rows in rows_of.items()}
    first = dict(zip(labels.tolist(), lowest.tolist(), strict=True))
    by_remainder = sorted(rows_of, key=lambda label: (seats[label] - share * rows_of[label], first[label]))
    for label in by_remainder[: round(wanted) - sum(seats.values())]:
        seats[label] += 1
    chosen = np.zeros(len(distinct), bool)
    for text, (label, size) in enumerate(zip(label_of.tolist(), sizes.tolist(), strict=True)):
        left = seats[label]
        if abs(left - size) < left:
            chosen[text] = True
            seats[label] -= size
    return chosen[text_of]


def _is_even(groups: Sequence[Group], held_out: np.ndarray, share: float) -> bool:
    """Whether the share of every class is held out, up to a tenth of it or one row."""
    rows = Counter(group.label for group in groups)
    found = Counter(group.label for group, own in zip(groups, held_out, strict=True) if own)
    return all(abs(found[label] - share * count) <= max(1, share * count / 10) for label, count in rows.items())


def _fraction(text: str, seed: int) -> float:
    """A number in [0, 1) that depends on the text, in whatever normal form it is, and the seed of the split alone."""
    digest = hashlib.blake2b(compose(text).encode("utf-8"), digest_size=8, salt=seed.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big") / 2**64

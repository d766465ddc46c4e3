"""Tokenized rows: cached on disk, or made anew whenever they are asked for."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import datasets
import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from ..arguments import DataArguments
from ..data.splits import Split
from ..files import cache_folder, source_hash

logger = logging.getLogger(__name__)

PIECE_ROWS = 1 << 14  # that are in memory at a time, and have a file of their own in the cache
BLOCK_ROWS = 1024  # whose features are Python's lists at a time
TOKENIZED_ROWS = 1000  # at a time, as `map` of datasets has it


class StreamedFeatures(torch.utils.data.Dataset):
    """Features that are not kept: in memory is the piece that was asked for last, and of each feature its row and length.

    It is quick only where places are asked for piece by piece, see `EpochPieceSampler`.

    Attributes:
        starts: the place of each piece's first feature, and their number, (P + 1,).
        is_sorted: some piece of several has one class only.
    """

    def __init__(self, pieces: int, make: Callable[[int], datasets.Dataset]):
        """Makes every piece once.

        Args:
            pieces: P.
            make: the features of a piece.
        """
        self.make = make
        self._kept: tuple[int, Any] = (-1, None)
        self.is_sorted = False
        columns: dict[str, list[np.ndarray]] = {"row": [], "length": []}
        for number in range(pieces):
            piece = make(number)
            own = piece.with_format("numpy", columns=[*columns])[:]
            for name, values in columns.items():
                values.append(own[name].astype(np.int32))
            label = piece.features.get("labels")
            if pieces > 1 and getattr(label, "dtype", "") == "int64":
                self.is_sorted |= len(piece) >= PIECE_ROWS and len(set(piece["labels"])) == 1
        self.starts = np.cumsum([0, *map(len, columns["row"])]).tolist()
        self._columns = {name: np.concatenate(values) for name, values in columns.items()}

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, place: int | str) -> Any:
        """A feature, or of all of them their `row` or their `length`."""
        if isinstance(place, str):
            return self._columns[place]
        number = bisect_right(self.starts, place) - 1
        if self._kept[0] != number:
            self._kept = number, self.make(number)
        return self._kept[1][place - self.starts[number]]

    def pieces(self) -> Iterator[datasets.Dataset]:
        """All features in order."""
        return map(self.make, range(len(self.starts) - 1))


Features: TypeAlias = datasets.Dataset | StreamedFeatures


def pieces_of(features: Features) -> Iterator[datasets.Dataset]:
    """Features as data sets, one after the other, each of which may be held in memory."""
    return features.pieces() if isinstance(features, StreamedFeatures) else iter([features])


class Block(NamedTuple):
    """Rows one after the other, and their features.

    Attributes:
        rows: which ones.
        places: where their features are among all, (N,), those of a row together and in order.
        columns: of these features.
    """

    rows: slice
    places: np.ndarray
    columns: dict[str, list]


def blocks_by_row(features: Features, names: Sequence[str]) -> Iterator[Block]:
    """All rows in order with their features.

    Args:
        names: of columns.
    """
    before = 0
    for piece in pieces_of(features):
        row_of = np.asarray(piece["row"])
        order = np.argsort(row_of, kind="stable")
        row_of = row_of[order]
        for first in range(row_of[0], row_of[-1] + 1, BLOCK_ROWS) if len(row_of) else ():
            end = min(first + BLOCK_ROWS, int(row_of[-1]) + 1)
            own = order[slice(*np.searchsorted(row_of, (first, end)))]
            yield Block(slice(first, end), before + own, piece.select_columns([*names])[own])
        before += len(piece)


def build_features(
    columns: Mapping[str, Sequence],
    tokenize: Callable[..., dict],
    tokenizer: PreTrainedTokenizerFast,
    data: DataArguments,
    split: Split,
    **options,
) -> Features:
    """Maps batches of rows to features. The cache of `datasets` keeps those of a whole file, memory those of a part of one.

    The cache's key is everything that the features depend on: the rows, the tokenizer, the options and the code. A large file
    is read in pieces, which have a key each. Of rows that are streamed nothing is kept.

    All but the training rows are sorted by length: batches of similar lengths, and a batch too large fails at once.

    Args:
        columns: one list per column, all of one length.
        tokenize: maps a batch of columns, the tokenizer and the options to a batch of features; rows may multiply. Of the
            features, `row` is the row they came from and `length` their number of tokens.
        split: what the rows are of.
        options: passed on to `tokenize`.
    """

    def rows_of(first: int, end: int) -> dict[str, list]:
        values = [column[first:end] for column in columns.values()]
        rows = list(zip(*values, strict=True))  # all columns at once: streamed rows are then read once
        return {name: [row[i] for row in rows] for i, name in enumerate(columns)}

    def stream(number: int) -> datasets.Dataset:
        batches: list[datasets.Dataset] = []
        first, end = number * PIECE_ROWS, min((number + 1) * PIECE_ROWS, count)
        for start in range(first, end, TOKENIZED_ROWS):
            batch = tokenize(rows_of(start, min(start + TOKENIZED_ROWS, end)), tokenizer, **options)
            known = batches[0].features if batches else None
            batches.append(datasets.Dataset.from_dict(batch, features=known))
        return datasets.concatenate_datasets(batches)

    count = max(map(len, columns.values()))
    pieces = -(-max(count, 1) // PIECE_ROWS)
    if split.streamed:
        features = StreamedFeatures(pieces, stream)
        if features.is_sorted:
            message = "%s: %s rows one after the other have one class; the rows are shuffled within so many only: shuffle the file first"
            logger.warning(message, split.file, f"{PIECE_ROWS:,}")
        return features
    # Truncation and padding are left over from the last call, not the tokenizer's own.
    state = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    whole = split.part is None
    made = []
    for number in range(pieces):
        rows = datasets.Dataset.from_dict(rows_of(number * PIECE_ROWS, (number + 1) * PIECE_ROWS))
        key = hashlib.sha256()
        for part in (rows._fingerprint, state, tokenizer.model_input_names, options):
            key.update(repr(part).encode())
        key.update(source_hash())
        piece = rows.map(
            tokenize,
            batched=True,
            batch_size=TOKENIZED_ROWS,
            fn_kwargs={"tokenizer": tokenizer, **options},
            remove_columns=rows.column_names,
            num_proc=data.preprocessing_num_workers,
            load_from_cache_file=not data.overwrite_cache,
            keep_in_memory=not whole,
            cache_file_name=os.fspath(cache_folder() / f"{key.hexdigest()}.arrow") if whole else None,
            new_fingerprint=key.hexdigest()[:32],
            desc="Tokenizing",
        )
        made.append(piece)
    features = datasets.concatenate_datasets(made) if len(made) > 1 else made[0]
    if split.name != "train":
        lengths = features.with_format("numpy", columns=["length"])[:]["length"]
        features = features.select(np.argsort(-lengths, kind="stable"))
    return features

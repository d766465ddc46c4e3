"""Tokenized rows, cached on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence

import datasets
import numpy as np
from transformers import PreTrainedTokenizerFast

from ..arguments import DataArguments
from ..data.splits import Split
from ..files import cache_folder, source_hash

PIECE_ROWS = 1 << 15  # that are in memory at a time, and have a file of their own in the cache


def build_features(
    columns: Mapping[str, Sequence],
    tokenize: Callable[..., dict],
    tokenizer: PreTrainedTokenizerFast,
    data: DataArguments,
    split: Split,
    **options,
) -> datasets.Dataset:
    """Maps batches of rows to features. The cache of `datasets` keeps those of a whole file, memory those of a part of one.

    The cache's key is everything that the features depend on: the rows, the tokenizer, the options and the code. A large file
    is read in pieces, which have a key each.

    All but the training rows are sorted by length: batches of similar lengths, and a batch too large fails at once.

    Args:
        columns: one list per column, all of one length.
        tokenize: maps a batch of columns, the tokenizer and the options to a batch of features; rows may multiply. Of the
            features, `row` is the row they came from and `length` their number of tokens.
        split: what the rows are of.
        options: passed on to `tokenize`.
    """
    # Truncation and padding are left over from the last call, not the tokenizer's own.
    state = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    whole = split.part is None
    count = max(map(len, columns.values()))
    pieces = []
    for start in range(0, max(count, 1), PIECE_ROWS):
        rows = datasets.Dataset.from_dict(
            {name: list(values[start : start + PIECE_ROWS]) for name, values in columns.items()}
        )
        key = hashlib.sha256()
        for part in (rows._fingerprint, state, tokenizer.model_input_names, options):
            key.update(repr(part).encode())
        key.update(source_hash())
        piece = rows.map(
            tokenize,
            batched=True,
            fn_kwargs={"tokenizer": tokenizer, **options},
            remove_columns=rows.column_names,
            num_proc=data.preprocessing_num_workers,
            load_from_cache_file=not data.overwrite_cache,
            keep_in_memory=not whole,
            cache_file_name=os.fspath(cache_folder() / f"{key.hexdigest()}.arrow") if whole else None,
            new_fingerprint=key.hexdigest()[:32],
            desc="Tokenizing",
        )
        pieces.append(piece)
    features = datasets.concatenate_datasets(pieces) if len(pieces) > 1 else pieces[0]
    if split.name != "train":
        lengths = features.with_format("numpy", columns=["length"])[:]["length"]
        features = features.select(np.argsort(-lengths, kind="stable"))
    return features

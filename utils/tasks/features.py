"""Tokenized rows, cached on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable

import datasets
import numpy as np
from transformers import PreTrainedTokenizerFast

from ..arguments import DataArguments
from ..data.splits import Split
from ..files import cache_folder, source_hash


def build_features(
    columns: dict[str, list],
    tokenize: Callable[..., dict],
    tokenizer: PreTrainedTokenizerFast,
    data: DataArguments,
    split: Split,
    **options,
) -> datasets.Dataset:
    """Maps batches of rows to features. The cache of `datasets` keeps those of a whole file, memory those of a part of one.

    The cache's key is everything that the features depend on: the rows, the tokenizer, the options and the code.

    All but the training rows are sorted by length: batches of similar lengths, and a batch too large fails at once.

    Args:
        columns: one list per column, all of one length.
        tokenize: maps a batch of columns, the tokenizer and the options to a batch of features; rows may multiply. Of the
            features, `row` is the row they came from and `length` their number of tokens.
        split: what the rows are of.
        options: passed on to `tokenize`.
    """
    rows = datasets.Dataset.from_dict(columns)
    key = hashlib.sha256()
    # Truncation and padding are left over from the last call, not the tokenizer's own.
    state = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    for part in (rows._fingerprint, state, tokenizer.model_input_names, options):
        key.update(repr(part).encode())
    key.update(source_hash())
    whole = split.part is None
    features = rows.map(
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
    if split.name != "train":
        features = features.select(np.argsort(-np.asarray(features["length"]), kind="stable"))
    return features

"""Tokenized rows: cached on disk, padded batch by batch."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from heads import spans

from .arguments import DataArguments
from .files import cache_folder
from .frozen import HiddenStates
from .splits import Split


def build_features(
    columns: dict[str, list],
    encode: Callable[..., dict],
    tokenizer: PreTrainedTokenizerFast,
    data: DataArguments,
    split: Split,
    **options,
) -> datasets.Dataset:
    """Maps batches of rows to features and keeps the result in the cache of `datasets`; those of a part of a file in memory.

    The cache's key is everything that the features depend on: the rows, the tokenizer, the options and the code.

    All but the training rows are sorted by length: batches of similar lengths, and a batch too large fails at once.

    Args:
        columns: one list per column, all of one length.
        encode: maps a batch of columns, the tokenizer and the options to a batch of features; rows may multiply. Of the
            features, `row` is the row they came from and `length` their number of tokens.
        split: what the rows are of.
        options: passed on to `encode`.
    """
    rows = datasets.Dataset.from_dict(columns)
    key = hashlib.sha256()
    # Truncation and padding are left over from the last call, not the tokenizer's own.
    state = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    for part in (rows._fingerprint, state, tokenizer.model_input_names, options):
        key.update(repr(part).encode())
    for module in (*sorted(Path(__file__).parent.glob("*.py")), Path(spans.__file__)):
        key.update(module.read_bytes())
    whole = split.part is None
    features = rows.map(
        encode,
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


@dataclass
class Collator:
    """Pads a batch to its longest row and leaves out what no model reads.

    Attributes:
        tokenizer: pads what the model reads.
        fill: what to pad other lists of one value per token with, by name.
        max_length: pad to this many tokens instead.
        hidden_states: the files that a column of this name points into, see `frozen.freeze_encoder`.
    """

    tokenizer: PreTrainedTokenizerFast
    fill: dict[str, int]
    max_length: int | None = None
    hidden_states: Sequence[HiddenStates] = ()

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        extra = {name: [row[name] for row in features] for name in self.fill if name in features[0]}
        read = {*self.tokenizer.model_input_names, "labels", "start_positions", "end_positions"} - extra.keys()
        inputs = [{name: value for name, value in row.items() if name in read} for row in features]
        padding = "longest" if self.max_length is None else "max_length"
        batch: Any = self.tokenizer.pad(inputs, padding=padding, max_length=self.max_length, return_tensors="pt")
        width = batch["input_ids"].shape[1]
        for name, rows in extra.items():
            batch[name] = torch.tensor([row + [self.fill[name]] * (width - len(row)) for row in rows])
        if self.hidden_states:
            places = [row["hidden_states"] for row in features]
            lengths = [len(row["input_ids"]) for row in features]
            file = self.hidden_states[places[0][0]]  # the rows of a batch are of one split
            batch["hidden_states"] = torch.from_numpy(file.read([start for _, start in places], lengths, width))
        return batch

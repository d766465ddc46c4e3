"""From rows of features to padded batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerFast

from ..models.each_window import each_window
from ..models.frozen import HiddenStates


@dataclass
class Collator:
    """Pads a batch to its longest row and leaves out what no model reads.

    Attributes:
        tokenizer: pads what the model reads.
        fill: what to pad other lists of one value per token with, by name.
        max_length: pad to this many tokens instead.
        hidden_states: the files that a column of this name points into, see `frozen.freeze`.
    """

    tokenizer: PreTrainedTokenizerFast
    fill: dict[str, int]
    max_length: int | None = None
    hidden_states: Sequence[HiddenStates] = ()

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        if "windows" in features[0]:
            return self._texts_in_windows(features)
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

    def _texts_in_windows(self, features: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """A batch of B texts of W windows, (B, W, T); where a text has fewer windows the mask is 0."""
        names = [name for name in self.tokenizer.model_input_names if name in features[0]]
        windows = []
        for row in features:
            own = each_window(row, names)
            if self.hidden_states:
                number, start = row["hidden_states"]
                starts = np.cumsum([start, *row["windows"][:-1]]).tolist()
                own = [one | {"hidden_states": [number, first]} for one, first in zip(own, starts, strict=True)]
            windows += own
        counts = [len(row["windows"]) for row in features]
        batch = {name: pad_sequence(values.split(counts), batch_first=True) for name, values in self(windows).items()}
        if "labels" in features[0]:
            batch["labels"] = torch.tensor([row["labels"] for row in features])
        return batch

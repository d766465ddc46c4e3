"""Tagged sentences as the readers give them, and what a model that answers so and so makes of them."""

from typing import Any

import datasets
import numpy as np
from transformers.trainer_utils import PredictionOutput

from utils import token_cls
from utils.readers import Row
from utils.splits import Split

NAMES = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def split_of(tokens: list[list[str]], tags: list[list[str]] | None) -> Split:
    fields = [{"id": None, "tokens": t, "tags": tags[i] if tags else None} for i, t in enumerate(tokens)]
    return Split("validation", "a.tsv", [Row(i, row) for i, row in enumerate(fields, start=1)])


def encode(split: Split, tags: token_cls.Tags, tokenizer, size: int) -> dict[str, list]:
    columns = token_cls.feature_columns(split, tags)
    return token_cls.encode(columns, tokenizer, max_seq_length=size, unit=tags.unit)


def decode(split: Split, features: dict[str, list], tags: token_cls.Tags, best: list[list[int]]) -> list[list[str]]:
    """What a model that answers `best` would have said."""
    width = max(map(len, best))
    padded = np.array([row + [0] * (width - len(row)) for row in best])
    rows = datasets.Dataset.from_dict({name: features[name] for name in ("row", "first", "end")})
    output: Any = PredictionOutput((padded, np.ones(padded.shape)), None, None)
    return token_cls.TagDecoder(split, rows, tags).decode(output)[0]

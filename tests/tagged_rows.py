"""Tagged sentences as the readers give them, and what a model that answers so and so makes of them."""

from typing import Any

import datasets
import numpy as np

from utils.arguments import TokenDataArguments
from utils.data.splits import Split
from utils.files import Row
from utils.tasks import PreparedSplit, TokenClassification, token_windows
from utils.tasks.tags import Tags
from utils.tasks.token_windows import feature_columns

NAMES = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def split_of(tokens: list[list[str]], tags: list[list[str]] | None) -> Split:
    fields = [{"id": None, "tokens": t, "tags": tags[i] if tags else None} for i, t in enumerate(tokens)]
    return Split(name="validation", file="a.tsv", rows=[Row(i, row) for i, row in enumerate(fields, start=1)])


def task_of(tags: Tags, tokenizer: Any = None) -> TokenClassification:
    """The task once it knows its tags; it needs no tokenizer for what is tokenized already."""
    task = TokenClassification(TokenDataArguments(validation_file="a.tsv"), tokenizer)
    task.labels = tags
    return task


def tokenize(split: Split, tags: Tags, tokenizer, size: int) -> dict[str, list]:
    columns = feature_columns(split, tags)
    return token_windows.tokenize(columns, tokenizer, max_seq_length=size, unit=tags.unit)


def decode(split: Split, features: dict[str, list], tags: Tags, best: list[list[int]]) -> list[list[str]]:
    """What a model that answers `best` would have said."""
    width = max(map(len, best))
    padded = np.array([row + [0] * (width - len(row)) for row in best])
    rows = datasets.Dataset.from_dict({name: features[name] for name in ("row", "first", "end")})
    return task_of(tags).tags_of_tokens(PreparedSplit(split, rows), padded, np.ones(padded.shape))[0]

"""Numbers that are none: a loss or a weight that is nan or infinite ends a run, with what a user can do about it."""

from __future__ import annotations

from pathlib import Path

import torch

from ..arguments import HeadTrainingArguments
from ..errors import UserError
from ..tasks import PreparedSplit
from ..tasks.features import Features, pieces_of

MOST_ROWS = 8  # of a batch, in a message


def not_finite(what: str, training: HeadTrainingArguments) -> UserError:
    """The error for a number that is none: what it is and where, with the usual cure."""
    cure = "no result was saved; try a smaller --learning_rate"
    if training.head_learning_rate is not None:
        cure += " and --head_learning_rate"
    cure += ", or --bf16 in place of --fp16" if training.fp16 else ", or look for odd values in the data"
    return UserError(f"{what}: {cure}")


def named_rows(prepared: PreparedSplit | None, batch: dict[str, torch.Tensor]) -> str:
    """The rows of the file that a batch was made of, in words; empty where they cannot be told.

    Args:
        prepared: the rows, and the features that they became; hidden states have no columns to look in.
        batch: `input_ids` and `attention_mask`, (B, T).
    """
    if prepared is None or not isinstance(prepared.features, Features):
        return ""
    masks = batch["attention_mask"].bool()
    inputs = {tuple(ids[mask].tolist()) for ids, mask in zip(batch["input_ids"], masks, strict=True)}
    found: set[int] = set()
    for piece in pieces_of(prepared.features):
        for part in piece.select_columns(["input_ids", "row"]).iter(batch_size=1000):
            found.update(row for ids, row in zip(part["input_ids"], part["row"], strict=True) if tuple(ids) in inputs)
    lines = [prepared.split.rows[row].number for row in sorted(found)]
    shown = ", ".join(lines[:MOST_ROWS]) + (", ..." if len(lines) > MOST_ROWS else "")
    return f", rows {shown} of {Path(prepared.split.file).name}" if lines else ""

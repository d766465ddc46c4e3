"""Long texts in overlapping windows: from texts to the windows' tokens, and from the windows' logits to one answer per text.

Letters in shapes: B texts of W windows of T tokens, N windows in all, C labels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from transformers import BatchEncoding, PreTrainedTokenizerFast

from .characters import compose

WINDOW_POOLINGS = ("mean", "max")


class Windows(NamedTuple):
    """How texts are read, as `config.windows` says it.

    Attributes:
        pooling: what becomes of the logits of a text's windows: their "mean" or "max".
        max_seq_length: tokens of a window, special tokens included.
        doc_stride: tokens that neighbouring windows share.
    """

    pooling: str
    max_seq_length: int
    doc_stride: int


def largest_stride(tokenizer: PreTrainedTokenizerFast, max_seq_length: int) -> int:
    """Tokens that neighbouring windows can share at most: half of what a window holds besides special tokens."""
    return (max_seq_length - tokenizer.num_special_tokens_to_add()) // 2


def encode_texts(texts: list[str], tokenizer: PreTrainedTokenizerFast, windows: Windows) -> BatchEncoding:
    """The windows of texts, in order, and in `overflow_to_sample_mapping` the number of each window's text.

    Texts are read composed, see `compose`: NFD gives the inputs of NFC. A text that fits is one window, as without windows.
    """
    return tokenizer(
        list(map(compose, texts)),
        truncation=True,
        max_length=windows.max_seq_length,
        stride=windows.doc_stride,
        return_overflowing_tokens=True,
    )


def pool_windows(logits: torch.Tensor, real: torch.Tensor, pooling: str) -> torch.Tensor:
    """One answer per text, (B, C), in float32 where sums are taken.

    Args:
        logits: (N, C), those of a text after each other.
        real: (B, W), which windows there are; N of them.
        pooling: one of `WINDOW_POOLINGS`.
    """
    mask = real.unsqueeze(-1)
    shape = (*real.shape, logits.shape[-1])
    if pooling == "max":
        lowest = torch.finfo(logits.dtype).min
        return logits.new_full(shape, lowest).masked_scatter(mask, logits).max(dim=1).values
    total = logits.new_zeros(shape).masked_scatter(mask, logits).float().sum(dim=1)
    return (total / mask.sum(dim=1).clamp(min=1)).to(logits.dtype)

"""The arithmetic of padding, on attention masks of shape (B, T): B sequences of T tokens, 1 = real, 0 = padding.

Sums and cumulative sums only: no branch depends on the data, so the same code runs eagerly, compiled and exported.
"""

from __future__ import annotations

import torch


def real_tokens_first(attention_mask: torch.Tensor) -> torch.Tensor:
    """Where each position goes when a sequence's real tokens move to its front, in order, and padding goes after them.

    Args:
        attention_mask: (B, T).

    Returns:
        (B, T) int64, a permutation of 0..T-1 per row; the identity for right-padded rows.
    """
    real = attention_mask.long()
    padding = 1 - real
    length = real.sum(dim=1, keepdim=True)
    return torch.where(real.bool(), real.cumsum(dim=1) - 1, length + padding.cumsum(dim=1) - 1)


def move(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Moves `values[b, t]` to position `target[b, t]`.

    Args:
        values: (B, T) or (B, T, ...).
        target: (B, T), a permutation per row.
    """
    return torch.empty_like(values).scatter_(1, _like(target, values), values)


def take(values: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Reads `values[b, source[b, t]]` into position t: the inverse of `move` with the same index.

    Args:
        values: (B, S) or (B, S, ...).
        source: (B, T) positions in 0..S-1.
    """
    return values.gather(1, _like(source, values))


def reversal(attention_mask: torch.Tensor) -> torch.Tensor:
    """(B, T) positions that read the real tokens of right-padded sequences backwards and leave padding in place."""
    positions = torch.arange(attention_mask.shape[1], device=attention_mask.device)
    length = attention_mask.long().sum(dim=1, keepdim=True)
    return torch.where(positions < length, length - 1 - positions, positions)


def _like(index: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Gives a (B, T) index the trailing dimensions of `values`."""
    for size in values.shape[2:]:
        index = index.unsqueeze(-1).expand(*index.shape, size)
    return index

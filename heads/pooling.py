"""One vector for a sequence of hidden states, and one for the hidden states of several layers.

Letters in shapes: B sequences of T tokens with H hidden dimensions, N layers.
"""

from __future__ import annotations

import torch
from torch import nn

POOLINGS = ("cls", "mean", "max", "cls_mean", "attention")
COMBINATIONS = ("sum", "concat")  # of several layers


class Pooling(nn.Module):
    """One vector for a sequence, from its real tokens; [CLS] and [SEP] are among them.

    "cls": the first token. "mean", "max": over the tokens. "cls_mean": the first one beside the mean. "attention": a mean weighted
    by softmax of a learned score of each token.

    Args:
        hidden_size: H.
        kind: one of `POOLINGS`.

    Attributes:
        width: of the vector, H or 2 H.

    Raises:
        ValueError: an unknown kind.
    """

    def __init__(self, hidden_size: int, kind: str):
        super().__init__()
        if kind not in POOLINGS:
            raise ValueError(f"unknown pooling {kind!r}: choose one of {', '.join(POOLINGS)}")
        self.kind = kind
        self.width = 2 * hidden_size if kind == "cls_mean" else hidden_size
        if kind == "attention":
            self.score = nn.Linear(hidden_size, 1)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Maps hidden states (B, T, H) and a right-padded mask (B, T) to (B, width)."""
        first = hidden_states[:, 0]
        if self.kind == "cls":
            return first
        padding = (attention_mask == 0).unsqueeze(-1)  # (B, T, 1)
        if self.kind == "max":
            return hidden_states.masked_fill(padding, torch.finfo(hidden_states.dtype).min).amax(dim=1)
        # Filling, unlike multiplying, also silences padding that holds inf or nan.
        hidden_states = hidden_states.masked_fill(padding, 0.0)
        if self.kind == "attention":
            scores = self.score(hidden_states).float()  # (B, T, 1)
            weights = scores.masked_fill(padding, torch.finfo(torch.float32).min).softmax(dim=1)
            return (weights.to(hidden_states.dtype) * hidden_states).sum(dim=1)
        count = (~padding).sum(dim=1).clamp(min=1)  # (B, 1)
        mean = (hidden_states.float().sum(dim=1) / count).to(hidden_states.dtype)
        return mean if self.kind == "mean" else torch.cat([first, mean], dim=-1)


class LayerMix(nn.Module):
    """A learned weighted sum of the hidden states of several layers (Peters et al. 2018, arXiv 1802.05365, equation 1).

    It begins as their mean.

    Args:
        layers: N.
    """

    def __init__(self, layers: int):
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))  # softmax makes shares of them
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Maps (B, T, N * H), one layer beside the next, to (B, T, H)."""
        layers = hidden_states.unflatten(-1, (len(self.weights), -1))
        shares = self.weights.float().softmax(dim=0).to(hidden_states.dtype)
        return self.scale.to(hidden_states.dtype) * (layers * shares.unsqueeze(-1)).sum(dim=-2)

"""The linear head that everybody uses, and that the other heads are measured against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .pooling import Pooling

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gelu": nn.functional.gelu,
    "tanh": torch.tanh,
    "relu": nn.functional.relu,
}


class DenseHead(nn.Module):
    """The heads of transformers' ELECTRA, weight for weight; with another activation those of other families.

    Sequences: token 0, dropout, dense, gelu, dropout, linear (`ElectraClassificationHead`), or another `pooling` than token 0.
    Tokens: dropout, linear (`ElectraForTokenClassification`, `ElectraForQuestionAnswering`).

    Args:
        hidden_size: H, the width of the encoder's hidden states.
        num_labels: C, the number of outputs per sequence or token.
        per_token: one output per token instead of one per sequence.
        activation: between a sequence's two layers, a name in `ACTIVATIONS`: "gelu" as in ELECTRA and DeBERTa-v2, "tanh"
            as in BERT and RoBERTa, "relu" as in DistilBERT. Tokens have one layer and none.
        pooling: what is read of a sequence, a name in `pooling.POOLINGS`; tokens are read each.
        dropout: probability, on the hidden states and before the output layer.

    Raises:
        ValueError: an unknown activation or pooling, or a pooling of tokens that have an output each.
    """

    def __init__(
        self,
        hidden_size: int,
        num_labels: int,
        per_token: bool,
        activation: str = "gelu",
        pooling: str = "cls",
        dropout: float = 0.1,
    ):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {activation!r}: choose one of {', '.join(ACTIVATIONS)}")
        if per_token and pooling != "cls":
            raise ValueError(f"pooling {pooling!r} makes one vector of a sequence, and here every token has an output")
        self.per_token = per_token
        self.activation = activation
        self.dropout = nn.Dropout(dropout)
        if not per_token:
            self.pooling = Pooling(hidden_size, pooling)
            self.dense = nn.Linear(self.pooling.width, hidden_size)
        self.out_proj = nn.Linear(hidden_size, num_labels)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Maps hidden states (B, T, H) and a right-padded mask (B, T) to logits (B, C), or (B, T, C) per token."""
        if self.per_token:
            return self.out_proj(self.dropout(hidden_states))
        features = ACTIVATIONS[self.activation](self.dense(self.dropout(self.pooling(hidden_states, attention_mask))))
        return self.out_proj(self.dropout(features))

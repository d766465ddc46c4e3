"""The linear head that everybody uses, and that the other heads are measured against."""

from __future__ import annotations

import torch
from torch import nn


class DenseHead(nn.Module):
    """The heads of transformers' ELECTRA, weight for weight.

    Sequences: token 0, dropout, dense, gelu, dropout, linear (`ElectraClassificationHead`).
    Tokens: dropout, linear (`ElectraForTokenClassification`, `ElectraForQuestionAnswering`).

    Args:
        hidden_size: H, the width of the encoder's hidden states.
        num_labels: C, the number of outputs per sequence or token.
        per_token: one output per token instead of one per sequence.
        dropout: probability, on the hidden states and before the output layer.
    """

    def __init__(self, hidden_size: int, num_labels: int, per_token: bool, dropout: float = 0.1):
        super().__init__()
        self.per_token = per_token
        self.dropout = nn.Dropout(dropout)
        if not per_token:
            self.dense = nn.Linear(hidden_size, hidden_size)
        self.out_proj = nn.Linear(hidden_size, num_labels)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Maps hidden states (B, T, H) and a right-padded mask (B, T) to logits (B, C), or (B, T, C) per token."""
        if self.per_token:
            return self.out_proj(self.dropout(hidden_states))
        features = nn.functional.gelu(self.dense(self.dropout(hidden_states[:, 0])))
        return self.out_proj(self.dropout(features))

"""A convolutional head: what do windows of neighbouring tokens add to the token itself?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn


class CNNHead(nn.Module):
    """Parallel convolutions over the token axis, after Kim (2014).

    "Convolutional Neural Networks for Sentence Classification", arXiv 1408.5882.

    Sequences: each width looks at every window of real tokens, ReLU, maximum over time, concatenation, dropout, linear.
    A sequence shorter than a width is read as one window, with zeros after it.
    Tokens: length-preserving convolutions, ReLU, concatenated with the token's own hidden state, dropout, linear. With
    the convolutions' weights at zero this is the dense head, so a difference between the two is the neighbours' doing.

    Kim reads static word vectors with widths 3, 4, 5 and 100 maps each. The tokens of a fine-tuned encoder have seen
    their context already, so the defaults are narrower windows, as many maps as a small encoder has dimensions, and the
    encoder's own light dropout in place of Kim's 0.5.

    Args:
        hidden_size: H, the width of the encoder's hidden states.
        num_labels: C, the number of outputs per sequence or token.
        per_token: one output per token instead of one per sequence.
        kernel_sizes: window widths in tokens; default (2, 3, 4) for sequences and (3, 5) for tokens.
        num_filters: maps per width.
        dropout: probability, on the hidden states and before the output layer.

    Raises:
        ValueError: a width below 1, or an even width for tokens (no token stands in its middle).
    """

    def __init__(
        self,
        hidden_size: int,
        num_labels: int,
        per_token: bool,
        kernel_sizes: Sequence[int] | None = None,
        num_filters: int = 128,
        dropout: float = 0.1,
    ):
        super().__init__()
        if kernel_sizes is None:
            kernel_sizes = (3, 5) if per_token else (2, 3, 4)
        if not kernel_sizes or min(kernel_sizes) < 1:
            raise ValueError(f"kernel_sizes must be widths of at least 1 token, not {list(kernel_sizes)}")
        if per_token and any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError(
                f"kernel_sizes for tokens must be odd, so that a token is in the middle: {list(kernel_sizes)}"
            )
        self.per_token = per_token
        self.dropout = nn.Dropout(dropout)
        self.kernel_sizes = tuple(kernel_sizes)
        self.convolutions = nn.ModuleList(nn.Conv1d(hidden_size, num_filters, size) for size in kernel_sizes)
        width = num_filters * len(kernel_sizes) + (hidden_size if per_token else 0)
        self.out_proj = nn.Linear(width, num_labels)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Maps hidden states (B, T, H) and a right-padded mask (B, T) to logits (B, C), or (B, T, C) per token."""
        hidden_states = self.dropout(hidden_states)
        # Filling, unlike multiplying, also silences padding that holds inf or nan.
        channels = hidden_states.masked_fill(attention_mask.unsqueeze(-1) == 0, 0.0).transpose(1, 2)  # (B, H, T)
        features = (
            self._per_token(hidden_states, channels) if self.per_token else self._pooled(channels, attention_mask)
        )
        return self.out_proj(self.dropout(features))

    def _per_token(self, hidden_states: torch.Tensor, channels: torch.Tensor) -> torch.Tensor:
        maps = []
        for size, convolution in zip(self.kernel_sizes, self.convolutions, strict=True):
            reach = size // 2
            maps.append(convolution(nn.functional.pad(channels, (reach, reach))).relu())
        return torch.cat([hidden_states, torch.cat(maps, dim=1).transpose(1, 2)], dim=-1)  # (B, T, H + maps)

    def _pooled(self, channels: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return torch.cat([maps.amax(dim=-1) for maps in self.maps(channels, attention_mask)], dim=-1)

    def maps(self, channels: torch.Tensor, attention_mask: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yields for each width what its filters find in every n-gram, (B, F, T), by first token; 0 where no n-gram begins.

        Args:
            channels: (B, H, T), 0 at padding.
            attention_mask: (B, T), right-padded.
        """
        positions = torch.arange(attention_mask.shape[1], device=attention_mask.device)
        length = attention_mask.long().sum(dim=1, keepdim=True)  # (B, 1)
        for size, convolution in zip(self.kernel_sizes, self.convolutions, strict=True):
            windows = convolution(nn.functional.pad(channels, (0, size - 1))).relu()  # (B, F, T)
            beyond = positions > (length - size).clamp(min=0)  # the window reaches into the padding
            # After ReLU nothing is below 0, so 0 is a neutral mask in every dtype.
            yield windows.masked_fill(beyond.unsqueeze(1), 0.0)

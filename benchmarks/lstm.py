"""Packing against index reversal: what the BiLSTM head costs either way, forward and backward.

    python -m benchmarks.lstm [--hidden_size 768] [--rounds 9]

Prints the ratio reversed / packed of median seconds, the two run in turn, for batches of similar lengths, as length-
grouped sampling makes them, and for batches of mixed lengths.
"""

import argparse
import statistics
import time

import torch
from torch import nn

from heads.lstm import LSTMHead


class PackedLSTM(nn.Module):
    """The usual way: a bidirectional LSTM over packed sequences."""

    def __init__(self, hidden_size: int, lstm_size: int):
        super().__init__()
        self.lstm = nn.LSTM(hidden_size, lstm_size, batch_first=True, bidirectional=True)
        self.out_proj = nn.Linear(2 * lstm_size, 2)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Maps hidden states (B, T, H) and a mask (B, T) to logits (B, T, 2)."""
        lengths = attention_mask.sum(dim=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(hidden_states, lengths, batch_first=True, enforce_sorted=False)
        output, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=hidden_states.shape[1]
        )
        return self.out_proj(output)


def seconds(head: nn.Module, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> float:
    """Wall-clock seconds of a forward and a backward pass."""
    began = time.perf_counter()
    head(hidden_states, attention_mask).sum().backward()
    if hidden_states.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hidden_size", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    torch.manual_seed(0)
    packed = PackedLSTM(arguments.hidden_size, 256).to(device)
    turned = LSTMHead(arguments.hidden_size, 2, per_token=True).to(device)
    batches = {
        "similar lengths, 28-32 tokens": torch.randint(28, 33, (32,)),
        "mixed lengths, 4-128 tokens": torch.randint(4, 129, (32,)),
        "similar lengths, 120-128 tokens": torch.randint(120, 129, (32,)),
    }
    print(f"{device}, hidden size {arguments.hidden_size}, 32 sequences, median of {arguments.rounds} rounds")
    for name, lengths in batches.items():
        mask = (torch.arange(int(lengths.max())) < lengths.unsqueeze(1)).long().to(device)
        hidden_states = torch.randn(*mask.shape, arguments.hidden_size, device=device)
        times: dict[str, list[float]] = {"packed": [], "reversed": []}
        for _ in range(arguments.rounds + 1):
            times["packed"].append(seconds(packed, hidden_states, mask))
            times["reversed"].append(seconds(turned, hidden_states, mask))
        a, b = (statistics.median(values[1:]) for values in times.values())  # the first round warms up
        print(f"{name}: packed {a * 1000:.0f} ms, reversed {b * 1000:.0f} ms, ratio {b / a:.2f}")


if __name__ == "__main__":
    main()

"""What --freeze_layers saves: a step from kept hidden states, against one that runs the frozen layers, and one that trains all.

    OMP_NUM_THREADS=1 python -m benchmarks.first_layers [--hidden_size 768] [--layers 12] [--freeze 6 9] [--rounds 9]

A BERT of this shape with random weights and the dense head, batches of 16 sequences of 32 tokens, forward, backward and AdamW,
with dropout; the hidden states are read from a file. Prints median CPU milliseconds of a step, the three ways in turn, and how
many times as long the other two take as the first.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import BertConfig

from heads import HeadedEncoderConfig, HeadedEncoderForSequenceClassification
from utils.models.frozen import HiddenStates
from utils.models.layers import FirstLayers

ROWS, TOKENS = 16, 32


def new_model(hidden_size: int, layers: int) -> HeadedEncoderForSequenceClassification:
    """A BERT with random weights and the dense head."""
    encoder = BertConfig(
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=hidden_size // 32,
        intermediate_size=4 * hidden_size,
    )
    return HeadedEncoderForSequenceClassification(HeadedEncoderConfig(encoder)).eval()


def seconds(model: torch.nn.Module, batch: Callable[[], dict], still: list[torch.nn.Module]) -> Callable[[], float]:
    """A function that makes a step and returns its CPU seconds; modules that are still are run in evaluation mode."""
    optimizer = torch.optim.AdamW(parameter for parameter in model.parameters() if parameter.requires_grad)

    def step() -> float:
        model.train()
        for module in still:
            module.eval()
        began = time.process_time()
        model(**batch()).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return time.process_time() - began

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hidden_size", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--freeze", type=int, nargs="+", default=[6, 9])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    inputs = {"input_ids": torch.randint(5, 30_000, (ROWS, TOKENS)), "attention_mask": torch.ones(ROWS, TOKENS).long()}
    inputs["labels"] = torch.zeros(ROWS).long()
    print("| frozen | from kept states | frozen layers in every step | all trained | saves | saves, of all trained |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.freeze:
            kept, long, whole = (new_model(arguments.hidden_size, arguments.layers) for _ in range(3))
            first = FirstLayers(kept, count)
            file = HiddenStates(Path(folder, f"{count}.states"), "float32", arguments.hidden_size)
            with torch.inference_mode():
                states = first.read(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
            file.path.write_bytes(states.numpy().tobytes())
            frozen = [long.encoder.embeddings, *long.encoder.encoder.layer[:count]]
            for module in frozen:
                module.requires_grad_(False)

            def read(file=file) -> dict[str, torch.Tensor]:
                starts = range(0, ROWS * TOKENS, TOKENS)
                return inputs | {"hidden_states": torch.from_numpy(file.read(starts, [TOKENS] * ROWS, TOKENS))}

            ways = [seconds(kept, read, []), seconds(long, lambda: inputs, frozen), seconds(whole, lambda: inputs, [])]
            rounds = [[step() for step in ways] for _ in range(arguments.rounds + 1)][1:]
            ours, theirs, everything = (statistics.median(one) for one in zip(*rounds, strict=True))
            times = " | ".join(f"{1000 * one:.0f} ms" for one in (ours, theirs, everything))
            print(
                f"| {count} of {arguments.layers} | {times} | {theirs / ours:.2f} | {everything / ours:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

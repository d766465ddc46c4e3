"""What a step of training costs, in time and memory, by the shape of the encoder: to choose an encoder for a machine.

    python -m benchmarks.steps [--rows 32] [--tokens 64] [--head dense] [--steps 3] [--encoders koelectra-small-v3] [--bf16]

Weights are random, so nothing is downloaded: a step costs the same. Every shape runs in a process of its own, on the GPU
where torch sees one. Prints a Markdown table: parameters of encoder and head, median seconds of a step with AdamW (wall
clock, and of the CPU, which other work on the machine disturbs less), training rows per second, and peak memory, of the
GPU or of the process with all that it imports.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from typing import Any

import torch
from transformers import AutoConfig

from heads import HEADS
from heads.configuration_headed_encoder import HeadedEncoderConfig
from heads.modeling_headed_encoder import HeadedEncoderForSequenceClassification
from utils.outputs.run_record import peak_host_memory


def _shape(kind: str, vocabulary: int, layers: int, hidden: int, attention_heads: int, **more: int) -> dict[str, Any]:
    return {
        "model_type": kind,
        "vocab_size": vocabulary,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": 4 * hidden,
        "num_attention_heads": attention_heads,
        **more,
    }


# As the `config.json` of each model says. KLUE-BERT-base has the size of KLUE-RoBERTa-base.
ENCODERS = {
    "koelectra-small-v3": _shape("electra", 35000, 12, 256, 4, embedding_size=128),
    "multilingual-e5-small": _shape("bert", 250037, 12, 384, 12),
    "klue-roberta-small": _shape("roberta", 32000, 6, 768, 12, max_position_embeddings=514, type_vocab_size=1),
    "klue-roberta-base": _shape("roberta", 32000, 12, 768, 12, max_position_embeddings=514, type_vocab_size=1),
    "koelectra-base-v3": _shape("electra", 35000, 12, 768, 12, embedding_size=768),
    "klue-roberta-large": _shape("roberta", 32000, 24, 1024, 16, max_position_embeddings=514, type_vocab_size=1),
}


def measure(name: str, arguments: argparse.Namespace) -> str:
    """A row of the table; the first step warms up and is not counted."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = HeadedEncoderConfig(AutoConfig.for_model(**ENCODERS[name]), head=arguments.head, num_labels=2)
    model = HeadedEncoderForSequenceClassification(config).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    shape = (arguments.rows, arguments.tokens)
    batch = {
        "input_ids": torch.randint(10, 1000, shape, device=device),
        "attention_mask": torch.ones(shape, dtype=torch.long, device=device),
        "labels": torch.randint(2, shape[:1], device=device),
    }
    wall, cpu = [], []
    for _ in range(arguments.steps + 1):
        began = time.perf_counter(), time.process_time()
        with torch.autocast(device, torch.bfloat16, enabled=arguments.bf16):
            loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits for the GPU
        wall.append(time.perf_counter() - began[0])
        cpu.append(time.process_time() - began[1])
    parameters = sum(parameter.numel() for parameter in model.parameters())
    seconds, cpu_seconds = statistics.median(wall[1:]), statistics.median(cpu[1:])
    memory = torch.cuda.max_memory_allocated() if device == "cuda" else peak_host_memory()
    return (
        f"| {name} | {parameters / 1e6:.1f} M | {seconds:.3g} | {cpu_seconds:.3g} | {arguments.rows / seconds:.3g} "
        f"| {memory / 1e9:.2f} GB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS), choices=list(ENCODERS))
    parser.add_argument("--head", default="dense", choices=list(HEADS))
    parser.add_argument("--rows", type=int, default=32, help="rows of a batch")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of a row")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--bf16", action="store_true")
    arguments = parser.parse_args()
    print(
        "| encoder | parameters | s per step | CPU s per step | rows per s | peak memory |\n|---|---|---|---|---|---|"
    )
    for name in arguments.encoders:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(measure, (name, arguments)), flush=True)


if __name__ == "__main__":
    main()

"""What a head costs when it is used: latency and throughput, measured in turn, so that a busy machine is busy for all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from transformers.utils import logging as library_logging

from utils.models.loading import load_checkpoint

TEXTS, BATCH = 64, 32  # texts that are measured, and how many at a time for the throughput
ROUNDS = 7  # after one that warms up


def measure_costs(folders: Mapping[str, Path], texts: Sequence[str], max_seq_length: int) -> dict[str, dict[str, Any]]:
    """Runs the models of several heads on the first texts, tokenized beforehand.

    Args:
        folders: a checkpoint per head.
        texts: of the test rows.
        max_seq_length: longest input, in tokens.

    Returns:
        per head `latency_ms`, the median time of one text alone, `throughput`, texts per second in batches of `BATCH`, and
        `device`.
    """
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    library_logging.disable_progress_bar()
    models: dict[str, Any] = {head: load_checkpoint(str(folder)) for head, folder in folders.items()}
    for model, _ in models.values():
        model.to(device)
    times: dict[tuple[str, int], list[float]] = {(head, size): [] for head in models for size in (1, BATCH)}
    shown = list(texts[:TEXTS])
    for size in (1, BATCH):
        batches = {
            head: [
                tokenizer(
                    shown[i : i + size], padding=True, truncation=True, max_length=max_seq_length, return_tensors="pt"
                )
                for i in range(0, len(shown), size)
            ]
            for head, (_, tokenizer) in models.items()
        }
        for number in range(ROUNDS + 1):
            for head, (model, _) in models.items():
                began = time.perf_counter()
                with torch.inference_mode():
                    for batch in batches[head]:
                        inputs = {name: values.to(device) for name, values in batch.items()}
                        model(**inputs)
                if device.type != "cpu":
                    torch.accelerator.synchronize()
                if number:  # the first one warms up
                    times[head, size].append((time.perf_counter() - began) / len(shown))
    threads = torch.get_num_threads()
    name = f"cpu, {threads} thread{'' if threads == 1 else 's'}" if device.type == "cpu" else device.type
    return {
        head: {
            "latency_ms": round(1000 * median(times[head, 1]), 3),
            "throughput": round(1 / median(times[head, BATCH]), 1),
            "device": name,
        }
        for head in models
    }

"""Cells that were never trained: the files that a comparison reads, with predictions that a test has planted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from comparison.cells import Cell
from utils.files import sha256

LABELS = ("0", "1")


def write_test_rows(file: Path, count: int) -> list[str]:
    """Writes texts with labels, and returns the labels."""
    gold = [LABELS[i % 2] for i in range(count)]
    lines = [f"review {i},{label}\n" for i, label in enumerate(gold)]
    file.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    return gold


def finish_cell(cell: Cell, right: Sequence[bool], gold: Sequence[str], test_file: str) -> None:
    """Writes what a run leaves that got these rows right and the others wrong."""
    cell.folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "electra",
        "id2label": dict(enumerate(LABELS)),
        "label2id": {b: a for a, b in enumerate(LABELS)},
    }
    predicted = [label if one else LABELS[label == LABELS[0]] for one, label in zip(right, gold, strict=True)]
    accuracy = float(np.mean(right))
    run = {
        "versions": {"torch": "2.13.0"},
        "data": {test_file: {"sha256": sha256(Path(test_file))}},
        "changed_from_default": {"learning_rate": 1e-3},
        "peak_memory_bytes": {"cpu": 10**9},
    }
    files = {
        "config.json": config,
        "train_results.json": {"train_samples": 2, "train_runtime": 3.0, "train_samples_per_second": 1.0},
        "predict_results.json": {"predict_accuracy": accuracy},
        "trainer_state.json": {"global_step": 4, "epoch": 1.0, "log_history": []},
        "run.json": run,
    }
    save_file({"head.a": torch.zeros(2), "encoder.a": torch.zeros(3)}, cell.folder / "model.safetensors")
    lines = [json.dumps({"prediction": label}) + "\n" for label in predicted]
    (cell.folder / "predictions.jsonl").write_text("".join(lines), encoding="utf-8")
    for name, content in files.items():  # run.json last: with it the cell is finished
        (cell.folder / name).write_text(json.dumps(content), encoding="utf-8")


def fake_runs(right: dict[str, np.ndarray], gold: Sequence[str], test_file: str) -> Callable[..., None]:
    """Returns what takes the place of `run_cells`.

    Args:
        right: by head, which rows each seed gets right, (S, N).
    """

    def run_cells(cells: Sequence[Cell], **how) -> None:
        for cell in cells:
            if not cell.finished:
                finish_cell(cell, right[cell.head][cell.seed], gold, test_file)

    return run_cells

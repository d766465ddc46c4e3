"""Checkpoints of a few bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from utils.files import UNFINISHED_CHECKPOINT
from utils.training.checkpoints import new_stage, put_in_place

FILES = {"model.safetensors": "weights", "optimizer.pt": "moments", "rng_state.pth": "draws"}


def save_checkpoint(
    folder: Path, step: int, best: str | None = None, weights_only: bool = False, processes: int = 1
) -> Path:
    """Saves a checkpoint as a training does, up to what is in its files.

    Args:
        best: the checkpoint that its state names as the best.
    """
    draft = new_stage(folder) / f"checkpoint-{step}"
    draft.mkdir()
    assert draft.parent == folder / UNFINISHED_CHECKPOINT
    for name, text in FILES.items():
        (draft / name).write_text(text, encoding="utf-8")
    state = {"global_step": step, "best_model_checkpoint": best}
    (draft / "trainer_state.json").write_text(json.dumps(state), encoding="utf-8")
    return put_in_place(draft, folder, processes, weights_only)


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)

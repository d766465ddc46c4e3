"""What a training shows while it runs: a bar with the time left in a terminal, one line for each log entry anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import PrinterCallback, ProgressCallback, Trainer

# Speeds that follow from the others, and what no reader acts on.
UNSAID = ("total_flos", "steps_per_second", "samples_per_second", "grad_norm")


class Bar(ProgressCallback):
    """A bar on standard error, and lines above it."""

    def on_log(self, args, state, control, logs=None, **kwargs):
        if state.is_world_process_zero:
            line = log_line(logs or {}, state.global_step, state.max_steps)
            print(line, flush=True) if self.training_bar is None else self.training_bar.write(line)


class Lines(PrinterCallback):
    """Lines alone."""

    def on_log(self, args, state, control, logs=None, **kwargs):
        if state.is_world_process_zero:
            print(log_line(logs or {}, state.global_step, state.max_steps), flush=True)


def show_lines(trainer: Trainer) -> None:
    """Has a trainer show lines where it would print dictionaries; a notebook keeps its table."""
    for theirs, ours in ((ProgressCallback, Bar), (PrinterCallback, Lines)):
        if trainer.pop_callback(theirs) is not None:
            trainer.add_callback(ours)


def log_line(logs: Mapping[str, Any], step: int = 0, steps: int = 0) -> str:
    """Writes a log entry of Trainer as a line.

    Args:
        logs: `loss` of some steps, `train_...` of a whole training, or `eval_...` and `predict_...` of rows that were scored.
        step, steps: those of the training that were made, and all; 0: no training.
    """
    names = [name for name in logs if name != "epoch"]
    prefix = next(
        (one for one in ("eval", "predict", "train") if any(name.startswith(f"{one}_") for name in names)), ""
    )
    values = {name.removeprefix(f"{prefix}_"): logs[name] for name in names}
    seconds = values.pop("runtime", None)
    shown = ", ".join(
        f"{name.replace('_', ' ')} {_value(value)}" for name, value in values.items() if name not in UNSAID
    )
    shown = shown or "no step was left to make"
    if not prefix:
        return f"step {step:,} of {steps:,}, epoch {logs.get('epoch', 0):.3g}: {shown}"
    rows = {"eval": "validation rows", "predict": "test rows", "train": "training"}[prefix]
    if prefix == "eval" and step:
        rows += f" at step {step:,}"
    return f"{rows}: {shown}" + (f" ({duration(seconds)})" if seconds is not None else "")


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"

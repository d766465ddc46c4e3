"""The last lines of a run: where things are, the main score, and what one may do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from ..arguments import Arguments, program
from ..tasks import Task

# Flags that take what a pipeline calls so.
FLAGS = {"text": "--text", "text_pair": "--text_pair", "question": "--question", "context": "--text"}


def closing_lines(task: Task, arguments: Arguments, metrics: Mapping[str, float], language: str | None) -> list[str]:
    """Two or three lines.

    Args:
        metrics: the contents of `all_results.json`.
        language: of the training texts, see `language_of`.
    """
    _, data, training = arguments
    folder = training.folder
    lines = []
    if training.do_train or training.calibrate:
        lines.append(f"model: {folder}")
    elif training.do_predict:
        lines.append(f"predictions: {folder / 'predictions.jsonl'}")
    name = task.metric.default(task.labels.names)
    for prefix, rows in (("predict_", "test"), ("eval_", "validation")):
        if f"{prefix}{name}" in metrics:
            count = f"{metrics[f'{prefix}samples']:,.0f} {rows} rows"
            lines.append(f"score: {name} {metrics[f'{prefix}{name}']:.4g} on {count}")
            break
    if training.do_train:
        lines.append(f"next: {example_command(task, folder, language)}")
    return lines


def example_command(task: Task, folder: Path, language: str | None) -> str:
    """A command that asks the model in a folder about nothing in particular, in its language; it works as it stands."""
    started = program()
    if started.startswith("python "):
        started = f"python {task.script}"
    else:  # the installed command
        started = (
            f"{started.partition(' ')[0]} {task.script.removeprefix('run_').removesuffix('.py').replace('_', '-')}"
        )
    words = [word for name, text in task.example(language or "en").items() for word in (FLAGS[name], text)]
    return f"{started} --model_name_or_path {shlex.join([str(folder), *words])}"

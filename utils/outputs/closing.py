"""The last lines of a run: where things are, the main score, and what one may do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from ..arguments import Arguments, program
from ..tasks import Task


def closing_lines(task: Task, arguments: Arguments, metrics: Mapping[str, float]) -> list[str]:
    """Two or three lines.

    Args:
        metrics: the contents of `all_results.json`.
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
        place, target = shlex.quote(str(folder)), shlex.quote(f"{folder}-predictions")
        command = f"{program()} --model_name_or_path {place} --test_file YOUR_FILE --do_predict"
        lines.append(f"next: {command} --output_dir {target}")
    return lines

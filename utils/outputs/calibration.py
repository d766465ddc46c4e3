"""--calibrate: what is chosen on the validation rows, after they were scored, and what it changes."""

from __future__ import annotations

import logging
from pathlib import Path

from ..tasks import PreparedSplit, Task
from ..tasks.base import Output
from ..training.trainer import HeadTrainer

logger = logging.getLogger(__name__)

BEFORE, AFTER = "_uncalibrated", "_calibrated"  # of names of scores


def calibrate(
    trainer: HeadTrainer, task: Task, validation: PreparedSplit, output: Output, stage: Path
) -> tuple[Task, dict[str, float]]:
    """Chooses the calibration and writes it into the checkpoint; a checkpoint that was not trained here is saved with it.

    Args:
        output: of the validation rows.
        stage: where the files of the run are.

    Returns:
        the task that goes by it, and the scores that it changes: plain names are those before, `_calibrated` those after, which
        are too good, because the same rows chose.
    """
    task = task.calibrated(validation, output)
    model = trainer.model
    model.set_calibration(task.calibration)
    if not trainer.args.do_train:
        trainer.save_model(str(stage), _internal_call=True)
    elif trainer.is_world_process_zero():
        model.config.save_pretrained(stage)
    pairs = task.pairs(validation, output)
    scores = {} if pairs is None else task.score(pairs)
    metrics: dict[str, float] = {}
    for name, value in scores.items():
        before = scores.get(f"{name}{BEFORE}")
        if before is not None:
            metrics |= {f"eval_{name}": before, f"eval_{name}{AFTER}": value}
            message = "calibration: %s %.4g instead of %.4g on the %d validation rows that chose it"
            logger.info(message, name.replace("_", " "), value, before, task.calibration["rows"])
    return task, metrics

"""What is trained here goes to the Hub, or says how it gets there."""

from __future__ import annotations

import shlex

from ..errors import ShownError, first_line
from ..training.trainer import HeadTrainer


def push(trainer: HeadTrainer) -> None:
    """Pushes everything in `output_dir` but the checkpoints of the training.

    Raises:
        ShownError: with the command that pushes it later, where network, Hub or token do not allow it now.
    """
    try:
        trainer.push_to_hub()
    except Exception as error:  # whatever the network, the Hub or a token can do
        training = trainer.args
        later = ["hf", "upload", str(trainer.hub_model_id), str(training.folder), "--exclude", "checkpoint-*"]
        if training.hub_revision is not None:
            later += ["--revision", training.hub_revision]
        if training.hub_private_repo:
            later += ["--private"]
        raise ShownError(
            f"not pushed ({first_line(error)}); all is in {training.folder}, push it later with: {shlex.join(later)}"
        ) from error

"""Pushes a finished run to the Hub, or says how to push it later."""

from __future__ import annotations

import shlex

import huggingface_hub

from ..errors import ShownError, first_line
from ..training.pushing import limit_silence
from ..training.trainer import HeadTrainer

# What is not pushed: states of the training, and pages that quote the data.
STAYS = ("checkpoint-*", "report.*")


def push(trainer: HeadTrainer) -> None:
    """Pushes everything in `output_dir` but the checkpoints of the training and the report on errors.

    Raises:
        ShownError: with the command that pushes it later, where network, Hub or token do not allow it now.
    """
    training = trainer.args
    if not trainer.is_world_process_zero():
        return
    limit_silence()
    try:
        trainer._finish_current_push()
        # Trainer's own way would save the model once more, and leave nothing out.
        huggingface_hub.upload_folder(
            repo_id=str(trainer.hub_model_id),
            folder_path=training.folder,
            commit_message="End of training",
            revision=training.hub_revision,
            ignore_patterns=["_*", *STAYS],
        )
    except Exception as error:  # whatever the network, the Hub or a token can do
        later = ["hf", "upload", str(trainer.hub_model_id), str(training.folder), "--exclude", STAYS[0]]
        if any(training.folder.glob(STAYS[1])):
            later += ["--exclude", STAYS[1]]
        if training.hub_revision is not None:
            later += ["--revision", training.hub_revision]
        if training.hub_private_repo:
            later += ["--private"]
        raise ShownError(
            f"not pushed ({first_line(error)}); all is in {training.folder}, push it later with: {shlex.join(later)}"
        ) from error

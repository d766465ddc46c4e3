"""What goes to the Hub while a training goes on."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import HTTPError
from transformers import Trainer
from transformers.trainer_utils import HubStrategy
from transformers.utils import PushInProgress

from ..errors import UserError, first_line
from .checkpoints import MANIFEST

logger = logging.getLogger(__name__)

SILENCE = 300  # seconds without a byte from the Hub after which it counts as lost; its client would wait for ever


def limit_silence() -> None:
    """Has requests to the Hub fail where it says nothing any more."""
    huggingface_hub.get_session().timeout = SILENCE


class PushingTrainer(Trainer):
    """`Trainer` that pushes checkpoints with the code of their heads, and nothing of an earlier run."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.copies_to_push = tempfile.TemporaryDirectory()

    def init_hf_repo(self, *args, **kwargs) -> None:
        limit_silence()
        try:
            super().init_hf_repo(*args, **kwargs)
        except (HTTPError, OSError) as error:  # better now than after hours
            cure = "log in with `hf auth login`, or leave --push_to_hub out and push later with `hf upload`"
            raise UserError(f"--push_to_hub: the Hub does not take it ({first_line(error)}); {cure}") from error

    def create_model_card(self, *args, **kwargs) -> None:
        """Leaves the card that `card.write_card` has written."""

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        """Pushes a copy of a checkpoint while training goes on.

        Trainer's own way leaves out the code of the heads, adds a pickle, and overwrites what an earlier run left in
        `output_dir`; a copy, because the checkpoint may be deleted before it is sent.
        """
        strategy = self.args.hub_strategy
        if not self.is_world_process_zero() or strategy == HubStrategy.END:
            return
        pending: Any = self.push_in_progress
        if pending is not None and not pending.is_done() and not self.args.hub_always_push:
            return
        source = Path(checkpoint_folder)
        copy = Path(self.copies_to_push.name, source.name)
        progress = f"step {self.state.global_step} of {self.state.max_steps}"
        try:
            shutil.copytree(source, copy, dirs_exist_ok=True)
            (copy / "README.md").write_text(f"Training in progress: {progress}.\n", encoding="utf-8")
        except OSError as error:  # a full disk for temporary files: what is saved is saved
            logger.warning("%s is not pushed: it cannot be copied (%s)", source.name, first_line(error))
            shutil.rmtree(copy, ignore_errors=True)
            return
        left_out: dict[str | None, list[str]] = {
            None: ["optimizer.*", "scheduler.*", "scaler.*", "rng_state*", MANIFEST]
        }
        if strategy in (HubStrategy.CHECKPOINT, HubStrategy.ALL_CHECKPOINTS):
            left_out["last-checkpoint" if strategy == HubStrategy.CHECKPOINT else source.name] = ["README.md"]
        # One queue for all, so that no older checkpoint comes to lie over a newer one.
        jobs: list[Any] = [
            huggingface_hub.upload_folder(
                repo_id=str(self.hub_model_id),
                folder_path=copy,
                path_in_repo=folder,
                commit_message=f"Training in progress, {progress}",
                revision=self.args.hub_revision,
                ignore_patterns=patterns,
                run_as_future=True,
            )
            for folder, patterns in left_out.items()
        ]
        pushes: Any = PushInProgress()
        pushes.jobs = [*(pending.jobs if pending is not None else []), *jobs]
        self.push_in_progress = pushes

    def _finish_current_push(self) -> None:
        super()._finish_current_push()
        pushes: Any = getattr(self, "push_in_progress", None)  # only there where something is to be pushed
        for job in pushes.jobs if pushes is not None else []:
            if job.exception() is not None:
                reason = first_line(job.exception())
                logger.warning("a push during the training failed (%s); the last one has everything", reason)

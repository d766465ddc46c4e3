"""What comes before everything else in a run: logging, the environment, the seed."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import datasets
import huggingface_hub
import transformers
from transformers import set_seed

from ..arguments import HeadTrainingArguments
from ..errors import UserError

logger = logging.getLogger(__name__)


def start_run(training: HeadTrainingArguments) -> None:
    """Sets up logging and the seed, and makes sure that the folders can be written and hold no other run that would be lost.

    A token for the Hub moves from the arguments to the environment variable HF_TOKEN: arguments are written to disk, the
    environment is not.

    Raises:
        UserError: `output_dir` holds checkpoints of another run, or a model where none is trained; or a folder cannot be
            written.
    """
    level = logging.INFO if training.process_index == 0 else logging.ERROR
    logging.basicConfig(format="%(message)s", level=logging.WARNING, handlers=[logging.StreamHandler(sys.stdout)])
    logging.getLogger("utils").setLevel(level)
    if not sys.stderr.isatty():  # bars are for eyes; a log keeps the lines that say the same
        datasets.disable_progress_bars()
        huggingface_hub.utils.disable_progress_bars()
        transformers.utils.logging.disable_progress_bar()
    if training.hub_token is not None:
        os.environ["HF_TOKEN"] = training.hub_token
        training.hub_token = None
    _check_writable(training.folder, "--output_dir")
    _check_writable(Path(datasets.config.HF_DATASETS_CACHE), "HF_DATASETS_CACHE")
    _check_earlier_run(training)
    if training.output_dir is None or str(training.folder) == "trainer_output":
        logger.info("no --output_dir: this run goes to %s", training.folder)
    set_seed(training.seed)  # before the model is built: its head is random


def _check_writable(folder: Path, name: str) -> None:
    """Raises UserError where a folder, or the nearest that there is above it, cannot be written; makes none."""
    place = folder.absolute()
    while not (place.exists() or place.is_symlink()):
        place = place.parent
    if not place.is_dir():
        what = "is no folder" if place.exists() else "is a link to what is not there"
        raise UserError(f"{name} {folder}: {place} {what}; name another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UserError(f"{name} {folder}: {place} cannot be written; name another folder, or change its permissions")


def _check_earlier_run(training: HeadTrainingArguments) -> None:
    folder = training.folder
    if training.do_train:
        if training.resume_from_checkpoint is None and any(folder.glob("checkpoint-*")):
            cure = "--resume_from_checkpoint true goes on from the last one, another --output_dir begins anew"
            raise UserError(f"{folder} holds checkpoints of an earlier run: {cure}")
        if (folder / "run.json").exists():
            logger.info("%s holds an earlier run: this one takes its place when it is done", folder)
    elif (folder / "config.json").exists() or any(folder.glob("checkpoint-*/trainer_state.json")):
        raise UserError(f"{folder} holds a model, and a folder holds one run: name another --output_dir")

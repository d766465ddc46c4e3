"""What comes before everything else in a run: signals, logging, the environment, the seed."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import datasets
import huggingface_hub
import transformers
from accelerate.utils import broadcast_object_list
from transformers import set_seed

from ..arguments import HeadTrainingArguments
from ..errors import UserError, log_to, stop_on_signals
from ..files import PARTS, UNFINISHED, UNFINISHED_CHECKPOINT
from .checkpoints import CHECKPOINT_NAME, MANIFEST, FoundCheckpoint, how_to_go_on, newest, obstacle, read_manifest

logger = logging.getLogger(__name__)


def start_run(training: HeadTrainingArguments) -> None:
    """Sets up signals, logging and the seed, and makes sure that the folders can be written and hold no other run that would be lost.

    A token for the Hub moves from the arguments to the environment variable HF_TOKEN: arguments are written to disk, the
    environment is not.

    Raises:
        UserError: `output_dir` holds checkpoints of another run, or a model where none is trained; there is no checkpoint to
            go on from; or a folder cannot be written.
    """
    stop_on_signals(lambda: how_to_go_on(training.folder if training.do_train else None))
    stream = sys.stdout if training.leaves_files else sys.stderr
    log_to(stream, logging.INFO if training.process_index == 0 else logging.ERROR)
    # Where no files are left, a table is all that is printed.
    logging.getLogger("utils").setLevel(logging.INFO if training.leaves_files else logging.WARNING)
    # Bars are for eyes; a log keeps the lines that say the same.
    if not (training.leaves_files and sys.stderr.isatty()):
        datasets.disable_progress_bars()
        huggingface_hub.utils.disable_progress_bars()
        transformers.utils.logging.disable_progress_bar()
    if training.hub_token is not None:
        os.environ["HF_TOKEN"] = training.hub_token
        training.hub_token = None
    if not training.leaves_files:
        training.output_dir = "."  # Trainer makes the folder that it is told
        set_seed(training.seed)
        return
    _check_writable(training.folder, "--output_dir")
    _check_writable(Path(datasets.config.HF_DATASETS_CACHE), "HF_DATASETS_CACHE")
    _check_links(training)
    _check_earlier_run(training)
    if training.output_dir is None or str(training.folder) == "trainer_output":
        logger.info("no --output_dir: this run goes to %s", training.folder)
    if training.do_train and training.resume_from_checkpoint is not None:
        training.resume_from_checkpoint = str(_checkpoint_to_go_on_from(training))
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


def _check_links(training: HeadTrainingArguments) -> None:
    """Raises UserError where links in `output_dir` would have files elsewhere changed, or pushed to the Hub."""
    folder = training.folder
    for name in (UNFINISHED, UNFINISHED_CHECKPOINT, PARTS):
        if (folder / name).is_symlink():
            raise UserError("is a link, and this run would write where it leads; remove it", file=folder / name)
    if not training.push_to_hub or not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if CHECKPOINT_NAME.fullmatch(entry.name):  # checkpoints are not pushed
            continue
        for path in (entry, *(entry.rglob("*") if entry.is_dir() and not entry.is_symlink() else ())):
            if path.is_symlink() and folder.resolve() not in path.resolve().parents:
                raise UserError("--push_to_hub would send what this link leads to; remove it", file=path)


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


def _checkpoint_to_go_on_from(training: HeadTrainingArguments) -> Path:
    """The checkpoint that `resume_from_checkpoint` names, or the newest whole one in the folder that it stands for.

    Raises:
        UserError: there is none, or the one that is named is damaged.
    """
    answer: list[FoundCheckpoint | UserError | None] = [None]
    if training.process_index == 0:  # one decides for all: they might see different states of a disk
        try:
            answer = [_find_checkpoint(training)]
        except UserError as error:
            answer = [error]
    found = broadcast_object_list(answer)[0]
    if isinstance(found, UserError):
        raise found
    if found.skipped:
        logger.warning("--resume_from_checkpoint: skipped %s", ", ".join(found.skipped))
    logger.info("--resume_from_checkpoint: going on from %s", found.checkpoint)
    then, now = read_manifest(found.checkpoint)["processes"], training.world_size
    if then != now:
        what = "order of rows and random numbers are not those of an uninterrupted run"
        logger.warning("%s was saved by %d processes, and this run has %d: %s", found.checkpoint, then, now, what)
    return found.checkpoint


def _find_checkpoint(training: HeadTrainingArguments) -> FoundCheckpoint:
    asked, flag = str(training.resume_from_checkpoint), "--resume_from_checkpoint"
    folder = training.folder if asked.lower() == "true" else Path(asked)
    if folder != training.folder and not folder.is_dir():
        raise UserError(f"{flag}: there is no folder {folder}")
    if CHECKPOINT_NAME.fullmatch(folder.name) or (folder / MANIFEST).exists():
        wrong = obstacle(folder, training.load_best_model_at_end)
        if wrong is not None:
            cure = f"{flag} true takes the newest in --output_dir that is whole"
            raise UserError(f"{flag}: no run can go on from here: {wrong}; {cure}", file=folder)
        return FoundCheckpoint(folder, [])
    found = newest(folder, training.load_best_model_at_end)
    if found.checkpoint is None and found.skipped:
        shown = ", ".join(found.skipped[:2] + ["..."] * (len(found.skipped) > 2))
        cure = f"remove {'it' if len(found.skipped) == 1 else 'them'} to begin anew"
        raise UserError(f"{flag}: no run can go on from {shown}; {cure}", file=folder)
    if found.checkpoint is None:
        raise UserError(f"{flag}: there is no checkpoint in {folder} to go on from")
    return found

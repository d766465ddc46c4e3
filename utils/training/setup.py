"""What comes before everything else in a run: logging, the environment, the seed."""

from __future__ import annotations

import logging
import os
import sys

import datasets
import huggingface_hub
import transformers
from transformers import set_seed

from ..arguments import HeadTrainingArguments
from ..errors import UserError


def start_run(training: HeadTrainingArguments) -> None:
    """Sets up logging and the seed, and makes sure that nothing of an earlier run is overwritten.

    A token for the Hub moves from the arguments to the environment variable HF_TOKEN: arguments are written to disk, the
    environment is not.

    Raises:
        UserError: `output_dir` holds checkpoints of another run.
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
    if training.do_train and training.resume_from_checkpoint is None and any(training.folder.glob("checkpoint-*")):
        cure = "--resume_from_checkpoint true goes on from the last one, another --output_dir begins anew"
        raise UserError(f"{training.folder} holds checkpoints of an earlier run: {cure}")
    set_seed(training.seed)  # before the model is built: its head is random

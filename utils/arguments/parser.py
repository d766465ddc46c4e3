"""From a recipe and the command line to checked arguments."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import itertools
import math
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from transformers import HfArgumentParser
from transformers.hf_argparser import string_to_bool

from ..errors import UserError, first_line, without_debug, without_tokens
from .data import DataArguments
from .help import Formatter, sections
from .model import ModelArguments
from .recipe import FALSE_WORDS, TRUE_WORDS, check_permissions, read_recipe
from .training import HeadTrainingArguments
from .unknown import meant_by

LONG = 200  # characters of a message
NEGATIVE = re.compile(r"-(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|-inf|-nan", re.IGNORECASE)  # argparse takes -1e6 for a flag


class Arguments(NamedTuple):
    """What a run is told."""

    model: ModelArguments
    data: Any  # the script's kind of `DataArguments`
    training: HeadTrainingArguments


def program() -> str:
    """How this program was started: `python run_qa.py`, or `electra-heads qa` where it is installed."""
    name = Path(sys.argv[0]).name
    return f"python {name}" if name.endswith(".py") else name


def command_line() -> str:
    """The command that this is, to be kept and shown: without tokens."""
    return without_tokens(f"{program()} {shlex.join(sys.argv[1:])}")


def true_or_false(text: str) -> bool:
    """The value of a flag that is switched on or off.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    if text.lower() in TRUE_WORDS:
        return True
    if text.lower() in FALSE_WORDS:
        return False
    raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")


class Parser(HfArgumentParser):
    """Says what is wrong with the flags in one line, and shows them in groups."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, formatter_class=Formatter, **kwargs)
        debug = "Show the traceback of an error."
        if "--debug" in self._option_string_actions:  # TrainingArguments has one that means something else
            own = self._option_string_actions["--debug"]
            own.help, own.nargs = debug, 0
        else:
            self.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=debug)
        self._negative_number_matcher = NEGATIVE
        for action in self._actions:
            if action.type is string_to_bool:
                action.type = true_or_false

    def complete(self) -> None:
        """Tells a shell that asks what may follow, and ends; argcomplete, which then is installed, takes the words from there."""
        if "_ARGCOMPLETE" in os.environ:
            import argcomplete

            argcomplete.autocomplete(self)

    def format_help(self) -> str:
        if not self.dataclass_types:
            return super().format_help()
        formatter = self._get_formatter()
        formatter.add_text(f"usage: {self.prog} [RECIPE.yaml] [--flag value ...]")
        formatter.add_text(self.description)
        for title, actions in sections(self._actions, list(self.dataclass_types)):
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def error(self, message: str) -> NoReturn:
        found = re.fullmatch(r"(.*invalid choice: '(.*)') \(choose from (.*)\)", message)
        if found and len(message) > LONG:  # optimizers and schedulers
            close = difflib.get_close_matches(found[2], re.findall(r"[\w-]+", found[3]), n=1)
            message = found[1] + (f"; did you mean '{close[0]}'?" if close else "")
        raise UserError(f"{message}; {self.prog} --help lists all flags")


def parse_arguments(
    data_arguments: type[DataArguments], argv: Sequence[str] | None = None, description: str | None = None
) -> Arguments:
    """Reads `[RECIPE.yaml|.json] [--flag value ...]`: the file first, the flags win over it.

    Args:
        data_arguments: the script's kind of `DataArguments`.
        argv: the words after the script's name; default: `sys.argv`.
        description: of the script, for --help.

    Raises:
        UserError: an unknown flag or key, a value of the wrong kind, a contradiction.
    """
    argv = without_debug(sys.argv[1:] if argv is None else argv)
    kinds: list[Any] = [ModelArguments, data_arguments, HeadTrainingArguments]
    parser = Parser(kinds, allow_abbrev=False, description=description)
    parser.complete()
    if argv and not argv[0].startswith("-"):
        names = [item.name for kind in kinds for item in dataclasses.fields(kind) if item.init]
        in_recipe = read_recipe(argv[0], names)
        told = {word.removeprefix("--"): value for word, value in itertools.pairwise(in_recipe)}
        check_permissions(told, argv[0], argv[1:])
        argv = in_recipe + argv[1:]
    known, left = parser.parse_known_args(argv)
    if left:
        raise UserError(_unknown(left[0], vars(known), parser.prog))
    try:
        arguments = Arguments(*parser.parse_args_into_dataclasses(argv, look_for_args_file=False))
    except (ImportError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(first_line(error)) from error
    _check_finite(arguments)
    if arguments.data.text is not None:
        _check_typed(arguments)
        # What is typed is answered on the terminal, without files and without bars.
        arguments.training.do_predict, arguments.training.disable_tqdm = False, True
    _check_contradictions(arguments)
    return arguments


def _unknown(word: str, names: dict[str, Any], script: str) -> str:
    name = word.partition("=")[0].lstrip("-")
    if not word.startswith("-"):
        several = "several files are named by a pattern in quotes, such as 'train-*.jsonl'"
        return f"'{word}' belongs to no flag; {several if Path(word).is_file() else f'{script} --help lists them'}"
    meant = meant_by(name, names, dashes="--")
    return f"there is no flag --{name}" + (f": {meant}" if meant else f"; {script} --help lists them")


def _check_finite(arguments: Arguments) -> None:
    """Raises UserError for a number that is nan or infinite."""
    for kind in arguments:
        for item in dataclasses.fields(kind):
            value = getattr(kind, item.name, None)
            if isinstance(value, float) and not math.isfinite(value):
                raise UserError(f"--{item.name} must be a number, not {value}")


def _check_contradictions(arguments: Arguments) -> None:
    """Raises UserError for contradictions between the kinds of arguments."""
    model, data, training = arguments
    if data.text is None and not training.leaves_files:
        raise UserError("nothing to do: give at least one of --do_train, --do_eval, --do_predict")
    if data.report and not (training.do_eval or training.do_predict):
        raise UserError("--report is on rows that are scored: give --do_eval or --do_predict, or leave it out")
    if data.streaming:
        _check_streaming(arguments)
    if training.calibrate and data.predict_split == "validation":
        cure = "give test rows, or leave one of them out"
        raise UserError(f"--calibrate chooses by the validation rows that --predict_split validation predicts: {cure}")
    frozen = [
        name for name in ("freeze_encoder", "freeze_layers", "lora") if getattr(training, name) not in (None, False)
    ]
    if frozen and model.config_name is not None:
        cure = "name a pretrained one with --model_name_or_path"
        raise UserError(f"--{frozen[0]} would leave the encoder of --config_name at its random weights; {cure}")
    for name in ("model_name_or_path", "config_name", "tokenizer_name"):
        place = getattr(model, name)
        if (
            training.leaves_files
            and place is not None
            and Path(place).is_dir()
            and _within(Path(place), training.folder)
        ):
            what = f"--{name} {place} is read from there"
            raise UserError(f"a folder holds one run, and {what}; name another --output_dir than {training.folder}")


def _check_streaming(arguments: Arguments) -> None:
    """Raises UserError where --streaming stands beside what needs all rows, or other processes."""
    _, data, training = arguments
    if not training.do_train:
        raise UserError("--streaming is of training rows: give --do_train, or leave it out")
    for name in ("freeze_encoder", "freeze_layers"):
        if getattr(training, name):
            raise UserError(f"--{name} keeps hidden states on disk, and --streaming nothing: give one of them")
    for kind, name in ((training, "dataloader_num_workers"), (data, "preprocessing_num_workers")):
        if getattr(kind, name):
            raise UserError(f"--streaming reads and tokenizes in the process that trains: leave --{name} out")


def _check_typed(arguments: Arguments) -> None:
    """Raises UserError where --text stands beside what it cannot do."""
    model, _, training = arguments
    if model.model_name_or_path is None:
        raise UserError("--text asks a trained checkpoint: name it with --model_name_or_path")
    if training.do_train or training.do_eval:
        flag = "--do_train" if training.do_train else "--do_eval"
        raise UserError(f"--text asks a checkpoint, and rows to learn from or to score are in files: leave {flag} out")
    if training.output_dir not in (None, "trainer_output"):  # the default
        cure = "leave --output_dir out, or put the texts into a file and give --test_file and --do_predict"
        raise UserError(f"--text prints and writes nothing: {cure}")


def _within(place: Path, folder: Path) -> bool:
    """Whether a place is this folder, or one of the checkpoints in it."""
    place, folder = place.resolve(), folder.resolve()
    return place == folder or (place.parent == folder and place.name.startswith(("checkpoint-", "unfinished")))

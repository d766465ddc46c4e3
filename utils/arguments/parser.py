"""From a recipe and the command line to checked arguments."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml
from transformers import HfArgumentParser

from ..errors import UserError
from .data import DataArguments
from .model import ModelArguments
from .training import HeadTrainingArguments


class Arguments(NamedTuple):
    """What a run is told."""

    model: ModelArguments
    data: Any  # the script's kind of `DataArguments`
    training: HeadTrainingArguments


class Parser(HfArgumentParser):
    """Says what is wrong with the flags in one line."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "--debug" not in self._option_string_actions:  # TrainingArguments has one
            debug = "Show the traceback of an error."
            self.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=debug)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help lists all flags")


def parse_arguments(data_arguments: type[DataArguments], argv: Sequence[str] | None = None) -> Arguments:
    """Reads `[RECIPE.yaml|.json] [--flag value ...]`: the file first, the flags win over it.

    Args:
        data_arguments: the script's kind of `DataArguments`.
        argv: the words after the script's name; default: `sys.argv`.

    Raises:
        UserError: an unknown flag or key, a value of the wrong kind, a contradiction.
    """
    argv = [arg for arg in (sys.argv[1:] if argv is None else argv) if arg != "--debug"]  # see `errors.run`
    kinds: list[Any] = [ModelArguments, data_arguments, HeadTrainingArguments]
    parser = Parser(kinds, allow_abbrev=False)
    if argv and not argv[0].startswith("-"):
        names = [item.name for kind in kinds for item in dataclasses.fields(kind) if item.init]
        argv = read_recipe(argv[0], names) + argv[1:]
    try:
        arguments = Arguments(*parser.parse_args_into_dataclasses(argv))
    except ValueError as error:
        raise UserError(str(error)) from error
    if arguments.training.freeze_encoder and arguments.model.config_name is not None:
        cure = "name a pretrained one with --model_name_or_path"
        raise UserError(f"--freeze_encoder would leave the encoder of --config_name at its random weights; {cure}")
    return arguments


def read_recipe(path: str, names: Sequence[str]) -> list[str]:
    """Turns a YAML or JSON file of `flag: value` into command-line arguments.

    Raises:
        UserError: no such file, not a mapping, or a key that is not in `names`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        recipe = yaml.safe_load(text)  # JSON is YAML
    except OSError as error:
        raise UserError(f"cannot read the recipe ({error.strerror}); flags begin with --", file=path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"is neither YAML nor JSON: {error}", file=path) from error
    if not isinstance(recipe, dict):
        raise UserError("a recipe is a mapping, one 'flag: value' a line", file=path)
    arguments: list[str] = []
    for key, value in recipe.items():
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1)
            row = next((i for i, line in enumerate(text.splitlines(), 1) if str(key) in line), None)
            cure = f"did you mean '{close[0]}'?" if close else "--help lists the flags, the keys are the same"
            raise UserError(f"unknown key '{key}'; {cure}", file=path, row=row)
        if value is None:
            continue
        arguments += [f"--{key}", *flag_words(value)]
    return arguments


def flag_words(value: Any) -> list[str]:
    """A value of YAML or JSON as the words after a flag."""
    values = value if isinstance(value, list) else [value]
    return [json.dumps(v) if isinstance(v, dict) else str(v) for v in values]

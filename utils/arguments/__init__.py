"""Flags and recipes: one dataclass per concern, checked before anything long begins."""

from .data import DataArguments, QADataArguments, SequenceDataArguments, TokenDataArguments
from .model import ModelArguments
from .parser import Arguments, Parser, command_line, parse_arguments, program
from .recipe import as_words, check_keys, check_permissions, read_mapping, read_recipe
from .training import HeadTrainingArguments
from .yaml_file import read_yaml

__all__ = [
    "Arguments",
    "DataArguments",
    "HeadTrainingArguments",
    "ModelArguments",
    "Parser",
    "QADataArguments",
    "SequenceDataArguments",
    "TokenDataArguments",
    "as_words",
    "check_keys",
    "check_permissions",
    "command_line",
    "parse_arguments",
    "program",
    "read_mapping",
    "read_recipe",
    "read_yaml",
]

"""A YAML or JSON file of flags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from .unknown import meant_by
from .yaml_file import read_node, read_yaml

# What switches these off. YAML reads a bare `no` or `off` as a truth value, which none of them is.
OFF = {"eval_strategy": "no", "save_strategy": "no", "logging_strategy": "no", "report_to": "none"}
OFF_WORDS = ("no", "off", "false", "none")
# What people write for true and false.
TRUE_WORDS = ("true", "yes", "on", "t", "y", "1")
FALSE_WORDS = ("false", "no", "off", "f", "n", "0")
NO_MAPPING = "a recipe is a mapping, one 'flag: value' a line"
# What runs code of others, or a command. A file that came from somewhere does not decide that.
FOR_THE_COMMAND_LINE = {"trust_remote_code": "code of a model's repository runs", "launcher": "it is a command"}


def read_recipe(path: str, names: Sequence[str]) -> list[str]:
    """Turns a YAML or JSON file of `flag: value` into command-line arguments; values are taken as they are written.

    Raises:
        UserError: no such file, not a mapping, a key that is not in `names`, or one that stands there twice.
    """
    with _readable(path):
        node, loader = read_node(path)
        if not isinstance(node, yaml.MappingNode):
            raise UserError(NO_MAPPING, file=path)
        _check_twice(path, node)
        loader.flatten_mapping(node)
        arguments: list[str] = []
        for key, value in node.value:
            row = key.start_mark.line + 1
            if key.value not in names:
                cure = meant_by(str(key.value), names) or "--help lists the flags, the keys are the same"
                raise UserError(f"unknown key '{key.value}'; {cure}", file=path, row=row)
            words = _words(key.value, value, loader)
            _check_values(key.value, words[1:], file=path, row=row)
            arguments += words
    return arguments


def read_mapping(path: str) -> dict[Any, Any]:
    """Reads a YAML or JSON file that holds a mapping.

    Raises:
        UserError: no such file, or not a mapping.
    """
    with _readable(path):
        mapping = read_yaml(path)
    if not isinstance(mapping, dict):
        raise UserError(NO_MAPPING, file=path)
    return mapping


@contextmanager
def _readable(path: str) -> Iterator[None]:
    """Makes one line of what goes wrong while a file is read."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot read the recipe ({error.strerror}); flags begin with --", file=path) from error
    except (yaml.YAMLError, OverflowError, ValueError) as error:
        raise UserError(f"is neither YAML nor JSON: {error}", file=path) from error


def check_keys(mapping: Mapping[Any, Any], names: Sequence[str], path: str) -> None:
    """Raises UserError for a key that is not in `names`, with the nearest name and the row in the file."""
    for key in mapping:
        if key not in names:
            text = Path(path).read_text(encoding="utf-8-sig")
            row = next((i for i, line in enumerate(text.splitlines(), 1) if str(key) in line), None)
            cure = meant_by(str(key), names) or "--help lists the flags, the keys are the same"
            raise UserError(f"unknown key '{key}'; {cure}", file=path, row=row)


def check_permissions(told: Mapping[str, Any], path: str, argv: Sequence[str]) -> None:
    """Raises UserError where a file asks for code to be run, and the command line does not.

    Args:
        told: the flags in the file.
        argv: the words of the command line.
    """
    for name, what in FOR_THE_COMMAND_LINE.items():
        off = told.get(name) is None or str(told[name]).lower() in FALSE_WORDS
        if not off and not any(word.partition("=")[0] == f"--{name}" for word in argv):
            cure = f"give --{name} on the command line, if you trust it"
            raise UserError(f"{name}: {what}, which a file alone does not allow; {cure}", file=path)


def as_words(mapping: Mapping[Any, Any]) -> list[str]:
    """Turns `flag: value` into command-line arguments; a flag without a value is left out.

    Raises:
        UserError: a value that would be read as a flag.
    """
    words: list[str] = []
    for name, value in mapping.items():
        if value is None or value == []:
            continue
        values = value if isinstance(value, list) else [OFF[name]] if name in OFF and value is False else [value]
        texts = [json.dumps(v) if isinstance(v, dict) else str(v) for v in values]
        _check_values(name, texts)
        words += [f"--{name}", *texts]
    return words


def _check_values(name: str, values: Sequence[str], **place: Any) -> None:
    """Raises UserError for a value that the command line would take for another flag, such as one that runs code."""
    for value in values:
        if value.startswith("--"):
            raise UserError(f"a value of {name} is '{value}', and what begins with -- is a flag; change it", **place)


def _check_twice(path: str, node: yaml.MappingNode) -> None:
    rows: dict[str, int] = {}
    for key, _ in node.value:
        row = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode) and rows.setdefault(key.value, row) != row:
            raise UserError(f"'{key.value}' is also in row {rows[key.value]}; leave one out", file=path, row=row)


def _words(name: str, value: yaml.Node, loader: Any) -> list[str]:
    """A flag and its values as words of a command line; none where the value is empty."""
    values = value.value if isinstance(value, yaml.SequenceNode) else [value]
    if value.tag == "tag:yaml.org,2002:null" or not values:
        return []
    if name in OFF and len(values) == 1 and str(values[0].value).lower() in OFF_WORDS:
        return [f"--{name}", OFF[name]]
    return [
        f"--{name}",
        *(v.value if isinstance(v, yaml.ScalarNode) else json.dumps(loader.construct_object(v, True)) for v in values),
    ]

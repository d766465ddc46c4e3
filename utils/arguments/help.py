"""How `--help` looks: the few flags that everybody needs first, the library's many last."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

FIRST = (
    "model_name_or_path config_name head task_name train_file validation_file test_file text question do_train do_eval do_predict output_dir "
    "learning_rate head_learning_rate num_train_epochs per_device_train_batch_size max_seq_length seed help debug"
).split()
MOST_CHOICES = 16  # that are listed; of more, "did you mean" helps
UNSAID = (None, False, "", argparse.SUPPRESS)  # defaults that say nothing


class Formatter(argparse.RawDescriptionHelpFormatter):
    """One name per flag, choices that can be read, and defaults only where there are some."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        name = max(action.option_strings, key=len)
        if action.nargs == 0 or action.const is True:  # --flag, --flag true
            return name
        if action.choices is not None and len(list(action.choices)) <= MOST_CHOICES // 2:
            return f"{name} {'|'.join(map(str, action.choices))}"
        word = (
            "INT" if action.type is int else "FLOAT" if action.type is float else action.dest.rpartition("_")[2].upper()
        )
        return f"{name} {word}{' ...' if action.nargs in ('+', '*') else ''}"

    def _get_help_string(self, action: argparse.Action) -> str:
        text = " ".join((action.help or "").split())
        if action.choices is not None and MOST_CHOICES // 2 < len(list(action.choices)) <= MOST_CHOICES:
            text += f" One of {', '.join(map(str, action.choices))}."
        default = action.default if not isinstance(action.default, list) else " ".join(map(str, action.default))
        if any(default is one or default == one for one in UNSAID) or "default" in text:
            return text.replace("%", "%%")
        return f"{text} (default: {default})".replace("%", "%%")


def sections(actions: Sequence[argparse.Action], kinds: Sequence[Any]) -> Iterator[tuple[str, list[argparse.Action]]]:
    """Yields titles and flags: the first ones, then those of each kind of arguments, those that it inherits last.

    Args:
        actions: of the parser.
        kinds: the dataclasses that it fills.
    """
    left = {action.dest: action for action in actions if not action.option_strings[0].startswith("--no_")}
    if len(kinds) > 1:
        yield "what everybody needs", [left.pop(name) for name in FIRST if name in left]
    for kind in kinds:
        for title, names in _groups(kind):
            own = [left.pop(name) for name in names if name in left]
            if own:
                yield title, own
    if left:
        yield "others", list(left.values())


def _groups(kind: Any) -> Iterator[tuple[str, list[str]]]:
    """Titles of a kind of arguments, and the names of its fields: its own, and those of the library that it extends."""
    library = [base for base in kind.__mro__[1:] if base.__module__.startswith("transformers.")]
    theirs = {item.name for base in library if dataclasses.is_dataclass(base) for item in dataclasses.fields(base)}
    names = [item.name for item in dataclasses.fields(kind)]
    yield (
        kind._argument_group_name,
        [name for name in names if name not in theirs or name in vars(kind)["__annotations__"]],
    )
    yield "TrainingArguments of transformers", names

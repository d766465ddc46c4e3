"""What is tuned: a YAML file of ranges, and the trials that one quasi-random sequence takes from it.

    shared:                       # flags of training, and arguments that every head has; the same points for all heads
      learning_rate: {log: [1e-5, 1e-4]}
      num_train_epochs: {int: [2, 4]}
      dropout: {uniform: [0, 0.3]}
    heads:                        # what a head has for itself
      lstm:
        lstm_size: {choice: [128, 256, 512]}

A setting is a dictionary of values by name.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml
from scipy.stats import qmc

from heads import HEADS
from utils.arguments import HeadTrainingArguments, read_yaml
from utils.errors import UserError

from ..arguments import ALIKE

# Of the sequence, whatever is tuned: so a further head or range leaves the others' points as they are.
DIMENSIONS = 32
SEQUENCE_SEED = 0
DIGITS = 3  # significant ones of a value, so that a setting can be read and typed
MOST_CHOICES = 1000  # values, each of which is compared with the others
KINDS = ("log", "uniform", "int", "choice")


@dataclass(frozen=True)
class Range:
    """The values that one argument may take.

    Attributes:
        kind: `log` and `uniform`: numbers between two ends; `int`: whole ones, both ends included; `choice`: one of a list.
        values: the two ends, or the list.
    """

    kind: str
    values: tuple[Any, ...]

    def at(self, point: float) -> Any:
        """The value at a point of [0, 1)."""
        if self.kind == "choice":
            return self.values[int(point * len(self.values))]
        low, high = self.values
        if self.kind == "int":
            return low + int(point * (high - low + 1))
        value = low * (high / low) ** point if self.kind == "log" else low + point * (high - low)
        return min(max(float(f"{value:.{DIGITS}g}"), low), high)


@dataclass(frozen=True)
class Space:
    """Ranges by name: of all heads, and of each head for itself."""

    shared: dict[str, Range]
    heads: dict[str, dict[str, Range]]

    def ranges(self, head: str) -> dict[str, Range]:
        """All ranges of a head, those that heads share first."""
        return self.shared | self.heads.get(head, {})

    def settings(self, head: str, count: int) -> list[dict[str, Any]]:
        """The first trials of a head.

        They are the points of a scrambled Sobol sequence (Sobol 1967; Owen 1998): more evenly spread than random ones, and the
        first n of N are the first n whatever N is. What heads share takes the first dimensions, so it has the same values in
        trial i of every head; what a head has for itself takes those after them.
        """
        points = qmc.Sobol(DIMENSIONS, scramble=True, rng=SEQUENCE_SEED).random_base2(math.ceil(math.log2(count)))
        ranges = list(self.ranges(head).items())
        return [
            {name: own.at(float(value)) for (name, own), value in zip(ranges, point, strict=False)}
            for point in points[:count]
        ]

    def as_dict(self) -> dict[str, Any]:
        """The space as its file says it."""
        parts = {"shared": self.shared, **self.heads}
        plain = {part: {name: {own.kind: list(own.values)} for name, own in of.items()} for part, of in parts.items()}
        return {"shared": plain.pop("shared"), "heads": plain}


def head_arguments(head: str) -> list[str]:
    """What `--head_kwargs` takes for a head."""
    given_by_model = ("self", "hidden_size", "num_labels", "per_token")
    return [name for name in inspect.signature(HEADS[head].__init__).parameters if name not in given_by_model]


def training_flags() -> list[str]:
    """The flags of training that may differ between runs of one comparison."""
    names = [item.name for item in fields(HeadTrainingArguments) if item.init]
    return [name for name in names if name not in ALIKE and not name.startswith("hub_")]


def read_space(file: str | Path, heads: Sequence[str]) -> Space:
    """Reads the ranges of some heads.

    Raises:
        UserError: no such file, unknown keys, or ranges that are none.
    """
    try:
        content = read_yaml(file)
        text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read the space ({error.strerror})", file=file) from error
    except (yaml.YAMLError, OverflowError, ValueError) as error:
        raise UserError(f"is no YAML: {error}", file=file) from error
    reader = _Reader(file, text)
    parts = reader.mapping(content, "the file", ["shared", "heads"])
    by_head = reader.mapping(parts.get("heads") or {}, "heads", list(HEADS))
    common = [name for name in head_arguments(heads[0]) if all(name in head_arguments(head) for head in heads)]
    shared = reader.ranges(parts.get("shared") or {}, "shared", [*training_flags(), *common])
    own = {
        head: reader.ranges(by_head.get(head) or {}, f"heads: {head}", [*head_arguments(head), *training_flags()])
        for head in heads
    }
    for head, ranges in own.items():
        twice = [name for name in ranges if name in shared]
        if twice:
            raise UserError(f"{twice[0]} is in 'shared' and in 'heads: {head}': name it once", file=file)
        if not shared and not ranges:
            raise UserError(f"nothing of the {head} head is tuned: give it a range in 'shared' or 'heads'", file=file)
        if len(shared) + len(ranges) > DIMENSIONS:
            raise UserError(f"at most {DIMENSIONS} ranges for a head, not {len(shared) + len(ranges)}", file=file)
    return Space(shared, {head: ranges for head, ranges in own.items() if ranges})


class _Reader:
    """The parts of a file of ranges; its errors name the row."""

    def __init__(self, file: str | Path, text: str):
        self.file, self.rows = file, text.splitlines()

    def mapping(self, content: Any, place: str, known: Sequence[str]) -> Mapping[str, Any]:
        """The content, once it is sure that it is a mapping whose keys are known."""
        if not isinstance(content, dict):
            raise UserError(f"{place} must be a mapping of {', '.join(known[:4])}, ..., not {content}", file=self.file)
        for key in content:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                cure = f"did you mean '{near[0]}'?" if near else f"{place} takes {_some(known)}"
                raise self.error(f"unknown key '{key}'; {cure}", key)
        return content

    def ranges(self, content: Any, place: str, known: Sequence[str]) -> dict[str, Range]:
        """A mapping of names to ranges."""
        return {name: self.range(name, value) for name, value in self.mapping(content, place, known).items()}

    def range(self, name: str, content: Any) -> Range:
        """One range: a mapping of one kind to a list."""
        if not isinstance(content, dict) or len(content) != 1:
            raise self.error(f"{name} needs one of {', '.join(KINDS)}, as in '{name}: {{log: [1e-5, 1e-4]}}'", name)
        ((kind, values),) = self.mapping(content, name, KINDS).items()
        if not isinstance(values, list) or not values:
            raise self.error(f"{name}: {kind} takes a list, not {values}", name)
        if kind == "choice":
            if len(values) > MOST_CHOICES:
                raise self.error(f"{name}: a choice is of {MOST_CHOICES:,} values at most, not {len(values):,}", name)
            if any(value in values[:i] for i, value in enumerate(values)):
                raise self.error(f"{name}: a choice is there twice", name)
            return Range(kind, tuple(values))
        low, high = self.ends(name, kind, values)
        if not low < high or (kind == "log" and low <= 0):
            above = " above 0" if kind == "log" else ""
            raise self.error(f"{name}: {kind} takes two numbers{above}, the smaller first, not {values}", name)
        return Range(kind, (low, high))

    def ends(self, name: str, kind: str, values: list) -> tuple[Any, Any]:
        """The two ends of a range. YAML reads 1e-5 as a text and 1.0e-5 as a number; both are numbers here."""
        try:
            low, high = (float(value) for value in values)
        except (OverflowError, TypeError, ValueError) as error:
            raise self.error(f"{name}: {kind} takes two numbers, not {values}", name) from error
        if not (math.isfinite(low) and math.isfinite(high)):
            raise self.error(f"{name}: {kind} takes two numbers, not {values}", name)
        if kind != "int":
            return low, high
        if low % 1 or high % 1:
            raise self.error(f"{name}: int takes two whole numbers, not {values}", name)
        return int(low), int(high)

    def error(self, message: str, key: Any) -> UserError:
        """An error at the row of a key."""
        row = next((i for i, line in enumerate(self.rows, 1) if line.strip().startswith(f"{key}:")), None)
        return UserError(message, file=self.file, row=row)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else "flags of training and arguments of the heads"

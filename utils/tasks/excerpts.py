"""What a report says of single rows: whether they are wrong, a part of their text, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..data.splits import Split
from ..metrics.calibration import calibration_sums

SOURCE_COLUMNS = ("source", "domain", "genre")


class Mistake(NamedTuple):
    """A row that is wrong.

    Attributes:
        row: its place in the split.
        confidence: the probability that the most confident wrong decision was made with; of numbers the size of the error.
        place: the character of the text that it is about.
    """

    row: int
    confidence: float
    place: int = 0


class Judged(NamedTuple):
    """What came of the rows of a split.

    Attributes:
        decisions: by what is decided, in words, the probability of every decision and whether it was right; empty for numbers.
        mistakes: the rows that are wrong.
    """

    decisions: Mapping[str, tuple[Sequence[float], Sequence[bool]]]
    mistakes: list[Mistake]

    def sums(self) -> dict[str, np.ndarray]:
        """By what is decided what calibration is computed from, (15, 3); it adds up over parts of the rows."""
        return {name: calibration_sums(*decided) for name, decided in self.decisions.items()}


def around(text: str, place: int, most: int) -> str:
    """The text, or about `most` characters of it around a place, in whole words where it has such."""
    if len(text) <= most:
        return text
    start = max(0, min(place - most // 3, len(text) - most))
    end, reach = start + most, most // 8
    if start and (space := text.find(" ", start, start + reach)) > 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", end - reach, end)) > 0:
        end = space
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def find_sources(split: Split, taken: Sequence[str | None] = ()) -> list[str | None]:
    """Where every row comes from, as a column says it that is called so; None where there is none.

    Args:
        taken: columns that hold something else.
    """
    names = [name for name in SOURCE_COLUMNS if name not in taken]
    found = next((name for name in names if any(row.fields.get(name) for row in split.rows)), None)
    values = [row.fields.get(found) if found else None for row in split.rows]
    return [" ".join(str(value).split())[:60] if value not in (None, "") else None for value in values]

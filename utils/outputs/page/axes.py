"""Scales, ticks and places of labels, in units of a drawing."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH = 360  # of every drawing: as wide as a phone, so that texts stay legible there; a wide window enlarges it
ANYTHING = (-math.inf, math.inf)  # limits of what has none
LETTER_WIDTH = 6.1  # mean of Latin letters, at the 11 units of the drawings' texts


class Box(NamedTuple):
    """The room that a label or a dot takes."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True)
class Scale:
    """A linear map from values in `low`..`high` to coordinates in `start`..`end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Returns at most `most` round values within the scale, and their labels with as many decimals as tell them apart."""
        step = _round_step((self.high - self.low) / most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        values = [round(i * step, 12) for i in range(first, last + 1)]
        return [(value, f"{value:,.{decimals}f}".replace("-", "−")) for value in values]


def fit_scale(
    values: Iterable[float],
    start: float,
    end: float,
    zero: bool = False,
    limits: tuple[float, float] = ANYTHING,
) -> Scale:
    """Returns a scale from the smallest to the largest value, with a margin on both sides, but for what cannot be.

    Args:
        zero: the scale begins at 0, for values whose ratio a reader compares.
        limits: the least and the largest value that there can be.
    """
    found = list(values)
    low, high = min(found), max(found)
    margin = 0.05 * (high - low) or 0.01 * abs(high) or 1.0
    below = 0.0 if zero else max(low - margin, min(low, limits[0]))
    above = min(high + (3 if zero else 1) * margin, max(high, limits[1]))
    return Scale(below, above, start, end)


def score_limits(name: str, whole: float) -> tuple[float, float]:
    """The least and the largest value of a score or a loss.

    Args:
        whole: how 1.0 is shown, such as 100 in points.
    """
    if name.endswith(("loss", "mse")):
        return 0.0, math.inf
    return (-whole if name.endswith(("pearsonr", "spearmanr")) else 0.0), whole


def shift_apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Moves labels until they are `gap` apart and lie within `low`..`high`. Keeps their order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, after in zip(order, order[1:], strict=False):
        moved[after] = max(moved[after], moved[before] + gap)
    ceiling = high
    for i in reversed(order):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    return [max(place, low) for place in moved]


def text_width(text: str) -> float:
    """Estimates how wide a text is. A letter of Hangul is nearly as wide as two Latin ones."""
    return LETTER_WIDTH * sum(1.9 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def shorten(text: str, width: float) -> str:
    """Returns the text, or as much of its beginning as fits into `width`, with an ellipsis."""
    if text_width(text) <= width:
        return text
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def free_box(place: tuple[float, float], width: float, taken: Sequence[Box], limits: Box) -> Box:
    """Finds room for a label of two lines on the right or on the left of its mark, as near to it as possible.

    Args:
        place: x and y of the mark.
        width: of the label.
        taken: what the label must not cover.
        limits: where it must lie.
    """
    sides = (place[0] + 9, place[0] - 9 - width)
    shifts = sorted(range(-96, 97, 6), key=lambda shift: abs(shift + 12))
    boxes = [Box(x, place[1] + shift, x + width, place[1] + shift + 24) for shift in shifts for x in sides]
    inside = [box for box in boxes if limits.holds(box)]
    free = (box for box in inside if not any(box.overlaps(other) for other in taken))
    return next(free, (inside or boxes)[0])


def _round_step(least: float) -> float:
    """Returns the smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))

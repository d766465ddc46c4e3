"""Scales, ticks and the room that texts take, in units of a drawing: what every chart needs before it draws."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 360  # of every drawing: as wide as a phone, so that texts stay legible there; a wide window enlarges it
Box = tuple[float, float, float, float]  # left, top, right, bottom
LETTER = 6.1  # mean advance of a Latin letter at the 11 units of the drawings' texts


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
        """At most `most` round values within the scale, and their labels, which have the decimals that tell them apart."""
        step = _round_step((self.high - self.low) / most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        values = [round(i * step, 12) for i in range(first, last + 1)]
        return [(value, f"{value:,.{decimals}f}".replace("-", "−")) for value in values]


def fit(values: Iterable[float], start: float, end: float, zero: bool = False) -> Scale:
    """A scale zoomed to the values with a little air around them.

    Args:
        zero: the scale begins at 0, as ratios want it.
    """
    found = list(values)
    low, high = min(found), max(found)
    air = 0.05 * (high - low) or 0.01 * abs(high) or 1.0
    return Scale(0.0 if zero else low - air, high + (3 if zero else 1) * air, start, end)


def shift_apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places of labels, moved until they are `gap` apart and lie within `low`..`high`, their order kept."""
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
    """About how wide a text is; Hangul and the like count for two letters."""
    return LETTER * sum(1.9 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def shorten(text: str, width: float) -> str:
    """The text, or as much of its beginning as `width` holds, with an ellipsis."""
    if text_width(text) <= width:
        return text
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def free_box(place: tuple[float, float], width: float, taken: Sequence[Box], limits: Box) -> Box:
    """Where a label of two lines fits: on the right or on the left of its mark, as near to it as there is room."""
    sides = (place[0] + 9, place[0] - 9 - width)
    shifts = sorted(range(-96, 97, 6), key=lambda shift: abs(shift + 12))
    boxes = [(x, place[1] + shift, x + width, place[1] + shift + 24) for shift in shifts for x in sides]
    inside = [box for box in boxes if all(box[i] >= limits[i] and box[i + 2] <= limits[i + 2] for i in (0, 1))]
    free = (box for box in inside if not any(_overlap(box, other) for other in taken))
    return next(free, (inside or boxes)[0])


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))

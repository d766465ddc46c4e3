"""Random choices that come out alike on every Python version: all rest on `Random.random`, the one stable method."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
NUMBER = re.compile(r"<(\d+)-(\d+)(?:/(\d+))?>")


def pick(rng: Random, items: Sequence[T]) -> T:
    """One of `items`."""
    return items[int(rng.random() * len(items))]


def pop(rng: Random, items: list[T]) -> T:
    """One of `items`, taken out."""
    return items.pop(int(rng.random() * len(items)))


def shuffle(rng: Random, items: list[Any]) -> None:
    """Fisher-Yates, in place."""
    for i in range(len(items) - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        items[i], items[j] = items[j], items[i]


def draw_numbers(rng: Random, text: str) -> str:
    """`text` with every `<low-high>` or `<low-high/step>` replaced by a number from that range."""

    def number(match: re.Match[str]) -> str:
        low, high, step = int(match[1]), int(match[2]), int(match[3] or 1)
        return str(low + step * int(rng.random() * ((high - low) // step + 1)))

    return NUMBER.sub(number, text)

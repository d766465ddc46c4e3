"""Writes numbers for readers. What was not measured is a dash."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOTHING = "–"
_MINUS = "−"


def number(value: float | None, decimals: int = 0, sign: bool = False) -> str:
    """Writes `1,234`, `84.79` or `+0.12`, with a minus sign and not a hyphen."""
    if value is None:
        return NOTHING
    return f"{value:{'+' if sign else ''},.{decimals}f}".replace("-", _MINUS)


def significant(value: float | None) -> str:
    """Writes three digits, as many as a measured cost has: `0.123`, `3.14`, `512`, `1,240`."""
    if not value:
        return NOTHING if value is None else "0"
    rounded = float(f"{value:.3g}")
    return number(rounded, max(0, 2 - math.floor(math.log10(abs(rounded)))))


def plus_minus(mean: float | None, deviation: float | None, decimals: int) -> str:
    """Writes `84.79 ± 0.19`, or the mean alone."""
    spread = "" if deviation is None else f" ± {number(deviation, decimals)}"
    return number(mean, decimals) + spread


def interval(low: float | None, high: float | None, decimals: int, sign: bool = False) -> str:
    """Writes `84.55 to 85.03`."""
    if low is None or high is None:
        return NOTHING
    return f"{number(low, decimals, sign)} to {number(high, decimals, sign)}"


def gigabytes(count: float | None) -> str:
    """Writes bytes in GB of 10^9 bytes."""
    return NOTHING if count is None else f"{count / 1e9:.2f}"


def decimals_of(values: Sequence[float]) -> int:
    """Returns the decimals of scores: two for points, four where all scores are below 2."""
    return 2 if max(map(abs, values), default=0) >= 2 else 4

"""Numbers as a reader sees them. What was not measured is a dash."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOTHING = "–"
_MINUS = "−"


def number(value: float | None, decimals: int = 0, sign: bool = False) -> str:
    """`1,234`, `84.79`, `+0.12`; the minus is a real one."""
    if value is None:
        return NOTHING
    return f"{value:{'+' if sign else ''},.{decimals}f}".replace("-", _MINUS)


def significant(value: float | None) -> str:
    """Three digits, as measured costs deserve: `0.123`, `3.14`, `512`, `1,240`."""
    if not value:
        return NOTHING if value is None else "0"
    rounded = float(f"{value:.3g}")
    return number(rounded, max(0, 2 - math.floor(math.log10(abs(rounded)))))


def plus_minus(mean: float | None, deviation: float | None, decimals: int) -> str:
    """`84.79 ± 0.19`, or the mean alone."""
    spread = "" if deviation is None else f" ± {number(deviation, decimals)}"
    return number(mean, decimals) + spread


def interval(low: float | None, high: float | None, decimals: int, sign: bool = False) -> str:
    """`84.55 to 85.03`."""
    if low is None or high is None:
        return NOTHING
    return f"{number(low, decimals, sign)} to {number(high, decimals, sign)}"


def p_value(p: float | None) -> str:
    """`.57`, `.013`, `< .001`."""
    if p is None:
        return NOTHING
    if p < 0.001:
        return "< .001"
    text = f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return text.removeprefix("0")


def p_in_words(p: float) -> str:
    """`p = .57`, `p = .013`, `p < .001`."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def gigabytes(count: float | None) -> str:
    """Bytes in GB of 10^9 bytes."""
    return NOTHING if count is None else f"{count / 1e9:.2f}"


def decimals_of(values: Sequence[float]) -> int:
    """How many decimals scores deserve: two for points, four for what is about 1 or less."""
    return 2 if max(map(abs, values), default=0) >= 2 else 4

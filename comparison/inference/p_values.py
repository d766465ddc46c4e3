"""p values: the correction for many pairs, and how a reader sees them."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

LEVEL = 0.05  # a difference counts as shown below this p value; intervals hold 1 - LEVEL


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrects p values for their number (Holm 1979). One p value stays as it is."""
    if len(p_values) < 2:
        return list(p_values)
    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def format_p(p: float) -> str:
    """Writes a p value as `.57`, `.013` or `< .001`."""
    if p < 0.001:
        return "< .001"
    text = f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return text.removeprefix("0")


def p_in_words(p: float) -> str:
    """Writes a p value as `p = .57`, `p = .013` or `p < .001`."""
    text = format_p(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"

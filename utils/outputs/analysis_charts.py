"""The charts of `report.html`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .page.axes import WIDTH, Scale, fit_scale, score_limits
from .page.formatting import number
from .page.markup import Markup, element, fragment
from .page.shapes import (
    ChartRow,
    chart_of_rows,
    drawing,
    head_symbol,
    horizontal_grid,
    line,
    text,
    vertical_grid,
    whisker,
)

_EDGE = 10  # free on the left and on the right of a scale, for half a mark or half a label
_Z = 1.959964  # of a 95 % interval


def class_chart(classes: Sequence[tuple[str, Mapping[str, float]]], title: str, decimals: int, points: float) -> Markup:
    """Draws the F1 of every class as a bar from 0, with how many it is taken over.

    Args:
        points: see `SummableMetric.points`; they say where 1.0 is.
    """
    scale = Scale(0, 100.0 if points == 1 else 1.0, _EDGE, WIDTH - _EDGE)
    rows = []
    for name, values in classes:
        place = scale(values["f1"])
        marks = fragment(line(scale(0), 0, place, 0, "whisker h0"), head_symbol(0, place, 0))
        rows.append(ChartRow(name, f"{number(values['f1'], decimals)} (n = {number(values['support'])})", marks))
    words = "; ".join(f"{row.label}: {row.value}" for row in rows)
    return chart_of_rows(title, f"{words}.", rows, scale, "f1", depth=12)


def group_chart(
    groups: Sequence[tuple[str, Mapping[str, Any]]], title: str, metric: str, decimals: int, points: float
) -> Markup:
    """Draws the score of every group of rows with its 95 % interval.

    Args:
        points: see `SummableMetric.points`; they say where 1.0 is.
    """
    ends = [group[key] for _, group in groups for key in ("low", "score", "high") if group[key] is not None]
    limits = score_limits(metric, 100.0 if points == 1 else 1.0)
    scale = fit_scale(ends, _EDGE, WIDTH - _EDGE, limits=limits)
    rows = []
    for label, group in groups:
        marks = head_symbol(0, scale(group["score"]), 0)
        if group["low"] is not None:
            marks = fragment(whisker(scale, group["low"], group["high"], "whisker h0"), marks)
        rows.append(ChartRow(label, f"{number(group['score'], decimals)} ({number(group['rows'])} rows)", marks))
    words = "; ".join(f"{row.label}: {row.value}" for row in rows)
    return chart_of_rows(title, f"{words}.", rows, scale, metric, depth=12)


def reliability_chart(bins: Sequence[Mapping[str, Any]], what: str) -> Markup:
    """Draws the share that is right over the mean probability, and below it how many there are.

    Args:
        bins: with `from`, `to`, `count`, `probability` and `right`.
        what: whose probabilities they are.
    """
    left, bottom, floor = 34, 240, 318
    x, y = Scale(0, 1, left, WIDTH - _EDGE), Scale(0, 1, bottom, 8)
    parts = [vertical_grid(x, 8, bottom, 5), horizontal_grid(y, left, WIDTH - _EDGE)]
    parts.append(line(x(0), y(0), x(1), y(1), "margin"))
    most = max(one["count"] for one in bins)
    marks = []
    for one in bins:
        low, high = wilson(one["right"], one["count"])
        place = x(one["probability"])
        tip = f"{number(one['count'])} at {number(one['probability'], 3)}: {number(one['right'], 3)} right"
        parts.append(line(place, y(low), place, y(high), "whisker h0"))
        marks.append(head_symbol(0, place, y(one["right"]), tip))
        height = max(30 * one["count"] / most, 0.8)
        start, end = x(one["from"]) + 1, x(one["to"]) - 1
        bar = element("title", tip)
        parts.append(
            element("rect", bar, x=start, y=floor + 14 - height, width=end - start, height=height, class_="bar h0")
        )
    parts += marks
    parts.append(line(left, floor + 14, WIDTH - _EDGE, floor + 14, "grid"))
    parts.append(text((left + WIDTH - _EDGE) / 2, bottom + 30, f"probability of {what}", "middle", "axis"))
    parts.append(text(left, floor - 22, f"how many; at most {number(most)}", class_="axis"))
    words = "; ".join(f"{number(one['probability'], 2)}: {number(one['right'], 2)}" for one in bins)
    return drawing(floor + 20, f"Share that is right by the probability of {what}", f"{words}.", *parts)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)

"""The forest plot of a pair of heads: a row per data set, their mean, and what is expected on a further one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from utils.outputs.page.axes import WIDTH, Scale, fit_scale
from utils.outputs.page.formatting import interval, number
from utils.outputs.page.markup import Markup, element, fragment
from utils.outputs.page.shapes import ChartRow, chart_of_rows, whisker

from .charts import EDGE

DECIMALS = 2  # of points
# How far the scale goes beyond the data sets, as a share of their range; longer intervals end with an arrow.
_BEYOND = 0.5


def forest_chart(pair: Mapping[str, Any]) -> Markup | None:
    """Draws the differences in points with their 95 % intervals, their mean and the prediction interval.

    A filled dot marks a difference that is shown on its data set, a diamond the mean. None where no difference is in points.

    Args:
        pair: the fields of `inference.across.PairAcross`.
    """
    drawn = [one for one in pair["data_sets"] if one["unit"] == "points"]
    if not drawn:
        return None
    scale = _scale(drawn, pair["pooled"])
    rows = []
    for one in drawn:
        dot = element("circle", cx=scale(one["difference"]), cy=0, r=4.2, class_=_dot(one))
        marks = fragment(whisker(scale, one["low"], one["high"], "interval"), dot)
        rows.append(ChartRow(one["data_set"], _value(one["difference"], one["low"], one["high"]), marks))
    mean = pair["pooled"]
    if mean:
        marks = _diamond(scale, mean["low"], mean["mean"], mean["high"])
        value = _value(mean["mean"], mean["low"], mean["high"])
        rows.append(ChartRow(f"mean of {mean['data_sets']}", value, marks))
        if mean["prediction_low"] is not None:
            marks = whisker(scale, mean["prediction_low"], mean["prediction_high"], "prediction")
            value = interval(mean["prediction_low"], mean["prediction_high"], DECIMALS, sign=True)
            rows.append(ChartRow("a further data set", value, marks))
    words = "; ".join(f"{row.label}: {row.value}" for row in rows)
    title = f"{pair['head']} − {pair['baseline']} by data set"
    return chart_of_rows(title, f"{words}.", rows, scale, "difference, points", depth=14, zero=True)


def _dot(one: Mapping[str, Any]) -> str:
    return "decided" if one["better"] else "undecided"


def _scale(drawn: Sequence[Mapping[str, Any]], mean: Mapping[str, Any] | None) -> Scale:
    """A scale that shows the data sets whole, and of longer intervals what fits."""
    ends = [0.0, *(one[name] for one in drawn for name in ("low", "high"))]
    reach = _BEYOND * (max(ends) - min(ends))
    low, high = min(ends) - reach, max(ends) + reach
    more = [
        mean[name] for name in ("low", "high", "prediction_low", "prediction_high") if mean and mean[name] is not None
    ]
    return fit_scale([*ends, *(min(max(value, low), high) for value in more)], EDGE, WIDTH - EDGE)


def _diamond(scale: Scale, low: float, mean: float, high: float) -> Markup:
    """Draws a mean as wide as its interval; an end outside the scale becomes an arrow."""
    if scale(low) < 0 or scale(high) > WIDTH:
        corners = f"{scale(mean) - 6:.2f},0 {scale(mean):.2f},-6 {scale(mean) + 6:.2f},0 {scale(mean):.2f},6"
        return fragment(whisker(scale, low, high, "interval"), element("polygon", points=corners, class_="diamond"))
    corners = f"{scale(low):.2f},0 {scale(mean):.2f},-6 {scale(high):.2f},0 {scale(mean):.2f},6"
    return element("polygon", points=corners, class_="diamond")


def _value(difference: float, low: float, high: float) -> str:
    return f"{number(difference, DECIMALS, sign=True)} ({interval(low, high, DECIMALS, sign=True)})"

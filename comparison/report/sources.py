"""The sources of variance: how much seeds and data orders move the score of a run, as a table, a chart and a section."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from utils.outputs.page.axes import WIDTH, fit_scale
from utils.outputs.page.blocks import Table, figure, html_table
from utils.outputs.page.formatting import interval, number
from utils.outputs.page.markup import Markup, element, fragment
from utils.outputs.page.shapes import ChartRow, chart_of_rows, head_symbol, whisker

from .charts import EDGE
from .tables import crossed_with, metric_format

_REACH = 2.0  # times the largest estimate: as far as intervals of few seeds are drawn


class Source(NamedTuple):
    """What one source adds to the spread of a head's runs: a standard deviation with its interval, and a share of variance."""

    head: str
    name: str
    deviation: float
    low: float
    high: float
    share: float | None


def sources(comparison: Mapping[str, Any]) -> list[Source]:
    """Returns the sources of all heads, in the unit of the comparison; empty where runs differ by their seed alone."""
    scale, found = metric_format(comparison).scale, []
    for name, head in comparison["heads"].items():
        components = head.get("variance", {}).get("components", [])
        total = sum(one["variance"] for one in components)
        for one in components:
            deviation, low, high = (scale * math.sqrt(one[key]) for key in ("variance", "low", "high"))
            share = one["variance"] / total if total > 0 else None
            found.append(Source(head=name, name=one["source"], deviation=deviation, low=low, high=high, share=share))
    return found


def source_note(comparison: Mapping[str, Any]) -> str:
    """Says how to read the sources."""
    other = crossed_with(comparison)
    note = (
        f"Standard deviations, from the analysis of variance of runs of which every seed met every {other}; intervals (95 %) by the "
        f"modified large-sample method (Ting et al. 1990). The rest is what only this seed with this {other} does, and what two "
        "equal runs would differ by. An interval that begins at 0 does not show that the source matters; two or three values know "
        "their spread badly."
    )
    if other == "hold-out":
        note += " A hold-out is both its rows and what the others taught; hold-outs share most of these, and so vary less than new data would."
    return note


def source_table(comparison: Mapping[str, Any]) -> Table:
    """Returns one row per head and source."""
    main = metric_format(comparison)
    rows = [
        [
            f"{one.head}: {one.name}",
            number(one.deviation, main.decimals),
            interval(one.low, one.high, main.decimals),
            number(None if one.share is None else 100 * one.share),
        ]
        for one in sources(comparison)
    ]
    return Table(
        ["source", f"standard deviation, {main.unit or main.name}", "95 % interval", "share of the variance, %"], rows
    )


def source_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows what moves a score besides the head; None where runs differ by their seed alone."""
    if not sources(comparison):
        return None
    sentences = [element("li", head["variance"]["sentence"]) for head in comparison["heads"].values()]
    return fragment(
        element("ul", *sentences),
        element("div", figure(source_chart(comparison), "Standard deviation of a run by source."), class_="figures"),
        html_table(source_table(comparison)),
        element("p", source_note(comparison), class_="note"),
    )


def source_chart(comparison: Mapping[str, Any]) -> Markup:
    """Draws every source with its interval. What reaches beyond the scale ends with an arrow."""
    main, found = metric_format(comparison), sources(comparison)
    heads = list(comparison["heads"])
    most = _REACH * max(one.deviation for one in found) or max(one.high for one in found)
    scale = fit_scale([0.0, *(min(one.high, most) for one in found), most], EDGE, WIDTH - EDGE, zero=True)
    rows = []
    for one in found:
        index = heads.index(one.head)
        marks = fragment(whisker(scale, one.low, one.high, "interval"), head_symbol(index, scale(one.deviation), 0))
        value = f"{number(one.deviation, main.decimals)} ({interval(one.low, one.high, main.decimals)})"
        rows.append(ChartRow(f"{one.head}: {one.name}", value, marks))
    words = "; ".join(f"{row.label} {row.value}" for row in rows)
    axis = f"standard deviation, {main.unit or main.name}"
    return chart_of_rows("Spread of a run by source", f"{words}.", rows, scale, axis, depth=14)

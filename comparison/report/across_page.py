"""`across.html`: several comparisons on one page, a file without scripts, fonts or pictures from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.outputs.page.blocks import Table, figure, html_table
from utils.outputs.page.document import document
from utils.outputs.page.markup import Markup, element, fragment

from .across_tables import (
    COST_NOTE,
    COUNT_NOTE,
    MEAN_NOTE,
    cost_table_across,
    count_table,
    data_set_table,
    difference_table,
    encoder_grid,
    left_out_lines,
    mean_table,
    rank_note,
    rank_table,
    score_grid,
)
from .forest import forest_chart

GRID_NOTE = (
    "Difference and 95 % interval, in the unit of the data set; * where it is shown there (p after Holm below .05)."
)


def render_across_page(across: Mapping[str, Any]) -> str:
    """Returns the whole document."""
    return document(f"Heads compared: {across['title']}", across["verdict"], about_line(across), _sections(across))


def about_line(across: Mapping[str, Any]) -> str:
    """Says how many comparisons of how many data sets and encoders there are, and when they were put together."""
    data_sets = len({entry["data_set"] for entry in across["data_sets"]})
    encoders = len(across["encoders"])
    with_encoders = across["encoders"][0] if encoders == 1 else f"{encoders} encoders"
    plural = "" if data_sets == 1 else "s"
    count = len(across["data_sets"])
    return f"{count} comparisons on {data_sets} data set{plural} with {with_encoders}, {across['date']}."


def _sections(across: Mapping[str, Any]) -> dict[str, Markup]:
    """Returns the sections that have something to show, by name."""
    found = {
        "Differences": _difference_section(across),
        "On how many": _noted(count_table(across), COUNT_NOTE),
        "Scores": _noted(score_grid(across), "Mean ± standard deviation over seeds."),
        "By encoder": _noted(encoder_grid(across), GRID_NOTE),
        "Ranks": _noted(rank_table(across), rank_note(across)),
        "Cost": _noted(cost_table_across(across), COST_NOTE.format(reference=across["cost_reference"])),
        "Data sets": _data_set_section(across),
        "Run it again": element("pre", element("code", across["command"]), tabindex="0"),
    }
    return {name: section for name, section in found.items() if section}


def _difference_section(across: Mapping[str, Any]) -> Markup | None:
    """Draws a forest plot per pair and encoder, and says what it shows."""
    if not across["pairs"]:
        return None
    several = len(across["encoders"]) > 1
    figures = []
    for pair in across["pairs"]:
        chart = forest_chart(pair)
        if chart:
            caption = f"{pair['head']} − {pair['baseline']}{', ' + pair['encoder'] if several else ''}"
            figures.append(figure(chart, ". ".join([caption, *left_out_lines(pair)]) + "."))
    legend = (
        "Differences with their 95 % intervals. Filled dots: shown on that data set (p after Holm below .05). "
        "Diamond: the mean with its interval. An arrow: the interval goes on."
    )
    return fragment(
        element("ul", *(element("li", pair["sentence"]) for pair in across["pairs"])),
        element("p", legend, class_="note") if figures else "",
        element("div", *figures, class_="figures") if figures else "",
        _noted(mean_table(across), MEAN_NOTE) or "",
        element("details", element("summary", "By data set, in numbers"), html_table(difference_table(across))),
    )


def _data_set_section(across: Mapping[str, Any]) -> Markup:
    notes = [element("li", note) for note in across["notes"]]
    return fragment(html_table(data_set_table(across)), element("ul", *notes) if notes else "")


def _noted(table: Table, note: str) -> Markup | None:
    """Returns a table and how to read it; None where the table is empty."""
    return fragment(html_table(table), element("p", note, class_="note")) if table.rows else None

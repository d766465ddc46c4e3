"""The parts of a section: tables, figures, lists of facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .markup import Markup, element, fragment

LONG_NAME = 24  # letters beyond which a name may take several lines in a table


class Table(NamedTuple):
    """A table of texts. The first column names the row, the others hold numbers."""

    header: list[str]
    rows: list[list[str]]


def html_table(table: Table) -> Markup:
    """Returns the table in a box that scrolls on its own where the window is narrow."""
    head = element("tr", *(element("th", _breakable(name), scope="col") for name in table.header))
    body = [
        element(
            "tr",
            element("th", row[0], scope="row", class_="long" if len(row[0]) > LONG_NAME else None),
            *(element("td", cell) for cell in row[1:]),
        )
        for row in table.rows
    ]
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=f"Table by {table.header[0]}")


def _breakable(name: str) -> Markup:
    """A long name such as `char_macro_f1_without_o` may break after each of its parts."""
    first, *others = name.split("_") if len(name) > LONG_NAME else [name]
    return fragment(first, *(fragment("_", element("wbr"), part) for part in others))


def figure(chart: Markup, caption: str = "") -> Markup:
    """Returns a chart with its caption above it."""
    return element("figure", element("figcaption", caption) if caption else "", chart)


def fact_list(facts: Sequence[tuple[str, str]]) -> Markup:
    """Returns names and their values, side by side."""
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in facts]
    return element("dl", *pairs, class_="facts") if pairs else fragment()

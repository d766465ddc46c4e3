"""The section on rows that one head gets right and another wrong: how many, and examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.outputs.page.formatting import number
from utils.outputs.page.markup import Markup, element, fragment
from utils.outputs.page.shapes import head_class, head_symbol
from utils.outputs.page.texts import long_text, quoted

MOST_ROWS = 10  # a click shows the others
MOST_MARKS = 10  # one for each seed; more seeds are only counted


def disagreement_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Returns counts and example rows, or None where there are neither."""
    counts, rows = comparison["disagreement_counts"], comparison["disagreements"]
    if not counts and not rows:
        return None
    pairs = [
        element("div", element("dt", name), element("dd", f"{number(count)} rows")) for name, count in counts.items()
    ]
    seeds = {name: len(head["seeds"]) for name, head in comparison["heads"].items()}
    examples = [_row(row, seeds) for row in rows]
    counted = "Rows that one head gets right with every seed and another with none."
    shown = "Some of them, or those that come nearest: what each head said, and how many of its seeds were right."
    return fragment(
        fragment(element("p", counted, class_="note"), element("dl", *pairs, class_="counts")) if pairs else "",
        element("p", shown, class_="note") if rows else "",
        element("ol", *examples[:MOST_ROWS], class_="rows") if rows else "",
        _rest(examples[MOST_ROWS:]),
    )


def _rest(examples: list[Markup]) -> Markup:
    if not examples:
        return fragment()
    summary = element("summary", f"{len(examples)} more")
    return element("details", summary, element("ol", *examples, class_="rows"))


def _row(row: Mapping[str, Any], seeds: Mapping[str, int]) -> Markup:
    answers = [
        element("div", element("dt", "gold"), " ", element("dd", quoted(row["gold"]))),
        *(_answer(i, head, row, count) for i, (head, count) in enumerate(seeds.items()) if head in row["right"]),
    ]
    return element(
        "li", element("p", f"row {row['row']}", class_="where"), long_text(row["text"]), element("dl", *answers)
    )


def _answer(index: int, head: str, row: Mapping[str, Any], seeds: int) -> Markup:
    """Returns a head's answer and how many of its seeds were right, in words and as filled and empty marks."""
    right = row["right"][head]
    drawn = [
        element("g", head_symbol(index, 6 + 11 * i, 6), class_=None if i < right else "wrong") for i in range(seeds)
    ]
    room = 11 * seeds + 1
    marks = element("svg", *drawn, viewBox=f"0 0 {room} 12", width=room, class_="seeds", aria_hidden="true")
    return element(
        "div",
        element("dt", head, class_=head_class(index)),
        " ",
        element("dd", quoted(row["predictions"][head])),
        element("dd", marks if seeds <= MOST_MARKS else "", f"{right} of {seeds} right", class_="share"),
    )

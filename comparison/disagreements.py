"""Where heads disagree: how often, and rows to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .marks import head_class, symbol
from .markup import Markup, element, fragment
from .numbers import number

LETTERS = 160  # of a text that are shown before the rest waits to be asked for
ROWS = 10  # that are shown at once
MARKS = 10  # seeds up to which each has a mark; more are only counted
_HANGUL = re.compile("[가-힣]")


def disagreements(comparison: Mapping[str, Any]) -> Markup | None:
    """Counts and example rows, or None where there are neither."""
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
        element("ol", *examples[:ROWS], class_="rows") if rows else "",
        _rest(examples[ROWS:]),
    )


def _rest(examples: list[Markup]) -> Markup:
    if not examples:
        return fragment()
    summary = element("summary", f"{len(examples)} more")
    return element("details", summary, element("ol", *examples, class_="rows"))


def _row(row: Mapping[str, Any], seeds: Mapping[str, int]) -> Markup:
    said = [
        element("div", element("dt", "gold"), " ", element("dd", _quoted(row["gold"]))),
        *(_said(i, head, row, count) for i, (head, count) in enumerate(seeds.items()) if head in row["right"]),
    ]
    return element("li", element("p", f"row {row['row']}", class_="where"), _text(row["text"]), element("dl", *said))


def _said(index: int, head: str, row: Mapping[str, Any], seeds: int) -> Markup:
    """A head's answer and its share of seeds, in words and as filled and empty marks."""
    right = row["right"][head]
    drawn = [element("g", symbol(index, 6 + 11 * i, 6), class_=None if i < right else "wrong") for i in range(seeds)]
    room = 11 * seeds + 1
    marks = element("svg", *drawn, viewBox=f"0 0 {room} 12", width=room, class_="seeds", aria_hidden="true")
    return element(
        "div",
        element("dt", head, class_=head_class(index)),
        " ",
        element("dd", _quoted(row["predictions"][head])),
        element("dd", marks if seeds <= MARKS else "", f"{right} of {seeds} right", class_="share"),
    )


def _quoted(value: Any) -> Markup:
    value = "" if value is None else str(value)
    return (
        element("q", value, lang=language(value), dir="auto") if value else element("span", "nothing", class_="share")
    )


def _text(text: str) -> Markup:
    """A text of the data, its beginning alone where it is long."""
    look = {"lang": language(text), "dir": "auto", "class_": "text"}
    if len(text) <= LETTERS * 1.25:
        return element("p", text, **look)
    start = text[:LETTERS].rsplit(" ", 1)[0] if " " in text[LETTERS - 30 : LETTERS] else text[:LETTERS]
    more = element("span", f"… {number(len(text) - len(start))} more characters", class_="more")
    return element("details", element("summary", start, more), text[len(start) :], **look)


def language(text: str) -> str:
    """`ko` where Hangul is in the text, else unknown; readers aloud and line breaks go by it."""
    return "ko" if _HANGUL.search(text) else ""

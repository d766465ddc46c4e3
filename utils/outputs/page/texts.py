"""Texts of the data on a page: quoted, shortened, in their own language and direction."""

from __future__ import annotations

import re
from typing import Any

from .formatting import number
from .markup import Markup, element

MOST_LETTERS = 160  # of a text; a click shows the rest
_HANGUL = re.compile("[가-힣]")


def quoted(value: Any) -> Markup:
    """Returns an answer or a label in quotation marks, or says that there is none."""
    value = "" if value is None else str(value)
    return (
        element("q", value, lang=language(value), dir="auto") if value else element("span", "nothing", class_="share")
    )


def long_text(text: str) -> Markup:
    """Returns a text of the data. Of a long text only the beginning is open."""
    look = {"lang": language(text), "dir": "auto", "class_": "text"}
    if len(text) <= MOST_LETTERS * 1.25:
        return element("p", text, **look)
    start = text[:MOST_LETTERS]
    if " " in start[-30:]:  # ends with a whole word
        start = start.rsplit(" ", 1)[0]
    more = element("span", f"… {number(len(text) - len(start))} more characters", class_="more")
    return element("details", element("summary", start, more), text[len(start) :], **look)


def language(text: str) -> str:
    """Returns `ko` for a text with Hangul, else "" for unknown. Screen readers and line breaks depend on it."""
    return "ko" if _HANGUL.search(text) else ""

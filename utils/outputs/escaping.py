"""Texts of somebody else inside Markdown: taken literally, whatever they hold."""

from __future__ import annotations

import re

from ..errors import printable


def literal(text: str) -> str:
    """Puts the text on one line and escapes what Markdown or HTML would read as markup."""
    escaped = re.sub(r"([\\`*\[\]|]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w))", r"\\\1", printable(text))
    return " ".join(escaped.split())


def code(text: str) -> str:
    """The text as code, between more backticks than it has in a row; also for the cell of a table."""
    text = " ".join(printable(text).split()).replace("|", "\\|")
    if "`" not in text:
        return f"`{text}`"
    ticks = "`" * (1 + max(map(len, re.findall("`+", text))))
    return f"{ticks} {text} {ticks}"

"""Builds HTML and SVG from elements. Plain texts are escaped, and every tag is closed."""

from __future__ import annotations

import re
from html import escape

_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_VOID = ("meta", "wbr")  # elements of HTML that have no end tag


class Markup(str):
    """A text that is HTML already."""


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Returns `<name attributes>children</name>`.

    Args:
        children: texts, which are escaped, and `Markup`, which is not.
        attributes: `class_` stands for class, `stroke_width` for stroke-width. None leaves an attribute out; "" writes its
            name alone.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    end = "" if name in _VOID else f"{fragment(*children)}</{name}>"
    return Markup(f"<{name}{written}>{end}")


def fragment(*children: object) -> Markup:
    """Joins the children; texts are escaped, `Markup` is not."""
    return Markup("".join(child if isinstance(child, Markup) else _plain(str(child)) for child in children))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    text = f"{round(value, 2):g}" if isinstance(value, float) else str(value)
    return f' {name}="{_plain(text)}"' if text else f" {name}"


def _plain(text: str) -> str:
    """The text escaped, and a replacement for what no page may hold: control characters and halves of characters."""
    return escape(_NO_TEXT.sub("\ufffd", text))

"""Builds HTML and SVG from elements. Plain texts are escaped, and every tag is closed."""

from __future__ import annotations

import re
from html import escape

_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_VOID = ("meta", "wbr")  # elements of HTML that have no end tag
_PROSE = ("p", "li", "dd", "pre", "figcaption")  # elements whose texts are broken into lines
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9_-]{1,40}(?![\w-])")  # a browser would break it after its hyphens


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
    inner = fragment(*(map(_whole_flags, children) if name in _PROSE else children))
    end = "" if name in _VOID else f"{inner}</{name}>"
    return Markup(f"<{name}{written}>{end}")


def fragment(*children: object) -> Markup:
    """Joins the children; texts are escaped, `Markup` is not."""
    return Markup("".join(child if isinstance(child, Markup) else _plain(str(child)) for child in children))


def _whole_flags(child: object) -> object:
    """A text with its flags marked, which stay on one line each; `Markup` as it is."""
    return (
        child if isinstance(child, Markup) else Markup(_FLAG.sub(r'<span class="flag">\g<0></span>', fragment(child)))
    )


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    text = f"{round(value, 2):g}" if isinstance(value, float) else str(value)
    return f' {name}="{_plain(text)}"' if text else f" {name}"


def _plain(text: str) -> str:
    """The text escaped, and a replacement for what no page may hold: control characters and halves of characters."""
    return escape(_NO_TEXT.sub("\ufffd", text))

"""A page: one file without scripts, fonts or pictures from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from .markup import Markup, element
from .style import STYLE

# Browsers load nothing and run nothing, whatever a text of the data holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, verdict: str, about: str, sections: Mapping[str, Markup]) -> str:
    """Returns a page with its sections, by name.

    Args:
        verdict: what was found, in large letters.
        about: what the page is about, below it.
    """
    links = [element("a", name, href=f"#{_anchor(name)}") for name in sections]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    top = element(
        "header",
        element("h1", title),
        element("p", verdict, class_="verdict") if verdict else "",
        element("p", about, class_="about"),
        element("nav", *links, aria_label="Sections"),
    )
    whole = [
        element("section", element("h2", name), element("div", section), id=_anchor(name))
        for name, section in sections.items()
    ]
    body = element("body", top, element("main", *whole))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")

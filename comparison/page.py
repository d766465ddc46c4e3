"""`comparison.html`: one file without scripts, fonts or pictures from elsewhere. Sections without data are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .disagreements import disagreements
from .markup import Markup, element
from .sections import GROUPS, again, cost, equal, groups, learning, lengths, pairs, scores
from .style import STYLE
from .words import about

# Nothing is loaded and nothing runs, whatever a text of the data holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(comparison: Mapping[str, Any]) -> str:
    """The whole document."""
    title = f"Heads compared: {comparison['title']}"
    sections = _sections(comparison)
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
        element("p", comparison["verdict"], class_="verdict") if comparison["verdict"] else "",
        element("p", about(comparison), class_="about"),
        element("nav", *links, aria_label="Sections"),
    )
    whole = [
        element("section", element("h2", name), element("div", section), id=_anchor(name))
        for name, section in sections.items()
    ]
    body = element("body", top, element("main", *whole))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _sections(comparison: Mapping[str, Any]) -> dict[str, Markup]:
    """The sections that have something to show, by name."""
    found = {
        "Scores": scores(comparison),
        "Differences": pairs(comparison),
        "Learning": learning(comparison),
        "Cost": cost(comparison),
        f"By {GROUPS.get(comparison['task'], 'class')}": groups(comparison),
        "By length": lengths(comparison),
        "Disagreements": disagreements(comparison),
        "What was equal": equal(comparison),
        "Run it again": again(comparison),
    }
    return {name: section for name, section in found.items() if section}


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")

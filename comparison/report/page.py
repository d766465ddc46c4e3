"""`comparison.html`: one file without scripts, fonts or pictures from elsewhere. Sections without data are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .disagreements import disagreement_section
from .ensembles import ensemble_section
from .markup import Markup, element
from .sections import (
    command_section,
    cost_section,
    equal_section,
    group_section,
    learning_section,
    length_section,
    look_section,
    outlook_section,
    pair_section,
    score_section,
    unequal_section,
)
from .sources import source_section
from .style import STYLE
from .tuning_charts import tuning_section
from .words import subject_line

# Browsers load nothing and run nothing, whatever a text of the data holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_page(comparison: Mapping[str, Any]) -> str:
    """Returns the whole document."""
    title = f"Heads compared: {comparison['title']}"
    return document(title, comparison["verdict"], subject_line(comparison), _sections(comparison))


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


def _sections(comparison: Mapping[str, Any]) -> dict[str, Markup]:
    """Returns the sections that have something to show, by name."""
    found = {
        "Scores": score_section(comparison),
        "Differences": pair_section(comparison),
        "Ensembles": ensemble_section(comparison),
        "What a decision takes": outlook_section(comparison),
        "Looks": look_section(comparison),
        "Sources of variance": source_section(comparison),
        "Tuning": tuning_section(comparison),
        "Learning": learning_section(comparison),
        "Cost": cost_section(comparison),
        f"By {comparison['class_word']}": group_section(comparison),
        "By length": length_section(comparison),
        "Disagreements": disagreement_section(comparison),
        "What was equal": equal_section(comparison),
        "What was not equal": unequal_section(comparison),
        "Run it again": command_section(comparison),
    }
    return {name: section for name, section in found.items() if section}


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")

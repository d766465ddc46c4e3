"""`comparison.html`: one file without scripts, fonts or pictures from elsewhere. Sections without data are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.outputs.page.document import document
from utils.outputs.page.markup import Markup

from .disagreements import disagreement_section
from .ensembles import ensemble_section
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
from .tuning_charts import tuning_section
from .words import subject_line


def render_page(comparison: Mapping[str, Any]) -> str:
    """Returns the whole document."""
    title = f"Heads compared: {comparison['title']}"
    return document(title, comparison["verdict"], subject_line(comparison), _sections(comparison))


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

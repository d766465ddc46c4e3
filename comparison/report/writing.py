"""Writes a comparison as JSON, as Markdown for documents and papers, and as one HTML file.

The dictionary of `comparison.json` alone is enough to write all three again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.files import replace_file, write_json
from utils.outputs.escaping import literal

from .ensembles import ENSEMBLE_NOTE, ensemble_tables
from .markdown_text import code_block, markdown_list, markdown_table
from .page import render_page
from .sources import source_note, source_table
from .tables import head_table, look_table, pair_table
from .tuning import best_table, curve_note, expectation_table, tuning_note
from .words import (
    equal_lines,
    head_lines,
    look_note,
    outlook_note,
    pair_note,
    score_note,
    subject_line,
    unequal_lines,
)


def write_report(comparison: Mapping[str, Any], folder: Path) -> None:
    """Writes the three files into the folder, each as a whole or not at all."""
    write_json(folder / "comparison.json", comparison)
    replace_file(folder / "comparison.md", [render_markdown(comparison)])
    replace_file(folder / "comparison.html", [render_page(comparison)])


def render_markdown(comparison: Mapping[str, Any]) -> str:
    """Returns tables, findings, what was equal and the command, ready for a README or a paper."""
    sentences = [pair["sentence"] for pair in comparison["comparisons"] if pair.get("sentence")]
    sections = [
        f"# Heads compared: {literal(comparison['title'])}",
        literal(comparison["verdict"]),
        literal(subject_line(comparison)),
        markdown_table(head_table(comparison)),
        literal(score_note(comparison)),
        markdown_list([f"{name}: {value}" for name, value in head_lines(comparison)]),
    ]
    if comparison["comparisons"]:
        sections += [
            "## Pairs",
            markdown_table(pair_table(comparison)),
            literal(pair_note(comparison)),
            markdown_list(sentences),
        ]
    if "ensembles" in comparison:
        said = [pair["sentence"] for pair in comparison["ensembles"]["comparisons"]]
        sections += [
            "## Ensembles",
            *map(markdown_table, ensemble_tables(comparison)),
            markdown_list(said),
            literal(ENSEMBLE_NOTE),
        ]
    if outlook := comparison.get("outlook"):
        said = [one["sentence"] for one in outlook]
        sections += ["## What a decision takes", markdown_list(said), literal(outlook_note(comparison))]
    if "rule" in comparison:
        sections += ["## Looks", markdown_table(look_table(comparison)), literal(look_note(comparison))]
    if (table := source_table(comparison)).rows:
        moved = [head["variance"]["sentence"] for head in comparison["heads"].values()]
        sections += [
            "## Sources of variance",
            markdown_table(table),
            literal(source_note(comparison)),
            markdown_list(moved),
        ]
    if tuned := comparison.get("tuning"):
        sections += ["## Tuning", literal(tuned["sentence"]), literal(tuning_note(comparison))]
        sections += [
            markdown_table(best_table(comparison)),
            markdown_table(expectation_table(comparison)),
            literal(curve_note(comparison)),
        ]
    if equal := equal_lines(comparison):
        sections += ["## Equal for every head", markdown_list([f"{name}: {value}" for name, value in equal])]
    if unequal := unequal_lines(comparison):
        sections += ["## What was not equal", markdown_list([f"{name}: {value}" for name, value in unequal])]
    if comparison["notes"]:
        sections += ["## Notes", markdown_list(comparison["notes"])]
    sections += ["## Command", code_block(comparison["command"])]
    return "\n\n".join(section for section in sections if section) + "\n"

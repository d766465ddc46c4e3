"""Writes a comparison as JSON, as Markdown for documents and papers, and as one HTML file.

The dictionary of `comparison.json` alone is enough to write all three again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.files import replace_file

from .page import render_page
from .tables import Table, head_table, pair_table
from .words import equal_lines, head_arguments, pair_note, score_note, subject_line, unequal_lines


def write_report(comparison: Mapping[str, Any], folder: Path) -> None:
    """Writes the three files into the folder, each as a whole or not at all."""
    replace_file(folder / "comparison.json", [json.dumps(comparison, ensure_ascii=False, indent=2) + "\n"])
    replace_file(folder / "comparison.md", [render_markdown(comparison)])
    replace_file(folder / "comparison.html", [render_page(comparison)])


def render_markdown(comparison: Mapping[str, Any]) -> str:
    """Returns tables, findings, what was equal and the command, ready for a README or a paper."""
    sentences = [pair["sentence"] for pair in comparison["comparisons"] if pair.get("sentence")]
    sections = [
        f"# Heads compared: {_literal(comparison['title'])}",
        _literal(comparison["verdict"]),
        _literal(subject_line(comparison)),
        _table(head_table(comparison)),
        _literal(score_note(comparison)),
        _list([f"{name}: {value}" for name, value in head_arguments(comparison)]),
    ]
    if comparison["comparisons"]:
        sections += ["## Pairs", _table(pair_table(comparison)), _literal(pair_note(comparison)), _list(sentences)]
    if equal := equal_lines(comparison):
        sections += ["## Equal for every head", _list([f"{name}: {value}" for name, value in equal])]
    if unequal := unequal_lines(comparison):
        sections += ["## What was not equal", _list([f"{name}: {value}" for name, value in unequal])]
    if comparison["notes"]:
        sections += ["## Notes", _list(comparison["notes"])]
    sections += ["## Command", _code(comparison["command"])]
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(table: Table) -> str:
    rule = ["---", *["---:"] * (len(table.header) - 1)]
    header, *rows = [[_literal(cell) for cell in line] for line in (table.header, *table.rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _list(items: list[str]) -> str:
    return "\n".join(f"- {_literal(item)}" for item in items)


def _code(command: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command)), default=0))
    return f"{fence}bash\n{command}\n{fence}"


def _literal(text: str) -> str:
    """Puts the text on one line and escapes what Markdown or HTML would read as markup."""
    escaped = re.sub(r"([\\`*\[\]|]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w))", r"\\\1", text)
    return " ".join(escaped.split())

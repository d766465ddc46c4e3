"""What a comparison leaves: `comparison.json`, and the same for readers as Markdown and as one HTML file.

Each can be written again from the dictionary alone; docs and papers take the Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.files import replace_file

from .page import page
from .tables import Table, head_table, pair_table
from .words import about, equal_lines, head_arguments, pair_note, score_note


def write_report(comparison: Mapping[str, Any], folder: Path) -> None:
    """Writes the three files into the folder, each as a whole or not at all."""
    replace_file(folder / "comparison.json", [json.dumps(comparison, ensure_ascii=False, indent=2) + "\n"])
    replace_file(folder / "comparison.md", [markdown(comparison)])
    replace_file(folder / "comparison.html", [page(comparison)])


def markdown(comparison: Mapping[str, Any]) -> str:
    """Tables, findings, what was equal and the command, ready for a README or a paper."""
    sentences = [pair["sentence"] for pair in comparison["comparisons"] if pair.get("sentence")]
    sections = [
        f"# Heads compared: {_literal(comparison['title'])}",
        _literal(comparison["verdict"]),
        _literal(about(comparison)),
        _table(head_table(comparison)),
        _literal(score_note(comparison)),
        _list([f"{name}: {value}" for name, value in head_arguments(comparison)]),
    ]
    if comparison["comparisons"]:
        sections += ["## Pairs", _table(pair_table(comparison)), _literal(pair_note(comparison)), _list(sentences)]
    if equal := equal_lines(comparison):
        sections += ["## Equal for every head", _list([f"{name}: {value}" for name, value in equal])]
    if comparison["notes"]:
        sections += ["## Notes", _list(comparison["notes"])]
    sections += ["## Command", _code(comparison["command"])]
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(table: Table) -> str:
    marks = ["---", *["---:"] * (len(table.header) - 1)]
    lines = [table.header, marks, *table.rows]
    literal = [[cell if line is marks else _literal(cell) for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in literal)


def _list(items: list[str]) -> str:
    return "\n".join(f"- {_literal(item)}" for item in items)


def _code(command: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command)), default=0))
    return f"{fence}bash\n{command}\n{fence}"


def _literal(text: str) -> str:
    """The text on one line, with nothing in it that Markdown or HTML would take for a mark."""
    escaped = re.sub(r"([\\`*\[\]|]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w))", r"\\\1", text)
    return " ".join(escaped.split())

"""Writes several comparisons as JSON, as Markdown for documents and papers, and as one HTML file.

The dictionary of `across.json` alone is enough to write all three again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.files import replace_file, write_json
from utils.outputs.escaping import literal

from .across_page import GRID_NOTE, about_line, render_across_page
from .across_tables import (
    COST_NOTE,
    COUNT_NOTE,
    MEAN_NOTE,
    cost_table_across,
    count_table,
    data_set_table,
    difference_table,
    encoder_grid,
    mean_table,
    rank_note,
    rank_table,
    score_grid,
)
from .markdown_text import code_block, markdown_list, markdown_table


def write_across(across: Mapping[str, Any], folder: Path) -> None:
    """Writes the three files into the folder, each as a whole or not at all."""
    write_json(folder / "across.json", across)
    replace_file(folder / "across.md", [render_across_markdown(across)])
    replace_file(folder / "across.html", [render_across_page(across)])


def render_across_markdown(across: Mapping[str, Any]) -> str:
    """Returns findings, tables and the command."""
    parts = [
        f"# Heads compared: {literal(across['title'])}",
        literal(across["verdict"]),
        literal(about_line(across)),
        markdown_list([pair["sentence"] for pair in across["pairs"]]),
    ]
    tables = {
        "Means": (mean_table(across), MEAN_NOTE),
        "Differences by data set": (difference_table(across), ""),
        "On how many data sets": (count_table(across), COUNT_NOTE),
        "Scores": (score_grid(across), "Mean ± standard deviation over seeds."),
        "By encoder": (encoder_grid(across), GRID_NOTE),
        "Ranks": (rank_table(across), rank_note(across)),
        "Cost": (cost_table_across(across), COST_NOTE.format(reference=across["cost_reference"])),
        "Data sets": (data_set_table(across), ""),
    }
    for name, (table, note) in tables.items():
        if table.rows:
            parts += [f"## {name}", markdown_table(table), literal(note)]
    if across["notes"]:
        parts += ["## Notes", markdown_list(across["notes"])]
    parts += ["## Command", code_block(across["command"])]
    return "\n\n".join(part for part in parts if part) + "\n"

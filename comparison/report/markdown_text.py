"""The parts of a Markdown document: tables, lists and code."""

from __future__ import annotations

import re

from utils.errors import printable
from utils.outputs.escaping import literal
from utils.outputs.page.blocks import Table


def markdown_table(table: Table) -> str:
    """Returns the table; numbers stand on the right."""
    rule = ["---", *["---:"] * (len(table.header) - 1)]
    header, *rows = [[literal(cell) for cell in line] for line in (table.header, *table.rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def markdown_list(items: list[str]) -> str:
    """Returns one item a line."""
    return "\n".join(f"- {literal(item)}" for item in items)


def code_block(command: str) -> str:
    """Returns the command between fences that it does not hold itself."""
    command = printable(command)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command)), default=0))
    return f"{fence}bash\n{command}\n{fence}"

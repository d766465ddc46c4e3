"""What a checkpoint says of texts that were typed, as a table for the terminal."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heads.characters import compose

from ..data.splits import Split
from ..errors import printable
from ..tasks import Task
from ..training.trainer import HeadTrainer

GAP = "  "
LEAST = 20  # columns of the terminal that the last cell has, however long the others are


def show_answers(trainer: HeadTrainer, task: Task, parts: Iterable[Split]) -> None:
    """Prints a table of the rows of each part; writes nothing."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for part in parts:
        prepared = task.prepare(part)
        output: Any = trainer.predict(prepared.features, metric_key_prefix="predict")
        if trainer.is_world_process_zero():
            print(table(task.answers(prepared, output), room), flush=True)


def table(rows: Sequence[Mapping[str, str]], room: int | None) -> str:
    """Rows under the names of their cells, in columns; the last one is cut where a line would have more than `room` columns."""
    names = list(rows[0])
    lines = [names, *([_line(row[name]) for name in names] for row in rows)]
    widths = [max(width(line[i]) for line in lines) for i in range(len(names) - 1)]
    last = None if room is None else max(room - sum(widths) - len(GAP) * len(widths), LEAST)
    return "\n".join(
        GAP.join(
            [*(filled(cell, wide) for cell, wide in zip(line, widths, strict=False)), cut(line[-1], last)]
        ).rstrip()
        for line in lines
    )


def _line(text: str) -> str:
    return printable(compose(" ".join(text.split())))


def width(text: str) -> int:
    """How many columns of a terminal a text takes: Hangul and other wide letters two, marks on a letter none."""
    return sum(
        0
        if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


def filled(text: str, columns: int) -> str:
    """The text with spaces after it, so that it takes so many columns."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int | None) -> str:
    """The text, or as much of it as fits with an ellipsis after it."""
    if columns is None or width(text) <= columns:
        return text
    end, taken = 0, width(text[:1])
    while taken <= columns - 1:
        end += 1
        taken += width(text[end : end + 1])
    return text[:end] + "…"

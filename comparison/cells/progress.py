"""How far the running cells are: one living line in a terminal, nothing in a log."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterable

from utils.errors import printable, say
from utils.training.progress import duration

from .cell import Cell

REST = 1.0  # seconds between two looks at the logs
TAIL = 4096  # bytes at the end of a log that hold its latest step
STEP = re.compile(r"^step ([\d,]+) of ([\d,]+),", re.MULTILINE)  # as `log_line` writes it


class LivingLine:
    """The last line of a terminal, which is written anew; elsewhere all lines stay."""

    def __init__(self) -> None:
        self.lives = sys.stdout.isatty()
        self._shown = ""
        self._looked = 0.0
        # By cell the first step that was seen, and after how many seconds.
        self._first: dict[str, tuple[int, float]] = {}

    def say(self, text: str) -> None:
        """Prints a line that stays, above the living one."""
        self.close()
        say(text)

    def show(self, running: Iterable[tuple[Cell, float]]) -> None:
        """Writes how far the cells are that have run for so many seconds."""
        if not self.lives or time.monotonic() - self._looked < REST:
            return
        self._looked = time.monotonic()
        text = printable("; ".join(self.how_far(cell, seconds) for cell, seconds in running))
        text = text[: shutil.get_terminal_size().columns - 1]
        if text != self._shown:
            print(f"\r{text}\x1b[K", end="", flush=True)
            self._shown = text

    def close(self) -> None:
        """Takes the living line away."""
        if self._shown:
            print("\r\x1b[K", end="", flush=True)
            self._shown = ""

    def how_far(self, cell: Cell, seconds: float) -> str:
        """Which step of its training a cell is at, as its log says, and how long the others take at the pace since a first look.

        Args:
            seconds: that it has run.
        """
        name = f"{cell.head} {cell.label}"
        steps = STEP.findall(_tail(cell).rpartition("\n$ ")[2])
        if not steps:
            return f"{name}: begins, {duration(seconds)}"
        done, of = (int(number.replace(",", "")) for number in steps[-1])
        if done == of:
            return f"{name}: trained, predicts"
        first, then = self._first.setdefault(cell.name, (done, seconds))
        left = f", about {duration((seconds - then) / (done - first) * (of - done))} left" if done > first else ""
        return f"{name}: step {done:,} of {of:,}{left}"


def _tail(cell: Cell) -> str:
    """The end of a cell's log; empty where there is none yet."""
    try:
        with cell.log.open("rb") as log:
            log.seek(max(log.seek(0, 2) - TAIL, 0))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""

"""What tests wait for and read when they kill a comparison."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from script_runs import PATIENCE

from comparison.cells import Cell
from comparison.cells.processes import lock


def read(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


def wait_for(condition: Callable[[], bool]) -> None:
    """Returns as soon as the condition holds; fails where it does not for long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def is_free(cell: Cell) -> bool:
    """Whether no process runs the cell."""
    log = lock(cell)
    if log is not None:
        log.close()
    return log is not None

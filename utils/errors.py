"""The one exception that means: the user's input or flags are at fault."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path


class UserError(Exception):
    """Shown as one line `error: ...` with exit code 2, without a traceback.

    Args:
        message: what is wrong and how to cure it, in the user's words.
        file: the file at fault.
        row: its row, counted from 1 as an editor shows it (a record number where the format has no lines).
        column: the name of the column at fault.
    """

    def __init__(
        self, message: str, *, file: str | Path | None = None, row: int | None = None, column: str | None = None
    ):
        places = [
            str(file) if file is not None else None,
            f"row {row}" if row is not None else None,
            f"column '{column}'" if column is not None else None,
        ]
        place = ", ".join(part for part in places if part)
        super().__init__(" ".join(f"{place}: {message}".split() if place else message.split()))


def run(main: Callable[[], None]) -> None:
    """Runs a script's `main`. A `UserError` ends it with one line and exit code 2; with --debug, with a traceback."""
    try:
        main()
    except UserError as error:
        if "--debug" in sys.argv:
            raise
        if os.environ.get("RANK", "0") == "0":  # one process speaks for all
            print(f"error: {error}", file=sys.stderr)
        sys.exit(2)

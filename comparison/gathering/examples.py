"""What a finished comparison has to show: a run of each head, and rows that the heads disagree about."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import NamedTuple

from utils.errors import UserError
from utils.files import fits, json_fields

COMPARISON = "comparison.json"
SHOWN = {"heads": {str: {"seeds": [int]}}, "disagreements": [{"text": str, "gold": str, "predictions": {str: str}}]}


class Example(NamedTuple):
    """A row that one head gets right and another wrong.

    Attributes:
        text: what it says; of a pair or a question two texts, the second after the first line end.
        gold: what is right.
        said: by head, what most of its seeds said.
    """

    text: str
    gold: str
    said: dict[str, str]


class Shown(NamedTuple):
    """Attributes: runs, the folders of the first seeds by the names of their heads; examples, in the order of the rows."""

    runs: dict[str, Path]
    examples: list[Example]


def is_comparison(folder: Path) -> bool:
    """Whether a folder is that of a finished comparison."""
    return (folder / COMPARISON).is_file()


def read_examples(folder: Path) -> Shown:
    """Reads what a comparison has to show.

    Raises:
        UserError: the file is none that this version has written, or a run has gone.
    """
    found = json_fields(folder / COMPARISON)
    if not fits(found, SHOWN) or not all(entry["seeds"] for entry in found["heads"].values()):
        raise UserError("is none that this version has written; run the comparison again", file=folder / COMPARISON)
    runs = {head: _first_run(folder, head, entry["seeds"][0]) for head, entry in found["heads"].items()}
    examples = [Example(text=row["text"], gold=row["gold"], said=row["predictions"]) for row in found["disagreements"]]
    return Shown(runs, examples)


def _first_run(folder: Path, head: str, seed: int) -> Path:
    """The run of a seed; the latest one where the folder holds several with other arguments."""
    cells = folder / "cells"
    found = cells.glob(f"{glob.escape(head)}-seed-{seed}-*")
    finished = [path for path in found if (path / "run.json").is_file() and (path / "model.safetensors").is_file()]
    if not finished:
        raise UserError(f"no run of the head {head} with seed {seed} is here; name runs one by one", file=cells)
    return max(finished, key=lambda path: (path / "run.json").stat().st_mtime)

"""One run of a script in a comparison."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from utils.files import read_record
from utils.training.checkpoints import checkpoints

# Flags that seeds are crossed with, and what people call their values.
CROSSED = {"data_seed": "data order", "validation_split_seed": "hold-out"}


@dataclass
class Cell:
    """One run of the script.

    Attributes:
        head, seed, head_kwargs, head_flags: what it is about.
        crossed: what its seed is crossed with, a key of `CROSSED`, and the value; None where runs differ by their seed alone.
        folder: its `--output_dir`.
        words: its command, but for resuming.
        keeps_checkpoints: whether they stay once it is finished, because --save_total_limit says how many.
    """

    head: str
    seed: int
    head_kwargs: dict[str, Any]
    folder: Path
    words: list[str]
    head_flags: dict[str, Any] = field(default_factory=dict)
    crossed: tuple[str, int] | None = None
    keeps_checkpoints: bool = False

    @property
    def label(self) -> str:
        """Which of the runs of its head it is, for people."""
        return str(self.seed) if self.crossed is None else f"{self.seed}, {CROSSED[self.crossed[0]]} {self.crossed[1]}"

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.name

    @property
    def log(self) -> Path:
        """What it writes to the terminal. Whoever runs the cell holds the lock on this file."""
        return self.folder.with_name(f"{self.name}.log")

    @property
    def finished(self) -> bool:
        """Whether it has run to its end: its record is written last."""
        return (self.folder / "run.json").is_file()

    def read(self, name: str, shape: Mapping[Any, Any]) -> Any:
        """What a finished run has written into a file.

        Args:
            shape: of what is asked for; see `utils.files.fits`.

        Raises:
            UserError: something else is there.
        """
        return read_record(self.folder / name, shape, "delete its folder and give the same command again")

    def discard_checkpoints(self) -> None:
        """Removes the checkpoints of a finished cell: its weights stand beside them, and nothing goes on from there."""
        if self.finished and not self.keeps_checkpoints:
            for checkpoint in checkpoints(self.folder):
                shutil.rmtree(checkpoint, ignore_errors=True)  # another comparison may be at it

    @property
    def command(self) -> list[str]:
        """The words that run it; they go on from the last checkpoint where there is one."""
        resumes = any(self.folder.glob("checkpoint-*"))
        return [*self.words, *(["--resume_from_checkpoint", "true"] if resumes else [])]

    @property
    def shell_line(self) -> str:
        """The command as a line for a shell, under the lock of the cell."""
        log = shlex.quote(str(self.log))
        return f"flock -n {log} {shlex.join(self.command)} >> {log} 2>&1"

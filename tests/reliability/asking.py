"""Runs whose every change of a file asks first, see `ask_first.c`: what happens to it is decided here."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from script_runs import Outcome, finish, start

GO_ON, HALF, NO_SPACE, IO_ERROR, READ_ONLY = "g", "h", "n", "e", "r"  # answers, see `ask_first.c`


class Operation(NamedTuple):
    """A change of a file that a run is about to make.

    Attributes:
        name: open, write, half (between the halves of a write), fsync, truncate, mkdir, rmdir, unlink, rename.
        bytes: of a write.
        path: of the file; of a rename the new one.
    """

    name: str
    bytes: int
    path: str


def go_on(number: int, operation: Operation) -> str:
    """The answer of an undisturbed run."""
    return GO_ON


def compile_library(folder: Path) -> Path | None:
    """The library that asks, compiled; None where there is no compiler or no Linux."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None or not Path("/proc/self/fd").exists():
        return None
    library = folder / "ask_first.so"
    source = Path(__file__).with_name("ask_first.c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def begin() -> None:
    """In the new process: from now on its changes of files ask first, and a file of a few rows is predicted in parts."""
    from utils.data import splits

    splits.PART_ROWS = 4
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(os.environ["ASK_FIRST_SOCKET"])
    ctypes.CDLL(None).ask_first_begin(channel.detach(), os.environ["ASK_FIRST_FOLDERS"].encode())


def run_asking(
    task: str,
    words: Sequence[str],
    streams: Path,
    watched: Sequence[Path],
    decide: Callable[[int, Operation], str] = go_on,
    told: tuple[int, float] | None = None,
) -> Outcome:
    """Runs a script, with `decide(number, operation)` before each change of a file in folders that are watched.

    `ask_first.so` must have been in LD_PRELOAD when the server of `script_runs` started.

    Args:
        watched: the folders, the run's `--output_dir` first.
        told: a signal, and the seconds after which it is sent.
    """
    shutil.rmtree(streams, ignore_errors=True)
    streams.mkdir(parents=True)
    address = str(streams / "socket")
    environment = {"ASK_FIRST_SOCKET": address, "ASK_FIRST_FOLDERS": ":".join(map(str, watched))}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(1)
        server.settimeout(0.2)
        process = start(task, list(words), streams, environment, begin)
        timer = threading.Timer(told[1], os.kill, (process.pid, told[0])) if told is not None else None
        if timer is not None:
            timer.start()
        channel = None
        while channel is None and process.is_alive():
            try:
                channel, _ = server.accept()
            except TimeoutError:
                continue
        if channel is not None:
            channel.settimeout(None)
            with channel, channel.makefile("rb") as asked, suppress(ConnectionError):  # killed while it waited
                for number, line in enumerate(asked):
                    name, size, path = line.decode(errors="replace").rstrip("\n").split(" ", 2)
                    channel.sendall(decide(number, Operation(name, int(size), path)).encode())
        outcome = finish(process, streams, watched[0])
        if timer is not None:
            timer.cancel()
            timer.join()
    return outcome

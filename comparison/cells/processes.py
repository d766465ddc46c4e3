"""A cell in a process of its own: the lock on its log, how it starts, how it ends, and why it failed.

The lock belongs to the log that a cell's processes write to, so it lasts as long as any of them does, whatever became of
the comparison that started them: no second one starts in the same folder.
"""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import torch

from utils.errors import UserError, printable
from utils.training.checkpoints import checkpoints, obstacle

from .cell import Cell

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PAUSE = 0.2  # seconds between two looks at the processes
GRACE = 30  # seconds that a process gets to save a checkpoint and end
PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def lock(cell: Cell) -> BinaryIO | None:
    """The cell's log, locked; None where another process has the lock."""
    if fcntl is None:
        raise UserError("a comparison locks its runs as Linux and macOS do, which Windows cannot; run it in WSL")
    cell.log.parent.mkdir(parents=True, exist_ok=True)
    log = cell.log.open("ab")
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.close()
        return None
    except OSError:
        pass  # a file system without locks
    return log


def start(cell: Cell, log: BinaryIO, environment: dict[str, str]) -> subprocess.Popen:
    """Starts a cell that is locked. On Linux it ends with the thread that started it, even one that is killed."""
    discard_broken_checkpoints(cell.folder)
    log.write(f"$ {printable(shlex.join(cell.command))}\n".encode())
    log.flush()
    return subprocess.Popen(
        cell.command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # a group of its own, which can be ended as a whole
        preexec_fn=_end_with_parent(),
    )


def discard_broken_checkpoints(folder: Path) -> None:
    """Removes checkpoints that no run can go on from."""
    for path in checkpoints(folder):
        if obstacle(path, with_best=True) is not None:
            shutil.rmtree(path)


def end_processes(processes: Sequence[subprocess.Popen]) -> None:
    """Ends cells: each may save a checkpoint, its workers with it, before what is left of it is killed."""
    for process in processes:
        if process.poll() is None:
            process.terminate()  # the script or its launcher, which tells the others
    deadline = time.monotonic() + GRACE
    while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def reason(cell: Cell, code: int | None) -> str:
    """Why a cell failed: the last line of its latest run that begins with `error:`, else the last one.

    Args:
        code: its exit code; None where its machine failed, perhaps before it wrote anything.
    """
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    text = cell.log.read_text(encoding="utf-8", errors="replace") if cell.log.is_file() else ""
    lines = [line for line in text.rpartition("\n$ ")[2].splitlines()[1:] if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    ending = "its machine failed" if code is None else f"exit code {code}"
    return printable((errors or lines or [ending])[-1].strip())


def environments_of(workers: int, launcher: str | None) -> list[dict[str, str]]:
    """One for every worker: its share of the cores and, without a launcher, one of the GPUs.

    One worker has as many threads as the script alone.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = {"OMP_NUM_THREADS": str(max(1, cores // workers))} if workers > 1 else {}
    environments = [share | os.environ for _ in range(workers)]
    count = torch.cuda.device_count()
    if launcher is None and count:
        named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        names = named or [str(number) for number in range(count)]
        for worker, environment in enumerate(environments):
            environment["CUDA_VISIBLE_DEVICES"] = names[worker % len(names)]
    return environments


def processes_of(launcher: str | None) -> int:
    """How many processes a cell has, as far as its launcher says: `accelerate launch --num_processes 2`, `torchrun`."""
    found = re.search(r"--(?:num[_-]processes|nproc[_-]per[_-]node)[ =](\d+)", launcher or "")
    return int(found[1]) if found else 1


def check_launcher(launcher: str | None) -> None:
    """Raises UserError where the launcher is no command of this machine."""
    if launcher is not None and shutil.which(shlex.split(launcher)[0]) is None:
        raise UserError(f"--launcher {launcher}: there is no command {shlex.split(launcher)[0]} on the PATH")


def _end_with_parent() -> Callable[[], None] | None:
    """What a new process does first on Linux: it asks for SIGTERM when its parent is gone."""
    if sys.platform != "linux":
        return None
    library, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # gone already
            os._exit(128 + signal.SIGTERM)

    return ask

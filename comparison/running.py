"""Runs cells: here, some at a time, or on a Ray cluster. Who runs a cell holds the lock on its log."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from utils.errors import ShownError, UserError, say, stop_on_signals
from utils.training.progress import duration

from .cells import ROOT, Cell, Tuning
from .cells.processes import (
    PAUSE,
    check_launcher,
    discard_broken_checkpoints,
    end_processes,
    environments_of,
    lock,
    processes_of,
    reason,
    start,
)
from .cells.progress import LivingLine

FURTHER = "the same command goes on from here"  # after a signal

# A cell that has ended: its exit code, None where it ended elsewhere or its machine failed; and its seconds.
Ended = tuple[Cell, int | None, float]


def run_cells(
    cells: Sequence[Cell], workers: int = 1, ray_address: str | None = None, launcher: str | None = None
) -> None:
    """Runs the cells that are not finished and says how it goes; those that fail do not stop the others.

    Raises:
        UserError: all of them failed because of the user's input.
        ShownError: some failed.
    """
    count = sum(not cell.finished for cell in cells)
    for cell in cells:  # finished elsewhere, or right before a kill
        cell.discard_checkpoints()
    codes = [code for _, code, _ in _run(cells, workers, ray_address, launcher)]
    if codes:
        message = f"{len(codes)} of {len(cells)} runs failed, see above; the same command runs them again, "
        message += "and one without their heads or seeds compares the others"
        raise (UserError if len(codes) == count and set(codes) == {2} else ShownError)(message)


def run_trials(tuning: Tuning, workers: int = 1, ray_address: str | None = None, launcher: str | None = None) -> None:
    """Runs the trials that have not ended. One that fails counts as a trial without a score and is not run again.

    Raises:
        ShownError: a trial was killed, which says nothing about its setting; or all trials of a head failed.
    """
    while due := tuning.due():
        by_folder = {trial.cell.folder: trial for trial in due}  # equal settings are one run
        cells = [trial.cell for trial in by_folder.values()]
        killed = 0
        for cell, code, seconds in _run(cells, workers, ray_address, launcher):
            if code is None or code < 0 or code > 128:
                killed += 1
            else:
                by_folder[cell.folder].fail(f"exit code {code}: {reason(cell, code)}", seconds)
        if killed:
            raise ShownError(f"{killed} of {len(cells)} trials were killed; the same command runs them again")
    for head, trials in tuning.trials.items():
        if all(trial.failure is not None for trial in trials):
            why, log = trials[0].failure, trials[0].cell.log
            for trial in trials:
                trial.forget_failure()
            message = f"all {len(trials)} trials of {head} failed, the first with {why} ({log})"
            raise ShownError(f"{message}; the same command runs them again")
        for trial in trials:
            trial.discard_weights()


def _run(cells: Sequence[Cell], workers: int, ray_address: str | None, launcher: str | None) -> list[Ended]:
    """Runs the cells that are not finished, says how it goes, and returns those that failed."""
    waiting = [cell for cell in cells if not cell.finished]
    began, failed = time.monotonic(), []
    line = LivingLine()
    ended = run_on_ray(waiting, ray_address, launcher) if ray_address else run_here(waiting, workers, launcher, line)
    with closing(ended), closing(line):
        for done, (cell, code, seconds) in enumerate(ended, start=1):
            left = len(waiting) - done
            place = f"[{len(cells) - left}/{len(cells)}] {cell.name}"
            rest = f"; {left} left, about {duration((time.monotonic() - began) / done * left)}" if left else ""
            if cell.finished:
                cell.discard_checkpoints()
                how = "was finished by another comparison" if code is None else f"finished in {duration(seconds)}"
                line.say(f"{place} {how}{rest}")
            else:
                failed.append((cell, code, seconds))
                line.say(f"{place} failed after {duration(seconds)}: {reason(cell, code)} ({cell.log}){rest}")
    return failed


def run_here(
    cells: Sequence[Cell], workers: int, launcher: str | None, line: LivingLine
) -> Generator[Ended, None, None]:
    """Runs cells in processes of this machine and yields them as they end; no process outlives the iteration.

    Args:
        line: shows how far those are that run.
    """
    check_launcher(launcher)
    waiting, busy = list(cells), set()
    running: dict[int, tuple[subprocess.Popen, Cell, float]] = {}  # by worker
    environments = environments_of(workers, launcher)
    try:
        while waiting or running:
            for cell in list(waiting):
                if len(running) == workers:
                    break
                log = lock(cell)
                if log is None:
                    if cell.name not in busy:
                        line.say(f"{cell.name} is still running, started by another comparison: waiting")
                        busy.add(cell.name)
                    continue
                waiting.remove(cell)
                with log:
                    finished = cell.finished
                    if not finished:
                        worker = next(worker for worker in range(workers) if worker not in running)
                        running[worker] = start(cell, log, environments[worker]), cell, time.monotonic()
                if finished:
                    yield cell, None, 0.0
                else:
                    line.say(f"{cell.name} started")
            for worker, (process, cell, began) in list(running.items()):
                if process.poll() is not None:
                    del running[worker]
                    yield cell, process.returncode, time.monotonic() - began
            line.show((cell, time.monotonic() - began) for _, cell, began in running.values())
            time.sleep(PAUSE)
    finally:
        end_processes([process for process, _, _ in running.values()])


def run_on_ray(cells: Sequence[Cell], address: str, launcher: str | None) -> Generator[Ended, None, None]:
    """Runs cells as tasks of a Ray cluster and yields them as they end.

    Each process of a cell has a CPU, and a GPU where the cluster has some.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError("--ray_address needs Ray: pip install ray") from error
    try:
        ray.init(
            address=address, runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}}, log_to_driver=False, logging_level=40
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        cure = "is it the address that `ray status` knows, and is its token, if it asks for one, in RAY_AUTH_TOKEN?"
        raise UserError(f"no Ray cluster at {address} ({error}); {cure}") from error
    try:
        stop_on_signals(lambda: FURTHER)  # ray.init has a handler of its own
        processes = processes_of(launcher)
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        needed = dict.fromkeys(["CPU", "GPU"] if ray.cluster_resources().get("GPU") else ["CPU"], processes)
        if not any(all(has.get(kind, 0) >= count for kind, count in needed.items()) for has in machines):
            kinds = " and ".join(f"{count} {kind}s" for kind, count in needed.items())
            raise UserError(f"a run needs {kinds} for its processes, and no machine of the Ray cluster has them")
        task: Any = ray.remote(num_cpus=processes, num_gpus=needed.get("GPU", 0))(run_to_end)
        pending = {task.remote(cell, str(Path.cwd())): cell for cell in cells}
        say(f"{len(cells)} runs handed to Ray at {address}")
        while pending:
            done, _ = ray.wait(list(pending), timeout=0)
            if not done:
                time.sleep(PAUSE)  # here signals are heard: an error cannot leave ray.wait
                continue
            reference = done[0]
            cell = pending.pop(reference)
            try:
                yield cell, *ray.get(reference)
            except ray.exceptions.RayError as error:
                say(f"{cell.name}: {str(error).strip().splitlines()[-1]}")
                yield cell, None, 0.0  # the machine failed, not the run
    finally:
        ray.shutdown()


def run_to_end(cell: Cell, folder: str) -> tuple[int | None, float]:
    """Runs one cell in this process's environment; returns its exit code (None: another finished it) and its seconds."""
    os.chdir(folder)
    while (log := lock(cell)) is None:
        time.sleep(PAUSE)
    with log:
        if cell.finished:
            return None, 0.0
        began = time.monotonic()
        process = start(cell, log, dict(os.environ))
    return process.wait(), time.monotonic() - began


def shell_lines(cells: Sequence[Cell]) -> Iterator[str]:
    """One line for every cell that is neither finished nor running, to be run wherever these folders are."""
    for cell in cells:
        log = None if cell.finished else lock(cell)
        if log is not None:
            with log:
                discard_broken_checkpoints(cell.folder)
                yield cell.shell_line

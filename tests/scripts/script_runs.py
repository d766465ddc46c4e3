"""Runs the scripts for real, each in a process of its own, without paying for the imports every time.

Python's fork server imports the libraries once; every run is a fork of it. So a run has its own exit code, standard output and
error, environment and global state, can be killed, and begins within milliseconds.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = {
    "seq_cls": "run_seq_cls.py",
    "token_cls": "run_token_cls.py",
    "qa": "run_qa.py",
    "compare": "compare_heads.py",
    "ensemble": "ensemble.py",
}
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch"]
PATIENCE = 300  # seconds until a run counts as hanging

PRELOADED = [
    "utils.metrics.evaluate_metrics",
    "utils.outputs.stages",
    "utils.training.setup",
    "transformers.models.electra.modeling_electra",
    "transformers.models.bert.tokenization_bert",
    "accelerate.data_loader",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
]

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(PRELOADED)


@dataclass
class Outcome:
    """What a run left.

    Attributes:
        code: its exit code; the negative number of the signal that ended it.
        stdout, stderr: what it wrote there.
        folder: its `--output_dir`.
    """

    code: int | None
    stdout: str
    stderr: str
    folder: Path

    def read(self, name: str) -> Any:
        """A JSON file of the run."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @property
    def predictions(self) -> list[dict[str, Any]]:
        """The lines of `predictions.jsonl`."""
        text = (self.folder / "predictions.jsonl").read_text(encoding="utf-8")
        assert text.endswith("\n")
        return [json.loads(line) for line in text.removesuffix("\n").split("\n")]

    def metrics(self, stage: str) -> dict[str, Any]:
        """The results of a stage without what a clock measured."""
        return {
            name: value
            for name, value in self.read(f"{stage}_results.json").items()
            if not name.endswith(("_runtime", "_time", "_per_second")) and name != "epoch"
        }


def as_flags(options: dict[str, Any]) -> list[str]:
    """`do_train=True, train_file=path` as the words of a command line; None is left out."""
    words = []
    for name, value in options.items():
        if value is not None:
            words += [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
    return words


def start(
    task: str,
    words: list[str],
    streams: Path,
    environment: dict[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> Any:
    """Starts a script and returns its process.

    Args:
        task: a key of `SCRIPTS`.
        words: its command line.
        streams: the folder that takes its `stdout` and `stderr`; also its working directory.
        environment: set on top of this process's own.
        before: called in the new process before the script begins; a function of a module.
    """
    streams.mkdir(parents=True, exist_ok=True)
    for name in ("stdout", "stderr"):
        (streams / name).touch()
    process = _SERVER.Process(target=_run, args=(task, words, streams, dict(os.environ) | (environment or {}), before))
    process.start()
    return process


def free_port() -> str:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def launch(
    words: list[str], *script: str, streams: Path, inside: Sequence[str] = (), **environment
) -> subprocess.Popen:
    """What `accelerate launch` starts, one thread for each process.

    Args:
        inside: the command that starts the launcher, if any.
    """
    with streams.open("w", encoding="utf-8") as said:
        return subprocess.Popen(
            [*inside, *LAUNCH, *words, *script],
            cwd=REPOSITORY,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def finish(process: Any, streams: Path, folder: Path) -> Outcome:
    """Waits for a process that `start` gave."""
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"no end after {PATIENCE} s: {(streams / 'stderr').read_text(encoding='utf-8')}")
    stdout, stderr = ((streams / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return Outcome(process.exitcode, stdout, stderr, folder)


def _run(task: str, words: list[str], streams: Path, environment: dict[str, str], before: Callable | None) -> None:
    # The platform's own way to start processes, as a script has it: one that loads rows is not forked from the server.
    multiprocessing.set_start_method(None, force=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored in what it runs in the background
    gc.freeze()  # the server's objects: Trainer collects garbage, and would copy every page that they lie on
    os.chdir(streams)
    for name, number in (("stdout", 1), ("stderr", 2)):
        with (streams / name).open("w", encoding="utf-8") as stream:
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    import torch

    torch.set_num_threads(1)
    if before is not None:
        before()
    script = REPOSITORY / SCRIPTS[task]
    sys.argv = [str(script), *words]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except KeyboardInterrupt:  # as the interpreter does, and `multiprocessing` does not
        sys.excepthook(*sys.exc_info())
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Contents and times of all files under a folder."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

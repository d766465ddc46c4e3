"""Cells that are small programs instead of scripts: run, waited for, stopped, killed, printed as shell lines."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
import torch
from checkpoint_files import save_checkpoint

from comparison.cells import ROOT, Cell
from comparison.cells.processes import discard_broken_checkpoints, lock, processes_of, reason
from comparison.running import FURTHER, run_cells, shell_lines
from utils.errors import ENDING, ShownError, Stopped, UserError, stop_on_signals

FINISH = "import pathlib, sys; out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True); (out / 'run.json').touch()"
WAIT = "import time; time.sleep(100)"


@pytest.fixture
def cell(tmp_path):
    """`cell(name, program)`: a cell that runs a Python program, which gets its folder as an argument."""

    def _cell(name: str, program: str = FINISH) -> Cell:
        folder = tmp_path / "cells" / name
        words = [sys.executable, "-c", program, str(folder)]
        return Cell(head="cnn", seed=0, head_kwargs={}, head_flags={}, folder=folder, words=words)

    return _cell


def test_running_and_running_again(cell, capfd):
    cells = [cell("a"), cell("b", f"print('워드'); {FINISH}"), cell("c")]
    run_cells(cells[:1])
    capfd.readouterr()
    began = cells[0].log.read_text(encoding="utf-8")
    run_cells(cells, workers=1)
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(" in ")[0] for line in lines] == [
        "b started",
        "[2/3] b finished",
        "c started",
        "[3/3] c finished",
    ]
    assert "; 1 left, about " in lines[1]
    assert cells[0].log.read_text(encoding="utf-8") == began
    assert cells[1].log.read_text(encoding="utf-8").endswith("\n워드\n")


def test_workers_share_the_cores(cell, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(7))
    show = f"import os; print(os.environ.get('OMP_NUM_THREADS')); {FINISH}"
    cells = [cell(name, show) for name in "abc"]
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    run_cells(cells[:1], workers=1)  # as the script alone
    run_cells(cells[1:2], workers=3)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    run_cells(cells[2:], workers=3)
    assert [one.log.read_text(encoding="utf-8").splitlines()[-1] for one in cells] == ["None", "2", "5"]


@pytest.mark.parametrize(
    ("launcher", "expected"),
    [
        (None, 1),
        ("accelerate launch", 1),
        ("accelerate launch --multi_gpu --num_processes 4", 4),
        ("accelerate launch --num_processes=2 --mixed_precision bf16", 2),
        ("torchrun --nproc-per-node 8", 8),
    ],
)
def test_processes_that_a_launcher_starts(launcher, expected):
    assert processes_of(launcher) == expected


@pytest.mark.parametrize(
    ("visible", "launcher", "expected"),
    [(None, None, {"0", "1"}), ("4,7", None, {"4", "7"}), ("4,7", "env", {"4,7"}), (None, "env", {"None"})],
)
def test_one_gpu_each(cell, monkeypatch, visible, launcher, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    program = f"import os, time; print(os.environ.get('CUDA_VISIBLE_DEVICES')); time.sleep(1); {FINISH}"
    cells = [cell(name, program) for name in "ab"]
    run_cells(cells, workers=2, launcher=launcher)
    assert {one.log.read_text(encoding="utf-8").splitlines()[-1] for one in cells} == expected


def test_a_failed_cell_stops_no_other(cell, capfd):
    cells = [cell("a", "import sys; print('error: no label', file=sys.stderr); sys.exit(2)"), cell("b")]
    cells += [cell("c", "raise ValueError('odd')"), cell("d", "import os; os.kill(os.getpid(), 9)"), cell("e", "pass")]
    with pytest.raises(ShownError, match="^4 of 5 runs failed") as caught:
        run_cells(cells)
    assert caught.value.exit_code == 1
    lines = {line.split()[1]: line for line in capfd.readouterr().out.splitlines() if " after " in line}
    assert f": error: no label ({cells[0].log}); 4 left" in lines["a"]
    assert f": ValueError: odd ({cells[2].log})" in lines["c"] and ": killed by SIGKILL (" in lines["d"]
    assert ": exit code 0 (" in lines["e"]
    assert cells[1].finished


def test_all_failed_because_of_the_user(cell):
    bad = "import sys; sys.exit('error: x') if len(sys.argv) > 2 else sys.exit(2)"
    with pytest.raises(UserError, match="^2 of 3 runs failed") as caught:
        cells = [cell("a"), cell("b", bad), cell("c", bad)]
        run_cells(cells[:1])
        run_cells(cells, workers=2)
    assert caught.value.exit_code == 2


def test_the_reason_is_that_of_the_latest_run(cell):
    one = cell("a")
    one.log.parent.mkdir()
    one.log.write_text("$ python\nerror: long ago\n$ python\nTraceback\nKeyError: 'x'\n\n", encoding="utf-8")
    assert reason(one, 1) == "KeyError: 'x'"


def test_the_reason_where_a_machine_failed_before_the_cell_began(cell):
    assert reason(cell("a"), None) == "its machine failed"


def test_a_cell_that_another_comparison_runs_is_waited_for(cell, capfd):
    one = cell("a")
    one.log.parent.mkdir()
    with one.log.open("ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        other = subprocess.Popen([*one.words[:2], f"import time; time.sleep(2); {FINISH}", one.words[3]], stdout=log)
    assert lock(one) is None  # the process has it, whoever started it
    run_cells([one])
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "a is still running, started by another comparison: waiting"
    assert lines[1:] == ["[1/1] a was finished by another comparison"]
    assert other.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_cells_too(cell, number, request):
    for one in ENDING:  # a test run in the background may have been told to ignore some
        request.addfinalizer(partial(signal.signal, one, signal.signal(one, signal.SIG_DFL)))
    stop_on_signals(lambda: FURTHER)
    children = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(100)'])"
    one = cell("a", f"import os; os.kill(os.getppid(), {int(number)}); {children}")
    with pytest.raises(Stopped, match=f"stopped by {number.name}; the same command goes on from here") as caught:
        run_cells([one])
    assert caught.value.exit_code == 128 + number
    assert free_soon(one)
    assert not one.finished


def free_soon(one: Cell) -> bool:
    """Whether the last process of a cell ends soon."""
    for _ in range(300):
        log = lock(one)
        if log is not None:
            log.close()
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere cells run on, and are waited for")
def test_a_killed_comparison_leaves_no_cell_behind(cell):
    one = cell("a", WAIT)
    program = f"""
from pathlib import Path
from comparison.cells import Cell
from comparison.running import run_cells
folder, words = Path({str(one.folder)!r}), {one.words!r}
run_cells([Cell(head="cnn", seed=0, head_kwargs={{}}, head_flags={{}}, folder=folder, words=words)])
"""
    comparison = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert comparison.stdout is not None and comparison.stdout.readline() == "a started\n"
    assert lock(one) is None
    comparison.kill()
    comparison.wait()
    assert free_soon(one)


def test_broken_checkpoints_are_discarded(tmp_path):
    for step in (2, 4, 6):
        save_checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-4" / "optimizer.pt").unlink()
    (tmp_path / "checkpoint-6" / "trainer_state.json").write_text('{"global_st', encoding="utf-8")
    discard_broken_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-2"]


@pytest.mark.parametrize("kept", [False, True])
def test_checkpoints_of_finished_cells_are_discarded(cell, kept):
    """Of one that finishes here, and of one that finished elsewhere; of one that failed they stay."""
    cells = [cell("a"), cell("b"), cell("c", "pass")]
    for one in cells:
        one.keeps_checkpoints = kept
        save_checkpoint(one.folder, 2)
    (cells[1].folder / "run.json").touch()
    with pytest.raises(ShownError, match="^1 of 3 runs failed"):
        run_cells(cells)
    assert [(one.folder / "checkpoint-2").exists() for one in cells] == [kept, kept, True]


def test_shell_lines(cell):
    cells = [cell("a"), cell("b c"), cell("d"), cell("e")]
    run_cells(cells[:1])
    (cells[3].folder / "checkpoint-1").mkdir(parents=True)  # an empty one
    log = lock(cells[2])
    lines = list(shell_lines(cells))
    assert len(lines) == 2 and "--resume" not in lines[1]
    assert log is not None
    log.close()
    subprocess.run(["bash", "-c", lines[0]], check=True)
    assert cells[1].finished and not cells[3].finished

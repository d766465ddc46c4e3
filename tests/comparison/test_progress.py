"""How far running cells are."""

from __future__ import annotations

import io

import pytest

from comparison.cells import Cell
from comparison.progress import LivingLine, how_far


@pytest.fixture
def cell(tmp_path):
    return Cell(head="cnn", seed=3, head_kwargs={}, folder=tmp_path / "cnn-seed-3-0a1b2c3d", words=[])


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("$ python\nstep 900 of 1,000, epoch 1: loss 0.1\n$ python\nrows\n", "cnn 3: begins, 60 s"),
        (
            "$ python\nstep 50 of 1,200, epoch 1: loss 0.1\nstep 1,000 of 1,200, epoch 2: loss 0.1\nvalidation",
            "cnn 3: step 1,000 of 1,200, about 12 s left",
        ),
        ("$ python\n" + "x" * 9999 + "\nstep 4 of 8, epoch 1: loss 0.1\n", "cnn 3: step 4 of 8, about 60 s left"),
    ],
)
def test_how_far(log, expected, cell):
    cell.log.write_text(log, encoding="utf-8")
    assert how_far(cell, 60.0) == expected


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_living_line_in_a_terminal(cell, monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    line = LivingLine()
    line.show([(cell, 5.0)])
    line.show([(cell, 6.0)])  # too soon
    line.say("a started")
    assert terminal.getvalue() == "\rcnn 3\x1b[K\r\x1b[Ka started\n"


def test_none_in_a_log(cell, monkeypatch):
    monkeypatch.setattr("sys.stdout", stream := io.StringIO())
    line = LivingLine()
    line.show([(cell, 5.0)])
    line.say("a started")
    line.close()
    assert stream.getvalue() == "a started\n"

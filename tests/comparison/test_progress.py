"""How far running cells are."""

from __future__ import annotations

import io

import pytest

from comparison.cells import Cell
from comparison.progress import LivingLine


@pytest.fixture
def cell(tmp_path):
    return Cell(head="cnn", seed=3, head_kwargs={}, folder=tmp_path / "cnn-seed-3-0a1b2c3d", words=[])


def test_how_far(cell):
    """The pace is that of the steps: what comes before them is not counted, nor are those of an earlier start."""
    line = LivingLine()
    earlier = "$ python\nstep 900 of 1,200, epoch 1: loss 0.1\n$ python\n" + "x" * 9999 + "\n"
    cell.log.write_text(earlier + "rows\n", encoding="utf-8")
    assert line.how_far(cell, 60.0) == "cnn 3: begins, 60 s"
    for step, seconds, expected in (
        ("950", 70.0, "cnn 3: step 950 of 1,200"),
        ("1,000", 80.0, "cnn 3: step 1,000 of 1,200, about 40 s left"),
        ("1,200", 120.0, "cnn 3: trained, predicts"),
    ):
        with cell.log.open("a", encoding="utf-8") as log:
            log.write(f"step {step} of 1,200, epoch 2: loss 0.1\n")
        assert line.how_far(cell, seconds) == expected


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_living_line_in_a_terminal(cell, monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    line = LivingLine()
    line.show([(cell, 5.0)])
    line.show([(cell, 6.0)])  # too soon
    line.say("a started")
    assert terminal.getvalue() == "\rcnn 3: begins, 5 s\x1b[K\r\x1b[Ka started\n"


def test_none_in_a_log(cell, monkeypatch):
    monkeypatch.setattr("sys.stdout", stream := io.StringIO())
    line = LivingLine()
    line.show([(cell, 5.0)])
    line.say("a started")
    line.close()
    assert stream.getvalue() == "a started\n"

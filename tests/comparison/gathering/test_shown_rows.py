"""What the demo takes from the folder of a comparison."""

from __future__ import annotations

import json
import os

import pytest

from comparison.gathering.examples import Example, is_comparison, read_examples
from utils.errors import UserError

ROW = {
    "row": 3,
    "text": "참 좋다\n그래?",
    "gold": "1",
    "right": {"dense": 0, "cnn": 2},
    "predictions": {"dense": "0", "cnn": "1"},
}


@pytest.fixture
def folder(tmp_path):
    content = {"heads": {"dense": {"seeds": [1, 2]}, "cnn": {"seeds": [1, 2]}}, "disagreements": [ROW]}
    (tmp_path / "comparison.json").write_text(json.dumps(content), encoding="utf-8")
    for name in (
        "dense-seed-1-0a0a0a0a",
        "dense-seed-11-0a0a0a0a",
        "cnn-seed-1-0a0a0a0a",
        "cnn-seed-1-data-5-0b0b0b0b",
    ):
        run(tmp_path / "cells" / name)
    return tmp_path


def run(cell):
    cell.mkdir(parents=True)
    for name in ("run.json", "model.safetensors"):
        (cell / name).write_text("{}", encoding="utf-8")


def test_first_seeds_and_disagreements(folder):
    os.utime(folder / "cells" / "cnn-seed-1-0a0a0a0a" / "run.json", (1, 1))  # the other one is newer
    assert is_comparison(folder) and not is_comparison(folder / "cells")
    shown = read_examples(folder)
    assert {head: path.name for head, path in shown.runs.items()} == {
        "dense": "dense-seed-1-0a0a0a0a",
        "cnn": "cnn-seed-1-data-5-0b0b0b0b",
    }
    assert shown.examples == [Example("참 좋다\n그래?", "1", {"dense": "0", "cnn": "1"})]


def test_runs_that_have_gone(folder):
    (folder / "cells" / "dense-seed-1-0a0a0a0a" / "model.safetensors").unlink()
    with pytest.raises(UserError, match="no run of the head dense with seed 1 is here"):
        read_examples(folder)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"heads": {"dense": {"seeds": []}}}'])
def test_a_file_that_is_none(folder, text):
    (folder / "comparison.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"comparison\.json: is none that this version has written"):
        read_examples(folder)

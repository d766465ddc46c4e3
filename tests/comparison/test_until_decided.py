"""compare_heads.py with a margin, and with seeds until the heads are decided: planted differences, runs that are not trained."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from faked_cells import fake_runs, write_test_rows

from benchmarks.rejections import World, simulate
from comparison.cells import ROOT
from comparison.gathering import gather
from utils.errors import UserError

ROWS = 2000
WORDS = ["--script", "run_seq_cls.py", "--config_name", str(ROOT / "examples/tiny-electra"), "--train_file", "train.csv"]
WORDS += ["--test_file", "rows.csv", "--output_dir", "out"]
HEADS = ["--heads", "dense", "cnn"]


@pytest.fixture
def script(place, monkeypatch):
    """compare_heads.py as a module; its models cost nothing."""
    spec = importlib.util.spec_from_file_location("compare_heads", ROOT / "compare_heads.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(gather, "measure_costs", lambda folders, *_: {head: {} for head in folders})
    return module


@pytest.fixture
def planted(script, monkeypatch):
    """`planted(difference, ...)`: cnn is better than dense by so many points, and lstm better than both by 12."""

    def _planted(difference: float, seed_deviation: float = 0.2, differing: float | None = None) -> None:
        generator = np.random.default_rng(0)
        gold = write_test_rows(Path("rows.csv"), ROWS)
        world = World(ROWS, accuracy=0.85, differing=differing)
        counts = simulate(world, 20, seed_deviation, difference, generator)
        counts["lstm"] = simulate(world, 20, seed_deviation, 12, generator)["cnn"]
        right = {head: own[..., 0] > 0 for head, own in counts.items()}
        monkeypatch.setattr(script, "run_cells", fake_runs(right, gold, "rows.csv"))

    return _planted


@pytest.fixture
def compare(script, monkeypatch, capsys):
    """`compare(word, ...)`: runs the command; returns what it printed and `comparison.json`."""

    def _compare(*words: str) -> tuple[str, dict]:
        monkeypatch.setattr(sys, "argv", ["compare_heads.py", *WORDS, *words])
        script.main()
        return capsys.readouterr().out, json.loads(Path("out/comparison.json").read_text(encoding="utf-8"))

    return _compare


def runs() -> dict[str, int]:
    """How many runs of each head there are."""
    names = [path.name.partition("-")[0] for path in Path("out/cells").iterdir() if path.is_dir()]
    return {name: names.count(name) for name in sorted(set(names))}


def test_it_stops_early_where_a_difference_is_shown(planted, compare):
    planted(4.0)
    printed, comparison = compare(*HEADS, "--until_decided", "--margin", "1")
    print(printed)
    (pair,) = comparison["comparisons"]
    assert pair["better"] == "cnn" and pair["look"]["ending"] == "difference"
    assert pair["look"]["looks"] == [3, 5, 8, 12, 20] and pair["look"]["number"] < 4
    assert runs() == {"cnn": pair["seeds"][0], "dense": pair["seeds"][0]}


def test_it_ends_equal(planted, compare):
    planted(0.0, 0.1, 0.01)
    printed, comparison = compare(*HEADS, "--until_decided", "--margin", "0.5")
    print(printed)
    (pair,) = comparison["comparisons"]
    assert pair["better"] is None and pair["equality"]["shown"] and pair["look"]["ending"] == "equality"


def test_three(planted, compare):
    planted(0.0, 0.3)
    printed, comparison = compare("--until_decided", "--margin", "0.5", "--max_seeds", "10")
    print(printed, runs())
    print(Path("out/comparison.md").read_text())
    assert 0

"""What follows from the layout of runs: seeds alone, crossed with data orders, crossed with hold-outs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from comparison.cells import Cell
from comparison.gathering.designs import Design
from comparison.inference.hold_outs import summarise_hold_outs
from comparison.inference.seeds import summarise_seeds
from utils.metrics.catalogue import CLASSES

METRIC = CLASSES.sums("accuracy", ["a", "b"])


def cells(flag: str | None, values: list[int]) -> list[Cell]:
    return [
        Cell(
            head="cnn",
            seed=seed,
            head_kwargs={},
            folder=Path("x"),
            words=[],
            crossed=None if flag is None else (flag, value),
        )
        for seed in (0, 1)
        for value in values
    ]


def right(*rows: list[int]) -> np.ndarray:
    return np.stack([np.array(rows), np.ones((len(rows), len(rows[0])))], axis=-1).astype(float)


def test_seeds_alone():
    design = Design.of(cells(None, [0]), [4], 30)
    assert (design.flag, design.values, design.has_hold_outs) == (None, 1, False)
    scores = design.run_scores(right([1, 1, 1, 1], [1, 0, 0, 1]), METRIC)
    assert scores.tolist() == [1, 0.5]
    assert design.summarise(scores, 0, 1) == summarise_seeds([1, 0.5], 0, 1)
    assert design.compare({"cnn": right([1, 0])}, METRIC) == []


def test_data_orders():
    """Two seeds, each with two data orders: scores 1 and .75 with the first, .75 and .5 with the second."""
    design = Design.of(cells("data_seed", [4, 9]), [4], 30)
    assert (design.flag, design.values) == ("data_seed", 2)
    scores = design.run_scores(right([1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1]), METRIC)
    found = design.variance("dense", scores, METRIC)
    assert [one["variance"] for one in found["components"]] == pytest.approx([0.03125, 0.03125, 0])
    assert found["standard_error"] == pytest.approx(0.25 / 2**0.5) and found["freedom"] == pytest.approx(2)
    assert found["sentence"].startswith(
        "dense: a run varies by 18 points with initialisation (7.9 to 560), by 18 with "
    )


def test_hold_outs():
    """Two seeds on hold-outs of four and two rows; eight and ten rows train."""
    design = Design.of(cells("validation_split_seed", [0, 1]), [4, 2], 9)
    assert design.has_hold_outs and design.ratio == pytest.approx(1 / 3)
    counts = right([1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 1, 1])
    assert design.run_scores(counts, METRIC).tolist() == [1, 0.5, 0.25, 1]  # by seed, then by hold-out
    assert design.summarise([1, 0.5, 0.25, 1], 0, 1) == summarise_hold_outs([1, 0.5, 0.25, 1], 2, 1 / 3, 0, 1)
    (pair,) = design.compare({"dense": counts, "cnn": right([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1])}, METRIC)
    assert pair.rows == 6 and pair.difference == pytest.approx(100 * (1 - 2.75 / 4))
    found = design.variance("cnn", np.array([1, 0.5, 0.25, 1]), METRIC)
    assert [one["source"] for one in found["components"]] == ["seed", "hold-out", "the rest"]

"""Scores over seeds, by hand."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from comparison.inference.seeds import summarise_seeds


def test_mean_deviation_and_interval_of_seeds():
    """Student's t with 4 degrees of freedom has its 97.5 % point at 2.776."""
    summary = summarise_seeds([84.0, 85.0, 86.0, 87.0, 88.0])
    assert (summary.mean, summary.standard_deviation) == (86, pytest.approx(math.sqrt(2.5)))
    half = 2.776445 * math.sqrt(2.5 / 5)
    assert (summary.low, summary.high) == (pytest.approx(86 - half), pytest.approx(86 + half))
    assert asdict(summarise_seeds([84])) == {
        "scores": [84], "mean": 84, "standard_deviation": None, "low": None, "high": None,
    }  # fmt: skip


def test_the_interval_stays_within_the_metric():
    """Two seeds, .05 and .55: Student's t with one degree of freedom would reach from -2.88 to 3.48."""
    assert summarise_seeds([0.05, 0.55], low=0.0, high=1.0).low == 0.0
    assert summarise_seeds([0.05, 0.55], low=0.0, high=1.0).high == 1.0
    assert summarise_seeds([0.05, 0.55]).low == pytest.approx(0.3 - 12.7062 * 0.25)
    within = summarise_seeds([0.84, 0.85, 0.86])
    assert summarise_seeds([0.84, 0.85, 0.86], low=0.0, high=1.0) == within

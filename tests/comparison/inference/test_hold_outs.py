"""Differences over several hold-outs: the corrected t test, seeds on top of it, and no finding by chance agreement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from comparison.inference.hold_outs import compare_on_hold_outs, error_of_mean, scores_of, summarise_hold_outs
from utils.metrics.catalogue import CLASSES

ACCURACY = CLASSES.sums("accuracy", ["a", "b"])


def counts(right: list[list[int]], rows: int = 200) -> list[np.ndarray]:
    """Counts of accuracy on each hold-out: how many rows each seed has right there, the first ones."""
    answers = [np.array([[i < count for i in range(rows)] for count in seeds], dtype=float) for seeds in right]
    return [np.stack([one, np.ones_like(one)], axis=-1) for one in answers]


def test_seeds_that_agree_leave_the_corrected_t_test():
    """Nadeau and Bengio 2003: d / sqrt((1 / K + n2 / n1) s2), with K - 1 degrees of freedom."""
    dense, cnn = [100, 104, 90, 96], [112, 110, 108, 124]
    differences = (np.array(cnn) - np.array(dense)) / 2  # points
    (pair,) = compare_on_hold_outs(
        {"dense": counts([[r] * 2 for r in dense]), "cnn": counts([[r] * 2 for r in cnn])}, ACCURACY, 1 / 4
    )
    error = math.sqrt((1 / 4 + 1 / 4) * differences.var(ddof=1))
    assert pair.difference == pytest.approx(differences.mean()) and pair.seeds == (2, 2) and pair.rows == 800
    assert pair.p_value == pytest.approx(2 * student.sf(differences.mean() / error, 3))
    half = student.ppf(0.975, 3) * error
    assert (pair.low, pair.high) == pytest.approx((differences.mean() - half, differences.mean() + half))
    assert math.hypot(pair.rows_error, pair.seeds_error) == pytest.approx(error)


def test_seeds_come_on_top():
    table = np.array([[70.0, 71.0, 72.0], [74.0, 75.0, 76.0]])  # 4 points between the seeds on every hold-out
    of_hold_outs, of_seeds, freedom = error_of_mean([table], 1 / 9)
    assert of_hold_outs == pytest.approx((1 / 3 + 1 / 9) * 1.0)
    assert of_seeds == pytest.approx(8 / 2)  # the variance of 72 and 76 over two seeds
    assert freedom == pytest.approx((4 + 4 / 9) ** 2 / (4**2 / 1 + (4 / 9) ** 2 / 2))
    summary = summarise_hold_outs(table.ravel(), 3, 1 / 9, 0, 100)
    half = student.ppf(0.975, freedom) * math.sqrt(4 + 4 / 9)
    assert (summary.mean, summary.low, summary.high) == pytest.approx((73, 73 - half, 73 + half))


def test_hold_outs_that_agree_by_chance_make_no_finding():
    """One row more on each of two hold-outs: the rows alone do not show such a difference."""
    (pair,) = compare_on_hold_outs(
        {"dense": counts([[100, 100]] * 2), "cnn": counts([[101, 101]] * 2)}, ACCURACY, 1 / 9
    )
    assert pair.difference == pytest.approx(0.5) and pair.better is None and pair.p_value > 0.3
    (same,) = compare_on_hold_outs(
        {"dense": counts([[100, 100]] * 2), "cnn": counts([[100, 100]] * 2)}, ACCURACY, 1 / 9
    )
    assert (same.difference, same.p_value, same.better) == (0, 1, None)


def test_false_alarms_where_hold_outs_are_alike():
    """Differences that agree between hold-outs as much as the correction takes them to, around nothing."""
    rng, found = np.random.default_rng(0), {0.0: 0, 1 / 4: 0}
    share, times = 1 / 5, 400  # held out: the likeness of two hold-outs
    for _ in range(times):
        alike = math.sqrt(share) * rng.standard_normal() + math.sqrt(1 - share) * rng.standard_normal(5)
        for ratio in found:
            of_hold_outs, _, freedom = error_of_mean([np.stack([alike, alike])], ratio)
            found[ratio] += abs(alike.mean()) > student.ppf(0.975, freedom) * math.sqrt(of_hold_outs)
    assert found[1 / 4] / times < 0.08 and found[0.0] / times > 0.1


def test_scores():
    assert scores_of(counts([[100, 150], [50, 0]]), ACCURACY) == pytest.approx(np.array([[0.5, 0.25], [0.75, 0.0]]))

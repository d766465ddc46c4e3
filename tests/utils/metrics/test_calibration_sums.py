"""The calibration error of any decisions, from sums, against its formula and against that of classes."""

from __future__ import annotations

import numpy as np
import pytest

from utils.metrics.calibration import Reliability, calibration_sums, reliability


def test_calibration_error_is_the_mean_distance_by_hand():
    # Bins: .55 and .6 (one of two right, mean .575), .95 twice (both right), 0 (wrong, in the first bin).
    sums = calibration_sums([0.55, 0.6, 0.95, 0.95, 0.0], [True, False, True, True, False])
    assert sums[:, 0].tolist() == [1, *[0] * 7, 2, *[0] * 5, 2]
    assert Reliability(sums).ece == pytest.approx((2 * abs(0.575 - 0.5) + 2 * 0.05 + 0) / 5)


def test_sums_of_parts_are_those_of_the_whole():
    random = np.random.default_rng(0)
    probabilities, right = random.random(500), random.random(500) < 0.5
    parts = calibration_sums(probabilities[:200], right[:200]) + calibration_sums(probabilities[200:], right[200:])
    assert np.allclose(parts, calibration_sums(probabilities, right))
    # The textbook's loop over bins.
    expected = 0.0
    for i in range(15):
        inside = (probabilities > i / 15) & (probabilities <= (i + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - probabilities[inside].mean())
    assert Reliability(parts).ece == pytest.approx(expected)


def test_a_probability_of_one_and_nothing_at_all():
    assert calibration_sums([1.0], [True])[14].tolist() == [1, 1, 1]
    assert Reliability(calibration_sums([], [])).ece == 0


def test_of_classes_the_sums_say_what_reliability_says():
    random = np.random.default_rng(1)
    logits, labels = random.normal(size=(400, 3)), random.integers(3, size=400)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    sums = calibration_sums(shares.max(axis=1), shares.argmax(axis=1) == labels)
    assert Reliability(sums).ece == pytest.approx(reliability(logits, labels).ece)

"""Temperature, calibration error and thresholds against hand computation, brute force and other implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.metrics import f1_score, log_loss

from utils.metrics.calibration import BINS, best_null_threshold, best_threshold, fit_temperature, nll, reliability


def drawn(seed: int, rows: int = 60, classes: int = 3, scale: float = 4.0):
    """Logits of a model that is too sure of itself, and gold classes."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes))
    labels = np.array([generator.choice(classes, p=np.exp(row) / np.exp(row).sum()) for row in logits])
    return scale * logits, labels


def test_a_temperature_by_hand():
    """Always sure by 2, right in 3 of 4: the softmax is .75 where 2 / T = log 3."""
    logits = np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.0, 2.0]])
    labels = np.array([0, 0, 1, 0])
    assert fit_temperature(logits, labels) == pytest.approx(2 / math.log(3), rel=1e-8)
    assert nll(logits, labels, 2 / math.log(3)) == pytest.approx(-(3 * math.log(0.75) + math.log(0.25)) / 4)


@pytest.mark.parametrize("seed", range(5))
def test_the_temperature_of_least_nll(seed):
    logits, labels = drawn(seed)

    def loss(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        return float((logsumexp(scaled, axis=1) - scaled[np.arange(len(labels)), labels]).mean())

    best = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9})
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(math.exp(best.x), rel=1e-5) and found > 2
    shares = np.exp(logits / found) / np.exp(logits / found).sum(axis=1, keepdims=True)
    assert nll(logits, labels, found) == pytest.approx(log_loss(labels, shares, labels=[0, 1, 2]))
    assert nll(logits, labels, found) < nll(logits, labels)


def test_rows_that_tell_no_temperature():
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(logits, np.array([0, 1])) is None  # all right: the surer the better
    assert fit_temperature(logits, np.array([1, 0])) is None  # all wrong: the less sure the better


def test_calibration_error_by_hand():
    """Confidences .8, .8, .6 and .95 of two classes, in the bins up to 12/15, 9/15 and 15/15; right, wrong, wrong, right."""
    shares = np.array([[0.79, 0.21], [0.21, 0.79], [0.59, 0.41], [0.95, 0.05]])
    logits, labels = np.log(shares), np.array([0, 0, 1, 0])
    bins = reliability(logits, labels).bins
    assert len(bins) == BINS == 15
    assert {i: one.rows for i, one in enumerate(bins) if one.rows} == {8: 1, 11: 2, 14: 1}
    assert (bins[11].confidence, bins[11].accuracy) == pytest.approx((0.79, 0.5))
    assert reliability(logits, labels).ece == pytest.approx((2 * 0.29 + 0.59 + 0.05) / 4)


@pytest.mark.parametrize("seed", range(5))
def test_calibration_error_as_a_loop_over_bins(seed):
    logits, labels = drawn(seed, rows=200)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    error = 0.0
    for low, high in zip(np.linspace(0, 1, 16)[:-1], np.linspace(0, 1, 16)[1:], strict=True):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert reliability(logits, labels).ece == pytest.approx(error)
    assert reliability(logits, labels, fit_temperature(logits, labels) or 1.0).ece < error


def f1(probabilities, present, threshold) -> float:
    said = probabilities > threshold
    return 2 * (said & present).sum() / (said.sum() + present.sum())


@pytest.mark.parametrize("seed", range(20))
def test_the_threshold_of_the_best_f1(seed):
    generator = np.random.default_rng(seed)
    probabilities = generator.integers(0, 12, size=30) / 11  # many are equal
    present = generator.random(30) < 0.5 * probabilities
    present[0] = True
    threshold = best_threshold(probabilities, present)
    cuts = np.linspace(-0.01, 1.01, 500)
    scores = np.array([f1(probabilities, present, cut) for cut in cuts])
    assert f1(probabilities, present, threshold) == pytest.approx(scores.max())
    assert f1(probabilities, present, threshold) == pytest.approx(f1_score(present, probabilities > threshold))
    best = cuts[scores > scores.max() - 1e-9]
    near = best[np.abs(best - 0.5) <= np.abs(best - 0.5).min() + 4e-3]  # of equally good ones the nearest to 0.5
    assert any(((probabilities > cut) == (probabilities > threshold)).all() for cut in near)


def test_thresholds_by_hand():
    assert best_threshold(np.array([0.1, 0.2, 0.4]), np.array([False, False, True])) == pytest.approx(0.3)
    assert best_threshold(np.array([0.1, 0.7]), np.array([False, True])) == 0.5  # as good as any between them
    assert best_threshold(np.array([0.2, 0.4]), np.array([True, True])) == pytest.approx(0.1)
    assert best_threshold(np.array([0.6, 0.8, 0.9]), np.array([False, True, True])) == pytest.approx(0.7)


def squad_threshold(margins, of_answer, of_none) -> float:
    """`find_best_thresh` of the official evaluation of SQuAD 2.0, for questions of any score: its best mean score."""
    has_answer = of_none == 0
    score = best = float((~has_answer).sum())
    for i in np.argsort(margins, kind="stable"):
        score += of_answer[i] if has_answer[i] else -1.0
        best = max(best, score)
    return best / len(margins)


@pytest.mark.parametrize("seed", range(20))
def test_the_null_threshold_of_the_best_f1(seed):
    generator = np.random.default_rng(seed)
    of_none = (generator.random(25) < 0.4).astype(float)
    margins = generator.normal(size=25) + 2 * of_none - 3
    of_answer = generator.random(25) * (1 - of_none)
    threshold = best_null_threshold(margins, of_answer, of_none)
    assert np.where(margins > threshold, of_none, of_answer).mean() == pytest.approx(
        squad_threshold(margins, of_answer, of_none)
    )


def test_null_thresholds_by_hand():
    none, answer = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    assert best_null_threshold(np.array([-5.0, -1.0]), answer, none) == -3.0
    assert best_null_threshold(np.array([-5.0, 1.0]), answer, none) == 0.0
    assert best_null_threshold(np.array([2.0, 3.0]), np.ones(2), np.zeros(2)) == 3.0  # always an answer
    assert best_null_threshold(np.array([-2.0, -3.0]), np.zeros(2), np.ones(2)) == -4.0  # never one
    assert best_null_threshold(np.array([4.0, 4.0, 6.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])) == 5.0

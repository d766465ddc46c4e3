"""Pooled differences: the numbers of published analyses."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm, t

from comparison.inference.meta_analysis import pool

# Nine laboratories (Kacker 2004); the values of metafor's rma(y, v, method="PM").
KACKER = [61.00, 61.40, 62.21, 62.30, 62.34, 62.60, 62.70, 62.84, 65.90]
KACKER_VARIANCES = [0.2025, 1.2100, 0.0900, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]
MEAN, ERROR, TAU2 = 62.4076199113286, 0.338030602684471, 0.705395309224248

# Thirteen trials of the BCG vaccine: cases and others, vaccinated and not (Colditz et al. 1994).
BCG = (
    "4 119 11 128 6 300 29 274 3 228 11 209 62 13536 248 12619 33 5036 47 5761 180 1361 372 1079 8 2537 10 619 505 87886 499 "
    "87892 29 7470 45 7232 17 1699 65 1600 186 50448 141 27197 5 2493 3 2338 27 16886 29 17825"
)


def test_mean_of_kacker():
    found = pool(KACKER, [math.sqrt(v) for v in KACKER_VARIANCES])
    assert found.data_sets == 9
    assert found.mean == pytest.approx(MEAN, abs=1e-6)
    assert found.tau == pytest.approx(0.8399, abs=5e-5)  # Kacker's table 1
    half = 2.306004 * ERROR  # t with 8 degrees of freedom
    assert (found.low, found.high) == pytest.approx((MEAN - half, MEAN + half), abs=1e-5)
    assert found.i_squared == pytest.approx(1 - 8 / 24.801897741835)
    assert sum(found.weights) == pytest.approx(1)
    first = 1 / (0.2025 + TAU2)
    assert found.weights[0] == pytest.approx(first / sum(1 / (v + TAU2) for v in KACKER_VARIANCES), abs=1e-5)


def test_prediction_interval_of_higgins():
    """mean ± t(k - 2) sqrt(tau² + error²): 2.364624 times sqrt(.705395 + .114265)."""
    found = pool(KACKER, [math.sqrt(v) for v in KACKER_VARIANCES])
    assert found.prediction_low == pytest.approx(60.2668, abs=1e-4)
    assert found.prediction_high == pytest.approx(64.5484, abs=1e-4)


def test_interval_of_tau_by_the_q_profile():
    """The log odds ratios of the BCG trials; metafor gives 0.1302 to 1.1812 for tau²."""
    numbers = list(map(int, BCG.split()))
    trials = [numbers[i : i + 4] for i in range(0, len(numbers), 4)]
    effects = [math.log(a * d / (b * c)) for a, b, c, d in trials]
    found = pool(effects, [math.sqrt(sum(1 / n for n in trial)) for trial in trials])
    assert (effects[0], found.data_sets) == (pytest.approx(-0.9387, abs=5e-5), 13)
    assert (found.tau_low**2, found.tau_high**2) == pytest.approx((0.1302, 1.1812), abs=1e-4)  # its search ends at 1e-4


def test_alike_data_sets_have_no_tau_and_the_usual_error():
    """Hartung and Knapp's factor would be 0 here; it is never less than 1."""
    found = pool([1.0, 1.0, 1.0, 1.0], [0.2, 0.2, 0.4, 0.4])
    error = 1 / math.sqrt(2 / 0.04 + 2 / 0.16)
    assert (found.mean, found.tau, found.tau_low, found.i_squared) == (pytest.approx(1), 0, 0, 0)
    assert found.high - found.mean == pytest.approx(t.ppf(0.975, 3) * error)
    assert found.high - found.mean > norm.ppf(0.975) * error
    assert found.p_value == pytest.approx(2 * t.sf(1 / error, 3))


def test_two_data_sets_have_a_mean_and_no_prediction():
    found = pool([1.0, 3.0], [0.5, 0.5])
    assert found.mean == pytest.approx(2)
    assert found.tau**2 == pytest.approx(2 - 0.25, abs=1e-4)  # variance between, less that of the errors
    assert found.high - found.mean == pytest.approx(12.7062, abs=1e-3)  # t with 1 degree of freedom, and an error of 1
    assert found.prediction_low is None and found.prediction_high is None


@pytest.mark.parametrize(("differences", "errors"), [([1.0], [0.1]), ([1.0, 2.0], [0.0, 0.1]), ([], [])])
def test_what_cannot_be_pooled(differences, errors):
    with pytest.raises(ValueError):
        pool(differences, errors or [1.0])

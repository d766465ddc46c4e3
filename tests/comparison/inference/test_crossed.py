"""Seeds crossed with data orders: components, their intervals, and how well the mean is known."""

from __future__ import annotations

import math

import numpy as np
import pandas
import pytest
from scipy.stats import chi2
from scipy.stats import t as student
from statsmodels.regression.mixed_linear_model import MixedLM

from comparison.inference.crossed import CrossedRuns, mean_squares_interval, summarise_crossed, variance_sentence
from comparison.inference.pairs import compare_heads
from comparison.inference.seeds import summarise_seeds
from utils.metrics.catalogue import CLASSES


def drawn(rng: np.random.Generator, shape: tuple[int, int], deviations: tuple[float, float, float]) -> np.ndarray:
    """Scores (S, D) of known components."""
    seeds, orders, rest = deviations
    columns = seeds * rng.standard_normal((shape[0], 1)), orders * rng.standard_normal((1, shape[1]))
    return columns[0] + columns[1] + rest * rng.standard_normal(shape)


def test_a_table_by_hand():
    """Means of seeds 2 and 6, of orders 3, 4 and 5; the rest is 1, 0, -1 and -1, 0, 1."""
    runs = CrossedRuns.of(np.array([[2.0, 2.0, 2.0], [4.0, 6.0, 8.0]]))
    assert runs.squares == pytest.approx((24.0, 2.0, 2.0))
    assert [one.variance for one in runs.components()] == pytest.approx([22 / 3, 0.0, 2.0])
    assert runs.variance_of_run == pytest.approx(22 / 3 + 2)
    assert runs.variance_of_mean == pytest.approx(24 / 6)  # 22/3 / 2 + 0 / 3 + 2 / 6
    assert runs.freedom == pytest.approx(1.0)
    summary = summarise_crossed([2, 2, 2, 4, 6, 8], 3)
    half = student.ppf(0.975, 1) * 2
    assert (summary.mean, summary.low, summary.high) == pytest.approx((4, 4 - half, 4 + half))
    assert summarise_crossed([2, 2, 2, 4, 6, 8], 3, 0, 10).low == 0


def test_components_are_those_of_a_mixed_model():
    """Restricted maximum likelihood agrees with the analysis of variance where all estimates are positive."""
    scores = drawn(np.random.default_rng(3), (6, 5), (1.0, 0.8, 0.5))
    seed, order = np.indices(scores.shape)
    table = pandas.DataFrame({"score": scores.ravel(), "seed": seed.ravel(), "order": order.ravel(), "one": 1})
    formula = {"seed": "0 + C(seed)", "order": "0 + C(order)"}
    fitted = MixedLM.from_formula("score ~ 1", groups="one", vc_formula=formula, data=table).fit()
    by_name = dict(zip(sorted(formula), fitted.vcomp, strict=True))
    runs = CrossedRuns.of(scores)
    expected = [by_name["seed"], by_name["order"], fitted.scale]
    assert [one.variance for one in runs.components()] == pytest.approx(expected, rel=1e-3)
    assert math.sqrt(runs.variance_of_mean) == pytest.approx(float(fitted.bse_fe.iloc[0]), rel=1e-3)


def test_an_interval_without_a_second_mean_square_is_the_exact_one():
    low, high = mean_squares_interval(3.0, 4, 0.0, 8)
    assert (low, high) == pytest.approx((3 * 4 / chi2.ppf(0.975, 4), 3 * 4 / chi2.ppf(0.025, 4)))
    assert mean_squares_interval(1.0, 2, 1.0, 4)[0] < 0 < mean_squares_interval(1.0, 2, 1.0, 4)[1]


@pytest.mark.parametrize(
    ("shape", "deviations"), [((3, 3), (1.0, 1.0, 0.3)), ((4, 2), (1.0, 0.3, 1.0)), ((3, 4), (0.0, 0.0, 1.0))]
)
def test_intervals_hold_what_was_planted(shape, deviations):
    rng, times = np.random.default_rng(5), 120
    components, mean, of_seeds_alone = np.zeros(3), 0, 0
    for _ in range(times):
        scores = drawn(rng, shape, deviations)
        for i, one in enumerate(CrossedRuns.of(scores).components()):
            components[i] += one.low <= deviations[i] ** 2 <= one.high
        summary, wrong = summarise_crossed(scores.ravel(), shape[1]), summarise_seeds(scores.ravel())
        mean += summary.low <= 0 <= summary.high
        of_seeds_alone += wrong.low <= 0 <= wrong.high
    assert (components / times).min() > 0.89  # .95, less three standard errors
    assert mean / times > 0.89
    if deviations[0]:
        assert of_seeds_alone / times < 0.9  # runs that share seeds and orders are not so many independent ones


def counts_of(right: np.ndarray) -> np.ndarray:
    """Counts (M, N, 2) of accuracy."""
    return np.stack([right, np.ones_like(right)], axis=-1).astype(float)


def test_seeds_that_all_say_the_same_leave_the_orders():
    """A table whose seeds agree knows as much as one run for each order."""
    rng, metric = np.random.default_rng(0), CLASSES.sums("accuracy", ["a", "b"])
    orders = {name: rng.random((3, 200)) < share for name, share in (("dense", 0.7), ("cnn", 0.8))}
    (alone,) = compare_heads({name: counts_of(right) for name, right in orders.items()}, metric)
    (crossed,) = compare_heads({name: counts_of(np.tile(r, (4, 1))) for name, r in orders.items()}, metric, orders=3)
    for name in ("difference", "low", "high", "p_value", "rows_error", "seeds_error", "minimum_detectable"):
        assert getattr(crossed, name) == pytest.approx(getattr(alone, name)), name
    assert crossed.seeds == (4, 4) and crossed.seeds_needed is None and crossed.hedges_g is None


@pytest.mark.long
def test_a_difference_is_not_found_where_orders_are_shared():
    """Two heads alike, with three orders that move every score: as independent seeds they differ far too often."""
    rng, metric = np.random.default_rng(1), CLASSES.sums("accuracy", ["a", "b"])
    found = {1: 0, 3: 0}
    for _ in range(60):
        counts = {}
        for name in ("dense", "cnn"):
            level = 1 + 0.4 * rng.standard_normal((1, 3, 1)) + 0.1 * rng.standard_normal((3, 3, 1))
            counts[name] = counts_of((level + rng.standard_normal((3, 3, 200)) > 0).reshape(9, 200))
        for orders in found:
            found[orders] += compare_heads(counts, metric, orders=orders)[0].p_value < 0.05
    assert found[3] <= 8 < found[1]


def test_equal_scores():
    runs = CrossedRuns.of(np.full((2, 3), 0.1 + 0.2))
    assert runs.squares == (0, 0, 0) and runs.variance_of_mean == 0 and runs.freedom == 1
    assert all((one.variance, one.low, one.high) == (0, 0, 0) for one in runs.components())


def test_sentence():
    runs = CrossedRuns.of(np.array([[0.82, 0.83], [0.84, 0.85]]))
    assert variance_sentence("cnn", runs.components(), 100, "points") == (
        "cnn: a run varies by 1.4 points with initialisation (0.63 to 45), by 0.71 with data order (0.32 to 23), by 0 with the "
        "rest (0 to 0); standard deviations with 95 % intervals"
    )

"""The best of n trials: against every choice of n counted by hand, and bands that hold as often as they say."""

from __future__ import annotations

from itertools import combinations
from statistics import fmean, median_low

import numpy as np
import pytest
from scipy.stats import beta, qmc

from comparison.inference.tuning import coverage, distribution_band, leaders, leading_sentence, tuning_curve

SCORES = [0.81, 0.62, 0.9, 0.77, 0.85, 0.4, 0.7]


def test_mean_and_median_over_every_choice_of_n_trials():
    for one in tuning_curve(SCORES):
        best = [max(choice) for choice in combinations(SCORES, one.trials)]
        assert one.mean == pytest.approx(fmean(best))
        assert one.median == median_low(best)
    assert [one.trials for one in tuning_curve(SCORES)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_small_error_is_the_best():
    mirrored = tuning_curve([-score for score in SCORES], smaller_is_better=True)
    for one, other in zip(tuning_curve(SCORES), mirrored, strict=True):
        assert other.median == -one.median and other.mean == pytest.approx(-one.mean)
        assert other.worst == (None if one.worst is None else -one.worst)


def test_failed_trials_are_worse_than_any_score():
    one, two, three = tuning_curve([None, 0.5, None])
    assert (one.median, one.mean) == (None, None)  # two of three single trials have no score
    assert (two.median, two.mean) == (0.5, None)  # of three pairs one has none
    assert (three.median, three.mean) == (0.5, 0.5)


def test_band_of_one_and_two_trials_by_hand():
    low, high = distribution_band(1)
    assert (low[0], high[0]) == (pytest.approx(0.025), pytest.approx(0.975))
    low, high = distribution_band(2)  # the area of a <= smaller <= b, 1 - b <= larger <= 1 - a
    a, b = low[0], high[0]
    assert low[1] == pytest.approx(1 - b) and high[1] == pytest.approx(1 - a)
    whole = 2 * (b - a) * (b - a) - (2 * b - 1) ** 2  # both in their ranges, less half of the square where they overlap
    assert whole == pytest.approx(0.95)


@pytest.mark.parametrize("count", [3, 8, 20])
def test_bands_hold_in_95_of_100_samples(count):
    low, high = distribution_band(count)
    samples = np.sort(np.random.default_rng(count).random((100_000, count)), axis=1)
    held = ((low <= samples) & (samples <= high)).all(axis=1).mean()
    assert coverage(low, high) == pytest.approx(0.95, abs=1e-6)
    assert held == pytest.approx(0.95, abs=0.003)


def test_pointwise_intervals_hold_together_less_often():
    places = np.arange(1, 9)
    held = coverage(beta.ppf(0.025, places, 9 - places), beta.isf(0.025, places, 9 - places))
    samples = np.sort(np.random.default_rng(0).random((100_000, 8)), axis=1)
    low, high = beta.ppf(0.025, places, 9 - places), beta.isf(0.025, places, 9 - places)
    assert held == pytest.approx(((low <= samples) & (samples <= high)).all(axis=1).mean(), abs=0.004)


def missed(points) -> float:
    """How often the band misses the median of the best of n, of 12 trials of a known distribution, for any n.

    Args:
        points: (tunings, 12), the quantile of each trial.
    """
    misses = 0
    for tuning in points:
        for one in tuning_curve(tuning.tolist()):
            truth = 0.5 ** (1 / one.trials)
            if (one.worst is not None and one.worst > truth) or (one.best is not None and one.best < truth):
                misses += 1
                break
    return misses / len(points)


def test_curves_are_missed_at_most_as_often_as_said():
    """Less often with points of a sequence than with random ones."""
    random = np.random.default_rng(5).random((800, 12))
    assert missed(random) <= 0.05 + 3 * 0.0077
    sequences = [qmc.Sobol(3, scramble=True, rng=i).random_base2(4)[:12, 0] for i in range(300)]
    assert missed(np.array(sequences)) <= 0.02


def test_few_trials_set_no_upper_end():
    curve = tuning_curve([0.1 * i for i in range(8)])
    assert [one.trials for one in curve if one.best is not None] == [1]
    assert curve[-1].worst == pytest.approx(0.4)


# Who leads


def test_leaders():
    curves = {"dense": tuning_curve([0.7, 0.7, 0.7, 0.7]), "cnn": tuning_curve([0.5, 0.6, 0.65, 0.9])}
    assert [one.median for one in curves["cnn"]] == [0.6, 0.65, 0.9, 0.9]
    assert leaders(curves) == [(1, "dense"), (3, "cnn")]
    assert leading_sentence(curves) == (
        "With up to 2 trials dense leads, from 3 on cnn; at no number of trials is the band of one head apart from those of "
        "all others."
    )
    assert leaders({"dense": curves["dense"], "lstm": curves["dense"]}) == [(1, "dense")]
    assert leading_sentence({"dense": curves["dense"]}) == ""
    failed = {"dense": tuning_curve([None, None]), "cnn": tuning_curve([None, 0.5])}
    assert leaders(failed) == [(2, "cnn")] and leading_sentence(failed).startswith("With 2 trials cnn leads;")
    assert leading_sentence({"dense": tuning_curve([None]), "cnn": tuning_curve([None])}) == ""


def test_bands_that_are_apart():
    better = [0.9 + 0.001 * i for i in range(20)]
    curves = {"dense": tuning_curve(better), "cnn": tuning_curve([score - 0.5 for score in better])}
    assert leading_sentence(curves) == (
        "With 1 to 20 trials dense leads; the band of one head is better than those of all others with 1, 2 trials."
    )

"""What a comparison finds: announced power against simulated power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from comparison.inference.power import PowerAnalysis
from comparison.inference.uncertainty import Uncertainty, add_seeds


def known(seeds, own, shared, between):
    """An uncertainty whose parts are the true ones."""
    return Uncertainty(
        rows=1000,
        seeds=(seeds, seeds),
        rows_variance=shared + 2 * own / seeds,
        own=(own, own),
        between=between,
        seeds_variance=0.0,
        freedom=1.0,
    )


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(
    ("own", "shared", "between"),
    [(1, 0.5, (1, 1)), (1, 0.5, (21, 21)), (1, 0.5, (21, 3)), (0.01, 0.01, (1, 0.1)), (1, 3, (5, 2))],
)
def test_the_minimum_detectable_difference_is_found_in_8_of_10_cases(seeds, own, shared, between):
    """20,000 comparisons of normal scores, each with the spread between seeds that it happens to see: +- .9 points."""
    uncertainty = known(seeds, own, shared, between)
    difference = PowerAnalysis(uncertainty, unseen=0.0, least=0.0).minimum_detectable()
    generator = np.random.default_rng(0)
    observed = np.array(between) * generator.chisquare(seeds - 1, (20_000, 2)) / (seeds - 1)
    added, freedom = add_seeds(uncertainty.rows_variance, np.full(2, own), observed, np.full(2, seeds))
    limits = student.ppf(0.975, freedom) * np.sqrt(uncertainty.rows_variance + added)
    found = difference + np.sqrt(shared + sum(between) / seeds) * generator.standard_normal(20_000)
    assert np.mean(np.abs(found) > limits) == pytest.approx(0.8, abs=0.012)


def test_one_seed_is_the_textbook():
    """(1.95996 + 0.84162) standard errors, the points of the normal at .975 and .8; rows by the square."""
    uncertainty = Uncertainty(
        rows=1000, seeds=(1, 1), rows_variance=0.25, own=(0, 0), between=(0, 0), seeds_variance=0.0, freedom=np.inf
    )
    plan = PowerAnalysis(uncertainty, unseen=0.0, least=0.0)
    assert plan.minimum_detectable() == pytest.approx(2.80158 * 0.5, rel=1e-4)
    assert plan.rows_needed(0.28) == 26_000  # 1,000 x (1.40079 / .28)^2 = 25,029, rounded up
    assert plan.seeds_needed(0.28) is None


def test_it_never_claims_less_than_half_of_the_interval():
    assert PowerAnalysis(known(3, 1, 0.5, (1, 1)), unseen=0.0, least=9.0).minimum_detectable() == 9.0


def test_what_no_number_can_find():
    plan = PowerAnalysis(known(3, 1, 0.5, (5, 5)), unseen=0.0, least=0.0)
    assert plan.rows_needed(0.5) is None  # the seeds stay
    assert plan.seeds_needed(0.5) is None  # the rows stay
    # 2.80158^2 (.5 + 10 / S) = 2.5^2 gives 33.8 for the normal, and t a little more.
    assert plan.seeds_needed(2.5) == 35

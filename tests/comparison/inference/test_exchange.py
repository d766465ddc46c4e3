"""Where there is no difference: coin tosses against the binomial, against Student's t, and against all signs written out."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest
from scipy.stats import t as student

from comparison.inference.exchange import NoDifference


@pytest.mark.parametrize(("won", "lost"), [(1, 0), (4, 0), (8, 1), (60, 40), (300, 250)])
def test_equal_effects_make_the_exact_test_of_mcnemar(won, lost):
    effects = np.repeat([0.1, -0.1, 0.0], [won, lost, 500])
    assert NoDifference(effects).p_value(effects.sum()) == pytest.approx(binomtest(won, won + lost).pvalue, rel=2e-3)


def test_unequal_effects_make_the_test_of_all_signs():
    effects = np.array([0.31, 0.2, 0.2, -0.1, 0.4, 0.05, 0.0, -0.17])
    sums = [abs(np.dot(signs, effects)) for signs in product([-1, 1], repeat=len(effects))]
    expected = np.mean(np.array(sums) >= abs(effects.sum()) - 1e-12)
    assert NoDifference(effects).p_value(effects.sum()) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("freedom", [1.5, 4.0, 30.0])
@pytest.mark.parametrize("seeds_variance", [0.0, 500.0])
def test_many_effects_and_seeds_make_a_t(freedom, seeds_variance):
    effects = np.random.default_rng(0).standard_normal(1000)
    deviation = math.sqrt((effects**2).sum() + seeds_variance)
    none = NoDifference(effects, seeds_variance, freedom)
    for size in (1.0, 2.0, 4.0):
        assert none.p_value(size * deviation) == pytest.approx(2 * student.sf(size, freedom), rel=0.03)
    assert none.largest_chance() == pytest.approx(student.ppf(0.975, freedom) * deviation, rel=0.003)


def test_seeds_alone():
    none = NoDifference(np.zeros(10), seeds_variance=4.0, freedom=3.0)
    assert none.p_value(2 * 3.182446) == pytest.approx(0.05, rel=0.03)  # 97.5 % point of t with 3 degrees of freedom
    assert none.largest_chance() == pytest.approx(2 * 3.182446, rel=0.003)


def test_nothing_at_all():
    assert NoDifference(np.zeros(10)).p_value(0.0) == 1.0
    assert NoDifference(np.zeros(10)).largest_chance() == 0.0


def test_the_largest_chance_is_a_step_of_few_effects():
    assert NoDifference(np.ones(5)).largest_chance() == pytest.approx(5, abs=0.01)  # 5 : 0 has p = .0625
    assert NoDifference(np.ones(6)).largest_chance() == pytest.approx(4, abs=0.01)  # 6 : 0 has p = .031


def test_one_row_among_many_that_outweighs_all_others():
    """The giant is +-2,000 and the rest normal with deviation 223.6: beyond 2,300 are 2 x (1 - Phi(300 / 223.6)) / 2."""
    effects = np.append(np.random.default_rng(0).standard_normal(50_000), 2000.0)
    assert NoDifference(effects).p_value(2300.0) == pytest.approx(0.0898, abs=0.006)

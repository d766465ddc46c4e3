"""How small a p value has to be at each look: published bounds, crossing by simulation, information by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from comparison.inference.spending import Look, bounds, times_of
from comparison.inference.uncertainty import Uncertainty


def test_the_bounds_are_the_published_ones():
    """Five equal looks, .05 two-sided, Lan and DeMets' function after O'Brien and Fleming (Jennison and Turnbull 2000, table 7.6)."""
    levels = bounds(0.05, (0.2, 0.4, 0.6, 0.8, 1.0))
    assert norm.isf(np.array(levels) / 2) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=5e-4)


@pytest.mark.parametrize("alpha", [0.05, 0.1])
@pytest.mark.parametrize(
    "times", [(0.15, 0.25, 0.4, 0.6, 1.0), (0.6, 0.7, 0.9, 0.95, 1.0), (0.97, 0.98, 0.99, 0.999, 1.0)]
)
def test_a_walk_crosses_them_as_often_as_it_may(alpha, times):
    """200,000 walks: +- .2 points at 5 %."""
    steps = np.sqrt(np.diff(times, prepend=0.0))
    walks = np.cumsum(steps * np.random.default_rng(0).standard_normal((200_000, len(times))), axis=1)
    p_values = 2 * norm.sf(np.abs(walks) / np.sqrt(times))
    assert (p_values < bounds(alpha, times)).any(axis=1).mean() == pytest.approx(alpha, abs=0.0025)


def test_one_look_is_an_ordinary_test():
    assert Look().level() == 0.05 and Look().p_value(0.0123) == 0.0123
    assert bounds(0.05, (1.0,)) == pytest.approx([0.05])


@pytest.mark.parametrize("times", [(0.4,), (0.15, 0.25, 0.4), (0.95, 0.97, 0.98, 0.99, 1.0)])
def test_the_p_value_of_the_rule_is_below_alpha_where_the_look_crosses_its_bound(times):
    look = Look(times)
    for alpha in (0.001, 0.05, 0.1, 0.5):
        assert look.p_value(look.level(alpha)) == pytest.approx(alpha, rel=1e-3)
    p_values = [look.p_value(p) for p in (0.0, 1e-9, 1e-4, 0.01, 0.05, 0.3, 1.0)]
    assert p_values == sorted(p_values) and p_values[0] >= 0 and p_values[-1] == 1.0


def known(rows_variance, own, between, seeds, seeds_variance=0.0):
    return Uncertainty(
        rows=1000,
        seeds=(seeds, seeds),
        rows_variance=rows_variance,
        own=(own, own),
        between=(between, between),
        seeds_variance=seeds_variance,
        freedom=1.0,
    )


def test_time_is_information():
    """Rows alone know everything at once. Seeds alone: 3, 5 of 20. Both: by hand, with the 95 % limit of the seeds' part."""
    rows_alone = times_of(known(0.5, 0.0, 0.0, 3), (3,), 20)
    assert rows_alone == (1.0,) and times_of(known(0.0, 0.0, 0.0, 3), (3, 5), 20) == (1.0, 1.0)
    assert times_of(known(0.0, 0.0, 2.0, 5), (3, 5), 20) == pytest.approx((0.15, 0.25))
    assert times_of(known(1.0, 0.0, 2.0, 20), (3, 20), 20)[1] == 1.0
    single = 4.0 * 4 / 0.710723  # 2 + 2, with 4 degrees of freedom; the point of chi2 at .05
    expected = (1 + single / 20) / (1 + single / 3)
    assert times_of(known(1.0, 0.0, 2.0, 3), (3,), 20)[0] == pytest.approx(expected, rel=1e-5)
    # what the rows add to single models shrinks with the seeds as well: .8 of 1 is shared
    single = 0.6 + 0.6  # no spread was seen, but the rows give single models as much
    assert times_of(known(1.2, 0.6, 0.0, 3), (3,), 20)[0] == pytest.approx((0.8 + single / 20) / (0.8 + single / 3))

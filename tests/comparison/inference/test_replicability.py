"""On how many data sets a head is better: the example of the authors' code, and counts by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import chi2

from comparison.inference.replicability import count_better, one_sided, partial_conjunction

DROR = [0.168, 0.297, 0.357, 0.019, 0.218, 0.001]  # the example in the README of rtmdrr/replicability-analysis-NLP


def test_partial_conjunction_by_bonferroni():
    """Sorted: .001 .019 .168 .218 .297 .357, times 6, 5, 4, 3, 2, 1, and never less than the one before."""
    found = partial_conjunction(DROR, independent=False)
    assert found == pytest.approx([0.006, 0.095, 0.672, 0.672, 0.672, 0.672])


def test_partial_conjunction_by_fisher():
    found = partial_conjunction(DROR, independent=True)
    assert found[5] == pytest.approx(0.357)
    assert found[1] == pytest.approx(chi2.sf(-2 * math.log(0.019 * 0.168 * 0.218 * 0.297 * 0.357), 10))
    assert found == sorted(found)


def test_counts_of_the_example():
    found = count_better(DROR, 0.05)
    assert (found.data_sets, found.at_least, found.at_least_if_independent) == (6, 1, 2)
    assert found.shown_on == [5]


@pytest.mark.parametrize(
    ("p_values", "counts"),
    [
        ([0.9, 0.8], (0, 0)),
        ([0.001] * 4, (4, 4)),
        ([0.02, 0.02, 0.02], (0, 3)),  # 3 x .02 = .06; Fisher's p of all is below .05, and so is the largest p
        ([0.04, 0.01], (2, 2)),
        ([0.03], (1, 1)),
    ],
)
def test_counts(p_values, counts):
    found = count_better(p_values, 0.05)
    assert (found.at_least, found.at_least_if_independent) == counts
    assert len(found.shown_on) == found.at_least


def test_one_side():
    assert one_sided(0.04, 1.5) == 0.02 and one_sided(0.04, -1.5) == 0.98
    assert one_sided(1.0, 0.0) == 0.5

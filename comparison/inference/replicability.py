"""On how many data sets is a head better? Replicability analysis (Dror et al. 2017, arXiv 1709.09500; Benjamini & Heller 2008).

Counting the data sets with p < .05 promises too much: of 20 data sets without a difference one is counted. The estimates here
are lower bounds: with the confidence 1 - level the true number is at least as high.

Letters: N data sets, u of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import combine_pvalues

from .p_values import holm


@dataclass(frozen=True)
class BetterCount:
    """The least number of data sets on which a head is better.

    Attributes:
        data_sets: N.
        at_least: whatever the data sets have in common (Bonferroni).
        at_least_if_independent: where no data set shares texts with another (Fisher).
        shown_on: which ones, as many as `at_least`: their places (Holm 1979).
    """

    data_sets: int
    at_least: int
    at_least_if_independent: int
    shown_on: list[int]


def partial_conjunction(p_values: Sequence[float], independent: bool) -> list[float]:
    """The p value of "fewer than u data sets show it", for u = 1..N.

    With p(1) <= ... <= p(N) it is (N - u + 1) p(u) for data sets of any dependence, and for independent ones Fisher's
    combination of p(u)..p(N) (Dror et al. 2017, equations 4 and 5); never less than for u - 1.
    """
    ordered = np.sort(np.asarray(p_values, dtype=float))
    if independent:
        found = [float(combine_pvalues(ordered[u:], method="fisher").pvalue) for u in range(len(ordered))]
    else:
        found = [min(1.0, (len(ordered) - u) * float(p)) for u, p in enumerate(ordered)]
    return [float(p) for p in np.maximum.accumulate(found)]


def count_better(p_values: Sequence[float], level: float) -> BetterCount:
    """Counts the data sets on which a head is better.

    Args:
        p_values: one-sided, one per data set.
        level: how often at most the count may be too high.
    """
    dependent, independent = (
        sum(p <= level for p in partial_conjunction(p_values, independent)) for independent in (False, True)
    )
    corrected = holm(p_values)
    return BetterCount(
        data_sets=len(p_values),
        at_least=dependent,
        at_least_if_independent=independent,
        shown_on=[i for i, p in enumerate(corrected) if p <= level],
    )


def one_sided(p_value: float, difference: float) -> float:
    """The p value of "not above 0" from the two-sided one of "0"."""
    return p_value / 2 if difference > 0 else 1 - p_value / 2

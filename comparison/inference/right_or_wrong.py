"""Two models on rows that are right or wrong: the exact test of McNemar (1947), and an interval that says the same.

Only rows that one model alone has right tell the two apart. Given their number, the rows won are binomial.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, binom, norm

from .p_values import LEVEL


def mcnemar_p(won: int, lost: int) -> float:
    """Returns the exact two-sided p value of McNemar's test; it costs little at any size."""
    return float(min(1.0, 2 * binom.cdf(min(won, lost), won + lost, 0.5)))


def difference_interval(won: int, lost: int, rows: int, level: float = LEVEL) -> tuple[float, float]:
    """Returns the 1 - level interval of the difference of two shares of right rows. It leaves out 0 where McNemar's p is below.

    The difference is how often the models differ, times how far the share of rows won is from a half: one proportion of all
    rows and one of the differing rows, each with the interval of Clopper & Pearson (1934). How uncertain both are is shared
    out in every possible way (Newcombe 2011, "propagating imprecision"). The sign is that of the share of rows won alone.
    """
    angles = np.linspace(0, np.pi / 2, 181)
    z = norm.isf(level / 2)
    low_share, high_share = _clopper_pearson(won, won + lost, z * np.cos(angles))
    low_often, high_often = _clopper_pearson(won + lost, rows, z * np.sin(angles))
    low, high = 2 * low_share - 1, 2 * high_share - 1
    lowest = (low * np.where(low > 0, low_often, high_often)).min()
    highest = (high * np.where(high > 0, high_often, low_often)).max()
    return float(lowest), float(highest)


def _clopper_pearson(count: int, total: int, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a proportion, each of which errs as often as a normal exceeds z."""
    tail = norm.sf(z)
    low = beta.ppf(tail, count, total - count + 1) if count > 0 else np.zeros(len(z))
    high = beta.isf(tail, count + 1, total - count) if count < total else np.ones(len(z))
    return low, high

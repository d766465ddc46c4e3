"""Several looks at one comparison: how small a p value has to be at each of them, so that all together err in 5 %.

Seeds are added, and the difference is tested again. The error that is allowed is spent look by look, by the function of Lan and
DeMets (1983) that is like the bounds of O'Brien and Fleming: little at first, nearly all at the last look.

**Information.** The variance of a difference of S seeds per head on the same rows is A + B / S: A is what the rows add to all
seeds alike and no seed takes away, B what the seeds add, with what the rows add to single models. The differences at two looks
have the later one's variance in common, so the information 1 / (A + B / S) grows by independent parts, as theory wants it
(Jennison and Turnbull 2000, chapter 3). Time is its share at the last look, (A + B / S_last) / (A + B / S): where the rows
decide, a few seeds know nearly all that any number will. B is estimated, from few seeds at first. Its 95 % upper limit is
taken: with the estimate itself too much is spent where the spread is underestimated, just when p is too small as well.

At each look, the path of bounds so far is that of the present estimate. `benchmarks/rejections` shows the error rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import chi2

from .p_values import LEVEL
from .uncertainty import Uncertainty

SPREAD_LIMIT = 0.05  # chance that the seeds' part is larger than it is taken to be
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)  # of integrals over what goes on after a look
_LEAST_STEP = 1e-3  # between two looks, so that the integrals see the steps; a little too careful
_LEAST, _MOST = 1e-12, 0.9  # beyond these, p values are not told apart


@dataclass(frozen=True)
class Look:
    """One look at a difference.

    Attributes:
        times: share of the information at this look and those before it, 0-1. One look alone has (1.0,).
    """

    times: tuple[float, ...] = (1.0,)

    def level(self, alpha: float = LEVEL) -> float:
        """Returns below which p value a difference is shown at this look, where all looks may err in `alpha`."""
        return alpha if self._alone else bounds(alpha, self.times)[-1]

    def p_value(self, p: float) -> float:
        """Returns the p value of the whole rule: the least `alpha` with which this look would show the difference.

        It holds however many looks there were (the repeated p value of Jennison and Turnbull 2000, section 9.5).

        Args:
            p: two-sided, of this look as if it were the only one.
        """
        if self._alone:
            return p
        low, high = math.log(max(p, _LEAST)), math.log(_MOST)
        if p >= self.level(_MOST):
            return 1.0
        if self.level(math.exp(low)) >= p:
            return math.exp(low)
        return math.exp(
            brentq(lambda alpha: math.log(self.level(math.exp(alpha)) / max(p, _LEAST)), low, high, xtol=1e-4)
        )

    @property
    def _alone(self) -> bool:
        return self.times == (1.0,)


def spent(alpha: float, time: float) -> float:
    """Returns what may have been spent of `alpha` at a time, 0-1, half of it on either side (Lan & DeMets 1983, alpha 1)."""
    return float(4 * ndtr(ndtri(alpha / 4) / math.sqrt(time)))


@lru_cache(maxsize=4096)
def bounds(alpha: float, times: tuple[float, ...]) -> tuple[float, ...]:
    """Returns the p value below which each look shows a difference, two-sided.

    The chance to be within all bounds so far is integrated from look to look (Armitage, McPherson & Rowe 1969).

    Args:
        alpha: the chance of an error in all looks up to time 1.
        times: rising, 0-1.
    """
    levels: list[float] = []
    # Of a random walk that has crossed no bound; its variance is the time.
    places, masses = np.zeros(1), np.ones(1)
    now = before = 0.0
    for time in times:
        total = spent(alpha, min(1.0, time))
        allowed = max(total - before, 1e-14)
        then = max(time, now + _LEAST_STEP)
        step = math.sqrt(then - now)

        def crossed(bound: float, places=places, masses=masses, step=step) -> float:
            return float(masses @ (ndtr((places - bound) / step) + ndtr((-places - bound) / step)))

        bound = brentq(lambda bound, crossed=crossed, allowed=allowed: crossed(bound) - allowed, 0.0, 40.0)
        levels.append(float(2 * ndtr(-bound / math.sqrt(then))))
        arrived = bound * _NODES
        density = masses @ np.exp(-(((arrived - places[:, None]) / step) ** 2) / 2) / (step * math.sqrt(2 * math.pi))
        places, masses = arrived, bound * _WEIGHTS * density
        now, before = then, total
    return tuple(levels)


def times_of(uncertainty: Uncertainty, looks: Sequence[int], most: int) -> tuple[float, ...]:
    """Returns the share of the information at each look.

    Args:
        uncertainty: of the pair at the last of the looks.
        looks: seeds per head, rising.
        most: those of the last look that was planned.
    """
    shared, single = _parts(uncertainty)
    if shared + single <= 0:
        return tuple(1.0 for _ in looks)
    return tuple((shared + single / most) / (shared + single / seeds) for seeds in looks)


def _parts(known: Uncertainty) -> tuple[float, float]:
    """What the rows add to all seeds alike, A; and B, what one seed of each head adds, at its upper limit."""
    own, between, seeds = np.array(known.own), np.array(known.between), np.array(known.seeds)
    shared = max(0.0, known.rows_variance - float((own / seeds).sum()))
    at_least = float(own.sum()) + known.seeds_variance * float(seeds.mean())
    observed = float(between.sum())
    if observed <= 0:
        return shared, at_least
    freedom = observed**2 / float((between**2 / (seeds - 1)).sum())  # Welch and Satterthwaite's
    return shared, max(at_least, observed * freedom / float(chi2.ppf(SPREAD_LIMIT, freedom)))

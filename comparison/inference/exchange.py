"""The difference of two heads where there is none: every row could as well have been answered the other way round.

Without a true difference it is chance which of two heads gave which of two answers to a row. So the sign of what a row adds to
the difference is a coin toss (Fisher 1935; for scores of language tasks Yeh 2000). For two models and rows that are right or
wrong this is the exact test of McNemar (1947). What further seeds would change comes on top, with Student's t for few seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc

from .p_values import LEVEL

_REACH = 12.0  # standard deviations; no sum of coin tosses goes further
_FINEST = 13  # at least 2^13 sizes
_MANY = 100  # different effects; so many leave no steps in the distribution


@dataclass(frozen=True)
class NoDifference:
    """The distribution of a difference where there is none: (coin tosses + seeds) times Student's factor.

    Attributes:
        effects: what each row adds to the observed difference (N,); their signs are tossed.
        seeds_variance: of the normal that stands for the seeds.
        freedom: degrees of freedom of the whole; infinite where nothing is estimated from seeds.
    """

    effects: np.ndarray
    seeds_variance: float = 0.0
    freedom: float = math.inf

    def p_value(self, difference: float) -> float:
        """Returns how often chance makes a difference at least as large, on either side. Ties count."""
        least = abs(difference) - self._tie
        if least <= 0:
            return 1.0
        sizes, chances = self._sizes
        if math.isinf(self.freedom):
            found = chances[sizes >= least].sum()
        else:  # size x sqrt(freedom / chi2) >= least; the gamma function is the distribution of chi2
            found = chances @ gammainc(self.freedom / 2, self.freedom / 2 * (sizes / least) ** 2)
        return float(min(1.0, max(0.0, found)))

    def largest_chance(self, level: float = LEVEL) -> float:
        """Returns the largest difference with a p value of at least `level`."""
        high = 2 * self._deviation
        while high > 0 and self.p_value(high) >= level:
            high *= 2
        if high == 0:
            return 0.0
        return max(0.0, float(brentq(lambda x: self.p_value(x) - level, 0.0, high, xtol=1e-5 * high)) - self._tie)

    def level_of(self, difference: float) -> float:
        """Returns the level at which `largest_chance` is this difference: its p value if ties did not count."""
        return self.p_value(abs(difference) + self._tie)

    @cached_property
    def _deviation(self) -> float:
        return math.sqrt(float((self.effects**2).sum()) + self.seeds_variance)

    @property
    def _smoothing(self) -> float:
        """Standard deviation of a normal that is added so that the distribution has a density."""
        return (1e-3 if math.isinf(self.freedom) else 5e-3) * self._deviation

    @property
    def _tie(self) -> float:
        """Differences that are this near count as equal."""
        return (3 if math.isinf(self.freedom) else 2) * self._smoothing

    @cached_property
    def _sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """Sizes of (coin tosses + seeds) on a grid, and how often each occurs: the transform of the characteristic function."""
        variance = self.seeds_variance + self._smoothing**2
        step = math.pi / (_REACH * self._deviation)
        last = 7 / math.sqrt(variance)  # at higher frequencies nothing is left
        frequencies = step * np.arange(math.ceil(last / step))
        values = np.zeros(1 + 2 ** max(_FINEST, math.ceil(math.log2(len(frequencies)))))
        values[: len(frequencies)] = np.exp(-variance * frequencies**2 / 2) * self._of_tosses(frequencies)
        chances = np.fft.irfft(values)[: len(values)]
        chances[1:-1] *= 2  # either sign
        kept = np.flatnonzero(chances > 1e-15)  # the others are rounding
        return kept * (_REACH * self._deviation / (len(values) - 1)), chances[kept]

    def _of_tosses(self, frequencies: np.ndarray) -> np.ndarray:
        """The characteristic function of the coin tosses: a tossed effect d has cos(frequency x d), a sum their product.

        The largest effects are tossed one by one; the sum of all that are smaller is as good as normal.
        """
        effects, rows = np.unique(np.abs(self.effects), return_counts=True)
        small, large = slice(0, max(0, len(effects) - _MANY)), slice(max(0, len(effects) - _MANY), None)
        values = np.exp(-float(rows[small] @ effects[small] ** 2) * frequencies**2 / 2)
        for effect, count in zip(effects[large], rows[large], strict=True):
            values *= np.cos(effect * frequencies) ** int(count)
        return values

"""What a comparison would have found, and how many rows or seeds it takes to find a given difference.

The scores of the seeds are taken as normal, with the spread that each head showed. Whether a difference is found then depends
on the spread that is observed the next time, which few seeds know badly: so the chance of a finding is a mean over spreads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm
from scipy.stats import t as student

from .p_values import LEVEL
from .uncertainty import Uncertainty, add_seeds

POWER = 0.8
DETECTABLE = 0.1  # a difference in the comparison's unit: how many rows or seeds find it is said
MOST_SEEDS, MOST_ROWS = 1_000, 1_000_000  # no larger number of them is said: it would be absurd
_SCORES = np.linspace(-4, 4, 25)  # of the normal, to take means over
_WEIGHTS = norm.pdf(_SCORES) / norm.pdf(_SCORES).sum()


@dataclass(frozen=True)
class PowerAnalysis:
    """Comparisons like one that was made, with other numbers of rows and seeds.

    Attributes:
        uncertainty: of the comparison that was made.
        unseen: the variance of what two more rows, one on either side, would add to the difference.
        least: no difference below this is said to be found by as many rows and seeds.
        level: a difference is found where its p value is below.
    """

    uncertainty: Uncertainty
    unseen: float
    least: float
    level: float = LEVEL

    def minimum_detectable(self) -> float:
        """Returns the difference that as many rows and seeds find with the power of `POWER`."""
        return max(self.least, self._minimum)

    def rows_needed(
        self, detectable: float, margin: float | None = None, seeds: tuple[float, float] | None = None
    ) -> int | None:
        """Returns the number of rows that find `detectable`, to two digits; None where not even 1,000,000 do.

        Args:
            margin: heads that are equal are to be shown equal within it as well.
            seeds: of the two heads; None: as many as there are.
        """
        rows, seeds = self.uncertainty.rows, seeds or self.uncertainty.seeds

        def enough(log_rows: float) -> bool:
            return self._decides(math.exp(log_rows) / rows, seeds, detectable, margin)

        low, high = math.log(10), math.log(MOST_ROWS)
        if not enough(high):
            return None
        while high - low > 1e-3:
            middle = (low + high) / 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        needed = math.exp(high)
        digits = 10 ** (math.floor(math.log10(needed)) - 1)
        return int(math.ceil(needed / digits) * digits)

    def seeds_needed(self, detectable: float, margin: float | None = None) -> int | None:
        """Returns the number of seeds per head that find `detectable` on as many rows; None where not even 1,000 do.

        Args:
            margin: heads that are equal are to be shown equal within it as well.
        """
        if not self.uncertainty.covers_seeds:
            return None

        def enough(seeds: int) -> bool:
            return self._decides(1.0, (seeds, seeds), detectable, margin)

        low, high = 1, MOST_SEEDS  # one seed says nothing about seeds
        if not enough(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high

    def _decides(self, factor: float, seeds: tuple[float, float], detectable: float, margin: float | None) -> bool:
        """Whether `factor` times the rows and so many seeds find the difference, and equality within the margin, with `POWER`."""
        if self._chance(factor, seeds)(detectable / self._caution) < POWER:
            return False
        return margin is None or self._chance_of_equality(factor, seeds, margin / self._caution) >= POWER

    @cached_property
    def _minimum(self) -> float:
        found = self._chance(1.0, self.uncertainty.seeds)
        high = math.sqrt(self._total(1.0, self.uncertainty.seeds))
        if high == 0:
            return 0.0
        while found(high) < POWER:
            high *= 2
        return float(brentq(lambda difference: found(difference) - POWER, 0.0, high, xtol=1e-6 * high))

    @property
    def _caution(self) -> float:
        """By what `least` exceeds the difference that as many rows and seeds find; other numbers get the same factor."""
        return self.minimum_detectable() / self._minimum if self._minimum > 0 else 1.0

    def _parts(self, factor: float, seeds: tuple[float, float]) -> tuple[float, np.ndarray, np.ndarray]:
        """The rows' variance; by head, the rows' part of a single model and the true variance between seeds."""
        known = self.uncertainty
        if not known.covers_seeds:
            return (known.rows_variance + self.unseen) / factor, np.zeros(2), np.zeros(2)
        own, between = np.array(known.own), np.array(known.between)
        shared = max(0.0, known.rows_variance - float((own / known.seeds).sum())) + self.unseen
        rows_variance = (shared + float((own / seeds).sum())) / factor
        excess = (between - own) / known.seeds  # of the seeds over the rows; no more than both heads together show
        shown = np.maximum(0.0, excess)
        share = max(0.0, float(excess.sum())) / (float(shown.sum()) or 1.0)
        return rows_variance, own / factor, own / factor + share * shown * known.seeds

    def _total(self, factor: float, seeds: tuple[float, float]) -> float:
        rows_variance, own, between = self._parts(factor, seeds)
        return rows_variance + float(((between - own) / seeds).sum())

    def _chance(self, factor: float, seeds: tuple[float, float]) -> Callable[[float], float]:
        """The chance that a true difference is found with `factor` times the rows and so many seeds, as a function of it."""
        limits, weights, error = self._limits(factor, seeds, self.level)

        def chance(difference: float) -> float:
            beyond = norm.cdf((difference - limits) / error) + norm.cdf((-difference - limits) / error)
            return float((weights * beyond).sum())

        return chance

    def _chance_of_equality(self, factor: float, seeds: tuple[float, float], margin: float) -> float:
        """The chance that two heads without a difference are shown equal within the margin."""
        limits, weights, error = self._limits(factor, seeds, 2 * self.level)
        room = np.maximum(0.0, margin - limits)
        return float((weights * (2 * norm.cdf(room / error) - 1)).sum())

    def _limits(self, factor: float, seeds: tuple[float, float], level: float) -> tuple[np.ndarray, np.ndarray, float]:
        """How far chance reaches, for each spread of the seeds that may be observed; how likely each is; the true error."""
        rows_variance, own, between = self._parts(factor, seeds)
        total = self._total(factor, seeds) or 1e-300
        if self.uncertainty.covers_seeds:
            spreads = [chi2.ppf(norm.cdf(_SCORES), size - 1) / (size - 1) for size in seeds]
            observed = between * np.stack(np.meshgrid(*spreads, indexing="ij"), axis=-1)  # (25, 25, 2)
            added, freedom = add_seeds(rows_variance, own, observed, np.array(seeds))
            limits = student.ppf(1 - level / 2, freedom) * np.sqrt(rows_variance + added)
            weights = np.outer(_WEIGHTS, _WEIGHTS)
        else:
            limits = np.full((1, 1), norm.isf(level / 2) * math.sqrt(total))
            weights = np.ones((1, 1))
        return limits, weights, math.sqrt(total)

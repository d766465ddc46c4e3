"""What the scores of two heads on the same rows say about their difference.

Letters: S seeds, N rows, K numbers per row (`SummableMetric`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import brentq

from utils.metrics.metric import SummableMetric

from .exchange import NoDifference
from .p_values import LEVEL
from .power import PowerAnalysis
from .right_or_wrong import difference_interval, mcnemar_p
from .row_effects import effects_on_difference, effects_on_scores
from .uncertainty import Uncertainty


@dataclass(frozen=True)
class Evidence:
    """Two heads on the same rows. Each number is computed when it is asked for, in points or in the metric's own unit.

    Attributes:
        head, baseline: counts (S, N, K) from `metric.count`; the number of seeds may differ.
        orders: data orders with which every seed was run, all of the first seed first; S is then the number of runs.
    """

    head: np.ndarray
    baseline: np.ndarray
    metric: SummableMetric
    orders: int = 1

    @cached_property
    def scores(self) -> tuple[np.ndarray, np.ndarray]:
        """The scores of the two heads, one per seed."""
        return self._scores_of(self.head), self._scores_of(self.baseline)

    @property
    def difference(self) -> float:
        """The mean score of the head minus that of the baseline."""
        return float(self.scores[0].mean() - self.scores[1].mean())

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """What rows and seeds add to the variance of the difference."""
        return Uncertainty.of(self.scores, self._effects_on_scores, self._effects, self.orders)

    @cached_property
    def p_value(self) -> float:
        """Two-sided. The exact test of McNemar decides on two models whose rows are right or wrong."""
        return self.mcnemar_p[0] if self._is_exact else self._no_difference.p_value(self.difference)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The 1 - level interval, within what is possible.

        It leaves out 0 where the p value is below the level, and nowhere else.
        """
        low, high = self._exact_interval(level) if self._is_exact else self._interval(level)
        most = self._unit * (self.metric.high - self.metric.low)
        return max(low, -most), min(high, most)

    def p_outside(self, margin: float) -> float:
        """The p value of a difference of at least `margin`, on either side: the larger of two one-sided ones (Schuirmann 1987).

        It is below a where the interval of level 1 - 2a lies within the margin, and nowhere else.
        """
        if self._is_exact:
            return self._exact_p_outside(margin)
        room = margin - abs(self.difference)
        level = max(chance.level_of(room) for chance in (self._no_difference, self._no_difference_with_two_more))
        return level / 2 if room > 0 else 1 - level / 2

    def power_analysis(self, level: float = LEVEL) -> PowerAnalysis:
        """What such a comparison finds.

        Args:
            level: below which a p value is a finding.
        """
        low, high = self.interval(level)
        return PowerAnalysis(self.uncertainty, unseen=2 * self._unseen_effect**2, least=(high - low) / 2, level=level)

    @cached_property
    def rows_won(self) -> list[int]:
        """Per pair of seeds, rows on which the head scores higher. Empty for metrics that are no mean over rows."""
        return [int((own > other).sum()) for own, other in self._row_scores]

    @cached_property
    def rows_lost(self) -> list[int]:
        """Per pair of seeds, rows on which the head scores lower."""
        return [int((own < other).sum()) for own, other in self._row_scores]

    @cached_property
    def mcnemar_p(self) -> list[float]:
        """Per pair of seeds, McNemar's p value. Empty where rows are more than right or wrong."""
        if len(np.unique(np.concatenate([self.head[..., 0].ravel(), self.baseline[..., 0].ravel()]))) > 2:
            return []
        return [mcnemar_p(won, lost) for won, lost in zip(self.rows_won, self.rows_lost, strict=True)]

    @property
    def hedges_g(self) -> float | None:
        """The difference over the pooled standard deviation between seeds, corrected for few seeds (Hedges 1981).

        None for runs that share data orders: the correction is one for seeds that share nothing.
        """
        head, baseline = self.scores
        freedom = len(head) + len(baseline) - 2
        if min(len(head), len(baseline)) == 1 or self.orders > 1:
            return None
        pooled = math.sqrt(((len(head) - 1) * head.var(ddof=1) + (len(baseline) - 1) * baseline.var(ddof=1)) / freedom)
        return float(self.difference / pooled * (1 - 3 / (4 * freedom - 1))) if pooled > 0 else None

    @property
    def _unit(self) -> float:
        """How many points are in 1.0 of the metric; 1 where the metric has a unit of its own."""
        return self.metric.points or 1.0

    @property
    def _is_exact(self) -> bool:
        return len(self.head) == len(self.baseline) == 1 and bool(self.mcnemar_p)

    @property
    def _row_scores(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The scores of the rows (N,) of each pair of seeds, the larger the better."""
        if self.head.shape[2] != 2 or not ((self.head[..., 1] == 1).all() and (self.baseline[..., 1] == 1).all()):
            return []
        sign = -1 if self.metric.smaller_is_better else 1
        return [
            (sign * own, sign * other) for own, other in zip(self.head[..., 0], self.baseline[..., 0], strict=False)
        ]

    @cached_property
    def _effects(self) -> np.ndarray:
        return self._unit * effects_on_difference(self.head, self.baseline, self.metric)

    @cached_property
    def _effects_on_scores(self) -> tuple[np.ndarray, np.ndarray]:
        head, baseline = (effects_on_scores(counts, self.metric) for counts in (self.head, self.baseline))
        return self._unit * head, self._unit * baseline

    @cached_property
    def _unseen_effect(self) -> float:
        """What one more row may add to the difference: as much as rows on which the heads differ do, or as any row does."""
        informative = self._effects[self._effects != 0]
        if len(informative):
            return float(np.sqrt((informative**2).mean()))
        return float(max(np.abs(effects).max() for effects in self._effects_on_scores))

    @cached_property
    def _no_difference(self) -> NoDifference:
        return NoDifference(self._effects, self.uncertainty.seeds_variance, self.uncertainty.freedom)

    @cached_property
    def _no_difference_with_two_more(self) -> NoDifference:
        """As if one more row were won and one more lost."""
        return replace(self._no_difference, effects=np.append(self._effects, [self._unseen_effect] * 2))

    def _scores_of(self, counts: np.ndarray) -> np.ndarray:
        return self._unit * self.metric.score(counts.sum(axis=1))

    def _interval(self, level: float) -> tuple[float, float]:
        """The differences from which chance may have led to the observed one.

        Few rows on which the heads differ do not show how far the difference may reach. So all ends but one are as far off as
        if there were two more such rows, one for either head (Bonett & Price 2012). Not the end between 0 and a difference
        that was found: there the interval says what the p value says.
        """
        difference, found = self.difference, self.p_value < level
        limit = self._no_difference.largest_chance(level)
        far = max(limit, self._no_difference_with_two_more.largest_chance(level))
        near = min(limit, abs(difference) * (1 - 1e-6)) if found else max(far, abs(difference))
        return (difference - near, difference + far) if difference > 0 else (difference - far, difference + near)

    def _exact_interval(self, level: float) -> tuple[float, float]:
        head, baseline = self.head[0, :, 0], self.baseline[0, :, 0]
        won, lost = int((head > baseline).sum()), int((head < baseline).sum())
        right = float(np.ptp(np.concatenate([head, baseline])))  # what a right row counts more than a wrong one
        if right == 0 and math.isfinite(self.metric.high):
            right = self.metric.high - self.metric.low
        low, high = difference_interval(won, lost, len(head), level)
        return self._unit * right * low, self._unit * right * high

    def _exact_p_outside(self, margin: float) -> float:
        """Half of the level at which the exact interval reaches the margin; 1 where no interval lies within it."""

        def beyond(log_level: float) -> float:
            return max(map(abs, self._exact_interval(math.exp(log_level)))) - margin

        least = math.log(1e-12)
        if beyond(least) < 0:
            return math.exp(least) / 2
        return math.exp(brentq(beyond, least, 0.0, xtol=1e-6)) / 2 if beyond(0.0) < 0 else 1.0

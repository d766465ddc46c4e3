"""Where the uncertainty of a difference comes from: the rows, the seeds, and how well few seeds know their own spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .crossed import CrossedRuns
from .row_effects import jackknife_variance


@dataclass(frozen=True)
class Uncertainty:
    """Where the uncertainty of the difference of two heads comes from. Variances are in squared units of the scores.

    A model's score is that of its head, plus what its seed adds, plus what the sample of rows adds to it: a part that all
    seeds of the head share and one of its own. The own part also shows between seeds, so adding the variance over rows to
    that between seeds would count it twice.

    Attributes:
        rows: number of rows.
        seeds: of the two heads; of runs that share seeds and data orders, how many that share nothing know the mean as well.
        rows_variance: what the rows add to the variance of the difference, these models given.
        own: the rows' part of a single model, of each head.
        between: the observed variance between seeds, of each head; 0 where a head has one seed.
        seeds_variance: what the seeds add to `rows_variance`; 0 where a head has one seed.
        freedom: degrees of freedom of their sum; infinite where a head has one seed.
    """

    rows: int
    seeds: tuple[float, float]
    rows_variance: float
    own: tuple[float, float]
    between: tuple[float, float]
    seeds_variance: float
    freedom: float

    @classmethod
    def of(
        cls,
        scores: Sequence[np.ndarray],
        row_effects: Sequence[np.ndarray],
        effects_on_difference: np.ndarray,
        orders: int = 1,
    ) -> Uncertainty:
        """From two heads' scores (S,), what single rows add to these (S, N), and what they add to the difference (N,).

        Args:
            orders: data orders with which every seed was run, all of the first seed first.
        """
        parts = [
            _of_seeds(*one) if orders == 1 else _of_crossed(*one, orders)
            for one in zip(scores, row_effects, strict=True)
        ]
        (count, own, between), (other_count, other_own, other_between) = parts
        seeds = (count, other_count)
        if min(seeds) == 1:
            between = other_between = 0.0
        rows_variance = float(jackknife_variance(effects_on_difference))
        seeds_variance, freedom = add_seeds(
            rows_variance, np.array([own, other_own]), np.array([between, other_between]), np.array(seeds)
        )
        return cls(
            rows=len(effects_on_difference),
            seeds=seeds,
            rows_variance=rows_variance,
            own=(own, other_own),
            between=(between, other_between),
            seeds_variance=float(seeds_variance),
            freedom=float(freedom),
        )

    @property
    def covers_seeds(self) -> bool:
        """Whether both heads have several seeds."""
        return min(self.seeds) > 1


def _of_seeds(scores: np.ndarray, effects: np.ndarray) -> tuple[float, float, float]:
    """Returns the number of seeds, the rows' part of a single model, and the variance between seeds."""
    own = float(jackknife_variance(effects - effects.mean(axis=0)).sum() / max(1, len(effects) - 1))
    return len(scores), own, _variance(scores) if len(scores) > 1 else 0.0


def _of_crossed(scores: np.ndarray, effects: np.ndarray, orders: int) -> tuple[float, float, float]:
    """As `_of_seeds`, for as many seeds without anything in common as know the mean equally well."""
    runs = CrossedRuns.of(scores.reshape(-1, orders))
    count, rows = runs.freedom + 1, effects.shape[1]
    centred = math.sqrt(rows - 1) / math.sqrt(rows) * (effects - effects.mean(axis=1, keepdims=True))
    own = CrossedRuns.of(centred.reshape(-1, orders, rows))  # sums over rows are then their jackknife variances
    return count, count * own.variance_of_mean, count * runs.variance_of_mean


def _variance(scores: np.ndarray) -> float:
    """The variance of scores; 0 where they differ by no more than rounding."""
    alike = np.ptp(scores) <= 1e-9 * np.abs(scores).max()
    return 0.0 if alike else float(scores.var(ddof=1))


def add_seeds(
    rows_variance: np.ndarray | float, own: np.ndarray, between: np.ndarray, seeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns what the seeds add to the variance of a difference that comes from the rows, and the degrees of freedom of both.

    The whole is Obuchowski & Rockette's error term (1995): the variance between seeds, plus the part of the rows' that all
    seeds of a head share (Hillis 2014, here with a variance of its own for each head). It is never less than the rows alone
    give, so that seeds which agree by chance do not make a finding; the price is that heads whose seeds are all equally good
    are told apart more seldom. The degrees of freedom are Welch's (1947).

    Args:
        rows_variance: (...,).
        own, between, seeds: as in `Uncertainty`, one for each of the two heads (..., 2).
    """
    of_means = between / seeds
    own_of_means = (own / seeds).sum(axis=-1)
    added = np.maximum(0.0, of_means.sum(axis=-1) - np.minimum(own_of_means, rows_variance))
    spread = (of_means**2 / np.maximum(1, seeds - 1)).sum(axis=-1)
    total = rows_variance + added
    freedom = np.divide(total**2, spread, out=np.full(np.shape(spread), math.inf), where=spread > 0)
    return added, freedom

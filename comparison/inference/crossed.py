"""Runs of seeds crossed with data orders: how much each moves a score, and how well the mean of all is known.

The score of seed i and data order j is a mean, plus what the seed adds, plus what the order adds, plus a rest: what only this
seed with this order does. One run each cannot tell an interaction from what differs between two equal runs; the rest is both.
Runs that share a seed or an order are alike, so S x D runs say less about the mean than S x D independent seeds would.

Letters: S seeds, D data orders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, f
from scipy.stats import t as student

from .p_values import LEVEL
from .seeds import SeedSummary

SOURCES = ("initialisation", "data order", "the rest")


@dataclass(frozen=True)
class Component:
    """The variance that one source adds to the score of a run, in squared units of the scores.

    Attributes:
        variance: the ANOVA estimate, at least 0.
        low, high: 95 % interval.
    """

    source: str
    variance: float
    low: float
    high: float


@dataclass(frozen=True)
class CrossedRuns:
    """The analysis of variance of a table of scores with one run in each place (two-way crossed random effects).

    Attributes:
        seeds, orders: S and D.
        squares: the mean squares of seeds, of orders and of the rest.
    """

    seeds: int
    orders: int
    squares: tuple[float, float, float]

    @classmethod
    def of(cls, scores: np.ndarray) -> CrossedRuns:
        """From scores (S, D), or from several such tables (S, D, ...) whose sums of squares are added; S and D at least 2."""
        seeds, orders = scores.shape[:2]
        grand = scores.mean(axis=(0, 1))
        of_seeds, of_orders = scores.mean(axis=1) - grand, scores.mean(axis=0) - grand
        rest = scores - grand - of_seeds[:, None] - of_orders[None]
        sums = orders * (of_seeds**2).sum(), seeds * (of_orders**2).sum(), (rest**2).sum()
        least = (1e-9 * np.abs(scores).max()) ** 2  # rounding
        a, b, e = (0.0 if total <= least else float(total) for total in sums)
        return cls(seeds, orders, (a / (seeds - 1), b / (orders - 1), e / ((seeds - 1) * (orders - 1))))

    @property
    def freedoms(self) -> tuple[int, int, int]:
        """The degrees of freedom of `squares`."""
        return self.seeds - 1, self.orders - 1, (self.seeds - 1) * (self.orders - 1)

    def components(self, sources: Sequence[str] = SOURCES) -> list[Component]:
        """What seeds, orders and the rest add to the variance of a run, with modified large-sample intervals (MLS).

        Args:
            sources: what the three are called.
        """
        found = []
        for source, square, freedom, per in zip(
            sources[:2], self.squares, self.freedoms, (self.orders, self.seeds), strict=False
        ):
            low, high = mean_squares_interval(square, freedom, self.squares[2], self.freedoms[2])
            variance = max(0.0, square - self.squares[2])
            found.append(Component(source, variance / per, max(0.0, low) / per, max(0.0, high) / per))
        total = self.squares[2] * self.freedoms[2]
        ends = [total / float(chi2.ppf(tail, self.freedoms[2])) for tail in (1 - LEVEL / 2, LEVEL / 2)]
        return [*found, Component(sources[2], self.squares[2], *ends)]

    @property
    def variance_of_run(self) -> float:
        """Of the score of one run with a new seed and a new order."""
        a, b, e = self.squares
        return max(0.0, a - e) / self.orders + max(0.0, b - e) / self.seeds + e

    @property
    def variance_of_mean(self) -> float:
        """Of the mean over new seeds and new orders, as many of each; an estimate below 0 of a source counts as 0."""
        a, b, e = self.squares
        return (max(a, e) + max(b, e) - e) / (self.seeds * self.orders)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `variance_of_mean` after Satterthwaite (1946), of the mean squares that it is made of.

        At least those of the source with fewer values: in simulation its intervals cover at least 95 % (`tests/`).
        """
        a, b, e = self.squares
        used = [(square, freedom) for square, freedom in zip((a, b), self.freedoms, strict=False) if square > e]
        if len(used) != 1:  # it is subtracted once, or stands alone
            used.append((e, self.freedoms[2]))
        total = max(a, e) + max(b, e) - e
        spread = sum(square**2 / freedom for square, freedom in used)
        least = float(min(self.freedoms[:2]))
        return max(least, total**2 / spread) if spread > 0 else least


def variance_sentence(head: str, components: Sequence[Component], scale: float, unit: str) -> str:
    """Says how much each source moves the score of a run.

    Args:
        scale: of the scores to `unit`.
    """
    parts: list[str] = []
    for component in components:
        values = (component.variance, component.low, component.high)
        deviation, low, high = (f"{float(f'{scale * math.sqrt(value):.2g}'):g}" for value in values)
        parts.append(
            f"by {deviation} {unit if not parts else ''}".rstrip() + f" with {component.source} ({low} to {high})"
        )
    return f"{head}: a run varies {', '.join(parts)}; standard deviations with 95 % intervals"


def mean_squares_interval(first: float, freedom: int, second: float, other: int) -> tuple[float, float]:
    """Returns the 95 % interval of the difference of what two independent mean squares estimate.

    It is the modified large-sample interval of Ting, Burdick, Graybill, Jeyaratnam and Lu (1990, Journal of Statistical
    Computation and Simulation 35; Burdick and Graybill 1992, Confidence Intervals on Variance Components, 3.3).

    Args:
        first, second: the mean squares.
        freedom, other: their degrees of freedom.
    """
    tail = LEVEL / 2

    def shrinks(freedom: int) -> float:
        return float(1 - freedom / chi2.isf(tail, freedom))

    def grows(freedom: int) -> float:
        return float(freedom / chi2.ppf(tail, freedom) - 1)

    upper, lower = float(f.isf(tail, freedom, other)), float(f.ppf(tail, freedom, other))
    below = ((upper - 1) ** 2 - shrinks(freedom) ** 2 * upper**2 - grows(other) ** 2) / upper
    above = ((1 - lower) ** 2 - grows(freedom) ** 2 * lower**2 - shrinks(other) ** 2) / lower
    down = (shrinks(freedom) * first) ** 2 + (grows(other) * second) ** 2 + below * first * second
    up = (grows(freedom) * first) ** 2 + (shrinks(other) * second) ** 2 + above * first * second
    return first - second - math.sqrt(max(0.0, down)), first - second + math.sqrt(max(0.0, up))


def summarise_crossed(
    scores: Sequence[float], orders: int, low: float = -math.inf, high: float = math.inf
) -> SeedSummary:
    """Returns mean, standard deviation of a run, and the 95 % interval of the mean over further seeds and orders.

    Args:
        scores: of S x D runs, all orders of the first seed first.
        low, high: bounds of the metric.
    """
    values = np.asarray(scores, dtype=np.float64)
    runs = CrossedRuns.of(values.reshape(-1, orders))
    mean = float(values.mean())
    half = float(student.ppf(1 - LEVEL / 2, runs.freedom)) * math.sqrt(runs.variance_of_mean)
    return SeedSummary(
        scores=values.tolist(),
        mean=mean,
        standard_deviation=math.sqrt(runs.variance_of_run),
        low=max(low, mean - half),
        high=min(high, mean + half),
    )

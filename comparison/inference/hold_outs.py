"""Heads compared on rows that were held out of the training file, several times over.

Every hold-out is a part of one file, and the rest of it trains: two hold-outs share most of their training rows. So the scores
of K hold-outs are alike, their spread over K is less than the error of their mean, and the usual t test finds differences that
are not there. The correction of Nadeau and Bengio (2003, Machine Learning 52) takes 1 / K + n2 / n1 for 1 / K, with n2 rows held
out and n1 rows to train on. It is an approximation, which takes the likeness of two hold-outs for the share of rows held out.

Both heads answer the rows of a hold-out, so differences are taken hold-out by hold-out. Seeds are crossed with hold-outs: what
they add to the mean of a head is in no spread between hold-outs, and comes on top.

Letters: S seeds, K hold-outs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy.stats import t as student

from utils.metrics.metric import SummableMetric

from .crossed import CrossedRuns
from .p_values import LEVEL
from .pairs import PairComparison, with_verdicts
from .power import DETECTABLE, POWER
from .row_effects import effects_on_difference, jackknife_variance
from .seeds import SeedSummary

SOURCES = ("seed", "hold-out", "the rest")


def scores_of(counts: Sequence[np.ndarray], metric: SummableMetric) -> np.ndarray:
    """Returns the scores (S, K) of one head, from its counts (S, N, numbers) on each hold-out."""
    return np.stack([metric.score(own.sum(axis=1)) for own in counts], axis=1)


def error_of_mean(tables: Sequence[np.ndarray], ratio: float, least: float = 0.0) -> tuple[float, float, float]:
    """Returns what hold-outs and what seeds add to the variance of a mean, and the degrees of freedom of both.

    The latter are Satterthwaite's (1946).

    Args:
        tables: scores (S, K) of one head, or of two whose difference it is.
        ratio: rows held out over rows to train on.
        least: what the rows alone add to the variance; hold-outs that agree by chance do not make it smaller.
    """
    seeds, hold_outs = tables[0].shape
    first = tables[0].mean(axis=0)
    by_hold_out = first if len(tables) == 1 else first - tables[1].mean(axis=0)
    of_hold_outs = max(least, (1 / hold_outs + ratio) * float(by_hold_out.var(ddof=1)))
    of_seeds, spread = 0.0, of_hold_outs**2 / (hold_outs - 1)
    for table in tables:
        runs = CrossedRuns.of(table)
        square, _, rest = (square / (seeds * hold_outs) for square in runs.squares)
        if square > rest:
            of_seeds += square - rest
            spread += square**2 / runs.freedoms[0] + rest**2 / runs.freedoms[2]
    total = of_hold_outs + of_seeds
    fewest = float(min(seeds, hold_outs) - 1)
    return of_hold_outs, of_seeds, max(fewest, total**2 / spread) if spread > 0 else fewest


def compare_on_hold_outs(
    counts: Mapping[str, Sequence[np.ndarray]], metric: SummableMetric, ratio: float
) -> list[PairComparison]:
    """Compares every pair of heads, the one that comes later in `counts` minus the earlier one.

    Args:
        counts: per head (S, N, numbers) on each of K hold-outs, the same for all heads.
        ratio: rows held out over rows to train on.
    """
    found = [
        _compare_pair((head, baseline), (counts[head], counts[baseline]), metric, ratio)
        for baseline, head in combinations(counts, 2)
    ]
    return with_verdicts(found, metric)


def summarise_hold_outs(
    scores: Sequence[float], hold_outs: int, ratio: float, low: float = -math.inf, high: float = math.inf
) -> SeedSummary:
    """Returns mean, standard deviation of a run, and the 95 % interval of the mean over further seeds and hold-outs.

    Args:
        scores: of S x K runs, all hold-outs of the first seed first.
        low, high: bounds of the metric.
    """
    table = np.asarray(scores, dtype=np.float64).reshape(-1, hold_outs)
    of_hold_outs, of_seeds, freedom = error_of_mean([table], ratio)
    mean, half = float(table.mean()), float(student.ppf(1 - LEVEL / 2, freedom)) * math.sqrt(of_hold_outs + of_seeds)
    return SeedSummary(
        scores=table.ravel().tolist(),
        mean=mean,
        standard_deviation=math.sqrt(CrossedRuns.of(table).variance_of_run),
        low=max(low, mean - half),
        high=min(high, mean + half),
    )


def _compare_pair(
    names: tuple[str, str],
    counts: tuple[Sequence[np.ndarray], Sequence[np.ndarray]],
    metric: SummableMetric,
    ratio: float,
) -> PairComparison:
    """One pair, still to be corrected for the others. No number of rows or seeds is given that would find more."""
    unit = metric.points or 1.0
    tables = [unit * scores_of(own, metric) for own in counts]
    difference = float(tables[0].mean() - tables[1].mean())
    effects = [unit * effects_on_difference(*both, metric) for both in zip(*counts, strict=True)]
    of_rows = sum(float(jackknife_variance(one)) for one in effects) / len(effects) ** 2
    of_hold_outs, of_seeds, freedom = error_of_mean(tables, ratio, of_rows)
    error, most = math.sqrt(of_hold_outs + of_seeds), unit * (metric.high - metric.low)
    limit = float(student.ppf(1 - LEVEL / 2, freedom))
    p_value = float(2 * student.sf(abs(difference) / error, freedom)) if error > 0 else float(difference == 0)
    seeds = len(tables[0])
    return PairComparison(
        head=names[0],
        baseline=names[1],
        metric=metric.name,
        unit="points" if metric.points else metric.name,
        rows=sum(map(len, effects)),
        seeds=(seeds, seeds),
        difference=difference,
        low=max(-most, difference - limit * error),
        high=min(most, difference + limit * error),
        p_value=p_value,
        p_holm=p_value,
        covers_seeds=True,
        better=None,
        rows_error=math.sqrt(of_hold_outs),
        seeds_error=math.sqrt(of_seeds),
        hedges_g=None,
        rows_won=[],
        rows_lost=[],
        mcnemar_p=[],
        minimum_detectable=(limit + float(student.ppf(POWER, freedom))) * error,
        detectable=DETECTABLE,
        rows_needed=None,
        seeds_needed=None,
    )

"""What to expect of the best of n trials.

A tuning curve says how good the best of n trials is, for every n, so that two heads can be compared at any budget. Here it is
the median: in half of all tunings with n trials the best score is at least this. A trial that failed is worse than any score.

- The estimate is that of all choices of n among the N trials, each trial once: the share of choices whose best is at most the
  i-th smallest score is C(i, n) / C(N, n), without bias for each n (Tang et al. 2020, arXiv 2004.13705). Dodge et al. 2019
  (arXiv 1909.03004) draw with replacement, which is biased downwards and is not used.
- The band is that of Lourie et al. 2023 (arXiv 2311.09480): the i-th smallest of N scores lies at a quantile that is
  Beta(i, N + 1 - i) whatever the distribution of scores, so intervals of equal tails, as wide as it takes for all N to hold at
  once, bound the whole distribution, and with it the median of the best of n for all n at once. That width is computed here,
  not simulated. It holds in finite samples, and exactly for scores without ties; with ties it is wider than it has to be.

The theory is that of trials drawn at random. Trials of a quasi-random sequence are spread more evenly, so the band is rather too
wide than too narrow (`tests/comparison/inference/test_tuning.py` has a case).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, poisson

from .p_values import LEVEL


@dataclass(frozen=True)
class BestOf:
    """The best score of n trials.

    Attributes:
        trials: n.
        median: half of all tunings find at least this; None where half of them find no score at all.
        mean: over all choices of n; None where some of them have no score.
        worst, best: 95 % band of the median, for all n at once. None where the trials set no such limit: a few of them cannot
            say how good the best of many is.
    """

    trials: int
    median: float | None
    mean: float | None
    worst: float | None
    best: float | None


def tuning_curve(scores: Sequence[float | None], smaller_is_better: bool = False) -> list[BestOf]:
    """The best of 1, 2, ..., N trials.

    Args:
        scores: of N trials; None of those that failed or diverged.
    """
    sign = -1.0 if smaller_is_better else 1.0
    ordered = np.sort([-math.inf if score is None else sign * score for score in scores])
    count = len(ordered)
    low, high = distribution_band(count)

    def shown(value: float) -> float | None:
        return sign * float(value) if math.isfinite(value) else None

    curve = []
    for n in range(1, count + 1):
        at_most = np.array([math.comb(i, n) / math.comb(count, n) for i in range(1, count + 1)])
        shares = np.diff(at_most, prepend=0.0)
        used = shares > 0
        mean = float(shares[used] @ ordered[used])
        quantile = 0.5 ** (1 / n)  # of one trial: the best of n lies below it in half of the cases
        below, above = ordered[high < quantile], ordered[low >= quantile]
        curve.append(
            BestOf(
                trials=n,
                median=shown(ordered[np.argmax(at_most >= 0.5 - 1e-12)]),
                mean=shown(mean),
                worst=shown(below[-1]) if len(below) else None,
                best=shown(above[0]) if len(above) else None,
            )
        )
    return curve


@cache
def distribution_band(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of a distribution function at its sorted sample, which all hold in 95 % of samples.

    Args:
        count: N, the size of the sample.

    Returns:
        the lower and the upper bounds, (N,) each, of equal tails.
    """
    places = np.arange(1, count + 1)

    def band(tail: float) -> tuple[np.ndarray, np.ndarray]:
        return beta.ppf(tail, places, count + 1 - places), beta.isf(tail, places, count + 1 - places)

    if count == 1:
        return band(LEVEL / 2)
    tail = brentq(lambda tail: coverage(*band(tail)) - (1 - LEVEL), LEVEL / (2 * count), LEVEL / 2, xtol=1e-12)
    return band(float(tail))


def coverage(low: np.ndarray, high: np.ndarray) -> float:
    """The probability that N sorted uniform numbers all lie within their bounds.

    A walk over the bounds in their order keeps, for every k, the probability that k numbers lie below and no bound is broken yet.
    Given their total, uniform numbers are a Poisson process (Moscovich and Nadler 2017, Statistics and Probability Letters 123).

    Args:
        low, high: (N,) each, both rising.
    """
    count = len(low)
    numbers = np.arange(count + 1)
    at_most = {float(bound): i for i, bound in reversed(list(enumerate(low)))}  # fewer than i + 1 may lie below low[i]
    at_least = {float(bound): i + 1 for i, bound in enumerate(high)}  # and i + 1 must lie below high[i]
    state, place = (numbers == 0).astype(float), 0.0
    for bound in sorted({*at_most, *at_least, 1.0}):
        state = np.convolve(state, poisson.pmf(numbers, count * (bound - place)))[: count + 1]
        state[numbers > at_most.get(bound, count)] = 0.0
        state[numbers < at_least.get(bound, 0)] = 0.0
        place = bound
    return float(state[count] / poisson.pmf(count, count))


def leaders(curves: Mapping[str, Sequence[BestOf]], smaller_is_better: bool = False) -> list[tuple[int, str]]:
    """Which head leads from which number of trials on, as far as all heads have that many.

    A head that is level with the leader does not take over.
    """
    sign = -1.0 if smaller_is_better else 1.0
    found: list[tuple[int, str]] = []
    for several in zip(*curves.values(), strict=False):
        medians = {
            head: -math.inf if one.median is None else sign * one.median
            for head, one in zip(curves, several, strict=True)
        }
        best = max(medians, key=lambda head: medians[head])
        if medians[best] > (medians[found[-1][1]] if found else -math.inf):
            found.append((several[0].trials, best))
    return found


def leading_sentence(curves: Mapping[str, Sequence[BestOf]], smaller_is_better: bool = False) -> str:
    """`With up to 3 trials dense leads, from 4 on cnn.`, and whether the bands are apart anywhere."""
    steps = leaders(curves, smaller_is_better)
    most = min(map(len, curves.values()))
    if not steps or len(curves) < 2:
        return ""
    if len(steps) == 1:
        span = f"with {steps[0][0]} to {most} trials" if most > steps[0][0] else f"with {most} trials"
        text = f"{span[0].upper()}{span[1:]} {steps[0][1]} leads"
    else:
        ends = [start - 1 for start, _ in steps[1:]]
        first = f"up to {ends[0]}" if steps[0][0] == 1 else f"{steps[0][0]} to {ends[0]}"
        text = f"With {first} trial{'' if first == 'up to 1' else 's'} {steps[0][1]} leads"
        for (start, head), end in zip(steps[1:-1], ends[1:], strict=True):
            text += f", with {start if start == end else f'{start} to {end}'} {head}"
        text += f", from {steps[-1][0]} on {steps[-1][1]}"
    apart = [n for n in range(1, most + 1) if _apart([curve[n - 1] for curve in curves.values()], smaller_is_better)]
    if not apart:
        return f"{text}; at no number of trials is the band of one head apart from those of all others."
    listed = ", ".join(map(str, apart))
    return f"{text}; the band of one head is better than those of all others with {listed} trials."


def _apart(several: Sequence[BestOf], smaller_is_better: bool) -> bool:
    """Whether the band of one head is better than those of all others."""
    sign = -1.0 if smaller_is_better else 1.0
    lows = [-math.inf if one.worst is None else sign * one.worst for one in several]
    highs = [math.inf if one.best is None else sign * one.best for one in several]
    return any(
        low > max(high for j, high in enumerate(highs) if j != i) for i, low in enumerate(lows) if math.isfinite(low)
    )

"""The scores of one head over its seeds, and how far further seeds may move their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .p_values import LEVEL


@dataclass(frozen=True)
class SeedSummary:
    """One head over its seeds, in the unit of the scores.

    Attributes:
        scores: one per seed.
        mean: of them.
        standard_deviation: with S - 1; None for one seed.
        low, high: 95 % interval of the mean over further seeds on these rows (Student's t), within what the metric can be; None
            for one seed.
    """

    scores: list[float]
    mean: float
    standard_deviation: float | None
    low: float | None
    high: float | None


def summarise_seeds(scores: Sequence[float], low: float = -math.inf, high: float = math.inf) -> SeedSummary:
    """Returns mean, standard deviation and 95 % interval of one head's scores.

    Args:
        low, high: bounds of the metric. What the interval has beyond them is cut off: no mean can lie there.
    """
    values = np.asarray(scores, dtype=np.float64)
    if len(values) == 1:
        return SeedSummary(scores=values.tolist(), mean=float(values[0]), standard_deviation=None, low=None, high=None)
    deviation = float(values.std(ddof=1))
    half = float(student.ppf(1 - LEVEL / 2, len(values) - 1)) * deviation / math.sqrt(len(values))
    mean = float(values.mean())
    return SeedSummary(
        scores=values.tolist(),
        mean=mean,
        standard_deviation=deviation,
        low=max(low, mean - half),
        high=min(high, mean + half),
    )

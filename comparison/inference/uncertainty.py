"""How uncertain the difference of two heads is: the rows' part, the seeds' part, and what it takes to detect a difference.

Letters: S seeds, B resamples of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .p_values import LEVEL

POWER = 0.8
_DRAWS = 25  # of the seeds' part per resample of rows: they cost nothing and smooth the tails


@dataclass(frozen=True)
class Uncertainty:
    """Where the uncertainty of a difference comes from. Variances are in squared units of the scores.

    A model's score is that of its head, plus what its seed adds, plus what the sample of rows adds to it: a part that all
    seeds of the head share and one of its own. The own part also shows between seeds, so adding the variance over rows to
    that between seeds would count it twice.

    Attributes:
        noise: deviations of the difference over resampled rows, these models given (B,).
        rows_variance: of `noise`.
        own: the rows' part of a single model, summed over the two heads.
        between: the observed variance between seeds, summed over the two heads.
        rows, seeds: the numbers of this comparison; the harmonic mean of the two heads' seeds.
        seeds_variance: what the seeds add to `rows_variance`.
        freedom: degrees of freedom of their sum (Welch 1947; Satterthwaite 1946).
    """

    noise: np.ndarray
    rows_variance: float
    own: float
    between: float
    rows: int
    seeds: float
    seeds_variance: float
    freedom: float
    covers_seeds: bool

    @classmethod
    def of(cls, scores: Sequence[np.ndarray], deviations: Sequence[np.ndarray], rows: int) -> Uncertainty:
        """From scores (S,) and their deviations over resampled rows (B, S) of two heads."""
        noise = deviations[0].mean(axis=1) - deviations[1].mean(axis=1)
        rows_variance = float(noise.var())
        sizes = [len(head) for head in scores]
        if min(sizes) == 1:
            return cls(noise, rows_variance, rows_variance, 0.0, rows, 1.0, 0.0, math.inf, False)
        own = [float(head.var(axis=1, ddof=1).mean()) for head in deviations]
        between = [float(head.var(ddof=1)) for head in scores]
        of_means = [variance / size for variance, size in zip(between, sizes, strict=True)]
        own_of_means = sum(variance / size for variance, size in zip(own, sizes, strict=True))
        # Obuchowski & Rockette's error term: variance between seeds, plus the part that all seeds of a head share (Hillis 2014,
        # here with a variance of its own for each head). Never less than the rows alone give, so that seeds which agree by
        # chance do not make a finding; the price is that heads whose seeds are all equally good are told apart more seldom.
        seeds_variance = max(0.0, sum(of_means) - min(own_of_means, rows_variance))
        spread = sum(part**2 / (size - 1) for part, size in zip(of_means, sizes, strict=True))
        total = rows_variance + seeds_variance
        freedom = total**2 / spread if spread > 0 else math.inf
        harmonic = 2 / sum(1 / size for size in sizes)
        return cls(noise, rows_variance, sum(own), sum(between), rows, harmonic, seeds_variance, freedom, True)

    def interval(self, difference: float, generator: np.random.Generator) -> tuple[float, float, float]:
        """Low and high end of the 95 % interval, and the p value of no difference.

        The resampled differences keep the shape that the rows give them. To each are added draws of what further seeds would
        change, and a factor that turns the normal into Student's t with `freedom`, because few seeds know their own spread
        badly: S resampled seeds would vary too little, by (S - 1) / S, and too seldom far.
        """
        noise = self.noise
        if self.covers_seeds:
            noise = noise + math.sqrt(self.seeds_variance) * generator.standard_normal((_DRAWS, len(noise)))
            if math.isfinite(self.freedom):
                noise = noise * np.sqrt(self.freedom / generator.chisquare(self.freedom, noise.shape))
        drawn = difference + noise.ravel()
        low, high = np.quantile(drawn, [LEVEL / 2, 1 - LEVEL / 2])
        tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
        return float(low), float(high), float(min(1.0, 2 * (tail + 1) / (len(drawn) + 1)))

    def minimum_detectable(self) -> float:
        """The difference that is found with as many rows and seeds."""
        return float(self._minimum(np.ones(1), np.full(1, self.seeds))[0])

    def rows_needed(self, detectable: float) -> int | None:
        """Rows that find `detectable` with as many seeds; two digits."""
        factors = np.geomspace(10 / self.rows, 1e9 / self.rows, 401)
        enough = factors[self._minimum(factors, np.full(len(factors), self.seeds)) <= detectable]
        if not len(enough):
            return None
        needed = enough[0] * self.rows
        digits = 10 ** (math.floor(math.log10(needed)) - 1)
        return int(math.ceil(needed / digits) * digits)

    def seeds_needed(self, detectable: float) -> int | None:
        """Seeds per head that find `detectable` on as many rows; at most 1,000."""
        if not self.covers_seeds:
            return None
        seeds = np.arange(2, 1001)
        enough = seeds[self._minimum(np.ones(len(seeds)), seeds) <= detectable]
        return int(enough[0]) if len(enough) else None

    def _minimum(self, factors: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """The difference that `factors` times the rows and `seeds` per head find with the power of `POWER`. As `of`, but the
        two heads alike.
        """
        shared = max(0.0, self.rows_variance - self.own / self.seeds) / factors
        of_seeds = (self.own / factors + max(0.0, self.between - self.own)) / seeds
        total = shared + of_seeds
        freedom = np.full(len(seeds), math.inf)
        if self.covers_seeds and self.between > 0:
            freedom = 2 * (seeds - 1) * (total / of_seeds) ** 2
        return (student.ppf(1 - LEVEL / 2, freedom) + student.ppf(POWER, freedom)) * np.sqrt(total)

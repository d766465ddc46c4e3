"""One pair of heads over several data sets: the mean difference, and on how many data sets a head is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .meta_analysis import FEW, RandomEffects, pool
from .p_values import LEVEL, holm, p_in_words
from .replicability import BetterCount, count_better, one_sided


@dataclass(frozen=True)
class DataSetDifference:
    """What one data set says about a pair: `head` minus `baseline`, in `unit`.

    Attributes:
        data_set, metric, unit: as in `PairComparison`.
        difference, low, high: with the 95 % interval.
        standard_error: of the difference, from rows and seeds.
        p_value: two-sided, of this pair alone.
        better: the better head after Holm's correction over the pairs of this data set, or None.
        smaller_is_better: of the metric.
        covers_seeds: false where a head had one seed.
        weight: share in the mean; None where the data set is not in it.
        left_out: why it is not; None where it is.
    """

    data_set: str
    metric: str
    unit: str
    difference: float
    low: float
    high: float
    standard_error: float
    p_value: float
    better: str | None
    smaller_is_better: bool
    covers_seeds: bool
    weight: float | None = None
    left_out: str | None = None


@dataclass(frozen=True)
class PairAcross:
    """A pair of heads on one encoder over its data sets.

    Attributes:
        head, baseline, encoder: what is compared.
        data_sets: one difference each.
        pooled: their mean, over those in points; None where these are fewer than two.
        p_holm: that of the mean after Holm's correction (1979) over all means of the page; None without a mean.
        counts: by head, on how many data sets it is better than the other. All counts of a page hold together with 95 %
            confidence.
        several_encoders: whether a sentence has to name the encoder.
    """

    head: str
    baseline: str
    encoder: str
    data_sets: list[DataSetDifference]
    pooled: RandomEffects | None
    p_holm: float | None
    counts: dict[str, BetterCount]
    several_encoders: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        """The finding in one sentence."""
        return f"{self.head} − {self.baseline}{self._where}: {self._mean_in_words()}; {self._counts_in_words()}"

    @property
    def findings(self) -> list[str]:
        """What is shown: a mean that is not 0, data sets on which a head is better."""
        found = []
        if self.pooled is not None and self.p_holm is not None and self.p_holm < LEVEL:
            better, worse = (self.head, self.baseline) if self.pooled.mean > 0 else (self.baseline, self.head)
            found.append(f"{better} beats {worse} by {abs(self.pooled.mean):.2f} points in the mean")
        for better, count in self.counts.items():
            if count.at_least:
                worse = self.baseline if better == self.head else self.head
                found.append(f"{better} beats {worse} on at least {count.at_least} of {count.data_sets} data sets")
        return found

    @property
    def _where(self) -> str:
        return f" ({self.encoder})" if self.several_encoders else ""

    def _mean_in_words(self) -> str:
        if self.pooled is None or self.p_holm is None:
            return "no mean, for fewer than two data sets can be pooled"
        mean = self.pooled
        text = f"{_signed(mean.mean)} points in the mean of {mean.data_sets} data sets "
        text += f"(95 % interval {_signed(mean.low)} to {_signed(mean.high)}, {p_in_words(self.p_holm)} after Holm)"
        if mean.prediction_low is None or mean.prediction_high is None:
            return f"{text}, and a mean of fewer than {FEW} says little"
        return f"{text}, {_signed(mean.prediction_low)} to {_signed(mean.prediction_high)} expected on a further one"

    def _counts_in_words(self) -> str:
        parts = [
            f"{name} is better on at least {count.at_least} of {count.data_sets}"
            for name, count in self.counts.items()
            if count.at_least
        ]
        return ", ".join(parts) or f"on none of {len(self.data_sets)} is either head shown to be better"


def compare_across(pairs: Sequence[PairAcross]) -> list[PairAcross]:
    """Pools and counts every pair.

    The counts share the error rate of 5 % among all pairs, encoders and both directions (Bonferroni), so that all of them
    hold together. The p values of the means are corrected by Holm.

    Args:
        pairs: without means and counts, from `unpooled`.
    """
    level = LEVEL / (2 * len(pairs)) if pairs else LEVEL
    found = [_with_mean(_with_counts(pair, level)) for pair in pairs]
    with_mean = [i for i, pair in enumerate(found) if pair.pooled is not None]
    corrected = holm([mean.p_value for pair in found if (mean := pair.pooled) is not None])
    for i, p in zip(with_mean, corrected, strict=True):
        found[i] = replace(found[i], p_holm=p)
    return found


def unpooled(head: str, baseline: str, encoder: str, data_sets: list[DataSetDifference], several: bool) -> PairAcross:
    """A pair before it is pooled.

    Args:
        several: whether the page has several encoders.
    """
    return PairAcross(
        head=head,
        baseline=baseline,
        encoder=encoder,
        data_sets=data_sets,
        pooled=None,
        p_holm=None,
        counts={},
        several_encoders=several,
    )


def _with_mean(pair: PairAcross) -> PairAcross:
    marked = [replace(one, left_out=_why_left_out(one)) for one in pair.data_sets]
    used = [one for one in marked if one.left_out is None]
    if len(used) < 2:
        return replace(pair, data_sets=marked)
    mean = pool([one.difference for one in used], [one.standard_error for one in used])
    weights = iter(mean.weights)
    weighted = [replace(one, weight=next(weights)) if one.left_out is None else one for one in marked]
    return replace(pair, data_sets=weighted, pooled=mean)


def _why_left_out(one: DataSetDifference) -> str | None:
    if one.unit != "points":
        return f"{one.unit} has a unit of its own"
    if one.standard_error <= 0:
        return "no standard error: the two heads scored alike on every sample of the rows"
    return None


def _with_counts(pair: PairAcross, level: float) -> PairAcross:
    gains = [-one.difference if one.smaller_is_better else one.difference for one in pair.data_sets]
    p_values = [one.p_value for one in pair.data_sets]
    counts = {
        name: count_better([one_sided(p, sign * gain) for p, gain in zip(p_values, gains, strict=True)], level)
        for name, sign in ((pair.head, 1), (pair.baseline, -1))
    }
    return replace(pair, counts=counts)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")

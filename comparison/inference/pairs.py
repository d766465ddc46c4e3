"""Is one head better than another? Statistics of heads that were each trained with several seeds and scored on the same rows.

Two things make a difference of two scores uncertain: the test rows are a sample, and so are the seeds. Both count here, and
each once. The design is that of radiology's multi-reader multi-case studies (Obuchowski & Rockette 1995; Hillis 2014), with
heads for tests, seeds for readers, nested within their head, and rows for cases.

- Rows are paired: all models are scored on the same ones. On most of the rows two models agree, and what they agree on cancels.
- Seeds are not paired. Seed 1 of one head and seed 1 of another see the data in one order but begin with other weights in
  other shapes: they are two draws, not a matched pair. Were they alike after all, the interval would be too wide, not too narrow.

With one seed per head there is nothing to learn about seeds: the claim is then about these two trained models.
`benchmarks/rejections` simulates how often a difference is found where there is none.

Letters: S seeds, N rows, K numbers per row (`SummableMetric`). Nothing is drawn at random: equal counts give equal numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from utils.metrics.metric import SummableMetric

from .equality import Equality, judge_equality
from .evidence import Evidence
from .p_values import LEVEL, holm, p_in_words
from .power import DETECTABLE, MOST_ROWS, MOST_SEEDS
from .spending import Look


@dataclass(frozen=True)
class PairLook:
    """The look at which a pair ended, or the latest one.

    Attributes:
        number: from 1.
        looks: seeds per head at each look that was planned.
        information: share of what the last look will know, 0-1.
        level: below which p value this look alone shows a difference, before Holm.
        ending: "difference", "equality" or "last look"; None where the pair is open.
    """

    number: int
    looks: list[int]
    information: float
    level: float
    ending: str | None


@dataclass(frozen=True)
class PairComparison:
    """`head` minus `baseline`; every number but counts, shares and p values is in `unit`.

    Attributes:
        unit: "points" (hundredths of a metric on the scale 0-1), or the name of a metric with a unit of its own.
        seeds: of the two heads.
        difference: of the mean scores.
        low, high: 95 % interval, of this pair alone, not widened for the number of pairs; it leaves out 0 where p_value is below
            .05, and nowhere else.
        p_value: two-sided; how often a difference of this size comes about by chance (`exchange`). With one seed per head and
            rows that are right or wrong it is McNemar's.
        p_holm: the same after Holm's correction (1979) over all pairs that were compared.
        covers_seeds: false if a head has one seed: then the claim is about these trained models, not about heads.
        better: the name of the better head where p_holm < .05, else None.
        rows_error: standard error of the difference that comes from the rows, these models given.
        seeds_error: what the seeds add to it; 0 also where `covers_seeds` is false.
        hedges_g: the difference over the pooled standard deviation between seeds, corrected for few seeds (Hedges 1981).
        rows_won, rows_lost: per pair of seeds in their order, rows on which `head` alone scores higher, or lower; empty for
            metrics that are no mean over rows.
        mcnemar_p: the exact test of McNemar (1947) on them where rows are right or wrong. It is about that pair of models.
        minimum_detectable: the difference that these rows and seeds find with 80 % power; at least half of the interval.
        detectable: the difference that the next two are about.
        rows_needed, seeds_needed: what it takes to find it with 80 % power at the present number of seeds, or of rows; None
            where no number does, and of seeds also where they share data orders.
        equality: whether the difference lies within a margin; None where none was named.
        look: where the number of seeds was left to a rule; None where it was fixed. p values are then those of the whole rule,
            and the intervals as wide as they have to be at this look (repeated intervals, Jennison & Turnbull 1989).
    """

    head: str
    baseline: str
    metric: str
    unit: str
    rows: int
    seeds: tuple[int, int]
    difference: float
    low: float
    high: float
    p_value: float
    p_holm: float
    covers_seeds: bool
    better: str | None
    rows_error: float
    seeds_error: float
    hedges_g: float | None
    rows_won: list[int]
    rows_lost: list[int]
    mcnemar_p: list[float]
    minimum_detectable: float
    detectable: float
    rows_needed: int | None
    seeds_needed: int | None
    equality: Equality | None = None
    look: PairLook | None = None

    def __str__(self) -> str:
        """The finding in one sentence."""
        p, digits = f"{p_in_words(self.p_holm)} after Holm", self._digits
        signed = f"{self.head} - {self.baseline} = {self.difference:+.{digits}f} {self.unit}"
        interval = f"95 % interval {self.low:+.{digits}f} to {self.high:+.{digits}f}"
        equal = self._equality_in_words()
        if self.better:
            low, high = sorted((abs(self.low), abs(self.high)))
            text = f"{self.finding} (95 % interval {low:.{digits}f} to {high:.{digits}f}, {p}){equal}"
        elif self.equal:
            text = f"{self.finding}{equal}: {signed} ({interval})"
        else:
            text = f"no difference shown{equal}: {signed} ({interval}, {p})"
        if not self.covers_seeds:
            text += "; with one seed this is about these trained models, and another seed may turn it round"
        open_still = self.look is not None and self.look.ending is None
        if not self.better and not self.equal and not open_still:
            text += f"; {self._power()}"
        return f"{text}; {self._look_in_words()}" if self.look else text

    @property
    def equal(self) -> bool:
        """Whether the heads are shown to be equal within the margin."""
        return self.equality is not None and self.equality.shown

    @property
    def finding(self) -> str | None:
        """`cnn beats dense by 1.45 points`, or `cnn and dense are equal within 0.2 points`; None where neither is shown."""
        if self.better is not None:
            worse = self.baseline if self.better == self.head else self.head
            return f"{self.better} beats {worse} by {abs(self.difference):.{self._digits}f} {self.unit}"
        if self.equality is not None and self.equality.shown:
            return f"{self.head} and {self.baseline} are equal within {self.equality.margin:g} {self.unit}"
        return None

    @property
    def _digits(self) -> int:
        return decimals_in(self.unit)

    def _equality_in_words(self) -> str:
        """What follows the finding where a margin was named."""
        if self.equality is None:
            return ""
        low, high = (f"{end:+.{self._digits}f}" for end in (self.equality.low, self.equality.high))
        detail = f"90 % interval {low} to {high}, {p_in_words(self.equality.p_holm)} after Holm"
        within = f"within {self.equality.margin:g} {self.unit}"
        if self.better:
            return f"; the difference is shown to lie {within} ({detail})" if self.equality.shown else ""
        return f" ({detail})" if self.equality.shown else f", and not shown equal {within} ({detail})"

    def _look_in_words(self) -> str:
        assert self.look is not None
        place = f"look {self.look.number} of {len(self.look.looks)} ({self.seeds[0]} seeds per head)"
        if self.look.ending in ("difference", "equality"):
            return f"decided at {place}"
        return f"undecided at the last look, {place}" if self.look.ending else f"undecided yet at {place}"

    def _power(self) -> str:
        """What this comparison finds, and what it takes to find `detectable`."""
        found = f"{float(f'{self.minimum_detectable:.2g}'):g} {self.unit} would have been found in 8 of 10 cases"
        if self.minimum_detectable <= self.detectable:
            return found
        ways = [f"about {self.rows_needed:,} rows"] if self.rows_needed else []
        ways += [f"{self.seeds_needed:,} seeds per head"] if self.seeds_needed else []
        size = f"{self.detectable:g} {self.unit}"
        if ways:
            return f"{found}, to detect {size} takes {' or '.join(ways)}"
        most = f"{MOST_ROWS:,} rows" + (f" or {MOST_SEEDS:,} seeds per head" if min(self.seeds) > 1 else "")
        return f"{found}, {size} not even with {most}: not with this method"


def decimals_in(unit: str) -> int:
    """The decimals of a difference: more of errors and correlations, which are small numbers."""
    return 2 if unit == "points" else 4


def compare_heads(
    counts: Mapping[str, np.ndarray],
    metric: SummableMetric,
    detectable: float = DETECTABLE,
    margin: float | None = None,
    orders: int = 1,
) -> list[PairComparison]:
    """Compares every pair of heads, the one that comes later in `counts` minus the earlier one.

    Args:
        counts: per head (S, N, K), from `metric.count`; the same N rows in the same order throughout. S may differ.
        detectable: the difference that `rows_needed` and `seeds_needed` are about, in the unit of the comparison.
        margin: differences below this do not matter: pairs may then be shown equal.
        orders: data orders with which every seed was run (`crossed`); S is then the number of runs, all of the first seed first.

    Raises:
        ValueError: heads that were not scored on the same number of rows.
    """
    if len({head.shape[1:] for head in counts.values()}) != 1:
        shapes = ", ".join(f"{name} {head.shape[1]}" for name, head in counts.items())
        raise ValueError(f"heads are compared on the same test rows; got {shapes}")
    found = [
        compare_pair((head, baseline), Evidence(counts[head], counts[baseline], metric, orders), detectable, margin)
        for baseline, head in combinations(counts, 2)
    ]
    return with_verdicts(found, metric)


def compare_pair(
    names: tuple[str, str],
    evidence: Evidence,
    detectable: float = DETECTABLE,
    margin: float | None = None,
    look: Look | None = None,
) -> PairComparison:
    """Compares one pair; the correction for several pairs is still to be made.

    Args:
        names: the head and its baseline.
        detectable, margin: as in `compare_heads`.
        look: the one of several at which this is; None: the only one.
    """
    metric, uncertainty, look = evidence.metric, evidence.uncertainty, look or Look()
    plan = evidence.power_analysis(look.level())
    low, high = evidence.interval(look.level())
    p_value = look.p_value(evidence.p_value)
    return PairComparison(
        head=names[0],
        baseline=names[1],
        metric=metric.name,
        unit="points" if metric.points else metric.name,
        rows=uncertainty.rows,
        seeds=(len(evidence.head) // evidence.orders, len(evidence.baseline) // evidence.orders),
        difference=evidence.difference,
        low=low,
        high=high,
        p_value=p_value,
        p_holm=p_value,
        covers_seeds=uncertainty.covers_seeds,
        better=None,
        rows_error=math.sqrt(uncertainty.rows_variance),
        seeds_error=math.sqrt(uncertainty.seeds_variance),
        hedges_g=evidence.hedges_g,
        rows_won=evidence.rows_won,
        rows_lost=evidence.rows_lost,
        mcnemar_p=evidence.mcnemar_p,
        minimum_detectable=plan.minimum_detectable(),
        detectable=detectable,
        rows_needed=plan.rows_needed(detectable),
        seeds_needed=plan.seeds_needed(detectable) if evidence.orders == 1 else None,
        equality=None if margin is None else judge_equality(evidence, margin, look),
    )


def with_verdicts(pairs: Sequence[PairComparison], metric: SummableMetric) -> list[PairComparison]:
    """Corrects the p values of all pairs by Holm, differences and equalities apart, and says what is shown.

    Of "no difference" and "a difference of the margin or more" at most one is true of a pair, so there are never more false
    claims to be made than pairs.
    """
    found = []
    corrected = holm([pair.p_value for pair in pairs])
    equalities = [pair.equality for pair in pairs if pair.equality]
    equal_p = iter(holm([equality.p_value for equality in equalities]))
    for pair, p in zip(pairs, corrected, strict=True):
        better = None
        if p < LEVEL:
            better = pair.head if (pair.difference > 0) != metric.smaller_is_better else pair.baseline
        equality = pair.equality
        if equality:
            p_holm = next(equal_p)
            equality = replace(equality, p_holm=p_holm, shown=p_holm < LEVEL)
        found.append(replace(pair, p_holm=p, better=better, equality=equality))
    return found

"""Seeds are added until the heads are decided: which pairs are, at which of the looks that were planned.

A pair ends at the first look at which it is shown different, or equal within the margin, and keeps the numbers of that look. All
pairs that are still open go on, with both of their heads; a head without an open pair gets no further seeds. So an open pair has
as many seeds as the look says, and what ended others has no part in it.

The p value of every pair is that of its whole rule (`spending.Look.p_value`), good at any look. Holm's correction over pairs
holds for such p values at every look: a pair that has ended stays as it ended when the p values of others change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from utils.metrics.metric import SummableMetric

from .evidence import Evidence
from .pairs import PairComparison, PairLook, compare_pair, with_verdicts
from .spending import Look, times_of


@dataclass(frozen=True)
class Rule:
    """What was fixed before the first look.

    Attributes:
        looks: seeds per head at each look, rising.
        margin: below which two heads count as equal; None: a pair ends with a difference alone.
    """

    looks: tuple[int, ...]
    margin: float | None = None

    def look(self, number: int, evidence: Evidence) -> Look:
        """The look with this number, from 1, at one pair."""
        return Look(times_of(evidence.uncertainty, self.looks[:number], self.looks[-1]))


@dataclass(frozen=True)
class Decision:
    """What is decided so far.

    Attributes:
        pairs: each as it ended, or as it is at the latest look.
        look: the number of that look, from 1.
        heads: that get more seeds, for the next look; empty at the end.
        history: what each look said of the pairs that were open.
    """

    pairs: list[PairComparison]
    look: int
    heads: list[str]
    history: list[dict[str, Any]]


def decide(counts: Mapping[str, np.ndarray], metric: SummableMetric, rule: Rule) -> Decision:
    """Takes one look after the other, as far as there are seeds for them.

    Args:
        counts: per head (S, N, K), from `metric.count`, the seeds in their order.

    Raises:
        ValueError: fewer seeds than the first look takes.
    """
    ended: dict[tuple[str, str], PairComparison] = {}
    names = [(head, baseline) for baseline, head in combinations(counts, 2)]
    decision = Decision([], 0, list(counts), [])
    for number, seeds in enumerate(rule.looks, start=1):
        if any(len(counts[head]) < seeds for head in decision.heads):
            break
        now = {pair: ended.get(pair) or _look_at(pair, counts, metric, rule, number) for pair in names}
        judged = with_verdicts(list(now.values()), metric)
        pairs = [pair if (pair.head, pair.baseline) in ended else _ending(pair) for pair in judged]
        taken = [_entry(pair) for pair in pairs if (pair.head, pair.baseline) not in ended]
        ended = {name: pair for name, pair in zip(names, pairs, strict=True) if pair.look and pair.look.ending}
        still = {head for name in names if name not in ended for head in name}
        decision = Decision(pairs, number, [head for head in counts if head in still], decision.history + taken)
        if not still:
            break
    if not decision.look:
        raise ValueError(f"the first look takes {rule.looks[0]} seeds per head")
    return decision


def _look_at(
    pair: tuple[str, str],
    counts: Mapping[str, np.ndarray],
    metric: SummableMetric,
    rule: Rule,
    number: int,
) -> PairComparison:
    seeds = rule.looks[number - 1]
    evidence = Evidence(counts[pair[0]][:seeds], counts[pair[1]][:seeds], metric)
    look = rule.look(number, evidence)
    compared = compare_pair(pair, evidence, margin=rule.margin, look=look)
    taken = PairLook(number=number, looks=list(rule.looks), information=look.times[-1], level=look.level(), ending=None)
    return replace(compared, look=taken)


def _ending(pair: PairComparison) -> PairComparison:
    """Says how a pair ended, if it did."""
    assert pair.look is not None
    ending = "last look" if pair.look.number == len(pair.look.looks) else None
    if pair.equality and pair.equality.shown:
        ending = "equality"
    if pair.better:
        ending = "difference"
    return replace(pair, look=replace(pair.look, ending=ending))


def _entry(pair: PairComparison) -> dict[str, Any]:
    """What one look said of a pair, for the table of the looks."""
    assert pair.look is not None
    return {
        "head": pair.head,
        "baseline": pair.baseline,
        "seeds": pair.seeds[0],
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "p_holm": pair.p_holm,
        "equal_p_holm": pair.equality.p_holm if pair.equality else None,
        **{name: value for name, value in asdict(pair.look).items() if name != "looks"},
    }

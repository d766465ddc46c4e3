"""What the seeds of a head score together, beside what one of them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from utils.data.splits import Split
from utils.metrics.metric import SummableMetric
from utils.outputs.card import NO_SCORES

from ..cells import Cell, Plan
from ..inference.evidence import Evidence
from ..inference.p_values import p_in_words
from ..inference.pairs import PairComparison, compare_pair, decimals_in, with_verdicts
from .rows import read_predictions, score_cells


def gather_ensembles(plan: Plan, ensembles: Sequence[Cell], split: Split) -> dict[str, Any]:
    """What `comparison.json` has under `ensembles`: their scores, and what sets them apart from one model and from each other.

    An ensemble is one system. What is said of it holds for these trained models, and its intervals cover the test rows alone.

    Args:
        ensembles: of every head, all of them finished.
        split: the test rows.
    """
    scored = score_cells(plan, split)
    metric = scored.metric
    together = {
        cell.head: metric.count(read_predictions(scored.task, split, cell.folder), scored.references)[None]
        for cell in ensembles
    }
    pairs = compare_ensembles(together, scored.counts, metric)
    heads = {}
    for cell in ensembles:
        results = cell.read("predict_results.json", {str: float})
        scores = {
            name.removeprefix("predict_"): value for name, value in results.items() if name.startswith("predict_")
        }
        others = {name: value for name, value in scores.items() if name not in (*NO_SCORES, metric.name)}
        score = float(metric.score(together[cell.head].sum(axis=1))[0])
        heads[cell.head] = {"models": len(scored.counts[cell.head]), "scores": {metric.name: score} | others}
    return {"heads": heads, "comparisons": [asdict(pair) | {"sentence": sentence(pair)} for pair in pairs]}


def compare_ensembles(
    together: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray], metric: SummableMetric
) -> list[PairComparison]:
    """Each head's ensemble minus the mean of its models, and each ensemble minus those before it; corrected for all of them.

    Args:
        together: by head (1, N, K), counts of its ensemble.
        counts: by head (S, N, K), those of its models.
    """
    found = [
        compare_pair((_name(head), f"one {head}"), Evidence(own, counts[head], metric))
        for head, own in together.items()
    ]
    found += [
        compare_pair((_name(head), _name(other)), Evidence(together[head], together[other], metric))
        for other, head in combinations(together, 2)
    ]
    return with_verdicts(found, metric)


def sentence(pair: PairComparison) -> str:
    """The finding; what further seeds would change is not part of it."""
    digits = decimals_in(pair.unit)
    low, high = (f"{end:+.{digits}f}" for end in (pair.low, pair.high))
    signed = f"{pair.head} - {pair.baseline} = {pair.difference:+.{digits}f} {pair.unit}"
    detail = f"(95 % interval over rows {low} to {high}, {p_in_words(pair.p_holm)} after Holm)"
    return f"{pair.finding or 'no difference shown'}: {signed} {detail}"


def _name(head: str) -> str:
    return f"{head} ensemble"

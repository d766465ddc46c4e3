"""What a model was sure of and whether it was right, row by row: what calibration and the list of mistakes are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..data.splits import Split
from ..metrics.calibration import Reliability
from ..metrics.iob2 import OUTSIDE
from ..metrics.metric import Metric
from .base import Pairs
from .excerpts import Judged, Mistake


def judge_classes(pairs: Pairs, records: Sequence[Mapping[str, Any]]) -> Judged:
    """Of one class per row: the probability of the one that is predicted."""
    scores = [record["score"] for record in records]
    right = [p == g for p, g in zip(pairs["predictions"], pairs["references"], strict=True)]
    mistakes = [Mistake(row, scores[row]) for row, good in enumerate(right) if not good]
    return Judged({"the predicted class": (scores, right)}, mistakes)


def judge_sets(pairs: Pairs, probabilities: Sequence[Mapping[str, float]]) -> Judged:
    """Of sets of labels: the probability that a label is there, for every label of every row."""
    given: list[float] = []
    there: list[bool] = []
    mistakes = []
    for row, (predicted, gold, shares) in enumerate(
        zip(pairs["predictions"], pairs["references"], probabilities, strict=True)
    ):
        given += shares.values()
        there += [name in gold for name in shares]
        wrong = set(predicted) ^ set(gold)
        if wrong:
            sure = max(shares[name] if name in predicted else 1 - shares[name] for name in wrong)
            mistakes.append(Mistake(row, sure))
    return Judged({"every label of every row": (given, there)}, mistakes)


def judge_numbers(pairs: Pairs) -> Judged:
    """Of numbers: how far off they are; nothing says how sure the model was."""
    off = zip(pairs["predictions"], pairs["references"], strict=True)
    return Judged({}, [Mistake(row, abs(p - g)) for row, (p, g) in enumerate(off) if p != g])


def judge_tags(split: Split, pairs: Pairs, records: Sequence[Mapping[str, Any]], joiner: str) -> Judged:
    """Of tags: their probabilities, apart for tokens that are said to be in an entity: most tokens are in none, and easy.

    Args:
        joiner: what stands between two tokens in the text.
    """
    every: tuple[list[float], list[bool]] = ([], [])
    inside: tuple[list[float], list[bool]] = ([], [])
    mistakes = []
    for i, (row, record) in enumerate(zip(split.rows, records, strict=True)):
        tokens = row.fields["tokens"]
        kept = [j for j, token in enumerate(tokens) if not token.isspace()]
        worst: tuple[float, int] | None = None
        for j, predicted, gold in zip(kept, pairs["predictions"][i], pairs["references"][i], strict=True):
            score, right = record["score"][j], predicted == gold
            for decided in (every, inside) if predicted != OUTSIDE else (every,):
                decided[0].append(score)
                decided[1].append(right)
            if not right and (worst is None or score > worst[0]):
                worst = (score, j)
        if worst is not None:
            place = sum(len(token) + len(joiner) for token in tokens[: worst[1]])
            mistakes.append(Mistake(i, worst[0], place))
    named = {"every tag": every} | ({"tags in entities": inside} if 0 < len(inside[0]) < len(every[0]) else {})
    return Judged(named, mistakes)


def judge_answers(split: Split, pairs: Pairs, records: Sequence[Mapping[str, Any]], metric: Metric) -> Judged:
    """Of answers: the answer's share among the best spans, and whether it matches a gold one exactly."""
    scores = [record["score"] for record in records]
    right = metric.right(pairs["predictions"], pairs["references"]).tolist()
    places = [
        record["answer_start"] if record["answer_start"] >= 0 else _first_answer(row.fields["answers"])
        for row, record in zip(split.rows, records, strict=True)
    ]
    mistakes = [Mistake(row, scores[row], places[row]) for row, good in enumerate(right) if not good]
    return Judged({"the answer, exactly right": (scores, right)}, mistakes)


def calibration_entry(sums: np.ndarray) -> dict[str, Any]:
    """What a report says of probabilities: their calibration error, and by bin how sure and how right decisions were.

    Args:
        sums: of the decisions, see `calibration_sums`.
    """
    found = Reliability(sums)
    width = 1 / len(found.bins)
    bins = [
        {
            "from": i * width,
            "to": (i + 1) * width,
            "count": one.rows,
            "probability": one.confidence,
            "right": one.accuracy,
        }
        for i, one in enumerate(found.bins)
        if one.rows
    ]
    return {"error": found.ece, "count": found.rows, "bins": bins}


def _first_answer(answers: Sequence[Mapping[str, Any]]) -> int:
    """Where the first gold answer begins; 0 where there is none."""
    return answers[0]["answer_start"] if answers else 0

"""Scores of one class, entity type or length of answer each: where a model is good, and where not."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import ArrayLike

from .answers import score_answer

LENGTHS = {"1 to 4 characters": 4, "5 to 9 characters": 9, "10 to 19 characters": 19}


def score_classes(predictions: ArrayLike, references: ArrayLike, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Per class `f1`, `precision`, `recall` and `support`, the number of gold rows; shares of nothing are 0.

    Args:
        predictions, references: class indices (N,), or sets of classes as 0 and 1 (N, C).
        names: of the classes, in order.
    """
    from sklearn.metrics import precision_recall_fscore_support

    gold, predicted = np.asarray(references), np.asarray(predictions)
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, predicted, labels=range(len(names)), average=None, zero_division=0
    )
    columns = zip(names, f1.tolist(), precision.tolist(), recall.tolist(), support.tolist(), strict=True)
    return {name: {"f1": f, "precision": p, "recall": r, "support": n} for name, f, p, r, n in columns}


def score_answer_lengths(
    predictions: Sequence[str], references: Sequence[Sequence[str]], style: str
) -> dict[str, dict[str, float]]:
    """Per length of the first gold answer, and for questions without one, `f1` and `exact_match` (0-100) and `support`."""
    rows: dict[str, list[dict[str, float]]] = {group: [] for group in (*LENGTHS, "20 characters and more", "no answer")}
    for prediction, golds in zip(predictions, references, strict=True):
        length = len(golds[0]) if golds else 0
        fitting = (name for name, longest in LENGTHS.items() if length <= longest)
        group = next(fitting, "20 characters and more") if golds else "no answer"
        rows[group].append(score_answer(prediction, golds, style))
    return {
        group: {key: fmean(score[key] for score in scores) for key in ("f1", "exact_match")} | {"support": len(scores)}
        for group, scores in rows.items()
        if scores
    }

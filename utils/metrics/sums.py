"""What sums over rows are made of: `count` functions from rows to numbers, and `score` functions from sums to scores.

The scores equal those of `scores.py` and `answers.py`.

Letters: N rows, K numbers per row, C classes, labels, tags or types of entities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .iob2 import Style
from .metric import Count, check_sentences

# How often each class is matched in each row, (N, C), and how often it is predicted or gold, (N, C).
Occurrences = Callable[[Sequence[Any], Sequence[Any]], tuple[np.ndarray, np.ndarray]]

# Scores: sums over rows (..., K) -> (...)


def ratio(sums: np.ndarray) -> np.ndarray:
    """The first number over the second; nothing over nothing is 0."""
    return sums[..., 0] / np.where(sums[..., 1] == 0, 1, sums[..., 1])


def f1(sums: np.ndarray) -> np.ndarray:
    """(matched, predicted + gold) -> F1, 0 where there is neither."""
    return 2 * ratio(sums)


def mean_f1(sums: np.ndarray, empty: float | None) -> np.ndarray:
    """(matched x C, predicted + gold x C) -> mean F1; a class in neither counts as `empty`, or is left out if that is None."""
    matched, occurring = np.split(sums, 2, axis=-1)
    occurs = occurring > 0
    scores = np.where(occurs, 2 * matched / np.where(occurs, occurring, 1), empty or 0.0)
    if empty is not None:
        return scores.mean(axis=-1)
    return scores.sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)


def pearson(sums: np.ndarray) -> np.ndarray:
    """(1, p, g, pp, gg, pg) -> correlation of p and g; 0 where one of them is constant."""
    n, p, g, pp, gg, pg = np.moveaxis(sums, -1, 0)
    spread_p, spread_g = n * pp - p * p, n * gg - g * g
    # Below this share of the raw squares a spread is made of rounding errors.
    constant = (spread_p <= 1e-12 * n * pp) | (spread_g <= 1e-12 * n * gg)
    return np.where(constant, 0.0, (n * pg - p * g) / np.sqrt(np.where(constant, 1.0, spread_p * spread_g)))


# Counts: predictions, references -> (N, K)


def count_equal(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    """Rows that are right, (N, 2)."""
    return with_ones([p == g for p, g in zip(predictions, references, strict=True)])


def count_equal_sets(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    """Rows whose whole set of labels is right, (N, 2)."""
    return with_ones([set(p) == set(g) for p, g in zip(predictions, references, strict=True)])


def count_equal_tags(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> np.ndarray:
    """Right tags and all tags of every sentence, (N, 2)."""
    check_sentences(predictions, references)
    right = [sum(map(str.__eq__, p, g)) for p, g in zip(predictions, references, strict=True)]
    return np.stack([right, [len(g) for g in references]], axis=1).astype(np.float64)


def count_squares(predictions: Sequence[float], references: Sequence[float]) -> np.ndarray:
    """Squared errors, (N, 2)."""
    p, g = _finite(predictions, references)
    return with_ones((p - g) ** 2)


def count_moments(predictions: Sequence[float], references: Sequence[float]) -> np.ndarray:
    """What a correlation is made of, (N, 6)."""
    p, g = (_standardised(values) for values in _finite(predictions, references))  # keeps the digits of the squares
    return np.stack([np.ones_like(p), p, g, p * p, g * g, p * g], axis=1)


def with_ones(values: Any) -> np.ndarray:
    """One value per row, (N,), beside the 1 that counts the row, (N, 2)."""
    return np.stack([np.asarray(values, dtype=np.float64), np.ones(len(values))], axis=1)


def per_class(occurrences: Occurrences) -> Count:
    """Counts (N, 2C) of every class: how often it is matched, how often it is predicted or gold."""
    return lambda predictions, references: np.concatenate(occurrences(predictions, references), axis=1)


def pooled(occurrences: Occurrences) -> Count:
    """The same of all classes together, (N, 2)."""
    return lambda predictions, references: np.stack(
        [part.sum(axis=1) for part in occurrences(predictions, references)], 1
    )


# Occurrences


def of_classes(
    names: Sequence[str], predictions: Sequence[str], references: Sequence[str], left_out: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Of one class per row."""
    return _of_items(names, [[p] for p in predictions], [[g] for g in references], left_out)


def of_labels(
    names: Sequence[str], predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Of a set of labels per row."""
    predicted, gold = (_tally(names, [sorted(set(row)) for row in rows]) for rows in (predictions, references))
    return predicted * gold, predicted + gold


def of_tags(
    names: Sequence[str],
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    left_out: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Of the tags of a sentence per row."""
    check_sentences(predictions, references)
    return _of_items(names, predictions, references, left_out)


def of_entities(
    style: Style, kinds: Sequence[str], predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Of the entities of a sentence per row, by type."""
    check_sentences(predictions, references)
    predicted, gold = ([set(style.entities(tags)) for tags in rows] for rows in (predictions, references))
    shared = [p & g for p, g in zip(predicted, gold, strict=True)]
    matched, of_predicted, of_gold = (
        _tally(kinds, [[entity.kind for entity in found] for found in rows]) for rows in (shared, predicted, gold)
    )
    return matched, of_predicted + of_gold


def of_positives(
    cut: float, predictions: Sequence[float], references: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Of numbers that are at least `cut`."""
    p, g = ((values >= cut).astype(np.float64)[:, None] for values in _finite(predictions, references))
    return p * g, p + g


def _of_items(
    names: Sequence[str],
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    left_out: str | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Of items that are matched one by one within a row."""
    right = [[p for p, g in zip(*row, strict=True) if p == g] for row in zip(predictions, references, strict=True)]
    kept = [i for i, name in enumerate(names) if name != left_out]
    matched, predicted, gold = (_tally(names, rows)[:, kept] for rows in (right, predictions, references))
    return matched, predicted + gold


def _tally(names: Sequence[str], rows: Sequence[Sequence[str]]) -> np.ndarray:
    """How often each name is in each row, (N, C)."""
    ids = {name: i for i, name in enumerate(names)}
    try:
        places = [row * len(names) + ids[name] for row, items in enumerate(rows) for name in items]
    except KeyError as error:
        raise ValueError(f"{error} is not among the {len(names)} names of this task: {', '.join(names)}") from None
    counts = np.bincount(np.asarray(places, dtype=np.intp), minlength=len(rows) * len(names))
    return counts.reshape(len(rows), len(names)).astype(np.float64)


def _finite(predictions: Sequence[float], references: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    p, g = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if not (np.isfinite(p).all() and np.isfinite(g).all()):
        raise ValueError("predictions or references that are NaN or infinite: training has diverged")
    return p, g


def _standardised(values: np.ndarray) -> np.ndarray:
    """Deviations from the mean, in standard deviations: a correlation is the same at any scale.

    0 where the deviations are but rounding errors, as in `score_regression`.
    """
    constant = np.ptp(values) <= 1e-12 * np.abs(values).max()
    return np.zeros_like(values) if constant else (values - values.mean()) / values.std()

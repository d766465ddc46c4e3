"""Metrics as functions of sums over rows: what any resampling of rows needs to score itself.

A metric here has two halves. `count` turns the predictions of one model into a few numbers per row, (N, K). `score` turns sums
of these over rows, (..., K), into the metric, (...). So the metric over any choice of rows, each taken any number of times, is
`score(weights @ counts)`, and thousands of resamples are one matrix product. The scores equal those of `metrics.py` and
`qa_metrics.py`.

Letters: N rows, K numbers per row, C classes, labels, tags or entity types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from utils.qa_metrics import QA_STYLES, score_answer

Count = Callable[[Sequence[Any], Sequence[Any]], np.ndarray]
Score = Callable[[np.ndarray], np.ndarray]
Marks = Callable[[Sequence[Any], Sequence[Any]], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class SummableMetric:
    """A metric in two halves.

    Attributes:
        name: as in `all_results.json`.
        count: predictions and references, one of each per row -> (N, K).
        score: sums over rows (..., K) -> (...), on the metric's own scale.
        points: points in 1.0 of the metric: 100 on the scale 0-1, 1 on 0-100; 0 where the metric has its own unit.
        smaller_is_better: true of errors.
    """

    name: str
    count: Count
    score: Score
    points: float
    smaller_is_better: bool


def summable_metric(
    kind: str, name: str, names: Sequence[str] = (), style: str = "squad", positive_from: float | None = None
) -> SummableMetric:
    """The metric `name` of one kind of task.

    | kind             | metrics                                                          | one prediction, one reference   |
    |------------------|------------------------------------------------------------------|---------------------------------|
    | `classification` | `accuracy`, `macro_f1`                                           | a class name each               |
    | `multi_label`    | `accuracy`, `micro_f1`, `macro_f1`                               | a collection of names each      |
    | `regression`     | `pearsonr`, `mse`, `f1` (with `positive_from`)                   | a number each                   |
    | `relations`      | `micro_f1`                                                       | a relation each                 |
    | `tagging`        | `entity_f1`, `entity_macro_f1`, `accuracy`, `char_macro_f1`,     | a list of tags each, spaces     |
    |                  | `char_macro_f1_without_o`; `macro_f1` of tags without entities   | left out where they do not count |
    | `qa`             | `exact_match`, `f1`, `rouge_w` (style `klue-mrc`)                | a text, a list of gold texts    |

    Args:
        names: all classes, labels, relations or tags of the task; numbers and questions have none.
        style: that of the answers' scores.
        positive_from: the cut of `f1`, on gold and predicted numbers.

    Raises:
        ValueError: no such kind, or a metric that is no function of sums over rows, such as a rank correlation or an area
            under a curve. `count` raises it on names that are not among `names`, and on numbers that are not finite.
    """
    if style not in QA_STYLES:
        raise ValueError(f"unknown style of question answering scores '{style}': use one of {', '.join(QA_STYLES)}")
    classes, labels, tags = (partial(marks, names) for marks in (_class_marks, _label_marks, _tag_marks))
    occurring, all_with_0, all_with_1 = (partial(_mean_f1, empty=empty) for empty in (None, 0.0, 1.0))
    metrics: dict[str, dict[str, tuple[Count, Score]]] = {
        "classification": {"accuracy": (_count_right, _ratio), "macro_f1": (_per_class(classes), occurring)},
        "multi_label": {
            "accuracy": (_count_right_sets, _ratio),
            "micro_f1": (_pooled(labels), _f1),
            "macro_f1": (_per_class(labels), all_with_0),
        },
        "regression": {"pearsonr": (_count_moments, _pearson), "mse": (_count_squares, _ratio)},
        "relations": {"micro_f1": (_pooled(partial(_class_marks, names, left_out="no_relation")), _f1)},
        "tagging": {
            "accuracy": (_count_right_tags, _ratio),
            "char_macro_f1": (_per_class(tags), all_with_1),
            "char_macro_f1_without_o": (_per_class(partial(_tag_marks, names, left_out="O")), all_with_1),
        },
        "qa": {key: (partial(_count_answers, key, style), _ratio) for key in ("exact_match", "f1")},
    }
    if positive_from is not None:
        metrics["regression"]["f1"] = (_pooled(partial(_positive_marks, positive_from)), _f1)
    if style == "klue-mrc":
        metrics["qa"]["rouge_w"] = (partial(_count_answers, "rouge_w", style), _ratio)
    if (entities := _entity_types(names)) is None:
        metrics["tagging"]["macro_f1"] = (_per_class(tags), occurring)
    else:
        marks = partial(_entity_marks, *entities)
        metrics["tagging"] |= {"entity_f1": (_pooled(marks), _f1), "entity_macro_f1": (_per_class(marks), occurring)}

    if kind not in metrics:
        raise ValueError(f"unknown kind of task '{kind}': use one of {', '.join(metrics)}")
    if name not in metrics[kind]:
        raise ValueError(f"'{name}' is no function of sums over rows: compare {kind} by {', '.join(metrics[kind])}")
    count, score = metrics[kind][name]
    points = 1.0 if kind == "qa" else 0.0 if name == "mse" else 100.0
    return SummableMetric(name, partial(_checked, count), score, points, smaller_is_better=name == "mse")


def _checked(count: Count, predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    if len(predictions) != len(references) or len(references) == 0:
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references: give one of each per row")
    return count(predictions, references)


# Scores: sums over rows (..., K) -> (...)


def _ratio(sums: np.ndarray) -> np.ndarray:
    """The first number over the second; nothing over nothing is 0."""
    return sums[..., 0] / np.where(sums[..., 1] == 0, 1, sums[..., 1])


def _f1(sums: np.ndarray) -> np.ndarray:
    """(matched, predicted + gold) -> F1, 0 where there is neither."""
    return 2 * _ratio(sums)


def _mean_f1(sums: np.ndarray, empty: float | None) -> np.ndarray:
    """(matched x C, predicted + gold x C) -> mean F1; a class in neither counts as `empty`, or is left out if that is None."""
    matched, marked = np.split(sums, 2, axis=-1)
    occurs = marked > 0
    scores = np.where(occurs, 2 * matched / np.where(occurs, marked, 1), empty or 0.0)
    if empty is not None:
        return scores.mean(axis=-1)
    return scores.sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)


def _pearson(sums: np.ndarray) -> np.ndarray:
    """(1, p, g, pp, gg, pg) -> correlation of p and g; 0 where one of them is constant."""
    n, p, g, pp, gg, pg = np.moveaxis(sums, -1, 0)
    spread_p, spread_g = n * pp - p * p, n * gg - g * g
    # Below this share of the raw squares a spread is made of rounding errors.
    constant = (spread_p <= 1e-12 * n * pp) | (spread_g <= 1e-12 * n * gg)
    return np.where(constant, 0.0, (n * pg - p * g) / np.sqrt(np.where(constant, 1.0, spread_p * spread_g)))


# Counts: predictions, references -> (N, K)


def _count_right(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    return _with_ones([p == g for p, g in zip(predictions, references, strict=True)])


def _count_right_sets(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    return _with_ones([set(p) == set(g) for p, g in zip(predictions, references, strict=True)])


def _count_answers(key: str, style: str, predictions: Sequence[str], references: Sequence[Any]) -> np.ndarray:
    return _with_ones([score_answer(p, g, style)[key] for p, g in zip(predictions, references, strict=True)])


def _count_squares(predictions: Sequence[float], references: Sequence[float]) -> np.ndarray:
    p, g = _numbers(predictions, references)
    return _with_ones((p - g) ** 2)


def _count_moments(predictions: Sequence[float], references: Sequence[float]) -> np.ndarray:
    p, g = (_centred(values) for values in _numbers(predictions, references))  # keeps the digits of the squares
    return np.stack([np.ones_like(p), p, g, p * p, g * g, p * g], axis=1)


def _count_right_tags(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> np.ndarray:
    _check_sentences(predictions, references)
    right = [sum(map(str.__eq__, p, g)) for p, g in zip(predictions, references, strict=True)]
    return np.stack([right, [len(g) for g in references]], axis=1).astype(np.float64)


def _with_ones(values: Any) -> np.ndarray:
    return np.stack([np.asarray(values, dtype=np.float64), np.ones(len(values))], axis=1)


def _per_class(marks: Marks) -> Count:
    """(N, 2C): matched and marked of every class."""
    return lambda predictions, references: np.concatenate(marks(predictions, references), axis=1)


def _pooled(marks: Marks) -> Count:
    """(N, 2): matched and marked of all classes together."""
    return lambda predictions, references: np.stack([part.sum(axis=1) for part in marks(predictions, references)], 1)


# Marks: predictions, references -> how often each class is matched, (N, C), and how often it is predicted or gold, (N, C)


def _class_marks(
    names: Sequence[str], predictions: Sequence[str], references: Sequence[str], left_out: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    rows = [[[p], [g]] for p, g in zip(predictions, references, strict=True)]
    return _marks(names, [p for p, _ in rows], [g for _, g in rows], left_out)


def _label_marks(
    names: Sequence[str], predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray]:
    predicted, gold = (_tally(names, [sorted(set(row)) for row in rows]) for rows in (predictions, references))
    return predicted * gold, predicted + gold


def _tag_marks(
    names: Sequence[str],
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    left_out: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    _check_sentences(predictions, references)
    return _marks(names, predictions, references, left_out)


def _marks(
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


def _entity_marks(
    types: Sequence[str], behind: bool, predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray]:
    _check_sentences(predictions, references)
    predicted, gold = ([_entities(tags, behind) for tags in rows] for rows in (predictions, references))
    shared = [p & g for p, g in zip(predicted, gold, strict=True)]
    matched, predicted_marks, gold_marks = (
        _tally(types, [[kind for kind, _, _ in found] for found in rows]) for rows in (shared, predicted, gold)
    )
    return matched, predicted_marks + gold_marks


def _positive_marks(
    cut: float, predictions: Sequence[float], references: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    p, g = ((values >= cut).astype(np.float64)[:, None] for values in _numbers(predictions, references))
    return p * g, p + g


def _entity_types(names: Sequence[str]) -> tuple[list[str], bool] | None:
    """The entity types of tags O, B-x, I-x, or O, x-B, x-I, and whether B and I stand behind; None for other tags."""
    marked = [name for name in names if name != "O"]
    if all(name[:2] in ("B-", "I-") for name in marked):
        return sorted({name[2:] for name in marked}), False
    if all(name[-2:] in ("-B", "-I") for name in marked):
        return sorted({name[:-2] for name in marked}), True
    return None


def _entities(tags: Sequence[str], behind: bool) -> set[tuple[str, int, int]]:
    """(type, first, end) of every entity in strict IOB2: an I- that continues none of its type is outside."""
    found, kind, first = set(), None, 0
    for i, tag in enumerate([*tags, "O"]):
        mark, this = (tag[-1:], tag[:-2]) if behind else (tag[:1], tag[2:])
        if kind is not None and not (mark == "I" and this == kind):
            found.add((kind, first, i))
            kind = None
        if mark == "B":
            kind, first = this, i
    return found


def _tally(names: Sequence[str], rows: Sequence[Sequence[str]]) -> np.ndarray:
    """How often each name is in each row, (N, C)."""
    ids = {name: i for i, name in enumerate(names)}
    try:
        cells = [row * len(names) + ids[name] for row, items in enumerate(rows) for name in items]
    except KeyError as error:
        raise ValueError(f"{error} is not among the {len(names)} names of this task: {', '.join(names)}") from None
    counts = np.bincount(np.asarray(cells, dtype=np.intp), minlength=len(rows) * len(names))
    return counts.reshape(len(rows), len(names)).astype(np.float64)


def _numbers(predictions: Sequence[float], references: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    p, g = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if not (np.isfinite(p).all() and np.isfinite(g).all()):
        raise ValueError("predictions or references that are NaN or infinite: training has diverged")
    return p, g


def _centred(values: np.ndarray) -> np.ndarray:
    """Deviations from the mean; 0 where they are but rounding errors, as in `score_regression`."""
    constant = np.ptp(values) <= 1e-12 * np.abs(values).max()
    return np.zeros_like(values) if constant else values - values.mean()


def _check_sentences(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> None:
    for row, (p, g) in enumerate(zip(predictions, references, strict=True)):
        if len(p) != len(g):
            raise ValueError(f"sentence {row} has {len(p)} predicted tags and {len(g)} gold tags")

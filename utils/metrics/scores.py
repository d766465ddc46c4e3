"""Scores of classes, sets of labels, numbers, relations and tags: pure functions that can be called alone.

Every function takes plain lists or arrays, one item per row, and returns a dict of floats on the scale 0-1; those of answers
(`answers.py`) are on 0-100. Importing this module takes seconds: import it where scores are computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from statistics import fmean

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import pearsonr, spearmanr
from seqeval.scheme import IOB2, Entities
from sklearn.metrics import auc, f1_score, precision_recall_curve

from .iob2 import OUTSIDE, Style
from .metric import check_rows, check_sentences


def score_classification(predictions: ArrayLike, references: ArrayLike) -> dict[str, float]:
    """`accuracy` and `macro_f1` of class ids.

    Macro F1 is the mean over the classes that occur in the references or in the predictions (scikit-learn's default, and how KLUE
    scores YNAT): a class that is only predicted counts 0, one that never occurs is left out.
    """
    predicted, gold = _column(predictions), _column(references)
    check_rows(predicted, gold)
    _check_ids(gold)
    return {
        "accuracy": float((predicted == gold).mean()),
        "macro_f1": float(f1_score(gold, predicted, average="macro")),
    }


def score_multi_label(predictions: ArrayLike, references: ArrayLike) -> dict[str, float]:
    """`accuracy` (the whole set is right), `micro_f1` and `macro_f1` of 0/1 matrices (rows, labels).

    Macro F1 is the mean over all columns; one that is empty in both matrices counts 0 (scikit-learn's default).
    """
    predicted, gold = np.asarray(predictions), np.asarray(references)
    check_rows(predicted, gold)
    if gold.ndim != 2 or predicted.shape != gold.shape:
        raise ValueError(f"expected two matrices (rows, labels) of one shape, got {predicted.shape} and {gold.shape}")
    if not (np.isin(predicted, (0, 1)).all() and np.isin(gold, (0, 1)).all()):
        raise ValueError("expected only 0 and 1: cut probabilities at a threshold first")
    matched = np.logical_and(predicted, gold).sum(axis=0)
    marked = (predicted == 1).sum(axis=0) + (gold == 1).sum(axis=0)
    return {
        "accuracy": float((predicted == gold).all(axis=1).mean()),
        "micro_f1": float(2 * matched.sum() / max(marked.sum(), 1)),
        "macro_f1": float((2 * matched / np.maximum(marked, 1)).mean()),
    }


def score_regression(
    predictions: ArrayLike, references: ArrayLike, positive_from: float | None = None
) -> dict[str, float]:
    """`pearsonr`, `spearmanr` and `mse`; a correlation with a constant is undefined and given as 0.

    Args:
        predictions: raw outputs, (rows,) or (rows, 1); not clipped.
        references: gold scores.
        positive_from: adds `f1` of the rows whose score is at least this; `KLUE_STS_CUT` gives the second metric of KLUE-STS.
    """
    predicted, gold = _column(predictions).astype(np.float64), _column(references).astype(np.float64)
    check_rows(predicted, gold)
    _check_finite(predicted)
    # Below this spread a correlation is made of rounding errors (and scipy warns).
    constant = any(np.ptp(scores) <= 1e-12 * np.abs(scores).max() for scores in (predicted, gold))
    result = {
        "pearsonr": 0.0 if constant else float(pearsonr(predicted, gold)[0]),
        "spearmanr": 0.0 if constant else float(spearmanr(predicted, gold)[0]),
        "mse": float(np.square(predicted - gold).mean()),
    }
    if positive_from is not None:
        result["f1"] = float(f1_score(gold >= positive_from, predicted >= positive_from, zero_division=0))
    return result


def score_relations(
    predictions: ArrayLike, references: ArrayLike, relations: Sequence[str], no_relation: str = "no_relation"
) -> dict[str, float]:
    """`micro_f1` over the real relations and `auprc` over all classes, as KLUE-RE publishes them.

    Micro F1: a correct `no_relation` counts nowhere, a wrong one is a miss, a wrongly found relation a false alarm. AUPRC: per
    class, one against the rest, the trapezoidal area under precision over recall (not average precision), then the plain mean.
    The published code leaves the area of a class without a gold row undefined; here the mean runs over the classes that have one.

    Args:
        predictions: (rows, classes); rows that are non-negative and sum to 1 are taken as probabilities, else softmax is applied.
        references: class ids.
        relations: the class names, in the order of the ids.
        no_relation: the name of the class that means "none".
    """
    scores, gold = np.asarray(predictions, dtype=np.float64), _column(references)
    check_rows(scores, gold)
    _check_finite(scores)
    if scores.ndim != 2 or scores.shape[1] != len(relations):
        raise ValueError(f"expected scores of shape (rows, {len(relations)}), one per relation, got {scores.shape}")
    if no_relation not in relations:
        raise ValueError(f"the list of relations has no '{no_relation}': {', '.join(relations)}")
    _check_ids(gold, len(relations))
    if scores.min() < 0 or np.abs(scores.sum(axis=1) - 1).max() > 0.01:  # 0.01: half-precision probabilities
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)

    real = [i for i, name in enumerate(relations) if name != no_relation]
    areas = []
    for i in np.unique(gold):
        precision, recall, _ = precision_recall_curve(gold == i, scores[:, i])
        areas.append(float(auc(recall, precision)))
    return {
        "micro_f1": float(f1_score(gold, scores.argmax(axis=1), labels=real, average="micro", zero_division=0)),
        "auprc": fmean(areas),
    }


def score_tagging(
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    tag_names: Sequence[str] | None = None,
    characters: bool = False,
) -> dict[str, float]:
    """Scores of tagged sentences, given as one list of tag names per sentence.

    Entities are counted by seqeval's strict IOB2, so one that starts with I- is none and never matches. Types may contain
    hyphens; tags may also carry B and I at the end (`PER-B`, Naver NER). No entity reaches from one sentence into the next:
    scoring a list of sentences counts the same as KLUE's one long sequence with an O on either side of each.

    Args:
        predictions, references: tag names.
        tag_names: all tags of the task. Required for `characters`. Without it the tags that occur decide what is scored.
        characters: the tags are those of the characters of a text, spaces left out by the caller. KLUE's own run also counts the
            gold O of [CLS] and [SEP] in its character scores; pass sentences without them, they only raise O by a hair.

    Returns:
        For tags of the form O, B-x, I-x: `entity_f1` (micro), `entity_macro_f1` (mean over the types that occur),
        `entity_precision`, `entity_recall`, `accuracy`. For all others (parts of speech): `accuracy`, `macro_f1`.
        With `characters` also `char_macro_f1`, the mean over all of `tag_names` with O, as KLUE publishes it (a tag that never
        occurs counts 1), and `char_macro_f1_without_o`.
    """
    check_sentences(predictions, references)
    if not any(map(len, references)):
        raise ValueError("nothing to score: no sentence has a tag")
    predicted, gold = list(chain(*predictions)), list(chain(*references))
    seen = sorted({*predicted, *gold})
    names = list(tag_names) if tag_names is not None else seen
    if unknown := [tag for tag in seen if tag not in names]:
        raise ValueError(f"tags that are not among the {len(names)} of this task: {', '.join(unknown)}")
    if characters and tag_names is None:
        raise ValueError("scores of characters are means over all tags of the task: give tag_names")

    ids = {tag: i for i, tag in enumerate(names)}
    predicted_ids, gold_ids = (np.array([ids[tag] for tag in tags]) for tags in (predicted, gold))
    flat = score_classification(predicted_ids, gold_ids)
    if (style := Style.of(names)) is None:
        result = flat
    else:
        counts = _count_entities(predictions, references, style)
        total = _precision_recall_f1(sum(counts.values(), Counter()))
        result = {
            "entity_f1": total["f1"],
            "entity_macro_f1": fmean(_precision_recall_f1(count)["f1"] for count in counts.values()) if counts else 0.0,
            "entity_precision": total["precision"],
            "entity_recall": total["recall"],
            "accuracy": flat["accuracy"],
        }
    if characters:
        per_tag = f1_score(gold_ids, predicted_ids, labels=range(len(names)), average=None, zero_division=1)
        without_o = [score for tag, score in ids.items() if tag != OUTSIDE]
        result["char_macro_f1"] = float(np.mean(per_tag))
        result["char_macro_f1_without_o"] = float(np.mean(per_tag[without_o])) if without_o else 0.0
    return result


def score_entity_types(
    predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Per entity type, in alphabetical order: `precision`, `recall`, `f1` and `support`, the number of gold entities.

    Raises:
        ValueError: the tags are not of the form O, B-x, I-x or O, x-B, x-I.
    """
    check_sentences(predictions, references)
    style = Style.of(set(chain(*predictions, *references)))
    if style is None:
        raise ValueError("these tags mark no entities: expected O, B-x, I-x")
    counts = _count_entities(predictions, references, style)
    return {kind: _precision_recall_f1(counts[kind]) | {"support": counts[kind]["gold"]} for kind in sorted(counts)}


def _column(values: ArrayLike) -> np.ndarray:
    """(rows,) or (rows, 1) -> (rows,)."""
    column = np.asarray(values)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"expected one value per row, got an array of shape {column.shape}")
    return column


def _check_ids(gold: np.ndarray, classes: int | None = None) -> None:
    if gold.dtype.kind not in "iuf":
        return
    if wrong := int(((gold < 0) | (gold >= (np.inf if classes is None else classes))).sum()):
        raise ValueError(f"{wrong} of {len(gold)} references are no class id: rows without a label have no score")


def _check_finite(scores: np.ndarray) -> None:
    if broken := int((~np.isfinite(scores)).reshape(len(scores), -1).any(axis=1).sum()):
        raise ValueError(f"{broken} of {len(scores)} predictions are NaN or infinite: training has diverged")


def _count_entities(
    predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], style: Style
) -> dict[str, Counter[str]]:
    """For each type that occurs, the numbers of `predicted`, `gold` and `matched` entities."""
    predicted, gold = (set(chain(*Entities(tags, IOB2, style.suffix).entities)) for tags in (predictions, references))
    counts: dict[str, Counter[str]] = {}
    for key, entities in {"predicted": predicted, "gold": gold, "matched": predicted & gold}.items():
        for kind, count in Counter(entity.tag for entity in entities).items():
            counts.setdefault(kind, Counter())[key] = count
    return counts


def _precision_recall_f1(counts: Counter[str]) -> dict[str, float]:
    """Shares of nothing are 0."""
    predicted, gold, matched = counts["predicted"], counts["gold"], counts["matched"]
    return {
        "precision": matched / predicted if predicted else 0.0,
        "recall": matched / gold if gold else 0.0,
        "f1": 2 * matched / (predicted + gold) if matched else 0.0,
    }

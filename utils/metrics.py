"""Metrics: pure functions that can be called alone, and an `evaluate.Metric` over each for those who want that interface.

Every function takes plain lists or arrays, one item per row, and returns a dict of floats on the scale 0-1; question answering
(`qa_metrics.py`) is on 0-100. Importing this module takes seconds, because of `evaluate`: import it where scores are computed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from statistics import fmean
from typing import Any

import datasets
import evaluate
import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import pearsonr, spearmanr
from seqeval.scheme import IOB2, Entities
from sklearn.metrics import auc, f1_score, precision_recall_curve

from .qa_metrics import score_qa

KLUE_STS_CUT = 3.0


def score_classification(predictions: ArrayLike, references: ArrayLike) -> dict[str, float]:
    """`accuracy` and `macro_f1` of class ids.

    Macro F1 is the mean over the classes that occur in the references or in the predictions (scikit-learn's default, and how KLUE
    scores YNAT): a class that is only predicted counts 0, one that never occurs is left out.
    """
    predicted, gold = _column(predictions), _column(references)
    _check_rows(predicted, gold)
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
    _check_rows(predicted, gold)
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
    _check_rows(predicted, gold)
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
    _check_rows(scores, gold)
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
    hyphens; tags may also carry B and I behind (`PER-B`, Naver NER). No entity reaches from one sentence into the next: scoring
    a list of sentences counts the same as KLUE's one long sequence with an O on either side of each.

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
    _check_sentences(predictions, references)
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
    if (suffix := _tags_at_the_end(names)) is None:
        result = flat
    else:
        counts = _count_entities(predictions, references, suffix)
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
        without_o = [score for tag, score in ids.items() if tag != "O"]
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
    _check_sentences(predictions, references)
    suffix = _tags_at_the_end(set(chain(*predictions, *references)))
    if suffix is None:
        raise ValueError("these tags mark no entities: expected O, B-x, I-x")
    counts = _count_entities(predictions, references, suffix)
    return {kind: _precision_recall_f1(counts[kind]) | {"support": counts[kind]["gold"]} for kind in sorted(counts)}


def marks_entities(tag_names: Iterable[str]) -> bool:
    """Whether tags have the form O, B-x, I-x or O, x-B, x-I; all others are classes of their own, as parts of speech."""
    return _tags_at_the_end(tag_names) is not None


def _column(values: ArrayLike) -> np.ndarray:
    """(rows,) or (rows, 1) -> (rows,)."""
    column = np.asarray(values)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"expected one value per row, got an array of shape {column.shape}")
    return column


def _check_rows(predictions: Any, references: Any) -> None:
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references: give one of each per row")
    if len(references) == 0:
        raise ValueError("nothing to score: the evaluation data has no rows")


def _check_ids(gold: np.ndarray, classes: int | None = None) -> None:
    if gold.dtype.kind not in "iuf":
        return
    if wrong := int(((gold < 0) | (gold >= (np.inf if classes is None else classes))).sum()):
        raise ValueError(f"{wrong} of {len(gold)} references are no class id: rows without a label have no score")


def _check_finite(scores: np.ndarray) -> None:
    if broken := int((~np.isfinite(scores)).reshape(len(scores), -1).any(axis=1).sum()):
        raise ValueError(f"{broken} of {len(scores)} predictions are NaN or infinite: training has diverged")


def _check_sentences(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> None:
    _check_rows(predictions, references)
    for i, (predicted, gold) in enumerate(zip(predictions, references, strict=True)):
        if len(predicted) != len(gold):
            raise ValueError(f"sentence {i} has {len(predicted)} predicted tags and {len(gold)} gold tags")
    if not any(map(len, references)):
        raise ValueError("nothing to score: no sentence has a tag")


def _tags_at_the_end(names: Iterable[str]) -> bool | None:
    """False for O, B-x, I-x; True for O, x-B, x-I; None if the names follow neither."""
    marked = [name for name in names if name != "O"]
    if all(re.fullmatch(r"[BI]-.+", name) for name in marked):
        return False
    return True if all(re.fullmatch(r".+-[BI]", name) for name in marked) else None


def _count_entities(
    predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], suffix: bool
) -> dict[str, Counter[str]]:
    """For each type that occurs, the numbers of `predicted`, `gold` and `matched` entities."""
    predicted, gold = (set(chain(*Entities(tags, IOB2, suffix).entities)) for tags in (predictions, references))
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


class _OfflineMetric(evaluate.Metric):
    """Needs no network and, unlike its parent, leaves no folder, file or lock: any number of processes may compute at once."""

    score: Callable[..., dict[str, float]]
    prediction: Any
    reference: Any
    source: str

    def __init__(self, config_name: str | None = None, keep_in_memory: bool = True, **kwargs: Any):
        super().__init__(config_name, keep_in_memory=keep_in_memory, **kwargs)

    def _build_data_dir(self) -> str:
        if not self.keep_in_memory:
            return super()._build_data_dir()
        return f"{self._data_dir_root}/{self.name}/{self.config_name}"  # the parent would create it

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=self.__doc__ or "",
            citation=self.source,
            inputs_description=self.score.__doc__ or "",
            features=datasets.Features({"predictions": self.prediction, "references": self.reference}),
        )

    def _compute(self, *, predictions: Any = None, references: Any = None, **options: Any) -> dict[str, float]:
        return self.score(predictions, references, **options)


_SCIKIT_LEARN = "Pedregosa et al. (2011). Scikit-learn: Machine Learning in Python. JMLR 12, 2825-2830."
_SCIPY = "Virtanen et al. (2020). SciPy 1.0: Fundamental Algorithms for Scientific Computing. Nature Methods 17."
_KLUE = "Park et al. (2021). KLUE: Korean Language Understanding Evaluation. arXiv:2105.09680."
_SEQEVAL = "Nakayama (2018). seqeval: A Python framework for sequence labeling evaluation. github.com/chakki-works"
_SQUAD = "Rajpurkar et al. (2018). Know What You Don't Know: Unanswerable Questions for SQuAD. arXiv:1806.03822."
_KORQUAD = "Lim et al. (2019). KorQuAD1.0: Korean QA Dataset for Machine Reading Comprehension. arXiv:1909.07005."


class SequenceClassificationMetric(_OfflineMetric):
    """Accuracy and macro F1 of one class id per row."""

    score = staticmethod(score_classification)
    prediction = reference = datasets.Value("int64")
    source = _SCIKIT_LEARN


class MultiLabelMetric(_OfflineMetric):
    """Exact-match accuracy, micro and macro F1 of one 0/1 vector per row."""

    score = staticmethod(score_multi_label)
    prediction = reference = datasets.List(datasets.Value("int64"))
    source = _SCIKIT_LEARN


class RegressionMetric(_OfflineMetric):
    """Pearson, Spearman and mean squared error; with `positive_from=3.0` also the F1 of KLUE-STS."""

    score = staticmethod(score_regression)
    prediction = reference = datasets.Value("float64")
    source = f"{_SCIPY}\n{_KLUE}"


class RelationMetric(_OfflineMetric):
    """Micro F1 without `no_relation` and AUPRC of KLUE-RE; `compute` also needs `relations`, the class names."""

    score = staticmethod(score_relations)
    prediction = datasets.List(datasets.Value("float64"))
    reference = datasets.Value("int64")
    source = f"{_SCIKIT_LEARN}\n{_KLUE}"


class TaggingMetric(_OfflineMetric):
    """Strict IOB2 entity scores and accuracy of tagged sentences; with `characters=True` also those of KLUE-NER's characters."""

    score = staticmethod(score_tagging)
    prediction = reference = datasets.List(datasets.Value("string"))
    source = f"{_SEQEVAL}\n{_KLUE}"


class QuestionAnsweringMetric(_OfflineMetric):
    """Exact match and F1 of extracted answers, 0-100, in the style of SQuAD, KorQuAD 1.0 or KLUE-MRC (`style=...`)."""

    score = staticmethod(score_qa)
    prediction = datasets.Value("string")
    reference = datasets.List(datasets.Value("string"))
    source = f"{_SQUAD}\n{_KORQUAD}\n{_KLUE}"

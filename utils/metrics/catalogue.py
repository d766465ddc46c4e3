"""The metric objects: what the tasks are scored by, and what a benchmark may name instead.

What takes seconds to import is imported where a score is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from . import sums
from .answers import check_style, score_answer
from .error_tables import ErrorTable, answer_errors, class_errors, entity_errors, label_errors
from .iob2 import OUTSIDE, Style
from .metric import Count, Metric, Score

KLUE_STS_CUT = 3.0


def _ids(values: Sequence[str], names: Sequence[str]) -> list[int]:
    index = {name: i for i, name in enumerate(names)}
    return [index[value] for value in values]


def _vectors(values: Sequence[Sequence[str]], names: Sequence[str]) -> list[list[int]]:
    """Sets of labels as rows of 0 and 1."""
    return [[int(name in chosen) for name in names] for chosen in map(set, values)]


def _of_all(sentences: Sequence[Sequence[str]]) -> list[str]:
    """The tags of all sentences, one after the other."""
    return [tag for tags in sentences for tag in tags]


class ClassMetric(Metric):
    """One class per row."""

    kind = "classification"
    comparable: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1")
    chart = "confusion"

    def score(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, float]:
        from .evaluate_metrics import SequenceClassificationMetric

        ids = {"predictions": _ids(predictions, names), "references": _ids(references, names)}
        return SequenceClassificationMetric().compute(**ids)

    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        occurrences = partial(sums.of_classes, names)
        return {
            "accuracy": (sums.count_equal, sums.ratio),
            "macro_f1": (sums.per_class(occurrences), partial(sums.mean_f1, empty=None)),
        }

    def by_class(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, dict[str, float]]:
        from .by_class import score_classes

        return score_classes(_ids(predictions, names), _ids(references, names), names)

    def errors(self, predictions: list, references: list, names: Sequence[str]) -> list[ErrorTable]:
        return [class_errors(predictions, references, names, "rows")]


class RelationMetric(ClassMetric):
    """One relation per row, of which `no_relation` does not count, as in KLUE-RE."""

    kind = "relations"
    comparable = ("micro_f1",)
    reads_logits = True

    def score(self, predictions: list, references: list, names: Sequence[str], logits: list) -> dict[str, float]:  # type: ignore[override]
        from .evaluate_metrics import RelationExtractionMetric

        return RelationExtractionMetric().compute(
            predictions=logits, references=_ids(references, names), relations=names
        )

    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        return {"micro_f1": (sums.pooled(partial(sums.of_classes, names, left_out="no_relation")), sums.f1)}


class LabelSetMetric(Metric):
    """A set of labels per row."""

    kind = "multi_label"
    comparable = ("accuracy", "micro_f1", "macro_f1")

    def default(self, names: Sequence[str]) -> str:
        return "micro_f1"

    def score(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, float]:
        from .evaluate_metrics import MultiLabelMetric

        vectors = {"predictions": _vectors(predictions, names), "references": _vectors(references, names)}
        return MultiLabelMetric().compute(**vectors)

    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        occurrences = partial(sums.of_labels, names)
        return {
            "accuracy": (sums.count_equal_sets, sums.ratio),
            "micro_f1": (sums.pooled(occurrences), sums.f1),
            "macro_f1": (sums.per_class(occurrences), partial(sums.mean_f1, empty=0.0)),
        }

    def by_class(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, dict[str, float]]:
        from .by_class import score_classes

        return score_classes(_vectors(predictions, names), _vectors(references, names), names)

    def errors(self, predictions: list, references: list, names: Sequence[str]) -> list[ErrorTable]:
        return [label_errors(predictions, references, names)]

    def right(self, predictions: list, references: list) -> np.ndarray:
        return sums.count_equal_sets(predictions, references)[:, 0] == 1


@dataclass(frozen=True)
class NumberMetric(Metric):
    """A number per row.

    Attributes:
        positive_from: adds the F1 of the rows whose number is at least this.
    """

    kind = "regression"
    comparable = ("pearsonr", "mse", "f1")
    chart = "scatter"
    positive_from: float | None = None

    def score(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, float]:
        from .evaluate_metrics import RegressionMetric

        cut = {} if self.positive_from is None else {"positive_from": self.positive_from}
        return RegressionMetric().compute(predictions=predictions, references=references, **cut)

    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        halves: dict[str, tuple[Count, Score]] = {
            "pearsonr": (sums.count_moments, sums.pearson),
            "mse": (sums.count_squares, sums.ratio),
        }
        if self.positive_from is not None:
            halves["f1"] = (sums.pooled(partial(sums.of_positives, self.positive_from)), sums.f1)
        return halves

    def by_class(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, dict[str, float]]:
        return {}

    def errors(self, predictions: list, references: list, names: Sequence[str]) -> list[ErrorTable]:
        return []

    def right(self, predictions: list, references: list) -> np.ndarray:
        return np.zeros(len(predictions), dtype=bool)  # a number is never more than near

    def points(self, name: str) -> float:
        return 0.0 if name == "mse" else 100.0

    def bounds(self, name: str) -> tuple[float, float]:
        return {"pearsonr": (-1.0, 1.0), "spearmanr": (-1.0, 1.0), "mse": (0.0, math.inf)}.get(name, (0.0, 1.0))


@dataclass(frozen=True)
class TagMetric(Metric):
    """The tags of a sentence per row; those of spaces are left out by the caller.

    Attributes:
        characters: they are those of the characters of a text: adds the scores that KLUE-NER publishes.
    """

    kind = "tagging"
    comparable = (
        "entity_f1",
        "accuracy",
        "entity_macro_f1",
        "macro_f1",
        "char_macro_f1",
        "char_macro_f1_without_o",
    )
    characters: bool = False

    def default(self, names: Sequence[str]) -> str:
        return "accuracy" if Style.of(names) is None else "entity_f1"

    def score(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, float]:
        from .evaluate_metrics import TaggingMetric

        options = {"tag_names": names, "characters": self.characters}
        return TaggingMetric().compute(predictions=predictions, references=references, **options)

    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        tags, without_o = partial(sums.of_tags, names), partial(sums.of_tags, names, left_out=OUTSIDE)
        occurring, all_with_1 = (partial(sums.mean_f1, empty=empty) for empty in (None, 1.0))
        halves: dict[str, tuple[Count, Score]] = {
            "accuracy": (sums.count_equal_tags, sums.ratio),
            "char_macro_f1": (sums.per_class(tags), all_with_1),
            "char_macro_f1_without_o": (sums.per_class(without_o), all_with_1),
        }
        style = Style.of(names)
        if style is None:
            return halves | {"macro_f1": (sums.per_class(tags), occurring)}
        entities = partial(sums.of_entities, style, style.kinds(names))
        return halves | {
            "entity_f1": (sums.pooled(entities), sums.f1),
            "entity_macro_f1": (sums.per_class(entities), occurring),
        }

    def by_class(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, dict[str, float]]:
        if Style.of(names) is not None:
            from .scores import score_entity_types

            return score_entity_types(predictions, references)
        from .by_class import score_classes

        predicted, gold = map(_of_all, (predictions, references))
        return score_classes(_ids(predicted, names), _ids(gold, names), names)

    def errors(self, predictions: list, references: list, names: Sequence[str]) -> list[ErrorTable]:
        style = Style.of(names)
        if style is not None:
            return entity_errors(style, predictions, references, names)
        return [class_errors(_of_all(predictions), _of_all(references), names, "tokens")]


@dataclass(frozen=True)
class AnswerMetric(Metric):
    """The text of an answer per row, and the texts that count as right.

    Attributes:
        style: whose normalisation and F1, see `answers`.
    """

    kind = "qa"
    comparable = ("f1", "exact_match", "rouge_w")
    style: str = "squad"

    def __post_init__(self):
        check_style(self.style)

    def score(  # type: ignore[override]
        self, predictions: list, references: list, names: Sequence[str], question_types: list
    ) -> dict[str, float]:
        from .evaluate_metrics import QuestionAnsweringMetric

        types = None if all(kind is None for kind in question_types) else question_types
        return QuestionAnsweringMetric().compute(
            predictions=predictions, references=references, style=self.style, question_types=types
        )

    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        keys = ("exact_match", "f1", *(["rouge_w"] if self.style == "klue-mrc" else []))
        return {key: (partial(self._count, key), sums.ratio) for key in keys}

    def by_class(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, dict[str, float]]:
        from .by_class import score_answer_lengths

        return score_answer_lengths(predictions, references, self.style)

    def errors(self, predictions: list, references: list, names: Sequence[str]) -> list[ErrorTable]:
        return [answer_errors(predictions, references, self.style)]

    def right(self, predictions: list, references: list) -> np.ndarray:
        return self._count("exact_match", predictions, references)[:, 0] == 100

    def points(self, name: str) -> float:
        return 1.0

    def bounds(self, name: str) -> tuple[float, float]:
        return 0.0, 100.0

    def _count(self, key: str, predictions: Sequence[str], references: Sequence[Any]) -> np.ndarray:
        return sums.with_ones(
            [score_answer(p, g, self.style)[key] for p, g in zip(predictions, references, strict=True)]
        )


CLASSES = ClassMetric()
LABEL_SETS = LabelSetMetric()
NUMBERS = NumberMetric()
KLUE_STS = NumberMetric(positive_from=KLUE_STS_CUT)
KLUE_RE = RelationMetric()
TAGS = TagMetric()
TAGS_OF_CHARACTERS = TagMetric(characters=True)
SQUAD = AnswerMetric("squad")
KORQUAD = AnswerMetric("korquad")
KLUE_MRC = AnswerMetric("klue-mrc")

"""What a metric is.

A metric object knows the scores of a kind of predictions, the same as sums over rows, and which of them is the default.

Letters: N rows, K numbers per row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .error_tables import ErrorTable

Count = Callable[[Sequence[Any], Sequence[Any]], np.ndarray]
Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SummableMetric:
    """One score in two halves, so that any resampling of rows can score itself.

    `count` turns the predictions of one model into a few numbers per row. `score` turns sums of these over rows into the score.
    So the score of any choice of rows, each taken any number of times, is `score(weights @ counts)`, and thousands of resamples
    are one matrix product.

    Attributes:
        name: as in `all_results.json`.
        count: predictions and references, one of each per row -> (N, K).
        score: sums over rows (..., K) -> (...), on the metric's own scale.
        points: points in 1.0 of the score: 100 on the scale 0-1, 1 on 0-100; 0 where the score has its own unit.
        smaller_is_better: true of errors.
        low, high: the least and the largest value that the score can have, on its own scale.
    """

    name: str
    count: Count
    score: Score
    points: float
    smaller_is_better: bool
    low: float = 0.0
    high: float = 1.0


class Metric(ABC):
    """How predictions of one kind are scored.

    Predictions and references are lists, one item per row, by name: a class, a collection of labels, a number, a list of tags, a
    text and the list of its gold texts. `names` are all classes, labels or tags of the task; numbers and answers have none.

    Attributes:
        kind: what is scored, in a word.
        comparable: the scores that are functions of sums over rows, which heads can be compared by.
        chart: how `figures.draw_scores` shows the predictions: "confusion", "scatter" or "bars" by class.
        reads_logits: `score` also takes `logits`, (N, C), of models that classify sequences.
    """

    kind: ClassVar[str]
    comparable: ClassVar[tuple[str, ...]]
    chart: ClassVar[str] = "bars"
    reads_logits: ClassVar[bool] = False

    def default(self, names: Sequence[str]) -> str:
        """The score that heads are compared by where nothing is said."""
        return self.comparable[0]

    @abstractmethod
    def score(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, float]:
        """All scores; a metric may ask for further lists of one item per row by name."""

    @abstractmethod
    def halves(self, names: Sequence[str]) -> dict[str, tuple[Count, Score]]:
        """The comparable scores, each in its two halves."""

    @abstractmethod
    def by_class(self, predictions: list, references: list, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """`f1`, `support` and more of every class, type of entity or kind of answer; empty for numbers."""

    @abstractmethod
    def errors(self, predictions: list, references: list, names: Sequence[str]) -> list[ErrorTable]:
        """What kinds of errors there are; empty for numbers."""

    def right(self, predictions: list, references: list) -> np.ndarray:
        """Which rows are right as a whole, (N,)."""
        return np.array([p == g for p, g in zip(predictions, references, strict=True)])

    def points(self, name: str) -> float:
        """See `SummableMetric.points`."""
        return 100.0

    def bounds(self, name: str) -> tuple[float, float]:
        """The least and the largest value that a score can have."""
        return 0.0, 1.0

    def sums(self, name: str, names: Sequence[str] = ()) -> SummableMetric:
        """One comparable score.

        Raises:
            ValueError: the score is no function of sums over rows, such as a rank correlation or an area under a curve. `count`
                raises it on names that are not among `names`, and on numbers that are not finite.
        """
        halves = self.halves(names)
        if name not in halves:
            raise ValueError(f"'{name}' is no function of sums over rows: compare {self.kind} by {', '.join(halves)}")
        count, score = halves[name]

        def checked(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
            check_rows(predictions, references)
            return count(predictions, references)

        points, (low, high) = self.points(name), self.bounds(name)
        return SummableMetric(
            name=name,
            count=checked,
            score=score,
            points=points,
            smaller_is_better=points == 0,
            low=low,
            high=high,
        )


def check_rows(predictions: Any, references: Any) -> None:
    """Raises ValueError unless there is one prediction for each of at least one reference."""
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references: give one of each per row")
    if len(references) == 0:
        raise ValueError("nothing to score: the evaluation data has no rows")


def check_sentences(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> None:
    """Raises ValueError unless every sentence has one predicted tag for each of its gold tags."""
    check_rows(predictions, references)
    for i, (predicted, gold) in enumerate(zip(predictions, references, strict=True)):
        if len(predicted) != len(gold):
            raise ValueError(f"sentence {i} has {len(predicted)} predicted tags and {len(gold)} gold tags")

"""Sequence classification: texts or pairs to classes, sets of classes or scores, and back to one answer per row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from transformers import EvalPrediction, PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput

from . import pictures, relations
from .arguments import SequenceDataArguments
from .columns import Columns, find_columns
from .errors import UserError
from .groups import score_classes
from .labels import Labels, as_list
from .splits import Reader, Split
from .tables import read_table

logger = logging.getLogger(__name__)


def reader(data: SequenceDataArguments) -> Reader:
    """What reads the rows of a file."""
    return relations.read_relations if data.task is not None and data.task.metric == "relations" else read_table


def texts(split: Split, data: SequenceDataArguments) -> list[str]:
    """The text of every row; of a pair, both."""
    return find_columns(split, data).texts(split)


def add_markers(tokenizer: PreTrainedTokenizerFast, data: SequenceDataArguments) -> None:
    """Teaches the tokenizer the entity markers of relation extraction, where that is the task."""
    if data.task is not None and data.task.metric == "relations":
        relations.add_markers(tokenizer)


def check_markers(split: Split, columns: Columns, tokenizer: PreTrainedTokenizerFast) -> None:
    """Raises UserError where a checkpoint of relation extraction is to read sentences whose entities are not marked."""
    marker = relations.MARKERS[0]
    if relations.has_markers(tokenizer) and not any(marker in str(text) for text in split.column(columns.text)):
        message = "this checkpoint reads sentences with marked entities, and here none is marked: give --task_name klue-re, or"
        raise UserError(f"{message} mark them as in '{relations.mark('A owns B', (0, 1), (7, 8))}'", file=split.file)


def encode(batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, max_seq_length: int) -> dict[str, list]:
    """Tokenizes a batch of texts or pairs; pairs lose tokens from the longer text first."""
    marked = relations.has_markers(tokenizer)
    encoded = tokenizer(
        batch["text"],
        batch.get("pair"),
        truncation=True,
        max_length=max_seq_length,
        return_offsets_mapping=marked,
    )
    features: dict[str, list] = (
        relations.repair_suffixes(encoded, batch["text"], tokenizer) if marked else dict(encoded)
    )
    features["row"] = batch["row"]
    features["length"] = [len(ids) for ids in features["input_ids"]]
    features["truncated"] = [bool(encoding.overflowing) for encoding in encoded.encodings]
    if "labels" in batch:
        features["labels"] = batch["labels"]
    return features


def has_labels(split: Split, columns: Columns) -> bool:
    """Whether a split can be scored: a test file may have an empty column of labels, or none."""
    return columns.label is not None and all(row.fields.get(columns.label) not in (None, "") for row in split.rows)


def feature_columns(split: Split, columns: Columns, labels: Labels) -> dict[str, list]:
    """The columns that `encode` reads."""
    batch = {"row": list(range(len(split.rows))), "text": split.column(columns.text)}
    if columns.pair:
        batch["pair"] = split.column(columns.pair)
    if has_labels(split, columns):
        batch["labels"] = labels.encode(split, columns.label or "")
    return batch


@dataclass
class SequenceDecoder:
    """From logits (N, C) to answers and scores, one per row of a split.

    Attributes:
        split: the rows.
        features: what `encode` made of them, in any order.
        columns: where a row's `id` is.
        labels: what the logits mean.
        data: which metric the task has.
    """

    split: Split
    features: datasets.Dataset
    columns: Columns
    labels: Labels
    data: SequenceDataArguments

    def texts(self) -> list[str]:
        return self.columns.texts(self.split)

    def label_names(self) -> list[list[str]]:
        if not has_labels(self.split, self.columns) or self.labels.problem_type == "regression":
            return []
        values = [as_list(value) for value in self.split.column(self.columns.label or "")]
        return [[str(name) for name in (value if isinstance(value, list) else [value])] for value in values]

    def ceiling(self, tokenizer: PreTrainedTokenizerFast) -> dict[str, float]:
        return {}

    def scored(self, output: EvalPrediction | PredictionOutput) -> dict[str, list] | None:
        if output.label_ids is None:
            return None
        order = np.argsort(self.features["row"])
        logits, references = _array(output.predictions)[order], np.asarray(output.label_ids)[order]
        if self.labels.problem_type == "regression":
            logits, references = logits.reshape(-1), references.reshape(-1)
        elif self.labels.problem_type == "multi_label_classification":
            logits, references = (logits > 0).astype(int), references.astype(int)
        elif not self._relations:  # whose area under the curve needs every score
            logits = logits.argmax(axis=-1)
        return {"predictions": logits.tolist(), "references": references.tolist()}

    def score(self, predictions: list, references: list) -> dict[str, float]:
        from . import metrics

        pairs = {"predictions": predictions, "references": references}
        if self.labels.problem_type == "regression":
            sts = self.data.task is not None and self.data.task.metric == "sts"
            return metrics.RegressionMetric().compute(
                **pairs, **({"positive_from": metrics.KLUE_STS_CUT} if sts else {})
            )
        if self._relations:
            return metrics.RelationMetric().compute(**pairs, relations=self.labels.names)
        if self.labels.problem_type == "multi_label_classification":
            return metrics.MultiLabelMetric().compute(**pairs)
        return metrics.SequenceClassificationMetric().compute(**pairs)

    def groups(self, predictions: list, references: list) -> dict[str, dict[str, float]]:
        if self.labels.problem_type == "regression":
            return {}
        predicted = np.argmax(predictions, axis=-1) if self._relations else predictions
        return score_classes(predicted, references, self.labels.names)

    def draw(self, path: Path, predictions: list, references: list) -> None:
        if self.labels.problem_type == "regression":
            pictures.draw_scores(predictions, references, path)
        elif self.labels.problem_type == "multi_label_classification" or len(self.labels.names) > pictures.MOST_GROUPS:
            pictures.draw_groups(self.groups(predictions, references), "f1", path)
        else:
            predicted = np.argmax(predictions, axis=-1) if self._relations else predictions
            pictures.draw_confusion(predicted, references, self.labels.names, path)

    @property
    def _relations(self) -> bool:
        return self.data.task is not None and self.data.task.metric == "relations"

    def answers(self, output: EvalPrediction | PredictionOutput) -> list[dict[str, Any]]:
        """One dictionary per row, in order: `id`, `prediction` by name, `score` (a probability, or the value itself)."""
        logits = _array(output.predictions).astype(np.float64)[np.argsort(self.features["row"])]
        answers: list[dict[str, Any]] = []
        for row, values in zip(self.split.rows, logits, strict=True):
            answer: dict[str, Any] = {"id": row.fields[self.columns.id]} if self.columns.id in row.fields else {}
            if self.labels.problem_type == "regression":
                answer |= {"prediction": float(values[0]), "score": float(values[0])}
            elif self.labels.problem_type == "multi_label_classification":
                scores = 1 / (1 + np.exp(-values))
                chosen = [i for i, score in enumerate(scores) if score > 0.5]
                answer |= {
                    "prediction": [self.labels.names[i] for i in chosen],
                    "score": [float(scores[i]) for i in chosen],
                }
            else:
                scores = np.exp(values - values.max())
                best = int(scores.argmax())
                answer |= {"prediction": self.labels.names[best], "score": float(scores[best] / scores.sum())}
            answers.append(answer)
        return answers


def _array(predictions: Any) -> np.ndarray:
    return np.asarray(predictions[0] if isinstance(predictions, tuple) else predictions)

"""Sequence classification: texts or pairs to classes, sets of classes or scores, and back to one prediction per row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from transformers import PretrainedConfig, PreTrainedTokenizerFast

from heads import HeadedEncoderConfig, HeadedEncoderForSequenceClassification

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..data.tables import read_table
from ..errors import UserError
from ..files import Row
from ..metrics.catalogue import CLASSES, KLUE_RE, KLUE_STS, LABEL_SETS, NUMBERS
from ..metrics.metric import Metric
from . import relations
from .base import Output, Pairs, PreparedSplit, Task
from .columns import Columns, check_rows, find_columns
from .features import build_features
from .labels import Labels, as_list


class SequenceClassification(Task):
    script = "run_seq_cls.py"
    model_class = HeadedEncoderForSequenceClassification
    arguments = SequenceDataArguments
    pipeline_tag = "text-classification"
    auto_class = "AutoModelForSequenceClassification"
    example_inputs = '"배우들 연기가 훌륭해요"'
    long_inputs = "what is behind them was cut off"
    metrics = (CLASSES, LABEL_SETS, KLUE_RE, NUMBERS, KLUE_STS)

    data: SequenceDataArguments
    labels: Labels

    def read(self, file: str) -> Iterator[Row]:
        return relations.read_relations(file) if self._entity_pairs else read_table(file)

    def group_texts(self, split: Split) -> list[str]:
        return self.texts(split)

    def check(self, split: Split) -> None:
        check_rows(split, self.data)

    def find_labels(self, config: PretrainedConfig, rows: Split) -> Labels:
        if isinstance(config, HeadedEncoderConfig):
            return Labels.of_checkpoint(config)
        return Labels.of(rows, self.data)

    def prepare(self, split: Split) -> PreparedSplit:
        columns = find_columns(split, self.data)
        check_markers(split, columns, self.tokenizer)
        features = build_features(
            feature_columns(split, columns, self.labels),
            tokenize,
            self.tokenizer,
            self.data,
            split,
            max_seq_length=self.data.max_seq_length,
        )
        return PreparedSplit(split, features)

    def texts(self, split: Split) -> list[str]:
        return find_columns(split, self.data).texts(split)

    def labelled(self, split: Split) -> bool:
        return has_labels(split, find_columns(split, self.data))

    def label_names(self, split: Split) -> list[list[str]]:
        if not self.labelled(split) or self.labels.problem_type == "regression":
            return []
        values = [as_list(value) for value in self._label_column(split)]
        return [[str(name) for name in (value if isinstance(value, list) else [value])] for value in values]

    def references(self, split: Split) -> list:
        values = self._label_column(split)
        if self.labels.problem_type == "regression":
            return [float(value) for value in values]
        if self.labels.problem_type == "multi_label_classification":
            return [[str(name) for name in as_list(value)] for value in values]
        return [str(value) for value in values]

    def describe(self, split: Split, row: int, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    def pairs(self, prepared: PreparedSplit, output: Output) -> Pairs | None:
        if output.label_ids is None:
            return None
        names, order = self.labels.names, np.argsort(prepared.features["row"])
        logits, references = _logits(output)[order], np.asarray(output.label_ids)[order]
        if self.labels.problem_type == "regression":
            return {"predictions": logits.reshape(-1).tolist(), "references": references.reshape(-1).tolist()}
        if self.labels.problem_type == "multi_label_classification":
            chosen = (logits > 0, references > 0)
            predicted, gold = ([[names[i] for i in np.flatnonzero(row)] for row in rows] for rows in chosen)
            return {"predictions": predicted, "references": gold}
        pairs = {
            "predictions": [names[i] for i in logits.argmax(axis=-1)],
            "references": [names[i] for i in references],
        }
        return pairs | {"logits": logits.tolist()} if self.metric.reads_logits else pairs

    def records(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        """`score` is the probability of the prediction, of each predicted label, or the number itself."""
        split, columns = prepared.split, find_columns(prepared.split, self.data)
        logits = _logits(output).astype(np.float64)[np.argsort(prepared.features["row"])]
        records: list[dict[str, Any]] = []
        for row, values in zip(split.rows, logits, strict=True):
            record: dict[str, Any] = {"id": row.fields[columns.id]} if columns.id in row.fields else {}
            records.append(record | self._prediction(values))
        return records

    def usual_metric(self) -> Metric:
        if self.labels.problem_type == "regression":
            return NUMBERS
        return LABEL_SETS if self.labels.problem_type == "multi_label_classification" else CLASSES

    def _prediction(self, logits: np.ndarray) -> dict[str, Any]:
        """The prediction and its score from the logits (C,) of one row."""
        if self.labels.problem_type == "regression":
            return {"prediction": float(logits[0]), "score": float(logits[0])}
        if self.labels.problem_type == "multi_label_classification":
            scores = 1 / (1 + np.exp(-logits))
            chosen = [i for i, score in enumerate(scores) if score > 0.5]
            return {
                "prediction": [self.labels.names[i] for i in chosen],
                "score": [float(scores[i]) for i in chosen],
            }
        scores = np.exp(logits - logits.max())
        best = int(scores.argmax())
        return {"prediction": self.labels.names[best], "score": float(scores[best] / scores.sum())}

    def _label_column(self, split: Split) -> list[Any]:
        return split.column(find_columns(split, self.data).label or "")

    @property
    def _entity_pairs(self) -> bool:
        return self.data.benchmark is not None and self.data.benchmark.entity_pairs


def add_markers(tokenizer: PreTrainedTokenizerFast, data: SequenceDataArguments) -> None:
    """Teaches the tokenizer the markers of entities, where the sentences of a benchmark have such."""
    if data.benchmark is not None and data.benchmark.entity_pairs:
        relations.add_markers(tokenizer)


def check_markers(split: Split, columns: Columns, tokenizer: PreTrainedTokenizerFast) -> None:
    """Raises UserError where a checkpoint of relation extraction is to read sentences whose entities are not marked."""
    marker = relations.MARKERS[0]
    if relations.has_markers(tokenizer) and not any(marker in str(text) for text in split.column(columns.text)):
        message = "this checkpoint reads sentences with marked entities, and here none is marked: give --task_name klue-re, or"
        raise UserError(f"{message} mark them as in '{relations.mark('A owns B', (0, 1), (7, 8))}'", file=split.file)


def tokenize(batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, max_seq_length: int) -> dict[str, list]:
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
    """Whether every row has a label: a test file may have an empty column of labels, or none."""
    return columns.label is not None and all(row.fields.get(columns.label) not in (None, "") for row in split.rows)


def feature_columns(split: Split, columns: Columns, labels: Labels) -> dict[str, list]:
    """The columns that `tokenize` reads."""
    batch = {"row": list(range(len(split.rows))), "text": split.column(columns.text)}
    if columns.pair:
        batch["pair"] = split.column(columns.pair)
    if has_labels(split, columns):
        batch["labels"] = labels.to_inputs(split, columns.label or "")
    return batch


def _logits(output: Output) -> np.ndarray:
    predictions: Any = output.predictions
    return np.asarray(predictions[0] if isinstance(predictions, tuple) else predictions)

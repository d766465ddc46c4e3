"""Sequence classification: texts or pairs to classes, sets of classes or scores, and back to one answer per row."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import asdict, dataclass
from typing import Any

import datasets
import numpy as np
from transformers import EvalPrediction, PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig

from . import relations
from .arguments import SequenceDataArguments
from .errors import UserError
from .splits import Reader, Split
from .tables import read_table

logger = logging.getLogger(__name__)

TEXT_COLUMNS = (
    "text",
    "sentence",
    "document",
    "title",
    "review",
    "comment",
    "sentence1",
    "premise",
    "question1",
    "content",
)
PAIR_COLUMNS = ("text_pair", "sentence2", "hypothesis", "question2")
LABEL_COLUMNS = (
    "label",
    "labels",
    "gold_label",
    "labels.real-label",
    "topic_idx",
    "is_duplicate",
    "hate",
    "score",
    "target",
)
ID_COLUMNS = ("id", "guid", "idx", "index")


@dataclass
class Columns:
    """Which columns hold what; `pair`, `label` and `id` may be missing."""

    text: str
    pair: str | None
    label: str | None
    id: str | None

    def texts(self, split: Split) -> list[str]:
        """The text of every row; of a pair, both."""
        names = [name for name in (self.text, self.pair) if name]
        return ["\n".join(str(row.fields.get(name)) for name in names) for row in split.rows]


def find_columns(split: Split, data: SequenceDataArguments) -> Columns:
    """Takes the columns that the flags name, then those of the task's files, and guesses the others from the usual names.

    Raises:
        UserError: a named column that is not there, or no column of text.
    """
    fields = list(dict.fromkeys(name for row in split.rows for name in row.fields))

    positions: tuple[int | None, ...] = (None, None, None)
    if data.task is not None and data.task.columns is not None and data.dataset_name is None:
        positions = data.task.columns

    def find(given: str | None, usual: tuple[str, ...], flag: str, position: int | None) -> str | None:
        if given is not None and given not in fields:
            if split.name == "test" and flag == "--label_column_name":
                return None
            raise UserError(f"no such column; {flag} can be one of {', '.join(fields)}", file=split.file, column=given)
        if given is None and position is not None and position < len(fields):
            return fields[position]
        return given or next((name for name in usual if name in fields and name != data.text_column_name), None)

    text = find(data.text_column_name, TEXT_COLUMNS, "--text_column_name", positions[0])
    if text is None:
        raise UserError(f"no column of text; name one of {', '.join(fields)} with --text_column_name", file=split.file)
    return Columns(
        text=text,
        pair=find(data.text_pair_column_name, PAIR_COLUMNS, "--text_pair_column_name", positions[1]),
        label=find(data.label_column_name, LABEL_COLUMNS, "--label_column_name", positions[2]),
        id=next((name for name in ID_COLUMNS if name in fields), None),
    )


def check_rows(split: Split, columns: Columns) -> None:
    """Raises UserError where a row has no text or (training, validation) no label; warns of empty texts."""
    found = ", ".join(f"{kind} '{name}'" for kind, name in asdict(columns).items() if name)
    logger.info("%s: %s (%s)", split.name, split.file, found)
    empty = []
    names = [name for name in (columns.text, columns.pair) if name]
    for row in split.rows:
        for name in names:
            value = row.fields.get(name)
            if not isinstance(value, str):
                shown = "nothing" if value is None else f"{type(value).__name__} {value!r}"
                raise UserError(f"text expected, found {shown}", file=split.file, row=row.line, column=name)
        if any(not row.fields[name].strip() for name in names):
            empty.append(row)
        if split.name != "test" and (columns.label is None or row.fields.get(columns.label) in (None, "")):
            cure = "write one, or name another --label_column_name"
            raise UserError(f"no label; {cure}", file=split.file, row=row.line, column=columns.label or "label")
    if not any(row.fields[name].strip() for row in split.rows for name in names):
        raise UserError("every text is empty; name another --text_column_name", file=split.file, column=columns.text)
    if empty:
        message = "%s: %d rows with an empty text are kept (the first is row %d)"
        logger.warning(message, split.file, len(empty), empty[0].line)


def reader(data: SequenceDataArguments) -> Reader:
    """What reads the rows of a file."""
    return relations.read_relations if data.task is not None and data.task.metric == "relations" else read_table


def add_markers(tokenizer: PreTrainedTokenizerFast, data: SequenceDataArguments) -> None:
    """Teaches the tokenizer the entity markers of relation extraction, where that is the task."""
    if data.task is not None and data.task.metric == "relations":
        relations.add_markers(tokenizer)


@dataclass
class Labels:
    """What the labels of a task mean.

    Attributes:
        problem_type: transformers' "regression", "single_label_classification" or "multi_label_classification".
        names: the classes' names by index; empty for regression.
    """

    problem_type: str
    names: list[str]

    @classmethod
    def of_checkpoint(cls, config: HeadedEncoderConfig) -> Labels:
        """What a checkpoint was trained on."""
        problem_type = config.problem_type or "single_label_classification"
        regression = problem_type == "regression"
        return cls(problem_type, [] if regression else config.label_names)

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""
        if self.problem_type == "regression":
            return {"problem_type": self.problem_type, "num_labels": 1}
        return {
            "problem_type": self.problem_type,
            "id2label": dict(enumerate(self.names)),
            "label2id": {name: i for i, name in enumerate(self.names)},
        }

    @classmethod
    def of(cls, splits: dict[str, Split], columns: dict[str, Columns], data: SequenceDataArguments) -> Labels:
        """Reads off the training rows what kind of labels they hold: lists are sets of classes, decimals are scores.

        Raises:
            UserError: they mix kinds of labels.
        """
        split, column = splits["train"], columns["train"].label or ""
        if data.task is not None and data.task.labels:
            return cls("single_label_classification", list(data.task.labels))
        values = split.column(column)
        if isinstance(_as_list(values[0]), list):
            sets = [_as_list(value) for value in values]
            for row, value in zip(split.rows, sets, strict=True):
                if not isinstance(value, list):
                    message = "a list of labels expected, as in the first row"
                    raise UserError(message, file=split.file, row=row.line, column=column)
            return cls("multi_label_classification", sort_names({str(name) for value in sets for name in value}))
        if data.do_regression or (data.do_regression is None and all(_is_decimal(value) for value in values)):
            return cls("regression", [])
        return cls("single_label_classification", sort_names({str(value) for value in values}))

    def encode(self, split: Split, column: str) -> list:
        """Labels as the model's loss takes them: class indices, rows of 0 and 1, or scores.

        Raises:
            UserError: a label that is unknown, or a score that is no number.
        """
        index = {name: i for i, name in enumerate(self.names)}
        encoded: list = []
        for row in split.rows:
            value: Any = row.fields.get(column)
            try:
                if self.problem_type == "regression":
                    encoded.append(float(value))
                    if not math.isfinite(encoded[-1]):
                        raise ValueError
                elif self.problem_type == "multi_label_classification":
                    chosen = {index[str(name)] for name in _as_list(value)}
                    encoded.append([float(i in chosen) for i in range(len(self.names))])
                else:
                    encoded.append(index[str(value)])
            except (KeyError, TypeError, ValueError) as error:
                if self.problem_type == "regression":
                    message = f"a number expected, found {value!r}"
                else:
                    message = f"unknown label {error if isinstance(error, KeyError) else repr(value)}"
                    message += f"; known ones are {', '.join(self.names[:20])}" + (
                        ", ..." if len(self.names) > 20 else ""
                    )
                raise UserError(message, file=split.file, row=row.line, column=column) from None
        return encoded


def sort_names(names: set[str]) -> list[str]:
    """Class names in a stable order: whole numbers by value, everything else by spelling."""
    if all(name.removeprefix("-").isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def _as_list(value: Any) -> Any:
    """A list, also where a csv cell spells it as JSON."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _is_decimal(value: Any) -> bool:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return "." in value
    return isinstance(value, float)


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
        values = [_as_list(value) for value in self.split.column(self.columns.label or "")]
        return [[str(name) for name in (value if isinstance(value, list) else [value])] for value in values]

    def ceiling(self, tokenizer: PreTrainedTokenizerFast) -> dict[str, float]:
        return {}

    def metrics(self, output: EvalPrediction | PredictionOutput) -> dict[str, float]:
        """`compute_metrics` for Trainer."""
        from . import metrics

        special = self.data.task.metric if self.data.task is not None else ""
        logits, references = _array(output.predictions), np.asarray(output.label_ids)
        if self.labels.problem_type == "regression":
            cut = {"positive_from": metrics.KLUE_STS_CUT} if special == "sts" else {}
            return metrics.RegressionMetric().compute(
                predictions=logits.reshape(-1), references=references.reshape(-1), **cut
            )
        if special == "relations":
            return metrics.RelationMetric().compute(
                predictions=logits, references=references, relations=self.labels.names
            )
        if self.labels.problem_type == "multi_label_classification":
            return metrics.MultiLabelMetric().compute(
                predictions=(logits > 0).astype(int), references=references.astype(int)
            )
        return metrics.SequenceClassificationMetric().compute(predictions=logits.argmax(axis=-1), references=references)

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

"""The test rows that all heads were scored on: texts, gold labels, and what a cell's `predictions.jsonl` says of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from heads import HeadedEncoderConfig
from utils import qa, seq_cls, token_cls
from utils.arguments import DataArguments, HeadTrainingArguments
from utils.columns import find_columns
from utils.errors import UserError
from utils.labels import Labels, as_list
from utils.metrics import KLUE_STS_CUT, marks_entities
from utils.readers import read_squad, read_tagged
from utils.splits import Split, load_splits


@dataclass
class TestRows:
    """The rows of a test file as one task sees them.

    Attributes:
        split: the rows as they were read.
        kind: the kind of task, as in `metric_sums.summable_metric`, and `options` for it.
        default_metric: what heads are compared by where nothing is said.
        texts: one per row.
        references: the gold label, set, score, tags (without those of spaces) or answers of every row.
        shown: how a prediction or a reference is written for people, given the row's number.
    """

    split: Split
    kind: str
    options: dict[str, Any]
    default_metric: str
    texts: list[str]
    references: list[Any]
    shown: Callable[[int, Any], str]
    _kept: list[list[bool]] = field(default_factory=list)

    def predictions(self, folder: Path) -> list[Any]:
        """What a cell predicted, in the form of `references`.

        Raises:
            UserError: the cell has another number of rows.
        """
        with (folder / "predictions.jsonl").open(encoding="utf-8") as stream:
            predictions = [json.loads(line)["prediction"] for line in stream]
        if len(predictions) != len(self.references):
            message = f"{len(predictions)} predictions for the {len(self.references)} rows of {self.split.file}"
            raise UserError(f"{message}; delete the folder and run again", file=folder)
        if self._kept:
            return [_without_spaces(tags, kept) for tags, kept in zip(predictions, self._kept, strict=True)]
        return predictions


def read_rows(script: str, data: Any, training: HeadTrainingArguments) -> Split:
    """Reads the test rows as the script reads them.

    Raises:
        UserError: rows without labels, or whatever is wrong with the file.
    """
    readers: dict[str, Any] = {
        "run_seq_cls.py": lambda: (
            seq_cls.reader(data),
            lambda split: seq_cls.has_labels(split, find_columns(split, data)),
        ),
        "run_token_cls.py": lambda: (
            partial(read_tagged, text_column=data.text_column_name, label_column=data.label_column_name),
            token_cls.has_tags,
        ),
        "run_qa.py": lambda: (read_squad, qa.has_answers),
    }
    read, labelled = readers[script]()
    only_predict = HeadTrainingArguments(output_dir=training.output_dir, do_predict=True)
    _, parts = load_splits(data, only_predict, read, lambda split: [], lambda split: None)
    splits = list(parts)
    split = Split("test", splits[0].file, [row for part in splits for row in part.rows])
    if not labelled(split):
        message = (
            "heads are compared on rows with labels, and some of these have none: give a --test_file that has them"
        )
        raise UserError(message, file=split.file)
    return split


def understand_rows(script: str, split: Split, data: DataArguments, config: HeadedEncoderConfig) -> TestRows:
    """The rows as the task sees them.

    Args:
        split: from `read_rows`.
        config: of a model that was trained on the task; it knows the labels.
    """
    return {"run_seq_cls.py": _classes, "run_token_cls.py": _tags, "run_qa.py": _answers}[script](split, data, config)


def _classes(split: Split, data: Any, config: HeadedEncoderConfig) -> TestRows:
    columns, labels = find_columns(split, data), Labels.of_checkpoint(config)
    values = [as_list(value) for value in split.column(columns.label or "")]
    special = data.task.metric if data.task is not None else ""
    options: dict[str, Any] = {"names": labels.names}
    references: list[Any]
    if labels.problem_type == "regression":
        kind, metric, references = "regression", "pearsonr", [float(value) for value in values]
        options = {"positive_from": KLUE_STS_CUT} if special == "sts" else {}
    elif labels.problem_type == "multi_label_classification":
        kind, metric, references = "multi_label", "micro_f1", [[str(name) for name in value] for value in values]
    else:
        kind, metric = ("relations", "micro_f1") if special == "relations" else ("classification", "accuracy")
        references = [str(value) for value in values]
    return TestRows(split, kind, options, metric, columns.texts(split), references, _as_text)


def _tags(split: Split, data: Any, config: HeadedEncoderConfig) -> TestRows:
    kept = [[not token.isspace() for token in row.fields["tokens"]] for row in split.rows]
    pieces = [_with_spaces_before(row.fields["tokens"], keep) for row, keep in zip(split.rows, kept, strict=True)]
    names = config.label_names
    joiner = "" if config.token_unit == "characters" else " "
    entities = marks_entities(names)

    def shown(row: int, tags: Sequence[str]) -> str:
        return _entities(pieces[row], tags, joiner) if entities else " ".join(tags)

    return TestRows(
        split,
        "tagging",
        {"names": names},
        "entity_f1" if entities else "accuracy",
        [joiner.join(row.fields["tokens"]) for row in split.rows],
        [_without_spaces(tags, keep) for tags, keep in zip(split.column("tags"), kept, strict=True)],
        shown,
        kept,
    )


def _answers(split: Split, data: Any, config: HeadedEncoderConfig) -> TestRows:
    return TestRows(
        split,
        "qa",
        {"style": qa.style(data)},
        "f1",
        [f"{row.fields['question']}\n{row.fields['context']}" for row in split.rows],
        [[answer["text"] for answer in answers] for answers in split.column("answers")],
        lambda row, answer: _as_text(
            row, answer[0] if isinstance(answer, list) and answer else answer or "(no answer)"
        ),
    )


def _without_spaces(values: Sequence[Any], kept: Sequence[bool]) -> list[Any]:
    return [value for value, keep in zip(values, kept, strict=True) if keep]


def _with_spaces_before(tokens: Sequence[str], kept: Sequence[bool]) -> list[str]:
    """The tokens that are kept, each with the spaces that stand before it."""
    pieces, spaces = [], ""
    for token, keep in zip(tokens, kept, strict=True):
        if keep:
            pieces.append(spaces + token)
        spaces = "" if keep else spaces + token
    return pieces


def _as_text(row: int, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _entities(tokens: Sequence[str], tags: Sequence[str], joiner: str) -> str:
    """`서울/LC, 대한민국/OG`; empty where there is none. Reads B-x and x-B."""
    spans: list[tuple[str, list[str]]] = []
    for token, tag in zip(tokens, tags, strict=True):
        side, _, kind = tag.partition("-") if tag[1:2] == "-" else reversed(tag.rpartition("-"))  # type: ignore[misc]
        if side == "I" and spans and spans[-1][0] == kind and spans[-1][1]:
            spans[-1][1].append(token)
        elif side == "B":  # an entity that starts with I is none, as in seqeval's strict IOB2
            spans.append((kind, [token]))
        else:
            spans.append(("", []))  # what follows begins anew
    return ", ".join(f"{joiner.join(words).strip()}/{kind}" for kind, words in spans if words)

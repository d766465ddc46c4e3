"""Sequence classification as a task: what its checkpoint decides, and from logits back to rows."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
import pytest
from text_rows import arguments, split_of, split_with
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig
from utils.errors import UserError
from utils.tasks import PreparedSplit, SequenceClassification
from utils.tasks.labels import Labels

TWO = Labels("single_label_classification", ["a", "b"])


def test_references_are_names_of_classes():
    task = task_of(TWO)
    split = split_with([" a", "b\u200b", "a"], "test")
    assert task.references(split) == ["a", "b", "a"]
    assert task.label_names(split) == [["a"], ["b"], ["a"]]
    task = task_of(Labels("multi_label_classification", ["a", "b", "c"]))
    assert task.references(split_with([["b ", "a"], "['c']", [0, 1, 1]], "test")) == [["b", "a"], ["c"], ["b", "c"]]
    assert task_of(Labels("regression", [])).references(split_with(["1", "2.5"], "test")) == [1.0, 2.5]


@pytest.mark.parametrize(("flag", "kind"), [(True, "classes"), (False, "scores")])
def test_a_checkpoint_keeps_its_kind(flag, kind):
    labels = TWO if kind == "classes" else Labels("regression", [])
    config = HeadedEncoderConfig(**labels.config_fields())
    task = SequenceClassification(arguments(do_regression=flag), None)
    with pytest.raises(UserError, match=f"the checkpoint gives {kind}, not what --do_regression {str(flag).lower()}"):
        task.with_labels(config, split_with(["a", "b"]))


# Predictions

ROWS = [{"id": "x", "text": "a"}, {"id": "x", "text": "b"}, {"text": "c"}]


def task_of(labels: Labels, tokenizer: Any = None) -> SequenceClassification:
    """The task once it knows its labels; it needs no tokenizer for what is tokenized already."""
    task = SequenceClassification(arguments(), tokenizer)
    task.labels = labels
    return task


def prepared(order: list[int]) -> PreparedSplit:
    """The rows above, their features in this order."""
    return PreparedSplit(split_of(ROWS, "test"), datasets.Dataset.from_dict({"row": order}))


def output(logits: list, references: list | None = None) -> Any:
    return PredictionOutput(
        np.array(logits, dtype=np.float32), None if references is None else np.array(references), None
    )


def test_predictions_return_to_the_rows_they_came_from():
    labels = Labels("single_label_classification", ["no", "yes"])
    records = task_of(labels).records(prepared([2, 0, 1]), output([[0, 3], [2, 0], [0, 0.5]]))
    assert [(row.get("id"), row["prediction"]) for row in records] == [("x", "no"), ("x", "yes"), (None, "yes")]
    assert [row["score"] for row in records] == pytest.approx([1 / (1 + np.exp(-x)) for x in (2, 0.5, 3)])


def test_predictions_are_finite_for_any_logits():
    labels = Labels("single_label_classification", ["no", "yes"])
    records = task_of(labels).records(prepared([0, 1, 2]), output([[1e4, -1e4], [-1e4, 1e4], [0, 0]]))
    assert [row["score"] for row in records] == [1.0, 1.0, 0.5]
    sets = Labels("multi_label_classification", ["a", "b"])
    records = task_of(sets).records(prepared([0, 1, 2]), output([[80, -80], [0.1, 0.2], [-1, -2]]))
    assert [row["prediction"] for row in records] == [["a"], ["a", "b"], []]
    assert [len(row["score"]) for row in records] == [1, 2, 0]


def test_scores_are_the_values_themselves():
    records = task_of(Labels("regression", [])).records(prepared([1, 0, 2]), output([[2.5], [-1.0], [0.0]]))
    assert [row["prediction"] for row in records] == [row["score"] for row in records] == [-1.0, 2.5, 0.0]


def test_metrics_of_every_kind():
    def metrics(labels: Labels, logits: list, references: list) -> dict[str, float]:
        return task_of(labels).compute_metrics(prepared([0, 1, 2]), output(logits, references))

    one = Labels("single_label_classification", ["no", "yes"])
    assert metrics(one, [[0, 1], [1, 0], [1, 0]], [1, 0, 1])["accuracy"] == 2 / 3
    sets = Labels("multi_label_classification", ["a", "b"])
    found = metrics(sets, [[1, 1], [1, -1], [-1, -1]], [[1, 1], [0, 1], [0, 0]])
    assert found["accuracy"] == 2 / 3 and found["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    found = metrics(Labels("regression", []), [[1], [2], [3]], [2, 4, 6])
    assert found == {"pearsonr": pytest.approx(1), "spearmanr": pytest.approx(1), "mse": pytest.approx(14 / 3)}


# What predictions are written with


def test_texts_labels_and_probabilities_beside_predictions(tiny_tokenizer):
    task = SequenceClassification(arguments(predictions_with="text,label,probabilities"), tiny_tokenizer)
    task.labels = Labels("single_label_classification", ["no", "yes"])
    split = split_of([{"text": "좋다", "label": "yes"}, {"text": "a", "label": "no"}])
    features = datasets.Dataset.from_dict({"row": [1, 0]})  # batches are in any order
    output: Any = PredictionOutput(np.log([[0.75, 0.25], [0.1, 0.9]]), None, None)
    more = task.records_with(PreparedSplit(split, features), output)
    assert [(one["text"], one["label"]) for one in more] == [("좋다", "yes"), ("a", "no")]
    assert more[0]["probabilities"] == pytest.approx({"no": 0.1, "yes": 0.9})
    task.labels = Labels("multi_label_classification", ["no", "yes"])
    split = split_of([{"text": "좋다", "text_pair": "b"}, {"text": "a", "text_pair": "c"}], "test")
    more = task.records_with(PreparedSplit(split, features), PredictionOutput(np.zeros((2, 2)), None, None))
    assert more[1] == {"text": "a", "text_pair": "c", "label": None, "probabilities": {"no": 0.5, "yes": 0.5}}
    task.data = arguments()
    assert task.records_with(PreparedSplit(split, features), output) == [{}, {}]

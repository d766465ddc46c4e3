"""Sequence classification: which columns, which labels, and from logits back to rows."""

from __future__ import annotations

import unicodedata
from typing import Any

import datasets
import numpy as np
import pytest
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig
from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.files import Row
from utils.tasks import PreparedSplit, SequenceClassification
from utils.tasks.column_checks import check_rows
from utils.tasks.columns import Columns, find_columns
from utils.tasks.labels import Labels
from utils.tasks.text_features import tokenize


def split_of(rows: list[dict[str, Any]], name: str = "train") -> Split:
    return Split(name=name, file="a.csv", rows=[Row(i, row) for i, row in enumerate(rows, start=2)])


def arguments(**flags) -> SequenceDataArguments:
    return SequenceDataArguments(train_file="a.csv", **flags)


def columns_of(split: Split, **flags) -> Columns:
    return find_columns(split, arguments(**flags))


def labels_of(values: list, **flags) -> Labels:
    split = split_of([{"text": "a", "label": value} for value in values])
    return Labels.of(split, arguments(**flags))


# Columns


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("id document label", ("document", None, "label", "id")),
        ("guid premise hypothesis gold_label", ("premise", "hypothesis", "gold_label", "guid")),
        ("sentence1 sentence2 score", ("sentence1", "sentence2", "score", None)),
        ("index title topic_idx", ("title", None, "topic_idx", "index")),
        ("question1 question2 is_duplicate", ("question1", "question2", "is_duplicate", None)),
        ("text", ("text", None, None, None)),
    ],
)
def test_guessed_columns(names, expected):
    found = columns_of(split_of([dict.fromkeys(names.split(), "x")]))
    assert (found.text, found.pair, found.label, found.id) == expected


def test_named_columns_win_and_a_text_is_not_its_own_pair():
    split = split_of([dict.fromkeys(("text", "hypothesis", "mood", "label"), "x")])
    found = columns_of(split, text_column_name="hypothesis", label_column_name="mood")
    assert (found.text, found.pair, found.label) == ("hypothesis", None, "mood")
    found = columns_of(split, text_pair_column_name="mood")
    assert (found.text, found.pair) == ("text", "mood")


def test_a_column_that_only_some_rows_have():
    found = columns_of(split_of([{"text": "a"}, {"text": "b", "id": 1, "label": "x"}]))
    assert (found.id, found.label) == ("id", "label")


def test_a_test_file_may_lack_the_labels():
    rows = [{"text": "a"}]
    assert columns_of(split_of(rows, "test"), label_column_name="mood").label is None
    with pytest.raises(
        UserError, match=r"a\.csv, column 'mood': no such column; --label_column_name can be one of text"
    ):
        columns_of(split_of(rows), label_column_name="mood")
    with pytest.raises(
        UserError, match=r"a\.csv, column 'title': no such column; --text_column_name can be one of text"
    ):
        columns_of(split_of(rows, "test"), text_column_name="title")
    with pytest.raises(UserError, match=r"a\.csv: no column of text; name one of words with --text_column_name"):
        columns_of(split_of([{"words": "a"}]))


def test_texts_of_pairs_hold_both():
    split = split_of([{"premise": "a", "hypothesis": "b"}])
    assert columns_of(split).texts(split) == ["a\nb"]


def test_empty_texts_are_counted_by_row(caplog):
    rows = [
        {"premise": "", "hypothesis": "", "label": 0},
        {"premise": "a", "hypothesis": "\u200b\ufeff ", "label": 0},
        {"premise": "a", "hypothesis": "b", "label": 0},
    ]
    split = split_of(rows)
    with caplog.at_level("WARNING", logger="utils"):
        check_rows(split, arguments())
    assert "a.csv: 2 rows with an empty text are kept (the first is row 2)" in caplog.text
    split = split_of(rows[:2])
    check_rows(split, arguments())  # one text of four is enough
    split = split_of(rows[:1])
    with pytest.raises(UserError, match=r"a\.csv, column 'premise': every text is empty"):
        check_rows(split, arguments())


@pytest.mark.parametrize("label", [None, ""])
def test_only_test_rows_may_lack_a_label(label):
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": label}]
    check_rows(split_of(rows, "test"), arguments())
    for name in ("train", "validation"):
        with pytest.raises(UserError, match=r"a\.csv, row 3, column 'label': no label"):
            check_rows(split_of(rows, name), arguments())


# Labels


@pytest.mark.parametrize(
    ("values", "kind", "names"),
    [
        (["b", "a", "b"], "single_label_classification", ["a", "b"]),
        ([10, 9, -1], "single_label_classification", ["-1", "9", "10"]),
        (["10", "9", "-1"], "single_label_classification", ["-1", "9", "10"]),
        (["1", "01", "a"], "single_label_classification", ["01", "1", "a"]),
        (["1", "01"], "single_label_classification", ["01", "1"]),
        (["--1", "-"], "single_label_classification", ["-", "--1"]),
        ([True, False], "single_label_classification", ["False", "True"]),
        (["긍정", "부정", "긍정"], "single_label_classification", ["긍정", "부정"]),
        (["1.0", "2"], "single_label_classification", ["1.0", "2"]),
        (["1.0", "2.5"], "regression", []),
        ([1.0, 0.5], "regression", []),
        ([["b"], ["a", "b"], []], "multi_label_classification", ["a", "b"]),
        (['["b"]', '["a", "b"]', "[]"], "multi_label_classification", ["a", "b"]),
        (["[b", "[a"], "single_label_classification", ["[a", "[b"]),
    ],
)
def test_kinds_of_labels(values, kind, names):
    for order in (values, values[::-1]):
        found = labels_of(order)
        assert (found.problem_type, found.names) == (kind, names)


def test_do_regression_decides():
    assert labels_of([1, 2, 3], do_regression=True).problem_type == "regression"
    assert labels_of([1.0, 2.5], do_regression=False).names == ["1.0", "2.5"]


@pytest.mark.parametrize("values", [["b", "a"], [0.5, 1.0], [["a"], []]])
def test_labels_survive_a_configuration(values):
    labels = labels_of(values)
    assert Labels.of_checkpoint(HeadedEncoderConfig(**labels.config_fields())) == labels


def test_labels_as_the_loss_takes_them():
    def inputs(labels, values):
        return labels.to_inputs(split_of([{"label": value} for value in values]), "label")

    assert inputs(Labels("single_label_classification", ["1", "2"]), ["2", 1]) == [1, 0]
    assert inputs(Labels("regression", []), ["2", 1.5]) == [2.0, 1.5]
    sets = Labels("multi_label_classification", ["a", "b", "c"])
    assert inputs(sets, [["c", "a"], "[]", '["b"]']) == [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    with pytest.raises(UserError, match=r"a\.csv, row 3, column 'label': unknown label 'x'; known ones are a, b, c"):
        inputs(sets, [["a"], ["b", "x"]])
    many = Labels("single_label_classification", [str(i) for i in range(30)])
    with pytest.raises(UserError, match=r"unknown label '30'; known ones are 0, 1, .*, 19, \.\.\.$"):
        inputs(many, ["30"])


def test_labels_of_a_checkpoint_that_only_numbers_them():
    def inputs(labels, *values):
        return labels.to_inputs(split_of([{"label": value} for value in values]), "label")

    numbered = Labels("single_label_classification", ["LABEL_0", "LABEL_1"])
    assert inputs(numbered, 1, "0", "LABEL_1") == [1, 0, 1]
    with pytest.raises(
        UserError, match=r"unknown label '긍정'; known ones are LABEL_0, LABEL_1; .* in its config\.json$"
    ):
        inputs(numbered, "긍정")
    with pytest.raises(UserError, match=r"unknown label '2'; known ones are LABEL_0, LABEL_1"):
        inputs(numbered, 2)
    assert inputs(Labels("multi_label_classification", ["LABEL_0", "LABEL_1"]), ["1"]) == [[0.0, 1.0]]
    with pytest.raises(UserError, match=r"unknown label '0'; known ones are no, yes$"):
        inputs(Labels("single_label_classification", ["no", "yes"]), "0")


# Rows without a label


def split_with(labels: list, name: str = "train", part: int | None = None) -> Split:
    split = split_of([{"text": f"text {i}", "label": label} for i, label in enumerate(labels)], name)
    split.part = part
    return split


@pytest.fixture
def inputs(monkeypatch):
    """`inputs(split, labels, flag=value)`: the labels that the model gets of a split; None where it gets none."""
    monkeypatch.setattr("utils.tasks.sequence_classification.build_features", lambda columns, *_, **__: columns)
    monkeypatch.setattr("utils.tasks.sequence_classification.check_markers", lambda *_: None)

    def _inputs(split: Split, labels: Labels, **flags) -> list | None:
        task = SequenceClassification(arguments(**flags), None)
        task.labels = labels
        prepared: Any = task.prepare(split)
        assert task.labelled(prepared.split) == ("labels" in prepared.features)
        assert len(prepared.split.rows) == len(prepared.features["text"])
        return prepared.features.get("labels")

    return _inputs


TWO = Labels("single_label_classification", ["a", "b"])


@pytest.mark.parametrize("name", ["train", "validation"])
def test_rows_without_a_label_are_refused_or_left_out(name, inputs, caplog):
    split = split_with(["a", "-", "nan", "b"], name)
    message = r"""^a\.csv, row 3, column 'label': no label \(in 2 of 4 rows, the first says "-"\); write them, or leave such rows"""
    with pytest.raises(UserError, match=message):
        inputs(split, TWO)
    with caplog.at_level("WARNING", "utils"):
        assert inputs(split, TWO, drop_unlabelled=True) == [0, 1]
    assert f"a.csv: 2 of 4 rows have no label and are left out of {name}" in caplog.text
    with pytest.raises(UserError, match="no label"):
        inputs(split_with(["-", "?"], name), TWO, drop_unlabelled=True)


@pytest.mark.parametrize(
    ("labels", "count"),
    [(["a", "b", ""], 1), (["a", None], 1), ([-1, -1], 2), (["?", "?"], 2), (["hidden", "hidden"], 2)],
)
def test_test_rows_without_a_label_are_not_scored(labels, count, inputs, caplog):
    with caplog.at_level("WARNING", "utils"):
        assert inputs(split_with(labels, "test"), TWO) is None
    found = f"a.csv, column 'label': {count} of {len(labels)} rows have no label: the rows are not scored"
    assert [record.getMessage() for record in caplog.records] == [found]


def test_one_label_in_all_test_rows_is_asked_about(inputs, caplog):
    with caplog.at_level("WARNING", "utils"):
        assert inputs(split_with(["a"] * 10, "test"), TWO) == [0] * 10
    assert "every row has the label 'a'; if it stands where labels are hidden, --label_column_name none" in caplog.text
    assert inputs(split_with(["a"] * 10, "test"), TWO, label_column_name="none") is None


def test_classes_that_are_not_trained_on_are_named(inputs, caplog):
    with caplog.at_level("WARNING", "utils"):
        assert inputs(split_with(["a", "a"]), TWO) == [0, 0]
    assert "a.csv: classes without a row that is trained on: b" in caplog.text


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


def test_pairs_lose_tokens_from_the_longer_text(tiny_tokenizer):
    batch = {"row": [0, 1], "text": ["the " * 20, "the"], "pair": ["good", "good"]}
    features = tokenize(batch, tiny_tokenizer, max_seq_length=10)
    assert features["length"] == [10, 5] and features["truncated"] == [True, False]
    assert tiny_tokenizer.convert_tokens_to_ids("good") in features["input_ids"][0]
    assert features["token_type_ids"][1] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("form", ["NFD", "NFC"])
def test_a_decomposed_text_gives_the_tokens_of_the_composed_one(form, tiny_tokenizer):
    """As macOS writes Hangul; the vocabulary knows syllables."""
    batch = {"row": [0], "text": ["영화 서울은 좋다"], "pair": ["나쁘다"]}
    forms = batch | {name: [unicodedata.normalize(form, text) for text in batch[name]] for name in ("text", "pair")}
    assert tokenize(forms, tiny_tokenizer, 32) == tokenize(batch, tiny_tokenizer, 32)
    assert tiny_tokenizer.convert_ids_to_tokens(tokenize(forms, tiny_tokenizer, 32)["input_ids"][0])[1] == "영화"


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

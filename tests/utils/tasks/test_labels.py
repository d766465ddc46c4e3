"""Labels of texts: which kinds and names they have, and how the loss takes them."""

from __future__ import annotations

import pytest
from text_rows import arguments, split_of

from heads import HeadedEncoderConfig
from utils.errors import UserError
from utils.tasks.labels import Labels


def labels_of(values: list, **flags) -> Labels:
    split = split_of([{"text": "a", "label": value} for value in values])
    return Labels.of(split, arguments(**flags))


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

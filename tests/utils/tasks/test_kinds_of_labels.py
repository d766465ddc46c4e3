"""What a whole column of labels is read as, what is said of it, and what is refused."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest

from heads import HeadedEncoderConfig
from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.files import Row
from utils.tasks.labels import Labels

SINGLE, SETS, SCORES = "single_label_classification", "multi_label_classification", "regression"


def column(values: list, name: str = "train") -> Split:
    return Split(
        name=name, file="a.csv", rows=[Row(i, {"text": "x", "label": value}) for i, value in enumerate(values, start=2)]
    )


def labels_of(values: list, **flags: Any) -> Labels:
    return Labels.of(column(values), SequenceDataArguments(train_file="a.csv", **flags))


@pytest.mark.parametrize(
    ("values", "kind", "names", "said"),
    [
        (["3", "3.2"], SCORES, [], "scores, as all labels are numbers and some have a decimal point; --do_regression false"),
        ([3, 3.5, 4], SCORES, [], "some have a decimal point"),
        (["1e-3", "2"], SCORES, [], "some have a decimal point"),
        (["3.2", "1.5"], SCORES, [], "scores, as every label has a decimal point; --do_regression false reads classes"),
        (["0.0", "1.0"], SCORES, [], "as pandas writes classes where a cell is empty. They are read as scores; --do_regression false"),
        (["1.0", "2"], SINGLE, ["1.0", "2"], "2 classes (1.0, 2), as all labels are whole numbers; --do_regression true reads scores"),
        (["1.0", "1", "1", "2"], SINGLE, ["1", "2"], "2 classes (1, 2)"),
        ([str(i) for i in range(11)] * 9, SINGLE, [str(i) for i in range(11)], "--do_regression true reads scores"),
        (["긍정", "부정"], SINGLE, ["긍정", "부정"], "a.csv, column 'label': 2 classes (긍정, 부정)"),
        (["긍정", unicodedata.normalize("NFD", "긍정"), "긍정 ", "부정"], SINGLE, ["긍정", "부정"], "2 classes"),
        (["A", "Ａ", "A", "B"], SINGLE, ["A", "B"], "2 classes (A, B)"),
        (["Ａ", "Ａ", "A", "B"], SINGLE, ["B", "Ａ"], "2 classes"),
        (["Yes", "yes", "no"], SINGLE, ["Yes", "no", "yes"], "classes that differ in capital letters only are kept apart: Yes, yes"),
        (["a", "b", "a,b"], SINGLE, ["a", "a,b", "b"], "'a,b' is read as one class of its own; several labels of a row are written"),
        (["a, b", "b, c"], SINGLE, ["a, b", "b, c"], "'a, b' is read as one class of its own; several labels of a row"),
        (["a#b", "a"], SINGLE, ["a", "a#b"], "'a#b' is read as one class of its own"),
        (["\u22120.5", "0.5"], SCORES, [], "every label has a decimal point"),
        ([0, 1, -100], SINGLE, ["0", "1"], "2 classes (0, 1)"),
        (["a", "b", "."], SINGLE, ["a", "b"], "2 classes (a, b)"),
        (["a", "NA"], SINGLE, ["NA", "a"], "'NA' is read as a class"),
        (["긍정", "부정", "해당없음"], SINGLE, ["긍정", "부정", "해당없음"], "'해당없음' is read as a class; leave the cells empty"),
        (["긍정", "부정", "(null)", "#VALUE!", "--", "_"], SINGLE, ["긍정", "부정"], "2 classes"),
        (["80%", "20%"], SINGLE, ["20%", "80%"], "2 classes"),
        (["긍정\u2063", "긍정\u180e", "긍정\u061c", "긍정", "부정"], SINGLE, ["긍정", "부정"], "2 classes"),
        ([True, 0, 1], SINGLE, ["0", "1", "True"], "true and false in several spellings are kept apart: 0, 1, True"),
        (["101", "001"], SINGLE, ["001", "101"], "'001' is read as one class of its own; vectors of 0 and 1, of which each is a class"),
        ([["True", "False"], ["False", "False"]], SETS, ["0", "1"], "vectors of 0 and 1 (multi-hot)"),
        ([[True, False], [False, False]], SETS, ["0", "1"], "vectors of 0 and 1 (multi-hot)"),
        ([-1, 0, 1], SINGLE, ["-1", "0", "1"], "'-1' is read as a class"),
        ([f"x{i}" for i in range(20)], SINGLE, sorted(f"x{i}" for i in range(20)), "20 classes in 20 rows; is this the column"),
        ([[0, 1, 0], [0, 0, 0], [1, 0, 1]], SETS, ["0", "1", "2"], "vectors of 0 and 1 (multi-hot); the classes are called 0 to 2"),
        ([[0, 1], [1], []], SETS, ["0", "1"], "sets of 2 classes (0, 1)"),
        (["['b', 'a']", "['a']"], SETS, ["a", "b"], "sets of 2 classes (a, b)"),
        ([["a ", "b"], ["a"]], SETS, ["a", "b"], "sets of 2 classes (a, b)"),
        ([["a", "b"], [], []], SETS, ["a", "b"], "sets of 2 classes (a, b); 2 rows have none of them"),
        ([["a"], []], SETS, ["a"], "1 rows have none of them and no row has several; without those rows one class a row is read"),
        ([["b"], ["a"], ["a "]], SINGLE, ["a", "b"], "every row has a list of one label, as doccano writes them: one class a row is read;"),
        (["['b']", '["a"]'], SINGLE, ["a", "b"], "for sets of classes write vectors of 0 and 1"),
        ([[1], [0]], SINGLE, ["0", "1"], "one class a row is read"),
        (["a", "b", "-", None, "nan", ""], SINGLE, ["a", "b"], "2 classes (a, b)"),
        ([0, 1, 2, -1], SINGLE, ["0", "1", "2"], "3 classes (0, 1, 2)"),
        (["1.5", "2.5", "N/A"], SCORES, [], "every label has a decimal point"),
        (["none", "hate", "offensive"], SINGLE, ["hate", "none", "offensive"], "3 classes"),
    ],
)  # fmt: skip
def test_what_is_read_and_said(values, kind, names, said, caplog):
    with caplog.at_level("INFO", "utils"):
        found = labels_of(values)
    assert (found.problem_type, found.names) == (kind, names)
    assert said in caplog.text
    assert labels_of(values[::-1]) == found


@pytest.mark.parametrize(
    ("values", "flags", "message"),
    [
        (["a", ["a", "b"]], {}, "row 3, column 'label': a single label expected, as in the first row, found [\"a\", \"b\"]; write every row alike"),
        ([["a"], "b"], {}, "row 3, column 'label': a list of labels expected, as in the first row, found \"b\"; write every row alike"),
        ([[0, 1, 0], [1, 0]], {}, "row 2, column 'label': the list [0, 1, 0] holds a number twice, and not all rows are vectors of 0 and 1 of one length;"),
        ([[0.2, 0.8]], {}, "row 2, column 'label': a list holds the number 0.2; write the names of the labels, or 0 and 1 for every class"),
        ([["a", None]], {}, "row 2, column 'label': a label in the list is null;"),
        ([[{"a": 1}]], {}, 'row 2, column \'label\': a label in the list is {"a": 1};'),
        (["a", "['b'"], {}, "row 3, column 'label': \"['b'\" begins as a list and cannot be read as one; write several labels as"),
        (["3,2", "4,1"], {}, "column 'label': '3,2' may be a number, or several labels: write scores with a decimal point and no other sign, labels as [\"a\", \"b\"], or give --do_regression false"),
        (["1,234.5", "2.5"], {}, "column 'label': '1,234.5' may be a number, or several labels: write scores with a decimal point"),
        (["80%", "20.5%"], {}, "column 'label': '80%' may be a number: write scores with a decimal point and no other sign, or give --do_regression false"),
        ([1.5, "Infinity"], {}, "column 'label': most labels are scores, but 'Infinity' is no number;"),
        (["1.5", "2.5", "3.5", "good"], {}, "column 'label': most labels are scores, but 'good' is no number; correct it, or give --do_regression false"),
        (["a", "a ", "a"], {}, "column 'label': every row has the label 'a', and a classifier needs two classes; add rows of another"),
        ([None, "nan"], {}, "column 'label': no row has a label; name another --label_column_name"),
        ([["a"]], {"do_regression": True}, "--do_regression true expects one number a row, and this holds lists; leave the flag out"),
        (["0"], {"do_regression": True, "task_name": "nsmc"}, "--task_name nsmc has 2 classes: leave --do_regression out"),
    ],
)  # fmt: skip
def test_what_is_refused(values, flags, message):
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        labels_of(values, **flags)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("label", ["긍정 매우 " * 400, "['" + "a" * 3000, "1.5" + "0" * 3000])
def test_errors_stay_short(label):
    for values in ([label], [label, "1.5", "2.5", "3.5"], [[label], label], [label, "b"]):
        try:
            labels_of(values).to_inputs(column(["unknown", label, label + "x"]), "label")
        except UserError as error:
            assert len(str(error)) < 300


def test_lists_of_one_label():
    labels = labels_of([["b"], ["a"]])
    assert labels == labels_of(["b", "a"])
    assert labels.to_inputs(column([["a "], "['b']", "b"]), "label") == [0, 1, 1]
    assert labels.names_of([["a"], "b"]) == [["a"], ["b"]]
    assert labels.lacks([]) and labels.lacks("[]") and not labels.lacks(["a"])
    with pytest.raises(
        UserError, match=r"row 2, .* a single label expected, found \['a', 'b'\]: the model gives one class"
    ):
        labels.to_inputs(column([["a", "b"]]), "label")
    sets = labels_of([["b", "a"], []])
    assert not sets.lacks([])


def test_a_checkpoint_knows_its_vectors():
    labels = labels_of([[0, 1, 0], [1, 1, 0]])
    again = Labels.of_checkpoint(HeadedEncoderConfig(**labels.config_fields()))
    assert again == labels and again.multi_hot
    assert again.to_inputs(column(["[1 0 0]", [0, 0, 0], ["2"]]), "label") == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert again.names_of([[0, 1, 1], [2]]) == [["1", "2"], ["2"]]
    with pytest.raises(UserError, match=r"row 2, column 'label': 3 values of 0 and 1 expected, found \[1, 0\]"):
        again.to_inputs(column([[1, 0]]), "label")
    # Vectors also fit a checkpoint that was trained on names; lists of its names stay lists of names.
    named = Labels(SETS, ["a", "b"])
    assert named.to_inputs(column([[0, 1], ["a"], ["b", "a"]]), "label") == [[0, 1], [1, 0], [1, 1]]
    numbered = Labels(SETS, ["0", "1"])
    assert numbered.to_inputs(column([["0", "1"], [0, 1], [1]]), "label") == [[1, 1], [1, 1], [0, 1]]


def test_spellings_find_their_class_and_it_is_said_once(caplog):
    old = Labels(SINGLE, ["부정 ", "긍정"])  # as a checkpoint of an earlier release has them
    with caplog.at_level("INFO", "utils"):
        assert old.to_inputs(column(["부정", unicodedata.normalize("NFD", "긍정"), "긍정"]), "label") == [0, 1, 1]
    assert caplog.text.count("\n") == 1 and "read as the same: 2, the first" in caplog.text
    assert Labels(SINGLE, ["0", "1"]).to_inputs(column(["1.0", 0.0, 1]), "label") == [1, 0, 1]
    both = Labels(SINGLE, ["긍정 ", "긍정"])
    assert both.to_inputs(column(["긍정", "긍정 "]), "label") == [1, 0]  # what such a checkpoint was trained on


def test_what_lacks_a_label():
    words, numbers = Labels(SINGLE, ["a", "b"]), Labels(SINGLE, ["0", "1"])
    for value in (None, "", "nan", "None", "-", "?", "-1", -1, float("nan"), [], ["-"]):
        assert words.lacks(value) and numbers.lacks(value)
    for value in ("a", "c", "none", ["c"], ["-", "a"], {}):
        assert not words.lacks(value)
    assert not Labels(SINGLE, ["-1", "0", "1"]).lacks(-1)
    assert not Labels(SINGLE, ["None", "a"]).lacks("None")
    assert not Labels(SCORES, []).lacks(-1) and Labels(SCORES, []).lacks("-")


def test_placeholders():
    words, scores = Labels(SINGLE, ["a", "b"]), Labels(SCORES, [])
    assert words.is_placeholder(["hidden", "hidden"]) and scores.is_placeholder(["-1", "-1"])
    for values in (["hidden"], ["hidden", "other"], ["a", "a"]):
        assert not words.is_placeholder(values)
    assert not scores.is_placeholder(["2.5", "2.5"])


def test_where_an_unknown_label_leads():
    def message(labels: Labels, value: Any, split: str) -> str:
        with pytest.raises(UserError) as caught:
            labels.to_inputs(column([value], split), "label")
        return str(caught.value).removeprefix("a.csv, row 2, column 'label': ")

    fresh = Labels(SINGLE, ["a", "b"])
    kept = Labels(SINGLE, ["a", "b"], kept=True)
    assert message(fresh, "c", "validation") == "unknown label 'c'; known ones are a, b"
    unscored = "--label_column_name none predicts without scores"
    assert message(kept, "c", "test") == f"unknown label 'c'; known ones are a, b; {unscored}"
    assert message(kept, "c", "train").endswith(
        "; a checkpoint keeps its labels: begin with an encoder to learn others"
    )
    assert (
        message(Labels(SCORES, [], kept=True), "c", "train")
        == "a number expected, found 'c'; the checkpoint gives scores, not classes"
    )
    many = Labels(SINGLE, [f"class of a long name, number {i}" for i in range(30)])
    assert len(message(many, "x" * 500, "test")) < 300


def test_scores_of_minus_one_below_all_others_are_asked_about(caplog):
    with caplog.at_level("WARNING", "utils"):
        assert Labels(SCORES, []).to_inputs(column([-1, 2.5, 0, "-1"]), "label") == [-1, 2.5, 0, -1]
        assert Labels(SCORES, []).to_inputs(column([-1, -0.5, 1]), "label") == [-1, -0.5, 1]
    found = [record.getMessage() for record in caplog.records]
    rest = "all others 0 or more; leave the cell empty where there is none"
    assert found == [f"a.csv, column 'label': 2 rows have the score -1, {rest}"]


def test_what_a_vector_says():
    labels = labels_of([["True", "False", "TRUE"], ["False", "False", "true"]])
    assert labels.to_inputs(column([["True", "False", "TRUE"], [False, True, 0]]), "label") == [[1, 0, 1], [0, 1, 0]]


def test_a_score_with_a_comma():
    message = "row 2, column 'label': a number expected, found '3,5'; write it with a decimal point"
    with pytest.raises(UserError, match=re.escape(message)):
        labels_of(["3.5"], do_regression=True).to_inputs(column(["3,5"]), "label")

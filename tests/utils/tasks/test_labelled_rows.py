"""Rows without a label: refused or left out of what is trained on, and not scored in test rows; said either way."""

from __future__ import annotations

from typing import Any

import pytest
from text_rows import arguments, split_with

from utils.data.splits import Split
from utils.errors import UserError
from utils.tasks import SequenceClassification
from utils.tasks.labels import Labels


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

"""From predictions to what a report shows: rows as people read them, lengths, disagreements, the verdict."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import tagged_rows

from comparison.cells import Cell
from comparison.gathering.gather import (
    _disagreements,
    _groups,
    _lengths,
    _unequal_steps,
    _unequal_versions,
    _verdict,
)
from comparison.gathering.rows import read_predictions
from comparison.inference.pairs import compare_heads
from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.files import Row
from utils.metrics.catalogue import CLASSES, LABEL_SETS, NUMBERS, TAGS
from utils.tasks import SequenceClassification
from utils.tasks.labels import Labels
from utils.tasks.tags import Tags
from utils.tasks.token_classification import _with_spaces_before

NAMES = ["a", "b"]
REFERENCES = ["a", "a", "b", "b"]
PREDICTIONS = {
    "dense": [["a", "a", "b", "a"], ["a", "b", "b", "a"]],
    "cnn": [["a", "b", "b", "b"], ["a", "b", "b", "b"]],
}


def split_of(references: list[str]) -> Split:
    """Rows of texts that become longer and longer."""
    fields = [{"text": "x" * (5 * i + 1), "label": label} for i, label in enumerate(references)]
    return Split(name="test", file="a.csv", rows=[Row(i, row) for i, row in enumerate(fields)])


@pytest.fixture
def classes() -> SequenceClassification:
    task = SequenceClassification(SequenceDataArguments(test_file="a.csv"), tokenizer=None)
    task.labels = Labels("single_label_classification", NAMES)
    return task


def test_disagreements_are_rows_that_more_seeds_of_one_head_get_right(classes):
    right = {
        head: np.stack([classes.metric.right(own, REFERENCES) for own in several])
        for head, several in PREDICTIONS.items()
    }
    found = _disagreements(classes, split_of(REFERENCES), PREDICTIONS, right)
    assert [entry["row"] for entry in found] == [1, 3]
    assert found[0]["right"] == {"dense": 1, "cnn": 0} and found[1]["right"] == {"dense": 0, "cnn": 2}
    assert found[1]["gold"] == "b" and found[1]["predictions"] == {"dense": "a", "cnn": "b"}


def test_lengths_hold_every_row_once(classes):
    metric = CLASSES.sums("accuracy", NAMES)
    counts = {
        head: np.stack([metric.count(own, REFERENCES) for own in several]) for head, several in PREDICTIONS.items()
    }
    bins = _lengths(classes.texts(split_of(REFERENCES)), counts, metric)
    assert sum(part["rows"] for part in bins) == 4
    assert bins[0]["from"] == 1 and bins[-1]["to"] == 16
    assert bins[0]["scores"] == {"dense": 1.0, "cnn": 1.0} and bins[-1]["scores"]["cnn"] == 1.0


def test_groups_are_means_over_seeds(classes):
    groups = _groups(classes, PREDICTIONS["dense"], REFERENCES)
    assert groups["a"]["recall"] == pytest.approx((1.0 + 0.5) / 2) and groups["b"]["support"] == 2


@pytest.mark.parametrize(
    ("metric", "predictions", "references", "expected"),
    [
        (TAGS, [["O", "B-x"], ["O"]], [["O", "B-x"], ["B-x"]], [True, False]),
        (LABEL_SETS, [["b", "a"], ["a"]], [["a", "b"], ["a", "b"]], [True, False]),
        (NUMBERS, [1.0, 2.0], [1.0, 2.5], [False, False]),
    ],
)
def test_rows_that_are_right_as_a_whole(metric, predictions, references, expected):
    assert metric.right(predictions, references).tolist() == expected


def test_verdict():
    metric = CLASSES.sums("accuracy", NAMES)
    truth = ["a"] * 400
    good, bad = ["a"] * 390 + ["b"] * 10, ["a"] * 300 + ["b"] * 100
    counts = {name: np.stack([metric.count(own, truth)]) for name, own in {"dense": bad, "cnn": good}.items()}
    (pair,) = compare_heads(counts, metric)
    assert _verdict([pair], metric) == "By accuracy, cnn beats dense by 22.50 points."
    none = replace(pair, better=None)
    assert _verdict([none], metric) == "No head is shown to be better than another by accuracy."
    assert _verdict([pair, none], metric).endswith(" No difference is shown between dense and cnn.")


def test_cells_that_were_not_trained_alike_are_named(tmp_path):
    cells = [
        Cell(head="dense", seed=0, head_kwargs={}, head_flags={}, folder=tmp_path / "a", words=[]),
        Cell(head="cnn", seed=1, head_kwargs={}, head_flags={}, folder=tmp_path / "b", words=[]),
    ]
    for cell, steps, release in zip(cells, (120, 90), ("2.12.0", "2.13.0"), strict=True):
        cell.folder.mkdir()
        (cell.folder / "trainer_state.json").write_text(json.dumps({"global_step": steps}), encoding="utf-8")
        versions = {"python": "3.11.7", "torch": release}
        (cell.folder / "run.json").write_text(json.dumps({"versions": versions}), encoding="utf-8")
    (note,) = _unequal_steps(cells)
    assert note == "the cells were trained for different numbers of steps (dense, seed 0: 120; cnn, seed 1: 90)"
    assert _unequal_versions(cells) == ["the cells ran under different versions of torch"]
    assert _unequal_steps(cells[:1]) == _unequal_versions(cells[:1]) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["B-LC", "I-LC", "O", "B-OG"], "서울/LC, 시/OG"),
        (["O", "B-LC", "I-LC", "O"], "울 특/LC"),
        (["LC-B", "LC-I", "O", "OG-B"], "서울/LC, 시/OG"),
        (["B-creative-work", "O", "I-LC", "O"], "서/creative-work"),
        (["O", "O", "O", "O"], ""),
    ],
)
def test_tags_for_people(tags, expected):
    tokens = ["서", "울", " ", "특", "시"]
    assert _with_spaces_before(tokens) == ["서", "울", " 특", "시"]
    task = tagged_rows.task_of(Tags(sorted(set(tags)), "characters"))
    assert task.describe(tagged_rows.split_of([tokens], None), 0, tags) == expected


def test_predictions_of_a_cell_lose_the_tags_of_spaces(classes, tmp_path):
    lines = [{"prediction": ["B-x", "I-x", "O"]}, {"prediction": ["O"]}]
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    split = tagged_rows.split_of([["가", " ", "나"], ["다"]], [["B-x", "I-x", "O"], ["O"]])
    task = tagged_rows.task_of(Tags(["O", "B-x", "I-x"], "characters"))
    assert read_predictions(task, split, tmp_path) == task.references(split) == [["B-x", "O"], ["O"]]
    with pytest.raises(UserError, match="2 predictions for the 3 rows of a.csv; delete the folder and run again"):
        read_predictions(classes, split_of(["a", "a", "b"]), tmp_path)

"""From predictions to what a report shows: rows as people read them, lengths, disagreements, the verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from comparison import gathering, rows
from comparison.cells import Cell
from comparison.metric_sums import summable_metric
from comparison.statistics import compare_heads
from utils.errors import UserError
from utils.readers import Row
from utils.splits import Split


def test_rows(references: list[Any] | None = None, kind: str = "classification", **more) -> rows.TestRows:
    references = references or ["a", "a", "b", "b"]
    split = Split("test", "a.csv", [Row(i, {}) for i in range(len(references))])
    texts = ["x" * (5 * i + 1) for i in range(len(references))]
    options = {"names": ["a", "b"]} if kind == "classification" else {}
    return rows.TestRows(split, kind, options, "accuracy", texts, references, rows._as_text, **more)


test_rows.__test__ = False  # type: ignore[attr-defined]
PREDICTIONS = {
    "dense": [["a", "a", "b", "a"], ["a", "b", "b", "a"]],
    "cnn": [["a", "b", "b", "b"], ["a", "b", "b", "b"]],
}


def right() -> dict[str, np.ndarray]:
    one = test_rows()
    return {head: np.stack([gathering._right(one, own) for own in several]) for head, several in PREDICTIONS.items()}


def test_disagreements_are_rows_that_more_seeds_of_one_head_get_right():
    found = gathering._disagreements(test_rows(), PREDICTIONS, right())
    assert [entry["row"] for entry in found] == [1, 3]
    assert found[0]["right"] == {"dense": 1, "cnn": 0} and found[1]["right"] == {"dense": 0, "cnn": 2}
    assert found[1]["gold"] == "b" and found[1]["predictions"] == {"dense": "a", "cnn": "b"}


def test_lengths_hold_every_row_once():
    metric = summable_metric("classification", "accuracy", names=["a", "b"])
    references = test_rows().references
    counts = {
        head: np.stack([metric.count(own, references) for own in several]) for head, several in PREDICTIONS.items()
    }
    bins = gathering._lengths(test_rows().texts, counts, metric)
    assert sum(part["rows"] for part in bins) == 4
    assert bins[0]["from"] == 1 and bins[-1]["to"] == 16
    assert bins[0]["scores"] == {"dense": 1.0, "cnn": 1.0} and bins[-1]["scores"]["cnn"] == 1.0


def test_groups_are_means_over_seeds():
    groups = gathering._groups(test_rows(), PREDICTIONS["dense"])
    assert groups["a"]["recall"] == pytest.approx((1.0 + 0.5) / 2) and groups["b"]["support"] == 2


@pytest.mark.parametrize(
    ("kind", "predictions", "references", "expected"),
    [
        ("tagging", [["O", "B-x"], ["O"]], [["O", "B-x"], ["B-x"]], [True, False]),
        ("multi_label", [["b", "a"], ["a"]], [["a", "b"], ["a", "b"]], [True, False]),
        ("regression", [1.0, 2.0], [1.0, 2.5], [False, False]),
    ],
)
def test_rows_that_are_right_as_a_whole(kind, predictions, references, expected):
    assert gathering._right(test_rows(references, kind), predictions).tolist() == expected


def test_verdict():
    metric = summable_metric("classification", "accuracy", names=["a", "b"])
    truth = ["a"] * 400
    good, bad = ["a"] * 390 + ["b"] * 10, ["a"] * 300 + ["b"] * 100
    counts = {name: np.stack([metric.count(own, truth)]) for name, own in {"dense": bad, "cnn": good}.items()}
    (pair,) = compare_heads(counts, metric)
    assert gathering._verdict([pair], metric) == "By accuracy, cnn beats dense by 22.50 points."
    none = replace(pair, better=None)
    assert gathering._verdict([none], metric) == "No head is shown to be better than another by accuracy."
    assert gathering._verdict([pair, none], metric).endswith(" No difference is shown between dense and cnn.")


def test_cells_that_were_not_trained_alike_are_named(tmp_path):
    cells = [Cell("dense", 0, {}, tmp_path / "a", []), Cell("cnn", 1, {}, tmp_path / "b", [])]
    for cell, steps, release in zip(cells, (120, 90), ("2.12.0", "2.13.0"), strict=True):
        cell.folder.mkdir()
        (cell.folder / "trainer_state.json").write_text(json.dumps({"global_step": steps}), encoding="utf-8")
        versions = {"python": "3.11.7", "torch": release}
        (cell.folder / "run.json").write_text(json.dumps({"versions": versions}), encoding="utf-8")
    (note,) = gathering._unequal_steps(cells)
    assert note == "the cells were trained for different numbers of steps (dense, seed 0: 120; cnn, seed 1: 90)"
    assert gathering._unequal_versions(cells) == ["the cells ran under different versions of torch"]
    assert gathering._unequal_steps(cells[:1]) == gathering._unequal_versions(cells[:1]) == []


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
    pieces = rows._with_spaces_before(tokens, [not token.isspace() for token in tokens])
    assert pieces == ["서", "울", " 특", "시"]
    assert rows._entities(pieces, tags, "") == expected


def test_predictions_of_a_cell_lose_the_tags_of_spaces(tmp_path):
    lines = [{"prediction": ["B-x", "I-x", "O"]}, {"prediction": ["O"]}]
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    one = test_rows([["B-x", "O"], ["O"]], "tagging", _kept=[[True, False, True], [True]])
    assert one.predictions(tmp_path) == [["B-x", "O"], ["O"]]
    with pytest.raises(UserError, match="2 predictions for the 3 rows of a.csv; delete the folder and run again"):
        test_rows(["a", "a", "b"]).predictions(tmp_path)

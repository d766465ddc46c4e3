"""Figures: what is drawn where, and what a missing font does."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.image import imread
from tiny import make_tokenizer

from utils.arguments import SequenceDataArguments
from utils.metrics.by_class import score_answer_lengths, score_classes
from utils.outputs import figures
from utils.tasks import SequenceClassification
from utils.tasks.labels import Labels

HISTORY = [
    {"loss": 2.0, "epoch": 0.5, "step": 1},
    {"eval_loss": 1.5, "eval_runtime": 1.0, "eval_accuracy": 0.5, "epoch": 1.0, "step": 2},
    {"loss": 1.0, "epoch": 1.5, "step": 3},
    {"eval_loss": 1.2, "eval_runtime": 1.0, "eval_accuracy": 0.7, "epoch": 2.0, "step": 4},
    {"train_runtime": 3.0, "train_loss": 1.5, "epoch": 2.0, "step": 4},
]


@pytest.fixture
def drawn(monkeypatch):
    """The axes of the last figure."""
    found: list = []
    proceed = figures._figure

    def figure(*args, **kwargs):
        made, axes = proceed(*args, **kwargs)
        found[:] = axes
        return made, axes

    monkeypatch.setattr(figures, "_figure", figure)
    return found


def test_training_curve(drawn, tmp_path):
    assert figures.draw_training(HISTORY, tmp_path / "a.png")
    losses, accuracy = drawn
    assert [line.get_xydata().tolist() for line in losses.lines] == [[[0.5, 2.0], [1.5, 1.0]], [[1.0, 1.5], [2.0, 1.2]]]
    assert accuracy.lines[0].get_xydata().tolist() == [[1.0, 0.5], [2.0, 0.7]]
    assert (losses.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert imread(tmp_path / "a.png").shape[1] > 500


def test_training_without_evaluations_or_without_anything(drawn, tmp_path):
    assert figures.draw_training(HISTORY[:1], tmp_path / "a.png")
    assert len(drawn) == 1 and drawn[0].lines[0].get_xydata().tolist() == [[0.5, 2.0]]
    assert not figures.draw_training([{"train_runtime": 1.0, "epoch": 1.0}], tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()


def test_weights_scored_again_at_the_end_stay_at_their_epoch(drawn, tmp_path):
    again = {"eval_loss": 1.5, "eval_runtime": 2.0, "eval_accuracy": 0.5, "epoch": 1.0, "step": 2}
    figures.draw_training([*HISTORY, again], tmp_path / "a.png")
    losses, accuracy = drawn
    assert losses.lines[1].get_xydata().tolist() == [[1.0, 1.5], [2.0, 1.2]]
    assert accuracy.lines[0].get_xydata().tolist() == [[1.0, 0.5], [2.0, 0.7]]


def test_a_single_evaluation_stands_at_its_epoch(drawn, tmp_path):
    figures.draw_training([*HISTORY[:1], {"epoch": 2.0, "eval_loss": 1.2, "eval_accuracy": 0.7}], tmp_path / "a.png")
    losses, accuracy = drawn
    assert accuracy.get_xlim() == losses.get_xlim() and accuracy.get_xlim()[0] < 0.5


@pytest.mark.parametrize(("accuracy", "whole"), [(1.0, 1.0), (0.999, 1.0), (100.0, 100.0)])
def test_an_axis_ends_where_its_values_end(drawn, tmp_path, accuracy, whole):
    history = [{"epoch": float(i), "eval_loss": 0.0, "eval_accuracy": accuracy} for i in range(3)]
    figures.draw_training(history, tmp_path / "a.png", whole)
    losses, accuracies = drawn
    assert accuracies.get_ylim()[1] == whole and losses.get_ylim()[0] == 0
    figures.draw_classes({"PS": {"f1": accuracy, "support": 3}}, "f1", tmp_path / "b.png", whole)
    assert max(drawn[0].get_xticks()) == whole


def test_confusion_counts_gold_by_predicted(drawn, tmp_path):
    figures.draw_confusion([0, 1, 1, 1], [0, 0, 0, 1], ["no", "yes"], tmp_path / "a.png")
    (axis,) = drawn
    assert [text.get_text() for text in axis.texts] == ["1", "2", "0", "1"]  # row by row
    assert axis.images[0].get_array().tolist() == [[pytest.approx(1 / 3), pytest.approx(2 / 3)], [0.0, 1.0]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "gold")


def test_classes(drawn, tmp_path):
    classes = {"PS": {"f1": 0.25, "support": 3}, "LC": {"f1": 0.5, "support": 1200}}
    figures.draw_classes(classes, "f1", tmp_path / "a.png")
    (axis,) = drawn
    assert [bar.get_width() for bar in axis.patches] == [0.5, 0.25]  # the largest class first
    assert [text.get_text().strip() for text in axis.texts] == ["0.500  (1,200)", "0.250  (3)"]


MANY = [f"class {i}" for i in range(figures.MOST_CLASSES + 1)]


@pytest.mark.parametrize(
    ("labels", "pairs", "expected"),
    [
        (Labels("single_label_classification", ["no", "yes"]), (["no", "yes"], ["no", "no"]), "predicted"),
        (Labels("single_label_classification", MANY), (MANY[:2], MANY[1:3]), "f1  (in brackets: how many)"),
        (
            Labels("multi_label_classification", ["a", "b"]),
            ([["a"], []], [["a", "b"], ["b"]]),
            "f1  (in brackets: how many)",
        ),
        (Labels("regression", []), ([1.0, 2.0], [1.5, 2.5]), "gold"),
    ],
)
def test_scores_are_drawn_as_suits_the_labels(drawn, tmp_path, labels, pairs, expected):
    task = SequenceClassification(SequenceDataArguments(test_file="a.csv"), tokenizer=None)
    task.labels = labels
    figures.draw_scores(task, dict(zip(("predictions", "references"), pairs, strict=True)), tmp_path / "a.png")
    assert drawn[0].get_xlabel() == expected
    assert (tmp_path / "a.png").is_file()


@pytest.mark.parametrize(
    ("installed", "expected"), [([], (["class 0", "good"], None)), (["DejaVu Sans"], (["α", "good"], "DejaVu Sans"))]
)
def test_names_that_no_font_can_write_become_numbers(monkeypatch, installed, expected):
    paths = [font_manager.findfont(name) for name in installed]
    monkeypatch.setattr(figures, "FONT", "cmr10")  # Computer Modern, which has no Greek
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [__file__, *paths])  # one that is no font
    assert figures._legible(["α", "good"]) == expected
    assert figures._legible(["bad", "good"]) == (["bad", "good"], None)
    assert figures.numbered(["α", "good"]) == ({} if installed else {"α": "class 0"})


@pytest.mark.filterwarnings("ignore:cmr10 font")
def test_numbers_of_bars_are_those_of_the_card(drawn, monkeypatch, tmp_path):
    monkeypatch.setattr(figures, "FONT", "cmr10")
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    classes = {"α": {"f1": 0.5, "support": 3}, "β": {"f1": 0.5, "support": 4}}
    assert figures.numbered(list(classes)) == {"α": "class 0", "β": "class 1"}
    figures.draw_classes(classes, "f1", tmp_path / "a.png")
    assert [label.get_text() for label in drawn[0].get_yticklabels()] == ["class 1", "class 0"]


def test_hangul_is_written_where_a_font_has_it(drawn, tmp_path, caplog):
    names, font = figures._legible(["긍정", "부정"])
    if font is None:
        pytest.skip("no font with Hangul is installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of glyphs that are missing
        figures.draw_confusion([0, 1], [0, 1], names, tmp_path / "a.png")
    assert [label.get_text() for label in drawn[0].get_xticklabels()] == ["긍정", "부정"]


def test_one_point_is_a_point(drawn, tmp_path):
    figures.draw_training(HISTORY[:1], tmp_path / "a.png")
    assert drawn[0].lines[0].get_marker() == "o"


def test_scores_of_classes():
    scores = score_classes([0, 1, 1, 1], [0, 0, 1, 1], ["a", "b", "never"])
    assert scores["a"] == {"f1": pytest.approx(2 / 3), "precision": 1.0, "recall": 0.5, "support": 2}
    assert scores["b"] == {"f1": pytest.approx(0.8), "precision": pytest.approx(2 / 3), "recall": 1.0, "support": 2}
    assert scores["never"] == {"f1": 0.0, "precision": 0.0, "recall": 0.0, "support": 0}
    sets = score_classes([[1, 1], [0, 1]], [[1, 0], [1, 1]], ["a", "b"])
    assert sets["a"]["recall"] == 0.5 and sets["b"]["precision"] == 0.5


def test_scores_of_answers_by_length():
    golds = [["서울"], ["서울특별시청"], [], ["x" * 30]]
    scores = score_answer_lengths(["서울", "시청", "", "y"], golds, "korquad")
    assert scores == {
        "1 to 4 characters": {"f1": 100, "exact_match": 100, "support": 1},
        "5 to 9 characters": {"f1": pytest.approx(50), "exact_match": 0, "support": 1},
        "20 characters and more": {"f1": 0, "exact_match": 0, "support": 1},
        "no answer": {"f1": 100, "exact_match": 100, "support": 1},
    }


def test_reliability(drawn, tmp_path):
    """Sure by .8 and right in half of the rows; at the temperature the same rows say .6."""
    task = SequenceClassification(SequenceDataArguments(train_file="a.csv"), make_tokenizer())
    task.labels = Labels("single_label_classification", ["부정", "긍정"])
    logits = [[np.log(0.81), np.log(0.19)]] * 4
    pairs = {"predictions": ["부정"] * 4, "references": ["부정", "긍정"] * 2, "logits": logits}
    figures.draw_reliability(task, pairs, "test rows", tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
    task.calibration = {"temperature": np.log(0.81 / 0.19) / np.log(0.62 / 0.38), "rows": 4}
    figures.draw_reliability(task, pairs, "test rows", tmp_path / "reliability.png")
    assert imread(tmp_path / "reliability.png").size
    titles = [axis.get_title() for axis in drawn]
    assert titles == ["as trained: ECE 0.310", "temperature 2.96: ECE 0.120"]
    places = [line.get_xydata().tolist()[0] for axis in drawn for line in axis.lines[1:]]
    assert places == [pytest.approx([0.81, 0.5]), pytest.approx([0.62, 0.5])]
    assert drawn[0].get_ylabel() == "accuracy of 4 test rows"

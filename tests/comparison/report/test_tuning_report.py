"""What the report says of tuning: only where there was some, and as the numbers have it."""

from __future__ import annotations

import re
from dataclasses import asdict

import pytest
from html_page import Page
from test_writing import COMPARISON, head

from comparison.inference.tuning import leading_sentence, tuning_curve
from comparison.report.page import render_page
from comparison.report.tuning import best_table, expectation_table, trial_table
from comparison.report.tuning_charts import ChoiceScale, LogScale
from comparison.report.writing import render_markdown

SCORES = {"dense": [0.8, 0.82, 0.81], "lstm": [0.83, None, 0.79]}
RATES = [1e-5, 3.3e-5, 9e-5]
SPACE = {
    "shared": {"learning_rate": {"log": [1e-5, 1e-4]}, "num_train_epochs": {"int": [2, 4]}},
    "heads": {"lstm": {"lstm_size": {"choice": [128, 256]}}},
}


def trial(name: str, i: int, score: float | None) -> dict:
    settings = {"learning_rate": RATES[i], "num_train_epochs": 2 + i}
    settings |= {"lstm_size": (128, 256, 256)[i]} if name == "lstm" else {}
    failed = "exit code 1: <b>no</b> memory" if score is None else None
    return {"trial": i + 1, "settings": settings, "score": score, "seconds": 30.0, "steps": 60, "failed": failed}


CURVES = {name: tuning_curve(scores) for name, scores in SCORES.items()}
TUNED = COMPARISON | {
    "equal": COMPARISON["equal"] | {"tuning": "3 trials each from the same sequence"},
    "heads": {
        "dense": head([0.846, 0.85], 16770, head_flags={"learning_rate": 3.3e-5, "num_train_epochs": 3}),
        "lstm": head([0.856, 0.86], 791554, head_flags={"learning_rate": 1e-5, "num_train_epochs": 2}),
    },
    "tuning": {
        "trials": 3,
        "seed": 1234,
        "space": SPACE,
        "file": "sequences-pretrained.yaml",
        "limits": {},
        "sentence": leading_sentence(CURVES),
        "heads": {
            name: {
                "trials": [trial(name, i, score) for i, score in enumerate(scores)],
                "best": {"dense": 2, "lstm": 1}[name],
                "steps": 180,
                "seconds": 90.0,
                "curve": [asdict(one) for one in CURVES[name]],
            }
            for name, scores in SCORES.items()
        },
    },
}


def test_without_tuning_nothing_is_said_of_it():
    assert "uning" not in render_markdown(COMPARISON) and "uning" not in render_page(COMPARISON)


def test_tables():
    assert best_table(TUNED).rows == [
        ["dense", "82.00", "2", "3", "0", "90.0", "180"],
        ["lstm", "83.00", "1", "3", "1", "90.0", "180"],
    ]
    assert expectation_table(TUNED).rows == [
        ["1", "81.00", "79.00"],
        ["2", "82.00", "83.00"],
        ["3", "82.00 (from 80.00)", "83.00"],
    ]
    table = trial_table(TUNED)
    assert table.header[2:5] == ["learning_rate", "num_train_epochs", "lstm_size"]
    assert table.rows[1] == ["dense 2", "82.00", "3.3e-05", "3", "–", "30.0", "60", ""]
    assert table.rows[4] == ["lstm 2", "–", "3.3e-05", "3", "256", "30.0", "60", "exit code 1: <b>no</b> memory"]


def test_markdown():
    text = render_markdown(TUNED)
    section = text[text.index("## Tuning") : text.index("## Equal for every head")]
    assert "With up to 1 trial dense leads, from 2 on lstm; " in section
    assert (
        "Per head: 3 trials each from the same sequence; the ranges are those of sequences-pretrained.yaml." in section
    )
    assert "- dense: learning_rate 3.3e-05, num_train_epochs 3\n" in text
    assert "- lstm: learning_rate 1e-05, num_train_epochs 2, lstm_size 128\n" in text
    assert "- tuning: 3 trials each from the same sequence\n" in text


def test_page():
    text = render_page(TUNED)
    page = Page(text)
    titles = [title for title in page.texts["title"] if title.startswith(("Best validation", "Validation accuracy"))]
    assert titles == [
        "Best validation accuracy, points of n trials",
        "Validation accuracy, points of the trials by learning_rate",
        "Validation accuracy, points of the trials by num_train_epochs",
        "Validation accuracy, points of the trials by lstm_size",
    ]
    assert "lstm, trial 2: – at 3.3e-05; exit code 1: <b>no</b> memory" in page.texts["title"]
    assert "<b>" not in text and "nan" not in text.lower().replace("lang", "").replace("financ", "")
    bands = [one["points"].split() for one in page.all("polygon") if "band" in one.get("class", "")]
    assert [len(points) for points in bands] == [6, 6]  # there and back over three numbers of trials
    marks = re.findall(r"<title>(?:dense|lstm), trial", text)
    assert len(marks) == 2 * 6 + 3


def test_of_errors_the_worst_is_the_highest():
    scores = {"dense": [0.4, 0.5, 0.6], "lstm": [0.3, 0.2, 0.1]}
    heads = {
        name: found | {"curve": [asdict(one) for one in tuning_curve(scores[name], smaller_is_better=True)]}
        for name, found in TUNED["tuning"]["heads"].items()
    }
    tuned = TUNED | {"smaller_is_better": True, "tuning": TUNED["tuning"] | {"heads": heads}}
    assert expectation_table(tuned).rows[2] == ["3", "40.00 (to 60.00)", "10.00 (to 30.00)"]
    bands = [one["points"].split() for one in Page(render_page(tuned)).all("polygon") if "band" in one.get("class", "")]
    edge = "190.0"  # the best is not known
    assert [points[-1].partition(",")[2] for points in bands] == [edge, edge]


def test_one_trial_draws_no_curve():
    heads = {
        name: found | {"trials": found["trials"][:1], "best": 1, "curve": found["curve"][:1]}
        for name, found in TUNED["tuning"]["heads"].items()
    }
    text = render_page(TUNED | {"tuning": TUNED["tuning"] | {"heads": heads}})
    assert "Best validation accuracy, points of n trials" not in text and "by lstm_size" in text


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-5, -4, ["1e-5", "2e-5", "5e-5", "1e-4"]),
        (-4.69897, -2.30103, ["3e-5", "1e-4", "3e-4", "0.001", "0.003"]),
        (-6, 0, ["1e-6", "1e-4", "0.01", "1"]),
    ],
)
def test_ticks_of_logarithms(low, high, labels):
    scale = LogScale(low, high, 0, 100)
    assert [label for _, label in scale.ticks(5)] == labels
    assert scale(10.0**low) == pytest.approx(0) and scale(10.0**high) == pytest.approx(100)


def test_ticks_of_choices():
    assert ChoiceScale(-0.5, 1.5, 0, 300, ("128", "256")).ticks() == [(0.0, "128"), (1.0, "256")]

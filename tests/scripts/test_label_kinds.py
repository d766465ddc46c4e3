"""run_seq_cls.py on every kind of label: what goes in by name comes back by name."""

from __future__ import annotations

import json

import pytest
from small_data import reviews, write_csv, write_jsonl

FLAGS = {"do_train": True, "do_eval": True, "do_predict": True, "learning_rate": 1e-3, "num_train_epochs": 2}
FLAGS |= {"head": "cnn", "save_strategy": "no"}


@pytest.fixture
def learn_rows(run, encoder, tmp_path):
    """`learn_rows(rows, write, flag=value, ...)`: a run that trains, evaluates and predicts on the same rows."""

    def _learn_rows(rows, write=write_jsonl, **flags):
        file = write(tmp_path / f"rows.{'csv' if write is write_csv else 'jsonl'}", rows)
        files = {"train_file": file, "validation_file": file, "test_file": file}
        return run("seq_cls", **({"model_name_or_path": encoder} | files | FLAGS | flags))

    return _learn_rows


def relabelled(label) -> list[dict]:
    """Reviews whose label is `label(number, old)`."""
    return [row | {"label": label(i, row["label"])} for i, row in enumerate(reviews(24))]


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_whole_numbers(write, learn_rows):
    outcome = learn_rows(relabelled(lambda i, _: (2, 10, -1)[i % 3]), write)
    assert outcome.read("config.json")["id2label"] == {"0": "-1", "1": "2", "2": "10"}
    assert {row["prediction"] for row in outcome.predictions} <= {"-1", "2", "10"}
    assert outcome.metrics("eval").keys() == {"eval_accuracy", "eval_macro_f1", "eval_loss", "eval_samples"}


def test_truth_values(learn_rows):
    outcome = learn_rows(relabelled(lambda _, label: label == "긍정"))
    assert outcome.read("config.json")["id2label"] == {"0": "False", "1": "True"}


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_sets_of_labels(write, learn_rows):
    def label(i, old):
        names = [old, *(["둘", "셋"][: i % 3])]
        return json.dumps(names if i else [], ensure_ascii=False) if write is write_csv else names if i else []

    outcome = learn_rows(relabelled(label), write, num_train_epochs=10)
    config = outcome.read("config.json")
    assert config["problem_type"] == "multi_label_classification"
    assert list(config["id2label"].values()) == ["긍정", "둘", "부정", "셋"]
    assert outcome.metrics("eval").keys() >= {"eval_accuracy", "eval_micro_f1", "eval_macro_f1"}
    for row in outcome.predictions:
        assert isinstance(row["prediction"], list) and set(row["prediction"]) <= {"긍정", "둘", "부정", "셋"}
        assert len(row["score"]) == len(row["prediction"]) and all(0.5 < score <= 1 for score in row["score"])
    assert any(row["prediction"] for row in outcome.predictions)
    labels = outcome.read("data_report.json")["train"]["labels"]
    assert (labels["둘"], labels["셋"], labels["긍정"] + labels["부정"]) == (16, 8, 23)


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_scores(write, learn_rows):
    outcome = learn_rows(relabelled(lambda i, label: i / 10 + (label == "긍정")), write)
    config = outcome.read("config.json")
    assert config["problem_type"] == "regression" and len(config["id2label"]) == 1
    assert outcome.metrics("eval").keys() == {
        "eval_pearsonr",
        "eval_spearmanr",
        "eval_mse",
        "eval_loss",
        "eval_samples",
    }
    assert outcome.metrics("eval")["eval_mse"] == pytest.approx(outcome.metrics("eval")["eval_loss"], rel=1e-4)
    assert all(
        isinstance(row["prediction"], float) and row["score"] == row["prediction"] for row in outcome.predictions
    )


def test_whole_numbers_as_scores(learn_rows):
    rows = relabelled(lambda i, _: i % 6)
    outcome = learn_rows(rows, do_regression=True)
    assert outcome.read("config.json")["problem_type"] == "regression"
    assert "eval_pearsonr" in outcome.metrics("eval")


def test_decimals_as_classes(learn_rows):
    outcome = learn_rows(relabelled(lambda i, _: (0.5, 1.0)[i % 2]), do_regression=False)
    assert outcome.read("config.json")["id2label"] == {"0": "0.5", "1": "1.0"}


def test_pairs(learn_rows, run):
    rows = [
        {"guid": i, "premise": row["text"], "hypothesis": f"the {row['text'][::-1]}", "label": row["label"]}
        for i, row in enumerate(reviews(24))
    ]
    outcome = learn_rows(rows)
    notes = outcome.read("run.json")["notes"]
    assert any("text 'premise', pair 'hypothesis', label 'label', id 'guid'" in note for note in notes)
    assert [row["id"] for row in outcome.predictions] == list(range(24))
    # The second text is read: without it the same checkpoint gives other scores.
    alone = learn_rows(
        rows, model_name_or_path=outcome.folder, head=None, text_column_name="hypothesis", learning_rate=0
    )
    assert any("(text 'hypothesis', label 'label', id 'guid')" in note for note in alone.read("run.json")["notes"])
    assert [row["score"] for row in alone.predictions] != [row["score"] for row in outcome.predictions]


def test_order_of_the_file_does_not_change_the_labels(learn_rows):
    rows = relabelled(lambda i, _: f"클래스 {(i * 7) % 5}")
    forwards, backwards = (learn_rows(part, max_steps=1).read("config.json") for part in (rows, rows[::-1]))
    assert forwards["id2label"] == backwards["id2label"] == {str(i): f"클래스 {i}" for i in range(5)}
    assert forwards["label2id"] == {f"클래스 {i}": i for i in range(5)}


def test_named_columns(learn_rows):
    rows = [{"본문": row["text"], "감정": row["label"], "label": "x", "text": "y"} for row in reviews(8)]
    outcome = learn_rows(rows, text_column_name="본문", label_column_name="감정", max_steps=1)
    assert outcome.read("config.json")["id2label"] == {"0": "긍정", "1": "부정"}
    assert outcome.read("data_report.json")["train"]["duplicate_texts"] == 0

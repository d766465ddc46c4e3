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


def test_a_class_of_one_row_that_is_held_out(run, encoder, tmp_path):
    """The labels are those of the whole file, and rows without one are left out."""
    rows = [{"text": row["text"], "label": row["label"]} for row in reviews(40)]
    rows += [{"text": f"영수증 {i}", "label": f"class {i}"} for i in range(8)]
    rows = [{"text": f"쓰다 {i}", "label": "-"} for i in range(4)] + rows
    flags = {"train_file": write_csv(tmp_path / "a.csv", rows), "validation_split": 0.3, "max_train_samples": 20}
    flags |= {"model_name_or_path": encoder, "do_train": True, "do_eval": True, "max_steps": 1, "save_strategy": "no"}
    outcome = run("seq_cls", drop_unlabelled=True, **flags)
    names = [f"class {i}" for i in range(8)] + ["긍정", "부정"]
    assert list(outcome.read("config.json")["id2label"].values()) == names
    report = outcome.read("data_report.json")
    assert any(name.startswith("class") for name in report["validation"]["labels"])
    assert "-" not in report["train"]["labels"] | report["validation"]["labels"]
    notes = " ".join(outcome.read("run.json")["notes"])
    assert "classes without a row that is trained on: class" in notes and "have no label and are left out" in notes


def test_a_checkpoint_reads_what_it_was_trained_on(run, encoder, tmp_path):
    rows = [{"title": "알림", "body": row["text"], "label": row["label"]} for row in reviews(24)]
    file = write_csv(tmp_path / "a.csv", rows)
    trained = run(
        "seq_cls", model_name_or_path=encoder, do_train=True, train_file=file, text_column_name="body", max_steps=1
    )
    assert trained.read("config.json")["input_columns"] == {"text": "body", "pair": None, "label": "label"}
    predict = {"model_name_or_path": trained.folder, "do_predict": True, "test_file": file}
    guessed, named = run("seq_cls", **predict), run("seq_cls", text_column_name="body", **predict)
    assert guessed.predictions == named.predictions and guessed.metrics("predict") == named.metrics("predict")
    unscored = run("seq_cls", label_column_name="none", **predict)
    assert unscored.predictions == named.predictions and unscored.metrics("predict") == {"predict_samples": 24}
    pairs = write_csv(tmp_path / "b.csv", [{"sentence1": "a", "sentence2": "b", "label": "긍정"}])
    outcome = run("seq_cls", **(predict | {"test_file": pairs}), code=2)
    assert "the model reads single texts ('body'), here are pairs ('sentence1', 'sentence2')" in outcome.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"head": "cnn"}, "its head is dense, this run's cnn"),
        ({"label_column_name": "mood"}, "its labels are 긍정, 부정, this run's 나쁨, 좋음"),
        ({"label_column_name": "stars"}, "its kind of labels is single_label_classification, this run's regression"),
    ],
)
def test_going_on_with_another_model(flags, message, first_steps, run):
    folder, options = first_steps
    outcome = run("seq_cls", **(options | flags), resume_from_checkpoint=folder, code=2)
    cure = "give what it was begun with, or another --output_dir to begin anew"
    assert outcome.stderr == f"error: {folder}: --resume_from_checkpoint: {message}; {cure}\n"


@pytest.fixture(scope="module")
def first_steps(run, encoder, tmp_path_factory):
    """A checkpoint after one step, and the flags that it was made with."""
    moods = {"긍정": "좋음", "부정": "나쁨"}
    rows = [row | {"mood": moods[row["label"]], "stars": i / 4} for i, row in enumerate(reviews(16))]
    file = write_csv(tmp_path_factory.mktemp("rows") / "a.csv", rows)
    options = {"model_name_or_path": encoder, "do_train": True, "train_file": file, "save_steps": 1, "max_steps": 1}
    outcome = run("seq_cls", **options)
    return outcome.folder / "checkpoint-1", options | {"max_steps": 2}

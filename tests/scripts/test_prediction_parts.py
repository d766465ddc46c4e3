"""--do_predict alone: part by part, killed and continued, without a row lost or predicted twice."""

from __future__ import annotations

import os
import signal

import pytest
from small_data import WINDOWS, questions, reviews, sentences, write_columns, write_csv, write_jsonl, write_squad

ROWS = 23  # five parts, the last one shorter
WRITE = {
    "seq_cls": lambda path: write_csv(path.with_suffix(".csv"), reviews(ROWS, seed=3)),
    "token_cls": lambda path: write_columns(path.with_suffix(".tsv"), sentences(ROWS, seed=3)),
    "qa": lambda path: write_squad(path.with_suffix(".json"), questions(ROWS, seed=3, words=40)),
}


def small_parts() -> None:
    from utils.data import splits

    splits.PART_ROWS = 5


def killed_in_the_third_part() -> None:
    from utils.training.trainer import HeadTrainer

    small_parts()
    proceed, calls = HeadTrainer.predict, []

    def predict(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return proceed(self, *args, **kwargs)

    HeadTrainer.predict = predict


@pytest.fixture
def predict(run, learn, tmp_path):
    def _predict(task: str, file, before=small_parts, code: int | None = 0, **flags):
        folder = tmp_path / flags.pop("folder", "parts")
        options = {"model_name_or_path": learn(task).folder, "test_file": file, "do_predict": True}
        options |= {"per_device_eval_batch_size": 4, "output_dir": folder} | WINDOWS[task] | flags
        return run(task, before=before, code=code, **options)

    return _predict


@pytest.mark.parametrize("task", WRITE)
def test_parts_are_as_the_whole(predict, task, tmp_path):
    file = WRITE[task](tmp_path / "test")
    parts, whole = predict(task, file), predict(task, file, before=None, folder="whole")
    assert "predicted: 15 rows\npredicted: 20 rows\npredicted: 23 rows" in parts.stdout
    assert len(parts.predictions) == ROWS
    for one, other in zip(parts.predictions, whole.predictions, strict=True):
        assert one.keys() == other.keys()
        assert one["prediction"] == other["prediction"]
        assert one["score"] == pytest.approx(other["score"], abs=1e-4)  # rounded to four places for tokens
    found, expected = parts.metrics("predict"), whole.metrics("predict")
    assert found.pop("predict_loss") == pytest.approx(expected.pop("predict_loss"), rel=1e-6)
    assert found == pytest.approx(expected, abs=1e-6)
    report, expected = (outcome.read("data_report.json")["test"] for outcome in (parts, whole))
    assert report == expected and report["rows"] == ROWS
    assert report["inputs"] > ROWS or task == "seq_cls"
    assert not (parts.folder / "predictions.parts").exists()


@pytest.mark.parametrize("task", WRITE)
def test_a_killed_run_goes_on(predict, task, tmp_path):
    file = WRITE[task](tmp_path / "test")
    whole = predict(task, file, folder="whole")
    killed = predict(task, file, before=killed_in_the_third_part, code=-signal.SIGKILL)
    assert not (killed.folder / "predictions.jsonl").exists()
    continued = predict(task, file)
    assert continued.stdout.count("(kept from an interrupted run)") == 2
    for name in ("predictions.jsonl", "data_report.json"):
        assert (continued.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert continued.metrics("predict") == whole.metrics("predict")


@pytest.mark.parametrize(
    "change", [lambda text: text[:200], lambda text: text.replace('"id"', '"it"', 1), lambda text: "[]"]
)
def test_a_part_that_was_changed_is_predicted_again(change, predict, tmp_path):
    file = WRITE["seq_cls"](tmp_path / "test")
    killed = predict("seq_cls", file, before=killed_in_the_third_part, code=-signal.SIGKILL)
    first, _ = sorted((killed.folder / "predictions.parts").iterdir())
    first.write_text(change(first.read_text(encoding="utf-8")), encoding="utf-8")
    continued = predict("seq_cls", file)
    assert continued.stdout.count("(kept from an interrupted run)") == 1
    assert [row["id"] for row in continued.predictions] == [row["id"] for row in reviews(ROWS, seed=3)]


def test_what_was_predicted_before_a_faulty_row_is_kept(predict, tmp_path):
    rows = reviews(ROWS, seed=3)
    lines = write_csv(tmp_path / "test.csv", rows).read_text(encoding="utf-8").split("\n")
    faulty = [*lines[:18], "r17", *lines[19:]]
    (tmp_path / "test.csv").write_text("\n".join(faulty), encoding="utf-8")
    outcome = predict("seq_cls", tmp_path / "test.csv", code=2)
    assert outcome.stderr.startswith(f"error: {tmp_path}/test.csv, row 19: fields: 3 expected")
    (tmp_path / "test.csv").write_text("\n".join(lines), encoding="utf-8")
    outcome = predict("seq_cls", tmp_path / "test.csv")
    assert outcome.stdout.count("(kept from an interrupted run)") == 3
    assert [row["id"] for row in outcome.predictions] == [row["id"] for row in rows]


def test_other_weights_or_options_begin_anew(predict, learn, tmp_path):
    file = WRITE["seq_cls"](tmp_path / "test")
    predict("seq_cls", file, before=killed_in_the_third_part, code=-signal.SIGKILL)
    other = learn("seq_cls", seed=1).folder
    assert "(kept" not in predict("seq_cls", file, model_name_or_path=other).stdout
    predict("seq_cls", file, before=killed_in_the_third_part, code=-signal.SIGKILL)
    assert "(kept" not in predict("seq_cls", file, max_seq_length=9).stdout


def test_rows_without_labels_are_not_scored(predict, tmp_path):
    rows = reviews(ROWS, seed=3)
    rows[12]["label"] = ""
    outcome = predict("seq_cls", write_csv(tmp_path / "test.csv", rows))
    assert outcome.metrics("predict") == {"predict_samples": ROWS}
    assert len(outcome.predictions) == ROWS


def test_questions_whose_parts_are_labelled_differently(predict, tmp_path):
    """The second part alone would be unlabelled, and the others be scored."""
    rows = questions(ROWS, seed=3, words=40)
    for row in rows[5:10]:
        row["answers"] = []
    outcome = predict("qa", write_jsonl(tmp_path / "test.jsonl", rows))
    assert outcome.metrics("predict") == {"predict_samples": ROWS}
    said = "test.jsonl: there are labels, but not everywhere among the rows 6 to 10: all are predicted, none is scored"
    assert outcome.stdout.count(said) == 1

"""--report: what it leaves beside the other files, and that it says what the predictions say."""

from __future__ import annotations

from html_page import Page
from small_data import WINDOWS

REPORT = {"report.json", "report.html"}
DECISIONS = {
    "seq_cls": {"the predicted class"},
    "token_cls": {"every tag", "tags in entities"},
    "qa": {"the answer, exactly right"},
}


def names(outcome):
    return {path.name for path in outcome.folder.iterdir()}


def test_it_is_on_the_rows_that_were_scored(task, learn):
    plain, outcome = learn(task, head="cnn"), learn(task, head="cnn", report=True)
    assert names(outcome) == names(plain) | REPORT
    assert plain.read("eval_results.json").keys() == outcome.read("eval_results.json").keys()
    report = outcome.read("report.json")
    assert list(report["splits"]) == ["validation", "test"]
    for (name, split), stage in zip(report["splits"].items(), ("eval", "predict"), strict=True):
        assert split["rows"] == {"validation": 15, "test": 17}[name]
        for metric, value in split["scores"].items():
            assert value == outcome.metrics(stage)[f"{stage}_{metric}"]
        assert sum(group["rows"] for group in split["lengths"]) == split["rows"]
        assert set(split["calibration"]) <= DECISIONS[task] and split["calibration"]
    headings = Page((outcome.folder / "report.html").read_text(encoding="utf-8")).texts["h2"]
    assert {"Errors: validation", "Calibration: test", "Data"} <= set(headings)


def test_mistakes_are_the_wrong_rows_of_the_predictions(learn, files):
    outcome = learn("seq_cls", head="cnn", report=True)
    lines = files["seq_cls"]["test_file"].read_text(encoding="utf-8").splitlines()
    split = outcome.read("report.json")["splits"]["test"]
    said = {one["row"]: one for one in split["mistakes"]}
    wrong = 0
    for number, (line, record) in enumerate(zip(lines[1:], outcome.predictions, strict=True), start=2):
        label = line.rsplit(",", 1)[1]
        if label != record["prediction"]:
            wrong += 1
            assert said[number]["gold"] == label and said[number]["prediction"] == record["prediction"]
            assert said[number]["confidence"] == record["score"] and said[number]["text"] in line
    assert wrong == len(said)


def test_predicting_alone_says_the_same_of_the_test_rows(task, learn, run, files):
    trained = learn(task, head="cnn", report=True)
    options = {"model_name_or_path": trained.folder, "per_device_eval_batch_size": 4, "report": True} | WINDOWS[task]
    outcome = run(task, do_predict=True, test_file=files[task]["test_file"], **options)
    assert names(outcome) > REPORT
    first, again = (one.read("report.json")["splits"]["test"] for one in (trained, outcome))
    rounded = ("mistakes", "calibration")  # probabilities may differ at the seventh digit
    assert {key: first[key] for key in first if key not in rounded} == {
        key: again[key] for key in again if key not in rounded
    }
    assert list(outcome.read("report.json")["splits"]) == ["test"]


def test_without_labels_there_is_none_and_a_line_says_so(learn, run, tmp_path):
    trained = learn("seq_cls", head="cnn")
    (tmp_path / "a.txt").write_text("영화 좋다\n영화 나쁘다\n", encoding="utf-8")
    outcome = run(
        "seq_cls", model_name_or_path=trained.folder, do_predict=True, test_file=tmp_path / "a.txt", report=True
    )
    assert not REPORT & names(outcome)
    assert any("nothing to report on" in note for note in outcome.read("run.json")["notes"])


def test_nothing_that_is_scored(fail, encoder, files):
    line = fail(
        "seq_cls",
        model_name_or_path=encoder,
        do_train=True,
        train_file=files["seq_cls"]["train_file"],
        report=True,
    )
    assert line == "error: --report is on rows that are scored: give --do_eval or --do_predict, or leave it out"

"""ensemble.py: the rows of the file in their order, with the mean of what the runs say of each."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_data import WINDOWS


@pytest.fixture
def seeds(learn):
    return lambda task, **flags: [learn(task, head="cnn", seed=seed, **flags).folder for seed in (1, 2)]


@pytest.mark.parametrize("windows", [{}, {"windows": "mean", "max_seq_length": 8}], ids=["cut", "windows"])
def test_mean_of_classes_in_the_order_of_the_file(windows, seeds, run, files):
    runs = seeds("seq_cls")
    flags = {"test_file": files["seq_cls"]["test_file"], "predictions_with": "probabilities,label"} | windows
    each = [run("seq_cls", model_name_or_path=one, do_predict=True, **flags).predictions for one in runs]
    outcome = run("ensemble", *runs, **flags)
    assert [row["id"] for row in outcome.predictions] == [f"r{i}" for i in range(17)]
    right = 0
    for row, *own in zip(outcome.predictions, *each, strict=True):
        mean = {name: np.mean([one["probabilities"][name] for one in own]) for name in ("긍정", "부정")}
        assert row["probabilities"] == pytest.approx(mean, abs=1e-6)
        assert row["prediction"] == max(mean, key=mean.get) and row["score"] == pytest.approx(
            max(mean.values()), abs=1e-6
        )
        right += row["prediction"] == row["label"]
    assert outcome.metrics("predict")["predict_accuracy"] == pytest.approx(right / 17)
    assert not list(outcome.folder.glob("*.safetensors")) and outcome.read("run.json")["command"][1:3] == list(
        map(str, runs)
    )


def test_what_its_models_were_calibrated_to_is_dropped(seeds, run, files, tmp_path):
    """A temperature is one model's, and the mean of several has another."""
    runs, calibrated = seeds("seq_cls"), []
    for folder in runs:
        calibrated.append(shutil.copytree(folder, tmp_path / folder.name))
        file = calibrated[-1] / "config.json"
        config = json.loads(file.read_text(encoding="utf-8")) | {"calibration": {"temperature": 4.0, "rows": 9}}
        file.write_text(json.dumps(config), encoding="utf-8")
    test = {"test_file": files["seq_cls"]["test_file"]}
    assert run("ensemble", *calibrated, **test).predictions == run("ensemble", *runs, **test).predictions
    assert "--calibrate writes into a checkpoint" in refused(run, *runs, calibrate=True, **test)


@pytest.mark.parametrize("flags", [{}, {"crf": True}], ids=["free", "crf"])
def test_tags_of_windows(flags, seeds, run, files):
    runs = seeds("token_cls", **flags)
    more = {"test_file": files["token_cls"]["test_file"]} | WINDOWS["token_cls"]
    outcome = run("ensemble", *runs, **more)
    each = [run("token_cls", model_name_or_path=one, do_predict=True, **more).predictions for one in runs]
    assert len(outcome.predictions) == 17
    alike = [
        (row["score"], [one["score"] for one in own])
        for row, *own in zip(outcome.predictions, *each, strict=True)
        # Else a sub-word may have another tag than its letters.
        if all(one["prediction"] == row["prediction"] for one in own)
    ]
    assert alike
    for score, scores in alike:
        assert score == pytest.approx(np.mean(scores, axis=0), abs=2e-4)
    assert 0 <= outcome.metrics("predict")["predict_entity_f1"] <= 1


def refused(run, *words, **flags) -> str:
    outcome = run("ensemble", *words, code=2, **flags)
    assert outcome.stderr.startswith("error: ") and outcome.stderr.count("\n") == 1, outcome.stderr
    return outcome.stderr


def test_what_cannot_be_put_together(seeds, learn, run, files, tmp_path):
    first, second = seeds("seq_cls")
    test = {"test_file": files["seq_cls"]["test_file"]}
    assert "name two or more runs, then the flags" in refused(run, first, **test)
    assert f"{first} is named twice, and would count twice" in refused(run, first, first, **test)
    assert "leave --do_train out" in refused(run, first, second, do_train=True, **test)
    config = json.loads((second / "config.json").read_text(encoding="utf-8"))
    other = tmp_path / "other"
    other.mkdir()
    for file in second.glob("*"):
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    names = {"id2label": {"0": "긍정", "1": "중립"}, "label2id": {"긍정": 0, "중립": 1}}
    (other / "config.json").write_text(json.dumps(config | names), encoding="utf-8")
    message = refused(run, first, other, **test)
    assert f"{other} has the labels 긍정, 중립, {first} has 긍정, 부정: no mean of the two" in message
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = json.loads((other / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["unk_token"] = "[MASK]"
    (other / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    assert f"{other} has another tokenizer than {first}" in refused(run, first, other, **test)
    tagged = learn("token_cls", head="lstm").folder
    assert "run the other script" in refused(run, first, tagged, **test)
    answers = learn("qa", head="lstm").folder
    assert "an ensemble is for classes, scores and tags" in refused(run, answers, second, **test)

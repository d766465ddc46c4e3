"""--calibrate as a user gives it: what is chosen, kept, predicted by and refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_data import WINDOWS, questions, reviews, write_csv, write_jsonl, write_squad

from utils.models.loading import load_checkpoint

SHORT = {"do_train": True, "max_steps": 12, "save_strategy": "no", "learning_rate": 3e-3}
BESIDE = {"do_predict": True, "predictions_with": "probabilities,label"}


@pytest.fixture(scope="module")
def calibrated(run, encoder, files):
    flags = SHORT | BESIDE | files["seq_cls"] | {"calibrate": True}
    return run("seq_cls", model_name_or_path=encoder, **flags)


def shares(outcome) -> np.ndarray:
    return np.array([list(row["probabilities"].values()) for row in outcome.predictions])


def test_the_temperature_of_classes(calibrated, run, encoder, files):
    """The same weights and predictions; probabilities to the power of 1 / T."""
    plain = run("seq_cls", model_name_or_path=encoder, **SHORT, **BESIDE, **files["seq_cls"])
    weights = [(one.folder / "model.safetensors").read_bytes() for one in (plain, calibrated)]
    assert weights[0] == weights[1]
    kept = calibrated.read("config.json")["calibration"]
    assert set(kept) == {"temperature", "rows"} and kept["rows"] == 15 and kept["temperature"] != 1
    expected = shares(plain) ** (1 / kept["temperature"])
    assert shares(calibrated) == pytest.approx(expected / expected.sum(axis=1, keepdims=True), abs=1e-6)
    assert [row["prediction"] for row in plain.predictions] == [row["prediction"] for row in calibrated.predictions]
    scores = calibrated.metrics("eval")
    assert scores["eval_nll_calibrated"] < scores["eval_nll"] == pytest.approx(scores["eval_loss"], rel=1e-5)
    assert {"eval_ece", "eval_ece_calibrated", "eval_accuracy"} <= set(scores)
    test = calibrated.metrics("predict")
    gold = [row["probabilities"][row["label"]] for row in calibrated.predictions]
    assert test["predict_nll"] == pytest.approx(-np.log(gold).mean(), rel=1e-6)
    assert test["predict_nll_uncalibrated"] == pytest.approx(test["predict_loss"], rel=1e-5)
    assert (calibrated.folder / "reliability.png").is_file() and not (plain.folder / "reliability.png").exists()
    assert "calibration" not in plain.read("config.json") and "predict_ece" not in plain.metrics("predict")
    card = (calibrated.folder / "README.md").read_text(encoding="utf-8")
    assert "![Accuracy over confidence, before and after calibration](reliability.png)" in card
    assert "chosen on the 15 validation rows: their scores that end in `_calibrated` are too good" in card


def test_a_finished_checkpoint_is_calibrated(calibrated, run, encoder, files):
    """It is a whole one, as if it had been calibrated after its training; and is not trained on with it."""
    file = files["seq_cls"]
    plain = run("seq_cls", model_name_or_path=encoder, **SHORT, train_file=file["train_file"])
    late = run("seq_cls", model_name_or_path=plain.folder, validation_file=file["validation_file"], calibrate=True)
    found, expected = (one.read("config.json")["calibration"] for one in (late, calibrated))
    assert found == pytest.approx(expected, rel=1e-5)
    assert late.metrics("eval")["eval_ece_calibrated"] == pytest.approx(
        calibrated.metrics("eval")["eval_ece_calibrated"], abs=1e-5
    )
    again = run("seq_cls", model_name_or_path=late.folder, test_file=file["test_file"], **BESIDE)
    assert shares(again) == pytest.approx(shares(calibrated), abs=1e-5)
    assert again.metrics("predict")["predict_ece"] == pytest.approx(
        calibrated.metrics("predict")["predict_ece"], abs=1e-5
    )
    assert any("kept from the checkpoint, chosen on 15 validation rows" in n for n in again.read("run.json")["notes"])
    model, tokenizer = load_checkpoint(str(late.folder))
    texts = ["the good movie", "bad"]
    assert len(model.pipeline(tokenizer)(texts)) == 2
    on = run("seq_cls", model_name_or_path=late.folder, train_file=file["train_file"], **SHORT)
    assert "calibration" not in on.read("config.json") or on.read("config.json")["calibration"] is None


def test_the_thresholds_of_sets(run, encoder, tmp_path):
    def sets(count: int, seed: int) -> list[dict]:
        rows = reviews(count, seed)
        return [
            {"text": row["text"], "labels": [row["label"], *(["영화"] if "영화" in row["text"] else [])]}
            for row in rows
        ]

    splits = {"train": 48, "validation": 30, "test": 17}
    files = {f"{name}_file": write_jsonl(tmp_path / f"{name}.jsonl", sets(n, n)) for name, n in splits.items()}
    outcome = run("seq_cls", model_name_or_path=encoder, calibrate=True, **SHORT, **BESIDE, **files)
    thresholds = outcome.read("config.json")["calibration"]["thresholds"]
    assert set(thresholds) == {"긍정", "부정", "영화"} and any(value != 0.5 for value in thresholds.values())
    for row in outcome.predictions:
        chosen = [name for name, share in row["probabilities"].items() if share > thresholds[name]]
        assert row["prediction"] == chosen and row["score"] == [row["probabilities"][name] for name in chosen]
    scores = outcome.metrics("eval")
    assert scores["eval_macro_f1_calibrated"] >= scores["eval_macro_f1"]
    test = outcome.metrics("predict")
    hits, said, gold = 0, 0, 0
    for row in outcome.predictions:
        for name, share in row["probabilities"].items():
            hits += share > 0.5 and name in row["label"]
            said, gold = said + (share > 0.5), gold + (name in row["label"])
    assert test["predict_micro_f1_uncalibrated"] == pytest.approx(2 * hits / (said + gold))
    assert not (outcome.folder / "reliability.png").exists()


def test_the_null_threshold_of_questions(run, encoder, tmp_path):
    sizes = {"train": 40, "validation": 24, "test": 12}
    files = {
        f"{name}_file": write_squad(tmp_path / f"{name}.json", questions(n, seed=n, impossible=0.4, words=40))
        for name, n in sizes.items()
    }
    flags = WINDOWS["qa"] | {"version_2_with_negative": True}
    outcome = run("qa", model_name_or_path=encoder, calibrate=True, do_predict=True, **SHORT, **flags, **files)
    scores, kept = outcome.metrics("eval"), outcome.read("config.json")["calibration"]
    assert scores["eval_f1_calibrated"] >= scores["eval_f1"] and set(kept) == {"null_score_diff_threshold", "rows"}
    options = flags | {"model_name_or_path": outcome.folder, "do_predict": True, "test_file": files["test_file"]}
    again = run("qa", **options)
    assert again.predictions == outcome.predictions
    assert "predict_f1_uncalibrated" in again.metrics("predict")
    zero = run("qa", null_score_diff_threshold=0, **options)  # a flag wins, whatever it says
    assert zero.metrics("predict")["predict_f1"] == again.metrics("predict")["predict_f1_uncalibrated"]
    assert "predict_f1_uncalibrated" not in zero.metrics("predict")
    # by hand: the threshold as a flag, on a checkpoint without
    config = json.loads((outcome.folder / "config.json").read_text(encoding="utf-8"))
    config.pop("calibration")
    (outcome.folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    given = run("qa", null_score_diff_threshold=kept["null_score_diff_threshold"], **options)
    assert [row["prediction"] for row in given.predictions] == [row["prediction"] for row in outcome.predictions]
    plain = run("qa", **options)
    assert plain.metrics("predict")["predict_f1"] == again.metrics("predict")["predict_f1_uncalibrated"]


def test_what_is_refused(fail, encoder, files, tmp_path):
    sound = {"model_name_or_path": encoder, "do_train": True, "calibrate": True, "max_steps": 1}

    def ask(task: str, **flags) -> str:
        data = {name: file for name, file in files[task].items() if name != "test_file"}
        return fail(task, **(sound | data | flags))

    assert ask("token_cls").endswith("questions without answers are calibrated, not tags; leave --calibrate out")
    assert ask("qa").endswith("give --version_2_with_negative, or leave it out")
    for threshold in (0, 1.5):
        assert "--calibrate chooses the --null_score_diff_threshold" in ask(
            "qa", version_2_with_negative=True, null_score_diff_threshold=threshold
        )
    assert "by the validation rows that --predict_split validation predicts" in ask(
        "seq_cls", do_predict=True, predict_split="validation"
    )
    assert "--do_eval needs validation data" in ask("seq_cls", validation_file=None)
    rows = [{"text": row["text"], "label": i + 0.5} for i, row in enumerate(reviews(8))]
    scores = write_csv(tmp_path / "scores.csv", rows)
    assert ask("seq_cls", train_file=scores, validation_file=scores).endswith(
        "scores have no probability that could be calibrated; leave --calibrate out"
    )

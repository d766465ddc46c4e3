"""--windows as a user gives it: what is learned, kept, predicted and refused."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from small_data import reviews, write_csv
from test_accumulation import FLAGS as ACCUMULATION
from test_frozen import OPTIONS as FROZEN

from benchmarks.frozen import in_every_step
from utils.errors import UserError
from utils.models.loading import load_checkpoint
from utils.models.stock import to_stock

SHORT = {"do_train": True, "max_steps": 6, "save_strategy": "no", "learning_rate": 3e-3}
WINDOWS = {"windows": "mean", "max_seq_length": 12}


@pytest.fixture(scope="module")
def long_texts(run, encoder, files):
    """A checkpoint that has learned from texts in windows, evaluated and predicted."""
    flags = SHORT | WINDOWS | files["seq_cls"] | {"do_eval": True, "do_predict": True}
    return run("seq_cls", model_name_or_path=encoder, **flags)


def test_texts_of_one_window_give_the_same_weights(run, encoder, files):
    """The first step too many would be seen: byte for byte."""
    flags = SHORT | files["seq_cls"] | {"model_name_or_path": encoder, "do_predict": True, "max_seq_length": 64}
    plain, windows = run("seq_cls", **flags), run("seq_cls", windows="max", **flags)
    assert windows.read("data_report.json")["train"]["windowed_inputs"] == 0
    weights = [(one.folder / "model.safetensors").read_bytes() for one in (plain, windows)]
    assert weights[0] == weights[1] and plain.predictions == windows.predictions
    assert "windows" not in plain.read("config.json") and "windows" not in plain.read("data_report.json")["train"]


def test_a_checkpoint_keeps_its_windows(long_texts, run, files):
    assert long_texts.read("config.json")["windows"] == {"pooling": "mean", "max_seq_length": 12, "doc_stride": 3}
    report = long_texts.read("data_report.json")["test"]
    assert report["inputs"] == report["rows"] == 17 < report["windows"] and 0 < report["windowed_inputs"] < 17
    assert report["truncated_inputs"] == 0 and "test: " in long_texts.stdout
    assert len(long_texts.predictions) == 17
    assert "longer texts were read in overlapping windows" in (long_texts.folder / "README.md").read_text("utf-8")
    flags = {"model_name_or_path": long_texts.folder, "do_predict": True, "test_file": files["seq_cls"]["test_file"]}
    again = run("seq_cls", per_device_eval_batch_size=2, **flags)
    for one, other in zip(again.predictions, long_texts.predictions, strict=True):
        assert one["prediction"] == other["prediction"] and one["score"] == pytest.approx(other["score"], abs=1e-5)
    assert "windows: mean of 12 tokens, kept from the checkpoint" in again.read("run.json")["notes"]
    cut = run("seq_cls", windows="none", max_seq_length=12, **flags)
    assert cut.read("data_report.json")["test"]["truncated_inputs"] == report["windowed_inputs"]
    largest = run("seq_cls", "--windows", "max", max_seq_length=12, **flags)
    assert largest.predictions != again.predictions


def test_under_accumulation(run, sober_encoder, files):
    """Eight at once are four times two."""
    flags = ACCUMULATION | WINDOWS | {"model_name_or_path": sober_encoder, "head": "cnn"}
    ends = []
    for size, steps in ((8, 1), (2, 4)):
        batches = {"per_device_train_batch_size": size, "gradient_accumulation_steps": steps}
        outcome = run("seq_cls", train_file=files["seq_cls"]["train_file"], **batches, **flags)
        ends.append(load_file(outcome.folder / "model.safetensors"))
    for name in ends[0]:
        torch.testing.assert_close(ends[0][name], ends[1][name], atol=1e-6, rtol=0)


def test_two_processes(long_texts, run, run_two, tmp_path):  # noqa: F811
    file = write_csv(tmp_path / "odd.csv", reviews(13, seed=4))
    flags = {"do_eval": True, "do_predict": True, "validation_file": file, "test_file": file}
    flags |= {"model_name_or_path": long_texts.folder, "per_device_eval_batch_size": 1}
    one, two = run("seq_cls", **flags), run_two("seq_cls", **flags)
    for alone, shared in zip(one.predictions, two.predictions, strict=True):
        assert alone == shared | {"score": pytest.approx(shared["score"], abs=1e-6)}
    for stage in ("eval", "predict"):
        assert two.metrics(stage) == pytest.approx(one.metrics(stage), rel=1e-6)


def test_two_processes_learn_what_one_does(run, run_two, sober_encoder, files):  # noqa: F811
    flags = ACCUMULATION | WINDOWS | {"model_name_or_path": sober_encoder, "max_train_samples": 16, "max_steps": 4}
    flags |= {"train_file": files["seq_cls"]["train_file"]}
    one = run("seq_cls", per_device_train_batch_size=8, **flags)
    two = run_two("seq_cls", per_device_train_batch_size=4, **flags)
    weights = load_file(two.folder / "model.safetensors")
    for name, values in load_file(one.folder / "model.safetensors").items():
        torch.testing.assert_close(values, weights[name], atol=1e-5, rtol=0, msg=name)


@pytest.mark.parametrize("freezing", [{"freeze_encoder": True}, {"freeze_layers": 1}], ids=["encoder", "layers"])
def test_what_is_frozen_reads_every_window_once(freezing, run, sober_encoder, files, head):
    flags = FROZEN | WINDOWS | files["seq_cls"] | {"model_name_or_path": sober_encoder, "head": head} | freezing
    flags |= {"optim": "sgd", "learning_rate": 0.1}
    kept, long = run("seq_cls", **flags), run("seq_cls", before=in_every_step, **flags)
    expected = load_file(long.folder / "model.safetensors")
    for name, values in load_file(kept.folder / "model.safetensors").items():
        torch.testing.assert_close(values, expected[name], atol=2e-5, rtol=1e-4, msg=name)
    assert [row["prediction"] for row in kept.predictions] == [row["prediction"] for row in long.predictions]


def test_what_is_refused(fail, encoder, files, learn, long_texts, tmp_path):
    sound = {"model_name_or_path": encoder, "do_train": True, "train_file": files["seq_cls"]["train_file"]}
    message = fail("seq_cls", **sound, max_seq_length=16, windows="mean", doc_stride=8)
    assert message == "error: --doc_stride must be at most 7, half of a window of 16 tokens, not 8"
    assert fail("seq_cls", **sound, doc_stride=8).endswith("is for --windows: give that as well, or leave it out")
    rows = [{"sentence1": row["text"], "sentence2": "good", "label": row["label"]} for row in reviews(8)]
    pairs = write_csv(tmp_path / "pairs.csv", rows)
    message = fail("seq_cls", **(sound | {"train_file": pairs, "windows": "mean"}))
    assert "--windows reads single texts, and these are pairs ('sentence1' and 'sentence2')" in message
    assert "invalid choice: 'sum'" in fail("seq_cls", **sound, windows="sum")
    with pytest.raises(UserError, match="no stock class reads texts in windows"):
        to_stock(load_checkpoint(str(long_texts.folder))[0])

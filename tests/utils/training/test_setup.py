"""The start of a run: nothing of an earlier run is lost, the seed holds, a token is kept out of what is written to disk."""

from __future__ import annotations

import json
import os

import pytest
import torch
from checkpoint_files import save_checkpoint

from utils.arguments import HeadTrainingArguments, SequenceDataArguments, parse_arguments
from utils.errors import UserError
from utils.training.setup import start_run


def test_the_checkpoints_of_an_earlier_run_are_kept(tmp_path):
    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True)
    start_run(arguments)
    save_checkpoint(tmp_path, 5)
    with pytest.raises(UserError, match="holds checkpoints of an earlier run: --resume_from_checkpoint true goes on"):
        start_run(arguments)
    start_run(HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, resume_from_checkpoint="true"))


def resumed(folder, asked="true", **flags) -> str | None:
    arguments = HeadTrainingArguments(output_dir=str(folder), do_train=True, resume_from_checkpoint=asked, **flags)
    start_run(arguments)
    return arguments.resume_from_checkpoint


def refused(folder, asked="true", **flags) -> str:
    with pytest.raises(UserError) as caught:
        resumed(folder, asked, **flags)
    return str(caught.value)


def test_a_run_goes_on_from_the_newest_whole_checkpoint(tmp_path, caplog):
    for step in (2, 10, 9):
        save_checkpoint(tmp_path, step)
    assert resumed(tmp_path, "True") == resumed(tmp_path, str(tmp_path)) == f"{tmp_path}/checkpoint-10"
    assert resumed(tmp_path, f"{tmp_path}/checkpoint-2") == f"{tmp_path}/checkpoint-2"
    (tmp_path / "checkpoint-10" / "optimizer.pt").unlink()
    caplog.clear()
    assert resumed(tmp_path) == f"{tmp_path}/checkpoint-9"
    assert caplog.messages == [
        "--resume_from_checkpoint: skipped checkpoint-10 (optimizer.pt is missing)",
        f"--resume_from_checkpoint: going on from {tmp_path}/checkpoint-9",
    ]


def test_nothing_to_go_on_from(tmp_path):
    assert refused(tmp_path) == f"--resume_from_checkpoint: there is no checkpoint in {tmp_path} to go on from"
    assert refused(tmp_path, "nowhere") == "--resume_from_checkpoint: there is no folder nowhere"
    for step in (2, 4):
        (save_checkpoint(tmp_path, step) / "model.safetensors").write_text("cut")
    cut = "model.safetensors has 3 of 7 bytes"
    assert refused(tmp_path) == (
        f"{tmp_path}: --resume_from_checkpoint: no run can go on from checkpoint-4 ({cut}), checkpoint-2 ({cut}); "
        "remove them to begin anew"
    )
    assert refused(tmp_path, f"{tmp_path}/checkpoint-4") == (
        f"{tmp_path}/checkpoint-4: --resume_from_checkpoint: no run can go on from here: {cut}; "
        "--resume_from_checkpoint true takes the newest in --output_dir that is whole"
    )


def test_weights_alone_are_nothing_to_go_on_from(tmp_path):
    save_checkpoint(tmp_path, 4, weights_only=True)
    assert refused(tmp_path) == (
        f"{tmp_path}: --resume_from_checkpoint: no run can go on from checkpoint-4 "
        "(it holds the weights alone (--save_only_model)); remove it to begin anew"
    )


def test_another_number_of_processes_is_said(tmp_path, caplog):
    save_checkpoint(tmp_path, 4, processes=2)
    resumed(tmp_path)
    assert caplog.messages[-1:] == [
        f"{tmp_path}/checkpoint-4 was saved by 2 processes, and this run has 1: order of rows and random numbers are not those "
        "of an uninterrupted run"
    ]


def test_a_model_is_not_evaluated_upon(tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    start_run(HeadTrainingArguments(output_dir=str(tmp_path), do_train=True))
    for flags in ({"do_eval": True}, {"do_predict": True}):
        with pytest.raises(UserError, match="holds a model, and a folder holds one run: name another --output_dir$"):
            start_run(HeadTrainingArguments(output_dir=str(tmp_path), **flags))


def test_checkpoints_of_a_training_are_not_evaluated_upon(tmp_path):
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "checkpoint-5" / "trainer_state.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="holds a model"):
        start_run(HeadTrainingArguments(output_dir=str(tmp_path), do_eval=True))


@pytest.mark.parametrize("place", ["file", "file/below/it", "link"])
def test_folders_that_cannot_be(place, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    first, what = tmp_path / place.split("/")[0], "a link to what is not there" if place == "link" else "no folder"
    with pytest.raises(UserError) as caught:
        start_run(HeadTrainingArguments(output_dir=str(tmp_path / place), do_train=True))
    assert str(caught.value) == f"--output_dir {tmp_path / place}: {first} is {what}; name another folder"
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / place))
    with pytest.raises(UserError, match=f"^HF_DATASETS_CACHE {tmp_path / place}: "):
        start_run(HeadTrainingArguments(output_dir=str(tmp_path / "run"), do_train=True))
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}


def test_folders_that_may_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(
        UserError, match=f"{tmp_path} cannot be written; name another folder, or change its permissions"
    ):
        start_run(HeadTrainingArguments(output_dir=str(tmp_path / "new" / "run"), do_train=True))
    assert not (tmp_path / "new").exists()


def test_the_seed(tmp_path):
    draws = []
    for seed in (1, 1, 2):
        start_run(HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, seed=seed))
        draws.append(float(torch.rand(1)))
    assert draws[0] == draws[1] != draws[2]


def test_the_token_moves_to_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    words = ["--model_name_or_path", "m", "--train_file", "a.csv", "--output_dir", str(tmp_path), "--do_train"]
    training = parse_arguments(SequenceDataArguments, [*words, "--hub_token", "hf_secret"]).training
    start_run(training)
    assert training.hub_token is None and os.environ["HF_TOKEN"] == "hf_secret"
    assert "hf_secret" not in repr(training) + json.dumps(training.to_dict(), default=str)

"""The start of a run: nothing of an earlier run is lost, the seed holds, a token is kept out of what is written to disk."""

from __future__ import annotations

import json
import os

import pytest
import torch

from utils.arguments import HeadTrainingArguments, SequenceDataArguments, parse_arguments
from utils.errors import UserError
from utils.training.setup import start_run


def test_the_checkpoints_of_an_earlier_run_are_kept(tmp_path):
    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True)
    start_run(arguments)
    (tmp_path / "checkpoint-5").mkdir()
    with pytest.raises(UserError, match="holds checkpoints of an earlier run: --resume_from_checkpoint true goes on"):
        start_run(arguments)
    start_run(HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, resume_from_checkpoint="true"))
    start_run(HeadTrainingArguments(output_dir=str(tmp_path), do_eval=True))


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

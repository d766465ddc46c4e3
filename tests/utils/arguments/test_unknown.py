"""Flags that there are none of: what was meant by them."""

from __future__ import annotations

import dataclasses

import pytest
from transformers import TrainingArguments

from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments, parse_arguments
from utils.arguments.unknown import ELSEWHERE, GONE, meant_by
from utils.errors import UserError

LEAST = ["--model_name_or_path", "m", "--train_file", "a.csv", "--output_dir", "run", "--do_train"]


def refused(*words: str) -> str:
    with pytest.raises(UserError) as caught:
        parse_arguments(SequenceDataArguments, [*LEAST, *words])
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("--evaluation_strategy epoch", "it is --eval_strategy now"),
        ("--warmup_ratio 0.1", "--warmup_steps takes a share of the steps too, as in --warmup_steps 0.1"),
        ("--no_cuda", "it is --use_cpu now"),
        ("--per_gpu_train_batch_size 8", "it is --per_device_train_batch_size now"),
        ("--push_to_hub_token x", "it is --hub_token now"),
        ("--logging_dir x", "set the environment variable TENSORBOARD_LOGGING_DIR"),
        ("--save_safetensors", "leave it out, weights are always saved as safetensors"),
        ("--batch_size 8", "did you mean '--per_device_train_batch_size'?"),
        ("--epochs=3", "did you mean '--num_train_epochs'?"),
        ("--lr 1e-3", "did you mean '--learning_rate'?"),
        ("-lr 1e-3", "did you mean '--learning_rate'?"),
        ("--max_length 128", "did you mean '--max_seq_length'?"),
        ("--model m", "did you mean '--model_name_or_path'?"),
        ("--output x", "did you mean '--output_dir'?"),
        ("--learnin-rate 1", "did you mean '--learning_rate'?"),
        ("--Learning_Rate 1", "did you mean '--learning_rate'?"),
    ],
)
def test_what_was_meant(words, cure):
    name = words.split()[0].partition("=")[0].lstrip("-")
    assert refused(*words.split()) == f"there is no flag --{name}: {cure}"


def test_what_nobody_can_tell():
    assert refused("--xyzzy").startswith("there is no flag --xyzzy; ") and refused("--xyzzy").endswith(
        " --help lists them"
    )
    assert refused("--bf16", "True", "stray").startswith("'stray' belongs to no flag; ")


def test_another_script_has_no_stride():
    words = [*LEAST, "--stride", "64"]
    with pytest.raises(UserError, match="did you mean '--doc_stride'"):
        parse_arguments(QADataArguments, words)
    with pytest.raises(UserError) as caught:
        parse_arguments(TokenDataArguments, words)
    assert "doc_stride" not in str(caught.value)


def test_the_lists_name_flags_that_are_there_and_those_that_are_not():
    known = {item.name for item in dataclasses.fields(TrainingArguments)}
    known |= {item.name for kind in (SequenceDataArguments, QADataArguments) for item in dataclasses.fields(kind)}
    ours = {"model_name_or_path", "config_name", "tokenizer_name", "model_revision", "head", "head_learning_rate"}
    ours |= {"early_stopping_patience", "freeze_encoder", "crf", "pooling", "layerwise_lr_decay"}
    ours |= {"class_weights", "loss", "focal_gamma", "freeze_layers", "unfreeze_after", "lora"}
    assert not (GONE.keys() | ELSEWHERE.keys()) & (known | ours)
    assert set(ELSEWHERE.values()) <= known | ours
    assert all(
        name.removeprefix("--").split()[0] in known
        for cure in GONE.values()
        for name in cure.split()
        if name.startswith("--") and name != "--ray_address"
    )
    assert meant_by("overwrite_output_dir", known) == GONE["overwrite_output_dir"]

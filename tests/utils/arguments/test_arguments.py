"""Flags and recipes: what is read, what wins, what differs from the library, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from transformers import TrainingArguments

from utils.arguments import (
    HeadTrainingArguments,
    ModelArguments,
    QADataArguments,
    SequenceDataArguments,
    TokenDataArguments,
    parse_arguments,
)
from utils.errors import UserError

LEAST = ["--model_name_or_path", "m", "--train_file", "a.csv", "--output_dir", "run", "--do_train"]


def parse(*words: str, kind=SequenceDataArguments):
    return parse_arguments(kind, [*map(str, words)])


def refused(*words: str, kind=SequenceDataArguments) -> str:
    with pytest.raises(UserError) as caught:
        parse(*words, kind=kind)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def recipe(tmp_path: Path, text: str) -> str:
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "recipe.yaml")


def test_flags():
    model, data, training = parse(
        *LEAST, "--head", "cnn", "--head_kwargs", '{"num_filters": 7}', "--learning_rate", "1e-3"
    )
    assert (model.head, model.parsed_head_kwargs) == ("cnn", {"num_filters": 7})
    assert (data.train_file, data.max_seq_length) == ("a.csv", 128)
    assert (training.learning_rate, training.do_train, training.do_eval) == (1e-3, True, False)


def test_a_backend_of_processes_in_one_process():
    training = parse(*LEAST, "--ddp_backend", "gloo").training
    assert (training.ddp_backend, training.world_size) == ("gloo", 1)


@pytest.mark.parametrize("value", ["-1e6", "-1.0e+6", "-1000000", "-1000000."])
def test_negative_numbers_of_any_spelling(value, tmp_path):
    words = [*LEAST, "--null_score_diff_threshold", value]
    assert parse(*words, kind=QADataArguments)[1].null_score_diff_threshold == -1e6
    file = recipe(tmp_path, f"null_score_diff_threshold: {value}\n")
    assert parse(file, *LEAST, kind=QADataArguments)[1].null_score_diff_threshold == -1e6


def test_only_what_the_docstring_says_differs_from_the_library():
    ours = {item.name: item.default for item in dataclasses.fields(HeadTrainingArguments) if item.init}
    stock = {item.name: item.default for item in dataclasses.fields(TrainingArguments) if item.init}
    assert ours.keys() - stock.keys() == {
        "head_learning_rate",
        "early_stopping_patience",
        "freeze_encoder",
        "freeze_layers",
        "unfreeze_after",
        "hidden_states_dtype",
        "layerwise_lr_decay",
        "class_weights",
        "loss",
        "focal_gamma",
        "calibrate",
        "lora",
    }
    assert stock.keys() <= ours.keys()
    assert {name for name in stock if ours[name] != stock[name]} == {"train_sampling_strategy", "logging_steps"}
    assert ours["train_sampling_strategy"] == "group_by_length"


@pytest.mark.parametrize("kind", [ModelArguments, SequenceDataArguments, TokenDataArguments, QADataArguments])
def test_every_flag_has_a_help_text(kind):
    for item in dataclasses.fields(kind):
        assert not item.init or item.metadata.get("help"), item.name


def test_windows_by_task():
    lengths = {kind: parse(*LEAST, kind=kind)[1].max_seq_length for kind in (TokenDataArguments, QADataArguments)}
    assert lengths == {TokenDataArguments: 512, QADataArguments: 384}


# Recipes


@pytest.mark.parametrize("write", ["yaml", "json"])
def test_recipe_then_flags(write, tmp_path):
    values = {
        "model_name_or_path": "m",
        "train_file": "a.csv",
        "output_dir": "run",
        "do_train": True,
        "learning_rate": "1e-3",
        "max_steps": -1,
        "seed": 7,
        "head": "lstm",
        "head_kwargs": {"lstm_size": 8},
        "text_column_name": None,
        "report_to": ["none"],
        "lr_scheduler_kwargs": {"num_cycles": 2},
        "warmup_steps": 0.1,
    }
    text = json.dumps(values) if write == "json" else "".join(f"{k}: {json.dumps(v)}\n" for k, v in values.items())
    model, data, training = parse(recipe(tmp_path, text), "--seed", "8", "--do_train", "False", "--do_eval")
    assert (model.head, model.parsed_head_kwargs) == ("lstm", {"lstm_size": 8})
    assert (training.learning_rate, training.max_steps, training.seed) == (1e-3, -1, 8)
    assert (training.do_train, training.do_eval) == (False, True)
    assert training.lr_scheduler_kwargs == {"num_cycles": 2} and training.warmup_steps == 0.1
    assert data.text_column_name is None


def test_yaml_of_the_usual_spelling(tmp_path):
    text = (
        "# a comment\nmodel_name_or_path: m\ntrain_file: a.csv\noutput_dir: run\ndo_train: yes\nlearning_rate: 1e-3\n"
    )
    text += "head: cnn\nhead_kwargs:\n  kernel_sizes: [2, 3]\nresume_from_checkpoint: false\nlabel_column_name: 긍정\n"
    model, data, training = parse(recipe(tmp_path, text))
    assert training.do_train and training.learning_rate == 1e-3 and training.resume_from_checkpoint is None
    assert model.parsed_head_kwargs == {"kernel_sizes": [2, 3]} and data.label_column_name == "긍정"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("do_train: true\nlearnin_rate: 1\n", "row 2: unknown key 'learnin_rate'; did you mean 'learning_rate'?"),
        ("xyzzy: 1\n", "row 1: unknown key 'xyzzy'; --help lists the flags, the keys are the same"),
        ("1: 1\n", "row 1: unknown key '1'"),
        ("task: 1\n", "row 1: unknown key 'task'; did you mean 'task_name'?"),
        ("- do_train\n", "a recipe is a mapping, one 'flag: value' a line"),
        ("", "a recipe is a mapping"),
        ("a: [1\n", "is neither YAML nor JSON"),
    ],
)
def test_faulty_recipes(text, expected, tmp_path):
    message = refused(recipe(tmp_path, text))
    assert message.startswith(f"{tmp_path}/recipe.yaml") and expected in message


def test_recipes_that_cannot_be_read(tmp_path):
    assert "cannot read the recipe (No such file or directory); flags begin with --" in refused("nowhere.yaml")
    assert "cannot read the recipe (Is a directory)" in refused(str(tmp_path))
    (tmp_path / "recipe.yaml").write_bytes("head: 긍정".encode("cp949"))
    assert "is neither YAML nor JSON" in refused(str(tmp_path / "recipe.yaml"))


# Contradictions; more of them in scripts/test_errors_flags.py


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--validation_split", "1"], "--validation_split must lie between 0 and 1, not 1.0"),
        (["--validation_split", "0"], "--validation_split must lie between 0 and 1, not 0.0"),
        (["--head", "cnn", "--head_kwargs", "5"], "--head_kwargs must be a JSON object"),
        (["--head", "lstm", "--head_kwargs", '{"a": 1}'], "valid ones are lstm_size, num_layers, dropout"),
        (["--config_name", "c"], "give one of them"),
        (["--bogus"], "--bogus"),
        (["--max_seq_length", "long"], "invalid int value: 'long'"),
        (["--data_dir", "x"], "--data_dir goes with --task_name"),
        (["--batch_eval_metrics"], "leave --batch_eval_metrics and --eval_do_concat_batches out"),
        (["--eval_do_concat_batches", "False"], "leave --batch_eval_metrics and --eval_do_concat_batches out"),
        (["--do_predict", "--prediction_loss_only"], "leave --prediction_loss_only out"),
        (
            ["--do_train", "--label_names", "긍정"],
            "--label_names are inputs of the model to the library, which knows them: leave it out",
        ),
    ],
)
def test_contradictions(words, expected):
    assert expected in refused(*LEAST, *words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--doc_stride", "-1"], "--doc_stride must be at least 0, not -1"),
        (["--doc_stride", "0", "--legacy_doc_stride"], "--doc_stride must be at least 1, not 0"),
        (["--max_answer_length", "0"], "--max_answer_length must be at least 1 token, not 0"),
        (["--n_best_size", "0"], "--n_best_size must be at least 1 span, not 0"),
    ],
)
def test_contradictions_of_questions(words, expected):
    assert expected in refused(*LEAST, *words, kind=QADataArguments)


def test_a_short_window_needs_no_other_stride():
    assert parse(*LEAST, "--max_seq_length", "64", kind=QADataArguments)[1].doc_stride == 128


def test_resuming_is_asked_for_or_not():
    assert parse(*LEAST, "--resume_from_checkpoint", "False")[2].resume_from_checkpoint is None
    assert parse(*LEAST, "--resume_from_checkpoint", "true")[2].resume_from_checkpoint == "true"


def test_debug_is_no_flag_of_the_arguments():
    assert parse(*LEAST, "--debug")[2].do_train

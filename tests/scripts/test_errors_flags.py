"""What is wrong with flags, recipes and checkpoints: one line with the cure, exit code 2, nothing lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from script_runs import REPOSITORY
from transformers import AutoModel


@pytest.fixture
def ask(fail, encoder, files):
    """`ask(flag=value, ...)`: the error of run_seq_cls.py with these flags on top of sound ones."""

    def _ask(*words, **flags) -> str:
        sound = {"model_name_or_path": encoder, "do_train": True, "train_file": files["seq_cls"]["train_file"]}
        return fail("seq_cls", *words, **(sound | flags))

    return _ask


def test_unknown_flag(ask):
    assert "--lerning_rate" in ask(lerning_rate=1)


def test_value_of_the_wrong_kind(ask):
    assert ask(learning_rate="fast") == (
        "error: argument --learning_rate/--learning-rate: invalid float value: 'fast'; run_seq_cls.py --help lists all flags"
    )


def test_unknown_head(ask):
    message = ask(head="transformer")
    assert "--head: invalid choice: 'transformer'" in message and "dense" in message and "lstm" in message


def test_head_arguments(ask):
    assert "--head_kwargs is not JSON" in ask(head_kwargs="{dropout: 0.2")
    assert "--head_kwargs must be a JSON object" in ask(head_kwargs="[1]")
    message = ask(head="cnn", head_kwargs={"kernels": [2]})
    assert message == (
        "error: the cnn head has no argument 'kernels': valid ones are kernel_sizes, num_filters, dropout"
    )
    assert "the dense head has no argument 'lstm_size'" in ask(head_kwargs={"lstm_size": 5})
    assert "kernel_sizes must be widths of at least 1 token, not [0]" in ask(
        head="cnn", head_kwargs={"kernel_sizes": [0]}
    )


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"do_train": False}, "nothing to do: give at least one of --do_train, --do_eval, --do_predict"),
        ({"train_file": None}, "no data: give "),
        ({"do_eval": True}, "--do_eval needs validation data: give --validation_file, or --validation_split 0.1"),
        ({"do_predict": True}, "--do_predict needs test data: give --test_file"),
        ({"validation_split": 1.5}, "--validation_split must lie between 0 and 1, not 1.5"),
        ({"max_seq_length": 4}, "--max_seq_length must be at least 8 tokens, not 4"),
        ({"dataset_name": "user/data"}, "--dataset_name and --train_file/--validation_file/--test_file exclude each other"),
        ({"model_name_or_path": None}, "nothing to train: give --model_name_or_path, or --config_name to train from scratch"),
        ({"config_name": "x"}, "--config_name trains from scratch and --model_name_or_path does not: give one of them"),
        ({"early_stopping_patience": 2}, "--early_stopping_patience needs --load_best_model_at_end"),
        ({"resume_from_checkpoint": True}, "--resume_from_checkpoint: there is no checkpoint in"),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint: there is no folder nowhere"),
        ({"model_name_or_path": "nowhere/at-all"}, "no configuration at 'nowhere/at-all'"),
        ({"tokenizer_name": "nowhere/at-all"}, "no tokenizer at 'nowhere/at-all'"),
        ({"load_best_model_at_end": True, "eval_strategy": "epoch", "save_strategy": "steps"}, "--load_best_model_at_end"),
    ],
)  # fmt: skip
def test_contradictions(flags, expected, ask):
    assert expected in ask(**flags)


def test_unknown_best_metric(ask, files):
    flags = {"eval_strategy": "epoch", "save_strategy": "best", "metric_for_best_model": "f2", "num_train_epochs": 1}
    message = ask(validation_file=files["seq_cls"]["validation_file"], **flags)
    assert message.startswith("error: --metric_for_best_model f2 is not among ")
    assert "accuracy" in message and "macro_f1" in message


def test_recipes(ask, tmp_path):
    (tmp_path / "a.yaml").write_text("do_train: true\n\nlearnin_rate: 1e-3\n", encoding="utf-8")
    assert (
        ask(tmp_path / "a.yaml")
        == f"error: {tmp_path}/a.yaml, row 3: unknown key 'learnin_rate'; did you mean 'learning_rate'?"
    )
    (tmp_path / "b.json").write_text('{"xyzzy": 1}', encoding="utf-8")
    assert "row 1: unknown key 'xyzzy'; --help lists the flags" in ask(tmp_path / "b.json")
    (tmp_path / "c.yaml").write_text("- do_train\n", encoding="utf-8")
    assert "c.yaml: a recipe is a mapping, one 'flag: value' a line" in ask(tmp_path / "c.yaml")
    (tmp_path / "d.yaml").write_text("do_train: [true\n", encoding="utf-8")
    assert "d.yaml: is neither YAML nor JSON" in ask(tmp_path / "d.yaml")
    assert "e.yaml: cannot read the recipe (No such file or directory)" in ask(tmp_path / "e.yaml")


def test_checkpoints_of_an_earlier_run_are_kept(ask, tmp_path):
    (tmp_path / "earlier" / "checkpoint-5").mkdir(parents=True)
    (tmp_path / "earlier" / "checkpoint-5" / "model.safetensors").write_text("dear", encoding="utf-8")
    message = ask(output_dir=tmp_path / "earlier")
    assert message.startswith(
        f"error: {tmp_path}/earlier holds checkpoints of an earlier run: --resume_from_checkpoint true"
    )


# Checkpoints


def test_another_head_than_the_checkpoint_has(ask, learn):
    folder = learn("seq_cls", head="cnn").folder
    message = ask(model_name_or_path=folder, head="lstm")
    assert f"the checkpoint {folder} has the head 'cnn'; leave --head lstm out, or begin with its encoder" in message
    message = ask(model_name_or_path=folder, head_kwargs={"dropout": 0.5})
    assert f"the checkpoint {folder} keeps its head's arguments; leave --head_kwargs out" in message
    message = ask(model_name_or_path=None, config_name=folder)
    assert f"--config_name {folder} is a whole checkpoint; give it as --model_name_or_path" in message


@pytest.mark.parametrize("other", ["seq_cls", "token_cls", "qa"])
def test_the_checkpoint_of_another_script(task, other, fail, learn, files):
    if other != task:
        folder = learn(other, head="cnn").folder
        message = fail(task, model_name_or_path=folder, do_predict=True, test_file=files[task]["test_file"])
        assert message.startswith(f"error: {folder} is a HeadedEncoderFor") and "this script trains a Headed" in message


def test_a_bare_encoder_cannot_predict(task, fail, encoder, files):
    message = fail(task, model_name_or_path=encoder, do_predict=True, test_file=files[task]["test_file"])
    assert message.startswith(
        "error: without --do_train, --model_name_or_path must be a checkpoint of this project or a "
    )
    assert message.endswith(f"; {encoder} is a ElectraModel")


def test_no_weights(ask, encoder, tmp_path):
    folder = shutil.copytree(encoder, tmp_path / "hollow")
    (folder / "model.safetensors").unlink()
    assert ask(model_name_or_path=folder) == (
        f"error: {folder}: no weights (*.safetensors) in this folder; --config_name trains from scratch"
    )


def test_pickled_weights_and_the_cure(ask, run, encoder, files, tmp_path):
    folder = shutil.copytree(encoder, tmp_path / "pickled")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    message = ask(model_name_or_path=folder)
    cure = "from transformers import AutoModel as A; A.from_pretrained('.').save_pretrained('.')"
    assert message.startswith(f"error: {folder}: pytorch_model.bin is a pickle, which can run code when it is loaded;")
    assert message.endswith(f'python -c "{cure}"')
    AutoModel.from_pretrained(folder).save_pretrained(folder)
    file = files["seq_cls"]["train_file"]
    run("seq_cls", model_name_or_path=folder, do_train=True, train_file=file, max_steps=1, save_strategy="no")


def test_weights_of_another_model(ask, encoder, learn, tmp_path):
    folder = shutil.copytree(encoder, tmp_path / "half")
    weights = load_file(folder / "model.safetensors")
    save_file({name: values for name, values in weights.items() if "layer.1" not in name}, folder / "model.safetensors")
    assert f"{folder} lacks 16 weights of a model of its type, electra (encoder.layer.1." in ask(
        model_name_or_path=folder
    )
    folder = shutil.copytree(learn("seq_cls", head="cnn").folder, tmp_path / "headless")
    weights = load_file(folder / "model.safetensors")
    save_file({name: values for name, values in weights.items() if "head." not in name}, folder / "model.safetensors")
    assert f"{folder} lacks 8 weights of a model of its type, headed_encoder (head." in ask(model_name_or_path=folder)
    folder = shutil.copytree(encoder, tmp_path / "wide")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 64}), encoding="utf-8")
    message = ask(model_name_or_path=folder)
    assert message.startswith(f"error: {folder}: its config.json and 32 of its weights do not agree about sizes (")
    assert "embeddings_project.bias is 32, by config.json 64); take both from one model" in message


# Exit codes, in a process of one's own


def python(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *words], cwd=REPOSITORY, capture_output=True, text=True)


def test_as_the_shell_sees_it(tmp_path):
    done = python("run_seq_cls.py", "--output_dir", str(tmp_path / "run"), "--do_train", "--train_file", "nowhere.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: nothing to train: give --model_name_or_path, or --config_name to train from scratch\n"
    )
    assert not (tmp_path / "run").exists()


def test_debug_shows_the_traceback(run, encoder, tmp_path):
    flags = {"model_name_or_path": encoder, "do_train": True, "train_file": tmp_path / "a.csv"}
    outcome = run("seq_cls", "--debug", code=2, **flags)
    assert "Traceback (most recent call last)" in outcome.stderr
    assert f"utils.errors.UserError: {tmp_path}/a.csv: no such file" in outcome.stderr


def test_help(run, task):
    outcome = run(task, "--help")
    assert "--head_kwargs" in outcome.stdout and "--learning_rate" in outcome.stdout
    assert "--debug               Show the traceback of an error." in outcome.stdout

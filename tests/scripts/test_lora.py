"""Runs with adapters: what they leave is an ordinary checkpoint, whatever happens on the way."""

from __future__ import annotations

import signal

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from script_runs import as_flags
from small_data import WINDOWS
from test_resume import assert_same_weights, kill_in_the_middle
from transformers import AutoModel, AutoModelForSequenceClassification

from utils.arguments import parse_arguments
from utils.arguments.data import SequenceDataArguments
from utils.errors import UserError

LORA = {"lora": '{"r": 4, "lora_dropout": 0.1}', "learning_rate": 1e-2, "head_learning_rate": 1e-3}


@pytest.fixture
def train(run, encoder, files):
    def _train(task: str, **flags):
        options = {"model_name_or_path": encoder, "do_train": True, "max_steps": 13, "save_steps": 4}
        options |= {"train_file": files[task]["train_file"], "per_device_train_batch_size": 8} | LORA | WINDOWS[task]
        return run(task, **(options | flags))

    return _train


def test_an_ordinary_checkpoint(task, learn, encoder, run, files):
    """Its predictions are those of the run; the encoder's own bits are where no adapter was; peft reads the adapter."""
    flags = {"crf": True} if task == "token_cls" else {}
    trained = learn(task, head="lstm", use_last_layers=2, **LORA, **flags)
    weights, before = load_file(trained.folder / "model.safetensors"), load_file(encoder / "model.safetensors")
    adapter = load_file(trained.folder / "adapter" / "adapter_model.safetensors")
    adapted = {name.removeprefix("base_model.model.").rpartition(".lora_")[0] for name in adapter}
    for name, value in before.items():
        same = torch.equal(weights[f"encoder.{name}"], value)
        assert same != (name.removesuffix(".weight") in adapted), name
    again = run(
        task,
        model_name_or_path=trained.folder,
        do_predict=True,
        test_file=files[task]["test_file"],
        per_device_eval_batch_size=4,
        **WINDOWS[task],
    )
    assert again.predictions == trained.predictions
    encoder_again = PeftModel.from_pretrained(AutoModel.from_pretrained(encoder), trained.folder / "adapter")
    merged = encoder_again.merge_and_unload().state_dict()
    for name, value in merged.items():
        torch.testing.assert_close(weights[f"encoder.{name}"], value, atol=1e-6, rtol=0)
    sizes = trained.read("run.json")["parameters"]
    own = sum(value.numel() for name, value in weights.items() if not name.startswith("encoder."))
    assert sizes == {
        "trained": own + sum(value.numel() for value in adapter.values()),
        "all": sum(value.numel() for value in weights.values()),
    }
    card = (trained.folder / "README.md").read_text(encoding="utf-8")
    assert f"LoRA: {sizes['trained']:,} parameters were trained" in card


def test_killed_and_resumed(train):
    task, flags = "token_cls", {"head": "cnn", "crf": True}
    whole = train(task, **flags)
    killed = train(task, **flags, before=kill_in_the_middle, code=-signal.SIGKILL)
    # A checkpoint on the way is whole as well, head and all.
    saved = load_file(killed.folder / "checkpoint-8" / "model.safetensors")
    assert saved.keys() == load_file(whole.folder / "model.safetensors").keys()
    resumed = train(task, **flags, output_dir=killed.folder, resume_from_checkpoint=True)
    assert_same_weights(whole, resumed)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (resumed.folder / "adapter" / name).read_bytes() == (whole.folder / "adapter" / name).read_bytes()
    again = train(task, **flags, output_dir=killed.folder, resume_from_checkpoint=True)  # of no step
    assert_same_weights(whole, again)


@pytest.mark.long
def test_the_best_checkpoint(train, files):
    flags = {"do_eval": True, "validation_file": files["seq_cls"]["validation_file"], "eval_strategy": "steps"}
    flags |= {"load_best_model_at_end": True, "metric_for_best_model": "accuracy", "eval_steps": 4, "logging_steps": 4}
    outcome = train("seq_cls", head="lstm", **flags)
    state = outcome.read("trainer_state.json")
    best = outcome.folder / f"checkpoint-{state['best_global_step']}"
    expected, found = (load_file(folder / "model.safetensors") for folder in (best, outcome.folder))
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert outcome.metrics("eval")["eval_accuracy"] == pytest.approx(state["best_metric"])
    model = AutoModelForSequenceClassification.from_pretrained(best, trust_remote_code=True)
    assert all(torch.equal(expected[name], value) for name, value in model.state_dict().items())


@pytest.mark.long
@pytest.mark.parametrize("more", [{"bf16": True, "gradient_checkpointing": True}, {"layerwise_lr_decay": 0.5}])
def test_with_other_flags(more, train):
    outcome = train("token_cls", head="lstm", **more)
    weights = load_file(outcome.folder / "model.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.float32}
    assert all(torch.isfinite(value).all() for value in weights.values())


@pytest.mark.long
def test_two_processes_are_one(run, run_two, sober_encoder, files):  # noqa: F811
    """Two processes with batches of four are one with batches of eight."""
    flags = {"model_name_or_path": sober_encoder, "train_file": files["seq_cls"]["train_file"], "do_train": True}
    flags |= {
        "max_steps": 4,
        "save_strategy": "no",
        "lora": "{}",
        "learning_rate": 1e-2,
        "head_kwargs": '{"dropout": 0.0}',
    }
    flags |= {"train_sampling_strategy": "sequential", "optim": "sgd"}
    one = run("seq_cls", per_device_train_batch_size=8, **flags)
    two = run_two("seq_cls", per_device_train_batch_size=4, **flags)
    expected, found = (load_file(outcome.folder / "model.safetensors") for outcome in (one, two))
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"lora": "8"}, '--lora must be a JSON object like {"r": 16}, not 8'),
        ({"lora": "{r: 8}"}, "--lora is not JSON"),
        ({"lora": '{"rank": 8}'}, "--lora has no 'rank': valid ones are r, lora_alpha, lora_dropout, target_modules"),
        ({"lora": '{"r": 0}'}, "--lora: r must be a whole number from 1 on, not 0"),
        ({"lora": '{"r": true}'}, "not true"),
        ({"lora": '{"lora_dropout": 1}'}, "--lora: lora_dropout must be at least 0 and below 1, not 1"),
        ({"lora": '{"target_modules": [1]}'}, "--lora: target_modules must be names of layers"),
        (
            {"lora": "{}", "freeze_encoder": True},
            "--lora freezes the encoder and trains adapters in it, without --freeze_enc",
        ),
        (
            {"lora": "{}", "unfreeze_after": 1},
            "--lora freezes the encoder and trains adapters in it, without --unfreeze_af",
        ),
        ({"lora": "{}", "do_train": None, "do_predict": True}, "--lora is about training"),
        (
            {"lora": "{}", "model_name_or_path": None, "config_name": "x"},
            "--lora would leave the encoder of --config_name",
        ),
    ],
)
def test_what_cannot_be(flags, message, tmp_path):
    options = {"model_name_or_path": "x", "train_file": "t.csv", "do_train": True, "output_dir": tmp_path} | flags
    with pytest.raises(UserError) as caught:
        parse_arguments(SequenceDataArguments, as_flags(options))
    assert message in str(caught.value)


def test_without_peft(tmp_path, monkeypatch):
    monkeypatch.setattr("utils.arguments.checks.is_peft_available", lambda: False)
    options = {"model_name_or_path": "x", "train_file": "t.csv", "do_train": True, "output_dir": tmp_path}
    parse_arguments(SequenceDataArguments, as_flags(options))
    with pytest.raises(UserError) as caught:
        parse_arguments(SequenceDataArguments, as_flags(options | {"lora": "{}"}))
    assert str(caught.value) == "--lora needs a package that is not installed: pip install peft"


def test_one_way_to_write_it(tmp_path):
    options = {"model_name_or_path": "x", "train_file": "t.csv", "do_train": True, "output_dir": tmp_path}
    written = [
        parse_arguments(SequenceDataArguments, as_flags(options | {"lora": text})).training.lora
        for text in ('{"r":4,"lora_alpha":8}', '{"lora_alpha": 8, "r": 4}')
    ]
    assert written == ['{"lora_alpha": 8, "r": 4}'] * 2


def test_a_full_checkpoint_is_not_taken_for_one_with_adapters(train):
    ordinary = train("seq_cls", lora=None, max_steps=4)
    outcome = train("seq_cls", output_dir=ordinary.folder, resume_from_checkpoint=True, code=2)
    assert "it was begun without --lora, and this run has it" in outcome.stderr and outcome.stderr.count("\n") == 1

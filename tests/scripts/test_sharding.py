"""FSDP2 and DeepSpeed's ZeRO with two or four processes on a CPU: the weights, scores and files of as many that hold the whole model.

`sharded_processes` says what had to be patched for a CPU. Nothing here runs on a GPU.
"""

from __future__ import annotations

import importlib.util
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from sharded_processes import DIVIDED, connect, divide
from small_data import WINDOWS
from transformers import AutoModelForSequenceClassification

TRAINING = {"do_train": True, "max_steps": 5, "per_device_train_batch_size": 4, "optim": "sgd", "learning_rate": 0.1}
TRAINING |= {"save_strategy": "no", "train_sampling_strategy": "random"}
FSDP = {"fsdp": True, "before": {0: divide, 1: divide}}
OF_FSDP = {"optimizer.bin", "pytorch_model_fsdp.bin", "optimizer_0", "pytorch_model_fsdp_0"}  # in its checkpoints


def zero(stage: int) -> dict:
    config = {"zero_optimization": {"stage": stage, "stage3_gather_16bit_weights_on_model_save": stage == 3}}
    config |= {name: "auto" for name in ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_clipping")}
    config["gradient_accumulation_steps"] = "auto"
    return {"deepspeed": config, "before": {0: connect, 1: connect}}


@pytest.fixture
def deepspeed(monkeypatch):
    if importlib.util.find_spec("deepspeed") is None:
        pytest.skip("needs DeepSpeed, which is no dependency: pip install deepspeed")
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")


def assert_same_weights(one, other, atol: float = 0.0) -> None:
    expected, found = (load_file(outcome.folder / "model.safetensors") for outcome in (one, other))
    assert expected.keys() == found.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=atol, rtol=0)


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def rates_by_hand(groups: dict[str, list[float]]) -> dict[str, list[float]]:
    """Of an encoder with two layers at 0.1, halved from layer to layer, and a head at 0.01; 0.2 of decay but for biases and norms."""
    expected = {}
    for name in groups:
        rate = 0.01
        if name.startswith("encoder.embeddings"):
            rate = 0.025
        elif name.startswith("encoder."):
            rate = {"0": 0.05, "1": 0.1}[name.removeprefix("encoder.encoder.layer.")[0]]
        expected[name] = [rate, 0.0 if name.endswith("bias") or "LayerNorm" in name else 0.2]
    return expected


RATES = {"layerwise_lr_decay": 0.5, "head_learning_rate": 0.01, "weight_decay": 0.2, "head": "cnn"}


def check(run_two, tmp_path, task, levers, sober_encoder, files, divided, count: int = 2) -> dict:
    """Runs it both ways; gives what was written down when the divided training began."""
    flags = TRAINING | WINDOWS[task] | files[task] | levers | {"do_eval": True, "do_predict": True}
    flags |= {"model_name_or_path": sober_encoder, "per_device_eval_batch_size": 4, "pad_to_max_length": task == "qa"}
    whole = run_two(task, count=count, **flags, output_dir=tmp_path / "whole")
    found = run_two(task, count=count, **flags, **divided, output_dir=tmp_path / "divided")
    assert_same_weights(whole, found, atol=1e-6)
    assert names(found.folder) == names(whole.folder)
    assert (found.folder / "config.json").read_bytes() == (whole.folder / "config.json").read_bytes()
    for stage in ("eval", "predict"):
        assert found.metrics(stage) == pytest.approx(whole.metrics(stage), rel=1e-5)
    assert [row["prediction"] for row in found.predictions] == [row["prediction"] for row in whole.predictions]
    assert found.metrics("train")["train_loss"] == pytest.approx(whole.metrics("train")["train_loss"], rel=1e-5)
    return json.loads((tmp_path / DIVIDED).read_text(encoding="utf-8"))


LEVERS = [
    ("token_cls", {"head": "lstm", "crf": True, "freeze_layers": 1, "use_last_layers": 2, "combine_layers": "concat"}),
    ("qa", {"head": "dense", "freeze_encoder": True}),
    ("seq_cls", {"pooling": "attention", "class_weights": "balanced", "gradient_accumulation_steps": 2}),
]


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 4])
def test_fsdp2(count, run_two, sober_encoder, files, tmp_path):
    divided = FSDP | {"before": dict.fromkeys(range(count), divide)}
    noted = check(run_two, tmp_path, "seq_cls", RATES, sober_encoder, files, divided, count)
    assert noted["groups"] == rates_by_hand(noted["groups"]) and len(noted["groups"]) == 47
    # One layer at a time is gathered, though the library names no layers of this encoder.
    assert {"FSDPElectraLayer", "FSDPHeadedEncoderForSequenceClassification"} <= set(noted["classes"])
    AutoModelForSequenceClassification.from_pretrained(tmp_path / "divided", trust_remote_code=True)


@pytest.mark.long
@pytest.mark.parametrize(("task", "levers"), LEVERS)
def test_levers_under_fsdp2(task, levers, run_two, sober_encoder, files, tmp_path):
    check(run_two, tmp_path, task, levers, sober_encoder, files, FSDP)


@pytest.mark.long
@pytest.mark.parametrize("stage", [2, 3])
def test_zero(stage, deepspeed, run_two, sober_encoder, files, tmp_path):
    noted = check(run_two, tmp_path, "seq_cls", RATES, sober_encoder, files, zero(stage))
    assert noted["optimizer"] == {2: "DeepSpeedZeroOptimizer", 3: "DeepSpeedZeroOptimizer_Stage3"}[stage]
    assert noted["groups"] == rates_by_hand(noted["groups"]) and len(noted["groups"]) == 47


@pytest.mark.long
@pytest.mark.parametrize(
    ("stage", "task", "levers"),
    [
        *((2, task, levers) for task, levers in LEVERS),
        (3, "token_cls", {"head": "lstm", "crf": True}),
        (3, *LEVERS[2]),
    ],
)
def test_levers_under_zero(stage, task, levers, deepspeed, run_two, sober_encoder, files, tmp_path):
    check(run_two, tmp_path, task, levers, sober_encoder, files, zero(stage))


def types_of_weights(outcome) -> set[torch.dtype]:
    return {weight.dtype for weight in load_file(outcome.folder / "model.safetensors").values()}


@pytest.mark.long
def test_bf16_under_fsdp2(run_two, encoder, files):
    found = run_two("seq_cls", model_name_or_path=encoder, bf16=True, **TRAINING, **files["seq_cls"], **FSDP)
    assert types_of_weights(found) == {torch.float32}


@pytest.mark.long
def test_bf16_under_zero(deepspeed, run_two, encoder, files):
    told = zero(2)
    told["deepspeed"]["bf16"] = {"enabled": "auto"}
    found = run_two("seq_cls", model_name_or_path=encoder, bf16=True, **TRAINING, **files["seq_cls"], **told)
    assert types_of_weights(found) == {torch.bfloat16}


def check_resuming(run_two, encoder, files, tmp_path, divided, of_training: set[str]) -> None:
    """A run that goes on from a checkpoint in the middle ends as one that was not interrupted, also with the best weights."""
    flags = TRAINING | {
        "model_name_or_path": encoder,
        "optim": "adamw_torch",
        "learning_rate": 1e-3,
        "save_total_limit": 0,
    }
    flags |= {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2, **RATES}
    flags |= {"load_best_model_at_end": True, "metric_for_best_model": "accuracy"} | files["seq_cls"] | divided
    whole = run_two("seq_cls", **flags, output_dir=tmp_path / "whole")
    assert names(whole.folder / "checkpoint-2") & of_training
    assert "model.safetensors" in names(whole.folder / "checkpoint-2")
    AutoModelForSequenceClassification.from_pretrained(whole.folder / "checkpoint-2", trust_remote_code=True)
    shutil.copytree(whole.folder / "checkpoint-2", tmp_path / "again" / "checkpoint-2")
    again = run_two("seq_cls", **flags, output_dir=tmp_path / "again", resume_from_checkpoint=True)
    assert_same_weights(whole, again)
    assert again.metrics("eval") == whole.metrics("eval")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["FULL_STATE_DICT", "SHARDED_STATE_DICT"])
def test_resuming_under_fsdp2(kind, run_two, encoder, files, tmp_path):
    """Checkpoints that FSDP saves in pieces hold the whole weights beside them."""
    check_resuming(run_two, encoder, files, tmp_path, FSDP | {"fsdp_config": {"state_dict_type": kind}}, OF_FSDP)


@pytest.mark.long
@pytest.mark.parametrize("stage", [2, 3])
def test_resuming_under_zero(stage, deepspeed, run_two, encoder, files, tmp_path):
    check_resuming(run_two, encoder, files, tmp_path, zero(stage), {"latest"})


@pytest.mark.long
def test_a_configuration_that_contradicts_the_flags(deepspeed, run_two, encoder, files):
    told = zero(2)
    told["deepspeed"]["bf16"] = {"enabled": True}
    outcome = run_two("seq_cls", code=2, model_name_or_path=encoder, **TRAINING, **files["seq_cls"], **told)
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and "ds bf16.enabled=True vs hf bf16|bf16_full_eval=False" in lines[0]


def test_fsdp_that_would_divide_nothing(run_two, encoder, files):
    """accelerate leaves FSDP out where there is no GPU, without a word."""
    outcome = run_two("seq_cls", code=2, fsdp=True, model_name_or_path=encoder, **TRAINING, **files["seq_cls"])
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and lines[0].startswith("error: FSDP divides a model between GPUs, one process for each")

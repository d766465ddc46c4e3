"""Recipes and training flags, through the real scripts: what is asked for is what happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from small_data import WINDOWS


@pytest.fixture
def train(run, encoder, files):
    """`train(task, flag=value, ...)`: a run of one step on the small files, unless the flags say more."""

    def _train(task: str, *words, **flags):
        options = {"model_name_or_path": encoder, "do_train": True, "max_steps": 1, "save_strategy": "no"}
        options |= {"train_file": files[task]["train_file"], "validation_file": files[task]["validation_file"]}
        return run(task, *words, **(options | WINDOWS[task] | flags))

    return _train


@pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps])
def test_recipe_with_flags_that_win(write, run, encoder, files, tmp_path):
    recipe = {
        "model_name_or_path": str(encoder),
        "head": "cnn",
        "head_kwargs": {"kernel_sizes": [2], "num_filters": 5},
        "train_file": str(files["seq_cls"]["train_file"]),
        "validation_file": str(files["seq_cls"]["validation_file"]),
        "do_train": True,
        "do_eval": True,
        "max_steps": 3,
        "learning_rate": "1e-3",
        "weight_decay": 0.01,
        "seed": 7,
        "lr_scheduler_type": "constant",
        "save_strategy": "no",
        "pad_to_max_length": None,
    }
    (tmp_path / "recipe").write_text(write(recipe), encoding="utf-8")
    outcome = run("seq_cls", tmp_path / "recipe", max_steps=1, seed=8, do_eval=False)
    record = outcome.read("run.json")
    assert (record["head"], record["head_kwargs"]) == ("cnn", {"kernel_sizes": [2], "num_filters": 5})
    training = record["arguments"]["training"]
    assert (training["max_steps"], training["seed"], record["seed"], training["do_eval"]) == (1, 8, 8, False)
    assert (training["learning_rate"], training["weight_decay"]) == (1e-3, 0.01)
    assert not (outcome.folder / "eval_results.json").exists()
    assert str(tmp_path / "recipe") in record["command"]


def test_same_seed_same_weights_and_another_seed_others(task, train):
    first, second, third = (
        load_file(train(task, head="lstm", max_steps=3, seed=seed).folder / "model.safetensors") for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.out_proj.weight"], third["head.out_proj.weight"])


def test_early_stopping_and_best_model(train, run, files, task):
    metric = {"seq_cls": "accuracy", "token_cls": "entity_f1", "qa": "exact_match"}[task]
    outcome = train(
        task,
        do_eval=True,
        max_steps=-1,
        num_train_epochs=8,
        learning_rate=0.5,  # far too high: it only gets worse
        lr_scheduler_type="constant",
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        metric_for_best_model=metric,
        early_stopping_patience=1,
    )
    state = outcome.read("trainer_state.json")
    scores = [entry[f"eval_{metric}"] for entry in state["log_history"] if f"eval_{metric}" in entry]
    # The last entry is the evaluation of the best weights behind the training.
    assert state["epoch"] < 8
    assert state["best_metric"] == max(scores[:-1]) == outcome.read("eval_results.json")[f"eval_{metric}"]
    best = load_file(Path(state["best_model_checkpoint"]) / "model.safetensors")
    final = load_file(outcome.folder / "model.safetensors")
    assert all(torch.equal(best[name], final[name]) for name in best)


def test_tensorboard_leaves_event_files(train):
    outcome = train("seq_cls", do_eval=True, report_to="tensorboard", max_steps=2, logging_steps=1)
    events = list(outcome.folder.rglob("events.out.tfevents.*"))
    assert events and all(path.stat().st_size > 0 for path in events)
    assert not list(train("seq_cls").folder.rglob("events.out.tfevents.*"))


def test_bf16(task, head, train):
    outcome = train(task, head=head, bf16=True, do_eval=True, max_steps=2)
    weights = load_file(outcome.folder / "model.safetensors")
    assert {values.dtype for values in weights.values()} == {torch.float32}
    assert all(torch.isfinite(values).all() for values in weights.values())
    plain = train(task, head=head, do_eval=True, max_steps=2)
    loss, full = (one.read("eval_results.json")["eval_loss"] for one in (outcome, plain))
    assert loss == pytest.approx(full, rel=0.05) and loss != full


def test_learning_rate_of_the_head(train, encoder, head):
    outcome = train("seq_cls", head=head, learning_rate=0, head_learning_rate=1e-2, max_steps=2, logging_steps=1)
    weights, start = load_file(outcome.folder / "model.safetensors"), load_file(encoder / "model.safetensors")
    assert all(torch.equal(weights[f"encoder.{name}"], start[name]) for name in start)
    logs = [entry for entry in outcome.read("trainer_state.json")["log_history"] if "learning_rate" in entry]
    assert [entry["learning_rate"] for entry in logs] == [0, 0]
    assert [entry["head_learning_rate"] for entry in logs] == pytest.approx([1e-2, 5e-3])
    assert outcome.read("run.json")["changed_from_default"]["head_learning_rate"] == 1e-2

    frozen = train("seq_cls", head=head, learning_rate=1e-2, head_learning_rate=0, max_steps=2)
    fresh = train("seq_cls", head=head, learning_rate=0, max_steps=1)
    one, other = (load_file(outcome.folder / "model.safetensors") for outcome in (frozen, fresh))
    assert all(
        torch.equal(one[name], other[name]) == name.startswith("head.") for name in one if "embedding" not in name
    )


def test_padding_changes_nothing(task, train, learn, run, files):
    trained = learn(task, head="lstm")
    options = {"model_name_or_path": trained.folder, "per_device_eval_batch_size": 4, "pad_to_max_length": True}
    outcome = run(task, do_predict=True, test_file=files[task]["test_file"], **options, **WINDOWS[task])
    assert [row["prediction"] for row in outcome.predictions] == [row["prediction"] for row in trained.predictions]
    metrics, expected = outcome.metrics("predict"), trained.metrics("predict")
    assert metrics == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("flags", [{"dataloader_drop_last": True}, {"remove_unused_columns": False}], ids=list)
def test_flags_that_must_not_lose_a_row(flags, task, learn, train, run, files):
    trained = learn(task, head="cnn")
    options = {"model_name_or_path": trained.folder, "per_device_eval_batch_size": 4} | WINDOWS[task]
    outcome = run(task, do_predict=True, test_file=files[task]["test_file"], **options, **flags)
    assert outcome.predictions == trained.predictions
    assert outcome.metrics("predict") == trained.metrics("predict")
    train(task, do_eval=True, max_train_samples=13, max_steps=2, **flags)


@pytest.mark.parametrize("flag", ["gradient_checkpointing", "bf16_full_eval", "eval_on_start", "full_determinism"])
def test_flags_of_the_library(flag, train):
    outcome = train("token_cls", do_eval=True, head="lstm", max_steps=2, **{flag: True})
    assert 0 <= outcome.metrics("eval")["eval_accuracy"] <= 1


def test_held_out_rows(task, train):
    outcome = train(task, do_eval=True, validation_file=None, validation_split=0.25)
    report = outcome.read("data_report.json")
    assert report["train"]["rows"] + report["validation"]["rows"] == 48
    assert 10 <= report["validation"]["rows"] <= 14
    assert any(" of 48 rows (" in note and "held out" in note for note in outcome.read("run.json")["notes"])


def test_features_come_from_the_cache_in_the_next_run(train, cache, encoder):
    def features() -> set[Path]:
        return set((cache / "electra-heads").glob("*.arrow"))

    train("qa", do_eval=True, max_seq_length=33)
    after_one = features()
    train("qa", do_eval=True, max_seq_length=33)
    assert features() == after_one
    train("qa", do_eval=True, max_seq_length=34)
    assert len(features() - after_one) == 2

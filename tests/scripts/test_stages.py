"""Every script with every head: training, evaluation and prediction, together and one by one."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from small_data import WINDOWS

KEYS = {
    "seq_cls": {"accuracy", "macro_f1"},
    "token_cls": {"accuracy", "entity_f1", "entity_macro_f1", "entity_precision", "entity_recall"}
    | {"char_macro_f1", "char_macro_f1_without_o"},
    "qa": {"exact_match", "f1"},
}


def test_train_evaluate_predict(task, head, learn):
    outcome = learn(task, head=head)
    assert outcome.stderr == ""
    config = outcome.read("config.json")
    assert (config["model_type"], config["head"]) == ("headed_encoder", head)
    assert outcome.metrics("train").keys() == {"train_loss", "train_samples"}
    for stage, samples in (("eval", 15), ("predict", 17)):
        metrics = outcome.metrics(stage)
        assert metrics.keys() >= {f"{stage}_{name}" for name in KEYS[task] | {"loss", "samples"}}
        assert metrics[f"{stage}_samples"] == samples
        scale = 100 if task == "qa" else 1
        assert all(0 <= metrics[f"{stage}_{name}"] <= scale for name in KEYS[task])
    assert len(outcome.predictions) == 17


def test_stages_alone_from_the_checkpoint_repeat_the_run_that_trained_it(task, head, learn, run, files):
    trained = learn(task, head=head)
    options = {"model_name_or_path": trained.folder, "per_device_eval_batch_size": 4} | WINDOWS[task]
    evaluated = run(task, do_eval=True, validation_file=files[task]["validation_file"], **options)
    assert evaluated.metrics("eval") == trained.metrics("eval")
    predicted = run(task, do_predict=True, test_file=files[task]["test_file"], **options)
    assert predicted.metrics("predict") == trained.metrics("predict")
    # torch's LSTM reads weights at other addresses in other ways: scores can differ behind the sixth digit.
    assert [row | {"score": 0, "n_best": 0} for row in predicted.predictions] == [
        row | {"score": 0, "n_best": 0} for row in trained.predictions
    ]


@pytest.mark.long
def test_learns(task, run, encoder, files):
    """The labels reach the rows that they belong to: the training rows are learned by heart."""
    file = files[task]["train_file"]
    options = {"learning_rate": 1e-3, "num_train_epochs": 30, "save_strategy": "no"} | WINDOWS[task]
    stages = {"do_train": True, "train_file": file, "do_eval": True, "validation_file": file}
    metrics = run(task, model_name_or_path=encoder, head="lstm", **stages, **options).metrics("eval")
    name, least = {"seq_cls": ("accuracy", 0.95), "token_cls": ("entity_f1", 0.9), "qa": ("exact_match", 80)}[task]
    assert metrics[f"eval_{name}"] >= least


def test_a_checkpoint_can_be_trained_further(task, learn, run, files):
    trained = learn(task, head="cnn")
    options = {"learning_rate": 0, "num_train_epochs": 1, "save_strategy": "no"} | WINDOWS[task]
    outcome = run(
        task, model_name_or_path=trained.folder, do_train=True, train_file=files[task]["train_file"], **options
    )
    assert outcome.read("run.json")["head"] == "cnn"
    assert any("head: cnn, kept from the checkpoint" in note for note in outcome.read("run.json")["notes"])
    before, after = (load_file(folder / "model.safetensors") for folder in (trained.folder, outcome.folder))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    configs = [one.read("config.json") for one in (trained, outcome)]
    assert configs[0] == configs[1]


def test_from_scratch_with_head_arguments(task, run, encoder, files, head):
    arguments = {
        "dense": {"dropout": 0.3},
        "cnn": {"kernel_sizes": [3], "num_filters": 7},
        "lstm": {"lstm_size": 6},
    }.get(head, {"dropout": 0.3})
    outcome = run(
        task,
        config_name=encoder,
        head=head,
        head_kwargs=arguments,
        do_train=True,
        train_file=files[task]["train_file"],
        max_steps=1,
        save_strategy="no",
        **WINDOWS[task],
    )
    config = outcome.read("config.json")
    assert config["head_kwargs"] == arguments
    weights = load_file(outcome.folder / "model.safetensors")
    assert (
        weights["head.out_proj.weight"].shape[1]
        == {
            "dense": 32,
            "cnn": 7 if task == "seq_cls" else 7 + 32,
            "lstm": 12,
        }[head]
    )


@pytest.mark.parametrize("limit", ["max_train_samples", "max_eval_samples", "max_predict_samples"])
def test_first_rows_only(limit, run, encoder, files):
    stages = {"do_train": True, "do_eval": True, "do_predict": True}
    outcome = run("seq_cls", model_name_or_path=encoder, max_steps=1, **stages, **files["seq_cls"], **{limit: 5})
    samples = outcome.read("all_results.json")
    expected = {"train": 48, "eval": 15, "predict": 17} | {limit.split("_")[1]: 5}
    assert {stage: samples[f"{stage}_samples"] for stage in expected} == expected
    assert len(outcome.predictions) == expected["predict"]

"""A run that was cut off and resumed ends with the very weights of the run that was not."""

from __future__ import annotations

import os
import signal

import pytest
import torch
from safetensors.torch import load_file
from small_data import WINDOWS
from transformers import DefaultFlowCallback

DYING_STEP = 10
OPTIONS = {"do_train": True, "max_steps": 13, "save_steps": 4, "learning_rate": 1e-3}
# About six batches an epoch: the checkpoint behind step 8 lies in the middle of the second one.
BATCHES = {"seq_cls": 8, "token_cls": 10, "qa": 16}


def at_step(step: int, act) -> None:
    """Has Trainer call `act` behind a step."""
    proceed = DefaultFlowCallback.on_step_end

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == step:
            act()
        return proceed(self, args, state, control, **kwargs)

    DefaultFlowCallback.on_step_end = on_step_end


def kill_in_the_middle() -> None:
    at_step(DYING_STEP, lambda: os.kill(os.getpid(), signal.SIGKILL))


def fail_in_the_middle() -> None:
    def fail():
        raise RuntimeError("the machine is on fire")

    at_step(DYING_STEP, fail)


@pytest.fixture
def train(run, encoder, files):
    def _train(task: str, **flags):
        options = {"model_name_or_path": encoder, "train_file": files[task]["train_file"]}
        options |= OPTIONS | WINDOWS[task] | {"per_device_train_batch_size": BATCHES[task]}
        return run(task, **(options | flags))

    return _train


def assert_same_weights(one, other) -> None:
    expected, found = (load_file(outcome.folder / "model.safetensors") for outcome in (one, other))
    assert expected.keys() == found.keys()
    for name in expected:
        assert torch.equal(expected[name], found[name]), name


@pytest.mark.parametrize("order", ["group_by_length", "random"])
def test_killed_in_the_middle_of_an_epoch(task, order, train):
    flags = {"train_sampling_strategy": order, "head": "cnn"}
    whole = train(task, **flags)
    killed = train(task, **flags, before=kill_in_the_middle, code=-signal.SIGKILL)
    assert sorted(path.name for path in killed.folder.iterdir()) == ["checkpoint-4", "checkpoint-8"]
    assert 1.1 < killed.read("checkpoint-8/trainer_state.json")["epoch"] < 1.9
    resumed = train(task, **flags, output_dir=killed.folder, resume_from_checkpoint=True)
    assert resumed.read("trainer_state.json")["global_step"] == 13
    assert_same_weights(whole, resumed)
    losses = [
        [entry["loss"] for entry in one.read("trainer_state.json")["log_history"] if "loss" in entry]
        for one in (whole, resumed)
    ]
    assert losses[0] == losses[1]


@pytest.mark.long
@pytest.mark.parametrize("order", ["group_by_length", "random"])
def test_at_the_end_of_an_epoch_with_everything_on(order, train, files):
    """Accumulation, two learning rates, evaluation on the way, bf16 and a head with a state."""
    flags = {
        "train_sampling_strategy": order,
        "head": "lstm",
        "head_learning_rate": 1e-2,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 4,
        "save_steps": 3,
        "bf16": True,
        "eval_strategy": "steps",
        "eval_steps": 2,
        "validation_file": files["seq_cls"]["validation_file"],
        "data_seed": 5,
    }
    whole = train("seq_cls", **flags)
    killed = train("seq_cls", **flags, before=kill_in_the_middle, code=-signal.SIGKILL)
    assert killed.read("checkpoint-9/trainer_state.json")["epoch"] == 3
    assert_same_weights(whole, train("seq_cls", **flags, output_dir=killed.folder, resume_from_checkpoint=True))


def test_at_the_end_of_an_epoch_that_is_evaluated(train, files):
    """Evaluation draws a random number of its own, so a checkpoint of that step has to stand behind it."""
    flags = {
        "per_device_train_batch_size": 12,
        "eval_strategy": "epoch",
        "logging_steps": 1,
        "validation_file": files["seq_cls"]["validation_file"],
    }
    whole = train("seq_cls", **flags)
    killed = train("seq_cls", **flags, before=kill_in_the_middle, code=-signal.SIGKILL)
    assert killed.read("checkpoint-8/trainer_state.json")["epoch"] == 2
    resumed = train("seq_cls", **flags, output_dir=killed.folder, resume_from_checkpoint=True)
    assert_same_weights(whole, resumed)
    histories = [one.read("trainer_state.json")["log_history"] for one in (whole, resumed)]
    assert [entry.keys() for entry in histories[0]] == [entry.keys() for entry in histories[1]]
    last = whole.read("checkpoint-13/trainer_state.json")["log_history"][-1]  # in the middle of an epoch, and evaluated
    assert last["step"] == 13 and "eval_loss" in last


def test_an_error_inside_is_a_traceback_and_the_run_can_be_resumed(train):
    whole = train("seq_cls")
    failed = train("seq_cls", before=fail_in_the_middle, code=1)
    assert "Traceback" in failed.stderr and "RuntimeError: the machine is on fire" in failed.stderr
    named = train("seq_cls", output_dir=failed.folder, resume_from_checkpoint=failed.folder / "checkpoint-4")
    assert_same_weights(whole, named)


def test_a_finished_run_that_is_resumed_stays_as_it_is(train, files):
    """Its last step lies in the middle of an epoch."""
    flags = {"do_eval": True, "validation_file": files["seq_cls"]["validation_file"], "max_steps": 9}
    whole = train("seq_cls", **flags)
    results, weights = whole.read("train_results.json"), (whole.folder / "model.safetensors").read_bytes()
    again = train("seq_cls", **flags, output_dir=whole.folder, resume_from_checkpoint=True)
    assert again.read("train_results.json") == results and results["train_loss"] > 0.1
    assert (whole.folder / "model.safetensors").read_bytes() == weights
    assert {path.name for path in whole.folder.glob("checkpoint-*")} == {"checkpoint-8", "checkpoint-9"}
    assert again.read("trainer_state.json")["global_step"] == 9
    assert again.metrics("eval") == whole.metrics("eval")
    assert "training: no step was left to make" in again.stdout
    assert "seconds" not in (again.folder / "README.md").read_text(encoding="utf-8")
    assert "do not match" not in again.stdout + again.stderr  # --logging_steps is a share of all steps
    further = train("seq_cls", **flags | {"max_steps": 11}, output_dir=whole.folder, resume_from_checkpoint=True)
    assert further.read("trainer_state.json")["global_step"] == 11
    assert further.read("train_results.json") != results


def test_epochs_differ_in_their_order_and_runs_do_not(train):
    """The order depends on seed and epoch alone: another head, which draws other numbers, sees the same batches."""
    losses = []
    for flags in ({"head": "dense"}, {"head": "dense"}, {"head": "dense", "data_seed": 3}):
        flags |= {"learning_rate": 0, "max_steps": 12, "logging_steps": 1, "save_strategy": "no"}
        history = train("seq_cls", **flags).read("trainer_state.json")["log_history"]
        losses.append([entry["loss"] for entry in history if "loss" in entry])
    assert losses[0] == losses[1] != losses[2]
    assert losses[0][:6] != losses[0][6:]

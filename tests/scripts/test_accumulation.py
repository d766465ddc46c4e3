"""Eight rows at once and four times two are the same step: same order, same loss, same weights."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from small_data import WINDOWS

FLAGS = {
    "do_train": True,
    "max_train_samples": 13,  # the last batch of an epoch is not whole, and not even
    "max_steps": 8,
    "optim": "sgd",  # Adam would blow the rounding errors of gradients near zero up to whole steps
    "learning_rate": 0.03,  # larger steps would blow up the rounding errors of some processors
    "logging_steps": 1,
    "save_strategy": "no",
}


@pytest.mark.parametrize("order", ["group_by_length", "random"])
def test_eight_at_once_equal_four_times_two(task, order, run, sober_encoder, files, encoder):
    flags = FLAGS | WINDOWS[task] | {"train_sampling_strategy": order, "head": "cnn"}
    if task == "qa":  # the softmax over a window includes its padding, so windows of one length are compared
        flags["pad_to_max_length"] = True
    ends, losses = [], []
    for size, steps in ((8, 1), (2, 4)):
        batches = {"per_device_train_batch_size": size, "gradient_accumulation_steps": steps}
        file = files[task]["train_file"]
        outcome = run(task, model_name_or_path=sober_encoder, train_file=file, **batches, **flags)
        ends.append(load_file(outcome.folder / "model.safetensors"))
        history = outcome.read("trainer_state.json")["log_history"]
        losses.append([entry["loss"] for entry in history if "loss" in entry])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for name in ends[0]:
        torch.testing.assert_close(ends[0][name], ends[1][name], atol=1e-6, rtol=0)
    start = load_file(encoder / "model.safetensors")
    moved = max(float((ends[0][f"encoder.{name}"] - values).abs().max()) for name, values in start.items())
    assert moved > 1e-3

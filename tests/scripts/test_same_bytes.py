"""The same command gives the same bytes, in another interpreter: in each of them sets and hashes have an order of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from script_runs import REPOSITORY, SCRIPTS, as_flags
from small_data import WINDOWS

FLAGS = {"do_train": True, "do_predict": True, "max_steps": 3, "learning_rate": 1e-3, "save_strategy": "no"}
# By name a task and what has an order of its own: rows, batches, processes that load or tokenize, layers, labels, parameters.
COMMANDS = {
    "dense": ("seq_cls", {"head": "dense", "class_weights": "balanced", "dataloader_num_workers": 2}),
    "cnn": ("token_cls", {"head": "cnn", "crf": True, "lora": "{}", "train_sampling_strategy": "group_by_length"}),
    "lstm": ("qa", {"head": "lstm", "bf16": True, "layerwise_lr_decay": 0.9, "preprocessing_num_workers": 2}),
}


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_command_twice(name, encoder, files, tmp_path):
    task, more = COMMANDS[name]
    flags = {"model_name_or_path": encoder} | files[task] | FLAGS | WINDOWS[task] | more
    for seed in ("1", "2"):
        words = as_flags(flags | {"output_dir": tmp_path / seed})
        own = {"PYTHONHASHSEED": seed, "HF_DATASETS_CACHE": str(tmp_path / f"cache-{seed}")}
        command = [sys.executable, str(REPOSITORY / SCRIPTS[task]), *words]
        subprocess.run(command, env=os.environ | own, check=True, capture_output=True)
    one, two = ({path.name: path for path in (tmp_path / seed).rglob("*") if path.is_file()} for seed in ("1", "2"))
    told = {
        "run.json",
        "README.md",
        "all_results.json",
        "train_results.json",
        "predict_results.json",
        "trainer_state.json",
    }
    told |= {"training.png"}  # seconds, folders and commands are in these
    assert one.keys() == two.keys() >= {"model.safetensors", "config.json", "predictions.jsonl"}
    assert [name for name in sorted(one.keys() - told) if one[name].read_bytes() != two[name].read_bytes()] == []

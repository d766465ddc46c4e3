"""The recipes: their values are the published ones, and they evaluate as published."""

from __future__ import annotations

import math
import re

import pytest
import yaml
from published_recipes import EXPECTED, RECIPES, parse_command, script_of
from transformers.trainer_callback import TrainerState

from utils.arguments import HeadTrainingArguments

KLUE_ROWS = {"ynat": 45_678, "klue-sts": 11_668, "klue-nli": 24_998, "klue-ner": 21_008, "klue-re": 32_470}
KLUE_ROWS["klue-mrc"] = 17_554  # questions; there are more windows


# What they say


def test_one_recipe_for_every_published_row():
    assert RECIPES.keys() == EXPECTED.keys() and len(RECIPES) == 21


@pytest.mark.parametrize("name", EXPECTED)
def test_published_values(name):
    recipe = yaml.safe_load(RECIPES[name].read_text(encoding="utf-8"))
    if name.startswith("klue/"):
        interval = recipe.pop("eval_steps")
        assert interval == recipe.pop("save_steps") == pytest.approx(1 / (4 * recipe["num_train_epochs"]), rel=1e-6)
    assert recipe == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_source_and_command(name, tmp_path, monkeypatch):
    """The comment names the source, and its command is the one that runs the recipe."""
    first, second, *_ = RECIPES[name].read_text(encoding="utf-8").splitlines()
    assert re.match(r"# Source: \S+ at [0-9a-f]{7}, (run_all\.sh l\.\d+|finetune/config/|README l\.\d+)", second)
    assert first.startswith(f"# python {script_of(name)} recipes/{name}.yaml ")
    parsed = parse_command(first.removeprefix("# "), tmp_path, monkeypatch)
    assert parsed["task_name"] == EXPECTED[name]["task_name"]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_left_to_the_defaults(name, tmp_path, monkeypatch):
    """AdamW without weight decay, linear schedule, gradients clipped at 1, answers of at most 30 tokens, 20 of them."""
    command = f"python {script_of(name)} recipes/{name}.yaml --data_dir data --output_dir runs/x"
    parsed = parse_command(command, tmp_path, monkeypatch)
    values = {
        "weight_decay": 0.0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_epsilon": 1e-8,
        "lr_scheduler_type": "linear",
        "max_grad_norm": 1.0,
        "gradient_accumulation_steps": 1,
        "label_smoothing_factor": 0.0,
    }
    if script_of(name) == "run_qa.py":
        values |= {"max_answer_length": 30, "n_best_size": 20, "null_score_diff_threshold": None}
        values["version_2_with_negative"] = name.startswith("klue/")
    assert {key: parsed[key] for key in values} == values
    assert parsed["optim"] in ("adamw_torch", "adamw_torch_fused")


# How often they evaluate


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("klue/")])
def test_four_evaluations_an_epoch_at_the_real_size(name, tmp_path):
    recipe = yaml.safe_load(RECIPES[name].read_text(encoding="utf-8"))
    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_eval=True)
    arguments.eval_steps = arguments.save_steps = recipe["eval_steps"]
    rows, batch, epochs = (
        KLUE_ROWS[recipe["task_name"]],
        recipe["per_device_train_batch_size"],
        recipe["num_train_epochs"],
    )
    windows = range(rows, 6 * rows, 1_111)  # of questions, whatever the tokenizer
    sizes = windows if recipe["task_name"] == "klue-mrc" else [rows]
    for size in sizes:
        steps = math.ceil(size / batch) * epochs
        state = TrainerState()
        state.compute_steps(arguments, steps)
        # Trainer also evaluates after the last step.
        assert math.ceil(steps / state.eval_steps) == 4 * epochs
        # The published loop evaluates at each quarter of an epoch, rounded down; here it is never off by much.
        published = math.ceil(size / batch) // 4
        assert 0 <= state.eval_steps - published <= 1

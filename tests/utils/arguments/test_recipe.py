"""Recipes say what is written in them: a bare `no` is no truth value where a word is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from utils.arguments import SequenceDataArguments, parse_arguments, read_recipe
from utils.errors import UserError

NAMES = ["save_strategy", "eval_strategy", "logging_strategy", "report_to", "do_train", "seed", "text_column_name"]
NAMES += ["train_file", "head_kwargs", "learning_rate", "validation_split"]


def words(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    return read_recipe(str(tmp_path / "recipe.yaml"), NAMES)


@pytest.mark.parametrize("value", ["no", "No", "off", "false", "False", "'no'", "[no]", "[false]"])
def test_what_switches_off(value, tmp_path):
    for name in ("save_strategy", "eval_strategy", "logging_strategy"):
        assert words(tmp_path, f"{name}: {value}\n") == [f"--{name}", "no"]
    assert words(tmp_path, f"report_to: {value}\n") == ["--report_to", "none"]


def test_json_that_switches_off(tmp_path):
    text = '{"save_strategy": false, "report_to": "none", "do_train": true, "seed": null}'
    assert words(tmp_path, text) == ["--save_strategy", "no", "--report_to", "none", "--do_train", "true"]


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", True), ("on", True), ("off", False), ("no", False), ("y", True)]
)
def test_truth_values(value, expected, tmp_path):
    (tmp_path / "a.yaml").write_text(
        f"model_name_or_path: m\ntrain_file: a.csv\noutput_dir: run\ndo_train: true\nbf16_full_eval: {value}\n",
        encoding="utf-8",
    )
    assert parse_arguments(SequenceDataArguments, [str(tmp_path / "a.yaml")]).training.bf16_full_eval is expected


@pytest.mark.parametrize("name", ["no", "off", "y", "2024-01-01", "010", "1_000", "null_score", "1e-3", "12:30"])
def test_names_and_numbers_are_what_is_written(name, tmp_path):
    assert words(tmp_path, f"text_column_name: {name}\n") == ["--text_column_name", name]


def test_nothing_is_no_flag(tmp_path):
    assert words(tmp_path, "text_column_name: null\nseed: ~\ntrain_file:\ndo_train: on\n") == ["--do_train", "on"]


def test_mappings_and_lists(tmp_path):
    text = "head_kwargs: {kernel_sizes: [2, 3], bias: true}\nreport_to: [wandb, tensorboard]\n"
    expected = ["--head_kwargs", '{"kernel_sizes": [2, 3], "bias": true}', "--report_to", "wandb", "tensorboard"]
    assert words(tmp_path, text) == expected


def test_a_key_that_stands_there_twice(tmp_path):
    with pytest.raises(UserError) as caught:
        words(tmp_path, "seed: 1\n# seed\nlearning_rate: 1e-3\nseed: 2\n")
    assert str(caught.value) == f"{tmp_path}/recipe.yaml, row 4: 'seed' is also in row 1; leave one out"


def test_an_anchor_that_is_merged(tmp_path):
    text = "<<: &base\n  seed: 1\n  do_train: yes\nseed: 2\n"
    found = words(tmp_path, text)
    assert found[-2:] == ["--seed", "2"] and "--do_train" in found


def test_the_row_of_an_unknown_key_is_its_own(tmp_path):
    with pytest.raises(UserError) as caught:
        words(tmp_path, "# learnin_rate\nseed: 1\nlearnin_rate: 8\n")
    assert str(caught.value) == (
        f"{tmp_path}/recipe.yaml, row 3: unknown key 'learnin_rate'; did you mean 'learning_rate'?"
    )


def test_a_byte_order_mark(tmp_path):
    (tmp_path / "recipe.yaml").write_text("seed: 1\n", encoding="utf-8-sig")
    assert read_recipe(str(tmp_path / "recipe.yaml"), NAMES) == ["--seed", "1"]

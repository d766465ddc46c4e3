"""What --help shows first, and how."""

import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from utils.arguments import (
    HeadTrainingArguments,
    ModelArguments,
    Parser,
    QADataArguments,
    SequenceDataArguments,
    parse_arguments,
)
from utils.errors import UserError


@pytest.fixture
def text(monkeypatch) -> str:
    monkeypatch.setenv("COLUMNS", "100")
    kinds = [ModelArguments, QADataArguments, HeadTrainingArguments]
    return Parser(
        kinds, allow_abbrev=False, prog="run_qa.py", description="Answers.\n\n    python run_qa.py"
    ).format_help()


def test_what_everybody_needs_stands_first(text):
    titles = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert titles == [
        "what everybody needs", "encoder and head", "data", "training", "TrainingArguments of transformers",
    ]  # fmt: skip
    lines = text.splitlines()
    assert lines[0] == "usage: run_qa.py [RECIPE.yaml] [--flag value ...]"
    assert lines.index("    python run_qa.py") < lines.index("what everybody needs:")
    assert [line.split()[0] for line in lines[: lines.index("encoder and head:")] if line.startswith("  --")] == [
        *["--model_name_or_path", "--config_name", "--head", "--task_name", "--train_file", "--validation_file"],
        *[
            "--test_file",
            "--text",
            "--question",
            "--do_train",
            "--do_eval",
            "--do_predict",
            "--output_dir",
            "--learning_rate",
        ],
        *["--head_learning_rate", "--num_train_epochs", "--per_device_train_batch_size", "--max_seq_length", "--seed"],
        *["--help", "--debug"],
    ]


def test_every_flag_once(text):
    flags = re.findall(r"^  (--\w+)", text, re.MULTILINE)
    assert len(flags) == len(set(flags)) > 130
    assert {"--doc_stride", "--freeze_encoder", "--adam_beta1"} < set(flags)


def test_no_default_is_said_twice_or_says_nothing(text):
    assert "(default: None)" not in text and "(default: False)" not in text
    assert not re.search(r"\(default[^)]*\)\s+\(default", text)
    assert "--learning_rate FLOAT" in text and "(default: 5e-05)" in text
    assert "--head dense|cnn|lstm" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_shell_that_asks_is_told_every_flag(monkeypatch):
    """argcomplete is imported for that alone: it is no dependency."""
    asked: list[Any] = []
    fake = SimpleNamespace(autocomplete=lambda parser, exclude: asked.append((parser, exclude)))
    monkeypatch.setitem(sys.modules, "argcomplete", fake)
    with pytest.raises(UserError):
        parse_arguments(SequenceDataArguments, [])
    assert not asked
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    with pytest.raises(UserError):
        parse_arguments(SequenceDataArguments, [])
    ((parser, second_spellings),) = asked
    assert {"--head", "--text", "--learning_rate"} <= parser._option_string_actions.keys()
    assert "--head-kwargs" in second_spellings and not any("_" in flag for flag in second_spellings)

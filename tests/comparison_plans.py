"""The smallest comparison that can be planned, in a folder that the fixture `place` fills."""

from __future__ import annotations

from pathlib import Path

import pytest

from comparison.arguments import parse_comparison
from comparison.cells import Plan, make_plan
from utils.errors import UserError

LEAST = ["--script", "run_seq_cls.py", "--config_name", "encoder", "--train_file", "train.csv", "--output_dir", "out"]
WITH_TEST = [*LEAST, "--test_file", "test.csv"]


def plan(*words: str) -> Plan:
    return make_plan(parse_comparison([*map(str, words)]))


def refused(*words: str) -> str:
    with pytest.raises(UserError) as caught:
        plan(*words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name

"""The benchmark of training steps: its shapes have the sizes that docs/choosing.md states, and a step of it is one."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModel

from benchmarks import steps

ROOT = Path(__file__).resolve().parents[2]
STATED = dict(
    re.findall(
        r"^\| `\w+/([\w-]+)` \| (\d+) M", (ROOT / "docs/choosing.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
)


def test_the_document_states_a_size_for_every_shape():
    assert {_short(name) for name in STATED} >= set(steps.ENCODERS)


@pytest.mark.parametrize("name", STATED)
def test_sizes_are_those_of_the_shapes(name):
    if name == "bert-base":  # as large as klue/roberta-base, to a token type and two positions
        return
    with torch.device("meta"):
        encoder = AutoModel.from_config(AutoConfig.for_model(**steps.ENCODERS[_short(name)]))
    assert sum(one.numel() for one in encoder.parameters()) / 1e6 == pytest.approx(float(STATED[name]), abs=0.6)


def test_a_step_is_measured(monkeypatch):
    tiny = {
        "model_type": "bert",
        "vocab_size": 1000,
        "num_hidden_layers": 1,
        "hidden_size": 16,
        "intermediate_size": 32,
    }
    monkeypatch.setitem(steps.ENCODERS, "tiny", tiny | {"num_attention_heads": 2})
    row = steps.measure("tiny", argparse.Namespace(head="cnn", rows=2, tokens=8, steps=1, bf16=False))
    name, size, *numbers, memory = row.strip("| ").split(" | ")
    assert (name, size[-1], memory[-2:]) == ("tiny", "M", "GB")
    assert all(float(number) > 0 for number in numbers)


def _short(name: str) -> str:
    """The name in the table: as on the Hub, less what all ELECTRA models are called."""
    return {
        "roberta-small": "klue-roberta-small",
        "roberta-base": "klue-roberta-base",
        "roberta-large": "klue-roberta-large",
    }.get(name, name.removesuffix("-discriminator"))

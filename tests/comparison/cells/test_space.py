"""What is tuned: the file of ranges, and the points that trials take from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import qmc

from comparison.cells.plan import ROOT
from comparison.cells.space import Range, read_space, training_flags
from heads import HEADS, check_head
from utils.errors import UserError

SPACE = """\
shared:
  learning_rate: {log: [1e-5, 1e-3]}
  dropout: {uniform: [0, 0.4]}
  num_train_epochs: {int: [2, 4]}
heads:
  cnn:
    num_filters: {choice: [64, 128]}
  lstm:
    lstm_size: {choice: [128, 256, 512]}
    weight_decay: {uniform: [0, 0.1]}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "space.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_trials_are_the_points_of_scipys_sequence(tmp_path):
    space = read_space(write(tmp_path, SPACE), ["dense", "cnn", "lstm"])
    points = qmc.Sobol(32, scramble=True, rng=0).random(8)
    cnn = space.settings("cnn", 8)
    assert len(cnn) == 8
    for point, found in zip(points, cnn, strict=True):
        assert list(found) == ["learning_rate", "dropout", "num_train_epochs", "num_filters"]
        assert found["learning_rate"] == pytest.approx(10 ** (-5 + 2 * point[0]), rel=5e-3)  # three digits
        assert found["dropout"] == pytest.approx(0.4 * point[1], rel=5e-3)
        assert found["num_train_epochs"] == 2 + np.searchsorted([1 / 3, 2 / 3], point[2], side="right")
        assert found["num_filters"] == (64 if point[3] < 0.5 else 128)


def test_what_heads_share_is_the_same_for_all_whatever_else_is_tuned(tmp_path):
    space = read_space(write(tmp_path, SPACE), ["dense", "cnn", "lstm"])
    shared = space.settings("dense", 5)
    for head in ("cnn", "lstm"):
        found = space.settings(head, 5)
        assert [{name: one[name] for name in shared[0]} for one in found] == shared
    assert space.settings("lstm", 8)[:5] == space.settings("lstm", 5)  # more trials go on from the first ones
    assert space.settings("lstm", 1) == space.settings("lstm", 5)[:1]
    assert read_space(write(tmp_path, SPACE), ["dense"]).settings("dense", 5) == shared


def test_first_trials_literally(tmp_path):
    """Other values would run finished tunings again."""
    space = read_space(ROOT / "recipes/spaces/sequences-pretrained.yaml", ["cnn"])
    assert space.settings("cnn", 2)[0] == {
        "learning_rate": 2.57e-05,
        "head_learning_rate": 0.0041,
        "warmup_steps": 0.172,
        "dropout": 0.266,
        "num_train_epochs": 2,
        "num_filters": 256,
        "kernel_sizes": [2, 3, 4],
    }


@pytest.mark.parametrize(
    ("own", "point", "expected"),
    [
        (Range("log", (1e-5, 1e-3)), 0.0, 1e-5),
        (Range("log", (1e-5, 1e-3)), 0.5, 1e-4),
        (Range("uniform", (0.0, 0.2)), 0.123456, 0.0247),
        (Range("uniform", (0.12345, 0.2)), 0.0, 0.12345),  # rounding leaves no range
        (Range("int", (2, 4)), 0.0, 2),
        (Range("int", (2, 4)), 0.9999, 4),
        (Range("choice", ("a", [2, 3])), 0.49, "a"),
        (Range("choice", ("a", [2, 3])), 0.5, [2, 3]),
    ],
)
def test_ranges(own, point, expected):
    assert own.at(point) == expected


def test_a_space_as_it_was_read(tmp_path):
    found = read_space(write(tmp_path, SPACE), ["dense", "lstm"]).as_dict()
    assert found["shared"]["learning_rate"] == {"log": [1e-5, 1e-3]}
    assert found["heads"] == {
        "lstm": {"lstm_size": {"choice": [128, 256, 512]}, "weight_decay": {"uniform": [0.0, 0.1]}}
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "the file must be a mapping of shared, heads"),
        ("share: {}", "row 1: unknown key 'share'; did you mean 'shared'?"),
        ("shared:\n  lerning_rate: {log: [1, 2]}", "row 2: unknown key 'lerning_rate'; did you mean 'learning_rate'?"),
        ("shared:\n  lstm_size: {int: [1, 2]}", "row 2: unknown key 'lstm_size'; "),  # the dense head has none
        ("shared:\n  seed: {int: [1, 2]}", "row 2: unknown key 'seed'; "),
        ("heads:\n  lsmt: {}", "row 2: unknown key 'lsmt'; did you mean 'lstm'?"),
        ("heads:\n  lstm:\n    num_layer: {int: [1, 2]}", "row 3: unknown key 'num_layer'; did you mean 'num_layers'?"),
        ("shared:\n  dropout: 0.1", "dropout needs one of log, uniform, int, choice, as in "),
        ("shared:\n  dropout: {logg: [1, 2]}", "unknown key 'logg'; did you mean 'log'?"),
        ("shared:\n  dropout: {uniform: 3}", "dropout: uniform takes a list, not 3"),
        ("shared:\n  dropout: {uniform: [0.3, 0.1]}", "takes two numbers, the smaller first, not [0.3, 0.1]"),
        ("shared:\n  dropout: {log: [0, 0.1]}", "takes two numbers above 0, the smaller first, not [0, 0.1]"),
        ("shared:\n  dropout: {uniform: [0, .inf]}", "dropout: uniform takes two numbers, not "),
        ("shared:\n  dropout: {uniform: [0, x]}", "dropout: uniform takes two numbers, not [0, 'x']"),
        ("shared:\n  num_train_epochs: {int: [1, 2.5]}", "takes two whole numbers, not [1, 2.5]"),
        ("shared:\n  dropout: {choice: [0.1, 0.1]}", "dropout: a choice is there twice"),
        ("shared: {dropout: {uniform: [0, 1]}}\nheads: {lstm: {dropout: {uniform: [0, 1]}}}", "name it once"),
        ("heads:\n  lstm:\n    num_layers: {int: [1, 2]}", "nothing of the dense head is tuned"),
        ("shared: [", "is no YAML"),
    ],
)
def test_errors(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        read_space(write(tmp_path, text), ["dense", "lstm"])
    assert message in str(caught.value) and "space.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="cannot read the space"):
        read_space(tmp_path / "none.yaml", ["dense"])


@pytest.mark.parametrize("file", sorted((ROOT / "recipes" / "spaces").iterdir()), ids=lambda file: file.stem)
def test_spaces_of_the_project(file):
    space = read_space(file, list(HEADS))
    assert list(space.shared) == ["learning_rate", "head_learning_rate", "warmup_steps", "dropout", "num_train_epochs"]
    assert set(space.heads) == {"cnn", "lstm"}
    for head in HEADS:
        for found in space.settings(head, 16):
            check_head(head, {name: value for name, value in found.items() if name not in training_flags()})
            assert 0 < found["warmup_steps"] < 1

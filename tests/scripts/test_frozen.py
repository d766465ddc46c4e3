"""--freeze_encoder, --freeze_layers: from kept hidden states is learned what is learned with what is frozen in every step."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_data import WINDOWS, reviews, write_csv

from benchmarks.frozen import in_every_step
from heads import HEADS

OPTIONS = {
    "do_train": True,
    "do_eval": True,
    "do_predict": True,
    "num_train_epochs": 2,
    "learning_rate": 1e-2,
    "per_device_train_batch_size": 6,
    "save_strategy": "no",
}
WHOLE, FIRST = {"freeze_encoder": True}, {"freeze_layers": 1}  # of two layers
TASKS = ("seq_cls", "token_cls", "qa")


def no_encoder_may_run() -> None:
    from transformers import ElectraModel

    @functools.wraps(ElectraModel.forward)  # its parameters are read
    def forward(self, *args, **kwargs):
        raise AssertionError("the encoder runs")

    ElectraModel.forward = forward


@pytest.fixture(scope="module")
def frozen(run, encoder, files):
    """`frozen(task, ...)`: a run with a frozen encoder, or with `freeze_layers` of it."""

    def _frozen(task: str, before=None, code: int = 0, **flags):
        freezing = {} if "freeze_layers" in flags else WHOLE
        options = {"model_name_or_path": encoder} | files[task] | WINDOWS[task] | OPTIONS | freezing | flags
        return run(task, before=before, code=code, **options)

    return _frozen


def states(outcome) -> list[Path]:
    """The files of hidden states that a run has read or written: of training, validation and test rows."""
    found = re.findall(r"(?:read from|computed for) (\S+\.states)", outcome.stdout)
    assert len(found) == 3
    return [Path(path) for path in found]


def weights(outcome) -> dict[str, torch.Tensor]:
    return load_file(outcome.folder / "model.safetensors")


QUICK = set(zip(TASKS, HEADS, strict=True))
EVERY_STEP = [(freezing, task) for freezing in (WHOLE, FIRST) for task in TASKS]


@pytest.mark.parametrize(
    ("task", "head"),
    [
        pytest.param(task, head, marks=[] if (task, head) in QUICK else [pytest.mark.long])
        for task in TASKS
        for head in HEADS
    ],
)
def test_as_the_long_way(frozen, task, head):
    assert_as_the_long_way(frozen, task, head, WHOLE)


@pytest.mark.parametrize(("task", "head"), list(zip(TASKS, ("lstm", "cnn", "dense"), strict=True)))
def test_first_layers_as_the_long_way(frozen, task, head):
    more = {"layerwise_lr_decay": 0.5, "use_last_layers": 2} if task == "token_cls" else {}
    assert_as_the_long_way(frozen, task, head, FIRST | more)


def assert_as_the_long_way(frozen, task: str, head: str, freezing: dict) -> None:
    # In a padded batch the two differ for answers by what the padding weighs in the softmax: see the model's `forward`.
    options = {"head": head} | ({"per_device_train_batch_size": 1, "max_train_samples": 20} if task == "qa" else {})
    # Adam would make steps of full length of the rounding errors of a gradient that is zero, such as a bias's before a softmax.
    options |= {"optim": "sgd", "learning_rate": 0.1}
    kept = frozen(task, **options, **freezing)
    long = frozen(task, before=in_every_step, **options, **freezing)
    found, expected = weights(kept), weights(long)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values, atol=2e-5, rtol=1e-4, msg=name)
    for one, other in zip(kept.predictions, long.predictions, strict=True):
        assert one["prediction"] == other["prediction"]


@pytest.mark.parametrize(("freezing", "task"), EVERY_STEP, ids=["-".join([*one, task]) for one, task in EVERY_STEP])
def test_the_frozen_stays_as_it_was_and_all_else_learns(frozen, encoder, freezing, task):
    found = weights(frozen(task, head="cnn", **freezing))
    source = {
        name.removeprefix("electra."): values for name, values in load_file(encoder / "model.safetensors").items()
    }
    start = weights(frozen(task, head="cnn", learning_rate=0))
    names = [name for name in found if name.startswith("encoder.")]
    for name in names:
        same = torch.equal(found[name], source[name.removeprefix("encoder.")])
        assert same or (freezing == FIRST and name.startswith("encoder.encoder.layer.1.")), name
        assert not same or freezing == WHOLE or not name.endswith("layer.1.output.dense.weight")
    assert names and not torch.equal(found["head.out_proj.weight"], start["head.out_proj.weight"])


def test_one_cache_for_heads_and_seeds_and_none_for_other_inputs(frozen, files, tmp_path):
    first = states(frozen("seq_cls", head="dense"))
    again = frozen("seq_cls", head="lstm", seed=3, before=no_encoder_may_run)  # fails where it is run
    assert states(again) == first and "computed for" not in again.stdout
    shorter = states(frozen("seq_cls", head="dense", max_seq_length=9))
    assert not {*shorter} & {*first}
    others = states(frozen("seq_cls", head="dense", train_file=write_csv(tmp_path / "a.csv", reviews(20, seed=77))))
    assert others[0] != first[0] and others[1:] == first[1:]
    assert list(first[0].parent.glob("*.part")) == []


def test_half_precision(frozen):
    options = {"head": "cnn", "learning_rate": 1e-3}
    whole, half = frozen("token_cls", **options), frozen("token_cls", hidden_states_dtype="float16", **options)
    for name, values in weights(whole).items():
        torch.testing.assert_close(weights(half)[name], values, atol=5e-3, rtol=0, msg=name)
    for large, small in zip(states(whole), states(half), strict=True):
        assert large.stat().st_size == 2 * small.stat().st_size


@pytest.mark.parametrize(("freezing", "task"), EVERY_STEP, ids=["-".join([*one, task]) for one, task in EVERY_STEP])
def test_the_checkpoint_is_whole(frozen, run, files, freezing, task):
    """Predictions from kept states are those of the model loaded again, whose encoder runs."""
    trained = frozen(task, head="lstm", **freezing)
    options = {"model_name_or_path": trained.folder, "test_file": files[task]["test_file"]} | WINDOWS[task]
    again = run(task, do_predict=True, **options)
    for one, other in zip(trained.predictions, again.predictions, strict=True):
        assert one["prediction"] == other["prediction"]
        assert one["score"] == pytest.approx(other["score"], abs=1e-4)
    assert next(iter(freezing)) in json.dumps(trained.read("run.json"))
    assert not [name for name in trained.read("config.json") if "freeze" in name]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"do_train": None}, "--freeze_encoder is about training"),
        ({"do_train": None} | FIRST, "--freeze_layers is about training"),
        (
            {"freeze_encoder": None, "hidden_states_dtype": "float16"},
            "is for --freeze_encoder and --freeze_layers: give one",
        ),
        (WHOLE | FIRST, "--freeze_encoder freezes all layers, --freeze_layers the first ones: give one of them"),
        ({"freeze_layers": 0}, "--freeze_layers must be at least 1, not 0"),
        ({"freeze_layers": 2}, "--freeze_layers must be 1 to 1, not 2: the encoder has 2 layers, and --freeze_encoder"),
    ],
)
def test_contradictions(frozen, flags, message):
    outcome = frozen("seq_cls", code=2, **flags)
    assert message in outcome.stderr and outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("freezing", [WHOLE, FIRST], ids=["whole", "first"])
def test_a_random_encoder_is_not_frozen(frozen, encoder, freezing):
    outcome = frozen("seq_cls", code=2, model_name_or_path=None, config_name=encoder, **freezing)
    assert "would leave the encoder of --config_name at its random weights" in outcome.stderr

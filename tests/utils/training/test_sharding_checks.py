"""FSDP and DeepSpeed: what they cannot do here, each in one line, and what a model gets back for a checkpoint."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from tiny import tiny_config, tiny_model

from utils.arguments.checks import check_deepspeed
from utils.errors import UserError
from utils.training.sharding import check_sharding, own_class


def trainer(fsdp=True, deepspeed=False, version=2, model=None, **flags) -> SimpleNamespace:
    """What `check_sharding` looks at."""
    arguments = {"do_train": True, "unfreeze_after": None, "fsdp_plugin_args": None} | flags
    return SimpleNamespace(
        args=SimpleNamespace(**arguments),
        is_fsdp_enabled=fsdp,
        is_deepspeed_enabled=deepspeed,
        accelerator=SimpleNamespace(state=SimpleNamespace(fsdp_plugin=SimpleNamespace(fsdp_version=version))),
        model=model or tiny_model("seq_cls", "cnn", tiny_config("electra")),
    )


BOTH = pytest.mark.parametrize("kind", [{"fsdp": True}, {"fsdp": False, "deepspeed": True}], ids=["fsdp", "deepspeed"])


@BOTH
@pytest.mark.parametrize(
    ("adapters", "flags", "words"),
    [
        (True, {}, "--lora trains with one process or several that hold the whole model"),
        (False, {"unfreeze_after": 1.0}, "--unfreeze_after: FSDP and DeepSpeed divide parameters"),
        (False, {"do_train": False}, "is for training: without --do_train leave it out"),
    ],
)
def test_refused_by_both(kind, adapters, flags, words):
    with pytest.raises(UserError, match=words):
        check_sharding(trainer(**kind, **flags), adapters)


def test_fsdp_1():
    with pytest.raises(UserError, match=r'FSDP 1 flattens parameters, .*: give "fsdp_version: 2"'):
        check_sharding(trainer(version=1), False)


@pytest.mark.parametrize(
    "kind", [{"fsdp": True}, {"fsdp": False, "deepspeed": True, "stage": 3}], ids=["fsdp", "zero 3"]
)
def test_a_single_number(kind):
    mixed = tiny_model("seq_cls", "cnn", tiny_config("electra"), use_last_layers=2)
    with pytest.raises(
        UserError, match="mix.scale is a single number; .* --combine_layers concat with --use_last_layers"
    ):
        check_sharding(trainer(model=mixed, **kind), False)


@pytest.mark.parametrize("by", ["flag", "launcher"])
def test_fsdp_that_accelerate_leaves_out(by, monkeypatch):
    if by == "launcher":
        monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    asked = trainer(fsdp=False, fsdp_plugin_args={} if by == "flag" else None)
    with pytest.raises(UserError, match="FSDP divides a model between GPUs, one process for each"):
        check_sharding(asked, False)


def test_nothing_was_asked(monkeypatch):
    monkeypatch.delenv("ACCELERATE_USE_FSDP", raising=False)
    check_sharding(trainer(fsdp=False), True)


def test_the_layers_that_fsdp_gathers_one_at_a_time():
    """The library names none for ELECTRA; what it names stays."""
    found = trainer()
    check_sharding(found, False)
    assert found.model._no_split_modules == {"ElectraLayer"}
    found.model._no_split_modules = {"ElectraEmbeddings"}
    check_sharding(found, False)
    assert found.model._no_split_modules == {"ElectraEmbeddings"}


def test_the_class_of_a_divided_model():
    """As FSDP2 does it: a class of torch's that is derived from its own and the model's."""
    from torch.distributed.fsdp import FSDPModule

    model = torch.nn.Linear(2, 2)
    divided = type("FSDPLinear", (FSDPModule, torch.nn.Linear), {"__module__": "torch.distributed.fsdp._fully_shard"})
    model.__class__ = divided
    with own_class(model):
        assert type(model) is torch.nn.Linear
    assert type(model) is divided


GATHERED = {"stage": 3, "stage3_gather_16bit_weights_on_model_save": True}


@pytest.mark.parametrize(
    ("config", "flags", "words"),
    [
        ({"optimizer": {"type": "AdamW"}}, {}, "take 'optimizer' out of its configuration, --optim stands for it"),
        ({"scheduler": {"type": "WarmupLR"}}, {}, "take 'scheduler' out of its configuration, --lr_scheduler_type"),
        ({"zero_optimization": {"stage": 3}}, {}, "ZeRO 3 would leave no weights that can be loaded: set"),
        (
            {"zero_optimization": GATHERED},
            {"freeze_encoder": True},
            "--freeze_encoder reads every text before training",
        ),
        ({"zero_optimization": GATHERED}, {"freeze_layers": 1}, "--freeze_layers reads every text before training"),
        ({"zero_optimization": GATHERED}, {}, None),
        ({"zero_optimization": {"stage": 2}}, {"freeze_encoder": True}, None),
        ({}, {}, None),
    ],
)
def test_configurations_of_deepspeed(config, flags, words):
    arguments = {"freeze_encoder": False, "freeze_layers": None} | flags
    training = SimpleNamespace(deepspeed_plugin=SimpleNamespace(deepspeed_config=config), **arguments)
    if words is None:
        check_deepspeed(training)
    else:
        with pytest.raises(ValueError, match=words):
            check_deepspeed(training)

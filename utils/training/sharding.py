"""FSDP2 and DeepSpeed: a model whose weights are divided between processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..errors import UserError
from ..models.layers import find_layers


def check_sharding(trainer: Any, with_adapters: bool) -> None:
    """Has FSDP gather the weights of one layer of the encoder at a time.

    Args:
        trainer: a `HeadTrainer`, which imports this.
        with_adapters: whether there are adapters in the encoder.

    Raises:
        UserError: FSDP or DeepSpeed with flags that it cannot have, or FSDP that would divide nothing.
    """
    args = trainer.args
    if not (trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled):
        launched = os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"
        if launched or args.fsdp_plugin_args is not None:
            what = "FSDP divides a model between GPUs, one process for each, and accelerate would leave it out here"
            raise UserError(f"{what}: give neither --fsdp nor a configuration of accelerate with it")
        return
    kind = "FSDP" if trainer.is_fsdp_enabled else "DeepSpeed"
    if not args.do_train:
        raise UserError(
            f"{kind} is for training: without --do_train leave it out, every process then holds the whole model"
        )
    if with_adapters:
        cure = "leave FSDP or DeepSpeed out"
        raise UserError(f"--lora trains with one process or several that hold the whole model; {cure}")
    if args.unfreeze_after is not None:
        what = "FSDP and DeepSpeed divide parameters by what is trained at the start"
        raise UserError(f"--unfreeze_after: {what}; leave it out, or use plain processes")
    single = [name for name, parameter in trainer.model.named_parameters() if parameter.dim() == 0]
    if single:  # that of --use_last_layers
        cure = "leave it out, or give --combine_layers concat with --use_last_layers"
        raise UserError(f"{kind} cannot divide every parameter: {single[0]} is a single number; {cure}")
    if not trainer.is_fsdp_enabled:
        return
    if trainer.accelerator.state.fsdp_plugin.fsdp_version == 1:
        what = "FSDP 1 flattens parameters, and rates and weight decay go by their names"
        raise UserError(
            f'{what}: give "fsdp_version: 2" in the configuration of accelerate, or --fsdp without a version'
        )
    if not trainer.model._no_split_modules:  # what the library names for most encoders, and not for all
        _, layers = find_layers(trainer.model.encoder, "FSDP")
        trainer.model._no_split_modules = {type(layer).__name__ for layer in layers}


@contextmanager
def own_class(model: torch.nn.Module) -> Iterator[None]:
    """Gives a model that FSDP2 divided its own class while this lasts: a checkpoint takes the name and the code of the class."""
    divided = type(model)
    model.__class__ = next(kind for kind in divided.__mro__ if not kind.__module__.startswith("torch.distributed.fsdp"))
    try:
        yield
    finally:
        model.__class__ = divided

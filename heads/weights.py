"""Weights of a checkpoint: all that a model needs, as numbers, or an error; nothing stays silently random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, PretrainedConfig
from transformers.utils import logging

NO_WEIGHTS = "no weights (*.safetensors) in this folder"


def load_weights(
    model_class: Any,
    name: str,
    config: PretrainedConfig,
    revision: str = "main",
    trust_remote_code: bool = False,
    token: str | bool | None = None,
) -> Any:
    """A model with the weights of a checkpoint, in float32; of `AutoModel` the encoder, whatever head it was saved with.

    Args:
        name: folder or Hub id.
        config: of the model.
        revision, trust_remote_code, token: as for `from_pretrained`.

    Raises:
        ValueError: weights are missing, are of other sizes, or are no numbers. What the library raises where there are none that
            it can read is left as it is.
    """
    refused = why_refused(model_class, name)
    if refused is not None:
        raise ValueError(f"{name}: {refused}")
    verbosity = logging.get_verbosity()
    # Without the library's table of missing and left-over weights: the missing ones are an error below.
    logging.set_verbosity_error()
    try:
        model, info = model_class.from_pretrained(
            name,
            config=config,
            revision=revision,
            trust_remote_code=trust_remote_code,
            token=token,
            dtype=torch.float32,  # a bf16 checkpoint would train in bf16 otherwise
            use_safetensors=True,  # a pickle can run code
            ignore_mismatched_sizes=True,  # they are an error below, with their sizes
            output_loading_info=True,
        )
    finally:
        logging.set_verbosity(verbosity)
    # An encoder's pooler is dropped anyway; anything else would silently be random.
    differing, missing = (
        sorted(text for text in found if model_class is not AutoModel or "pooler" not in text)
        for found in (map(_sizes, info["mismatched_keys"]), info["missing_keys"])
    )
    if differing:
        told = f"its config.json and {len(differing)} of its weights do not agree about sizes ({differing[0]})"
        raise ValueError(f"{name}: {told}; take both from one model, or undo what was changed in config.json")
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        kind = f"its type, {config.model_type}"
        raise ValueError(f"{name} lacks {len(missing)} weights of a model of {kind} ({shown}); is it another model?")
    broken = first_not_finite(model)
    if broken is not None:
        raise ValueError(
            f"{name} cannot be used: its weight {broken} holds values that are no numbers (nan or infinite)"
        )
    return model


def why_refused(model_class: Any, name: str) -> str | None:
    """Why no weights can be read from a folder, in words: there are none, or only a pickle; None where they can."""
    folder = Path(name)
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        return None
    pickles = sorted(path.name for path in folder.glob("*.bin") if path.name != "training_args.bin")
    if not pickles:
        return NO_WEIGHTS
    kind = f"from {model_class.__module__.partition('.')[0]} import {model_class.__name__} as A"
    convert = f"{kind}; A.from_pretrained('.').save_pretrained('.')"
    cure = f'if you trust it, convert it in that folder: python -c "{convert}"'
    return f"{pickles[0]} is a pickle, which can run code when it is loaded; {cure}"


def first_not_finite(module: nn.Module) -> str | None:
    """The name of the first parameter with a value that is nan or infinite; None where all are numbers."""
    for name, parameter in module.named_parameters():
        if not torch.isfinite(parameter).all():
            return name
    return None


def _sizes(differing: str | tuple[str, torch.Size, torch.Size]) -> str:
    """A weight that does not fit its model, and both sizes; before transformers 5 the library gives its name alone."""
    if isinstance(differing, str):
        return differing
    name, found, wanted = differing
    return f"{name} is {'x'.join(map(str, found))}, by config.json {'x'.join(map(str, wanted))}"

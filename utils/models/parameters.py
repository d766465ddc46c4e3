"""A module's parameters: how many there are, and a hash of their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def count_parameters(module: torch.nn.Module, trained: bool = False) -> int:
    """The number of a module's parameters, or of those that are trained."""
    counted = [parameter for parameter in module.parameters() if parameter.requires_grad or not trained]
    # DeepSpeed's ZeRO 3 keeps the size of a parameter beside it, and leaves it empty.
    return sum(getattr(parameter, "ds_numel", parameter.numel()) for parameter in counted)


def add_weights(key: Any, weights: Mapping[str, torch.Tensor]) -> None:
    """Adds weights and their names to a hash of `hashlib`."""
    for name, tensor in weights.items():
        key.update(name.encode())
        key.update(tensor.contiguous().flatten().view(torch.uint8).cpu().numpy())

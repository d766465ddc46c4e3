"""A module's parameters: how many there are, and a hash of their values."""

from __future__ import annotations

from typing import Any

import torch


def count_parameters(module: torch.nn.Module, trained: bool = False) -> int:
    """The number of a module's parameters, or of those that are trained."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad or not trained)


def add_weights(key: Any, module: torch.nn.Module) -> None:
    """Adds a module's weights and their names to a hash of `hashlib`."""
    for name, tensor in module.state_dict().items():
        key.update(name.encode())
        key.update(tensor.contiguous().flatten().view(torch.uint8).cpu().numpy())

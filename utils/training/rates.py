"""Which parameter learns at which rate."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import torch

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import HeadTrainingArguments
from ..models.layers import find_layers

logger = logging.getLogger(__name__)


def learning_rates(model: HeadedEncoderPreTrainedModel, training: HeadTrainingArguments) -> dict[str, float]:
    """The rate of every parameter by its name.

    What is not the encoder's has `head_learning_rate`, or else `learning_rate`. The encoder's last layer has `learning_rate`, every
    layer below `layerwise_lr_decay` times that of the layer above (Howard and Ruder 2018, arXiv 1801.06146), and the
    embeddings that of a layer below the first. What stands in none, such as a last norm, has the rate of the last layer.

    Raises:
        UserError: a decay over the layers of an encoder that does not say which they are.
    """
    rate, decay = training.learning_rate, training.layerwise_lr_decay or 1.0
    head_rate = rate if training.head_learning_rate is None else training.head_learning_rate
    steps = {} if training.layerwise_lr_decay is None else _layers_above(model.encoder)
    if steps:
        lowest = max(steps.get(name, 0) for name, weight in model.encoder.named_parameters() if weight.requires_grad)
        ladder = ", ".join(f"{rate * decay**step:.3g}" for step in range(lowest, -1, -1))
        first = "the embeddings" if lowest == max(steps.values()) else "the first layer that is trained"
        logger.info("learning rates from %s to the last layer: %s; head %.3g", first, ladder, head_rate)
    rates = {}
    for name, _ in model.named_parameters():
        inside = name.startswith("encoder.")
        rates[name] = rate * decay ** steps.get(name.removeprefix("encoder."), 0) if inside else head_rate
    return rates


def set_learning_rates(optimizer: torch.optim.Optimizer, rates: Mapping[int, float]) -> None:
    """Splits the groups of an optimizer so that every parameter has its rate; all else of a group stays, such as its decay.

    Args:
        rates: by the id of a parameter; a group's own rate comes first, then the others in the order in which they stand here.
    """
    for group in list(optimizer.param_groups):
        by_rate: dict[float, list[torch.nn.Parameter]] = {}
        for parameter in group["params"]:
            by_rate.setdefault(rates.get(id(parameter), group["lr"]), []).append(parameter)
        group["params"] = by_rate.pop(group["lr"], [])
        for rate in dict.fromkeys(rates.values()):
            if rate in by_rate:
                optimizer.add_param_group(group | {"params": by_rate[rate], "lr": rate})


def _layers_above(encoder: torch.nn.Module) -> dict[str, int]:
    """For each parameter of an encoder's layers and embeddings how many layers stand above."""
    list_name, layers = find_layers(encoder, "--layerwise_lr_decay")
    count = len(layers)
    place = re.compile(rf"{re.escape(list_name)}\.(\d+)\.")
    above = {}
    for name, _ in encoder.named_parameters():
        layer = place.match(name)
        if layer:
            above[name] = count - 1 - int(layer[1])
        elif "embed" in name:
            above[name] = count
    return above

"""Losses of classes, sets of classes and tags: weights by class, the focal loss, smoothed labels."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import torch
import yaml
from torch.nn import functional as F
from transformers.utils import find_labels

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import HeadTrainingArguments, read_yaml
from ..errors import UserError, first_line
from ..tasks.features import Features, pieces_of
from ..tasks.label_kinds import SETS

logger = logging.getLogger(__name__)


@dataclass
class ClassLoss:
    """`compute_loss_func` of Trainer: a loss summed over labels and divided by their number, as the models' own.

    A class's weight multiplies the loss of its labels; the number that is divided by stays that of labels. So a label counts
    the same in any batch, and parts of a batch, on several devices too, add up to the whole.

    Attributes:
        sets: labels are sets of classes, (B, C) of 0 and 1; a class's weight is then for its presence alone.
        weights: (C,), or None for 1.
        gamma: of the focal loss, (1 - p) ** gamma times the cross-entropy of a label that has the probability p (Lin et al.
            2017, arXiv 1708.02002); 0 for the cross-entropy alone.
        smoothing: the share of a label that goes to all classes alike.
    """

    sets: bool
    weights: torch.Tensor | None = None
    gamma: float = 0.0
    smoothing: float = 0.0

    def __call__(
        self, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """The loss of logits (B, C) or (B, T, C) and labels (B,), (B, C) for sets, or (B, T) with -100 where there is none."""
        logits = outputs["logits"].float()
        weights = None if self.weights is None else self.weights.to(logits.device)
        total = self._of_sets(logits, labels, weights) if self.sets else self._of_classes(logits, labels, weights)
        items = (labels != -100).sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
        return total / (items.to(total.device) if isinstance(items, torch.Tensor) else items)

    def _of_classes(self, logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        logits, labels = logits.flatten(0, -2), labels.flatten()
        if not self.gamma:
            smoothing = self.smoothing
            return F.cross_entropy(
                logits, labels, weights, reduction="sum", ignore_index=-100, label_smoothing=smoothing
            )
        losses = F.cross_entropy(logits, labels, reduction="none", ignore_index=-100)  # 0 where there is no label
        each = _focal(losses, self.gamma)
        if weights is not None:
            each = each * weights[labels.clamp(min=0)]
        return each.sum()

    def _of_sets(self, logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        labels = labels.float()
        if not self.gamma:
            return F.binary_cross_entropy_with_logits(logits, labels, pos_weight=weights, reduction="sum")
        each = _focal(F.binary_cross_entropy_with_logits(logits, labels, reduction="none"), self.gamma)
        return (each if weights is None else each * torch.where(labels > 0, weights, 1.0)).sum()


def _focal(losses: torch.Tensor, gamma: float) -> torch.Tensor:
    """Cross-entropies times (1 - p) ** gamma, p = exp(-cross-entropy)."""
    # 1 - p from below 0 by rounding, or at 0, would have no gradient for gamma below 1.
    return (-torch.expm1(-losses)).clamp(min=1e-12) ** gamma * losses


def choose_loss(
    model: HeadedEncoderPreTrainedModel, training: HeadTrainingArguments, features: Features | None
) -> ClassLoss | None:
    """The loss that flags ask for; None for the model's own, or where Trainer's label smoothing is enough.

    Args:
        features: of the training rows.

    Raises:
        UserError: a loss that such labels cannot have, or a file of weights that does not fit the classes.
    """
    asked = [name for name in ("class_weights", "loss") if getattr(training, name) not in ("none", "ce")]
    if not asked or features is None:
        return None
    flag = f"--{asked[0]} {getattr(training, asked[0])}"
    config, head = model.config, model.head
    if "labels" not in find_labels(type(model)) or config.problem_type == "regression":
        raise UserError(f"{flag} is for classes, and this model has none; leave it out")
    if config.crf or hasattr(head, "loss"):
        raise UserError(f"{flag} is for a loss of single tokens, and a CRF has another; leave one of them out")
    if training.loss == "focal" and training.label_smoothing_factor:
        raise UserError(
            "--loss focal and --label_smoothing_factor pull labels in opposite directions; give one of them"
        )
    names, sets = config.label_names, config.problem_type == SETS
    weights = None
    if training.class_weights == "balanced":
        weights = balanced_weights(_labels(features), len(names), sets)
    elif training.class_weights != "none":
        weights = read_weights(training.class_weights, names)
    if weights is not None:
        shown = [f"{name} {weight:.3g}" for name, weight in zip(names, weights.tolist(), strict=True)]
        logger.info("class weights: %s", ", ".join(shown))
    gamma = training.focal_gamma if training.loss == "focal" else 0.0
    return ClassLoss(sets=sets, weights=weights, gamma=gamma, smoothing=training.label_smoothing_factor)


def balanced_weights(labels: np.ndarray, classes: int, sets: bool) -> torch.Tensor:
    """Weights (C,) that make up for unlike numbers of labels; a class without any has the weight of one with one.

    Of N labels, n of a class: N / (C n), as scikit-learn's "balanced", whose mean over the labels is 1. For sets, of N rows, n with
    the class: (N - n) / n, so that presence weighs as much as absence.

    Args:
        labels: (N,) class indices, or (N, C) of 0 and 1 for sets.
        classes: C.
    """
    if sets:
        present = labels.sum(axis=0)
        weights = (len(labels) - present) / np.maximum(present, 1)
    else:
        weights = len(labels) / (classes * np.maximum(np.bincount(labels, minlength=classes), 1))
    return torch.tensor(weights, dtype=torch.float32)


def read_weights(file: str, names: list[str]) -> torch.Tensor:
    """The weights (C,) of a YAML or JSON file, `class: weight`.

    Raises:
        UserError: a class that is missing or unknown, or a weight that is no number of at least 0.
    """
    try:
        mapping = read_yaml(file, yaml.BaseLoader)  # all of it as text
    except OSError as error:
        told = f"--class_weights: cannot be read ({error.strerror}); name a file, or give balanced"
        raise UserError(told, file=file) from error
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"--class_weights: is neither YAML nor JSON: {first_line(error)}", file=file) from error
    if not isinstance(mapping, dict):
        raise UserError("--class_weights: write one 'class: weight' a line", file=file)
    unknown = [name for name in mapping if name not in names]
    if unknown:
        raise UserError(f"--class_weights: no class is called '{unknown[0]}'; they are {', '.join(names)}", file=file)
    missing = [name for name in names if name not in mapping]
    if missing:
        raise UserError(
            f"--class_weights: a weight is missing for {', '.join(missing)}; give every class one", file=file
        )
    weights = []
    for name in names:
        try:
            weights.append(float(mapping[name]))
        except (TypeError, ValueError):
            weights.append(math.nan)
        if not 0 <= weights[-1] < math.inf:
            told = f"--class_weights: the weight of '{name}' is {mapping[name]}; give a number of at least 0"
            raise UserError(told, file=file)
    if not any(weights):
        raise UserError("--class_weights: all weights are 0, and nothing would be learned", file=file)
    return torch.tensor(weights)


def _labels(features: Features) -> np.ndarray:
    """All labels that are not -100: (N,), or (N, C) where they are sets."""
    return np.concatenate([*map(_labels_of, pieces_of(features))])


def _labels_of(features: datasets.Dataset) -> np.ndarray:
    column = features.with_format("arrow")[:]["labels"].combine_chunks()
    if not pa.types.is_list(column.type):
        return np.asarray(column)
    values = np.asarray(column.flatten())
    return values.reshape(len(column), -1) if values.dtype.kind == "f" else values[values != -100]

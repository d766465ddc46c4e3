"""The losses of the models, as sums over what is labelled.

Letters in shapes: B sequences of T tokens, C labels.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F


def class_loss(logits: torch.Tensor, labels: torch.Tensor, problem_type: str | None) -> torch.Tensor:
    """Cross-entropy; of sets of labels that of each label, of scores the squared error.

    Args:
        logits: (B, C) or (B, T, C).
        labels: (B,) or (B, T) class indices, -100 where there is none; (B,) scores; or (B, C) of 0 and 1.
        problem_type: as in transformers; None: classes.
    """
    if problem_type == "regression":
        return F.mse_loss(logits.view_as(labels).float(), labels.float(), reduction="sum")
    if problem_type == "multi_label_classification":
        return F.binary_cross_entropy_with_logits(logits.float(), labels.float(), reduction="sum")
    return F.cross_entropy(logits.float().movedim(-1, 1), labels, reduction="sum", ignore_index=-100)


def label_count(labels: torch.Tensor, problem_type: str | None) -> torch.Tensor | int:
    """How many labels there are: what a summed loss is divided by. A score may be -100."""
    if problem_type in ("regression", "multi_label_classification"):
        return labels.numel()
    return (labels != -100).sum().clamp(min=1)  # 0 / 1 and not 0 / 0 where a batch holds none


def position_loss(
    logits: torch.Tensor, positions: torch.Tensor, num_items_in_batch: torch.Tensor | int | None
) -> torch.Tensor:
    """Mean cross-entropy of positions (B,) over tokens (B, T); as in transformers, one beyond the window is no label."""
    beyond = logits.shape[1]
    positions = positions.clamp(0, beyond)
    loss = F.cross_entropy(logits.float(), positions, reduction="sum", ignore_index=beyond)
    return loss / ((positions != beyond).sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch)

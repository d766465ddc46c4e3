"""What the logits of a text say: a class, a set of labels or a number, and how likely it is.

Letters in shapes: C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .label_kinds import REGRESSION, SETS
from .labels import Labels


def predict(logits: np.ndarray, labels: Labels, calibration: Mapping[str, Any]) -> dict[str, Any]:
    """The `prediction` of a text and its `score`: the probability of the class, of each label of a set, or the number itself.

    Args:
        logits: (C,).
        calibration: see `HeadedEncoderConfig.calibration`; empty where there is none.
    """
    if labels.problem_type == REGRESSION:
        return {"prediction": float(logits[0]), "score": float(logits[0])}
    if labels.problem_type == SETS:
        scores, chosen = _sigmoid(logits), np.flatnonzero(chosen_labels(logits, labels, calibration))
        return {"prediction": [labels.names[i] for i in chosen], "score": [float(scores[i]) for i in chosen]}
    scores = _softmax(logits / calibration.get("temperature", 1.0))
    best = int(scores.argmax())
    return {"prediction": labels.names[best], "score": float(scores[best])}


def chosen_labels(logits: np.ndarray, labels: Labels, calibration: Mapping[str, Any]) -> np.ndarray:
    """Which labels of sets are predicted, (..., C), by logits (..., C)."""
    thresholds = calibration.get("thresholds")
    if thresholds is None:
        return logits > 0
    return _sigmoid(logits.astype(np.float64)) > np.array([thresholds[name] for name in labels.names])


def probabilities(logits: np.ndarray, labels: Labels, calibration: Mapping[str, Any]) -> dict[str, float]:
    """The probability of each class by logits (C,): those of classes add up to 1, of sets each stands alone; none of numbers."""
    if labels.problem_type == REGRESSION:
        return {}
    share = _sigmoid if labels.problem_type == SETS else _softmax
    shares = share(logits / calibration.get("temperature", 1.0))
    return dict(zip(labels.names, shares.tolist(), strict=True))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()

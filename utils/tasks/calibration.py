"""What predictions of classes and sets go by, chosen on validation rows."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from scipy.special import expit

from ..files import listed
from ..metrics.calibration import best_threshold, fit_temperature
from .label_kinds import SETS
from .labels import Labels

logger = logging.getLogger(__name__)


def choose(labels: Labels, logits: np.ndarray, references: np.ndarray) -> dict[str, Any]:
    """The temperature of classes, or the threshold of every class of sets.

    Args:
        logits: (N, C) of validation rows.
        references: (N,) class indices, or (N, C) of 0 and 1 for sets.
    """
    if labels.problem_type != SETS:
        temperature = fit_temperature(logits, references)
        if temperature is None:
            logger.warning("--calibrate: the validation rows tell no temperature, as when all are right; it stays 1")
        return {"temperature": 1.0 if temperature is None else temperature}
    absent = [name for name, column in zip(labels.names, references.T, strict=True) if not column.any()]
    if absent:
        logger.warning("--calibrate: no validation row has %s; there the threshold stays 0.5", listed(absent))
    thresholds = {
        name: 0.5 if name in absent else best_threshold(expit(values), present > 0)
        for name, values, present in zip(labels.names, logits.T, references.T, strict=True)
    }
    return {"thresholds": thresholds}

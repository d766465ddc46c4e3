"""What makes probabilities mean what they say, and where decisions are best cut.

Letters in shapes: N rows, C classes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax

BINS = 15  # of confidence, as in Guo et al. 2017
# Beyond these the rows tell no temperature: all of them are right, or no better than chance.
TEMPERATURES = (1e-2, 1e2)


def nll(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """The mean negative log-likelihood in nats of labels (N,) under the softmax of logits (N, C) over a temperature."""
    return float(-log_softmax(logits / temperature, axis=-1)[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float | None:
    """The temperature of least `nll` (Guo et al. 2017, arXiv 1706.04599); None where the rows tell none.

    Args:
        logits: (N, C).
        labels: (N,) class indices.
    """
    gold = logits[np.arange(len(labels)), labels]

    def slope(log_sharpness: float) -> float:
        """The derivative of the NLL by 1 / temperature, which grows with it."""
        shares = softmax(logits * np.exp(log_sharpness), axis=-1)
        return float(((shares * logits).sum(axis=-1) - gold).mean())

    low, high = sorted(-np.log(TEMPERATURES))
    if slope(low) >= 0 or slope(high) <= 0:
        return None
    return float(np.exp(-brentq(slope, low, high, xtol=1e-10)))


class Bin(NamedTuple):
    """Rows of similar confidence.

    Attributes:
        rows: how many.
        confidence: the mean probability of their predictions.
        accuracy: the share of them that is right.
    """

    rows: int
    confidence: float
    accuracy: float


class Reliability(NamedTuple):
    """How far probabilities may be believed.

    Attributes:
        sums: (15, 3), see `calibration_sums`.
        temperature: that logits were divided by.
    """

    sums: np.ndarray
    temperature: float = 1.0

    @property
    def rows(self) -> int:
        """How many decisions there are."""
        return int(self.sums[:, 0].sum())

    @property
    def ece(self) -> float:
        """The expected calibration error: by how much confidence and accuracy differ, a mean over rows (Guo et al. 2017)."""
        return float(np.abs(self.sums[:, 1] - self.sums[:, 2]).sum() / max(self.rows, 1))

    @property
    def bins(self) -> list[Bin]:
        """The rows by the probability of their prediction, in 15 bins of equal width, ((i - 1) / 15, i / 15]; empty ones too."""
        return [
            Bin(int(count), total / max(count, 1), right / max(count, 1)) for count, total, right in self.sums.tolist()
        ]


def reliability(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> Reliability:
    """The reliability of the softmax of logits (N, C) over a temperature, for labels (N,)."""
    shares = softmax(logits / temperature, axis=-1)
    return Reliability(calibration_sums(shares.max(axis=-1), logits.argmax(axis=-1) == labels), temperature)


def calibration_sums(probabilities: ArrayLike, right: ArrayLike) -> np.ndarray:
    """For each bin how many probabilities lie in it, their sum, and how many were right: (15, 3).

    They are of any decisions, and add up over parts of the rows.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    place = np.clip(np.ceil(values * BINS).astype(int) - 1, 0, BINS - 1)
    columns = (np.ones(len(values)), values, np.asarray(right, dtype=np.float64))
    return np.stack([np.bincount(place, weights=one, minlength=BINS) for one in columns], axis=1)


def best_threshold(probabilities: np.ndarray, present: np.ndarray) -> float:
    """Above which probability a class is said to be there, for the best F1; of equally good ones the nearest to 0.5.

    Args:
        probabilities: (N,) of the class.
        present: (N,) whether it is there.
    """
    order = np.argsort(probabilities, kind="stable")
    total = present.sum()
    found = total - np.concatenate([[0], present[order].cumsum()])  # of the rows above a cut
    said = len(present) - np.arange(len(present) + 1)
    return _best_cut(probabilities[order], 2 * found / np.maximum(said + total, 1), usual=0.5, least=0.0)


def best_null_threshold(margins: np.ndarray, of_answer: np.ndarray, of_none: np.ndarray) -> float:
    """Above which margin no answer is given, for the best mean score, as `find_best_thresh` in SQuAD 2.0's evaluation.

    Of equally good ones it is the nearest to 0.

    Args:
        margins: (N,) by how much no answer scores better than the best span.
        of_answer: (N,) the score of the best span's text.
        of_none: (N,) the score of no answer.
    """
    order = np.argsort(margins, kind="stable")
    kept = np.concatenate([[0.0], of_answer[order].cumsum()])
    left = np.concatenate([of_none[order][::-1].cumsum()[::-1], [0.0]])
    return _best_cut(margins[order], kept + left, usual=0.0, least=None)


def _best_cut(values: np.ndarray, scores: np.ndarray, usual: float, least: float | None) -> float:
    """The best place to cut sorted values (N,) in two: half way between two of them, or the usual place where that is as good.

    Args:
        scores: (N + 1,), where the first 0, 1, ... N values lie at or below the cut.
        least: below all values, to cut half way to; None: 1 below the first.
    """
    lows, highs = np.concatenate([[-np.inf], values]), np.concatenate([values, [np.inf]])
    best = np.flatnonzero((lows < highs) & (scores >= scores[lows < highs].max() - 1e-9))
    distance = np.maximum(np.maximum(lows[best] - usual, usual - highs[best]), 0)
    low, high = (float(ends[best[distance.argmin()]]) for ends in (lows, highs))
    if low <= usual < high:
        return usual
    if high == np.inf:
        return low
    if low == -np.inf:
        return high - 1 if least is None else (least + high) / 2
    middle = (low + high) / 2
    return middle if middle < high else low

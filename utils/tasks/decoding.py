"""The tags of sentences that are decided together: whole sentences, put together of their windows."""

from __future__ import annotations

from collections.abc import Callable

import datasets
import numpy as np
import torch

Decode = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]

BATCH_SCORES = 1 << 22  # numbers of a batch of sentences, by tokens and pairs of tags


def decode_sentences(
    features: datasets.Dataset, logits: np.ndarray, decode: Decode
) -> tuple[list[list[int]], list[list[float]]]:
    """The class of each sub-word of every window, and its probability.

    Every sub-word that answers for a token is a link of the chain. Of several that begin in one character the first is the
    link, and the others get its class.

    Args:
        features: the windows in any order, with `row`, `first` and `end`.
        logits: (N, T, C) of the windows.
        decode: see `HeadedEncoderForTokenClassification.decode`.
    """
    sentences = [_pieces(windows) for windows in _windows_by_row(features)]
    best = [[0] * len(first) for first in features["first"]]
    probability = [[0.0] * len(first) for first in best]
    sentences = sorted((one for one in sentences if one), key=len)
    tags = logits.shape[-1]
    while sentences:
        size = max(1, BATCH_SCORES // (len(sentences[-1]) * tags * tags))
        batch, sentences = sentences[-size:], sentences[:-size]
        emissions = torch.zeros(len(batch), len(batch[-1]), tags)
        mask = torch.zeros(emissions.shape[:2])
        for i, pieces in enumerate(batch):
            windows, places = zip(*(places[0] for places in pieces), strict=True)
            emissions[i, : len(pieces)] = torch.from_numpy(logits[list(windows), list(places)])
            mask[i, : len(pieces)] = 1
        chosen, scores = decode(emissions, mask)
        shares = scores.gather(2, chosen.unsqueeze(-1)).squeeze(-1).exp()
        for pieces, classes, values in zip(batch, chosen.tolist(), shares.tolist(), strict=True):
            for piece, one, value in zip(pieces, classes, values, strict=False):  # padding comes last
                for window, place in piece:
                    best[window][place], probability[window][place] = one, value
    return best, probability


def _windows_by_row(features: datasets.Dataset) -> list[list[tuple[int, list[int]]]]:
    """The windows of each row in order: their numbers, and `first` of their sub-words."""
    rows: dict[int, list[tuple[int, list[int]]]] = {}
    for window, (row, firsts) in enumerate(zip(features["row"], features["first"], strict=True)):
        if max(firsts, default=-1) >= 0:
            rows.setdefault(row, []).append((window, firsts))
    # A window answers for tokens after those of the window before it, but may begin within the last of them.
    return [sorted(own, key=lambda one: (max(one[1]), one[0])) for own in rows.values()]


def _pieces(windows: list[tuple[int, list[int]]]) -> list[list[tuple[int, int]]]:
    """The chain of a sentence: for each token that begins one or more sub-words, their windows and places."""
    pieces: list[list[tuple[int, int]]] = []
    last = -1
    for window, firsts in windows:
        for place, first in enumerate(firsts):
            if first >= 0:
                if first != last:
                    pieces.append([])
                pieces[-1].append((window, place))
                last = first
    return pieces

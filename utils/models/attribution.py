"""What an answer about a sequence came from: exact for the CNN head, by leaving words out for the others.

Letters in shapes: T tokens of one sequence with H hidden dimensions, C classes, F filters of a width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from heads.cnn import CNNHead


class NGram(NamedTuple):
    """Tokens that won the maximum of at least one filter, first <= t < end, and what they gave to the logit of a class."""

    first: int
    end: int
    contribution: float


class Contributions(NamedTuple):
    """A logit in parts: the n-grams, those that matter most first, and the bias."""

    ngrams: list[NGram]
    bias: float

    @property
    def logit(self) -> float:
        """What the parts add up to."""
        return self.bias + sum(one.contribution for one in self.ngrams)


class Piece(NamedTuple):
    """Characters of a text, start <= i < end, and how much a logit falls where they are left out."""

    start: int
    end: int
    fall: float


@torch.no_grad()
def ngram_contributions(head: CNNHead, hidden_states: torch.Tensor, label: int) -> Contributions:
    """Takes a logit of the CNN head apart, without a remainder.

    The logit is the bias and, for each filter, its weight times its largest value over all n-grams. That product belongs to
    the n-gram that had the largest value (of equal ones the first); a filter that found nothing gives 0 to nobody. Each n-gram
    is read as hidden states, which have seen the whole text.

    Args:
        head: one for sequences, in evaluation mode.
        hidden_states: (T, H), what the head reads, without padding.
        label: the class, 0 <= label < C.
    """
    length = len(hidden_states)
    channels, mask = hidden_states.T.unsqueeze(0), hidden_states.new_ones(1, length)
    found: dict[tuple[int, int], float] = {}
    weights = head.out_proj.weight[label].double().split(head.convolutions[0].out_channels)
    for size, maps, weight in zip(head.kernel_sizes, head.maps(channels, mask), weights, strict=True):
        values, places = maps[0].max(dim=-1)  # (F,) each
        for first, product in zip(places.tolist(), (values.double() * weight).tolist(), strict=True):
            if product:
                place = first, min(first + size, length)
                found[place] = found.get(place, 0.0) + product
    ngrams = [NGram(*place, product) for place, product in found.items()]
    ngrams.sort(key=lambda one: (-abs(one.contribution), one.first, one.end))
    return Contributions(ngrams, head.out_proj.bias[label].item())


def token_shares(ngrams: Sequence[NGram], length: int) -> list[float]:
    """What each of so many tokens has of the n-grams that it is in, an n-gram's contribution divided evenly among its tokens."""
    shares = [0.0] * length
    for first, end, contribution in ngrams:
        for token in range(first, end):
            shares[token] += contribution / (end - first)
    return shares


def pieces(text: str, most: int) -> list[tuple[int, int]]:
    """Where the words of a text stand, or where there are more than `most` of them, runs of equally many words."""
    words, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        words.append((start, start + len(word)))
        start += len(word)
    size = -(-len(words) // most) or 1
    return [(words[i][0], words[i : i + size][-1][1]) for i in range(0, len(words), size)]


def occlusion(text: str, logit: Callable[[list[str]], Sequence[float]], most: int) -> list[Piece]:
    """How much a logit falls where a word is left out, after Zeiler and Fergus (2014), arXiv 1311.2901.

    The falls of all words add up to nothing in particular: words may say the same twice, or matter only together.

    Args:
        text: what is read.
        logit: gives the logit of one class for every text of a list.
        most: how many pieces a text has at most, see `pieces`.
    """
    places = pieces(text, most)
    whole, *without = logit([text, *(text[:start] + text[end:] for start, end in places)])
    return [Piece(*place, whole - value) for place, value in zip(places, without, strict=True)]

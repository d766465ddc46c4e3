"""From what windows decide about sub-words to one tag for each token of a sentence."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..data.splits import Split
from ..metrics.iob2 import OUTSIDE, PREFIX, Style
from .features import Features, blocks_by_row

logger = logging.getLogger(__name__)


class Decided(NamedTuple):
    """What was decided about rows that follow each other.

    Attributes:
        rows: which ones of the split.
        tags, scores: of every row one for each token.
    """

    rows: slice
    tags: list[list[str]]
    scores: list[list[float]]


def decide_tokens(
    split: Split, features: Features, names: Sequence[str], best: Any = None, probability: Any = None
) -> Iterator[Decided]:
    """All rows in order, some at a time.

    A token that no sub-word covers, such as a space, is inside an entity if its neighbours are, else O. Its score is 0.

    Args:
        names: of the model's classes, in IOB2.
        best, probability: of every window the best class of each sub-word, and its probability. Without them a sub-word has the
            class that it is labelled with, and the probability 1.
    """
    style, outside, missing = Style.of(names) or PREFIX, OUTSIDE if OUTSIDE in names else names[0], 0
    for block in blocks_by_row(features, ["row", "first", "end", *(["labels"] if best is None else [])]):
        tokens_of = [row.fields["tokens"] for row in split.rows[block.rows]]
        tags: list[list[str | None]] = [[None] * len(tokens) for tokens in tokens_of]
        scores = [[0.0] * len(tokens) for tokens in tokens_of]
        for own, place in enumerate(block.places):
            row, classes = (
                block.columns["row"][own] - block.rows.start,
                block.columns["labels"][own] if best is None else best[place],
            )
            for i, (first, end) in enumerate(zip(block.columns["first"][own], block.columns["end"][own], strict=True)):
                if first >= 0:
                    name = names[classes[i]]
                    inside = style.inside(name)
                    inside = inside if inside in names else name
                    tags[row][first:end] = [name] + [inside] * (end - first - 1)
                    scores[row][first:end] = [1.0 if best is None else float(probability[place][i])] * (end - first)
        for tokens, sentence in zip(tokens_of, tags, strict=True):
            for i, token in enumerate(tokens):
                if token.isspace():
                    sentence[i] = None
                elif sentence[i] is None:
                    missing += 1
            for i, tag in enumerate(sentence):
                if tag is None:
                    sentence[i] = _between(sentence, i, style) or outside
        yield Decided(block.rows, [[tag or outside for tag in sentence] for sentence in tags], scores)
    if missing:
        message = "%s: %d tokens mean nothing to the tokenizer; outside of entities they are tagged %s"
        logger.warning(message, split.file, missing, outside)


def _between(tags: list[str | None], i: int, style: Style) -> str | None:
    """The tag of token i, which has none: it is inside an entity if the tags before and after it are."""
    before, after = tags[i - 1] if i else None, next((tag for tag in tags[i + 1 :] if tag is not None), None)
    return style.between(before, after) if before and after else None

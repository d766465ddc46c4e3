"""What the answer about a text or pair came from, in parts that stand in the text.

Letters in shapes: B texts of T tokens with H hidden dimensions, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedTokenizerFast

from heads.characters import compose, original_offsets
from heads.cnn import CNNHead
from heads.configuration_headed_encoder import longest_input
from heads.windows import Windows

from ..models.attribution import ngram_contributions, occlusion, token_shares
from ..tasks.text_features import tokenize
from ..tasks.text_windows import tokenize_windows
from ..training.collation import Collator

MOST_TOKENS = 512  # of a text, where the model takes as many
BATCH = 16  # texts that are read at once
MOST_PIECES = 64  # of an input that are left out one by one; of a longer one several words at a time

Place = tuple[int, int, int]  # which text, and its characters, start <= i < end


class Shade(NamedTuple):
    """Characters of a text, start <= i < end, and what they did for a logit."""

    start: int
    end: int
    value: float


class Explanation(NamedTuple):
    """What a logit came from.

    Attributes:
        label: whose logit it is; empty for a score.
        exact: the parts add up to the logit; else they are falls of the logit where words are left out.
        shades: for each text of the input.
        parts: names and values, those that matter most first.
        bias: the rest of an exact sum.
        logit: before any temperature.
    """

    label: str
    exact: bool
    shades: list[list[Shade]]
    parts: list[tuple[str, float]]
    bias: float
    logit: float


class Window(NamedTuple):
    """One window of a text as the head read it.

    Attributes:
        states: (T, H).
        tokens: T of them.
        places: where each stands; None for special tokens.
    """

    states: torch.Tensor
    tokens: list[str]
    places: list[Place | None]


@dataclass(frozen=True)
class SequenceReader:
    """Reads texts, or pairs, with a model of classes, sets or scores."""

    model: Any
    tokenizer: PreTrainedTokenizerFast

    @property
    def length(self) -> int:
        """Tokens of the longest input."""
        windows = self.model.config.windows
        if windows is not None:
            return windows["max_seq_length"]
        return longest_input(self.model.config.encoder_config, self.tokenizer, MOST_TOKENS)

    @torch.no_grad()
    def logits(self, inputs: Sequence[Sequence[str]]) -> tuple[torch.Tensor, bool]:
        """Logits (B, C) of texts or pairs, and whether one of them was cut."""
        features = self._features(inputs)
        rows = [{name: column[i] for name, column in features.items()} for i in range(len(inputs))]
        collate = Collator(self.tokenizer, {})
        batches = (collate(rows[i : i + BATCH]) for i in range(0, len(rows), BATCH))
        return torch.cat([self.model(**batch).logits.float() for batch in batches]), any(features["truncated"])

    def explain(self, texts: Sequence[str], logit: float, label: int, name: str) -> Explanation:
        """What a logit came from: exact n-grams of a CNN, else what happens where words are left out.

        Args:
            texts: one, or a pair.
            logit: that of the class `label`, which is called `name`.
        """
        if isinstance(self.model.head, CNNHead):
            return self._ngrams(texts, logit, label, name)
        shades, parts = [], []
        for i, text in enumerate(texts):

            def logits_of(changed: list[str], i: int = i) -> list[float]:
                inputs = [(*texts[:i], one, *texts[i + 1 :]) for one in changed]
                return self.logits(inputs)[0][:, label].tolist()

            found = occlusion(text, logits_of, MOST_PIECES // len(texts))
            shades.append([Shade(*piece) for piece in found])
            parts += [(text[piece.start : piece.end], piece.fall) for piece in found]
        parts.sort(key=lambda one: -abs(one[1]))
        return Explanation(label=name, exact=False, shades=shades, parts=parts, bias=0.0, logit=logit)

    def _ngrams(self, texts: Sequence[str], logit: float, label: int, name: str) -> Explanation:
        """The n-grams of all windows: of a mean each window gives its share, of a maximum one window gives all."""
        windows = list(self.windows(texts))
        found = [ngram_contributions(self.model.head, window.states, label) for window in windows]
        if self.model.config.windows is not None and self.model.config.windows["pooling"] == "max":
            best = max(range(len(found)), key=lambda i: found[i].logit)
            windows, found = [windows[best]], [found[best]]
        shades: list[list[Shade]] = [[] for _ in texts]
        parts: dict[tuple, tuple[str, float]] = {}
        for window, contributions in zip(windows, found, strict=True):
            ngrams = [one._replace(contribution=one.contribution / len(found)) for one in contributions.ngrams]
            for place, value in zip(window.places, token_shares(ngrams, len(window.tokens)), strict=True):
                if place is not None and value:
                    shades[place[0]].append(Shade(*place[1:], value))
            for ngram in ngrams:
                inside = slice(ngram.first, ngram.end)
                key = *window.tokens[inside], *window.places[inside]  # the same one in two windows counts once
                total = parts.get(key, ("", 0.0))[1] + ngram.contribution
                parts[key] = _written(window.tokens[inside], window.places[inside], texts), total
        ordered = sorted(parts.values(), key=lambda one: -abs(one[1]))
        return Explanation(label=name, exact=True, shades=shades, parts=ordered, bias=found[0].bias, logit=logit)

    @torch.no_grad()
    def windows(self, texts: Sequence[str]) -> Iterator[Window]:
        """What the head reads of a text or a pair: one window, or those of a long text."""
        features = self._features([texts])
        options: dict[str, Any] = {}
        if self.model.config.windows is not None:
            options = {"stride": self.model.config.windows["doc_stride"], "return_overflowing_tokens": True}
        encoded = self.tokenizer(
            *map(compose, texts), truncation=True, max_length=self.length, return_offsets_mapping=True, **options
        )
        start = 0
        for number, size in enumerate(features.get("windows", [[len(features["input_ids"][0])]])[0]):
            names = [name for name in self.tokenizer.model_input_names if name in features]
            inputs = {name: torch.tensor([features[name][0][start : start + size]]) for name in names}
            start += size
            read: list[torch.Tensor] = []
            with self.model.head.register_forward_pre_hook(lambda _, given, read=read: read.append(given[0][0])):
                self.model(**inputs)
            places = _places(encoded, number, texts)
            # A sentence with marked entities may have lost a token, see `relations.repair_suffixes`.
            if len(places) != size:
                places = [None] * size
            tokens: Any = self.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
            yield Window(read[0], tokens, places)

    def _features(self, inputs: Sequence[Sequence[str]]) -> dict[str, list]:
        """The model's inputs, as the script makes them."""
        batch: dict[str, list] = {"row": list(range(len(inputs))), "text": [one[0] for one in inputs]}
        if len(inputs[0]) > 1:
            batch["pair"] = [one[1] for one in inputs]
        windows = self.model.config.windows
        if windows is None:
            return tokenize(batch, self.tokenizer, self.length)
        return tokenize_windows(batch, self.tokenizer, Windows(**windows))


def _places(encoded: Any, number: int, texts: Sequence[str]) -> list[Place | None]:
    """Where the tokens of a window stand."""
    owners, offsets = encoded.sequence_ids(number), encoded.encodings[number].offsets
    places: list[Place | None] = [None] * len(owners)
    for i, text in enumerate(texts):
        own = [place if owner == i else (0, 0) for owner, place in zip(owners, offsets, strict=True)]
        for token, (start, end) in enumerate(original_offsets(text, own)):
            if start < end:
                places[token] = i, start, end
    return places


def _written(tokens: Sequence[str], places: Sequence[Place | None], texts: Sequence[str]) -> str:
    """Tokens after each other as they stand in the text; special ones by their names."""
    written = ""
    last: Place | None = None
    for token, place in zip(tokens, places, strict=True):
        if place is None:
            written += f" {token} "
        else:
            text, start, end = place
            written += texts[text][last[2] if last and last[0] == text else start : start] + texts[text][start:end]
        last = place
    return " ".join(written.split())

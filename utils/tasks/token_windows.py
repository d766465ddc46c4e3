"""Sentences to windows of sub-words, each of which answers for words or characters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from heads.characters import compose, original_offsets

from ..data.splits import Split
from ..data.stored_rows import Lazy
from ..errors import UserError
from ..files import Row
from .labels import NAMING, unnamed
from .tags import Tags
from .token_rows import CHARACTERS, has_tags


def feature_columns(split: Split, tags: Tags) -> dict[str, Sequence]:
    """The columns that `tokenize` reads.

    Raises:
        UserError: an unknown tag.
    """
    columns: dict[str, Sequence] = {"row": range(len(split.rows)), "tokens": split.column("tokens")}
    if has_tags(split):
        ids, known = tags.class_ids(), set(tags.names)
        read = tags.read(split)
        for row, sentence in zip(split.rows, read, strict=True):
            classes = tags.model_tags(sentence)
            for i, (tag, name) in enumerate(zip(classes, sentence, strict=True)):
                if name not in known or tag not in ids:
                    raise _unknown(split, row, i, tags.names)
        columns["tags"] = Lazy(read, lambda sentence: [ids[tag] for tag in tags.model_tags(sentence)])
    return columns


def _unknown(split: Split, row: Row, i: int, names: list[str]) -> UserError:
    tag = row.fields["tags"][i]
    message = f"unknown tag '{tag[:40]}' at token {i + 1} of the sentence; known ones are {', '.join(names[:9])}"
    message += ", ..." if len(names) > 9 else ""
    if unnamed(names):
        message += NAMING
    elif tag.removeprefix("-").isdecimal():
        message += "; say with --tag_names what the numbers mean"
    elif split.name == "test" and all(other == tag for one in split.column("tags") for other in one):
        message += "; where there are no tags yet, leave their column out"
    elif split.name == "test" and not any(name in set(names) for one in split.column("tags") for name in one):
        message += '; texts that are to be predicted are lines such as {"tokens": ["a", "b"]} of a .jsonl'
    return UserError(message, **split.place(row))


def tokenize(
    batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, max_seq_length: int, unit: str
) -> dict[str, list]:
    """Tokenizes sentences into windows of at most `max_seq_length` tokens that overlap by a quarter.

    A sub-word belongs to the word or character of its first letter, found by character offsets, so any fast tokenizer
    will do and [UNK] needs no special care. It sees texts in NFC, and offsets are those of the text as it is. Every sub-word
    is labelled in exactly one window, the one in which more of its context is seen; the first sub-word of a word is labelled,
    or every sub-word where the tokens are characters.

    Returns:
        one row per window: the model's inputs, `row`, `length`, `labels` (-100: not labelled) and, for each sub-word
        labelled here, `first` and `end`: the tokens first <= t < end that it answers for; -1 for the others.
    """
    joiner = "" if unit == CHARACTERS else " "
    stride = max_seq_length // 4
    texts = [joiner.join(tokens) for tokens in batch["tokens"]]
    encoded = tokenizer(
        [compose(text) for text in texts],
        truncation=True,
        max_length=max_seq_length,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    samples = encoded.pop("overflow_to_sample_mapping")
    offsets_of = _offsets_as_written(texts, samples, encoded.pop("offset_mapping"))
    special_of = encoded.pop("special_tokens_mask")
    features: dict[str, list] = {
        name: values for name, values in encoded.items() if name in tokenizer.model_input_names
    }
    features |= {"row": [], "length": [], "first": [], "end": []}
    if "tags" in batch:
        features["labels"] = []
    token_at: list[int] = []
    last_seen: list[int] = []  # for each sub-word of a window the token that is the last up to there
    for window, sample in enumerate(samples):
        begins = window == 0 or samples[window - 1] != sample
        ends = window + 1 == len(samples) or samples[window + 1] != sample
        if begins:
            token_at = _token_at(batch["tokens"][sample], joiner)
        last = -1 if begins else last_seen[-stride - 1]  # before this window's first sub-word
        last_seen = []
        inside = [i for i, special in enumerate(special_of[window]) if not special]
        # The overlap with a neighbouring window is shared out half and half.
        owned = set(
            inside[0 if begins else stride // 2 : len(inside) if ends else len(inside) - (stride - stride // 2)]
        )
        first, end = [-1] * len(special_of[window]), [-1] * len(special_of[window])
        for i in inside:
            covered = [t for t in token_at[slice(*offsets_of[window][i])] if t >= 0]
            if covered:
                starts_token = covered[0] != last
                if i in owned and (starts_token or unit == CHARACTERS):
                    first[i], end[i] = covered[0], covered[-1] + 1
                last = covered[-1]
            last_seen.append(last)
        features["row"].append(batch["row"][sample])
        features["length"].append(len(first))
        features["first"].append(first)
        features["end"].append(end)
        if "tags" in batch:
            tags = batch["tags"][sample]
            features["labels"].append([tags[t] if t >= 0 else -100 for t in first])
    return features


def _offsets_as_written(
    texts: list[str], samples: list[int], offsets: list[list[tuple[int, int]]]
) -> list[list[tuple[int, int]]]:
    """For each window where its sub-words stand in the text as the file has it: a syllable may be several code points there."""
    found = list(offsets)
    windows: dict[int, list[int]] = {}
    for window, sample in enumerate(samples):
        windows.setdefault(sample, []).append(window)
    for sample, own in windows.items():
        if compose(texts[sample]) != texts[sample]:
            places = iter(original_offsets(texts[sample], [place for window in own for place in offsets[window]]))
            for window in own:
                found[window] = list(itertools.islice(places, len(offsets[window])))
    return found


def _token_at(tokens: list[str], joiner: str) -> list[int]:
    """For each character of the joined tokens the token it belongs to; -1 for spaces."""
    token_at: list[int] = []
    for i, token in enumerate(tokens):
        if i and joiner:
            token_at.append(-1)
        token_at += [-1 if character.isspace() else i for character in token]
    return token_at

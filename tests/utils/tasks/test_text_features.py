"""Texts and pairs to tokens."""

from __future__ import annotations

import unicodedata

import pytest

from utils.tasks.text_features import tokenize


def test_pairs_lose_tokens_from_the_longer_text(tiny_tokenizer):
    batch = {"row": [0, 1], "text": ["the " * 20, "the"], "pair": ["good", "good"]}
    features = tokenize(batch, tiny_tokenizer, max_seq_length=10)
    assert features["length"] == [10, 5] and features["truncated"] == [True, False]
    assert tiny_tokenizer.convert_tokens_to_ids("good") in features["input_ids"][0]
    assert features["token_type_ids"][1] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("form", ["NFD", "NFC"])
def test_a_decomposed_text_gives_the_tokens_of_the_composed_one(form, tiny_tokenizer):
    """As macOS writes Hangul; the vocabulary knows syllables."""
    batch = {"row": [0], "text": ["영화 서울은 좋다"], "pair": ["나쁘다"]}
    forms = batch | {name: [unicodedata.normalize(form, text) for text in batch[name]] for name in ("text", "pair")}
    assert tokenize(forms, tiny_tokenizer, 32) == tokenize(batch, tiny_tokenizer, 32)
    assert tiny_tokenizer.convert_ids_to_tokens(tokenize(forms, tiny_tokenizer, 32)["input_ids"][0])[1] == "영화"

"""Features of texts in windows, and the batches that become of them."""

from __future__ import annotations

import datasets
import pytest

from heads.windows import Windows
from utils.tasks.text_windows import tokenize_windows
from utils.training.collation import Collator

TEXTS = ["the good movie is bad the movie", "good"]


@pytest.fixture
def features(tiny_tokenizer):
    batch = {"text": TEXTS, "row": [4, 7], "labels": [1, 0]}
    return tokenize_windows(batch, tiny_tokenizer, tuple(Windows("mean", 6, 1)))


def test_a_row_is_a_text(features, tiny_tokenizer):
    words = [" ".join(tiny_tokenizer.convert_ids_to_tokens(ids)) for ids in features["input_ids"]]
    assert words == ["[CLS] the good movie is [SEP] [CLS] is bad the movie [SEP]", "[CLS] good [SEP]"]
    assert features["windows"] == [[6, 6], [3]] and features["length"] == [12, 3]
    assert (features["row"], features["labels"], features["truncated"]) == ([4, 7], [1, 0], [False, False])


@pytest.mark.parametrize("width", [None, 10])
def test_a_batch_has_windows(features, tiny_tokenizer, width):
    """(B, W, T): the second text has one window, and nothing in the place of another."""
    batch = Collator(tiny_tokenizer, {}, width)(list(datasets.Dataset.from_dict(features)))
    assert batch["input_ids"].shape == batch["token_type_ids"].shape == (2, 2, width or 6)
    assert batch["attention_mask"].sum(dim=-1).tolist() == [[6, 6], [3, 0]]
    assert batch["input_ids"][0][batch["attention_mask"][0] == 1].tolist() == features["input_ids"][0]
    assert batch["input_ids"][1, 0, :3].tolist() == features["input_ids"][1]
    assert batch["labels"].tolist() == [1, 0] and set(batch) == {*tiny_tokenizer.model_input_names, "labels"}

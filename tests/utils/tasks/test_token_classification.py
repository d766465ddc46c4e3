"""Token classification: from sub-words to tags, literally, and what the tags of a file mean."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
import pytest
import torch
from tagged_rows import NAMES, decode, split_of, task_of, tokenize
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig
from utils.arguments import TokenDataArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.tasks import PreparedSplit
from utils.tasks.tags import Tags
from utils.tasks.token_rows import check_tagged
from utils.tasks.token_windows import feature_columns


def literal(tiny_tokenizer, tokens: list[str], best: list[str], unit: str) -> list[str]:
    """The tags of a sentence whose sub-words, special tokens left out, are answered with `best`."""
    split, tags = split_of([tokens], None), Tags(NAMES, unit)
    features = tokenize(split, tags, tiny_tokenizer, 32)
    assert features["length"] == [len(best) + 2]
    return decode(split, features, tags, [[0, *map(NAMES.index, best), 0]])[0]


def test_a_subword_of_several_characters_opens_once(tiny_tokenizer):
    found = literal(tiny_tokenizer, list("서울 영화"), ["B-LOC", "O"], "characters")
    assert found == ["B-LOC", "I-LOC", "O", "O", "O"]


def test_spaces_belong_to_an_entity_that_goes_on_behind_them(tiny_tokenizer):
    tokens = list("서울 영화  the is")
    found = literal(tiny_tokenizer, tokens, ["B-LOC", "I-LOC", "I-LOC", "B-LOC"], "characters")
    assert found == ["B-LOC", *["I-LOC"] * 9, "O", "B-LOC", "I-LOC"]


def test_a_word_has_the_tag_of_its_first_subword(tiny_tokenizer):
    found = literal(tiny_tokenizer, ["서울에", "is"], ["B-LOC", "O", "B-PER"], "words")
    assert found == ["B-LOC", "B-PER"]


def test_what_means_nothing_to_the_tokenizer_is_said_and_tagged_as_what_is_around_it(tiny_tokenizer, caplog):
    with caplog.at_level("WARNING", logger="utils"):
        assert literal(tiny_tokenizer, ["\u200b", "is"], ["B-PER"], "words") == ["O", "B-PER"]
    assert "a.tsv: 1 tokens mean nothing to the tokenizer; outside of entities they are tagged O" in caplog.text
    found = literal(tiny_tokenizer, ["is", "\u200b", "is", "\u200b", "is"], ["B-PER", "I-PER", "O"], "words")
    assert found == ["B-PER", "I-PER", "I-PER", "O", "O"]
    assert literal(tiny_tokenizer, ["\u200b"], [], "words") == ["O"]


def test_scores_are_those_of_the_subwords(tiny_tokenizer):
    split, tags = split_of([list("서울 a")], None), Tags(NAMES, "characters")
    split.rows[0].fields["id"] = "x"
    rows = datasets.Dataset.from_dict(tokenize(split, tags, tiny_tokenizer, 32))
    output: Any = PredictionOutput((np.array([[0, 1, 0, 0]]), np.array([[1, 0.75, 0.5, 1]])), None, None)
    records = task_of(tags).records(PreparedSplit(split, rows), output)
    assert records == [{"id": "x", "prediction": ["B-LOC", "I-LOC", "O", "O"], "score": [0.75, 0.75, 0.0, 0.5]}]


def test_metrics_leave_spaces_out(tiny_tokenizer):
    gold = [["B-LOC", "I-LOC", "O", "O"], ["O", "O", "O", "B-PER"]]
    split, tags = split_of([list("서울 a"), list("영화 b")], gold), Tags(NAMES, "characters")
    rows = datasets.Dataset.from_dict(tokenize(split, tags, tiny_tokenizer, 32))
    output: Any = PredictionOutput((np.array([[0, 1, 0, 0], [0, 0, 0, 0]]), np.ones((2, 4))), None, None)
    metrics = task_of(tags).compute_metrics(PreparedSplit(split, rows), output)
    assert metrics["accuracy"] == pytest.approx(5 / 6)
    assert metrics["entity_f1"] == pytest.approx(2 / 3)
    assert {"entity_macro_f1", "char_macro_f1", "char_macro_f1_without_o"} <= metrics.keys()


def test_reduced_logits():
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    best, probability = task_of(Tags(NAMES, "words")).reduce_logits(logits.to(torch.bfloat16), None)
    assert torch.equal(best, logits.to(torch.bfloat16).argmax(-1))
    assert probability.dtype == torch.float32
    torch.testing.assert_close(probability, logits.softmax(-1).amax(-1), atol=0.01, rtol=0)


# Tags


def tags_of(split: Split) -> Tags:
    return Tags.of(split, TokenDataArguments(train_file="a.tsv"))


def test_tags_do_not_depend_on_the_order_of_the_file():
    tokens = [["a"], ["bc", "d"], ["e"]]
    tags = [["I-PER"], ["O", "B-LOC"], ["E"]]
    forwards = tags_of(split_of(tokens, tags))
    backwards = tags_of(split_of(tokens[::-1], tags[::-1]))
    assert forwards == backwards == Tags(["O", "E", "B-LOC", "I-LOC", "B-PER", "I-PER"], "words")


def test_single_characters_are_characters():
    assert tags_of(split_of([["a", " ", "b"]], [["O", "O", "O"]])).unit == "characters"


def test_tags_of_a_checkpoint():
    config = HeadedEncoderConfig(**Tags(NAMES, "characters").config_fields())
    words = split_of([["ab"]], None)
    assert Tags.of_checkpoint(config, words) == Tags(NAMES, "characters")
    del config.token_unit  # a stock checkpoint says nothing about it
    assert Tags.of_checkpoint(config, words) == Tags(NAMES, "words")
    characters = split_of([["a", " "], ["b"]], None)
    assert Tags.of_checkpoint(config, characters) == Tags(NAMES, "characters")


def test_tags_of_a_checkpoint_that_only_numbers_them():
    split = split_of([["a"]], [["B-X"]])
    with pytest.raises(UserError, match=r"known ones are LABEL_0, LABEL_1; the checkpoint numbers its classes only: "):
        feature_columns(split, Tags(["LABEL_0", "LABEL_1"], "words"))


def test_errors():
    with pytest.raises(UserError, match=r"a\.tsv, row 1: no tags; give a tag for every token, or name"):
        check_tagged(split_of([["a"]], None))
    with pytest.raises(UserError, match=r"a\.tsv: every sentence is empty"):
        check_tagged(split_of([[], [" "]], [[], ["O"]]))
    with pytest.raises(
        UserError, match=r"a\.tsv, row 2: unknown tag 'B-X' at token 3 of the sentence; known ones are O,"
    ):
        split = split_of([["a"], ["a", "b", "c"]], [["O"], ["O", "O", "B-X"]])
        feature_columns(split, Tags(NAMES, "words"))

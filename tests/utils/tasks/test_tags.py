"""What a file's tags mean to a model: literal files in several schemes, and checkpoints that go on with them."""

from __future__ import annotations

import logging
from typing import Any

import datasets
import numpy as np
import pytest
from tagged_rows import split_of, task_of
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig
from utils.arguments import TokenDataArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.tasks import PreparedSplit
from utils.tasks.tag_schemes import TagScheme
from utils.tasks.tags import Tags
from utils.tasks.token_windows import feature_columns, tokenize

NAMES = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def words(*tags: str) -> Split:
    """Sentences of words with these tags."""
    sentences = [sentence.split() for sentence in tags]
    return split_of([["영화"] * len(sentence) for sentence in sentences], sentences)


def tags_of(*tags: str) -> Tags:
    return Tags.of(words(*tags), TokenDataArguments(train_file="a.tsv"))


BIOES = "S-PER O B-LOC E-LOC", "S-LOC B-PER I-PER E-PER"
IOB1 = "I-PER O I-LOC B-LOC", "I-PER O"


@pytest.mark.parametrize(("file", "name"), [(BIOES, "BIOES"), (IOB1, "IOB1")])
def test_a_scheme_is_iob2_in_the_model(file, name, caplog):
    with caplog.at_level(logging.INFO, logger="utils"):
        tags = tags_of(*file)
    assert tags == Tags(NAMES, "words", TagScheme(name=name))
    assert f"a.tsv: the tags are {name}; IOB2 in the model" in caplog.text
    assert tags.config_fields()["id2label"] == dict(enumerate(NAMES))
    again = Tags.of_checkpoint(HeadedEncoderConfig(**tags.config_fields()), words("O"))
    assert again == tags


@pytest.mark.parametrize(
    ("file", "trained", "unused"),
    [
        (BIOES, "O B-LOC E-LOC", "PER"),
        (IOB1, "O O", "LOC, PER"),
        (BIOES, "S-PER S-LOC", None),
        (("NOUN VERB", "O ADJ"), "NOUN VERB", "ADJ"),
    ],
)
def test_types_that_are_not_trained_on_are_said(file, trained, unused, caplog):
    """As where --max_train_samples or the rows that are held out leave a rare one out."""
    tags = tags_of(*file)
    caplog.clear()
    tags.say_unused(words(trained))
    said = f"a.tsv: tags without a row that is trained on: {unused}"
    found = [line for line in caplog.messages if "trained on" in line]
    assert found == ([said] if unused else [])


@pytest.mark.parametrize("file", [("B-PER O B-LOC I-LOC", "I-PER O"), ("PER-B O", "LOC-B LOC-I")])
def test_plain_iob2_is_as_it_is(file):
    split = words(*file)
    tags = Tags.of(split, TokenDataArguments(train_file="a.tsv"))
    assert tags.scheme is None and "tag_scheme" not in tags.config_fields()
    assert tags.read(split) is not None and tags.read(split) == split.column("tags")
    assert tags.write(["B-PER", "O"]) == ["B-PER", "O"]


def test_gold_tags_are_iob2():
    split = words(*BIOES)
    tags = tags_of(*BIOES)
    assert tags.read(split) == ["B-PER O B-LOC I-LOC".split(), "B-LOC B-PER I-PER I-PER".split()]
    assert feature_columns(split, tags)["tags"] == [[3, 0, 1, 2], [1, 3, 4, 4]]


def test_other_spellings_of_a_type_stay_types_and_are_said(caplog):
    assert tags_of("B-Per O B-PER", "b-PER o").names == ["O", "B-PER", "I-PER", "B-Per", "I-Per"]
    assert "a.tsv: PER and Per are types of their own; they differ by case only" in caplog.text


@pytest.mark.parametrize(
    ("train", "other", "read", "said"),
    [
        ("B-PER I-PER O", "I-PER B-PER O", "B-PER B-PER O", "the tags are IOB1, the model's IOB2; they are read as such"),
        ("I-PER B-PER O", "B-PER I-PER O", "B-PER I-PER O", "the tags are IOB2, the model's IOB1"),
        ("S-PER B-PER E-PER O", "U-PER B-PER L-PER O", "B-PER B-PER I-PER O", "the tags are BILOU, the model's BIOES"),
        ("S-PER B-PER E-PER O", "B-PER I-PER O", "B-PER I-PER O", "the tags are IOB2, the model's BIOES"),
        ("B-PER I-PER O", "PER_B PER_I O", "B-PER I-PER O", "IOB2 (with tags such as PER_B), the model's IOB2;"),
        ("PER-B PER-I O", "S-PER O", "PER-B O", "the tags are BIOES, the model's IOB2 (with tags such as PER-B)"),
        ("B-PER I-PER O", "O O O", "O O O", "a.tsv: no tag marks an entity"),
        ("B-PER O", "B-PER I-PER O I-PER", "B-PER I-PER O I-PER", "1 of 2 entities are wrong in IOB2 and count as none, the "),
        ("S-PER O", "S-PER E-PER O", "B-PER O O", "1 of 2 entities are wrong in BIOES and count as none, the first at row 1, token 2: E-PER"),
    ],
)  # fmt: skip
def test_other_files_are_read_in_that_scheme_or_in_their_own(train, other, read, said, caplog):
    tags = tags_of(train)
    split = words(other)
    assert tags.read(split) == [read.split()]
    assert said in caplog.text
    said_so_far = caplog.text
    tags.read(split)
    assert caplog.text == said_so_far  # once


def test_tags_of_no_scheme_are_refused_where_they_stand():
    with pytest.raises(
        UserError, match=r"a\.tsv, row 2: unknown tag 'NNG' at token 2 of the sentence; known ones are O,"
    ):
        feature_columns(words("S-PER O", "O NNG"), tags_of(*BIOES))


def test_a_placeholder_in_a_test_file():
    split = words("_ _", "_")
    split.name = "test"
    with pytest.raises(
        UserError, match=r"unknown tag '_' at token 1 .*; where there are no tags yet, leave their column out$"
    ):
        feature_columns(split, tags_of(*BIOES))


def test_numbers_need_names():
    with pytest.raises(UserError, match=r"unknown tag '3' at token 1 .*; say with --tag_names what the numbers mean$"):
        feature_columns(words("3 0"), tags_of(*BIOES))


def test_a_tag_unlike_all_others_is_an_error():
    file = ["B-PER I-PER O O"] * 20 + ["O B_PER O O"]
    with pytest.raises(
        UserError, match=r"a\.tsv, row 21: the tag 'B_PER' of token 2 is unlike the others, such as I-PER"
    ):
        tags_of(*file)


def test_tags_that_mark_no_entities_are_said_to(caplog):
    with caplog.at_level(logging.INFO, logger="utils"):
        assert tags_of("NNG JX").style is None
        assert "a.tsv: the tags mark no entities: they are scored tag by tag" in caplog.text
        assert tags_of("B-PER I-PER O X", "I-PER X").style is None
        assert "because of 'X' the tags are in no scheme of entities" in caplog.text


def test_mostly_wrong_entities_are_refused():
    with pytest.raises(
        UserError, match=r"a\.tsv, row 1: most entities are wrong in BIOES, which fits the tags best, such as 'B-X' at"
    ):
        tags_of("B-X O E-X O I-X S-Y O B-Y")


# Characters with spaces between them


def characters(text: str, tags: str) -> Split:
    return split_of([list(text)], [tags.split()])


@pytest.mark.parametrize(
    ("tags", "read"),
    [
        ("I-LOC I-LOC O I-LOC O", "B-LOC I-LOC O B-LOC O"),  # the space parts them
        ("I-LOC I-LOC O B-LOC O", "B-LOC I-LOC O B-LOC O"),  # as where spaces were not looked at
        ("I-LOC I-LOC I-LOC I-LOC O", "B-LOC I-LOC O I-LOC O"),
        ("B-LOC I-LOC O E-LOC O", "B-LOC I-LOC O I-LOC O"),
        ("B-LOC I-LOC I-LOC E-LOC O", "B-LOC I-LOC O I-LOC O"),
        ("B-LOC E-LOC O S-LOC O", "B-LOC I-LOC O B-LOC O"),
    ],
)
def test_spaces_do_not_count(tags, read):
    split = characters("서울 역a", tags)
    model = Tags.of(split, TokenDataArguments(train_file="a.tsv"))
    assert model.read(split) == [read.split()]
    assert model.faults(split)["wrong_entities"] == 0


def test_predictions_are_written_in_the_scheme_and_scored_as_written(tiny_tokenizer):
    split = split_of([["영화", "정말", "영화", "is"]], ["I-PER B-PER O I-PER".split()])
    tags = Tags.of(split, TokenDataArguments(train_file="a.tsv"))
    assert tags.names == ["O", "B-PER", "I-PER"]
    batch = tokenize(feature_columns(split, tags), tiny_tokenizer, max_seq_length=16, unit="words")
    prepared = PreparedSplit(split, datasets.Dataset.from_dict(batch))
    labels = [[max(label, 0) for label in row] for row in batch["labels"]]
    output: Any = PredictionOutput((np.array(labels), np.ones(np.shape(labels))), None, None)
    task = task_of(tags)
    records = task.records(prepared, output)
    assert [record["prediction"] for record in records] == [["I-PER", "B-PER", "O", "I-PER"]]
    pairs = task.pairs(prepared, output)
    assert pairs is not None and pairs["predictions"] == pairs["references"] == [["B-PER", "B-PER", "O", "B-PER"]]
    assert task.predictions(split, records) == pairs["predictions"]
    assert task.compute_metrics(prepared, output)["entity_f1"] == 1.0


def test_a_model_whose_own_classes_are_bioes():
    """As one that was trained elsewhere, or here before files were converted."""
    classes = ["O", "B-LOC", "I-LOC", "E-LOC", "S-LOC"]
    config = HeadedEncoderConfig(token_unit="words", id2label=dict(enumerate(classes)))
    tags = Tags.of_checkpoint(config, words("O"))
    assert tags == Tags(["O", "B-LOC", "I-LOC"], "words", TagScheme(name="BIOES"), classes)
    assert tags.names_by_class() == ["O", "B-LOC", "I-LOC", "I-LOC", "B-LOC"]
    assert feature_columns(words("S-LOC O B-LOC E-LOC", "B-LOC I-LOC O O"), tags)["tags"] == [
        [4, 0, 1, 3],
        [0, 0, 0, 0],
    ]
    assert feature_columns(words("B-LOC I-LOC O B-LOC", "B-LOC O O O"), tags)["tags"] == [[1, 3, 0, 4], [4, 0, 0, 0]]
    assert tags.config_fields()["id2label"] == dict(enumerate(classes))

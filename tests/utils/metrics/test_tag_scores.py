"""Scores of tags. Expected values are worked out by hand, taken from published definitions, or computed by slow code written here from them."""

from __future__ import annotations

import random
import time

import pytest
import seqeval.metrics
from seqeval.scheme import IOB2
from test_scores import slow_f1

from utils.metrics.scores import (
    score_entity_types,
    score_tagging,
)

KLUE_NER_TAGS = [f"{prefix}-{kind}" for kind in ("PS", "LC", "OG", "DT", "TI", "QT") for prefix in "BI"] + ["O"]


pytestmark = pytest.mark.usefixtures("no_warnings")


def slow_spans(sentences: list[list[str]]) -> set[tuple[int, int, int, str]]:
    """Strict IOB2: an entity is one B-x and all the I-x that follow it at once."""
    spans = set()
    for row, tags in enumerate(sentences):
        for start, tag in enumerate(tags):
            if tag.startswith("B-"):
                kind, end = tag[2:], start + 1
                while end < len(tags) and tags[end] == f"I-{kind}":
                    end += 1
                spans.add((row, start, end, kind))
    return spans


def random_tags(seed: int, sentences: int = 200, names: list[str] = KLUE_NER_TAGS) -> list[list[str]]:
    """Any tag after any other, so that most illegal sequences occur; lengths 0 to 12; O for every second tag."""
    generator = random.Random(seed)
    return [
        [generator.choice(names) if generator.random() < 0.5 else "O" for _ in range(row % 13)]
        for row in range(sentences)
    ]


def mixed(gold: list[list[str]], other: list[list[str]]) -> list[list[str]]:
    """Two thirds of the sentences of `gold`, the others from `other`."""
    return [b if row % 3 == 0 else a for row, (a, b) in enumerate(zip(gold, other, strict=True))]


def test_entities_by_hand():
    gold = [["B-PS", "I-PS", "O", "B-LC"], ["B-PS", "O"]]
    predicted = [["B-PS", "I-PS", "O", "B-OG"], ["O", "O"]]
    # PS: 1 of 1 found, 1 missed: F1 2/3; LC 0; OG 0
    expected = {
        "entity_f1": 0.4,
        "entity_macro_f1": 2 / 9,
        "entity_precision": 0.5,
        "entity_recall": 1 / 3,
        "accuracy": 4 / 6,
    }
    assert score_tagging(predicted, gold) == pytest.approx(expected)
    assert score_entity_types(predicted, gold) == {
        "LC": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1},
        "OG": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        "PS": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2},
    }


def test_an_entity_may_end_a_sentence_and_another_begin_the_next():
    gold = [["O", "B-PS", "I-PS"], ["B-LC", "O"]]
    assert score_tagging(gold, gold)["entity_macro_f1"] == 1.0
    # were the sentences one sequence, the I-PS would lengthen the first entity and match nothing
    scores = score_tagging([["O", "B-PS", "I-PS"], ["I-PS", "O"]], gold)
    assert (scores["entity_precision"], scores["entity_recall"], scores["entity_macro_f1"]) == (1.0, 0.5, 0.5)


def test_an_entity_without_b_never_matches():
    tags = [["O", "I-PS", "I-PS", "O"], ["B-LC", "I-PS"]]
    assert score_entity_types(tags, tags) == {"LC": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}}
    assert score_tagging([["I-PS", "I-PS"]], [["B-PS", "I-PS"]])["entity_f1"] == 0.0


def test_type_names_may_hold_hyphens():
    gold = [["B-creative-work", "I-creative-work", "O", "B-creative"]]
    assert list(score_entity_types(gold, gold)) == ["creative", "creative-work"]
    predicted = [["B-creative-work", "I-creative", "O", "B-creative"]]
    assert score_tagging(predicted, gold)["entity_f1"] == 0.5


def test_b_and_i_may_stand_behind():
    gold = [["PER-B", "PER-I", "O", "TRM-B"], ["DAT-I", "PER-B"]]
    predicted = [["PER-B", "PER-I", "O", "PER-B"], ["DAT-I", "PER-B"]]
    scores = score_tagging(predicted, gold)  # 2 hits of 3 predicted and of 3 gold
    assert scores["entity_f1"] == pytest.approx(2 / 3)
    assert scores["entity_macro_f1"] == pytest.approx((4 / 5 + 0) / 2)


@pytest.mark.parametrize("gold", [[["O", "O"]], [["I-PS", "O"]]])
def test_without_any_entity_the_scores_are_0(gold):
    scores = score_tagging(gold, gold)
    assert scores == {"entity_f1": 0, "entity_macro_f1": 0, "entity_precision": 0, "entity_recall": 0, "accuracy": 1}


@pytest.mark.parametrize("seed", range(5))
def test_entities_equal_the_definition(seed):
    gold, other = random_tags(seed), random_tags(seed + 100)
    predicted = mixed(gold, other)
    found, real = slow_spans(predicted), slow_spans(gold)
    scores = score_tagging(predicted, gold)
    assert scores["entity_precision"] == pytest.approx(len(found & real) / len(found))
    assert scores["entity_recall"] == pytest.approx(len(found & real) / len(real))
    assert scores["entity_f1"] == pytest.approx(2 * len(found & real) / (len(found) + len(real)))
    f1s = []
    for kind in ("PS", "LC", "OG", "DT", "TI", "QT"):
        of_kind = [{span for span in spans if span[3] == kind} for spans in (found, real)]
        f1s.append(2 * len(of_kind[0] & of_kind[1]) / (len(of_kind[0]) + len(of_kind[1])))
        assert score_entity_types(predicted, gold)[kind]["support"] == len(of_kind[1])
        assert score_entity_types(predicted, gold)[kind]["f1"] == pytest.approx(f1s[-1])
    assert scores["entity_macro_f1"] == pytest.approx(sum(f1s) / 6)


def test_entities_equal_the_published_concatenation_under_seqeval():
    gold, other = random_tags(7), random_tags(8)
    predicted = mixed(gold, other)
    scores = score_tagging(predicted, gold)
    one_gold, one_predicted = ([tag for tags in part for tag in ("O", *tags, "O")] for part in (gold, predicted))
    for key, average in {"entity_f1": "micro", "entity_macro_f1": "macro"}.items():
        expected = seqeval.metrics.f1_score([one_gold], [one_predicted], average=average, mode="strict", scheme=IOB2)
        assert scores[key] == pytest.approx(expected)


def test_tags_that_mark_no_entities():
    gold, predicted = [["NNG", "JKB"], ["VV"]], [["NNG", "NNG"], ["VV"]]
    assert score_tagging(predicted, gold) == pytest.approx({"accuracy": 2 / 3, "macro_f1": (2 / 3 + 0 + 1) / 3})
    assert list(score_tagging([["S-PS", "O"]], [["S-PS", "O"]])) == ["accuracy", "macro_f1"]
    assert list(score_tagging([["O"]], [["O"]], tag_names=["O", "NNG"])) == ["accuracy", "macro_f1"]
    with pytest.raises(ValueError, match="mark no entities"):
        score_entity_types(predicted, gold)


def test_characters_with_and_without_o():
    gold, predicted = [["B-PS", "I-PS", "O", "O"]], [["B-PS", "O", "O", "O"]]
    scores = score_tagging(predicted, gold, tag_names=KLUE_NER_TAGS, characters=True)
    # B-PS 1, I-PS 0, O 0.8, ten tags that never occur 1
    assert scores["char_macro_f1"] == pytest.approx(11.8 / 13)
    assert scores["char_macro_f1_without_o"] == pytest.approx(11 / 12)
    assert scores["entity_f1"] == 0.0
    assert scores["accuracy"] == 0.75


def test_characters_equal_the_definition():
    gold, other = random_tags(11, names=KLUE_NER_TAGS[:8]), random_tags(12, names=KLUE_NER_TAGS[:8])
    predicted = mixed(gold, other)
    flat = [[tag for tags in part for tag in tags] for part in (predicted, gold)]
    f1s = {tag: slow_f1(*flat, tag) for tag in KLUE_NER_TAGS}
    values = {tag: 1.0 if f1 is None else f1 for tag, f1 in f1s.items()}
    scores = score_tagging(predicted, gold, tag_names=KLUE_NER_TAGS, characters=True)
    assert list(f1s.values()).count(None) == 4
    assert scores["char_macro_f1"] == pytest.approx(sum(values.values()) / 13)
    assert scores["char_macro_f1_without_o"] == pytest.approx((sum(values.values()) - values["O"]) / 12)


@pytest.mark.parametrize(
    ("predictions", "options", "message"),
    [
        ([["O"], ["O"]], {}, "sentence 1 has 1 predicted tags and 2 gold tags"),
        ([["O"]], {}, "1 predictions for 2 references"),
        ([["O"], ["O", "B-PS"]], {"tag_names": ["O"]}, "not among the 1 of this task: B-PS"),
        ([["O"], ["O", "O"]], {"characters": True}, "give tag_names"),
    ],
)
def test_tagging_says_what_is_wrong(predictions, options, message):
    with pytest.raises(ValueError, match=message):
        score_tagging(predictions, [["O"], ["O", "O"]], **options)


def test_tagging_without_a_tag_is_an_error():
    with pytest.raises(ValueError, match="no sentence has a tag"):
        score_tagging([[], []], [[], []])


def test_tagging_is_not_quadratic():
    gold = [tags * 5 for tags in random_tags(13, 169)[12::13]] * 400  # 5,200 sentences of 60
    assert len(gold) * len(gold[0]) > 300_000
    started = time.process_time()
    score_tagging(gold, gold, tag_names=KLUE_NER_TAGS, characters=True)
    assert time.process_time() - started < 20  # about 2 s on one core

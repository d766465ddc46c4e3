"""Scores of answers: expected values by hand, from published definitions, or from slow code written here from them."""

from __future__ import annotations

import random
import unicodedata

import pytest

from utils.metrics.answers import (
    bag_f1,
    normalise_klue_mrc,
    normalise_korquad,
    normalise_squad,
    rouge_w,
    score_answer,
    score_qa,
)

pytestmark = pytest.mark.usefixtures("no_warnings")


def slow_block(a: str, b: str) -> int:
    """Length of the longest text that lies in both."""
    blocks = {a[i:j] for i in range(len(a)) for j in range(i, len(a) + 1)}
    return max((len(block) for block in blocks if block in b), default=0)


@pytest.mark.parametrize(
    ("normalise", "text", "expected"),
    [
        (normalise_squad, "The  U.S.A., an island!", "usa island"),
        (normalise_squad, "theatre", "theatre"),
        (normalise_korquad, "《삼국지》", "삼국지"),
        (normalise_korquad, "서울(한국)", "서울 한국"),
        (normalise_korquad, "‘신라’의 〈기생충〉", "신라 의 기생충"),
        (normalise_korquad, "a-b c", "ab c"),
        (normalise_korquad, "the A", "the a"),
        (normalise_klue_mrc, "《삼국지》", "《삼국지》"),
        (normalise_klue_mrc, "〈기생충〉", "〈기생충〉"),
        (normalise_klue_mrc, "‘신라’", "‘신라’"),
        (normalise_klue_mrc, "'신라'", "신라"),
        (normalise_klue_mrc, "(주)현대", "주현대"),
        (normalise_klue_mrc, " a-b  C ", "ab c"),
    ],
)
def test_normalisers(normalise, text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "gold", "expected"),
    [
        ("세종대왕은", "세종대왕", 0.889),
        ("대한 민국", "대한민국", 0.444),
        ("가나다라", "라다나가", 0.25),
        ("", "", 1.0),
        ("가", "", 0.0),
        ("", "가", 0.0),
        ("가", "나", 0.0),
    ],
)
def test_rouge_w(prediction, gold, expected):
    assert rouge_w(prediction, gold) == pytest.approx(expected, abs=5e-4)
    expected_percent = pytest.approx(100 * expected, abs=0.05)
    assert score_qa([prediction], [[gold]], "klue-mrc")["rouge_w"] == expected_percent


def test_rouge_w_equals_the_definition():
    generator = random.Random(5)
    for _ in range(300):
        a, b = ("".join(generator.choices("가나 다", k=generator.randint(1, 12))) for _ in range(2))
        block = slow_block(a, b)
        precision, recall = block / len(a), block / len(b)
        expected = 2 * precision * recall / (precision + recall) if block else 0.0
        assert rouge_w(a, b) == pytest.approx(expected), (a, b)


def test_bag_f1_equals_the_definition():
    generator = random.Random(6)
    for _ in range(300):
        a, b = (generator.choices("가나다라", k=generator.randint(1, 9)) for _ in range(2))
        left, shared = list(b), 0
        for unit in a:
            if unit in left:
                left.remove(unit)
                shared += 1
        precision, recall = shared / len(a), shared / len(b)
        expected = 2 * precision * recall / (precision + recall) if shared else 0.0
        assert bag_f1(a, b) == pytest.approx(expected), (a, b)


def test_squad_counts_words():
    scores = score_qa(["the red house", "Cats"], [["a red car", "house"], ["cats!"]], "squad")
    # 1: against "red car" 2 * 1 / (2 + 2); against "house" 2 * 1 / (2 + 1)
    assert scores == pytest.approx({"exact_match": 50.0, "f1": 100 * (2 / 3 + 1) / 2})


def test_squad_keeps_to_version_2_where_a_gold_text_normalises_to_nothing():
    assert score_qa([""], [["the"]], "squad") == {"exact_match": 100.0, "f1": 100.0}
    assert score_qa([""], [["the", "cat"]], "squad") == {"exact_match": 0.0, "f1": 0.0}


def test_korquad_counts_characters_without_spaces():
    # the spaces break the exact match, not the F1; then 4 of 5 and 4 characters
    scores = score_qa(["대한 민국", "세종대왕은"], [["대한민국"], ["《세종대왕》"]], "korquad")
    assert scores == pytest.approx({"exact_match": 0.0, "f1": 100 * (1 + 8 / 9) / 2})
    assert score_qa(["'세종대왕'"], [["《세종대왕》"]], "korquad") == {"exact_match": 100.0, "f1": 100.0}


def test_korquad_gives_no_f1_to_what_shares_no_character():
    # As in the script of KorQuAD 1.0: equal texts are an exact match, yet nothing is shared.
    assert score_answer("《》", ["()"], "korquad") == {"exact_match": 100.0, "f1": 0.0}
    assert score_answer("()", ["()", "서울"], "korquad") == {"exact_match": 100.0, "f1": 0.0}
    assert score_answer("", [], "korquad") == {"exact_match": 100.0, "f1": 100.0}  # no answer is not in that script
    assert score_answer("()", ["()"], "klue-mrc") == {"exact_match": 100.0, "f1": 100.0, "rouge_w": 100.0}


@pytest.mark.parametrize("style", ["squad", "korquad", "klue-mrc"])
def test_a_decomposed_text_is_the_composed_one(style):
    decomposed = unicodedata.normalize("NFD", "대한민국")
    assert score_answer(decomposed, ["대한민국"], style)["exact_match"] == 100
    assert score_answer("대한", [decomposed], style) == score_answer("대한", ["대한민국"], style)


def test_klue_mrc_takes_the_best_gold_per_score():
    scores = score_qa(["대한 민국"], [["대한민국", "대한 국민회"]], "klue-mrc")
    # rouge_w: 2 * 2 / (5 + 4), and "대한 " with 2 * 3 / (5 + 6); f1: 1 against the first
    assert scores == pytest.approx({"exact_match": 0.0, "f1": 100.0, "rouge_w": 600 / 11})


@pytest.mark.parametrize("style", ["squad", "korquad", "klue-mrc"])
def test_unanswerable_questions(style):
    predictions = ["", "가", "나", ""]
    references = [[], [""], ["나"], ["나"]]
    scores = score_qa(predictions, references, style)
    assert scores["exact_match"] == scores["f1"] == 50.0
    assert scores["no_answer_accuracy"] == 50.0
    assert scores["has_answer_exact_match"] == scores["has_answer_f1"] == 50.0
    assert ("has_answer_rouge_w" in scores) == (style == "klue-mrc")


def test_breakdown_only_where_it_says_something():
    assert list(score_qa(["가"], [["가"]], "squad")) == ["exact_match", "f1"]
    assert list(score_qa([""], [[]], "squad")) == ["exact_match", "f1", "no_answer_accuracy"]


def test_means_per_question_type():
    scores = score_qa(["가", "나", "", "라"], [["가"], ["다"], [], ["마"]], "klue-mrc", question_types=[1, 1, 3, None])
    assert {key: score for key, score in scores.items() if "_type_" in key} == {
        "exact_match_type_1": 50.0,
        "f1_type_1": 50.0,
        "rouge_w_type_1": 50.0,
        "exact_match_type_3": 100.0,
        "f1_type_3": 100.0,
        "rouge_w_type_3": 100.0,
    }
    assert scores["exact_match"] == 50.0  # over the questions, not over the types


def test_qa_says_what_is_wrong():
    with pytest.raises(ValueError, match="unknown style .* 'rouge': use one of squad, korquad, klue-mrc"):
        score_qa(["가"], [["가"]], "rouge")
    with pytest.raises(ValueError, match="1 predictions for 2 references"):
        score_qa(["가"], [["가"], ["나"]])
    with pytest.raises(ValueError, match="1 predictions for 1 references and 2 question types"):
        score_qa(["가"], [["가"]], question_types=[1, 2])
    with pytest.raises(ValueError, match="no rows"):
        score_qa([], [])
    with pytest.raises(TypeError, match="give a list of gold texts per row"):
        score_qa(["가"], ["가나"])

"""What counts as a confident mistake, and which probabilities are compared with what."""

from __future__ import annotations

import pytest
from question_rows import split_of as questions
from tagged_rows import split_of as sentences

from utils.data.splits import Split
from utils.files import Row
from utils.metrics.catalogue import SQUAD
from utils.tasks.excerpts import Mistake, around, find_sources
from utils.tasks.judging import judge_answers, judge_classes, judge_numbers, judge_sets, judge_tags


def test_classes():
    pairs = {"predictions": ["a", "b"], "references": ["a", "a"]}
    judged = judge_classes(pairs, [{"score": 0.9}, {"score": 0.8}])
    assert judged.decisions == {"the predicted class": ([0.9, 0.8], [True, False])}
    assert judged.mistakes == [Mistake(1, 0.8)]


def test_of_sets_every_label_is_a_decision_and_a_missed_one_counts_as_sure_as_it_was_denied():
    pairs = {"predictions": [["a"], ["a"]], "references": [["a"], ["b"]]}
    judged = judge_sets(pairs, [{"a": 0.9, "b": 0.2}, {"a": 0.6, "b": 0.1}])
    assert list(judged.decisions.values()) == [([0.9, 0.2, 0.6, 0.1], [True, False, False, True])]
    assert judged.mistakes == [Mistake(1, 0.9)]  # 1 - .1 is more than .6


def test_numbers_are_off_by_something():
    judged = judge_numbers({"predictions": [1.0, 2.0], "references": [1.0, 2.5]})
    assert judged == ({}, [Mistake(1, 0.5)])


def test_tags_without_spaces_and_the_place_in_the_text():
    split = sentences([["서", "울", " ", "에"]], [["B-LOC", "I-LOC", "O", "O"]])
    pairs = {"predictions": [["B-LOC", "O", "B-LOC"]], "references": [["B-LOC", "I-LOC", "O"]]}
    judged = judge_tags(split, pairs, [{"score": [0.9, 0.6, 0.0, 0.7]}], joiner="")
    assert judged.decisions == {
        "every tag": ([0.9, 0.6, 0.7], [True, False, False]),
        "tags in entities": ([0.9, 0.7], [True, False]),
    }
    assert judged.mistakes == [Mistake(0, 0.7, place=3)]
    words = sentences([["New", "York", "is"]], [["B-LOC", "I-LOC", "O"]])
    pairs = {"predictions": [["B-LOC", "I-LOC", "B-LOC"]], "references": [["B-LOC", "I-LOC", "O"]]}
    assert judge_tags(words, pairs, [{"score": [1.0, 1.0, 0.5]}], joiner=" ").mistakes == [Mistake(0, 0.5, place=9)]


def test_answers_and_where_they_are_looked_for():
    gold = [{"text": "c", "answer_start": 4}]
    split = questions([{"context": "a b c", "answers": gold}, {"context": "a b c", "answers": gold}, {"context": "a"}])
    pairs = {"predictions": ["b", "", "d"], "references": [["c"], ["c"], []]}
    records = [{"score": 0.5, "answer_start": 2}, {"score": 0.6, "answer_start": -1}, {"score": 0.7, "answer_start": 0}]
    judged = judge_answers(split, pairs, records, SQUAD)
    assert judged.mistakes == [Mistake(0, 0.5, 2), Mistake(1, 0.6, 4), Mistake(2, 0.7, 0)]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("short", 3, "short"),
        ("one two three four five six seven", 0, "one two three four five…"),
        ("one two three four five six seven", 30, "…three four five six seven"),
        ("a cat and one two three four five six seven", 18, "…one two three four five…"),
        ("가" * 60, 30, "…" + "가" * 25 + "…"),
    ],
)
def test_an_excerpt_is_around_its_place(text, place, expected):
    assert around(text, place, 25) == expected


def test_sources():
    def split(rows):
        return Split(name="validation", file="a.csv", rows=[Row(i, row) for i, row in enumerate(rows)])

    rows = [{"text": "a", "domain": " news\nsite "}, {"text": "b", "domain": None}]
    assert find_sources(split(rows)) == ["news site", None]
    assert find_sources(split(rows), taken=["domain"]) == [None, None]
    assert find_sources(split([{"text": "a"}])) == [None]

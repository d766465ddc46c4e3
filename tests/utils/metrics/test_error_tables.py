"""Counts of errors against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from utils.metrics.catalogue import CLASSES, LABEL_SETS, NUMBERS, SQUAD, TAGS
from utils.metrics.error_tables import match_entities
from utils.metrics.iob2 import Entity


def as_dict(table):
    return {(row, column): count for row, column, count in table.counts}


def test_classes_are_counted_by_gold_and_predicted():
    (table,) = CLASSES.errors(["a", "b", "b", "a"], ["a", "a", "b", "a"], ["a", "b", "c"])
    assert as_dict(table) == {("a", "a"): 2, ("a", "b"): 1, ("b", "b"): 1}
    assert table.square and table.rows == table.columns == ["a", "b", "c"]


def test_labels_of_sets():
    (table,) = LABEL_SETS.errors([["a", "b"], []], [["a", "c"], ["b"]], ["a", "b", "c"])
    assert as_dict(table) == {("a", "found"): 1, ("b", "added"): 1, ("b", "missed"): 1, ("c", "missed"): 1}


def test_numbers_have_no_kinds_of_errors():
    assert NUMBERS.errors([1.0], [2.0], []) == []


def test_entities_are_right_half_right_missed_or_made_up():
    names = ["O", "B-LC", "I-LC", "B-PS", "I-PS"]
    gold = [["B-LC", "I-LC", "O", "B-PS"], ["B-PS", "I-PS", "O", "B-LC"], ["B-LC", "O", "O", "O"]]
    said = [["B-LC", "I-LC", "O", "B-LC"], ["B-PS", "O", "O", "O"], ["O", "O", "B-PS", "I-PS"]]
    outcomes, types = TAGS.errors(said, gold, names)
    assert as_dict(outcomes) == {
        ("LC", "right"): 1,
        ("PS", "type"): 1,
        ("PS", "boundaries"): 1,
        ("LC", "missed"): 2,
        ("PS", "made up"): 1,
    }
    assert as_dict(types) == {
        ("LC", "LC"): 1,
        ("PS", "LC"): 1,
        ("PS", "PS"): 1,
        ("LC", "nothing"): 2,
        ("nothing", "PS"): 1,
    }


def test_an_entity_is_matched_once_and_with_its_likest():
    long, short, other = Entity("LC", 0, 4), Entity("LC", 0, 2), Entity("PS", 2, 4)
    assert match_entities([long], [short, other]) == [(long, short), (None, other)]
    assert match_entities([long], [other, long]) == [(long, long), (None, other)]
    assert match_entities([short, other], [long]) == [(short, long), (other, None)]
    overlapping = [(Entity("LC", 0, 2), Entity("PS", 1, 3))]
    assert match_entities([overlapping[0][0]], [overlapping[0][1]]) == overlapping


@pytest.mark.parametrize("seed", range(20))
def test_matching_keeps_every_entity_once(seed):
    random = np.random.default_rng(seed)

    def entities():
        ends = np.sort(random.choice(20, size=2 * random.integers(0, 6), replace=False))
        return [
            Entity(str(random.choice(["LC", "PS"])), int(a), int(b)) for a, b in zip(ends[::2], ends[1::2], strict=True)
        ]

    gold, predicted = entities(), entities()
    pairs = match_entities(gold, predicted)
    assert sorted(one for one, _ in pairs if one) == sorted(gold)
    assert sorted(other for _, other in pairs if other) == sorted(predicted)
    assert {one for one, other in pairs if one == other} == set(gold) & set(predicted)


def test_tags_without_entities_are_classes_of_tokens():
    (table,) = TAGS.errors([["N", "V"]], [["N", "N"]], ["N", "V"])
    assert as_dict(table) == {("N", "N"): 1, ("N", "V"): 1}


def test_answers_by_how_near_they_come():
    said = ["the cat", "a dog", "tree", "", "", "fish"]
    gold = [["cat"], ["big dog"], ["stone"], ["river"], [], []]
    (table,) = SQUAD.errors(said, gold, [])
    assert as_dict(table) == {
        ("with an answer", "exact"): 1,
        ("with an answer", "in part"): 1,
        ("with an answer", "no overlap"): 1,
        ("with an answer", "no answer given"): 1,
        ("without an answer", "exact"): 1,
        ("without an answer", "no overlap"): 1,
    }

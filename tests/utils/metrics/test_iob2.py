"""IOB2 tags: literal cases in both styles, and seqeval's strict mode as the judge of random ones."""

from __future__ import annotations

import random

import pytest
from seqeval.scheme import IOB2, Entities

from utils.metrics.iob2 import Entity, Style

BEFORE, AFTER = Style(suffix=False), Style(suffix=True)  # the mark stands before or after the type


@pytest.mark.parametrize(
    ("names", "style"),
    [
        ("O B-LOC I-LOC", BEFORE),
        ("O LOC-B LOC-I", AFTER),
        ("B-LOC", BEFORE),
        ("B-work-of-art I-work-of-art O", BEFORE),
        ("work-of-art-B O", AFTER),
        ("B-I I-B", BEFORE),  # could be either: the usual one
        ("O B-LOC PER-B", None),  # two ways at once
        ("O LOC-B I-LOC", None),
        ("O B-LOC I-LOC E", None),
        ("NNG JX VV", None),  # parts of speech
        ("O LABEL_0", None),
        ("B- I-", None),
        ("O B-LOC S-LOC", None),  # another scheme
        ("O BLOC", None),
    ],
)
def test_style_of_names(names, style):
    assert Style.of(names.split()) == Style.of(reversed(names.split())) == style


@pytest.mark.parametrize(
    ("style", "tag", "mark", "kind"),
    [
        (BEFORE, "B-LOC", "B", "LOC"),
        (BEFORE, "I-LOC", "I", "LOC"),
        (BEFORE, "B-work-of-art", "B", "work-of-art"),
        (AFTER, "LOC-B", "B", "LOC"),
        (AFTER, "LOC-I", "I", "LOC"),
        (AFTER, "work-of-art-I", "I", "work-of-art"),
        (BEFORE, "I-B", "I", "B"),
        (AFTER, "I-B", "B", "I"),
    ],
)
def test_mark_and_type(style, tag, mark, kind):
    assert style.split(tag) == (mark, kind)
    assert style.join(mark, kind) == tag
    assert style.split("O") == ("O", "")


def test_kinds():
    assert BEFORE.kinds(["O", "I-PER", "B-PER", "B-work-of-art", "I-LOC"]) == ["LOC", "PER", "work-of-art"]
    assert AFTER.kinds(["PER-B", "O", "work-of-art-I", "LOC-B", "PER-I"]) == ["LOC", "PER", "work-of-art"]
    assert BEFORE.kinds(["O"]) == AFTER.kinds([]) == []


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        ("", []),
        ("O O", []),
        ("B-LOC", [("LOC", 0, 1)]),
        ("O B-LOC I-LOC O", [("LOC", 1, 3)]),
        ("B-LOC I-LOC", [("LOC", 0, 2)]),  # up to the end of the sentence
        ("B-LOC B-LOC I-LOC", [("LOC", 0, 1), ("LOC", 1, 3)]),
        ("B-LOC I-PER", [("LOC", 0, 1)]),  # an I of another type is outside
        ("B-LOC I-PER I-LOC", [("LOC", 0, 1)]),
        ("B-LOC O I-LOC", [("LOC", 0, 1)]),
        ("I-LOC I-LOC B-PER", [("PER", 2, 3)]),  # nothing begins with an I
        ("B-a-b I-a-b I-a", [("a-b", 0, 2)]),
        ("B-a-b I-b", [("a-b", 0, 1)]),
    ],
)
def test_entities(tags, entities):
    assert BEFORE.entities(tags.split()) == [Entity(*entity) for entity in entities]
    assert AFTER.entities([turned(tag) for tag in tags.split()]) == [Entity(*entity) for entity in entities]


@pytest.mark.parametrize(
    ("tag", "expected"), [("O", "O"), ("B-LOC", "I-LOC"), ("I-LOC", "I-LOC"), ("B-work-of-art", "I-work-of-art")]
)
def test_inside(tag, expected):
    assert BEFORE.inside(tag) == expected
    assert AFTER.inside(turned(tag)) == turned(expected)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("B-LOC", "I-LOC", "I-LOC"),
        ("I-LOC", "I-LOC", "I-LOC"),
        ("B-a-b", "I-a-b", "I-a-b"),
        ("B-LOC", "B-LOC", None),  # the next one begins
        ("B-LOC", "I-PER", None),
        ("B-a-b", "I-b", None),
        ("B-LOC", "O", None),
        ("O", "I-LOC", None),
        ("O", "O", None),
    ],
)
def test_between(before, after, expected):
    assert BEFORE.between(before, after) == expected
    assert AFTER.between(turned(before), turned(after)) == (expected and turned(expected))


@pytest.mark.parametrize("style", [BEFORE, AFTER])
def test_entities_are_those_of_seqeval(style):
    draw = random.Random(0)
    kinds = ("LOC", "PER", "work-of-art")
    pool = ["O", *(style.join(mark, kind) for kind in kinds for mark in "BBIII")]
    found = 0
    for _ in range(2000):
        tags = [draw.choice(pool) for _ in range(draw.randint(1, 12))]
        (expected,) = Entities([tags], IOB2, suffix=style.suffix).entities
        assert style.entities(tags) == [(entity.tag, entity.start, entity.end) for entity in expected]
        found += len(expected)
    assert found > 2000


def turned(tag: str) -> str:
    """`B-LOC` as `LOC-B`."""
    mark, _, kind = tag.partition("-")
    return f"{kind}-{mark}" if kind else tag

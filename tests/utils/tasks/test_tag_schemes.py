"""Schemes of tags: literal sentences in all of them, random ones back and forth, and seqeval as the judge of what is wrong."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOBES, Entities

from utils.metrics.iob2 import PREFIX, Entity
from utils.tasks.tag_schemes import SCHEMES, TagScheme, unlike

# One token, three, two that touch and are of one type, an end of the sentence.
PLAIN = "B-PER O B-LOC I-LOC I-LOC O B-LOC I-LOC B-LOC B-PER B-LOC I-LOC".split()
WRITTEN = {
    "IOB2": "B-PER O B-LOC I-LOC I-LOC O B-LOC I-LOC B-LOC B-PER B-LOC I-LOC",
    "IOB1": "I-PER O I-LOC I-LOC I-LOC O I-LOC I-LOC B-LOC I-PER I-LOC I-LOC",
    "BIOES": "S-PER O B-LOC I-LOC E-LOC O B-LOC E-LOC S-LOC S-PER B-LOC E-LOC",
    "BILOU": "U-PER O B-LOC I-LOC L-LOC O B-LOC L-LOC U-LOC U-PER B-LOC L-LOC",
    "BMEWO": "W-PER O B-LOC M-LOC E-LOC O B-LOC E-LOC W-LOC W-PER B-LOC E-LOC",
    "BMES": "S-PER O B-LOC M-LOC E-LOC O B-LOC E-LOC S-LOC S-PER B-LOC E-LOC",
    "BIEO": "B-PER O B-LOC I-LOC E-LOC O B-LOC E-LOC B-LOC B-PER B-LOC E-LOC",
    "IOE2": "E-PER O I-LOC I-LOC E-LOC O I-LOC E-LOC E-LOC E-PER I-LOC E-LOC",
}
SPELLINGS = {
    "B-PER": str,
    "PER-B": lambda tag: "-".join(tag.split("-")[::-1]),
    "B_PER": lambda tag: tag.replace("-", "_"),
    "PER_B": lambda tag: "_".join(tag.split("-")[::-1]),
    "b-per": str.lower,
    "per_b": lambda tag: "_".join(tag.lower().split("-")[::-1]),
    "0": lambda tag: tag.replace("O", "0") if tag == "O" else tag,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", WRITTEN)
def test_every_scheme_in_every_spelling(name, spelling):
    spell = SPELLINGS[spelling]
    written, plain = [spell(tag) for tag in WRITTEN[name].split()], PLAIN
    scheme = TagScheme.of([written])
    assert scheme is not None
    assert (scheme.name, scheme.suffix) == (name, spelling.lower().endswith("b"))
    if "per" in spelling:
        plain = [tag if tag == "O" else tag[0] + tag[1:].lower() for tag in PLAIN]
    assert scheme.read(written) == plain
    assert scheme.write(plain) == written
    assert scheme.pieces(written).wrong == []
    assert TagScheme(**scheme.config_field()) == scheme
    assert scheme.is_plain == ((name, spelling) in [("IOB2", "B-PER"), ("IOB2", "PER-B")])


def test_all_schemes_are_tried():
    assert SCHEMES.keys() == WRITTEN.keys()


@pytest.mark.parametrize(
    ("sentences", "name"),
    [
        (["O O"], "IOB2"),
        (["B-X I-X O", "B-X"], "IOB2"),  # every I continues
        (["B-X B-X O"], "IOB2"),
        (["I-X I-X O", "O I-Y"], "IOB1"),  # no B at all
        (["I-X B-X O"], "IOB1"),
        (["B-X I-X O", "I-X O", "B-Y O"], "IOB2"),  # one is wrong
        (["I-X I-X O", "I-X O", "B-Y O"], "IOB1"),
        (["S-X O"], "BIOES"),
        (["B-X E-X O"], "BIOES"),
        (["B-X E-X", "S-X"], "BIOES"),  # no O
        (["B-X E-X O", "B-Y"], "BIEO"),
        (["U-X O"], "BILOU"),
        (["B-X I-X O", "U-X"], "BILOU"),
        (["B-X M-X E-X O"], "BMEWO"),
        (["W-X B-X O"], "BMEWO"),
    ],
)
def test_ambiguous_tags(sentences, name):
    scheme = TagScheme.of([sentence.split() for sentence in sentences])
    assert scheme is not None and scheme.name == name


@pytest.mark.parametrize("outside", ["O", "o", "0", "_", "-", "Other", "NONE"])
def test_one_tag_says_that_there_is_no_entity(outside):
    scheme = TagScheme.of([["B-X", "I-X", outside, "B-Y"]])
    assert scheme == TagScheme(name="IOB2", outside=outside)
    assert scheme.read(["B-X", outside]) == ["B-X", "O"]
    assert scheme.write(["B-X", "O"]) == ["B-X", outside]


@pytest.mark.parametrize(
    "tags",
    [
        "NNG JX VV SF",
        "NOUN PROPN O",
        "LABEL_0 LABEL_1",
        "S_INFORM S_ASK U_INFORM U_ASK",
        "S-1 S-2 S-3",
        "B I O",
        "B-LOC PER-B O",
        "B-LOC B_PER O",
        "B-LOC I-LOC O X",
        "B-LOC I-LOC E-LOC U-LOC O S-LOC",
        "B- I- O",
        "-LRB- -RRB- NN",
        "o",
        "0 1 2",
    ],
)
def test_other_tags_have_no_scheme(tags):
    assert TagScheme.of([tags.split()]) is None
    assert TagScheme.of_names(tags.split()) is None


@pytest.mark.parametrize(
    ("name", "tags", "entities", "wrong"),
    [
        ("IOB2", "I-X O B-X I-Y", [("X", 2, 3)], [("X", 0, 1), ("Y", 3, 4)]),
        ("IOB1", "B-X O I-X I-Y B-Y B-X", [("X", 2, 3), ("Y", 3, 4), ("Y", 4, 5)], [("X", 0, 1), ("X", 5, 6)]),
        ("BIOES", "B-X O E-X S-X I-X", [("X", 3, 4)], [("X", 0, 1), ("X", 2, 3), ("X", 4, 5)]),
        ("BIOES", "B-X I-X B-X E-X", [("X", 2, 4)], [("X", 0, 2)]),
        ("BILOU", "B-X L-Y U-X", [("X", 2, 3)], [("X", 0, 1), ("Y", 1, 2)]),
        ("BMEWO", "B-X M-X O W-X", [("X", 3, 4)], [("X", 0, 2)]),
        ("BIEO", "B-X B-X I-X O", [("X", 0, 1)], [("X", 1, 3)]),
        ("IOE2", "I-X O I-X E-X E-X", [("X", 2, 4), ("X", 4, 5)], [("X", 0, 1)]),
    ],
)
def test_what_is_wrong_is_no_entity(name, tags, entities, wrong):
    scheme = TagScheme(name=name)
    found = scheme.pieces(tags.split())
    assert found.entities == [Entity(*entity) for entity in entities]
    assert found.wrong == [Entity(*entity) for entity in wrong]
    assert PREFIX.entities(scheme.read(tags.split())) == found.entities


@pytest.mark.parametrize(("name", "judge"), [("BIOES", IOBES), ("BILOU", BILOU)])
def test_entities_are_those_of_seqeval(name, judge):
    draw, scheme = random.Random(0), TagScheme(name=name)
    letters = sorted(SCHEMES[name].all)
    found = 0
    for _ in range(2000):
        tags = [draw.choice(["O", *(f"{mark}-{kind}" for mark in letters for kind in "XY")]) for _ in range(8)]
        (expected,) = Entities([tags], judge).entities
        assert scheme.pieces(tags).entities == [(entity.tag, entity.start, entity.end) for entity in expected]
        found += len(expected)
    assert found > 2000


@pytest.mark.parametrize("name", WRITTEN)
def test_random_entities_go_back_and_forth(name):
    draw, scheme = random.Random(1), TagScheme(name=name)
    for _ in range(500):
        plain: list[str] = []
        while len(plain) < 10:
            kind, length = draw.choice("XYO"), draw.randint(1, 3)
            plain += ["O"] if kind == "O" else [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
        written = scheme.write(plain)
        assert scheme.read(written) == plain
        assert not scheme.pieces(written).wrong
        entities = [(kind, first, end - 1) for kind, first, end in PREFIX.entities(plain)]
        if name in ("IOB1", "BIOES"):  # what seqeval makes of them when no scheme is named
            assert get_entities(written) == entities


def test_a_predicted_i_that_continues_nothing_is_no_entity_in_any_scheme():
    tags = "I-X O B-X I-Y".split()
    assert TagScheme(name="BIOES").write(tags) == "O O S-X O".split()
    assert TagScheme(name="IOB1").write(tags) == "O O I-X O".split()
    assert TagScheme(name="IOB2", separator="_").write(tags) == "I_X O B_X I_Y".split()


def test_what_keeps_tags_from_a_scheme():
    assert unlike(Counter({"O": 9, "B-X": 5, "I-X": 3, "B_X": 1})) == ["B_X"]
    assert unlike(Counter({"O": 9, "B-X": 5, "E-X": 3, "S-X": 3, "U-X": 1})) == ["U-X"]
    assert unlike(Counter({"O": 9, "X-B": 5, "X-I": 3, "[CLS]": 1})) == ["[CLS]"]
    assert unlike(Counter({"NNG": 9, "JX": 5, "B-X": 3})) == []


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        (TagScheme(name="IOB2"), "IOB2"),
        (TagScheme(name="BIOES"), "BIOES"),
        (TagScheme(name="BIOES", suffix=True, separator="_"), "BIOES (with tags such as PER_S)"),
        (TagScheme(name="IOB2", lower=True, outside="o"), "IOB2 (with tags such as b-per, 'o' for none)"),
    ],
)
def test_in_words(scheme, words):
    assert str(scheme) == words

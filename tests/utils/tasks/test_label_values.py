"""Cells of a column of labels: one spelling of a name, numbers, lists as programs write them, and what stands for no label."""

from __future__ import annotations

import unicodedata
from collections import Counter
from decimal import Decimal

import pytest

from utils.data.fields import as_list
from utils.tasks.label_values import (
    canonical,
    is_broken_list,
    is_multi_hot,
    is_nothing,
    look_alike,
    number,
    signs_for_nothing,
)


@pytest.mark.parametrize(
    "spelling",
    [
        " 긍정 매우",
        "긍정 매우\t",
        "긍정\u3000매우",
        "긍정\u00a0매우\u00a0",
        "긍정  매우",
        "\ufeff긍정 매우",
        "긍\u200b정 매우",
        "긍정 매우\u3164",
        "긍정 매우\u200d",
        unicodedata.normalize("NFD", "긍정 매우"),
    ],
)
def test_spellings_of_one_name(spelling):
    assert canonical(spelling) == "긍정 매우"


@pytest.mark.parametrize(
    "name", ["긍정", "Positive", "👩‍👩‍👧", "❤️", "Ａ", "①", "org:top_members/employees", "01", "1.0", "-"]
)
def test_right_names_stay(name):
    assert canonical(name) == name


@pytest.mark.parametrize(
    ("one", "other"), [("Ａ", "A"), ("❤️", "❤"), ("1.0", "1"), ("１", "1"), ("㈜", "(주)"), ('"긍정"', "긍정")]
)
def test_look_alikes(one, other):
    assert look_alike(one) == look_alike(other)


@pytest.mark.parametrize(("one", "other"), [("01", "1"), ("Positive", "positive"), ("1.5", "1"), ("긍 정", "긍정")])
def test_other_names_are_others(one, other):
    assert look_alike(one) != look_alike(other)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("3.2", 3.2),
        (" 3 ", 3.0),
        ("４.５", 4.5),
        ("-1e-3", -0.001),
        (3, 3.0),
        (Decimal("4.50"), 4.5),
        ("1_000", None),
        ("3,2", None),
        ("nan", None),
        ("inf", None),
        (float("nan"), None),
        (True, None),
        ("1e999", None),
        ("", None),
        (None, None),
        ([1], None),
    ],
)
def test_numbers(value, found):
    assert number(value) == found


@pytest.mark.parametrize("cell", ["[a", "[b]", "[광고]", "(긍정)", "a ['b']", "{x}", "(1)", "긍정", 5, None, {"a": 1}])
def test_what_is_no_list_stays(cell):
    assert as_list(cell) == cell
    assert not is_broken_list(str(cell)) or isinstance(cell, dict)


@pytest.mark.parametrize("cell", ["['a'", "[['a']]", "['a' ... 'z']", "{'label': 'a'}", "('a' 'b')", "[(1, 2)]"])
def test_broken_lists(cell):
    assert as_list(cell) == cell and is_broken_list(cell)


def test_vectors():
    assert is_multi_hot([[0, 1, 0], [True, False, True], ["1", "0", "0"], [0.0, 1.0, 1.0]])
    for values in ([[0, 1], [1]], [[0], [1]], [[0, 2]], [["a", "b"]], [[]], []):
        assert not is_multi_hot(values)


@pytest.mark.parametrize(
    "cell", [None, "", "  ", "\u200b", float("nan"), *"nan NaN None null NULL N/A n/a #N/A <NA>".split(), " nan "]
)
def test_nothing(cell):
    assert is_nothing(cell)


@pytest.mark.parametrize("cell", ["none", "NA", "0", 0, False, "-", [], "a"])
def test_something(cell):
    assert not is_nothing(cell)


@pytest.mark.parametrize(
    ("names", "nothing"),
    [
        ({"entailment": 9, "neutral": 9, "-": 2}, {"-"}),
        ({"0": 5, "1": 5, "?": 1}, {"?"}),
        ({"0": 5, "1": 5, "2": 5, "-1": 5}, {"-1"}),
        ({"1": 5, "2": 5, "3": 5, "-1": 1}, {"-1"}),
        ({"0": 5, "1": 5, "-1": 2}, {"-1"}),
        ({"0": 5, "1": 5, "-1": 4}, set()),
        ({"1": 5, "-1": 1}, set()),
        ({"2": 5, "10": 5, "-1": 1}, set()),
        ({"+": 5, "-": 5}, set()),
        ({"+": 5, "-": 5, "0": 5}, set()),
        ({"😀": 5, "-": 5}, set()),
        ({"a": 5, "b": 5}, set()),
        ({"-": 5}, set()),
    ],
)
def test_signs(names, nothing):
    assert signs_for_nothing(Counter(names)) == nothing

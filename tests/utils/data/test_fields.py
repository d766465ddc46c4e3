"""Truth values, numbers and lists: every spelling that is accepted, and what is not."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from utils.data.fields import as_list, truth_value, whole_number


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, Decimal(1), "true", "True", "TRUE", " t ", "Yes", "y", "1", "1.0", "예", "참"]
)
def test_true(value):
    assert truth_value(value) is True


@pytest.mark.parametrize(
    "value", [False, 0, 0.0, Decimal(0), "false", "False", "F", "no", "N", "0", "0.0", "아니오", "아니요", "거짓"]
)
def test_false(value):
    assert truth_value(value) is False


@pytest.mark.parametrize("value", [None, "", " ", float("nan")])
def test_nothing_is_said(value):
    assert truth_value(value) is None


@pytest.mark.parametrize(
    ("value", "found"), [("maybe", '"maybe"'), (2, "2"), (0.5, "0.5"), ([True], "[true]"), ({}, "{}")]
)
def test_neither_true_nor_false(value, found):
    with pytest.raises(ValueError) as caught:
        truth_value(value)
    assert str(caught.value) == f"expected true or false (also yes or no, 1 or 0), found {found}"


@pytest.mark.parametrize("value", [12, 12.0, "12", " 12 ", "12.0", "+12", "1.2e1", Decimal("12.00")])
def test_whole_numbers(value):
    assert whole_number(value) == 12 and type(whole_number(value)) is int


@pytest.mark.parametrize(
    "value", [12.5, "12.5", "1,200", "", "twelve", None, True, [12], float("nan"), float("inf"), "nan"]
)
def test_no_whole_numbers(value):
    with pytest.raises(ValueError, match="^expected a whole number, found "):
        whole_number(value)


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("['기쁨', '놀람']", ["기쁨", "놀람"]),
        ("['기쁨' '놀람']", ["기쁨", "놀람"]),
        ("['a'\n 'b']", ["a", "b"]),
        ("['it\\'s', \"b\"]", ["it's", "b"]),
        ("('a', 'b')", ["a", "b"]),
        ("('a',)", ["a"]),
        ("{'b', 'a'}", ["a", "b"]),
        ("set()", []),
        ("[]", []),
        ("[0 1 0]", [0, 1, 0]),
        ("[0. 1.]", [0.0, 1.0]),
        ("[True, False]", [True, False]),
        ("[None, 'a']", [None, "a"]),
        (("a", "b"), ["a", "b"]),
    ],
)
def test_lists(cell, items):
    assert as_list(cell) == items


def test_a_long_cell_takes_no_time():
    began = time.process_time()
    for cell in (
        "[" + "'a' " * 4000 + "x",
        "[" + "1" * 19_000 + "x]",
        "[" + "'" * 19_000 + "]",
        "[" * 19_000,
        "[" * 10**6,
    ):
        assert as_list(cell) == cell
    assert time.process_time() - began < 5

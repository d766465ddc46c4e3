"""Texts from the command line and from standard input."""

from __future__ import annotations

import io

import pytest

from utils.data.typed import paired, typed_lines
from utils.errors import UserError


@pytest.fixture
def standard_input(monkeypatch):
    return lambda raw: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))


def test_lines_of_standard_input(standard_input):
    standard_input("\ufeff좋아요\r\n\n  나쁘지 않아요 \n".encode())
    assert list(typed_lines(["-"])) == ["좋아요", "나쁘지 않아요"]
    assert list(typed_lines(["-", "a"])) == ["-", "a"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a\n" + "좋아요".encode("cp949"), "standard input, row 2: not UTF-8; convert it before"),
        (b"\n \n", "--text -: standard input holds no text"),
    ],
)
def test_what_is_no_text(raw, expected, standard_input):
    standard_input(raw)
    with pytest.raises(UserError, match=f"^{expected}"):
        list(typed_lines(["-"]))


def test_one_for_all_or_one_for_each():
    names = ("--question", "--text")
    assert paired(["a", "b"], ["c", "d"], names) == [("a", "c"), ("b", "d")]
    assert paired(["a", "b"], ["c"], names) == [("a", "c"), ("b", "c")]
    with pytest.raises(UserError, match="^2 --question and 3 --text: give one for all, or one for each"):
        paired(["a", "b"], ["c", "d", "e"], names)

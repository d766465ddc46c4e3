"""Tables for a terminal."""

from __future__ import annotations

import unicodedata

import pytest

from utils.outputs.answer_table import cut, table, width


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", 3), ("한글", 4), (unicodedata.normalize("NFD", "é"), 1), ("가a나", 5), ("", 0)]
)
def test_width(text, expected):
    assert width(text) == expected


def test_columns_stand_under_each_other_and_the_last_is_cut():
    rows = [
        {"prediction": "긍정 0.9", "text": "배우들의 연기가 참 좋은 영화"},
        {"prediction": "negative 0.8", "text": unicodedata.normalize("NFD", "그냥 \n 그래요") + "\x1b[2J"},
    ]
    assert table(rows, 36).splitlines() == [
        "prediction    text",
        "긍정 0.9      배우들의 연기가 참 좋…",
        "negative 0.8  그냥 그래요\\x1b[2J",
    ]
    assert table(rows, None).splitlines()[1].endswith("좋은 영화")


def test_a_wide_letter_is_not_cut_in_half():
    assert cut("가나다라", 6) == "가나…" and cut("가나다", 6) == "가나다"

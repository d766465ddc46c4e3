"""p values by hand."""

from __future__ import annotations

import pytest

from comparison.inference.p_values import holm, p_in_words


def test_holm():
    """By hand: the smallest times 4, the next times 3, ... and never less than the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("p", "text"), [(1.0, "p = 1.00"), (0.571, "p = .57"), (0.0134, "p = .013"), (0.0004, "p < .001")]
)
def test_p_values_in_words(p, text):
    assert p_in_words(p) == text

"""Elements of pages: escaped, closed, and flags in one piece."""

from __future__ import annotations

import pytest

from utils.outputs.page.markup import Markup, element, fragment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("take other seeds (--seeds 5 ...)", 'take other seeds (<span class="flag">--seeds</span> 5 ...)'),
        ("--push-to-hub & --lora", '<span class="flag">--push-to-hub</span> &amp; <span class="flag">--lora</span>'),
        ("a -- b, c--d, ---e, --5", "a -- b, c--d, ---e, --5"),
        ("--" + "a" * 100, "--" + "a" * 100),  # a line must break somewhere
        ("--<b>", "--&lt;b&gt;"),
    ],
)
def test_a_flag_stays_on_one_line(text, expected):
    assert element("p", text, class_="note") == f'<p class="note">{expected}</p>'


def test_flags_are_marked_where_lines_break_and_nowhere_else():
    assert (
        element("title", "--seeds") == "<title>--seeds</title>"
    )  # of SVG and of the page, which have no elements inside
    assert element("text", "--seeds", y="--seeds") == '<text y="--seeds">--seeds</text>'
    assert element("p", Markup("<b>--seeds</b>")) == "<p><b>--seeds</b></p>"
    assert fragment("<", Markup("<br>")) == "&lt;<br>"

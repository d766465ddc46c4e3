"""The cards of the heads: whatever stands in texts, labels and names is text on the page."""

from __future__ import annotations

import re
from html import unescape
from types import SimpleNamespace
from typing import Any

from html_page import Page

from utils.outputs.answers import CheckpointAnswer, Mark
from utils.outputs.answers_page import answers_page
from utils.outputs.explanations import Explanation, Shade

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{x}}${y}</p><script>"


def run(name: str, head: str = "cnn") -> Any:
    return SimpleNamespace(name=name, place=name, model=SimpleNamespace(config=SimpleNamespace(head=head)))


def exact(**changes: Any) -> Explanation:
    parts = [(f"n{i}", 1.0 - 0.1 * i) for i in range(10)]
    fields = {"label": "good", "exact": True, "shades": [[Shade(0, 2, 1.0)]], "parts": parts, "bias": 0.5, "logit": 6.0}
    return Explanation(**(fields | changes))


def words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page))


def test_nothing_of_the_data_is_markup():
    explanation = exact(label=HOSTILE, parts=[(HOSTILE, 1.0)], shades=[[Shade(0, 9, 1.0), Shade(5, 20, -2.0)]])
    answers = [
        CheckpointAnswer(prediction=HOSTILE, choices=[(HOSTILE, 1.0)], explanation=explanation),
        CheckpointAnswer(prediction=HOSTILE, choices=[], marks=[Mark(1, 4, HOSTILE, 0.5)], note=HOSTILE),
    ]
    page = answers_page([run(HOSTILE), run(HOSTILE, HOSTILE)], answers, [HOSTILE])
    elements = Page(page).elements
    known = ("div", "article", "h2", "span", "p", "mark", "small", "table", "tbody", "tr", "th", "td")
    assert {name for name, _ in elements} <= set(known)
    assert {name for _, attributes in elements for name in attributes} <= {
        "class",
        "title",
        "style",
        "lang",
        "dir",
        "scope",
        "aria-label",
    }
    shown = re.search(r'<p class="read"[^>]*>(.*?)</p>', page)[1]
    assert unescape(re.sub(r"<[^>]+>", "", shown)) == HOSTILE


def test_an_exact_sum_is_shown_whole():
    page = words(
        answers_page(
            [run("cnn")],
            [CheckpointAnswer(prediction="good", choices=[("good", 0.9), ("bad", 0.1)], explanation=exact())],
            ["좋다"],
        )
    )
    numbers = [float(found.replace("−", "-")) for found in re.findall(r"[+−]\d+\.\d{3}", page)]
    *parts, logit = numbers  # eight by name, the others, the bias
    assert len(parts) == 10 and sum(parts) == logit == 6.0
    assert "2 other n-grams" in page and "Exact" in page and "Logit of “good”" in page


def test_what_is_no_sum_says_so():
    explanation = exact(exact=False, parts=[(f"w{i}", 0.001) for i in range(9)], bias=0.0)
    page = words(
        answers_page(
            [run("my-run", "lstm")],
            [CheckpointAnswer(prediction="good", choices=[], explanation=explanation)],
            ["좋다"],
        )
    )
    assert "Occlusion" in page and "not a sum" in page and "+0.00100" in page and "bias" not in page
    assert "my-run lstm head" in " ".join(page.split())


def test_colours_follow_the_sum_of_the_shades():
    explanation = exact(shades=[[Shade(0, 2, 2.0), Shade(1, 3, -3.0)]])
    page = answers_page(
        [run("cnn")], [CheckpointAnswer(prediction="good", choices=[], explanation=explanation)], ["abcd"]
    )
    found = re.findall(r'<mark class="(\w+)" style="--share: ([\d.]+)" title="([^"]+)">(\w)</mark>', page)
    assert found == [
        ("for", "0.50", "+2.000", "a"),
        ("against", "0.25", "−1.000", "b"),
        ("against", "0.75", "−3.000", "c"),
    ]


def test_tags_and_answers_are_marked_and_many_choices_are_counted():
    answer = CheckpointAnswer(
        prediction="서울",
        choices=[(f"c{i}", 0.2 - 0.01 * i) for i in range(9)],
        marked=1,
        marks=[Mark(0, 2, "LC", 0.987)],
    )
    page = answers_page([run("dense", "dense")], [answer], ["어디?", "서울이다"])
    assert '<mark class="found">서울<small>LC 0.99</small></mark>이다</p>' in page
    assert "3 more" in page and "≤ 0.140" in page and "어디" not in page

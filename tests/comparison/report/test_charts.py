"""Charts are drawn to scale, and their labels do not cover each other."""

from __future__ import annotations

import re

import pytest
from html_page import Page

from comparison.report.charts import CostPoint, HeadScores, cost_chart, curve_chart, dot_chart, pair_chart, score_chart
from comparison.report.tables import GroupRow
from utils.outputs.page.axes import Box, Scale, fit_scale, free_box, score_limits, shift_apart, shorten, text_width


def centres(svg, tag="circle"):
    """x of the marks, in order."""
    if tag == "circle":
        return [float(attributes["cx"]) for attributes in Page(svg).all(tag) if "cx" in attributes]
    moved = [attributes["transform"] for attributes in Page(svg).all(tag)]
    return [float(re.match(r"translate\(([\d.-]+)", move)[1]) for move in moved]


def scores_of(by_seed, mean, deviation=None):
    return HeadScores(by_seed=by_seed, mean=mean, deviation=deviation, low=None, high=None)


def tick_of(svg, label):
    """x of the tick with this label."""
    return float(re.search(rf'<text x="([\d.]+)"[^>]*>{re.escape(label)}</text>', svg)[1])


def test_dots_stand_at_their_scores():
    values = {0: 84.0, 1: 84.25, 2: 86.0}
    svg = score_chart(
        {"dense": HeadScores(by_seed=values, mean=85.0, deviation=1.0, low=82.5, high=87.5)}, "accuracy, points", 2
    )
    place = Scale(83, 87, tick_of(svg, "83"), tick_of(svg, "87"))
    first, second, third, mean = [
        float(x)
        for x in re.findall(r'cx="([\d.]+)"|class="mark h0" transform="translate\(([\d.]+)', svg)
        for x in x
        if x
    ]
    assert [first, second, third, mean] == [pytest.approx(place(value), abs=0.02) for value in (84, 84.25, 86, 85)]
    whisker = next(line for line in Page(svg).all("line") if line["class"] == "whisker h0")
    assert float(whisker["x1"]) == pytest.approx(place(82.5), abs=0.02)
    assert float(whisker["x2"]) == pytest.approx(place(87.5), abs=0.02)
    assert Page(svg).texts["title"][1:] == ["seed 0: 84.00", "seed 1: 84.25", "seed 2: 86.00"]


def test_equal_scores_do_not_cover_each_other():
    svg = score_chart(
        {"dense": scores_of({0: 84.0, 1: 84.0, 2: 84.0, 3: 85.0}, mean=84.25, deviation=0.5)}, "accuracy", 2
    )
    dots = [(float(dot["cx"]), float(dot["cy"])) for dot in Page(svg).all("circle") if "cx" in dot]
    assert len(set(dots)) == 4 and len({x for x, _ in dots}) == 2
    assert all((a - c) ** 2 + (b - d) ** 2 >= 6.8**2 - 0.1 for i, (a, b) in enumerate(dots) for c, d in dots[:i])


def test_differences_stand_around_zero():
    pair = {"head": "lstm", "baseline": "dense", "difference": 1.0, "low": 0.25, "high": 1.75, "better": "lstm"}
    pairs = [pair, pair | {"difference": -0.5, "low": -1.0, "high": 0.0, "better": None}]
    svg = pair_chart(pairs, "difference", 2)
    zero, one = tick_of(svg, "0"), tick_of(svg, "1")
    assert centres(svg) == [pytest.approx(one, abs=0.02), pytest.approx(zero - (one - zero) / 2, abs=0.02)]
    assert [dot["class"] for dot in Page(svg).all("circle")] == ["decided", "undecided"]
    (line,) = [line for line in Page(svg).all("line") if line["class"] == "zero"]
    assert float(line["x1"]) == float(line["x2"]) == zero
    assert "+1.00 (+0.25 to +1.75)" in Page(svg).texts["text"]


def test_curves_and_their_mean():
    curves = {"dense": {"0": [[1, 0.4], [2, 0.6]], "1": [[1, 0.6], [2, 0.8], [3, 0.9]]}, "cnn": {}}
    svg = curve_chart(curves, "validation accuracy", 2)
    lines = {
        line["class"]: [tuple(map(float, point.split(","))) for point in line["points"].split()]
        for line in Page(svg).all("polyline")
    }
    first, second = lines["bold h0"]
    assert len(lines["thin h0"]) == 3 and set(lines) == {"thin h0", "bold h0"}
    assert first[0] == pytest.approx(tick_of(svg, "1.0"), abs=0.1)
    assert second[0] == pytest.approx(tick_of(svg, "2.0"), abs=0.1)
    assert lines["thin h0"][0][1] == pytest.approx((first[1] + second[1]) / 2, abs=0.1)  # .6 lies between .5 and .7
    assert "at the end, means over seeds: dense 0.70." in Page(svg).texts["desc"][0]


def test_many_logged_steps_are_drawn_as_a_hundred():
    svg = curve_chart({"dense": {"0": [[step, 2.0] for step in range(1, 1001)]}}, "training loss", 2)
    (line,) = Page(svg).all("polyline")
    assert line["class"] == "bold h0" and len(line["points"].split()) == 100


def test_costs_begin_at_zero_and_unmeasured_heads_keep_their_mark():
    scores = scores_of({0: 84.0}, mean=84.0)
    heads = {
        "dense": CostPoint(None, scores, "1"),
        "cnn": CostPoint(100.0, scores, "2"),
        "lstm": CostPoint(50.0, scores, "3"),
    }
    svg = cost_chart(heads, "score over cost", "rows per second", 2)
    zero, hundred = tick_of(svg, "0"), tick_of(svg, "100")
    assert centres(svg, "polygon") == [
        pytest.approx(hundred, abs=0.02),
        pytest.approx((zero + hundred) / 2, abs=0.02),
    ]
    assert [mark["class"] for mark in Page(svg).all("polygon")] == ["mark h1", "mark h2"]


def test_rows_of_dots():
    rows = [GroupRow("서울", "n = 3", [80.0, None, 90.0])]
    svg = dot_chart(rows, "f1 by class", "f1, points", 2, ["dense", "cnn", "lstm"], Scale(80, 90, 10, 350))
    assert [mark["transform"] for _, mark in Page(svg).elements if mark.get("class", "").startswith("mark")] == [
        "translate(10.00 0.00)",
        "translate(350.00 0.00)",
    ]
    assert Page(svg).texts["desc"] == ["서울: dense 80.00, lstm 90.00."]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (84.3, 86.1, ["84.5", "85.0", "85.5", "86.0"]),
        (-0.0004, 0.0011, ["0.0000", "0.0005", "0.0010"]),
        (-30, 30, ["−30", "−20", "−10", "0", "10", "20", "30"]),
        (0, 2500, ["0", "500", "1,000", "1,500", "2,000", "2,500"]),
    ],
)
def test_ticks_are_round(low, high, labels):
    assert [label for _, label in Scale(low, high, 0, 1).ticks()] == labels


def test_scales_hold_their_values():
    for values in ([84.0], [0.0, 0.0], [1.0, 2.0, -3.0]):
        scale = fit_scale(values, 10, 350)
        assert all(10 < scale(value) < 350 for value in values)
    assert fit_scale([5.0], 0, 100, zero=True).low == 0


@pytest.mark.parametrize(
    ("name", "whole", "values", "expected"),
    [
        ("accuracy", 1.0, [1.0, 1.0], (0.99, 1.0)),
        ("entity_f1", 100.0, [0.5, 99.5], (0.0, 100.0)),
        ("pearsonr", 1.0, [-0.99, 0.01], (-1.0, 0.06)),
        ("eval_loss", 1.0, [0.01, 2.01], (0.0, 2.11)),
        ("accuracy", 1.0, [0.0, 0.0], (0.0, 1.0)),
        ("auprc", 1.0, [0.5, 3.5], (0.35, 3.5)),  # a value that cannot be is still shown
    ],
)
def test_scales_end_where_values_end(name, whole, values, expected):
    scale = fit_scale(values, 0, 1, limits=score_limits(name, whole))
    assert (scale.low, scale.high) == pytest.approx(expected)


def test_labels_are_moved_apart():
    assert shift_apart([10, 11, 50], 13, 0, 100) == [10, 23, 50]
    assert shift_apart([98, 99], 13, 0, 100) == [87, 100]
    assert text_width("서울") > text_width("ab")
    assert shorten("a head with a long name", text_width("a head wi…")) == "a head wi…"
    near = free_box((50, 50), 40, [], Box(0, 0, 200, 200))
    assert near == (59, 38, 99, 62)
    left = free_box((50, 50), 40, [near], Box(0, 0, 200, 200))
    assert left == (1, 38, 41, 62)
    assert free_box((50, 50), 40, [near, left], Box(0, 0, 200, 200)) == (59, 14, 99, 38)

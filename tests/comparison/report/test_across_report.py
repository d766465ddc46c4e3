"""The page on several data sets: what its Markdown says, that it is whole and safe, and that forest plots are to scale."""

from __future__ import annotations

import json
import re

import pytest
from comparison_files import write_comparison
from html_page import Page

from comparison.gathering.across import gather_across
from comparison.report.across_page import render_across_page
from comparison.report.across_writing import render_across_markdown, write_across
from comparison.report.forest import forest_chart

EVIL = '<script>alert("&")</script>'
STS = {"metric": "mse", "unit": "mse", "scale": 1, "smaller_is_better": True, "scores": {"dense": 0.4, "cnn": 0.38}}


@pytest.fixture
def across(tmp_path):
    folders = [
        write_comparison(tmp_path / "nsmc"),
        write_comparison(tmp_path / "ynat", pairs={("cnn", "dense"): (2.0, 0.3)}),
        write_comparison(tmp_path / "klue-ner", pairs={("cnn", "dense"): (-0.5, 0.3)}, metric="entity_f1"),
        write_comparison(tmp_path / "sts", pairs={("cnn", "dense"): (-0.02, 0.001)}, **STS),
    ]
    return gather_across(folders)


def test_files(across, tmp_path):
    write_across(across, tmp_path / "new")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["across.html", "across.json", "across.md"]
    assert json.loads((tmp_path / "new" / "across.json").read_text(encoding="utf-8")) == across


def test_markdown(across):
    text = render_across_markdown(across)
    assert re.findall("^#+ .*", text, re.M) == [
        "# Heads compared: 4 data sets",
        "## Means",
        "## Differences by data set",
        "## On how many data sets",
        "## Scores",
        "## Ranks",
        "## Cost",
        "## Data sets",
        "## Notes",
        "## Command",
    ]
    assert "| cnn − dense | nsmc | accuracy | +1.00 points | +0.40 to +1.90 | < .001 | 33 % |" in text
    assert "| cnn − dense | sts | mse | −0.0200 mse | −0.0220 to −0.0170 | < .001 | mse has a unit of its own |" in text
    assert "| cnn | dense | 4 | 3 | 3 | nsmc, ynat, sts |" in text
    assert "| sts | mse | 0.4000 ± 0.0100 | 0.3800 ± 0.0100 |" in text
    assert "| cnn | 4 | × 1.10 | × 1.50 | × 1.00 |" in text


def test_page_is_whole_and_alone(across):
    found = Page(render_across_page(across))
    assert found.texts["h2"] == ["Differences", "On how many", "Scores", "Ranks", "Cost", "Data sets", "Run it again"]
    for tag, attributes in found.elements:
        assert tag not in ("script", "link", "iframe", "img", "object", "embed", "base", "form")
        assert not {"src", "srcset", "style", "action"} & set(attributes)
    (caption,) = found.texts["figcaption"]
    assert caption == "cnn − dense. Not pooled: sts, −0.0200 mse (mse has a unit of its own)."


def test_encoders_make_a_grid(across, tmp_path):
    other = {"equal": {"arguments": {"model_name_or_path": "monologg/koelectra-base"}}}
    folders = [write_comparison(tmp_path / "x" / name, title=name, **other) for name in ("nsmc", "ynat")]
    both = gather_across([*(tmp_path / name for name in ("nsmc", "ynat")), *folders])
    assert "By encoder" in Page(render_across_page(both)).texts["h2"]
    assert "| cnn − dense | ynat | +2.00 (+1.40 to +2.90) \\* | +1.00 (+0.40 to +1.90) \\* |" in render_across_markdown(
        both
    )


def test_everything_is_escaped(across):
    text = json.dumps(across)
    for name in ("nsmc", "cnn", "bert-base"):
        text = text.replace(f'"{name}"', json.dumps(EVIL + name))
    evil = json.loads(text) | {name: EVIL for name in ("title", "verdict", "command", "date")}
    evil["notes"] = [EVIL]
    evil["pairs"][0]["sentence"] = EVIL
    page = render_across_page(evil)
    assert "<script" not in page and EVIL in Page(page).texts["li"]
    assert "<script" not in render_across_markdown(evil).replace("\\<script", "").partition("```")[0]


def place(svg: str, value: float) -> float:
    """Where a value stands, from two ticks."""
    ticks = [
        (float(label.replace("−", "-")), float(x))
        for x, label in re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="middle">([−\d.]+)</text>', svg)
    ]
    (low, left), (high, right) = ticks[0], ticks[-1]
    return left + (value - low) / (high - low) * (right - left)


def test_forest_is_drawn_to_scale(across):
    (pair,) = across["pairs"]
    svg = str(forest_chart(pair))
    dots = [attributes for attributes in Page(svg).all("circle") if "cx" in attributes]
    assert [float(dot["cx"]) for dot in dots] == [pytest.approx(place(svg, value), abs=0.1) for value in (1, 2, -0.5)]
    assert [dot["class"] for dot in dots] == ["decided"] * 3
    (diamond,) = [mark for mark in Page(svg).all("polygon") if mark["class"] == "diamond"]
    corners = [float(corner.split(",")[0]) for corner in diamond["points"].split()]
    mean = pair["pooled"]
    assert corners[1] == corners[3] == pytest.approx(place(svg, mean["mean"]), abs=0.1)
    assert "mean of 3" in Page(svg).texts["text"] and "a further data set" in Page(svg).texts["text"]


def test_intervals_beyond_the_scale_end_with_arrows(across):
    """Three data sets leave one degree of freedom: the prediction interval is ten times as wide as they are."""
    (pair,) = across["pairs"]
    assert pair["pooled"]["prediction_high"] > 10
    svg = str(forest_chart(pair))
    arrows = [mark for mark in Page(svg).all("polygon") if mark["class"].startswith("arrow")]
    assert len([mark for mark in arrows if mark["class"] == "arrow prediction"]) == 2
    ends = [float(mark[end]) for mark in Page(svg).all("line") for end in ("x1", "x2")]
    assert min(ends) >= 0 and max(ends) <= 360


def test_no_points_no_chart(across):
    (pair,) = across["pairs"]
    pair["data_sets"] = [one for one in pair["data_sets"] if one["unit"] == "mse"]
    assert forest_chart(pair) is None

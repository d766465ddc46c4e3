"""The report on errors: parts add up to the whole, scores are those of the metric, and the page holds whatever texts say."""

from __future__ import annotations

import json
from types import SimpleNamespace

import datasets
import numpy as np
import pytest
from html_page import Page

from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.files import Row
from utils.metrics.catalogue import CLASSES
from utils.outputs.analysis import analyse, by_length, by_source, merge_observed, observe, write_analysis
from utils.outputs.analysis_charts import reliability_chart, wilson
from utils.outputs.analysis_page import render_analysis
from utils.outputs.page.document import POLICY
from utils.outputs.page.markup import element
from utils.tasks import PreparedSplit, SequenceClassification

NAMES = ["<script>alert(1)</script>", "b" * 200, "متن"]
TEXTS = [
    "<img src=x onerror=alert(1)></main>",
    "nul \x00 bell \x07 escape \x1b",
    "x" * 5000,
    "half \ud83d of a character",
    "\u202eright to left مرحبا",
    "",
]


def rows(count):
    return [
        Row(i + 2, {"text": TEXTS[i % len(TEXTS)], "label": NAMES[i % 3], "source": ["<b>web</b>", "news"][i % 2]})
        for i in range(count)
    ]


def prepare(own):
    split = Split(name="validation", file="folder/a.csv", rows=own)
    task = SequenceClassification(SequenceDataArguments(validation_file="a.csv"), None)
    task = task.with_labels(SimpleNamespace(), Split(name="train", file="a.csv", rows=rows(60)))
    order = list(range(len(own)))[::-1]  # features may come in any order
    features = datasets.Dataset.from_dict(
        {"row": order, "length": [min(len(own[i].fields["text"]), 99) + 2 for i in order]}
    )
    labels = np.array([task.labels.names.index(own[i].fields["label"]) for i in order])
    logits = np.stack([np.random.default_rng(own[i].line).normal(size=3) for i in order])
    return task, PreparedSplit(split, features), SimpleNamespace(predictions=logits, label_ids=labels)


def observed(own):
    task, prepared, output = prepare(own)
    pairs = task.pairs(prepared, output)
    return task, pairs, observe(task, prepared, output, pairs, task.records(prepared, output))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    task, pairs, seen = observed(rows(60))
    found = analyse(task, "folder/a.csv", pairs, seen, {"accuracy": 0.25, "macro_f1": 0.2})
    split = {"file": "folder/a.csv", "rows": 60, "empty_texts": 10, "labels": dict.fromkeys(NAMES, 20), "inputs": 60}
    split |= {"tokens_per_input": {"p50": 4, "p90": 9, "p99": 9, "p100": 9}, "truncated_share": 0.0}
    data = {"validation": split | {"unknown_token_share": 0.5}, "shared_texts": {"test rows also in train": 3}}
    write_analysis(folder, task, SimpleNamespace(head="cnn"), {"validation": found}, data, "<i>run</i>")
    return json.loads((folder / "report.json").read_text(encoding="utf-8")), folder


def test_parts_are_the_whole():
    whole, (first, second) = observed(rows(60))[2], (observed(own)[2] for own in (rows(60)[:25], rows(60)[25:]))
    added = merge_observed(json.loads(json.dumps([first, second])))
    for name, sums in whole["decisions"].items():
        assert np.allclose(sums, added["decisions"][name])
    assert {key: added[key] for key in ("tokens", "sources", "mistakes")} == {
        key: whole[key] for key in ("tokens", "sources", "mistakes")
    }


def test_tokens_are_those_of_the_rows_own_inputs():
    task, prepared, output = prepare(rows(6))
    features = prepared.features.to_dict()
    features["row"][:2] = [5, 5]  # a row of two windows
    windows = PreparedSplit(prepared.split, datasets.Dataset.from_dict(features))
    pairs = {"predictions": NAMES * 2, "references": NAMES * 2}
    seen = observe(task, windows, output, pairs, [{"score": 0.5}] * 6)
    assert seen["tokens"][5] == sum(features["length"][:2]) and seen["tokens"][4] == 0


def test_scores_by_length_and_source_are_those_of_the_metric():
    predictions, references = list("aabb" * 10), list("abab" * 10)
    metric = CLASSES.sums("accuracy", ["a", "b"])
    counts = metric.count(predictions, references)
    groups = by_length(metric.score, counts, [3] * 20 + [8] * 20)
    assert [(one["from"], one["to"], one["rows"], one["score"]) for one in groups] == [(3, 3, 20, 0.5), (8, 8, 20, 0.5)]
    assert all(one["low"] < 0.5 < one["high"] for one in groups)
    (same,) = by_length(metric.score, counts, [4] * 40)
    assert (same["from"], same["to"], same["rows"]) == (4, 4, 40) and same["score"] == 0.5
    sources = by_source(metric.score, counts, ["x"] * 10 + [None] * 30)
    assert [(one["source"], one["rows"], one["low"] is None) for one in sources] == [
        ("not said", 30, False),
        ("x", 10, True),
    ]
    assert by_source(metric.score, counts, [None] * 40) == [] and by_source(metric.score, counts, ["x"] * 40) == []
    assert by_source(metric.score, counts, list(map(str, range(40)))) == []  # names of rows


def test_the_interval_is_about_that_of_a_share():
    predictions = ["a"] * 1000
    references = ["a"] * 800 + ["b"] * 200
    metric = CLASSES.sums("accuracy", ["a", "b"])
    (group,) = by_length(metric.score, metric.count(predictions, references), [4] * 1000)
    low, high = wilson(0.8, 1000)
    assert group["low"] == pytest.approx(low, abs=0.01) and group["high"] == pytest.approx(high, abs=0.01)


def test_wilson_by_the_textbook():
    # Newcombe 1998, table I, method 3: 81/263 and 0/20.
    assert wilson(81 / 263, 263) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert wilson(0.0, 20) == (0.0, pytest.approx(0.1611, abs=1e-4))


def test_what_the_json_says(report):
    content, _ = report
    split = content["splits"]["validation"]
    assert (split["file"], split["rows"], split["metric"]) == ("a.csv", 60, "accuracy")
    assert content["data"]["validation"]["file"] == "a.csv"
    assert sum(count for _, _, count in split["errors"][0]["counts"]) == 60
    assert sum(one["rows"] for one in split["lengths"]) == sum(one["rows"] for one in split["sources"]) == 60
    assert sum(one["count"] for one in split["calibration"]["the predicted class"]["bins"]) == 60
    confidences = [one["confidence"] for one in split["mistakes"]]
    assert confidences == sorted(confidences, reverse=True) and len(confidences) <= 30
    assert all(len(one["text"]) <= 322 for one in split["mistakes"])


def test_the_page_holds_whatever_the_data_say(report):
    _, folder = report
    text = (folder / "report.html").read_bytes().decode("utf-8")
    page = Page(text)
    assert not {"script", "img", "link", "i", "b"} & {name for name, _ in page.elements}
    assert not [value for _, attributes in page.elements for value in attributes.values() if "onerror" in (value or "")]
    assert [one["content"] for one in page.all("meta") if "http-equiv" in one] == [POLICY]
    assert not set(text) & set(map(chr, [*range(9), *range(11, 32), *range(127, 160)]))
    assert page.texts["h1"] == ["Errors of <i>run</i>"]
    assert "About the validation rows (a.csv)." in page.texts["p"][1]
    addresses = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert addresses and all(address.startswith("#") for address in addresses)
    identifiers = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {address[1:] for address in addresses} == identifiers


def test_of_two_splits_each_has_its_sections(report):
    content, _ = report
    both = content | {"splits": {name: content["splits"]["validation"] for name in ("validation", "test")}}
    headings = Page(render_analysis(both)).texts["h2"]
    assert len(headings) == len(set(headings)) and {"Errors: validation", "Errors: test", "Data"} <= set(headings)


def test_dots_stand_where_probability_and_share_meet():
    bins = [{"from": 0.9, "to": 1.0, "count": 4, "probability": 0.95, "right": 0.5}]
    page = Page(reliability_chart(bins, "the class"))
    (dot,) = page.all("circle")
    diagonal = next(line for line in page.all("line") if line["class"] == "margin")
    start, end = (float(diagonal[name]) for name in ("x1", "x2"))
    bottom, top = (float(diagonal[name]) for name in ("y1", "y2"))
    place = f"translate({start + 0.95 * (end - start):.2f} {bottom + 0.5 * (top - bottom):.2f})"
    assert dot["transform"] == place


def test_control_characters_are_replaced_in_texts_and_attributes():
    assert element("p", "a\x00b\nc\ud800", title="\x1b") == '<p title="\ufffd">a\ufffdb\nc\ufffd</p>'

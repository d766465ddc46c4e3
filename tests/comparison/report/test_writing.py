"""The report of a comparison: what its Markdown says, and that its page is whole and safe."""

from __future__ import annotations

import json
import re
from copy import deepcopy

import pytest
from html_page import Page

from comparison.report.page import render_page
from comparison.report.tables import p_value
from comparison.report.writing import render_markdown, write_report
from utils.errors import UserError
from utils.outputs.page.markup import Markup, element, fragment


def head(scores, parameters, **more):
    accuracy = {"scores": scores, "mean": sum(scores) / 2, "standard_deviation": 0.002, "low": 0.83, "high": 0.87}
    return {
        "head_kwargs": {},
        "parameters": parameters,
        "encoder_parameters": 4584192,
        "scores": {"accuracy": accuracy, "macro_f1": accuracy | {"mean": 0.8}},
        "seeds": [0, 1],
        "cost": {
            "training_rows_per_second": 512.4,
            "training_seconds": 70.0,
            "latency_ms": None,
            "throughput": None,
            "peak_memory_bytes": 1_900_000_000,
            "device": "cpu, 2 threads",
        },
        "curves": {
            seed: {"loss": [[0.5, 0.7], [1.0, 0.4]], "eval_accuracy": [[0.5, 0.8], [1.0, 0.84]]} for seed in "01"
        },
        "groups": {"0": {"f1": 0.84, "support": 90}, "1": {"f1": 0.86, "support": 110}},
        **more,
    }


PAIR = {
    "head": "lstm",
    "baseline": "dense",
    "difference": 1.0,
    "low": 0.25,
    "high": 1.75,
    "p_value": 0.008,
    "p_holm": 0.0081,
    "covers_seeds": True,
    "better": "lstm",
    "hedges_g": -1.234,
    "rows_won": [30, 31],
    "rows_lost": [20, 20],
    "mcnemar_p": [0.2, 0.04],
    "minimum_detectable": 0.876,
    "detectable": 0.1,
    "rows_needed": 12345,
    "seeds_needed": None,
    "sentence": "lstm beats dense by 1.00 points",
}
COMPARISON = {
    "title": "reviews",
    "script": "run_seq_cls.py",
    "task": "text-classification",
    "class_word": "class",
    "metric": "accuracy",
    "unit": "points",
    "smaller_is_better": False,
    "scale": 100,
    "rows": 2000,
    "split": "test",
    "file": "test.txt",
    "sha256": "ab12",
    "date": "2026-11-23",
    "versions": {"torch": "2.13.0"},
    "command": "python compare_heads.py my.yaml --heads dense lstm",
    "equal": {"training rows": 142555, "epochs": 2.0, "arguments": {"learning_rate": 0.0005, "bf16": True, "x": None}},
    "notes": ["the validation rows also chose the checkpoint"],
    "frozen_encoder": False,
    "heads": {
        "dense": head([0.846, 0.85], 16770),
        "lstm": head([0.856, 0.86], 791554, head_kwargs={"lstm_size": 128}),
    },
    "comparisons": [PAIR],
    "verdict": "lstm beats dense by 1.0 points.",
    "lengths": [{"from": 0, "to": 10, "rows": 900, "scores": {"dense": 0.84, "lstm": 0.85}}],
    "disagreements": [
        {
            "row": 17,
            "text": "배우들 연기가 훌륭해요",
            "gold": "1",
            "right": {"dense": 0, "lstm": 2},
            "predictions": {"dense": "0", "lstm": "1"},
        }
    ],
    "disagreement_counts": {"lstm right, dense wrong": 412},
}
# Least that a comparison can hold.
BARE = COMPARISON | {
    "heads": {
        "dense": head([0.846, 0.85], None, cost={}, curves={}, groups={}, encoder_parameters=None),
    },
    "comparisons": [],
    "equal": {},
    "sha256": None,
    "notes": [],
    "versions": {},
    "lengths": [],
    "disagreements": [],
    "disagreement_counts": {},
}
EVIL = '<script>alert("&")</script>'


@pytest.fixture
def comparison():
    return deepcopy(COMPARISON)


def test_files(tmp_path):
    write_report(COMPARISON, tmp_path / "new")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == [
        "comparison.html",
        "comparison.json",
        "comparison.md",
    ]
    text = (tmp_path / "new" / "comparison.json").read_text(encoding="utf-8")
    assert json.loads(text) == COMPARISON
    assert "배우들" in text
    write_report(BARE, tmp_path / "new")
    assert json.loads((tmp_path / "new" / "comparison.json").read_text(encoding="utf-8")) == BARE


def test_no_file_holds_a_number_that_is_none(comparison, tmp_path):
    comparison["elapsed"] = float("nan")
    with pytest.raises(UserError, match=r"comparison\.json would hold a number that is none"):
        write_report(comparison, tmp_path)
    assert not list(tmp_path.iterdir())


def test_markdown():
    assert (
        render_markdown(COMPARISON)
        == """\
# Heads compared: reviews

lstm beats dense by 1.0 points.

accuracy on 2,000 test rows of test.txt, 2 seeds per head, 2026-11-23.

| head | seeds | accuracy, points | 95 % interval | macro_f1, points | parameters of the head | training, rows/s | training, s | peak memory, GB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| dense | 2 | 84.80 ± 0.20 | 83.00 to 87.00 | 80.00 ± 0.20 | 16,770 | 512 | 70.0 | 1.90 |
| lstm | 2 | 85.80 ± 0.20 | 83.00 to 87.00 | 80.00 ± 0.20 | 791,554 | 512 | 70.0 | 1.90 |

Mean ± standard deviation over seeds; the interval is that of the mean over further seeds on these rows. \
Points are hundredths: accuracy times 100.

- --head_kwargs of lstm: {"lstm_size": 128}

## Pairs

| pair | difference in accuracy, points | 95 % interval | p after Holm | Hedges' g | minimum detectable | rows to find 0.1 | rows won : lost | McNemar p < .05 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| lstm − dense | +1.00 | +0.25 to +1.75 | .008 | −1.23 | 0.876 | 12,345 | 30 : 20 | 1 of 2 |

Above zero the head that is named first is better. The intervals (95 %) cover test rows and seeds. \
Minimum detectable: the difference that these rows and seeds find with 80 % power. \
Rows or seeds to find a difference: the other number as it is; a dash where no number does. \
Rows won and lost are means over pairs of seeds; McNemar's exact test (1947) is about one such pair each.

- lstm beats dense by 1.00 points

## Equal for every head

- training rows: 142,555
- epochs: 2.0
- parameters of the encoder: 4,584,192
- SHA-256 of test.txt: ab12
- arguments: learning_rate 0.0005, bf16 true

## Notes

- the validation rows also chose the checkpoint

## Command

```bash
python compare_heads.py my.yaml --heads dense lstm
```
"""
    )


def test_ensembles(comparison):
    pair = {
        "head": "lstm ensemble",
        "baseline": "one lstm",
        "difference": 0.5,
        "low": 0.25,
        "high": 0.75,
        "p_holm": 0.004,
    }
    comparison["ensembles"] = {
        "heads": {"lstm": {"models": 2, "scores": {"accuracy": 0.863, "macro_f1": 0.81}}},
        "comparisons": [pair | {"sentence": "lstm ensemble beats one lstm by 0.50 points"}],
    }
    text = render_markdown(comparison)
    section = text[text.index("## Ensembles") : text.index("## Equal")]
    assert (
        "| head | models | accuracy, points | macro_f1, points |\n" in section
        and "| lstm | 2 | 86.30 | 81.00 |" in section
    )
    assert "| lstm ensemble − one lstm | +0.50 | +0.25 to +0.75 | .004 |" in section
    assert (
        "- lstm ensemble beats one lstm by 0.50 points" in section
        and "these differences hold for the models" in section
    )
    page = Page(render_page(comparison))
    assert "Ensembles" in page.texts["h2"] and "lstm ensemble beats one lstm by 0.50 points" in page.texts["li"]
    assert "Ensembles" not in render_page(COMPARISON) and "Ensembles" not in render_markdown(COMPARISON)


def test_markdown_of_the_least():
    text = render_markdown(BARE)
    assert re.findall("^#+ .*", text, re.M) == ["# Heads compared: reviews", "## Command"]
    assert "| head | seeds | accuracy, points | 95 % interval | macro_f1, points |\n" in text


def test_markdown_takes_names_literally(comparison):
    comparison["heads"] = {"a|b\n<i>*c*`_d_": comparison["heads"]["dense"]}
    comparison["command"] = "echo ```"
    text = render_markdown(comparison)
    assert r"| a\|b \<i>\*c\*\`\_d\_ | 2 |" in text
    assert "````bash\necho ```\n````\n" in text


def test_metrics_with_units_of_their_own(comparison):
    comparison |= {"metric": "mse", "unit": "mse", "smaller_is_better": True, "scale": 1}
    for found in comparison["heads"].values():
        entry = {"scores": [0.41, 0.42], "mean": 0.415, "standard_deviation": None, "low": None, "high": None}
        found["scores"] = {"mse": entry, "pearsonr": entry | {"mean": 0.9}}
    text = render_markdown(comparison)
    assert "| head | seeds | mse | pearsonr |" in text and "| dense | 2 | 0.4150 | 0.9000 |" in text
    assert "A smaller mse is better." in text and "Below zero the head that is named first is better." in text
    comparison |= {"metric": "pearsonr", "unit": "points", "smaller_is_better": False, "scale": 100}
    text = render_markdown(comparison)
    assert "| head | seeds | pearsonr, points | mse |" in text and "| dense | 2 | 90.00 | 0.4150 |" in text


def test_answers_count_to_a_hundred_already(comparison):
    comparison |= {"metric": "f1", "scale": 1, "task": "question-answering", "class_word": "kind of answer"}
    entry = {"scores": [80.0, 81.0], "mean": 80.5, "standard_deviation": 0.5, "low": 79.0, "high": 82.0}
    for found in comparison["heads"].values():
        found["scores"] = {"exact_match": entry, "f1": entry}
        found["groups"] = {"no answer": {"f1": 81.5, "exact_match": 70.0, "support": 4}}
    assert "| dense | 2 | 80.50 ± 0.50 | 79.00 to 82.00 | 80.50 ± 0.50 |" in render_markdown(comparison)
    assert "By kind of answer" in Page(render_page(comparison)).texts["h2"]
    assert "81.50" in Page(render_page(comparison)).texts["td"]


def test_page_is_whole_and_alone():
    found = Page(render_page(COMPARISON))
    assert found.texts["h2"] == [
        "Scores",
        "Differences",
        "Learning",
        "Cost",
        "By class",
        "By length",
        "Disagreements",
        "What was equal",
        "Run it again",
    ]
    anchors = {attributes["id"] for attributes in found.all("section")}
    assert {attributes["href"] for attributes in found.all("a")} == {f"#{anchor}" for anchor in anchors}
    for tag, attributes in found.elements:
        assert tag not in ("script", "link", "iframe", "img", "object", "embed", "base", "form")
        assert not {"src", "srcset", "style", "action"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert found.all("html") == [{"lang": "en"}]
    (style,) = found.texts["style"]
    assert "url(" not in style and "@import" not in style and "prefers-color-scheme: dark" in style
    assert all(style.count(f"--head-{i}: #") == 2 for i in range(6))  # light and dark
    pictures = [attributes for attributes in found.all("svg") if attributes.get("role") == "img"]
    assert len(pictures) == len(found.texts["desc"]) == 7
    assert {"lang": "ko", "dir": "auto", "class": "text"} in found.all("p")


def test_sections_without_data_are_left_out():
    assert Page(render_page(BARE)).texts["h2"] == ["Scores", "Run it again"]


@pytest.mark.parametrize("key", ["title", "verdict", "command", "file", "date", "metric"])
def test_everything_is_escaped(comparison, key):
    expected = Page(render_page(comparison)).all("script")
    if key == "metric":
        for found in comparison["heads"].values():
            found["scores"][EVIL] = found["scores"].pop("accuracy")
    comparison[key] = EVIL
    text = render_page(comparison)
    assert expected == [] and "<script" not in text
    assert "&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;" in text


def test_data_are_escaped(comparison):
    text = json.dumps(comparison).replace('"lstm"', json.dumps(EVIL))
    comparison = json.loads(text)
    comparison["disagreements"][0] |= {"text": f"{EVIL} {'x' * 300} {EVIL}", "gold": EVIL}
    comparison["heads"]["dense"]["groups"][EVIL] = {"f1": 0.5, "support": 3}
    comparison["disagreement_counts"][EVIL] = 3
    comparison["notes"], comparison["versions"] = [EVIL], {EVIL: EVIL}
    comparison["equal"][EVIL] = EVIL
    comparison["comparisons"][0]["sentence"] = EVIL
    found = Page(render_page(comparison))
    assert found.all("script") == []
    assert EVIL in found.texts["q"] and EVIL in found.texts["th"] and EVIL in found.texts["li"]


def test_long_texts_are_shown_on_demand(comparison):
    text = "좋은 영화 " * 60
    comparison["disagreements"][0]["text"] = text.strip()
    comparison["disagreements"] *= 12
    found = Page(render_page(comparison))
    assert "… 201 more characters" in found.texts["span"]
    start = next(summary for summary in found.texts["summary"] if summary.startswith("좋은"))
    rest = next(detail for detail in found.texts["details"] if "영화" in detail)
    assert start + rest == text.strip() and len(start) == 158
    assert "2 more" in found.texts["summary"]


def test_markup_escapes_what_is_not_markup():
    made = element("p", "<b>", element("i", "&"), class_="a", data_x='"', hidden="", lang=None)
    assert made == '<p class="a" data-x="&quot;" hidden>&lt;b&gt;<i>&amp;</i></p>'
    assert fragment(1, Markup("<b>")) == "1<b>"
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_p_values():
    assert [p_value(p) for p in (0.57, 0.0134, 0.0002, 1.0, None)] == [".57", ".013", "< .001", "1.00", "–"]

"""compare_heads.py with a margin, and with seeds until the heads are decided: planted differences, runs that are not trained."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from comparison_plans import plan
from faked_cells import fake_runs, write_test_rows
from html_page import Page

from benchmarks.rejections.worlds import World, simulate
from comparison.cells import ROOT
from comparison.gathering import gather
from utils.errors import UserError

ROWS = 2000
WORDS = [
    "--script",
    "run_seq_cls.py",
    "--config_name",
    str(ROOT / "examples/tiny-electra"),
    "--train_file",
    "train.csv",
]
WORDS += ["--test_file", "rows.csv", "--output_dir", "out"]
HEADS = ["--heads", "dense", "cnn"]


@pytest.fixture
def script(place, monkeypatch):
    """compare_heads.py as a module; its models cost nothing."""
    spec = importlib.util.spec_from_file_location("compare_heads", ROOT / "compare_heads.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(gather, "measure_costs", lambda folders, *_: {head: {} for head in folders})
    return module


@pytest.fixture
def planted(script, monkeypatch):
    """`planted(difference, ...)`: cnn is better than dense by so many points, and lstm better than both by 12."""

    def _planted(difference: float, seed_deviation: float = 0.2, differing: float | None = None) -> None:
        generator = np.random.default_rng(0)
        gold = write_test_rows(Path("rows.csv"), ROWS)
        world = World(rows=ROWS, accuracy=0.85, differing=differing)
        counts = simulate(world, 20, seed_deviation, difference, generator)
        counts["lstm"] = simulate(world, 20, seed_deviation, 12, generator)["cnn"]
        right = {head: own[..., 0] > 0 for head, own in counts.items()}
        monkeypatch.setattr(script, "run_cells", fake_runs(right, gold, "rows.csv"))

    return _planted


@pytest.fixture
def compare(script, monkeypatch, capsys):
    """`compare(word, ...)`: runs the command; returns what it printed and `comparison.json`."""

    def _compare(*words: str) -> tuple[str, dict]:
        monkeypatch.setattr(sys, "argv", ["compare_heads.py", *WORDS, *words])
        script.main()
        return capsys.readouterr().out, json.loads(Path("out/comparison.json").read_text(encoding="utf-8"))

    return _compare


def runs() -> dict[str, int]:
    """How many runs of each head there are."""
    names = [path.name.partition("-")[0] for path in Path("out/cells").iterdir() if path.is_dir()]
    return {name: names.count(name) for name in sorted(set(names))}


def test_it_stops_early_where_a_difference_is_shown(planted, compare):
    planted(4.0)
    printed, comparison = compare(*HEADS, "--until_decided")
    (pair,) = comparison["comparisons"]
    assert pair["better"] == "cnn" and pair["look"]["ending"] == "difference" and "equality" not in pair
    assert pair["look"]["looks"] == [3, 5, 8, 12, 20] and pair["look"]["number"] < 3
    assert runs() == {"cnn": pair["seeds"][0], "dense": pair["seeds"][0]}
    assert comparison["rule"]["heads"] == [] and comparison["rule"]["margin"] is None
    assert "look 1 of 5, 3 seeds per head; runs: 6 in out/cells, 6 of them to do\n" in printed
    page, verdict, further = printed.splitlines()[-3:]
    assert page == "page: out/comparison.html"
    assert verdict == "verdict: By accuracy, cnn beats dense by 4.35 points."
    (cell,) = Path("out/cells").glob("cnn-seed-0-*/")
    assert further == f"next: python run_seq_cls.py --model_name_or_path {cell} --text 'The weather is fine today.'"
    again, same = compare(*HEADS, "--until_decided")
    assert same == comparison and ", 0 of them to do\n" in again and again.count("runs: ") == 1


def test_a_study_leaves_it_alone_when_it_is_decided_and_not_before(planted, compare, script):
    planted(4.0)
    _, comparison = compare(*HEADS, "--until_decided")
    runs_of_all_looks = plan(*WORDS, *HEADS, "--until_decided")
    assert script.has_ended(runs_of_all_looks, comparison["command"])
    file = Path("out/comparison.json")
    comparison["rule"]["heads"] = ["dense", "cnn"]
    file.write_text(json.dumps(comparison), encoding="utf-8")
    assert not script.has_ended(runs_of_all_looks, comparison["command"])


def test_it_ends_equal(planted, compare):
    planted(0.0, 0.1, 0.01)
    printed, comparison = compare(*HEADS, "--until_decided", "--margin", "0.5")
    (pair,) = comparison["comparisons"]
    assert pair["better"] is None and pair["equality"]["shown"] and pair["look"]["ending"] == "equality"
    assert -0.5 < pair["equality"]["low"] < pair["equality"]["high"] < 0.5
    assert [entry["ending"] for entry in comparison["rule"]["history"]] == [None, None, "equality"]
    assert printed.count("No head is shown to be better than another by accuracy. More seeds are to come.\n") == 2
    assert comparison["verdict"] == "By accuracy, cnn and dense are equal within 0.5 points."
    text = Path("out/comparison.md").read_text(encoding="utf-8")
    assert (
        "## Looks\n" in text
        and "| 3 | cnn − dense | 8 |" in text
        and "Fixed before the first look: looks at 3, 5, 8, 12, 20 " in text
    )
    page = Page(Path("out/comparison.html").read_text(encoding="utf-8"))
    assert "Looks" in page.texts["h2"] and len([one for one in page.all("line") if one.get("class") == "margin"]) == 2


def test_a_decided_head_gets_no_more_seeds_and_the_last_look_ends_all(planted, compare):
    planted(0.0, 1.0)
    _, comparison = compare("--until_decided", "--max_seeds", "5")
    assert runs() == {"cnn": 5, "dense": 5, "lstm": 3}
    assert [pair["look"]["ending"] for pair in comparison["comparisons"]] == ["last look", "difference", "difference"]
    assert comparison["comparisons"][0]["sentence"].endswith(
        "; undecided at the last look, look 2 of 2 (5 seeds per head)"
    )
    assert "on 2,000 test rows of rows.csv, 3 to 5 seeds per head, " in Path("out/comparison.md").read_text(
        encoding="utf-8"
    )


def test_plan_prints_the_runs_of_the_next_look(planted, compare, script, monkeypatch, capsys):
    planted(0.0, 0.1, 0.01)
    words = ["compare_heads.py", *WORDS, *HEADS, "--until_decided", "--margin", "0.5"]
    taken = []
    for _ in range(4):
        monkeypatch.setattr(sys, "argv", [*words, "--plan"])
        script.main()
        lines = capsys.readouterr().out.splitlines()
        taken.append(len(lines))
        script.run_cells([cell for cell in plan(*words[1:]).cells if any(f"/{cell.name} " in line for line in lines)])
    assert taken == [6, 4, 6, 0]
    assert not Path("out/comparison.json").exists()
    _, comparison = compare(*words[len(WORDS) + 1 :])
    assert comparison["rule"]["look"] == 3 and comparison["verdict"].endswith("equal within 0.5 points.")


def test_what_was_fixed_cannot_be_changed(planted, compare, script, monkeypatch):
    planted(4.0)
    _, before = compare(*HEADS, "--until_decided", "--margin", "1")
    for words, said in (
        (["--margin", "2"], "margin of this comparison: 1.0, now 2.0"),
        (
            ["--margin", "1", "--max_seeds", "30"],
            r"looks of this comparison: \[3, 5, 8, 12, 20\], now \[3, 5, 8, 12, 20, 30\]",
        ),
    ):
        with pytest.raises(UserError, match=said):
            compare(*HEADS, "--until_decided", *words)
    assert json.loads(Path("out/comparison.json").read_text(encoding="utf-8")) == before
    _, other = compare(*HEADS, "--until_decided", "--margin", "2", "--seeds", "7", "8", "9")
    assert other["heads"]["cnn"]["seeds"][:3] == [7, 8, 9] and "earlier" not in other


def test_seeds_that_were_added_after_a_look(planted, compare):
    planted(0.0, 0.5)
    _, three = compare(*HEADS, "--seeds", "0", "1", "2")
    assert "earlier" not in three and "optimistic" not in three["verdict"]
    printed, five = compare(*HEADS, "--seeds", "0", "1", "2", "3", "4")
    said = "The p values are optimistic: seeds were added after a look at 3 per head, which no --until_decided planned."
    assert five["earlier"] == {"seeds": [3], "margins": []} and five["verdict"].endswith(said) and said in printed
    _, same = compare(*HEADS, "--seeds", "0", "1", "2", "3", "4")
    assert same == five
    _, fresh = compare(*HEADS, "--seeds", "5", "6", "7", "8", "9")
    assert "earlier" not in fresh
    _, other = compare(*HEADS, "--seeds", "5", "6", "7", "8", "9", "10", "--learning_rate", "1e-3")
    assert "earlier" not in other  # those are other runs
    _, ruled = compare(
        *HEADS,
        "--seeds",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "--learning_rate",
        "1e-3",
        "--until_decided",
        "--max_seeds",
        "8",
    )
    assert "optimistic: 6 seeds per head had been looked at before the looks were planned." in ruled["verdict"]


def test_a_margin_that_comes_after_the_result(planted, compare):
    planted(0.0, 0.2)
    _, plain = compare(*HEADS)
    _, named = compare(*HEADS, "--margin", "5")
    assert named["earlier"] == {"seeds": [], "margins": [None]}
    assert named["verdict"] == (
        "By accuracy, cnn and dense are equal within 5 points. "
        "The margin was named after a result had been seen (before: none), which makes equality too easy."
    )
    numbers = ("difference", "low", "high", "p_value", "p_holm", "minimum_detectable", "rows_needed")
    assert [plain["comparisons"][0][name] for name in numbers] == [named["comparisons"][0][name] for name in numbers]
    assert "equality" not in plain["comparisons"][0] and {"rule", "earlier"}.isdisjoint(plain)


def test_a_pilot_says_what_a_decision_takes(planted, compare):
    planted(0.0, 0.5)
    printed, comparison = compare(*HEADS, "--seeds", "0", "1", "--margin", "0.2")
    (one,) = comparison["outlook"]
    assert (
        f"\npilot: {one['sentence']}\n" in printed
        and "a difference of 0.2 points or equality within it" in one["sentence"]
    )
    text = Path("out/comparison.md").read_text(encoding="utf-8")
    assert "## What a decision takes\n" in text and "Take seeds that the pilot did not see (--seeds 2 ...)" in text
    assert "What a decision takes" in Page(Path("out/comparison.html").read_text(encoding="utf-8")).texts["h2"]

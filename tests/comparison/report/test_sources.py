"""The sources of variance in a report: numbers in points, intervals that few seeds make long, nothing where seeds are alone."""

from __future__ import annotations

from comparison.report.sources import source_chart, source_section, source_table
from comparison.report.tables import run_counts, run_labels, score_table
from comparison.report.words import subject_line

COMPONENTS = [
    {"source": "initialisation", "variance": 0.0004, "low": 0.0001, "high": 0.25},
    {"source": "data order", "variance": 0.0, "low": 0.0, "high": 0.0009},
    {"source": "the rest", "variance": 0.0001, "low": 0.000049, "high": 0.0004},
]


def comparison(crossed: bool = True) -> dict:
    scores = {"scores": [0.8, 0.81, 0.82, 0.83], "mean": 0.815, "standard_deviation": 0.02, "low": 0.8, "high": 0.83}
    head = {"seeds": [3, 3, 1, 1], "scores": {"accuracy": scores}, "curves": {}}
    if crossed:
        head |= {"data_seeds": [0, 5, 0, 5], "variance": {"components": COMPONENTS, "sentence": "dense: it moves"}}
    about = {"rows": 500, "split": "test", "file": "a.csv", "date": "2026-11-27", "frozen_encoder": False}
    names = {"metric": "accuracy", "unit": "points", "scale": 100.0, "smaller_is_better": False}
    return {"heads": {"dense": head, "cnn": head}, **about, **names}


def test_runs_are_named():
    head = comparison()["heads"]["dense"]
    assert run_labels(head) == ["3, data order 0", "3, data order 5", "1, data order 0", "1, data order 5"]
    assert run_counts(head) == {"seeds": 2, "data orders": 2}
    assert "2 seeds × 2 data orders per head" in subject_line(comparison())
    table = score_table(comparison())
    assert table.header[1] == "seeds × data orders" and table.rows[0][1] == "2 × 2"


def test_table():
    table = source_table(comparison())
    assert table.header == ["source", "standard deviation, points", "95 % interval", "share of the variance, %"]
    assert table.rows[:3] == [
        ["dense: initialisation", "2.00", "1.00 to 50.00", "80"],
        ["dense: data order", "0.00", "0.00 to 3.00", "0"],
        ["dense: the rest", "1.00", "0.70 to 2.00", "20"],
    ]
    assert len(table.rows) == 6


def test_long_intervals_end_with_an_arrow():
    drawn = str(source_chart(comparison()))
    assert drawn.count("arrow interval") == 2  # the first source of either head
    assert "2.00 (1.00 to 50.00)" in drawn
    assert "dense: it moves" in str(source_section(comparison()))


def test_no_spread_at_all():
    still = comparison()
    for head in still["heads"].values():
        head["variance"] = {
            "components": [dict.fromkeys(("variance", "low", "high"), 0.0) | {"source": "data order"}],
            "sentence": "",
        }
    assert source_table(still).rows[0][1:] == ["0.00", "0.00 to 0.00", "–"]
    assert "nan" not in str(source_chart(still))


def test_seeds_alone_have_no_sources():
    assert source_section(comparison(crossed=False)) is None and source_table(comparison(crossed=False)).rows == []

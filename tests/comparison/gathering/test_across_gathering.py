"""Finished comparisons are read, checked and grouped."""

from __future__ import annotations

import json

import pytest
from comparison_files import write_comparison

from comparison.gathering.across import gather_across
from utils.errors import UserError

ENCODER = {"equal": {"arguments": {"model_name_or_path": "monologg/koelectra-base"}}}
FIRST = {"equal": {"arguments": {"model_name_or_path": "klue/bert-base", "freeze_layers": 6}}}
SCRATCH = {"equal": {"arguments": {"config_name": "examples/tiny-electra"}}}


def refused(*folders) -> str:
    with pytest.raises(UserError) as caught:
        gather_across(folders)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_two_data_sets(tmp_path):
    folders = [write_comparison(tmp_path / name) for name in ("nsmc", "ynat")]
    across = gather_across(folders, "My study")
    assert (across["title"], across["encoders"]) == ("My study", ["bert-base"])
    (pair,) = across["pairs"]
    assert (pair["head"], pair["baseline"], pair["encoder"]) == ("cnn", "dense", "bert-base")
    assert [one["data_set"] for one in pair["data_sets"]] == ["nsmc", "ynat"]
    assert pair["data_sets"][0]["standard_error"] == pytest.approx(0.3)
    assert pair["pooled"]["mean"] == pytest.approx(1.0) and pair["pooled"]["weights"] == pytest.approx([0.5, 0.5])
    assert pair["counts"]["cnn"]["at_least"] == 2
    assert across["verdict"] == "Shown: cnn beats dense on at least 2 of 2 data sets."
    assert across["data_sets"][0]["heads"]["cnn"]["mean"] == pytest.approx(81)
    (ranks,) = across["ranks"]
    assert ranks["heads"] == {"dense": 2.0, "cnn": 1.0} and ranks["first"] == {"dense": 0, "cnn": 2}
    assert across["cost_reference"] == "dense"
    assert across["costs"]["cnn"]["model_parameters"] == pytest.approx({"mean": 1.1, "low": 1.1, "high": 1.1})
    assert across["costs"]["cnn"]["latency_ms"]["mean"] == pytest.approx(1.5)
    assert json.loads(json.dumps(across)) == across


def test_pairs_are_turned_the_same_way_and_others_are_named(tmp_path):
    one = write_comparison(tmp_path / "a")
    other = write_comparison(
        tmp_path / "b",
        scores={"cnn": 0.8, "dense": 0.78, "lstm": 0.7},
        pairs={("dense", "cnn"): (-2.0, 0.3), ("lstm", "cnn"): (-10.0, 0.3)},
    )
    across = gather_across([one, other])
    (pair,) = across["pairs"]
    turned = pair["data_sets"][1]
    assert (turned["difference"], turned["low"], turned["high"]) == pytest.approx((2.0, 1.1, 2.6))
    assert across["notes"][1:] == ["lstm − cnn was compared on b alone: nothing to pool"]
    assert list(across["ranks"][0]["heads"]) == ["dense", "cnn"]


def test_encoders_are_kept_apart(tmp_path):
    folders = [write_comparison(tmp_path / name) for name in ("a", "b")]
    folders += [write_comparison(tmp_path / f"{name}-2", title=name, **ENCODER) for name in ("a", "b")]
    folders.append(write_comparison(tmp_path / "a-3", title="a", **SCRATCH))
    folders.append(write_comparison(tmp_path / "a-4", title="a", frozen_encoder=True))
    folders.append(write_comparison(tmp_path / "a-5", title="a", **FIRST))
    across = gather_across(folders)
    assert across["encoders"] == [
        "bert-base",
        "koelectra-base",
        "tiny-electra (from scratch)",
        "bert-base (frozen)",
        "bert-base (6 layers frozen)",
    ]
    assert [pair["encoder"] for pair in across["pairs"]] == ["bert-base", "koelectra-base"]
    assert across["data_sets"][2]["encoder_name"] == "monologg/koelectra-base"
    assert "cnn − dense (bert-base): " in across["pairs"][0]["sentence"]


def test_files_of_the_same_name_are_told_apart(tmp_path):
    folders = [write_comparison(tmp_path / name, title="test.csv", sha256=name) for name in ("a", "b")]
    names = [entry["data_set"] for entry in gather_across(folders)["data_sets"]]
    assert names == [f"test.csv ({folder})" for folder in folders]


def test_one_encoder_on_one_data_set_each_is_a_grid_only(tmp_path):
    folders = [write_comparison(tmp_path / "a"), write_comparison(tmp_path / "b", title="a", **ENCODER)]
    across = gather_across(folders)
    assert across["pairs"] == across["ranks"] == []
    assert across["verdict"].endswith("nothing is pooled.")


def test_the_same_rows_twice_are_refused(tmp_path):
    one, other = write_comparison(tmp_path / "a"), write_comparison(tmp_path / "b", sha256="sha of a")
    assert refused(one, other) == (
        f"{one} and {other} compare on the same rows (b.csv) with the same encoder (klue/bert-base): leave one of them out, "
        "or it would count twice"
    )
    assert "compare on the same rows" in refused(one, one)


def test_what_is_no_comparison(tmp_path):
    one = write_comparison(tmp_path / "a")
    assert "name at least two folders" in refused(one)
    assert refused(one, tmp_path / "c").startswith(f"{tmp_path / 'c'}: there is no comparison.json; ")
    for text, message in (("{", "cannot be read"), ("{}", "it has no 'title'"), ("[]", "it has no 'title'")):
        (tmp_path / "broken").mkdir(exist_ok=True)
        (tmp_path / "broken" / "comparison.json").write_text(text, encoding="utf-8")
        assert message in refused(one, tmp_path / "broken")


def test_what_a_reader_has_to_know(tmp_path):
    one = write_comparison(tmp_path / "a")
    other = write_comparison(tmp_path / "b", metric="entity_f1")
    comparison = json.loads((other / "comparison.json").read_text(encoding="utf-8"))
    comparison["comparisons"][0]["covers_seeds"] = False
    (other / "comparison.json").write_text(json.dumps(comparison), encoding="utf-8")
    assert gather_across([one, other])["notes"] == [
        "points of different metrics are pooled as they are: accuracy, entity_f1",
        "one seed per head on b: what seeds add counts as variation between data sets there",
        "fewer than 4 seeds per head on a, b: their standard errors, and so tau and weights, are rough",
    ]


def test_seeds_whose_number_depended_on_what_was_seen(tmp_path):
    folders = [
        write_comparison(tmp_path / "a", rule={"looks": [3, 5], "heads": []}),
        write_comparison(tmp_path / "b", earlier={"seeds": [3], "margins": []}),
        write_comparison(tmp_path / "c", earlier={"seeds": [], "margins": [None]}),
    ]
    by_rule, added = [note for note in gather_across(folders)["notes"] if note.startswith("seeds were added")]
    assert by_rule.startswith("seeds were added until a decision on a: ")
    assert added == "seeds were added after a look on b: the p values are optimistic there"

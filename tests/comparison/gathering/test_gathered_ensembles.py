"""Seeds put together: one run per head, scored on the same rows as its models, by the comparison's own statistics."""

from __future__ import annotations

import json

import numpy as np
import pytest
from comparison_plans import WITH_TEST, plan, refused, write
from faked_cells import finish_cell, write_test_rows

from comparison.arguments import parse_comparison
from comparison.cells import make_plan, plan_ensembles
from comparison.gathering.ensembles import compare_ensembles, gather_ensembles, sentence
from comparison.gathering.rows import read_rows
from comparison.inference.right_or_wrong import mcnemar_p
from utils.errors import UserError
from utils.metrics.catalogue import CLASSES

METRIC = CLASSES.sums("accuracy", ["a", "b"])
GOLD = ["a"] * 40


def counts(*right: int) -> np.ndarray:
    """Of models that get the first so many of 40 rows right."""
    return np.stack([METRIC.count(["a"] * one + ["b"] * (40 - one), GOLD) for one in right])


def test_differences_to_one_model_and_to_each_other():
    single = {"dense": counts(20, 22, 24), "cnn": counts(20, 20, 20)}
    together = {"dense": counts(34), "cnn": counts(24)}
    pairs = compare_ensembles(together, single, METRIC)
    assert [(pair.head, pair.baseline) for pair in pairs] == [
        ("dense ensemble", "one dense"),
        ("cnn ensemble", "one cnn"),
        ("cnn ensemble", "dense ensemble"),
    ]
    # 34 - 22 and 24 - 20 and 24 - 34 of 40 rows, in points.
    assert [pair.difference for pair in pairs] == pytest.approx([30, 10, -25])
    assert not any(pair.covers_seeds or pair.seeds_error for pair in pairs)  # one system
    assert pairs[2].p_value == pytest.approx(mcnemar_p(0, 10)) and pairs[2].p_holm == pytest.approx(2 * 2**-9)
    assert pairs[0].better == "dense ensemble" and pairs[1].better is None
    assert sentence(pairs[0]).startswith(
        "dense ensemble beats one dense by 30.00 points: dense ensemble - one dense = +30.00"
    )
    assert sentence(pairs[1]).startswith(
        "no difference shown: cnn ensemble - one cnn = +10.00 points (95 % interval over rows "
    )
    assert "seed" not in "".join(map(sentence, pairs))


def test_equal_answers_make_no_difference():
    pairs = compare_ensembles({"dense": counts(22)}, {"dense": counts(22, 22)}, METRIC)
    assert pairs[0].difference == 0 and pairs[0].low < 0 < pairs[0].high and pairs[0].p_holm == 1


@pytest.fixture
def place(tmp_path, monkeypatch, tiny_tokenizer):
    monkeypatch.chdir(tmp_path)
    write("encoder/config.json", '{"model_type": "electra", "vocab_size": 64}')
    tiny_tokenizer.save_pretrained("encoder")
    write("train.csv", "text,label\ngood,1\nbad,0\n")
    return write_test_rows(tmp_path / "test.csv", 12)


def test_one_run_for_each_head(place):
    words = [*WITH_TEST, "--heads", "dense", "cnn", "--seeds", "0", "1", "--ensembles"]
    words += ["--max_seq_length", "32", "--per_device_eval_batch_size", "4", "--learning_rate", "1e-3"]
    arguments = parse_comparison(words)
    made = make_plan(arguments)
    cells = plan_ensembles(arguments, made)
    assert [cell.head for cell in cells] == ["dense", "cnn"]
    dense = [str(cell.folder) for cell in made.cells if cell.head == "dense"]
    assert cells[0].words[1].endswith("ensemble.py") and cells[0].words[2:4] == dense
    assert "--learning_rate" not in cells[0].words  # nothing of the training
    assert cells[0].words[cells[0].words.index("--max_seq_length") + 1] == "32"
    assert cells[0].words[cells[0].words.index("--per_device_eval_batch_size") + 1] == "4"
    assert cells[0].folder.parent.name == "ensembles"
    other = parse_comparison(
        [*words[: words.index("1")], "2", "--ensembles", *words[words.index("--max_seq_length") :]]
    )
    assert plan_ensembles(other, make_plan(other))[0].folder != cells[0].folder  # other seeds are another ensemble
    without = [word for word in words if word != "--ensembles"]
    assert [cell.folder for cell in plan(*without).cells] == [cell.folder for cell in made.cells]


def test_scores_of_predictions_in_the_folders(place):
    words = [*WITH_TEST, "--heads", "dense", "--seeds", "0", "1", "--ensembles"]
    arguments = parse_comparison(words)
    made = make_plan(arguments)
    for cell, wrong in zip(made.cells, (3, 5), strict=True):
        finish_cell(cell, [i >= wrong for i in range(12)], place, "test.csv")
    (ensemble,) = plan_ensembles(arguments, made)
    finish_cell(ensemble, [i >= 1 for i in range(12)], place, "test.csv")
    rows = read_rows(made.load_task(), made.arguments.training)
    found = gather_ensembles(made, [ensemble], rows)
    assert found["heads"]["dense"] == {"models": 2, "scores": {"accuracy": pytest.approx(11 / 12)}}
    assert found["comparisons"][0]["difference"] == pytest.approx(100 * 3 / 12)  # 11 right, 9 and 7
    json.dumps(found)  # as comparison.json does
    lines = (ensemble.folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (ensemble.folder / "predictions.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(UserError, match="11 predictions for the 12 rows"):
        gather_ensembles(made, [ensemble], rows)


def test_what_has_no_ensemble(place):
    assert "puts the seeds of a head together: give two or more" in refused(*WITH_TEST, "--ensembles", "--seeds", "0")
    splits = ["--validation_splits", "2", "--validation_split", "0.5"]
    assert "leave --validation_splits out" in refused(*WITH_TEST, *splits, "--ensembles")
    assert "leave --until_decided out" in refused(*WITH_TEST, "--until_decided", "--ensembles")
    answers = ["--script", "run_qa.py", *WITH_TEST[2:]]
    assert "answers have no probabilities to average" in refused(*answers, "--ensembles")

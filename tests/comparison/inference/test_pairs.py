"""Heads against heads: error rates by simulation, every one with its seed fixed; literal values by hand; words."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.rejections.__main__ import contrasts
from benchmarks.rejections.worlds import METRICS, World, simulate
from comparison.inference.evidence import Evidence
from comparison.inference.pairs import compare_heads
from utils.metrics.catalogue import NUMBERS, SQUAD

ACCURACY = METRICS["accuracy"]


def right_or_wrong(*models):
    return np.array([[[right, 1] for right in model] for model in models], dtype=float)


def share_found(simulations, world, seeds, seed_deviation, difference=0.0):
    """The share of simulated comparisons with p < .05."""
    generator = np.random.default_rng([seeds, world.rows])
    metric = METRICS[world.metric]
    found = 0
    for _ in range(simulations):
        counts = simulate(world, seeds, seed_deviation, difference, generator)
        found += Evidence(counts["cnn"], counts["dense"], metric).p_value < 0.05
    return found / simulations


# Error rates. Of 300 comparisons 5 % are 15; at that rate more than 25 has a chance below .7 %, fewer than 4 below .1 %.


@pytest.mark.parametrize("metric", METRICS)
def test_one_seed_finds_5_percent_where_there_is_nothing(metric):
    assert 4 / 300 <= share_found(300, World(rows=1000, metric=metric), 1, 0.0) <= 25 / 300


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_several_seeds_find_5_percent_where_there_is_nothing(metric, seeds):
    assert 4 / 300 <= share_found(300, World(rows=500, metric=metric), seeds, 2.0) <= 25 / 300


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
@pytest.mark.parametrize(("rows", "differing"), [(100, 0.015), (200, 0.015), (1000, 0.01)])
def test_few_rows_that_differ_find_no_more(metric, seeds, rows, differing):
    assert share_found(200, World(rows=rows, metric=metric, accuracy=0.99, differing=differing), seeds, 0.0) <= 18 / 200


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_a_handful_of_entities_finds_no_more(seeds):
    assert share_found(200, World(rows=100, metric="entity_f1", accuracy=0.9, entities=0.05), seeds, 0.0) <= 18 / 200


def test_it_finds_less_where_all_seeds_are_equally_good():
    """The interval is never narrower than the rows alone make it, though seeds that are alike would allow that."""
    assert 1 / 300 <= share_found(300, World(rows=500), 3, 0.0) <= 15 / 300


def test_the_rows_alone_find_too_much_where_seeds_differ():
    """What the seeds' part is there for; and one seed cannot know."""
    generator = np.random.default_rng(0)
    found = [contrasts(simulate(World(rows=4000), 3, 1.0, 0.0, generator), ACCURACY, generator)[0] for _ in range(60)]
    assert np.mean(found) > 0.3
    assert share_found(60, World(rows=4000), 1, 1.0) > 0.3


def test_a_planted_difference_is_found():
    assert share_found(50, World(rows=4000), 5, 0.3, difference=1.5) > 0.9
    assert share_found(50, World(rows=4000, metric="entity_f1"), 1, 0.0, difference=3.0) > 0.9


@pytest.mark.long
def test_the_power_is_the_one_that_was_announced():
    """As many rows, or seeds, as `rows_needed` and `seeds_needed` say find 80 %; 100 simulations know it to +- 12."""
    counts = simulate(World(rows=20_000), 10, 0.0, 0.0, np.random.default_rng(4))
    pair = compare_heads(counts, ACCURACY, detectable=1.5)[0]
    assert pair.rows_needed is not None
    assert 0.68 < share_found(100, World(rows=pair.rows_needed), 10, 0.0, difference=1.5) < 0.92

    counts = simulate(World(rows=1000), 50, 1.0, 0.0, np.random.default_rng(3))  # so many that the components are known
    pair = compare_heads(counts, ACCURACY, detectable=2.0)[0]
    assert pair.seeds_needed is not None
    assert 0.68 < share_found(100, World(rows=1000), pair.seeds_needed, 1.0, difference=2.0) < 0.92


# Verdicts and intervals


@pytest.mark.parametrize(("rows", "won", "p"), [(100, 3, 0.25), (400, 1, 1.0), (1000, 4, 0.125), (1000, 6, 0.03125)])
def test_few_rows_of_two_models_are_left_to_the_exact_test(rows, won, p):
    baseline, head = np.ones(rows), np.ones(rows)
    baseline[:won] = 0
    pair = compare_heads({"cnn": right_or_wrong(baseline), "lstm": right_or_wrong(head)}, ACCURACY)[0]
    assert pair.p_value == pytest.approx(p) and pair.mcnemar_p == pytest.approx([p])
    assert (pair.low > 0) == (p < 0.05) == (pair.better == "lstm")
    assert pair.difference == pytest.approx(100 * won / rows)
    assert pair.low < pair.difference < pair.high


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(("won", "lost"), [(2, 0), (4, 0), (5, 1), (6, 0), (9, 1), (40, 20)])
def test_equal_seeds_say_no_more_than_one_of_them(seeds, won, lost):
    baseline, head = np.ones(100), np.ones(100)
    baseline[:won], head[won : won + lost] = 0, 0
    once, more = (
        compare_heads({"dense": right_or_wrong(*[baseline] * n), "cnn": right_or_wrong(*[head] * n)}, ACCURACY)[0]
        for n in (1, seeds)
    )
    assert more.p_value == pytest.approx(once.p_value, rel=3e-3)
    assert (more.low > 0) == (once.low > 0)


@pytest.mark.parametrize("metric", METRICS)
def test_the_interval_leaves_out_zero_just_where_p_is_below_5_percent(metric):
    generator = np.random.default_rng(0)
    verdicts = []
    for trial in range(60):
        world = World(
            rows=int(generator.choice([30, 100, 400])), metric=metric, accuracy=float(generator.choice([0.85, 0.97]))
        )
        counts = simulate(
            world, 1 + trial % 4, float(generator.choice([0, 1])), float(generator.choice([0, 6])), generator
        )
        pair = compare_heads(counts, METRICS[metric])[0]
        verdicts.append(pair.p_value < 0.05)
        assert (pair.low > 0 or pair.high < 0) == verdicts[-1]
        assert -100 <= pair.low <= pair.difference <= pair.high <= 100
        assert pair.minimum_detectable >= (pair.high - pair.low) / 2
    assert 6 < sum(verdicts) < 54


def test_a_row_of_one_seed_among_others_changes_little():
    """Seeds that are nearly alike come near to seeds that are alike."""
    baseline, head = np.ones(200), np.ones(200)
    baseline[:4] = 0
    other = head.copy()
    other[100] = 0
    pair = compare_heads(
        {"dense": right_or_wrong(*[baseline] * 3), "cnn": right_or_wrong(head, head, other)}, ACCURACY
    )[0]
    assert pair.p_value > 0.1 and pair.low <= 0 <= pair.high


# Parts


def test_mcnemar_and_rows_won_per_pair_of_seeds():
    """8 rows won and 1 lost: 2 (C(9, 0) + C(9, 1)) / 2^9 = .0390625, whatever the rows that agree."""
    rows = 40
    baseline, head = np.ones(rows, dtype=int), np.ones(rows, dtype=int)
    baseline[:8], head[8], baseline[20:], head[20:] = 0, 0, 0, 0
    counts = {"dense": right_or_wrong(baseline, baseline), "cnn": right_or_wrong(head, baseline)}
    pair = compare_heads(counts, ACCURACY)[0]
    assert (pair.rows_won, pair.rows_lost) == ([8, 0], [1, 0])
    assert pair.mcnemar_p == pytest.approx([0.0390625, 1.0])


def test_rows_that_are_neither_right_nor_wrong_are_still_won_or_lost():
    error, f1 = NUMBERS.sums("mse"), SQUAD.sums("f1")
    dense, cnn = right_or_wrong([0.5, 20.0, 70.0]), right_or_wrong([0.4, 30.0, 60.0])
    for metric, won in ((f1, 1), (error, 2)):
        pair = compare_heads({"dense": dense, "cnn": cnn}, metric)[0]
        assert (pair.rows_won, pair.rows_lost, pair.mcnemar_p) == ([won], [3 - won], [])
    f1_of_entities = compare_heads(simulate(World(rows=50, metric="entity_f1"), 2, 1, 0, np.random.default_rng(0)), f1)[
        0
    ]
    assert f1_of_entities.rows_won == []


def test_errors_are_those_of_the_textbook():
    """One seed: the paired standard error of a mean. Seeds: Welch's, where the rows agree within each head."""
    generator = np.random.default_rng(0)
    right = [(generator.random(5000) < share).astype(int) for share in (0.8, 0.82)]
    pair = compare_heads({"dense": right_or_wrong(right[0]), "cnn": right_or_wrong(right[1])}, ACCURACY)[0]
    error = 100 * (right[1] - right[0]).std() / math.sqrt(5000)
    assert pair.rows_error == pytest.approx(error, rel=0.04)
    assert pair.difference == pytest.approx(100 * (right[1] - right[0]).mean())
    assert pair.low == pytest.approx(pair.difference - 1.96 * error, abs=0.15 * error)
    at_975, at_8 = 1.95996, 0.84162  # points of the normal
    assert pair.minimum_detectable == pytest.approx((at_975 + at_8) * error, rel=0.04)
    assert (pair.seeds_error, pair.covers_seeds, pair.hedges_g, pair.seeds_needed) == (0, False, None, None)

    # Every row the same: they add nothing, and all that varies is the seeds. Welch's t of 1, 2, 3 against 2, 5, 8.
    counts = {
        name: np.array([np.tile([score, 1.0], (1000, 1)) for score in scores])
        for name, scores in {"dense": (1, 2, 3), "cnn": (2, 5, 8)}.items()
    }
    pair = compare_heads(counts, SQUAD.sums("f1"))[0]
    assert (pair.difference, pair.rows_error) == (3, pytest.approx(0, abs=1e-9))
    assert pair.seeds_error == pytest.approx(math.sqrt(1 / 3 + 9 / 3))
    assert pair.p_value == pytest.approx(0.2186, abs=0.005)  # t = 1.643 with 2.44 degrees of freedom
    assert pair.hedges_g == pytest.approx(3 / math.sqrt(5) * 0.8)


def test_seeds_that_agree_by_chance_make_no_finding():
    """Every model has 30 of 40 right: no variance between seeds at all, but the rows stay uncertain."""
    generator = np.random.default_rng(0)
    models = [generator.permutation(np.repeat([1, 0], [30, 10])) for _ in range(6)]
    better = [generator.permutation(np.repeat([1, 0], [32, 8])) for _ in range(3)]
    alone, seeds = (
        compare_heads({"dense": right_or_wrong(*models[:size]), "cnn": right_or_wrong(*better[:size])}, ACCURACY)[0]
        for size in (1, 3)
    )
    assert alone.p_value > 0.2
    assert seeds.seeds_error == 0 and seeds.rows_error > 2
    assert seeds.hedges_g is None
    assert seeds.low < 0 < seeds.high and seeds.p_value > 0.2


def test_the_same_counts_give_the_same_numbers_and_plain_json():
    counts = simulate(World(rows=500), 3, 0.5, 2.0, np.random.default_rng(1)) | {
        "lstm": simulate(World(rows=500), 2, 0.5, 0.0, np.random.default_rng(2))["cnn"]
    }
    first, again = (json.dumps([asdict(pair) for pair in compare_heads(counts, ACCURACY)]) for _ in range(2))
    assert first == again
    assert [(pair["head"], pair["baseline"], pair["seeds"]) for pair in json.loads(first)] == [
        ("cnn", "dense", [3, 3]),
        ("lstm", "dense", [2, 3]),
        ("lstm", "cnn", [2, 3]),
    ]


def test_heads_need_the_same_rows():
    counts = {"dense": right_or_wrong([1, 0]), "cnn": right_or_wrong([1, 0, 1])}
    with pytest.raises(ValueError, match="the same test rows; got dense 2, cnn 3"):
        compare_heads(counts, ACCURACY)


# Words


def test_findings_in_words():
    rows = np.arange(1000)
    dense, cnn = right_or_wrong(rows % 4 > 0), right_or_wrong(rows % 4 + (rows % 8 == 0) > 0)
    pair = compare_heads({"dense": dense, "cnn": cnn}, ACCURACY)[0]
    assert str(pair).startswith("cnn beats dense by 12.50 points (95 % interval 10.3")
    assert str(pair).endswith(
        "p < .001 after Holm); with one seed this is about these trained models, and another seed may turn it round"
    )
    assert str(compare_heads({"cnn": cnn, "dense": dense}, ACCURACY)[0]).startswith(
        "cnn beats dense by 12.50 points (95 % interval 10.3"
    )

    pair = compare_heads({"dense": dense, "cnn": dense}, ACCURACY)[0]
    assert str(pair).startswith(
        "no difference shown: cnn - dense = +0.00 points (95 % interval -0.37 to +0.37, p = 1.00"
    )

    counts = simulate(World(rows=500), 3, 0.3, 0.0, np.random.default_rng(1))
    pair = compare_heads(counts, ACCURACY, detectable=20)[0]
    assert str(pair).endswith("; 3.3 points would have been found in 8 of 10 cases")
    assert pair.minimum_detectable == pytest.approx(3.3, abs=0.05)
    pair = compare_heads(counts, ACCURACY, detectable=0.1)[0]
    assert str(pair).endswith(f"of 10 cases, to detect 0.1 points takes about {pair.rows_needed:,} rows")
    pair = compare_heads(counts, ACCURACY, detectable=0.01)[0]
    assert pair.rows_needed is None and str(pair).endswith(
        "0.01 points not even with 1,000,000 rows or 1,000 seeds per head: not with this method"
    )
    counts = simulate(World(rows=500), 3, 8.0, 0.0, np.random.default_rng(1))
    assert str(compare_heads(counts, ACCURACY)[0]).endswith(
        "would have been found in 8 of 10 cases, 0.1 points not even with 1,000,000 rows or 1,000 seeds per head: not with this method"
    )
    pair = compare_heads(counts, ACCURACY, detectable=5.0)[0]
    assert str(pair).startswith("no difference shown: cnn - dense = ")
    assert f"to detect 5 points takes {pair.seeds_needed} seeds per head" in str(pair)

    error = NUMBERS.sums("mse")
    small, large = (right_or_wrong(values) for values in ([0.1, 0.2] * 100, [0.5, 0.7] * 100))
    assert str(compare_heads({"dense": small, "cnn": large}, error)[0]).startswith("dense beats cnn by 0.4500 mse")

"""Equal within a margin: two one-sided tests against an independent reference, and against the interval."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.weightstats import ttost_paired

from benchmarks.rejections.worlds import METRICS, World, simulate
from comparison.inference.evidence import Evidence
from comparison.inference.pairs import compare_heads
from utils.metrics.catalogue import SQUAD

ACCURACY = METRICS["accuracy"]


def scored(*models):
    return np.array([[[score, 1] for score in model] for model in models], dtype=float)


def test_one_model_each_is_the_paired_tost():
    generator = np.random.default_rng(0)
    base = 50 + 10 * generator.standard_normal(3000)
    head, baseline = base + generator.standard_normal(3000) + 0.02, base + generator.standard_normal(3000)
    evidence = Evidence(scored(head), scored(baseline), SQUAD.sums("f1"))
    for margin in (0.03, 0.05, 0.08, 0.1):
        expected = ttost_paired(head, baseline, -margin, margin)[0]
        assert evidence.p_outside(margin) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("metric", METRICS)
def test_p_is_below_5_percent_just_where_the_90_percent_interval_lies_within(metric):
    generator = np.random.default_rng(0)
    verdicts = []
    for trial in range(40):
        world = World(
            rows=int(generator.choice([100, 400, 1000])), metric=metric, accuracy=float(generator.choice([0.85, 0.97]))
        )
        counts = simulate(world, 1 + trial % 4, float(generator.choice([0, 1])), 0.0, generator)
        margin = float(generator.uniform(0.5, 8))
        equality = compare_heads(counts, METRICS[metric], margin=margin)[0].equality
        assert equality is not None
        verdicts.append(equality.p_value < 0.05)
        assert (-margin < equality.low and equality.high < margin) == verdicts[-1] == equality.shown
    assert 5 < sum(verdicts) < 35


def test_what_no_margin_can_hold():
    head, baseline = scored([1] * 90 + [0] * 10), scored([1] * 80 + [0] * 20)
    evidence = Evidence(head, baseline, ACCURACY)
    assert evidence.p_outside(5.0) == 1.0 and evidence.p_outside(99.0) < 1e-6
    assert Evidence(np.repeat(head, 2, 0), np.repeat(baseline, 2, 0), ACCURACY).p_outside(5.0) > 0.5


def test_a_difference_may_be_shown_and_lie_within_the_margin():
    counts = simulate(World(rows=20_000), 5, 0.0, 1.0, np.random.default_rng(1))
    (pair,) = compare_heads(counts, ACCURACY, margin=3.0)
    assert pair.better == "cnn" and pair.equal
    assert "; the difference is shown to lie within 3 points (90 % interval +" in str(pair)
    assert pair.finding is not None and pair.finding.startswith("cnn beats dense by ")


def test_words():
    counts = simulate(World(rows=1000), 3, 0.2, 0.0, np.random.default_rng(3))
    (plain,), (narrow,), (wide,) = (compare_heads(counts, ACCURACY, margin=margin) for margin in (None, 0.5, 8.0))
    assert plain.equality is None and plain.look is None
    assert str(narrow).startswith("no difference shown, and not shown equal within 0.5 points (90 % interval -")
    assert str(wide).startswith("cnn and dense are equal within 8 points (90 % interval -")
    assert wide.finding == "cnn and dense are equal within 8 points" and narrow.finding is None
    same = ("difference", "low", "high", "p_value", "p_holm", "minimum_detectable")
    assert all(getattr(plain, name) == getattr(narrow, name) for name in same)


def test_equalities_have_a_correction_of_their_own():
    counts = simulate(World(rows=2000), 3, 0.2, 0.0, np.random.default_rng(3))
    counts["lstm"] = simulate(World(rows=2000), 3, 0.2, 9.0, np.random.default_rng(4))["cnn"]
    pairs = compare_heads(counts, ACCURACY, margin=3.0)
    p_values = [pair.equality.p_value for pair in pairs if pair.equality]
    assert pairs[0].equality is not None and pairs[0].equality.p_holm == pytest.approx(3 * min(p_values))
    assert [pair.p_holm for pair in pairs] == [pair.p_holm for pair in compare_heads(counts, ACCURACY)]

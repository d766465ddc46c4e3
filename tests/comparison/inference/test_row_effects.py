"""What single rows add, by hand, and against the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rejections.worlds import METRICS, World, simulate
from comparison.inference.row_effects import effects_on_difference, effects_on_scores, jackknife_variance
from utils.metrics.catalogue import NUMBERS

ACCURACY, F1 = METRICS["accuracy"], METRICS["entity_f1"]


def test_a_mean_is_the_sum_of_its_rows():
    head = np.array([[[1, 1], [0, 1], [1, 1]], [[1, 1], [1, 1], [0, 1]]], dtype=float)
    baseline = np.array([[[0, 1], [1, 1], [1, 1]]], dtype=float)
    assert effects_on_difference(head, baseline, ACCURACY) == pytest.approx([1 / 3, -1 / 6, -1 / 6])


def test_rows_that_count_alike_add_nothing_to_an_f1():
    head = np.array([[[1, 2], [2, 4], [0, 1]]], dtype=float)  # matched; predicted + gold
    baseline = np.array([[[1, 2], [1, 4], [0, 1]]], dtype=float)
    assert effects_on_difference(head, baseline, F1) == pytest.approx([0, 2 * 3 / 7 - 2 * 2 / 7, 0])


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_effects_on_an_f1_add_up_to_the_difference(seeds):
    counts = simulate(World(rows=300, metric="entity_f1"), seeds, 1.0, 3.0, np.random.default_rng(0))
    head, baseline = (F1.score(counts[name].sum(axis=1)).mean() for name in ("cnn", "dense"))
    effects = effects_on_difference(counts["cnn"], counts["dense"], F1)
    assert effects.sum() == pytest.approx(head - baseline, rel=0.02)


def test_a_correlation_does_not_depend_on_the_scale_of_predictions():
    generator = np.random.default_rng(0)
    gold = generator.random(200)
    metric = NUMBERS.sums("pearsonr")
    head, baseline = (metric.count(gold + generator.random(200), gold)[None] for _ in range(2))
    wider = metric.count(3 * (gold + np.random.default_rng(1).random(200)), gold)[None]
    same = metric.count(gold + np.random.default_rng(1).random(200), gold)[None]
    assert effects_on_difference(wider, head, metric) == pytest.approx(effects_on_difference(same, head, metric))
    assert effects_on_difference(head, baseline, metric).sum() == pytest.approx(
        float((metric.score(head.sum(axis=1)) - metric.score(baseline.sum(axis=1)))[0]), rel=0.01
    )


@pytest.mark.parametrize("metric", METRICS)
def test_the_jackknife_agrees_with_the_bootstrap(metric):
    counts = simulate(World(rows=400, metric=metric), 1, 0.0, 0.0, np.random.default_rng(0))["dense"]
    drawn = np.random.default_rng(1).multinomial(400, np.full(400, 1 / 400), 4000)
    resampled = METRICS[metric].score(drawn @ counts[0])
    variance = jackknife_variance(effects_on_scores(counts, METRICS[metric]))
    assert variance == pytest.approx([resampled.var()], rel=0.1)

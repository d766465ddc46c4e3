"""Scores of classes, sets, numbers and relations. Expected values are worked out by hand, taken from published definitions, or computed by slow code written here from them."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
import sklearn.metrics

from utils.metrics.catalogue import KLUE_STS_CUT
from utils.metrics.scores import (
    score_classification,
    score_multi_label,
    score_regression,
    score_relations,
)

pytestmark = pytest.mark.usefixtures("no_warnings")


# Slow references, from the definitions


def slow_f1(predicted: list, gold: list, label: object) -> float | None:
    """F1 of one label; None where it never occurs."""
    tp = sum(1 for p, g in zip(predicted, gold, strict=True) if p == label and g == label)
    fp = sum(1 for p, g in zip(predicted, gold, strict=True) if p == label and g != label)
    fn = sum(1 for p, g in zip(predicted, gold, strict=True) if p != label and g == label)
    if tp + fp + fn == 0:
        return None
    if tp == 0:
        return 0.0
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return 2 * precision * recall / (precision + recall)


def slow_pearson(xs: list[float], ys: list[float]) -> float:
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return covariance / math.sqrt(sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys))


def slow_ranks(xs: list[float]) -> list[float]:
    """Ranks from 1; ties share the mean of their ranks."""
    return [sum(1 for other in xs if other < x) + (sum(1 for other in xs if other == x) + 1) / 2 for x in xs]


def slow_area(gold: list[bool], scores: list[float]) -> float:
    """Trapezoidal area under precision over recall, one point per distinct threshold, from the point (recall 0, precision 1)."""
    points = [(0.0, 1.0)]
    for threshold in sorted(set(scores), reverse=True):
        chosen = [g for g, score in zip(gold, scores, strict=True) if score >= threshold]
        points.append((sum(chosen) / sum(gold), sum(chosen) / len(chosen)))
    return sum((r1 - r0) * (p0 + p1) / 2 for (r0, p0), (r1, p1) in pairwise(points))


# Classification


def test_classification_by_hand():
    # F1: class 0 = 2/3, class 1 = 1/2, class 2 = 0
    assert score_classification([0, 1, 1, 1], [0, 0, 1, 2]) == pytest.approx({"accuracy": 0.5, "macro_f1": 7 / 18})


def test_macro_f1_is_over_the_classes_that_occur_anywhere():
    assert score_classification([0, 3], [0, 0])["macro_f1"] == pytest.approx(
        1 / 3
    )  # (2/3 + 0) / 2; classes 1, 2 left out
    assert score_classification([0, 3], [0, 3])["macro_f1"] == 1.0


def test_classification_equals_the_definition():
    generator = random.Random(1)
    gold = [generator.randrange(9) for _ in range(300)]
    predicted = [g if generator.random() < 0.6 else generator.randrange(9) for g in gold]
    scores = score_classification(np.array(predicted), np.array(gold)[:, None])
    f1s = [slow_f1(predicted, gold, label) for label in range(9)]
    assert scores["macro_f1"] == pytest.approx(sum(f1s) / 9)
    assert scores["accuracy"] == pytest.approx(sum(map(int.__eq__, predicted, gold)) / 300)


def test_many_classes_in_few_rows():
    assert score_classification(range(25), range(25)) == {"accuracy": 1.0, "macro_f1": 1.0}


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([0], [0, 1], "1 predictions for 2 references"),
        ([], [], "nothing to score"),
        ([[0.1, 0.9]], [1], r"shape \(1, 2\)"),
        ([0, 0, 0], [0, -1, -100], "2 of 3 references are no class id"),
    ],
)
def test_classification_says_what_is_wrong(predictions, references, message):
    with pytest.raises(ValueError, match=message):
        score_classification(predictions, references)


def test_multi_label_by_hand():
    gold = [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    predicted = [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    expected = {"accuracy": 2 / 3, "micro_f1": 4 / 5, "macro_f1": 2 / 3}
    assert score_multi_label(predicted, gold) == pytest.approx(expected)
    assert score_multi_label(np.array(predicted, bool), np.array(gold, float)) == pytest.approx(expected)


def test_multi_label_with_an_unused_column_and_without_any_label():
    scores = score_multi_label([[1, 0], [1, 0]], [[1, 0], [1, 0]])
    assert scores == {"accuracy": 1.0, "micro_f1": 1.0, "macro_f1": 0.5}
    assert score_multi_label([[0, 0]], [[0, 0]]) == {"accuracy": 1.0, "micro_f1": 0.0, "macro_f1": 0.0}


def test_multi_label_equals_scikit_learn():
    generator = np.random.default_rng(2)
    gold, predicted = generator.random((2, 80, 7)) < 0.3
    scores = score_multi_label(predicted, gold)
    for average in ("micro", "macro"):
        expected = sklearn.metrics.f1_score(gold, predicted, average=average, zero_division=0)
        assert scores[f"{average}_f1"] == pytest.approx(expected)
    assert scores["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(gold, predicted))


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([[0.2, 0.9]], [[0, 1]], "only 0 and 1"),
        ([[0, 1]], [[0, 1, 0]], "one shape"),
        ([0, 1], [0, 1], "one shape"),
    ],
)
def test_multi_label_says_what_is_wrong(predictions, references, message):
    with pytest.raises(ValueError, match=message):
        score_multi_label(predictions, references)


# Regression


def test_regression_by_hand():
    expected = {"pearsonr": 3 / math.sqrt(2 * 42 / 9), "spearmanr": 1.0, "mse": 1 / 3}
    assert score_regression([1, 2, 3], [1, 2, 4]) == pytest.approx(expected)
    assert score_regression([[1.0], [2.0], [3.0]], [1, 2, 4]) == pytest.approx(expected)


def test_regression_equals_the_definition_with_ties():
    generator = random.Random(3)
    gold = [round(generator.uniform(0, 5), 1) for _ in range(120)]
    predicted = [round(g + generator.gauss(0, 1), 1) for g in gold]
    scores = score_regression(predicted, gold)
    assert scores["pearsonr"] == pytest.approx(slow_pearson(predicted, gold))
    assert scores["spearmanr"] == pytest.approx(slow_pearson(slow_ranks(predicted), slow_ranks(gold)))


@pytest.mark.parametrize("constant", [0.0, 2.5, 0.1 + 0.2])
def test_a_correlation_with_a_constant_is_0(constant):
    scores = score_regression([constant] * 4, [1, 2, 3, 4])
    assert (scores["pearsonr"], scores["spearmanr"]) == (0.0, 0.0)
    assert score_regression([1, 2, 3, 4], [constant] * 4)["pearsonr"] == 0.0
    assert score_regression([constant], [1.0])["pearsonr"] == 0.0


def test_rounding_noise_is_a_constant_but_a_small_spread_is_not():
    assert score_regression([2.5, 2.5 + 1e-15, 2.5], [1, 2, 3])["pearsonr"] == 0.0
    assert score_regression([2.5, 2.5 + 1e-6, 2.5 + 2e-6], [1, 2, 3])["pearsonr"] == pytest.approx(1.0)


def test_klue_sts_cuts_at_exactly_3():
    # gold 1 0 1 0, predicted 0 1 1 0: one hit, one false alarm, one miss
    scores = score_regression([2.999, 3.0, 3.0, 0.5], [3.0, 2.999, 4.0, 1.0], positive_from=KLUE_STS_CUT)
    assert KLUE_STS_CUT == 3.0
    assert scores["f1"] == 0.5
    assert list(scores) == ["pearsonr", "spearmanr", "mse", "f1"]
    assert score_regression([1, 2], [2, 1], positive_from=3.0)["f1"] == 0.0


def test_diverged_predictions_are_an_error():
    with pytest.raises(ValueError, match="2 of 3 predictions are NaN or infinite"):
        score_regression([1.0, math.nan, math.inf], [1.0, 2.0, 3.0])


# Relations

RELATIONS = ["no_relation", "org:founded", "per:origin"]


def one_hot(ids: list[int], classes: int) -> np.ndarray:
    return np.eye(classes)[ids]


def test_micro_f1_ignores_a_correct_no_relation():
    predicted, gold = [0, 1, 1, 0, 1], [0, 0, 1, 2, 1]  # 2 hits, 1 false alarm, 1 miss
    assert score_relations(one_hot(predicted, 3), gold, RELATIONS)["micro_f1"] == pytest.approx(2 / 3)
    more = one_hot(predicted + [0] * 50, 3)
    assert score_relations(more, gold + [0] * 50, RELATIONS)["micro_f1"] == pytest.approx(2 / 3)
    assert score_relations(one_hot([0, 0], 3), [0, 0], RELATIONS)["micro_f1"] == 0.0


def test_no_relation_is_found_by_name():
    names = ["org:founded", "per:origin", "no_relation"]
    assert score_relations(one_hot([2, 0, 0], 3), [2, 0, 2], names)["micro_f1"] == pytest.approx(2 / 3)


def test_auprc_by_hand():
    probabilities = [[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.3, 0.7, 0.0]]
    # class 1: 1/2 + 1/2 * (1/2 + 2/3) / 2 = 19/24; class 0: 1/4; class 2 has no gold row and is left out
    assert score_relations(probabilities, [1, 0, 1], RELATIONS)["auprc"] == pytest.approx((19 / 24 + 1 / 4) / 2)


def test_auprc_of_30_classes_equals_the_definition():
    generator = np.random.default_rng(4)
    names = ["no_relation", *(f"relation{i}" for i in range(1, 30))]
    gold = [*range(29), *generator.integers(0, 29, 171)]  # the last class has no gold row
    logits = generator.normal(size=(200, 30)).round(1) + 2 * one_hot(gold, 30)
    probabilities = [[math.exp(x) / sum(map(math.exp, row)) for x in row] for row in logits.tolist()]
    areas = [slow_area([g == i for g in gold], [row[i] for row in probabilities]) for i in range(29)]
    expected = sum(areas) / 29
    assert score_relations(logits, gold, names)["auprc"] == pytest.approx(expected)
    assert score_relations(probabilities, gold, names)["auprc"] == pytest.approx(expected)
    assert score_relations(100 * one_hot(gold, 30), gold, names) == {"micro_f1": 1.0, "auprc": 1.0}


@pytest.mark.parametrize(
    ("scores", "gold", "names", "message"),
    [
        ([[1, 2, 3]], [0], RELATIONS[:2], r"\(rows, 2\)"),
        ([[1, 2]], [0], RELATIONS[1:], "no 'no_relation'"),
        ([[1, 2, 3]], [3], RELATIONS, "no class id"),
        ([[1, math.nan, 3]], [0], RELATIONS, "NaN"),
    ],
)
def test_relations_say_what_is_wrong(scores, gold, names, message):
    with pytest.raises(ValueError, match=message):
        score_relations(scores, gold, names)

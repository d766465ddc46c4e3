"""Expected values are worked out by hand, taken from published definitions, or computed by slow code written here from them."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import seqeval.metrics
import sklearn.metrics
from seqeval.scheme import IOB2

from utils.metrics.catalogue import KLUE_STS_CUT
from utils.metrics.evaluate_metrics import (
    MultiLabelMetric,
    QuestionAnsweringMetric,
    RegressionMetric,
    RelationMetric,
    SequenceClassificationMetric,
    TaggingMetric,
)
from utils.metrics.scores import (
    score_classification,
    score_entity_types,
    score_multi_label,
    score_regression,
    score_relations,
    score_tagging,
)

ROOT = Path(__file__).resolve().parents[3]
KLUE_NER_TAGS = [f"{prefix}-{kind}" for kind in ("PS", "LC", "OG", "DT", "TI", "QT") for prefix in "BI"] + ["O"]
METRICS = [
    SequenceClassificationMetric,
    MultiLabelMetric,
    RegressionMetric,
    RelationMetric,
    TaggingMetric,
    QuestionAnsweringMetric,
]


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


def slow_spans(sentences: list[list[str]]) -> set[tuple[int, int, int, str]]:
    """Strict IOB2: an entity is one B-x and all the I-x that follow it at once."""
    spans = set()
    for row, tags in enumerate(sentences):
        for start, tag in enumerate(tags):
            if tag.startswith("B-"):
                kind, end = tag[2:], start + 1
                while end < len(tags) and tags[end] == f"I-{kind}":
                    end += 1
                spans.add((row, start, end, kind))
    return spans


def random_tags(seed: int, sentences: int = 200, names: list[str] = KLUE_NER_TAGS) -> list[list[str]]:
    """Any tag after any other, so that most illegal sequences occur; lengths 0 to 12; O for every second tag."""
    generator = random.Random(seed)
    return [
        [generator.choice(names) if generator.random() < 0.5 else "O" for _ in range(row % 13)]
        for row in range(sentences)
    ]


def mixed(gold: list[list[str]], other: list[list[str]]) -> list[list[str]]:
    """Two thirds of the sentences of `gold`, the others from `other`."""
    return [b if row % 3 == 0 else a for row, (a, b) in enumerate(zip(gold, other, strict=True))]


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


# Tagging


def test_entities_by_hand():
    gold = [["B-PS", "I-PS", "O", "B-LC"], ["B-PS", "O"]]
    predicted = [["B-PS", "I-PS", "O", "B-OG"], ["O", "O"]]
    # PS: 1 of 1 found, 1 missed: F1 2/3; LC 0; OG 0
    expected = {
        "entity_f1": 0.4,
        "entity_macro_f1": 2 / 9,
        "entity_precision": 0.5,
        "entity_recall": 1 / 3,
        "accuracy": 4 / 6,
    }
    assert score_tagging(predicted, gold) == pytest.approx(expected)
    assert score_entity_types(predicted, gold) == {
        "LC": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1},
        "OG": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        "PS": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2},
    }


def test_an_entity_may_end_a_sentence_and_another_begin_the_next():
    gold = [["O", "B-PS", "I-PS"], ["B-LC", "O"]]
    assert score_tagging(gold, gold)["entity_macro_f1"] == 1.0
    # were the sentences one sequence, the I-PS would lengthen the first entity and match nothing
    scores = score_tagging([["O", "B-PS", "I-PS"], ["I-PS", "O"]], gold)
    assert (scores["entity_precision"], scores["entity_recall"], scores["entity_macro_f1"]) == (1.0, 0.5, 0.5)


def test_an_entity_without_b_never_matches():
    tags = [["O", "I-PS", "I-PS", "O"], ["B-LC", "I-PS"]]
    assert score_entity_types(tags, tags) == {"LC": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}}
    assert score_tagging([["I-PS", "I-PS"]], [["B-PS", "I-PS"]])["entity_f1"] == 0.0


def test_type_names_may_hold_hyphens():
    gold = [["B-creative-work", "I-creative-work", "O", "B-creative"]]
    assert list(score_entity_types(gold, gold)) == ["creative", "creative-work"]
    predicted = [["B-creative-work", "I-creative", "O", "B-creative"]]
    assert score_tagging(predicted, gold)["entity_f1"] == 0.5


def test_b_and_i_may_stand_behind():
    gold = [["PER-B", "PER-I", "O", "TRM-B"], ["DAT-I", "PER-B"]]
    predicted = [["PER-B", "PER-I", "O", "PER-B"], ["DAT-I", "PER-B"]]
    scores = score_tagging(predicted, gold)  # 2 hits of 3 predicted and of 3 gold
    assert scores["entity_f1"] == pytest.approx(2 / 3)
    assert scores["entity_macro_f1"] == pytest.approx((4 / 5 + 0) / 2)


@pytest.mark.parametrize("gold", [[["O", "O"]], [["I-PS", "O"]]])
def test_without_any_entity_the_scores_are_0(gold):
    scores = score_tagging(gold, gold)
    assert scores == {"entity_f1": 0, "entity_macro_f1": 0, "entity_precision": 0, "entity_recall": 0, "accuracy": 1}


@pytest.mark.parametrize("seed", range(5))
def test_entities_equal_the_definition(seed):
    gold, other = random_tags(seed), random_tags(seed + 100)
    predicted = mixed(gold, other)
    found, real = slow_spans(predicted), slow_spans(gold)
    scores = score_tagging(predicted, gold)
    assert scores["entity_precision"] == pytest.approx(len(found & real) / len(found))
    assert scores["entity_recall"] == pytest.approx(len(found & real) / len(real))
    assert scores["entity_f1"] == pytest.approx(2 * len(found & real) / (len(found) + len(real)))
    f1s = []
    for kind in ("PS", "LC", "OG", "DT", "TI", "QT"):
        of_kind = [{span for span in spans if span[3] == kind} for spans in (found, real)]
        f1s.append(2 * len(of_kind[0] & of_kind[1]) / (len(of_kind[0]) + len(of_kind[1])))
        assert score_entity_types(predicted, gold)[kind]["support"] == len(of_kind[1])
        assert score_entity_types(predicted, gold)[kind]["f1"] == pytest.approx(f1s[-1])
    assert scores["entity_macro_f1"] == pytest.approx(sum(f1s) / 6)


def test_entities_equal_the_published_concatenation_under_seqeval():
    gold, other = random_tags(7), random_tags(8)
    predicted = mixed(gold, other)
    scores = score_tagging(predicted, gold)
    one_gold, one_predicted = ([tag for tags in part for tag in ("O", *tags, "O")] for part in (gold, predicted))
    for key, average in {"entity_f1": "micro", "entity_macro_f1": "macro"}.items():
        expected = seqeval.metrics.f1_score([one_gold], [one_predicted], average=average, mode="strict", scheme=IOB2)
        assert scores[key] == pytest.approx(expected)


def test_tags_that_mark_no_entities():
    gold, predicted = [["NNG", "JKB"], ["VV"]], [["NNG", "NNG"], ["VV"]]
    assert score_tagging(predicted, gold) == pytest.approx({"accuracy": 2 / 3, "macro_f1": (2 / 3 + 0 + 1) / 3})
    assert list(score_tagging([["S-PS", "O"]], [["S-PS", "O"]])) == ["accuracy", "macro_f1"]
    assert list(score_tagging([["O"]], [["O"]], tag_names=["O", "NNG"])) == ["accuracy", "macro_f1"]
    with pytest.raises(ValueError, match="mark no entities"):
        score_entity_types(predicted, gold)


def test_characters_with_and_without_o():
    gold, predicted = [["B-PS", "I-PS", "O", "O"]], [["B-PS", "O", "O", "O"]]
    scores = score_tagging(predicted, gold, tag_names=KLUE_NER_TAGS, characters=True)
    # B-PS 1, I-PS 0, O 0.8, ten tags that never occur 1
    assert scores["char_macro_f1"] == pytest.approx(11.8 / 13)
    assert scores["char_macro_f1_without_o"] == pytest.approx(11 / 12)
    assert scores["entity_f1"] == 0.0
    assert scores["accuracy"] == 0.75


def test_characters_equal_the_definition():
    gold, other = random_tags(11, names=KLUE_NER_TAGS[:8]), random_tags(12, names=KLUE_NER_TAGS[:8])
    predicted = mixed(gold, other)
    flat = [[tag for tags in part for tag in tags] for part in (predicted, gold)]
    f1s = {tag: slow_f1(*flat, tag) for tag in KLUE_NER_TAGS}
    values = {tag: 1.0 if f1 is None else f1 for tag, f1 in f1s.items()}
    scores = score_tagging(predicted, gold, tag_names=KLUE_NER_TAGS, characters=True)
    assert list(f1s.values()).count(None) == 4
    assert scores["char_macro_f1"] == pytest.approx(sum(values.values()) / 13)
    assert scores["char_macro_f1_without_o"] == pytest.approx((sum(values.values()) - values["O"]) / 12)


@pytest.mark.parametrize(
    ("predictions", "options", "message"),
    [
        ([["O"], ["O"]], {}, "sentence 1 has 1 predicted tags and 2 gold tags"),
        ([["O"]], {}, "1 predictions for 2 references"),
        ([["O"], ["O", "B-PS"]], {"tag_names": ["O"]}, "not among the 1 of this task: B-PS"),
        ([["O"], ["O", "O"]], {"characters": True}, "give tag_names"),
    ],
)
def test_tagging_says_what_is_wrong(predictions, options, message):
    with pytest.raises(ValueError, match=message):
        score_tagging(predictions, [["O"], ["O", "O"]], **options)


def test_tagging_without_a_tag_is_an_error():
    with pytest.raises(ValueError, match="no sentence has a tag"):
        score_tagging([[], []], [[], []])


def test_tagging_is_not_quadratic():
    gold = [tags * 5 for tags in random_tags(13, 169)[12::13]] * 400  # 5,200 sentences of 60
    assert len(gold) * len(gold[0]) > 300_000
    started = time.process_time()
    score_tagging(gold, gold, tag_names=KLUE_NER_TAGS, characters=True)
    assert time.process_time() - started < 20  # about 2 s on one core


# The metric objects

CASES = [
    (
        SequenceClassificationMetric,
        np.array([0, 1, 1, 1]),
        np.array([0, 0, 1, 2]),
        {},
        {"accuracy": 0.5, "macro_f1": 7 / 18},
    ),
    (MultiLabelMetric, [[1, 0], [0, 1]], [[1, 0], [1, 1]], {}, {"accuracy": 0.5, "micro_f1": 0.8, "macro_f1": 5 / 6}),
    (
        RegressionMetric,
        np.array([2.0, 3.0], dtype=np.float32),
        [1.0, 4.0],
        {"positive_from": 3.0},
        {"pearsonr": 1.0, "spearmanr": 1.0, "mse": 1.0, "f1": 1.0},
    ),
    (
        RelationMetric,
        np.array([[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.3, 0.7, 0.0]]),
        [1, 0, 1],
        {"relations": RELATIONS},
        {"micro_f1": 0.8, "auprc": 25 / 48},
    ),
    (
        TaggingMetric,
        [["B-PS", "O", "O", "O"], []],
        [["B-PS", "I-PS", "O", "O"], []],
        {"tag_names": KLUE_NER_TAGS, "characters": True},
        {
            "entity_f1": 0.0,
            "entity_macro_f1": 0.0,
            "entity_precision": 0.0,
            "entity_recall": 0.0,
            "accuracy": 0.75,
            "char_macro_f1": 11.8 / 13,
            "char_macro_f1_without_o": 11 / 12,
        },
    ),
    (
        QuestionAnsweringMetric,
        ["", "세종대왕은"],
        [[], ["세종대왕"]],
        {"style": "klue-mrc", "question_types": [3, 1]},
        {
            "exact_match": 50.0,
            "f1": 850 / 9,
            "rouge_w": 850 / 9,
            "has_answer_exact_match": 0.0,
            "has_answer_f1": 800 / 9,
            "has_answer_rouge_w": 800 / 9,
            "no_answer_accuracy": 100.0,
            "exact_match_type_1": 0.0,
            "f1_type_1": 800 / 9,
            "rouge_w_type_1": 800 / 9,
            "exact_match_type_3": 100.0,
            "f1_type_3": 100.0,
            "rouge_w_type_3": 100.0,
        },
    ),
]


@pytest.mark.parametrize(("metric", "predictions", "references", "options", "expected"), CASES)
def test_metric_objects(metric, predictions, references, options, expected, tmp_path):
    scorer = metric(keep_in_memory=True, cache_dir=str(tmp_path))
    scores = scorer.compute(predictions=predictions, references=references, **options)
    assert scores == pytest.approx(expected)
    assert all(type(score) is float for score in scores.values())
    half = len(references) // 2
    scorer.add_batch(predictions=predictions[:half], references=references[:half])
    scorer.add_batch(predictions=predictions[half:], references=references[half:])
    assert scorer.compute(**options) == pytest.approx(expected)
    assert list(tmp_path.iterdir()) == []
    assert scorer.description
    assert scorer.citation
    assert scorer.inputs_description in scorer.compute.__doc__


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_keeps_in_memory_without_being_told(metric, tmp_path):
    assert metric(cache_dir=str(tmp_path)).keep_in_memory
    assert list(tmp_path.iterdir()) == []


def test_a_metric_refuses_a_text_for_a_list_of_texts():
    with pytest.raises(ValueError, match="expected a list"):
        QuestionAnsweringMetric().compute(predictions=["가"], references=["가"])


PROCESS = """
import socket, sys, time

def refuse(*arguments, **options):
    raise OSError("no network here")

socket.socket.connect = refuse
from utils.metrics.evaluate_metrics import SequenceClassificationMetric, TaggingMetric

print("ready", flush=True)
sys.stdin.readline()
until = time.monotonic() + 1
while time.monotonic() < until:
    first, second = SequenceClassificationMetric(), TaggingMetric()
    first.add_batch(predictions=[0, 1], references=[0, 0])
    second.add_batch(predictions=[["B-PS"]], references=[["B-PS"]])
    assert first.compute()["accuracy"] == 0.5
    assert second.compute()["entity_f1"] == 1.0
print("done")
"""


@pytest.mark.long
def test_two_processes_compute_at_once_offline_and_leave_nothing(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HOME": str(home), "HF_HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROCESS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert output == "done\n", errors
    assert list(home.rglob("*")) == []

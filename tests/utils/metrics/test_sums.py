"""Sums over rows score exactly as the metrics themselves do, on all rows and on any resample of them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from utils.metrics.answers import score_qa
from utils.metrics.catalogue import (
    CLASSES,
    KLUE_MRC,
    KLUE_RE,
    KLUE_STS,
    KLUE_STS_CUT,
    KORQUAD,
    LABEL_SETS,
    NUMBERS,
    SQUAD,
    TAGS,
    TAGS_OF_CHARACTERS,
    AnswerMetric,
)
from utils.metrics.scores import (
    score_classification,
    score_multi_label,
    score_regression,
    score_relations,
    score_tagging,
)

TOPICS = ["정치", "경제", "사회", "never"]
RELATIONS = ["org:founded", "no_relation", "per:title"]
PREFIXED = ["O", "B-PS", "I-PS", "B-LC", "I-LC", "B-QT", "I-QT"]
SUFFIXED = ["O", "PER-B", "PER-I", "LOC-B", "LOC-I"]
PARTS_OF_SPEECH = ["NNG", "VV", "JX"]
ANSWERS = ["서울", "서울 시", "1945년", "(주)현대", "the Han river", "river", ""]


def of_ids(score, names, *arguments):
    ids = {name: i for i, name in enumerate(names)}
    return lambda p, g: score(np.array([ids[name] for name in p]), np.array([ids[name] for name in g]), *arguments)


def of_label_sets(names):
    def matrix(rows):
        return np.array([[int(name in row) for name in names] for row in rows])

    return lambda p, g: score_multi_label(matrix(p), matrix(g))


def of_relations(predictions, references):
    ids = {name: i for i, name in enumerate(RELATIONS)}
    scores = np.eye(len(RELATIONS))[[ids[name] for name in predictions]]
    return score_relations(scores, [ids[name] for name in references], RELATIONS)


def one_of(names):
    return lambda generator: str(generator.choice(names))


def some_of(names):
    return lambda generator: [name for name in names if generator.random() < 0.4]


def texts(generator):
    return [str(text) for text in generator.choice(ANSWERS, size=generator.integers(1, 3))]


def draw_sentences(names):
    def draw(generator, rows):
        lengths = generator.integers(0, 9, rows)
        lengths[0] = 3
        gold = [[str(tag) for tag in generator.choice(names, size=length)] for length in lengths]
        kept = [[tag if generator.random() < 0.6 else str(generator.choice(names)) for tag in tags] for tags in gold]
        return kept, gold

    return draw


def draw_rows(prediction, reference=None):
    def draw(generator, rows):
        gold = [(reference or prediction)(generator) for _ in range(rows)]
        other = [prediction(generator) for _ in range(rows)]
        if reference is not None:
            return other, gold
        return [g if generator.random() < 0.5 else o for g, o in zip(gold, other, strict=True)], gold

    return draw


def draw_numbers(generator, rows):
    gold = generator.uniform(0, 5, rows).round(1)
    return (gold + generator.normal(0, 1, rows)).tolist(), gold.tolist()


def tagging(names):
    return lambda p, g: score_tagging(p, g, names, characters=True)


TASKS = {
    "classification": (CLASSES, TOPICS, draw_rows(one_of(TOPICS[:3])), of_ids(score_classification, TOPICS)),
    "labels": (LABEL_SETS, TOPICS, draw_rows(some_of(TOPICS[:3])), of_label_sets(TOPICS)),
    "regression": (KLUE_STS, [], draw_numbers, lambda p, g: score_regression(p, g, positive_from=KLUE_STS_CUT)),
    "relations": (KLUE_RE, RELATIONS, draw_rows(one_of(RELATIONS)), of_relations),
    "prefixed tags": (TAGS_OF_CHARACTERS, PREFIXED, draw_sentences(PREFIXED), tagging(PREFIXED)),
    "suffixed tags": (TAGS_OF_CHARACTERS, SUFFIXED, draw_sentences(SUFFIXED), tagging(SUFFIXED)),
    "parts of speech": (TAGS_OF_CHARACTERS, PARTS_OF_SPEECH, draw_sentences(PARTS_OF_SPEECH), tagging(PARTS_OF_SPEECH)),
    **{
        metric.style: (metric, [], draw_rows(one_of(ANSWERS), texts), partial(score_qa, style=metric.style))
        for metric in (SQUAD, KORQUAD, KLUE_MRC)
    },
}
EXPECTED = {
    "classification": ["accuracy", "macro_f1"],
    "labels": ["accuracy", "macro_f1", "micro_f1"],
    "regression": ["f1", "mse", "pearsonr"],
    "relations": ["micro_f1"],
    "prefixed tags": ["accuracy", "char_macro_f1", "char_macro_f1_without_o", "entity_f1", "entity_macro_f1"],
    "suffixed tags": ["accuracy", "char_macro_f1", "char_macro_f1_without_o", "entity_f1", "entity_macro_f1"],
    "parts of speech": ["accuracy", "char_macro_f1", "char_macro_f1_without_o", "macro_f1"],
    "squad": ["exact_match", "f1"],
    "korquad": ["exact_match", "f1"],
    "klue-mrc": ["exact_match", "f1", "rouge_w"],
}
CASES = [(task, name) for task, names in EXPECTED.items() for name in names]


@pytest.mark.parametrize(("task", "name"), CASES)
def test_equals_the_score_of_all_rows_and_of_resampled_rows(task, name):
    scored_by, names, draw, score = TASKS[task]
    metric = scored_by.sums(name, names)
    generator = np.random.default_rng(len(name))
    for rows in (1, 40):
        predictions, references = draw(generator, rows)
        counts = metric.count(predictions, references)
        assert counts.shape[0] == rows
        assert metric.score(counts.sum(axis=0)) == pytest.approx(score(predictions, references)[name], abs=1e-9)

        weights = generator.multinomial(rows, np.full(rows, 1 / rows), size=5)
        weights = weights[[any(references[i] for i in np.flatnonzero(row)) for row in weights]]  # some tag to score
        expected = []
        for row in weights:
            chosen = np.repeat(np.arange(rows), row)
            expected.append(score([predictions[i] for i in chosen], [references[i] for i in chosen])[name])
        assert len(expected)
        np.testing.assert_allclose(metric.score(weights @ counts), expected, atol=1e-9)


def test_counts_are_what_a_hand_counts():
    gold, predicted = [["B-PS", "I-PS", "O", "B-LC"]], [["B-PS", "I-PS", "B-LC", "I-PS"]]
    assert TAGS.sums("entity_f1", PREFIXED).count(predicted, gold).tolist() == [[1, 4]]
    assert TAGS.sums("accuracy", PREFIXED).count(predicted, gold).tolist() == [[2, 4]]
    per_type = TAGS.sums("entity_macro_f1", PREFIXED)  # LC, PS, QT
    assert per_type.count(predicted, gold).tolist() == [[0, 1, 0, 2, 2, 0]]
    assert per_type.score(np.array([0, 1, 0, 2, 2, 0])) == 0.5


def test_a_constant_has_no_correlation():
    metric = NUMBERS.sums("pearsonr")
    for predictions in ([2.5, 2.5, 2.5], [0.1 + 0.2, 0.3, 0.3]):
        assert metric.score(metric.count(predictions, [1.0, 2.0, 4.0]).sum(axis=0)) == 0
    assert metric.score(metric.count([1e6 + 1, 1e6 + 2, 1e6 + 4], [1.0, 2.0, 4.0]).sum(axis=0)) == pytest.approx(1)


def test_units():
    accuracy, error = CLASSES.sums("accuracy"), NUMBERS.sums("mse")
    assert (accuracy.points, error.points, SQUAD.sums("f1").points) == (100, 0, 1)
    assert error.smaller_is_better and not accuracy.smaller_is_better


@pytest.mark.parametrize(
    ("metric", "name", "names", "message"),
    [
        (NUMBERS, "spearmanr", [], "'spearmanr' is no function of sums over rows: compare regression by pearsonr, mse"),
        (KLUE_RE, "auprc", [], "'auprc' is no function of sums over rows: compare relations by micro_f1"),
        (
            TAGS,
            "entity_f1",
            PARTS_OF_SPEECH,
            "compare tagging by accuracy, char_macro_f1, char_macro_f1_without_o, macro_f1",
        ),
    ],
)
def test_what_cannot_be_summed_is_said(metric, name, names, message):
    with pytest.raises(ValueError, match=message):
        metric.sums(name, names)


def test_an_unknown_style_is_said():
    with pytest.raises(ValueError, match="unknown style of question answering scores 'bleu'"):
        AnswerMetric("bleu")


@pytest.mark.parametrize(
    ("metric", "name", "predictions", "references", "message"),
    [
        (CLASSES, "accuracy", ["a"], ["a", "b"], "1 predictions for 2 references"),
        (CLASSES, "macro_f1", ["문화"], ["정치"], "'문화' is not among the 4 names"),
        (NUMBERS, "mse", [float("nan")], [1.0], "training has diverged"),
        (TAGS, "accuracy", [["O"]], [["O", "O"]], "sentence 0 has 1 predicted tags and 2 gold tags"),
    ],
)
def test_rows_that_cannot_be_counted_are_said(metric, name, predictions, references, message):
    with pytest.raises(ValueError, match=message):
        metric.sums(name, TOPICS).count(predictions, references)

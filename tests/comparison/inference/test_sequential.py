"""Seeds until the heads are decided: which pairs end, at which look, and what stays as it ended."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rejections.sequential import MeanEvidence, follow
from benchmarks.rejections.several import follow_all
from benchmarks.rejections.worlds import METRICS, World, simulate
from comparison.inference.evidence import Evidence
from comparison.inference.sequential import Rule, decide

ACCURACY = METRICS["accuracy"]
RULE = Rule((3, 5, 8), 1.5)


@pytest.fixture(scope="module")
def counts() -> dict[str, np.ndarray]:
    """dense and cnn alike, lstm 8 points better."""
    found = simulate(World(rows=1000), 8, 0.2, 0.0, np.random.default_rng(5))
    return found | {"lstm": simulate(World(rows=1000), 8, 0.2, 8.0, np.random.default_rng(6))["cnn"]}


def test_pairs_end_one_by_one(counts):
    first = decide({head: own[:3] for head, own in counts.items()}, ACCURACY, RULE)
    assert [(pair.head, pair.baseline, pair.look.ending) for pair in first.pairs if pair.look] == [
        ("cnn", "dense", None),
        ("lstm", "dense", "difference"),
        ("lstm", "cnn", "difference"),
    ]
    assert first.look == 1 and first.heads == ["dense", "cnn"]  # the third gets no more seeds
    assert str(first.pairs[0]).endswith("; undecided yet at look 1 of 3 (3 seeds per head)")
    last = decide(counts | {"lstm": counts["lstm"][:3]}, ACCURACY, RULE)
    assert last.heads == [] and last.pairs[1:] == first.pairs[1:]
    assert last.pairs[0].seeds == (RULE.looks[last.look - 1],) * 2 and last.pairs[0].look.ending
    assert last == decide(counts, ACCURACY, RULE)  # seeds beyond the end change nothing
    assert [entry["number"] for entry in last.history] == [1, 1, 1, *range(2, last.look + 1)]


def test_no_look_without_its_seeds(counts):
    two = {head: own[:4] for head, own in counts.items()}
    assert decide(two, ACCURACY, RULE).look == 1
    with pytest.raises(ValueError, match="the first look takes 3 seeds per head"):
        decide({head: own[:2] for head, own in counts.items()}, ACCURACY, RULE)


def test_the_last_look_ends_all():
    counts = simulate(World(rows=300), 5, 1.0, 0.0, np.random.default_rng(1))
    (pair,) = decide(counts, ACCURACY, Rule((3, 5))).pairs
    assert pair.look is not None and pair.look.ending == "last look" and pair.equality is None
    assert str(pair).endswith("; undecided at the last look, look 2 of 2 (5 seeds per head)")


def test_the_interval_says_what_the_p_value_says():
    """At every look: it leaves out 0 where the p value of the rule is below .05."""
    generator = np.random.default_rng(0)
    verdicts = []
    for _ in range(12):
        counts = simulate(World(rows=1000), 5, 0.5, float(generator.choice([0, 3, 6])), generator)
        for entry in decide(counts, ACCURACY, Rule((3, 5), 2.0)).history:
            verdicts.append(entry["p_holm"] < 0.05)
            assert (entry["low"] > 0 or entry["high"] < 0) == verdicts[-1]
    assert 2 < sum(verdicts) < len(verdicts) - 2


def test_the_simulation_decides_as_the_comparison_does():
    generator = np.random.default_rng(2)
    endings = []
    for difference in (0.0, 1.5, 3.0, 6.0):
        counts = simulate(World(rows=500), 8, 0.3, difference, generator)
        fast, full = (of(counts["cnn"], counts["dense"], ACCURACY) for of in (MeanEvidence, Evidence))
        assert fast.p_value == pytest.approx(full.p_value)
        (pair,) = decide(counts, ACCURACY, Rule((3, 5, 8), 3.0)).pairs
        course = follow(counts, "accuracy", Rule((3, 5, 8), 3.0))
        names = {"difference": "different", "equality": "equal", "last look": "undecided"}
        assert pair.look is not None and pair.look.ending
        assert (course.ending, course.seeds) == (names[pair.look.ending], pair.seeds[0])
        endings.append(course.ending)
    assert len(set(endings)) > 1


@pytest.mark.long
def test_the_simulation_of_three_heads_decides_as_the_comparison_does(counts):
    endings = follow_all(counts, RULE)
    for pair in decide(counts, ACCURACY, RULE).pairs:
        assert pair.look is not None and pair.look.ending
        names = {"difference": "different", "equality": "equal", "last look": "undecided"}
        assert endings[pair.baseline, pair.head] == (names[pair.look.ending], pair.seeds[0])

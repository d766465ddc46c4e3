"""Totals of published scores, by hand."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import pytest

from comparison.published_totals import compare_totals


def test_published_totals_of_the_study_show_no_difference():
    """Three heads on the 50,000 test reviews of NSMC, one run each; z by hand from the pooled share."""
    cnn_dense, lstm_dense, lstm_cnn = compare_totals({"dense": 45_322, "cnn": 45_321, "lstm": 45_379}, 50_000)
    share = (45_379 + 45_321) / 100_000
    z = (58 / 50_000) / math.sqrt(share * (1 - share) * 2 / 50_000)
    assert lstm_cnn.p_value == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert lstm_cnn.difference == pytest.approx(0.116)
    assert (lstm_cnn.low, lstm_cnn.high) == (
        pytest.approx(0.116 - 0.360, abs=0.002),
        pytest.approx(0.116 + 0.360, abs=0.002),
    )
    assert [pair.p_holm for pair in (cnn_dense, lstm_dense, lstm_cnn)] == [1, 1, 1]
    assert lstm_cnn.accuracies == pytest.approx((90.758, 90.642))
    assert lstm_cnn.intervals[0] == pytest.approx((90.50, 91.01), abs=0.005)
    assert lstm_cnn.disagreements_limit == 875  # (58 / 1.96)^2: 58 more won than lost, of at most so many
    assert cnn_dense.disagreements_limit is None
    assert str(lstm_cnn) == (
        "no difference shown: lstm - cnn = +0.116 points (95 % interval -0.24 to +0.48, p = 1.00 after Holm, rows taken as "
        "unpaired); totals do not say what another seed would have given, nor on how many rows only one of the two was right: "
        "at most 875 of 50,000 would make a paired test of these two runs significant"
    )
    assert "only one of the two" not in str(cnn_dense)
    json.dumps(asdict(lstm_cnn))


def test_totals_that_differ_are_called_different():
    (pair,) = compare_totals({"dense": 800, "cnn": 900}, 1000)
    assert pair.p_holm < 0.001
    assert str(pair).startswith("the totals differ: cnn - dense = +10.000 points")

"""A pair of heads over several data sets."""

from __future__ import annotations

from comparison.inference.across import DataSetDifference, compare_across, unpooled


def difference(name, value, p_value, unit="points", error=0.2, **more):
    return DataSetDifference(
        data_set=name,
        metric="accuracy" if unit == "points" else unit,
        unit=unit,
        difference=value,
        low=value - 0.5,
        high=value + 0.5,
        standard_error=error,
        p_value=p_value,
        better=None,
        smaller_is_better=unit == "mse",
        covers_seeds=True,
        **more,
    )


def compared(*data_sets, several=False):
    (found,) = compare_across([unpooled("cnn", "dense", "tiny", list(data_sets), several)])
    return found


def test_a_shown_mean_and_counts():
    found = compared(difference("a", 1.0, 1e-4), difference("b", 1.1, 1e-4), difference("c", 0.9, 0.5))
    assert found.pooled and found.pooled.data_sets == 3
    assert found.p_holm == found.pooled.p_value < 0.05
    assert (found.counts["cnn"].at_least, found.counts["dense"].at_least) == (2, 0)
    assert found.counts["cnn"].shown_on == [0, 1]
    assert found.findings == [
        "cnn beats dense by 1.00 points in the mean",
        "cnn beats dense on at least 2 of 3 data sets",
    ]
    assert str(found).startswith(
        "cnn − dense: +1.00 points in the mean of 3 data sets (95 % interval +0.50 to +1.50, p = .013"
    )
    assert str(found).endswith("; cnn is better on at least 2 of 3")


def test_units_of_their_own_count_and_are_not_pooled():
    """A smaller mse is better: there the cnn wins with a difference below zero."""
    found = compared(
        difference("a", 1.0, 1e-4), difference("b", 1.2, 0.2), difference("sts", -0.02, 1e-4, unit="mse", error=0.001)
    )
    assert found.pooled and found.pooled.data_sets == 2
    assert [one.left_out for one in found.data_sets] == [None, None, "mse has a unit of its own"]
    assert [one.weight is None for one in found.data_sets] == [False, False, True]
    assert found.counts["cnn"].shown_on == [0, 2]
    assert "a mean of fewer than 3 says little" in str(found)


def test_heads_that_score_alike_everywhere_have_no_error():
    found = compared(difference("a", 1.0, 0.01), difference("b", 0.0, 1.0, error=0.0))
    assert found.pooled is None and found.p_holm is None
    assert (found.data_sets[1].left_out or "").startswith("no standard error")
    assert "no mean, for fewer than two data sets can be pooled" in str(found)


def test_the_error_rate_is_shared():
    """Two-sided p of .03 on one of two data sets: .03 x 2 / 2 exceeds .025, and more pairs make it harder."""
    pair = [difference("a", 1.0, 0.02), difference("b", 0.5, 0.9)]
    (alone,) = compare_across([unpooled("cnn", "dense", "tiny", pair, False)])
    first, _ = compare_across(
        [unpooled("cnn", "dense", "tiny", pair, True), unpooled("lstm", "dense", "tiny", pair, True)]
    )
    assert (alone.counts["cnn"].at_least, first.counts["cnn"].at_least) == (1, 0)
    assert first.p_holm == 2 * alone.p_holm
    assert str(first).startswith("cnn − dense (tiny): ")

"""What a pilot says that a decision takes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rejections.worlds import METRICS, World, simulate
from comparison.inference.outlook import Outlook, look_ahead
from comparison.inference.pairs import compare_heads
from comparison.inference.power import PowerAnalysis
from comparison.inference.uncertainty import Uncertainty

ACCURACY = METRICS["accuracy"]


def test_a_pilot_is_two_or_three_seeds_that_decide_nothing():
    for seeds, difference, expected in ((1, 0.0, 0), (2, 0.0, 1), (3, 0.0, 1), (4, 0.0, 0), (3, 20.0, 0)):
        counts = simulate(World(rows=1000), seeds, 0.2, difference, np.random.default_rng(3))
        assert len(look_ahead(counts, ACCURACY, compare_heads(counts, ACCURACY))) == expected


def test_the_margin_is_the_goal_where_there_is_one():
    counts = simulate(World(rows=10_000), 3, 0.2, 0.5, np.random.default_rng(3))
    seen, named = (look_ahead(counts, ACCURACY, compare_heads(counts, ACCURACY, margin=m))[0] for m in (None, 1.0))
    assert seen.margin is None and seen.difference == pytest.approx(0.62, abs=0.01)
    assert (named.margin, named.difference) == (1.0, 1.0) and named.seeds_needed == 4


def test_equality_takes_what_the_textbook_says():
    """One seed: (z(.95) + z(.9)) standard errors, by rows; finding the margin takes less, (1.96 + .84)."""
    uncertainty = Uncertainty(
        rows=1000, seeds=(1, 1), rows_variance=0.25, own=(0, 0), between=(0, 0), seeds_variance=0.0, freedom=np.inf
    )
    plan = PowerAnalysis(uncertainty, unseen=0.0, least=0.0)
    assert plan.rows_needed(0.28, margin=0.28) == 28_000  # 1,000 x ((1.64485 + 1.28155) x .5 / .28)^2 = 27,308
    assert plan.rows_needed(0.28) == 26_000


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"seeds_needed": 12, "seeds_with_rows": 10, "rows_needed": 12_000},
            "likely takes 12 seeds per head on these 5,000 rows, or 10 seeds per head on about 12,000 rows",
        ),
        (
            {"rows_limit": True, "seeds_with_rows": 20, "rows_needed": 90_000},
            "no number of seeds will do on these 5,000 rows, which leave too much doubt; "
            "20 seeds per head on about 90,000 rows likely will",
        ),
        (
            {},
            "seeds alone will not do: it takes more than 100 per head on these 5,000 rows; "
            "nor will 1,000,000 rows: not with this method",
        ),
    ],
)
def test_words(more, words):
    least = {"seeds_needed": None, "rows_limit": False, "seeds_with_rows": None, "rows_needed": None}
    one = Outlook(
        head="cnn", baseline="dense", difference=0.46, margin=None, unit="points", rows=5000, **(least | more)
    )
    assert str(one) == f"cnn - dense: to show a difference of 0.46 points, as seen here, in 8 of 10 cases, {words}"

"""Two models on rows that are right or wrong, against binomial probabilities that scipy computes otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from comparison.inference.right_or_wrong import difference_interval, mcnemar_p


def test_mcnemar_by_hand():
    """2 / 2^n for n : 0, and 2 (C(9, 0) + C(9, 1)) / 2^9 for 8 : 1."""
    assert mcnemar_p(3, 0) == 0.25 and mcnemar_p(1, 0) == 1.0 and mcnemar_p(0, 0) == 1.0
    assert mcnemar_p(6, 0) == 0.03125 and mcnemar_p(8, 1) == mcnemar_p(1, 8) == 0.0390625


def test_interval_and_exact_test_agree():
    for won in range(25):
        for lost in range(won + 1):
            low, high = difference_interval(won, lost, 100)
            p = binomtest(won, won + lost).pvalue if won + lost else 1.0
            assert mcnemar_p(won, lost) == pytest.approx(p)
            assert (low > 0 or high < 0) == (p < 0.05), (won, lost)
            assert -1 <= low <= (won - lost) / 100 <= high <= 1
            assert difference_interval(lost, won, 100) == pytest.approx((-high, -low))


def test_literal_intervals():
    """Where no row differs, 1 - .025^(1 / N) is what Clopper & Pearson leave possible on either side. Where one model alone wins
    rows, and many, the interval is nearly theirs of the share of these rows: 100 of 1,000 is 8.21 to 12.03 %."""
    assert difference_interval(0, 0, 1000) == pytest.approx((-0.003682, 0.003682), abs=1e-6)
    assert difference_interval(100, 0, 1000) == pytest.approx((0.0821, 0.1203), abs=0.0015)
    low, high = difference_interval(3000, 2500, 100_000)  # normal: .005 -+ 1.96 sqrt(.055 - .005^2) / sqrt(100,000)
    assert (low, high) == (pytest.approx(0.005 - 0.001453, abs=3e-5), pytest.approx(0.005 + 0.001453, abs=3e-5))


@pytest.mark.parametrize("shares", [(0.03, 0.01), (0.004, 0.004), (0.1, 0.0)])
def test_the_interval_holds_the_true_difference(shares):
    """In at least 95 % of 1,000 tables; at that rate fewer than 930 has a chance of .3 %."""
    drawn = np.random.default_rng(0).multinomial(500, [*shares, 1 - sum(shares)], 1000)
    intervals = {(int(won), int(lost)): difference_interval(int(won), int(lost), 500) for won, lost, _ in drawn}
    held = [
        low <= shares[0] - shares[1] <= high for low, high in (intervals[won, lost] for won, lost, _ in drawn.tolist())
    ]
    assert sum(held) >= 930

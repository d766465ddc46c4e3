"""What published totals show where the rows are not published: `45,322 of 50,000 right`, one run each.

    python -m comparison.published_totals 50000 dense=45322 cnn=45321 lstm=45379

Totals do not say on which rows two models differ, and one run says nothing about seeds. So the rows count as two independent
samples, which is wider than a paired comparison of models that mostly agree.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from scipy.stats import norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from utils.errors import say

from .inference.p_values import LEVEL, holm, p_in_words


@dataclass(frozen=True)
class TotalsComparison:
    """`model` minus `baseline`, in points of accuracy.

    Attributes:
        accuracies: of the two, in points.
        intervals: 95 % of each accuracy (Wilson 1927).
        difference, low, high: with the 95 % interval of two independent proportions (Newcombe 1998, method 10).
        p_value, p_holm: two-sided z test of two proportions, and after Holm's correction over all pairs.
        disagreements_limit: on how many rows at most only one of the two may have been right, for a paired test (McNemar 1947,
            before Holm) to call these two models different; None if they would not differ whatever that number.
    """

    model: str
    baseline: str
    rows: int
    accuracies: tuple[float, float]
    intervals: tuple[tuple[float, float], tuple[float, float]]
    difference: float
    low: float
    high: float
    p_value: float
    p_holm: float
    disagreements_limit: int | None

    def __str__(self) -> str:
        """The finding in one sentence."""
        shown = "the totals differ" if self.p_holm < LEVEL else "no difference shown"
        text = (
            f"{shown}: {self.model} - {self.baseline} = {self.difference:+.3f} points (95 % interval {self.low:+.2f} to "
            f"{self.high:+.2f}, {p_in_words(self.p_holm)} after Holm, rows taken as unpaired); totals do not say what another "
            f"seed would have given"
        )
        if self.disagreements_limit is None:
            return text
        return (
            f"{text}, nor on how many rows only one of the two was right: at most {self.disagreements_limit:,} of "
            f"{self.rows:,} would make a paired test of these two runs significant"
        )


def compare_totals(right: Mapping[str, int], rows: int) -> list[TotalsComparison]:
    """Every pair of models, the one that comes later in `right` minus the earlier one.

    Args:
        right: rows that each model had right.
        rows: of the test set.
    """
    pairs = list(combinations(right, 2))
    p_values = [float(proportions_ztest([right[a], right[b]], [rows, rows])[1]) for b, a in pairs]
    found = []
    for (baseline, model), p_value, p_holm in zip(pairs, p_values, holm(p_values), strict=True):
        a, b = right[model], right[baseline]
        limit = math.floor(((a - b) / norm.ppf(1 - LEVEL / 2)) ** 2)  # (won - lost)^2 > z^2 (won + lost)
        low, high = confint_proportions_2indep(a, rows, b, rows, method="newcomb", compare="diff", alpha=LEVEL)
        wilson = [proportion_confint(count, rows, alpha=LEVEL, method="wilson") for count in (a, b)]
        found.append(
            TotalsComparison(
                model=model,
                baseline=baseline,
                rows=rows,
                accuracies=(100 * a / rows, 100 * b / rows),
                intervals=((100 * wilson[0][0], 100 * wilson[0][1]), (100 * wilson[1][0], 100 * wilson[1][1])),
                difference=100 * (a - b) / rows,
                low=100 * float(low),
                high=100 * float(high),
                p_value=p_value,
                p_holm=p_holm,
                disagreements_limit=limit if limit >= abs(a - b) > 0 else None,
            )
        )
    return found


def main() -> None:
    """Prints a sentence for every pair of the models that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rows", type=int, help="rows of the test set")
    parser.add_argument("right", nargs="+", type=_named_total, metavar="NAME=RIGHT", help="rows that a model had right")
    arguments = parser.parse_args()
    if max(right for _, right in arguments.right) > arguments.rows:
        parser.error(f"more rows right than the {arguments.rows} there are")
    for pair in compare_totals(dict(arguments.right), arguments.rows):
        say(pair)


def _named_total(word: str) -> tuple[str, int]:
    name, _, right = word.partition("=")
    return name, int(right)


if __name__ == "__main__":
    main()

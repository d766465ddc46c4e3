"""Which rule should decide when seeds are enough? Several are followed on normal scores, where 20,000 comparisons take seconds.

    python -m benchmarks.rejections.spending [--simulations 20000]

The variance of a difference of S seeds is A + B / S: A from the rows, the same for all seeds, and B from the seeds. Prints, for
several shares of the two, how often each rule finds a difference where there is none, also where the variance between seeds of one
head is nine times that of the other, and where one of 3 standard errors was planted; and how many seeds it takes to find that.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm
from scipy.stats import t as student

from comparison.inference.p_values import LEVEL
from comparison.inference.spending import SPREAD_LIMIT, bounds
from comparison.inference.uncertainty import add_seeds

LOOKS = np.array([3, 5, 8, 12, 20])
MOST = int(LOOKS[-1])
# B / A, at which bounds are computed; in between interpolated.
RATIOS = np.concatenate([[0.0], np.geomspace(3e-3, 1e4, 40)])
SHARES = {  # what rows add to all seeds (A), what they add to one model, variance between seeds on endless rows
    "seeds alone": (1e-4, 5e-5, 1.0),
    "mostly seeds": (0.05, 0.02, 1.0),
    "seeds and rows": (0.3, 0.2, 1.0),
    "rows and seeds": (1.0, 0.5, 1.0),
    "mostly rows": (1.0, 0.5, 0.2),
    "rows alone": (1.0, 0.5, 0.0),
}


@dataclass(frozen=True)
class Scores:
    """Looks at many comparisons of normal scores.

    Attributes:
        p_values: (5, n), two-sided, of each look alone.
        ratios: (5, n), the estimate of B / A.
        limits: (5, n), its upper limit.
    """

    p_values: np.ndarray
    ratios: np.ndarray
    limits: np.ndarray


def draw(shares: tuple[float, float, float], errors: float, unequal: float, count: int) -> Scores:
    """Draws comparisons with a true difference of so many standard errors of the last look.

    Args:
        unequal: the variance between seeds of the first head is this times the mean of both.
    """
    shared, own, seeds = shares
    generator = np.random.default_rng([round(10 * errors), round(10 * unequal)])
    between = np.array([own + seeds * unequal, own + seeds * (2 - unequal)])
    difference = errors * np.sqrt(shared + between.sum() / MOST)
    scores = generator.standard_normal((count, 2, MOST)) * np.sqrt(between)[:, None]
    rows = difference + np.sqrt(shared) * generator.standard_normal(count)
    p_values, ratios, limits = [], [], []
    for look in LOOKS:
        seen = scores[:, :, :look]
        observed = seen.var(axis=2, ddof=1)
        rows_variance = shared + 2 * own / look
        added, freedom = add_seeds(rows_variance, np.full(2, own), observed, np.full(2, look))
        found = rows + seen[:, 0].mean(axis=1) - seen[:, 1].mean(axis=1)
        p_values.append(2 * student.sf(np.abs(found) / np.sqrt(rows_variance + added), freedom))
        single = 2 * own + added * look
        known = observed.sum(axis=1) ** 2 / ((observed**2).sum(axis=1) / (look - 1))
        ratios.append(single / shared)
        limits.append(np.maximum(single, observed.sum(axis=1) * known / chi2.ppf(SPREAD_LIMIT, known)) / shared)
    return Scores(np.array(p_values), np.array(ratios), np.array(limits))


def times(ratio: float) -> np.ndarray:
    """The share of the information at every look."""
    return (1 + ratio / MOST) / (1 + ratio / LOOKS)


def mixture(ratios: np.ndarray) -> np.ndarray:
    """Levels of an anytime-valid rule, the normal mixture of Robbins (1970), narrowest at about the last look."""
    width = 0.13
    now = (1 + ratios / MOST) / (1 + ratios / LOOKS[:, None])
    return 2 * norm.sf(np.sqrt((1 + width / now) * (np.log((now + width) / width) - 2 * np.log(LEVEL))))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulations", type=int, default=20_000)
    arguments = parser.parse_args()
    table = np.array([bounds(LEVEL, tuple(map(float, times(ratio)))) for ratio in RATIOS])
    by_seeds = np.array(bounds(LEVEL, tuple(map(float, LOOKS / MOST))))[:, None]

    def by_information(ratios: np.ndarray) -> np.ndarray:
        places = np.log(RATIOS + 1e-3)
        return np.array([np.interp(np.log(own + 1e-3), places, table[:, k]) for k, own in enumerate(ratios)])

    rules = {
        "all 20 seeds, one look": lambda scores: np.array([[0.0]] * 4 + [[LEVEL]]),
        "p < .05 at any look": lambda scores: np.full((5, 1), LEVEL),
        "O'Brien-Fleming, time = seeds": lambda scores: by_seeds,
        "the same, time = information as estimated": lambda scores: by_information(scores.ratios),
        "the same, time = information, careful": lambda scores: by_information(scores.limits),
        "anytime-valid (normal mixture)": lambda scores: mixture(scores.ratios),
    }
    print(f"{arguments.simulations} comparisons per figure, looks at {', '.join(map(str, LOOKS))} seeds\n")
    print(
        "| share of the information at 3 seeds | rule | false alarms | unequal seeds | finds 3 errors | seeds for it |"
    )
    print("|---|---|---|---|---|---|")
    for name, shares in SHARES.items():
        drawn = [draw(shares, *case, arguments.simulations) for case in ((0.0, 1.0), (0.0, 1.8), (3.0, 1.0))]
        known = times(2 * (shares[1] + shares[2]) / shares[0])[0]
        for rule, levels in rules.items():
            shown = [scores.p_values < levels(scores) for scores in drawn]
            found = [100 * one.any(axis=0).mean() for one in shown]
            seeds = LOOKS[np.where(shown[2].any(axis=0), shown[2].argmax(axis=0), 4)].mean()
            cells = [f"{name}, {100 * known:.0f} %", rule, *(f"{share:.1f} %" for share in found), f"{seeds:.1f}"]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

"""How often the page over several data sets is wrong: the mean and its intervals, and the counts of data sets.

    python -m benchmarks.rejections.across [--simulations 1000] [--data_sets 3 5 10] [--spreads 0 0.5] [--seeds 3 5 20]

Every data set has a true difference of its own, and a measured one with a standard error that so many seeds per head estimate; the
true errors differ between data sets by up to four times. Prints how often a mean of 0 is called different, how often the interval of
the mean and that of a further data set miss; and how often a count claims more data sets than there are: of all without a
difference, and where half of them have one of four errors.
"""

from __future__ import annotations

import argparse
import gc
from itertools import product

import numpy as np
from scipy.stats import t as student

from comparison.inference.across import DataSetDifference, PairAcross, compare_across, unpooled
from comparison.inference.p_values import LEVEL


def measure(true: np.ndarray, errors: np.ndarray, seeds: int, generator: np.random.Generator) -> PairAcross:
    """One pair on all data sets: differences are normal, their errors are estimated with 2 (seeds - 1) degrees of freedom."""
    freedom = 2 * (seeds - 1)
    measured = true + errors * generator.standard_normal(len(true))
    estimated = errors * np.sqrt(generator.chisquare(freedom, len(true)) / freedom)
    p_values = 2 * student.sf(np.abs(measured) / estimated, freedom)
    half = student.ppf(1 - LEVEL / 2, freedom) * estimated
    data_sets = [
        DataSetDifference(
            data_set=str(i),
            metric="accuracy",
            unit="points",
            difference=float(measured[i]),
            low=float(measured[i] - half[i]),
            high=float(measured[i] + half[i]),
            standard_error=float(estimated[i]),
            p_value=float(p_values[i]),
            better=None,
            smaller_is_better=False,
            covers_seeds=True,
        )
        for i in range(len(true))
    ]
    return compare_across([unpooled("cnn", "dense", "encoder", data_sets, False)])[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--data_sets", type=int, nargs="+", default=[3, 5, 10])
    parser.add_argument("--spreads", type=float, nargs="+", default=[0.0, 0.5], help="tau, in points")
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5, 20])
    arguments = parser.parse_args()
    gc.freeze()  # statsmodels collects garbage at every correction: let it find little
    print(f"{arguments.simulations} pages per figure, standard errors of .2 to .8 points\n")
    names = ["data sets", "seeds per head", "tau, points", "mean of 0 called different", "interval of the mean misses"]
    names += [
        "prediction interval misses",
        "count too high: no differences",
        "by Fisher",
        "count too high: half differ",
        "by Fisher",
    ]
    names.append("counted of them, in the mean")
    print(f"| {' | '.join(names)} |")
    print("|---" * len(names) + "|")
    for count, seeds, tau in product(arguments.data_sets, arguments.seeds, arguments.spreads):
        generator = np.random.default_rng([count, seeds, round(1000 * tau)])
        errors = np.geomspace(0.2, 0.8, count)
        half = count // 2
        wrong, counted = np.zeros(7), 0
        for _ in range(arguments.simulations):
            page = measure(tau * generator.standard_normal(count), errors, seeds, generator)
            mean, further = page.pooled, tau * generator.standard_normal()
            assert mean is not None and mean.prediction_low is not None and mean.prediction_high is not None
            none = measure(np.zeros(count), errors, seeds, generator).counts
            some = measure(4 * errors * (np.arange(count) < half), errors, seeds, generator).counts["cnn"]
            wrong += [
                page.p_holm is not None and page.p_holm < LEVEL,
                not mean.low <= 0 <= mean.high,
                not mean.prediction_low <= further <= mean.prediction_high,
                any(one.at_least > 0 for one in none.values()),
                any(one.at_least_if_independent > 0 for one in none.values()),
                some.at_least > half,
                some.at_least_if_independent > half,
            ]
            counted += some.at_least
        shares = [f"{100 * share:.1f} %" for share in wrong / arguments.simulations]
        print(
            f"| {count} | {seeds} | {tau:g} | {' | '.join(shares)} | {counted / arguments.simulations:.2f} of {half} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

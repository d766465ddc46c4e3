"""How often a comparison with a fixed number of seeds finds a difference, where there is none and where one was planted.

    python -m benchmarks.rejections [--simulations 400] [--seeds 1 3 5 10] [--rows 1000 10000 50000] [--seed_deviations 0 0.2 1]
                                    [--metrics accuracy entity_f1] [--difference 0] [--contrasts]
    python -m benchmarks.rejections --accuracy 0.99 --differing 0.004 0.01 --seeds 1 2 3 5 --rows 100 200 1000 --seed_deviations 0

Prints the share of simulated comparisons with p < .05 as a Markdown table: `compare_heads`, and with
`--contrasts` also the rows alone (the scores averaged over seeds) and the plain bootstrap that resamples rows and seeds.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from comparison.inference.evidence import Evidence
from comparison.inference.p_values import LEVEL
from comparison.inference.row_effects import row_patterns
from utils.metrics.metric import SummableMetric

from .worlds import METRICS, World, simulate

RESAMPLES = 200  # of the contrasts


def contrasts(counts: dict[str, np.ndarray], metric: SummableMetric, generator: np.random.Generator) -> list[bool]:
    """Whether the rows alone, and the plain bootstrap of rows and seeds, call the heads different."""
    models = np.concatenate(list(counts.values()))
    patterns, of_row = row_patterns(models)
    often = generator.multinomial(len(of_row), np.bincount(of_row) / len(of_row), size=RESAMPLES)
    resampled = metric.score(np.tensordot(often.astype(np.float64), patterns, axes=(1, 1))).reshape(RESAMPLES, 2, -1)
    chosen = generator.integers(resampled.shape[2], size=resampled.shape)
    found = []
    for scores in (resampled, np.take_along_axis(resampled, chosen, axis=2)):
        low, high = np.quantile(scores[:, 1].mean(axis=1) - scores[:, 0].mean(axis=1), [0.025, 0.975])
        found.append(bool(low > 0 or high < 0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3, 5, 10])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--seed_deviations", type=float, nargs="+", default=[0.0, 0.2, 1.0])
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(METRICS))
    parser.add_argument("--accuracy", type=float, default=0.85, help="share of rows that a model gets right")
    parser.add_argument(
        "--differing", type=float, nargs="+", default=[None], help="share of rows on which two models differ"
    )
    parser.add_argument("--entities", type=float, default=1.0, help="gold entities per row, in the mean")
    parser.add_argument("--difference", type=float, default=0.0, help="planted, in points")
    parser.add_argument("--contrasts", action="store_true")
    arguments = parser.parse_args()
    methods = ["compare_heads"] + ["rows alone", "plain bootstrap of rows and seeds"] * arguments.contrasts
    print(f"{arguments.simulations} comparisons per line, true difference {arguments.difference:g} points\n")
    print(f"| metric | seeds per head | rows | share that differs | sd between seeds, points | {' | '.join(methods)} |")
    print("|---" * (5 + len(methods)) + "|")
    lines = product(arguments.metrics, arguments.seeds, arguments.rows, arguments.differing, arguments.seed_deviations)
    for name, seeds, rows, differing, deviation in lines:
        metric = METRICS[name]
        world = World(
            rows=rows, metric=name, accuracy=arguments.accuracy, differing=differing, entities=arguments.entities
        )
        generator = np.random.default_rng([seeds, rows, round(1000 * deviation), round(10_000 * (differing or 0))])
        found = np.zeros(len(methods))
        for _ in range(arguments.simulations):
            counts = simulate(world, seeds, deviation, arguments.difference, generator)
            evidence = Evidence(counts["cnn"], counts["dense"], metric)
            others = contrasts(counts, metric, generator) if arguments.contrasts else []
            found += [evidence.p_value < LEVEL, *others]
        shares = " | ".join(f"{100 * share:.1f} %" for share in found / arguments.simulations)
        print(
            f"| {name} | {seeds} | {rows:,} | {'–' if differing is None else f'{100 * differing:g} %'} | {deviation:g} | {shares} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""How often a comparison of heads finds a difference, where there is none and where one was planted.

    python -m benchmarks.rejections [--simulations 400] [--seeds 1 3 5 10] [--rows 1000 10000 50000] [--seed_deviations 0 0.2 1]
                                    [--metrics accuracy entity_f1] [--difference 0] [--contrasts]

Every row has a difficulty. A model is right where the skill of its head and its seed, and what is easy for this head or this
model alone, outweigh it. Prints the share of simulated comparisons with p < .05 as a Markdown table: `compare_heads`, and with
`--contrasts` also the rows alone (the scores averaged over seeds) and the plain bootstrap that resamples rows and seeds.
"""

from __future__ import annotations

import argparse
from functools import cache
from itertools import product

import numpy as np

from comparison.inference.p_values import LEVEL
from comparison.inference.pairs import compare_heads
from comparison.inference.resampling import resample_rows
from utils.metrics.catalogue import CLASSES, TAGS
from utils.metrics.metric import SummableMetric

METRICS = {
    "accuracy": CLASSES.sums("accuracy"),
    "entity_f1": TAGS.sums("entity_f1", ["O", "B-PS", "I-PS"]),
}
EASE = 1.2  # accuracy .85
RESAMPLES = 200
OF_HEAD, OF_MODEL = 0.3, 0.4  # deviations of what is easy for one head or one model alone; the rows' difficulty has 1


def simulate(
    metric: SummableMetric,
    seeds: int,
    rows: int,
    seed_deviation: float,
    difference: float,
    generator: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Counts (S, N, 2) of two heads.

    Args:
        seed_deviation: standard deviation between the seeds of a head on endless rows, in points.
        difference: by how much the second head is better, in points.
    """
    slope = _slope(metric)
    ease = EASE - generator.standard_normal(rows)
    gold = generator.poisson(1.0, rows)  # entities per row
    counts = {}
    for name, skill in {"dense": 0.0, "cnn": difference / slope}.items():
        of_head = ease + skill + OF_HEAD * generator.standard_normal(rows)
        skills = seed_deviation / slope * generator.standard_normal((seeds, 1))
        of_model = of_head + skills + OF_MODEL * generator.standard_normal((seeds, rows))
        counts[name] = _count(metric, of_model, gold)
    return counts


def _count(metric: SummableMetric, ease: np.ndarray, gold: np.ndarray) -> np.ndarray:
    right = ease > 0
    if metric.name == "accuracy":
        return np.stack([right, np.ones_like(right)], axis=-1).astype(np.float64)
    matched = np.where(right, gold, gold // 2)  # a hard row loses half of its entities and invents one
    return np.stack([matched, gold + matched + ~right], axis=-1).astype(np.float64)


@cache
def _slope(metric: SummableMetric) -> float:
    """Points per unit of skill."""
    generator = np.random.default_rng(0)
    ease = EASE - np.sqrt(1 + OF_HEAD**2 + OF_MODEL**2) * generator.standard_normal(400_000)
    gold = generator.poisson(1.0, 400_000)
    low, high = (metric.score(_count(metric, ease + skill, gold).sum(axis=0)) for skill in (-0.05, 0.05))
    return 1000 * float(high - low)


def contrasts(counts: dict[str, np.ndarray], metric: SummableMetric, generator: np.random.Generator) -> list[bool]:
    """Whether the rows alone, and the plain bootstrap of rows and seeds, call the heads different."""
    models = np.concatenate(list(counts.values()))
    resampled = resample_rows(models, metric, RESAMPLES, generator).reshape(RESAMPLES, 2, -1)
    chosen = generator.integers(resampled.shape[2], size=resampled.shape)
    found = []
    for scores in (resampled, np.take_along_axis(resampled, chosen, axis=2)):
        low, high = np.quantile(scores[:, 1].mean(axis=1) - scores[:, 0].mean(axis=1), [0.025, 0.975])
        found.append(bool(low > 0 or high < 0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3, 5, 10])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--seed_deviations", type=float, nargs="+", default=[0.0, 0.2, 1.0])
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(METRICS))
    parser.add_argument("--difference", type=float, default=0.0, help="planted, in points")
    parser.add_argument("--contrasts", action="store_true")
    arguments = parser.parse_args()
    methods = ["compare_heads"] + ["rows alone", "plain bootstrap of rows and seeds"] * arguments.contrasts
    print(f"{arguments.simulations} comparisons per line, true difference {arguments.difference:g} points\n")
    print(f"| metric | seeds per head | rows | sd between seeds, points | {' | '.join(methods)} |")
    print("|---" * (4 + len(methods)) + "|")
    lines = product(arguments.metrics, arguments.seeds, arguments.rows, arguments.seed_deviations)
    for name, seeds, rows, deviation in lines:
        metric = METRICS[name]
        generator = np.random.default_rng([seeds, rows, round(1000 * deviation)])
        found = np.zeros(len(methods))
        for trial in range(arguments.simulations):
            counts = simulate(metric, seeds, rows, deviation, arguments.difference, generator)
            pair = compare_heads(counts, metric, resamples=RESAMPLES, seed=trial)[0]
            others = contrasts(counts, metric, generator) if arguments.contrasts else []
            found += [pair.p_value < LEVEL, *others]
        shares = " | ".join(f"{100 * share:.1f} %" for share in found / arguments.simulations)
        print(f"| {name} | {seeds} | {rows:,} | {deviation:g} | {shares} |", flush=True)


if __name__ == "__main__":
    main()

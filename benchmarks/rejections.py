"""How often a comparison of heads finds a difference, where there is none and where one was planted.

    python -m benchmarks.rejections [--simulations 400] [--seeds 1 3 5 10] [--rows 1000 10000 50000] [--seed_deviations 0 0.2 1]
                                    [--metrics accuracy entity_f1] [--difference 0] [--contrasts]
    python -m benchmarks.rejections --accuracy 0.99 --differing 0.004 0.01 --seeds 1 2 3 5 --rows 100 200 1000 --seed_deviations 0

Every row has a difficulty. A model is right where the skill of its head and its seed, and what is easy for this head or this
model alone, outweigh it. Prints the share of simulated comparisons with p < .05 as a Markdown table: `compare_heads`, and with
`--contrasts` also the rows alone (the scores averaged over seeds) and the plain bootstrap that resamples rows and seeds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from comparison.inference.evidence import Evidence
from comparison.inference.p_values import LEVEL
from comparison.inference.row_effects import row_patterns
from utils.metrics.catalogue import CLASSES, TAGS
from utils.metrics.metric import SummableMetric

METRICS = {
    "accuracy": CLASSES.sums("accuracy"),
    "entity_f1": TAGS.sums("entity_f1", ["O", "B-PS", "I-PS"]),
}
RESAMPLES = 200  # of the contrasts
OF_HEAD, OF_MODEL = 0.3, 0.4  # deviations of what is easy for one head or one model alone; the rows' difficulty has 1


@dataclass(frozen=True)
class World:
    """Where simulated heads are scored.

    Attributes:
        metric: a key of `METRICS`.
        accuracy: the share of rows that a model gets right.
        differing: the share of rows that one of two models of different heads gets right and the other wrong; None: the share
            that `OF_HEAD` and `OF_MODEL` make.
        entities: gold entities per row, in the mean.
    """

    rows: int
    metric: str = "accuracy"
    accuracy: float = 0.85
    differing: float | None = None
    entities: float = 1.0

    @property
    def spread(self) -> float:
        """By what `OF_HEAD` and `OF_MODEL` are multiplied."""
        if self.differing is None:
            return 1.0
        return _spread(self.accuracy, self.differing)

    @property
    def ease(self) -> float:
        """How easy rows are in the mean."""
        return float(norm.ppf(self.accuracy)) * _deviation(self.spread)


def simulate(
    world: World, seeds: int, seed_deviation: float, difference: float, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Counts (S, N, 2) of two heads.

    Args:
        seed_deviation: standard deviation between the seeds of a head on endless rows, in points.
        difference: by how much the second head is better, in points.
    """
    slope = _slope(world)
    ease = world.ease - generator.standard_normal(world.rows)
    gold = generator.poisson(world.entities, world.rows)
    counts = {}
    for name, skill in {"dense": 0.0, "cnn": difference / slope}.items():
        of_head = ease + skill + world.spread * OF_HEAD * generator.standard_normal(world.rows)
        skills = seed_deviation / slope * generator.standard_normal((seeds, 1))
        of_model = of_head + skills + world.spread * OF_MODEL * generator.standard_normal((seeds, world.rows))
        counts[name] = _count(world.metric, of_model, gold)
    return counts


def _count(metric: str, ease: np.ndarray, gold: np.ndarray) -> np.ndarray:
    right = ease > 0
    if metric == "accuracy":
        return np.stack([right, np.ones_like(right)], axis=-1).astype(np.float64)
    matched = np.where(right, gold, gold // 2)  # a hard row loses half of its entities and invents one
    return np.stack([matched, gold + matched + ~right], axis=-1).astype(np.float64)


def _deviation(spread: float) -> float:
    """Standard deviation of what decides whether a model gets a row right."""
    return float(np.sqrt(1 + spread**2 * (OF_HEAD**2 + OF_MODEL**2)))


@cache
def _spread(accuracy: float, share: float) -> float:
    """The `World.spread` with which two models differ on this share of the rows."""
    if not 0 < share < 2 * accuracy * (1 - accuracy):
        most = 2 * accuracy * (1 - accuracy)
        raise SystemExit(
            f"error: two models of accuracy {accuracy:g} differ on a share of less than {most:.2g}, not {share:g}"
        )
    difficulty = np.linspace(-8, 8, 20_001)
    weights = norm.pdf(difficulty) / norm.pdf(difficulty).sum()

    def excess(spread: float) -> float:
        ease = norm.ppf(accuracy) * _deviation(spread)
        right = norm.cdf((ease - difficulty) / (spread * np.hypot(OF_HEAD, OF_MODEL)))
        return float(weights @ (2 * right * (1 - right))) - share

    return float(brentq(excess, 1e-3, 100.0))


@cache
def _slope(world: World) -> float:
    """Points per unit of skill."""
    generator = np.random.default_rng(0)
    ease = world.ease - _deviation(world.spread) * generator.standard_normal(400_000)
    gold = generator.poisson(world.entities, 400_000)
    score = METRICS[world.metric].score
    low, high = (score(_count(world.metric, ease + skill, gold).sum(axis=0)) for skill in (-0.05, 0.05))
    return 1000 * float(high - low)


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
        world = World(rows, name, arguments.accuracy, differing, arguments.entities)
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

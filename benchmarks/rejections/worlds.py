"""Simulated heads.

Every row has a difficulty. A model is right where the skill of its head and its seed, and what is easy for this head or this
model alone, outweigh it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from utils.metrics.catalogue import CLASSES, TAGS

METRICS = {
    "accuracy": CLASSES.sums("accuracy"),
    "entity_f1": TAGS.sums("entity_f1", ["O", "B-PS", "I-PS"]),
}
# Deviations of what is easy for one head or one model alone; the rows' difficulty has 1.
OF_HEAD, OF_MODEL = 0.3, 0.4


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
    return simulate_heads(world, {"dense": 0.0, "cnn": difference}, seeds, seed_deviation, generator)


def simulate_heads(
    world: World, better: dict[str, float], seeds: int, seed_deviation: float, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Counts (S, N, 2) of heads that are so many points better than the world's accuracy; the rest as in `simulate`."""
    models = {name: np.full(seeds, points) for name, points in better.items()}
    return _simulate(world, models, seed_deviation, generator)


def simulate_trials(
    world: World, settings: np.ndarray, seed_deviation: float, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Counts (S, N, 2) of two heads that are alike at every setting, with one model per setting.

    Args:
        settings: by how much each is better than the mean, in points, (S,).
        seed_deviation: as in `simulate`.
    """
    return _simulate(world, {"dense": settings, "cnn": settings}, seed_deviation, generator)


def _simulate(
    world: World, better: dict[str, np.ndarray], seed_deviation: float, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Counts (S, N, 2) of each head; its S models are so many points better than the world's accuracy."""
    slope = _slope(world)
    ease = world.ease - generator.standard_normal(world.rows)
    gold = generator.poisson(world.entities, world.rows)
    counts = {}
    for name, points in better.items():
        seeds = len(points)
        of_head = ease + world.spread * OF_HEAD * generator.standard_normal(world.rows)
        skills = points[:, None] / slope + seed_deviation / slope * generator.standard_normal((seeds, 1))
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

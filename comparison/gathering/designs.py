"""What the runs of a head differ by, and what follows: their seed alone, or a seed crossed with data orders or hold-outs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from utils.metrics.metric import SummableMetric

from ..cells import Cell
from ..inference import crossed, hold_outs
from ..inference.pairs import PairComparison, compare_heads
from ..inference.seeds import SeedSummary, summarise_seeds

KEYS = {"data_seed": "data_seeds", "validation_split_seed": "hold_outs"}  # of `comparison.json`


@dataclass(frozen=True)
class Design:
    """How the runs of each head are laid out.

    Attributes:
        flag: what seeds are crossed with, a key of `KEYS`; None: seeds alone.
        values: how many values of it there are.
        sizes: rows of each hold-out; of all other designs the test rows alone.
        ratio: rows held out over rows to train on.
    """

    flag: str | None
    values: int
    sizes: Sequence[int]
    ratio: float = 0.0

    @classmethod
    def of(cls, cells: Sequence[Cell], sizes: Sequence[int], training_rows: float) -> Design:
        """The design of the cells of a plan.

        Args:
            sizes: see `Design`.
            training_rows: of a cell, in the mean.
        """
        flag = cells[0].crossed[0] if cells[0].crossed else None
        return cls(flag, len({cell.crossed for cell in cells}), sizes, sum(sizes) / len(sizes) / training_rows)

    @property
    def has_hold_outs(self) -> bool:
        """Whether seeds are crossed with hold-outs."""
        return self.flag == "validation_split_seed"

    def compare(
        self, counts: Mapping[str, np.ndarray], metric: SummableMetric, margin: float | None = None
    ) -> list[PairComparison]:
        """Every pair of heads, from counts (M, N, K) as `gather` has them: M seeds on the rows of all hold-outs, or M runs."""
        if len(counts) == 1:
            return []
        if self.has_hold_outs:
            return hold_outs.compare_on_hold_outs(
                {head: self._by_hold_out(own) for head, own in counts.items()}, metric, self.ratio
            )
        return compare_heads(counts, metric, margin=margin, orders=self.values if self.flag else 1)

    def run_scores(self, counts: np.ndarray, metric: SummableMetric) -> np.ndarray:
        """The score of every run, all values of the first seed first."""
        if self.has_hold_outs:
            return hold_outs.scores_of(self._by_hold_out(counts), metric).ravel()
        return metric.score(counts.sum(axis=1))

    def summarise(self, scores: Sequence[float], low: float, high: float) -> SeedSummary:
        """Mean, standard deviation and interval of one head's runs."""
        if self.has_hold_outs:
            return hold_outs.summarise_hold_outs(scores, self.values, self.ratio, low, high)
        if self.flag is not None:
            return crossed.summarise_crossed(scores, self.values, low, high)
        return summarise_seeds(scores, low, high)

    def variance(self, head: str, scores: np.ndarray, metric: SummableMetric) -> dict[str, Any]:
        """What seeds and what they are crossed with add to the variance of a run, on the metric's own scale."""
        table = scores.reshape(-1, self.values)
        runs = crossed.CrossedRuns.of(table)
        sources = hold_outs.SOURCES if self.has_hold_outs else crossed.SOURCES
        components, error, freedom = runs.components(sources), runs.variance_of_mean, runs.freedom
        if self.has_hold_outs:
            of_hold_outs, of_seeds, freedom = hold_outs.error_of_mean([table], self.ratio)
            error = of_hold_outs + of_seeds
        unit = "points" if metric.points else metric.name
        return {
            "components": [asdict(component) for component in components],
            "standard_error": math.sqrt(error),
            "freedom": freedom,
            "sentence": crossed.variance_sentence(head, components, metric.points or 1.0, unit),
        }

    def _by_hold_out(self, counts: np.ndarray) -> list[np.ndarray]:
        return np.split(counts, np.cumsum(self.sizes)[:-1], axis=1)

"""After a pilot that decided nothing: how many seeds and rows a decision likely takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from utils.metrics.metric import SummableMetric

from .evidence import Evidence
from .pairs import PairComparison, decimals_in
from .power import MOST_ROWS, PowerAnalysis

PILOT = 3  # seeds per head; with more, a comparison is no pilot
MOST_SEEDS = 100  # per head; nobody trains more
WITH_SEEDS = (10, 20, 50)  # per head, with which the number of rows is said


@dataclass(frozen=True)
class Outlook:
    """What it likely takes to decide one pair, in 8 of 10 cases.

    Attributes:
        head, baseline: the pair.
        difference: that is to be found: the margin, or without one the difference that the pilot saw; in `unit`.
        margin: within which equal heads are to be shown equal as well; None where none was named.
        rows: of the pilot.
        seeds_needed: per head on these rows; None where no number does, or none that anybody would train.
        rows_limit: true where no number of seeds decides, because the rows leave too much doubt.
        seeds_with_rows, rows_needed: a number of seeds per head, and of rows that decide with it; None where there is none.
    """

    head: str
    baseline: str
    difference: float
    margin: float | None
    unit: str
    rows: int
    seeds_needed: int | None
    rows_limit: bool
    seeds_with_rows: int | None
    rows_needed: int | None

    def __str__(self) -> str:
        """The outlook in one sentence."""
        size = f"{self.difference:.{decimals_in(self.unit)}f} {self.unit}"
        goal = f"a difference of {size}, as seen here"
        if self.margin is not None:
            goal = f"a difference of {self.margin:g} {self.unit} or equality within it"
        text = f"{self.head} - {self.baseline}: to show {goal}, in 8 of 10 cases, "
        both = ""
        if self.rows_needed is not None:
            both = f"{self.seeds_with_rows} seeds per head on about {self.rows_needed:,} rows"
        if self.seeds_needed is not None:
            text += f"likely takes {self.seeds_needed} seeds per head on these {self.rows:,} rows"
            return f"{text}, or {both}" if both else text
        if self.rows_limit:
            text += f"no number of seeds will do on these {self.rows:,} rows, which leave too much doubt; "
        else:
            text += f"seeds alone will not do: it takes more than {MOST_SEEDS} per head on these {self.rows:,} rows; "
        return text + (f"{both} likely will" if both else f"nor will {MOST_ROWS:,} rows: not with this method")


def look_ahead(
    counts: Mapping[str, np.ndarray], metric: SummableMetric, pairs: Sequence[PairComparison]
) -> list[Outlook]:
    """What every pair likely takes; nothing where a pair is decided, or where this is no pilot.

    Args:
        counts: per head (S, N, K), from `metric.count`.
    """
    if any(pair.finding or pair.look or not 1 < min(pair.seeds) <= max(pair.seeds) <= PILOT for pair in pairs):
        return []
    return [
        _look_ahead(pair, Evidence(counts[pair.head], counts[pair.baseline], metric).power_analysis()) for pair in pairs
    ]


def _look_ahead(pair: PairComparison, plan: PowerAnalysis) -> Outlook:
    margin = pair.equality.margin if pair.equality else None
    goal = margin if margin is not None else abs(pair.difference)
    seeds = plan.seeds_needed(goal, margin) if goal > 0 else None
    rows_with, rows = None, None
    for count in WITH_SEEDS if goal > 0 else ():
        rows = plan.rows_needed(goal, margin, (count, count))
        if rows is not None:
            rows_with = count
            break
    needs_more_rows = rows_with is not None and rows is not None and rows > plan.uncertainty.rows
    return Outlook(
        head=pair.head,
        baseline=pair.baseline,
        difference=goal,
        margin=margin,
        unit=pair.unit,
        rows=plan.uncertainty.rows,
        seeds_needed=seeds if seeds is not None and seeds <= MOST_SEEDS else None,
        rows_limit=seeds is None,
        seeds_with_rows=rows_with if needs_more_rows else None,
        rows_needed=rows if needs_more_rows else None,
    )

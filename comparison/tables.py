"""The tables of a comparison, made once, for Markdown and HTML alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from .numbers import NOTHING, decimals_of, gigabytes, interval, number, p_value, plus_minus, significant

UNSCALED = ("mse", "loss")  # have a unit of their own beside metrics in points
GROUP_MEASURE = "f1"  # what classes, entity types and kinds of answers are scored by


class Measure(NamedTuple):
    """A metric and how it is shown: value * scale, with so many decimals."""

    name: str
    scale: float
    decimals: int
    unit: str

    def __str__(self) -> str:
        return f"{self.name}, {self.unit}" if self.unit else self.name

    def show(self, value: float | None) -> str:
        return number(self.scaled(value), self.decimals)

    def scaled(self, value: float | None) -> float | None:
        return None if value is None else value * self.scale


class Table(NamedTuple):
    """Texts; the first column names the row, the others hold numbers."""

    header: list[str]
    rows: list[list[str]]


def measure(comparison: Mapping[str, Any], metric: str | None = None) -> Measure:
    """How a metric is shown; the one that is compared where none is named."""
    name = metric or comparison["metric"]
    scale = 1 if name in UNSCALED else comparison["scale"]
    found = [head["scores"].get(name, {}).get("mean") for head in comparison["heads"].values()]
    values = [scale * mean for mean in found if mean is not None]
    in_points = comparison["unit"] == "points" and name not in UNSCALED
    return Measure(name, scale, 2 if in_points else decimals_of(values), "points" if in_points else "")


def head_table(comparison: Mapping[str, Any]) -> Table:
    """A row per head: scores over seeds, parameters, cost."""
    scores, costs = score_table(comparison), cost_table(comparison)
    rows = [left + right[1:] for left, right in zip(scores.rows, costs.rows, strict=True)]
    return Table(scores.header + costs.header[1:], rows)


def score_table(comparison: Mapping[str, Any]) -> Table:
    """Mean ± standard deviation over the seeds of every metric, the 95 % interval of the one that is compared."""
    main = measure(comparison)
    heads = comparison["heads"]
    others = [measure(comparison, name) for name in _union(head["scores"] for head in heads.values())]
    others = [other for other in others if other.name != main.name]
    header = ["head", "seeds", str(main), "95 % interval", *map(str, others)]
    rows = []
    for name, head in heads.items():
        found = head["scores"][main.name]
        limits = interval(main.scaled(found["low"]), main.scaled(found["high"]), main.decimals)
        cells = [_spread(head["scores"].get(shown.name), shown) for shown in (main, *others)]
        rows.append([name, str(len(head["seeds"])), cells[0], limits, *cells[1:]])
    return _filled(header, rows)


def cost_table(comparison: Mapping[str, Any]) -> Table:
    """Parameters of the head, and what was measured of training and prediction."""
    header = [
        "head",
        "parameters of the head",
        "training, rows/s",
        "training, s",
        "one row, ms",
        "prediction, rows/s",
        "peak memory, GB",
    ]
    keys = ("training_rows_per_second", "training_seconds", "latency_ms", "throughput")
    rows = []
    for name, head in comparison["heads"].items():
        cost = head.get("cost") or {}
        measured = [significant(cost.get(key)) for key in keys]
        rows.append([name, number(head.get("parameters")), *measured, gigabytes(cost.get("peak_memory_bytes"))])
    return _filled(header, rows)


def pair_table(comparison: Mapping[str, Any]) -> Table:
    """A row per pair of heads."""
    pairs = comparison["comparisons"]
    main = measure(comparison)
    detectable = next((f"{pair['detectable']:g}" for pair in pairs if pair.get("detectable") is not None), "it")
    header = [
        "pair",
        f"difference in {main}",
        "95 % interval",
        "p after Holm",
        "Hedges' g",
        "minimum detectable",
        f"rows to find {detectable}",
        f"seeds to find {detectable}",
        "rows won : lost",
        "McNemar p < .05",
    ]
    rows = [
        [
            f"{pair['head']} − {pair['baseline']}",
            number(pair["difference"], main.decimals, sign=True),
            interval(pair["low"], pair["high"], main.decimals, sign=True),
            p_value(pair["p_holm"]),
            number(pair.get("hedges_g"), 2, sign=True),
            significant(pair.get("minimum_detectable")),
            number(pair.get("rows_needed")),
            number(pair.get("seeds_needed")),
            _won_and_lost(pair),
            _significant_pairs(pair.get("mcnemar_p") or []),
        ]
        for pair in pairs
    ]
    return _filled(header, rows)


def group_rows(comparison: Mapping[str, Any]) -> list[tuple[str, str, list[float | None]]]:
    """Name, how many, and the scaled score of every head, the largest group first."""
    heads = comparison["heads"].values()
    shown = measure(comparison, GROUP_MEASURE)
    tables = [head.get("groups") or {} for head in heads]
    rows = []
    for name in _union(tables):
        found = [table.get(name) or {} for table in tables]
        support = next((group["support"] for group in found if group.get("support") is not None), None)
        rows.append((support, name, [shown.scaled(group.get(GROUP_MEASURE)) for group in found]))
    rows.sort(key=lambda row: -(row[0] or 0))
    return [(name, "" if support is None else f"n = {number(support)}", values) for support, name, values in rows]


def length_rows(comparison: Mapping[str, Any]) -> list[tuple[str, str, list[float | None]]]:
    """Characters of the text, how many rows, and the scaled score of every head."""
    main = measure(comparison)
    return [
        (
            f"{number(group['from'])}–{number(group['to'])}",
            f"{number(group['rows'])} rows",
            [main.scaled(group["scores"].get(head)) for head in comparison["heads"]],
        )
        for group in comparison["lengths"]
    ]


def value_table(
    first: str, rows: Sequence[tuple[str, str, Sequence[float | None]]], heads: Iterable[str], decimals: int
) -> Table:
    """What a chart of groups or lengths shows, in numbers."""
    body = [[label, note, *(number(value, decimals) for value in values)] for label, note, values in rows]
    return _filled([first, "how many", *heads], body)


def _spread(found: Mapping[str, Any] | None, shown: Measure) -> str:
    if not found:
        return NOTHING
    return plus_minus(shown.scaled(found["mean"]), shown.scaled(found["standard_deviation"]), shown.decimals)


def _won_and_lost(pair: Mapping[str, Any]) -> str:
    """Means over the pairs of seeds."""
    won, lost = pair.get("rows_won"), pair.get("rows_lost")
    return f"{number(fmean(won))} : {number(fmean(lost))}" if won and lost else NOTHING


def _significant_pairs(p_values: Sequence[float]) -> str:
    if not p_values:
        return NOTHING
    return f"{sum(p < 0.05 for p in p_values)} of {len(p_values)}"


def _union(tables: Iterable[Iterable[str]]) -> list[str]:
    """The keys of all tables, in the order in which they come."""
    return list(dict.fromkeys(key for table in tables for key in table))


def _filled(header: list[str], rows: list[list[str]]) -> Table:
    """Without the columns in which nothing was measured."""
    kept = [i for i in range(len(header)) if i == 0 or any(row[i] not in (NOTHING, "") for row in rows)]
    return Table([header[i] for i in kept], [[row[i] for i in kept] for row in rows])

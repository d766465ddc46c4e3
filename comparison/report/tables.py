"""The tables of a comparison, for Markdown and HTML alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from utils.outputs.page.axes import score_limits
from utils.outputs.page.blocks import Table
from utils.outputs.page.formatting import NOTHING, decimals_of, gigabytes, interval, number, plus_minus, significant

from ..inference.p_values import format_p

UNSCALED = ("mse", "loss")  # are not in points, even where the other metrics are
ENDINGS = {"difference": "different", "equality": "equal", "last look": "undecided", None: "goes on"}
GROUP_METRIC = "f1"  # scores classes, entity types and kinds of answers
# Keys of a head, and what their values are called.
CROSSED_KEYS = {"data_seeds": "data order", "hold_outs": "hold-out"}


class MetricFormat(NamedTuple):
    """How a metric is shown: its value times `scale`, with so many decimals."""

    name: str
    scale: float
    decimals: int
    unit: str

    def __str__(self) -> str:
        return f"{self.name}, {self.unit}" if self.unit else self.name

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest value that can be shown."""
        return score_limits(self.name, 100.0 if self.unit == "points" else self.scale)

    def scaled(self, value: float | None) -> float | None:
        """Returns the value as it is shown; None where there is none."""
        return None if value is None else value * self.scale


class GroupRow(NamedTuple):
    """The scores of all heads on some of the rows, such as those of a class.

    Attributes:
        label: which rows they are.
        note: how many they are.
        values: a score per head; None where a head has none.
    """

    label: str
    note: str
    values: Sequence[float | None]


def metric_format(comparison: Mapping[str, Any], metric: str | None = None) -> MetricFormat:
    """Returns how a metric is shown. Without a name it is the metric that the heads are compared by."""
    name = metric or comparison["metric"]
    scale = 1 if name in UNSCALED else comparison["scale"]
    found = [head["scores"].get(name, {}).get("mean") for head in comparison["heads"].values()]
    values = [scale * mean for mean in found if mean is not None]
    in_points = comparison["unit"] == "points" and name not in UNSCALED
    return MetricFormat(name, scale, 2 if in_points else decimals_of(values), "points" if in_points else "")


def p_value(p: float | None) -> str:
    """Writes `.57`, `.013` or `< .001`."""
    return NOTHING if p is None else format_p(p)


def head_table(comparison: Mapping[str, Any]) -> Table:
    """Returns one row per head: scores over seeds, parameters, cost."""
    scores, costs = score_table(comparison), cost_table(comparison)
    rows = [left + right[1:] for left, right in zip(scores.rows, costs.rows, strict=True)]
    return Table(scores.header + costs.header[1:], rows)


def score_table(comparison: Mapping[str, Any]) -> Table:
    """Returns, per head, mean ± standard deviation over seeds of every metric, and the 95 % interval of the compared one."""
    main = metric_format(comparison)
    heads = comparison["heads"]
    others = [metric_format(comparison, name) for name in _all_keys(head["scores"] for head in heads.values())]
    others = [other for other in others if other.name != main.name]
    header = ["head", " × ".join(run_counts(next(iter(heads.values())))), str(main), "95 % interval", *map(str, others)]
    rows = []
    for name, head in heads.items():
        found = head["scores"][main.name]
        limits = interval(main.scaled(found["low"]), main.scaled(found["high"]), main.decimals)
        cells = [_spread(head["scores"].get(shown.name), shown) for shown in (main, *others)]
        rows.append([name, " × ".join(map(str, run_counts(head).values())), cells[0], limits, *cells[1:]])
    return _without_empty_columns(header, rows)


def run_counts(head: Mapping[str, Any]) -> dict[str, int]:
    """Returns how many seeds a head was run with, and how many of what they were crossed with."""
    found = {"seeds": len(set(head["seeds"]))}
    return found | {f"{name}s": len(set(head[key])) for key, name in CROSSED_KEYS.items() if key in head}


def run_labels(head: Mapping[str, Any]) -> list[str]:
    """Returns what tells the runs of a head apart, in the order of its scores: `0`, or `0, data order 1`."""
    for key, name in CROSSED_KEYS.items():
        if key in head:
            return [f"{seed}, {name} {value}" for seed, value in zip(head["seeds"], head[key], strict=True)]
    return list(map(str, head["seeds"]))


def crossed_with(comparison: Mapping[str, Any]) -> str | None:
    """Returns what seeds were crossed with, `data order` or `hold-out`; None where runs differ by their seed alone."""
    first = next(iter(comparison["heads"].values()))
    return next((name for key, name in CROSSED_KEYS.items() if key in first), None)


def margin_of(comparison: Mapping[str, Any]) -> float | None:
    """Returns the margin within which heads may be equal; None where none was named."""
    return next((pair["equality"]["margin"] for pair in comparison["comparisons"] if pair.get("equality")), None)


def cost_table(comparison: Mapping[str, Any]) -> Table:
    """Returns, per head, its parameters and the measured cost of training and prediction."""
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
    return _without_empty_columns(header, rows)


def pair_table(comparison: Mapping[str, Any]) -> Table:
    """Returns one row per pair of heads."""
    pairs = comparison["comparisons"]
    main = metric_format(comparison)
    margin = margin_of(comparison)
    detectable = next((f"{pair['detectable']:g}" for pair in pairs if pair.get("detectable") is not None), "it")
    header = [
        "pair",
        f"difference in {main}",
        "95 % interval",
        "p after Holm",
        *(("90 % interval", f"p of {margin:g} or more apart") if margin is not None else ()),
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
            *(_equality(pair, main) if margin is not None else ()),
            number(pair.get("hedges_g"), 2, sign=True),
            significant(pair.get("minimum_detectable")),
            number(pair.get("rows_needed")),
            number(pair.get("seeds_needed")),
            _won_and_lost(pair),
            _significant_pairs(pair.get("mcnemar_p") or []),
        ]
        for pair in pairs
    ]
    return _without_empty_columns(header, rows)


def look_table(comparison: Mapping[str, Any]) -> Table:
    """Returns one row per look and pair that was open."""
    main = metric_format(comparison)
    header = ["look", "pair", "seeds", f"difference in {main}", "95 % interval", "information", "level", "p after Holm"]
    header += ["p of equality", "ending"]
    rows = [
        [
            str(one["number"]),
            f"{one['head']} − {one['baseline']}",
            str(one["seeds"]),
            number(one["difference"], main.decimals, sign=True),
            interval(one["low"], one["high"], main.decimals, sign=True),
            f"{100 * one['information']:.0f} %",
            p_value(one["level"]),
            p_value(one["p_holm"]),
            p_value(one["equal_p_holm"]),
            ENDINGS[one["ending"]],
        ]
        for one in comparison["rule"]["history"]
    ]
    return _without_empty_columns(header, rows)


def group_rows(comparison: Mapping[str, Any]) -> list[GroupRow]:
    """Returns the scaled scores by class, entity type or kind of answer, the largest group first."""
    heads = comparison["heads"].values()
    shown = metric_format(comparison, GROUP_METRIC)
    tables = [head.get("groups") or {} for head in heads]
    rows = []
    for name in _all_keys(tables):
        found = [table.get(name) or {} for table in tables]
        support = next((group["support"] for group in found if group.get("support") is not None), None)
        rows.append((support, name, [shown.scaled(group.get(GROUP_METRIC)) for group in found]))
    rows.sort(key=lambda row: -(row[0] or 0))
    return [
        GroupRow(name, "" if support is None else f"n = {number(support)}", values) for support, name, values in rows
    ]


def length_rows(comparison: Mapping[str, Any]) -> list[GroupRow]:
    """Returns the scaled scores by the number of characters of the text."""
    main = metric_format(comparison)
    return [
        GroupRow(
            f"{number(group['from'])}–{number(group['to'])}",
            f"{number(group['rows'])} rows",
            [main.scaled(group["scores"].get(head)) for head in comparison["heads"]],
        )
        for group in comparison["lengths"]
    ]


def group_table(first: str, rows: Sequence[GroupRow], heads: Iterable[str], decimals: int) -> Table:
    """Returns what a chart of groups or lengths shows, in numbers.

    Args:
        first: the name of the first column.
    """
    body = [[row.label, row.note, *(number(value, decimals) for value in row.values)] for row in rows]
    return _without_empty_columns([first, "how many", *heads], body)


def _spread(found: Mapping[str, Any] | None, shown: MetricFormat) -> str:
    if not found:
        return NOTHING
    return plus_minus(shown.scaled(found["mean"]), shown.scaled(found["standard_deviation"]), shown.decimals)


def _equality(pair: Mapping[str, Any], main: MetricFormat) -> list[str]:
    found = pair["equality"]
    return [interval(found["low"], found["high"], main.decimals, sign=True), p_value(found["p_holm"])]


def _won_and_lost(pair: Mapping[str, Any]) -> str:
    """Writes how many rows were won and lost, in the mean over pairs of seeds."""
    won, lost = pair.get("rows_won"), pair.get("rows_lost")
    return f"{number(fmean(won))} : {number(fmean(lost))}" if won and lost else NOTHING


def _significant_pairs(p_values: Sequence[float]) -> str:
    if not p_values:
        return NOTHING
    return f"{sum(p < 0.05 for p in p_values)} of {len(p_values)}"


def _all_keys(tables: Iterable[Iterable[str]]) -> list[str]:
    """Returns the keys of all tables, each once, in their order."""
    return list(dict.fromkeys(key for table in tables for key in table))


def _without_empty_columns(header: list[str], rows: list[list[str]]) -> Table:
    """Leaves out the columns in which nothing was measured."""
    kept = [i for i in range(len(header)) if i == 0 or any(row[i] not in (NOTHING, "") for row in rows)]
    return Table([header[i] for i in kept], [[row[i] for i in kept] for row in rows])

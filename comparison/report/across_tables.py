"""The tables of a page on several data sets, for Markdown and HTML alike, and the notes below them.

Each takes the dictionary of `across.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.outputs.page.blocks import Table
from utils.outputs.page.formatting import NOTHING, interval, number, plus_minus

from ..inference.pairs import decimals_in
from .tables import p_value

MEAN_NOTE = (
    "Above zero the head that is named first is better. The mean is that of a random-effects meta-analysis (tau: Paule and Mandel "
    "1982; interval: Hartung and Knapp 2001); its p value is corrected for the number of means (Holm 1979). Tau is the "
    "standard deviation of the data sets' own differences, I² the share of the variation that is not error, and the last "
    "column where the difference of a further data set of this kind is expected (95 %, Higgins et al. 2009)."
)
COUNT_NOTE = (
    "The least number of data sets on which a head is better: all counts of this page hold together with 95 % confidence "
    "(Dror et al. 2017). The count that holds for data sets of any kind (Bonferroni) counts those that are named (Holm); "
    "the other one holds only where the data sets have no texts in common (Fisher). "
    "None shown does not mean that the heads are equal."
)
RANK_NOTE = (
    "1 is the best head of a data set; heads that all do equally well have a mean rank of {middle} in the long run. Ranks say how "
    "often a head leads, not by how much nor whether the lead is more than chance, and they depend on the other heads."
)
COST_NOTE = "Each cost as a multiple of that of {reference} in the same comparison: geometric mean, and least to most."


def data_set_table(across: Mapping[str, Any]) -> Table:
    """Returns what was compared: one row per comparison."""
    header = ["data set", "encoder", "metric", "rows", "split", "seeds per head", "compared on", "folder"]
    rows = []
    for entry in across["data_sets"]:
        seeds = sorted({head["seeds"] for head in entry["heads"].values()})
        counted = "–".join(str(count) for count in {seeds[0]: None, seeds[-1]: None})
        names = [str(entry[name] or NOTHING) for name in ("split", "date", "folder")]
        rows.append(
            [
                entry["data_set"],
                entry["encoder_name"],
                entry["metric"],
                number(entry["rows"]),
                names[0],
                counted,
                *names[1:],
            ]
        )
    return Table(header, rows)


def score_grid(across: Mapping[str, Any]) -> Table:
    """Returns the scores: data sets and encoders by heads, mean ± standard deviation over seeds."""
    several = len(across["encoders"]) > 1
    heads = list(dict.fromkeys(head for entry in across["data_sets"] for head in entry["heads"]))
    rows = []
    order = list(dict.fromkeys(entry["data_set"] for entry in across["data_sets"]))
    for entry in sorted(across["data_sets"], key=lambda entry: order.index(entry["data_set"])):
        shown = entry["unit"] if entry["unit"] == entry["metric"] else f"{entry['metric']}, {entry['unit']}"
        cells = []
        for head in heads:
            found = entry["heads"].get(head)
            decimals = decimals_in(entry["unit"])
            cells.append(plus_minus(found["mean"], found["standard_deviation"], decimals) if found else NOTHING)
        rows.append([entry["data_set"], *([entry["encoder"]] if several else []), shown, *cells])
    return Table(["data set", *(["encoder"] if several else []), "metric", *heads], rows)


def difference_table(across: Mapping[str, Any]) -> Table:
    """Returns every difference that went into a mean or was left out of it."""
    several = len(across["encoders"]) > 1
    header = ["pair", *(["encoder"] if several else []), "data set", "metric", "difference", "95 % interval"]
    header += ["p of this pair alone", "weight in the mean"]
    rows = []
    for pair in across["pairs"]:
        for one in pair["data_sets"]:
            decimals = decimals_in(one["unit"])
            weight = one["left_out"] if one["weight"] is None else f"{100 * one['weight']:.0f} %"
            rows.append(
                [
                    f"{pair['head']} − {pair['baseline']}",
                    *([pair["encoder"]] if several else []),
                    one["data_set"],
                    one["metric"],
                    f"{number(one['difference'], decimals, sign=True)} {one['unit']}",
                    interval(one["low"], one["high"], decimals, sign=True),
                    p_value(one["p_value"]),
                    weight or NOTHING,
                ]
            )
    return Table(header, rows)


def left_out_lines(pair: Mapping[str, Any]) -> list[str]:
    """Lists the differences of a pair that no mean can hold."""
    lines = []
    for one in pair["data_sets"]:
        if one["left_out"] is not None:
            difference = number(one["difference"], decimals_in(one["unit"]), sign=True)
            lines.append(f"Not pooled: {one['data_set']}, {difference} {one['unit']} ({one['left_out']})")
    return lines


def mean_table(across: Mapping[str, Any]) -> Table:
    """Returns the mean difference of every pair."""
    several = len(across["encoders"]) > 1
    header = ["pair", *(["encoder"] if several else []), "data sets", "mean difference, points", "95 % interval"]
    header += ["p after Holm", "tau (95 % interval)", "I²", "a further data set"]
    rows = []
    for pair in across["pairs"]:
        mean = pair["pooled"]
        if mean:
            tau = f"{number(mean['tau'], 2)} ({interval(mean['tau_low'], mean['tau_high'], 2)})"
            rows.append(
                [
                    f"{pair['head']} − {pair['baseline']}",
                    *([pair["encoder"]] if several else []),
                    str(mean["data_sets"]),
                    number(mean["mean"], 2, sign=True),
                    interval(mean["low"], mean["high"], 2, sign=True),
                    p_value(pair["p_holm"]),
                    tau,
                    f"{100 * mean['i_squared']:.0f} %",
                    interval(mean["prediction_low"], mean["prediction_high"], 2, sign=True),
                ]
            )
    return Table(header, rows)


def count_table(across: Mapping[str, Any]) -> Table:
    """Returns on how many data sets a head is better than another."""
    several = len(across["encoders"]) > 1
    header = ["better head", "than", *(["encoder"] if several else []), "data sets", "at least on"]
    header += ["at least, if independent", "shown on"]
    rows = []
    for pair in across["pairs"]:
        for head, count in pair["counts"].items():
            other = pair["baseline"] if head == pair["head"] else pair["head"]
            shown = ", ".join(pair["data_sets"][i]["data_set"] for i in count["shown_on"])
            numbers = [str(count[name]) for name in ("data_sets", "at_least", "at_least_if_independent")]
            rows.append([head, other, *([pair["encoder"]] if several else []), *numbers, shown or NOTHING])
    return Table(header, rows)


def encoder_grid(across: Mapping[str, Any]) -> Table:
    """Returns the differences as a grid, pairs and data sets by encoders; without rows where there is one encoder."""
    encoders = across["encoders"]
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for entry in across["data_sets"] if len(encoders) > 1 else ():
        for pair in entry["pairs"]:
            decimals = decimals_in(entry["unit"])
            value = number(pair["difference"], decimals, sign=True)
            value += f" ({interval(pair['low'], pair['high'], decimals, sign=True)})"
            row = cells.setdefault((f"{pair['head']} − {pair['baseline']}", entry["data_set"]), {})
            row[entry["encoder"]] = value + (" *" if pair["better"] else "")
    rows = [
        [pair, data_set, *(found.get(name, NOTHING) for name in encoders)] for (pair, data_set), found in cells.items()
    ]
    return Table(["pair", "data set", *encoders], sorted(rows, key=lambda row: row[0]))


def rank_table(across: Mapping[str, Any]) -> Table:
    """Returns the mean rank of every head, and on how many data sets it leads."""
    several = len(across["encoders"]) > 1
    header = ["head", *(["encoder"] if several else []), "data sets", "mean rank", "best on"]
    rows = []
    for ranks in across["ranks"]:
        for head in sorted(ranks["heads"], key=ranks["heads"].__getitem__):
            numbers = [str(ranks["data_sets"]), number(ranks["heads"][head], 2), str(ranks["first"][head])]
            rows.append([head, *([ranks["encoder"]] if several else []), *numbers])
    return Table(header, rows)


def rank_note(across: Mapping[str, Any]) -> str:
    """Says how to read the ranks."""
    middles = sorted({(len(ranks["heads"]) + 1) / 2 for ranks in across["ranks"]})
    return RANK_NOTE.format(middle=" or ".join(f"{middle:g}" for middle in middles))


def cost_table_across(across: Mapping[str, Any]) -> Table:
    """Returns what every head costs, as a multiple of the reference."""
    header = ["head", "comparisons", "parameters with the encoder", "time of one row", "training time"]
    rows = []
    for head, cost in across["costs"].items():
        ratios = [_ratio(cost[name]) for name in ("model_parameters", "latency_ms", "training_seconds")]
        rows.append([head, str(cost["comparisons"]), *ratios])
    return Table(header, rows)


def _ratio(found: Mapping[str, float] | None) -> str:
    if not found:
        return NOTHING
    low, high = (number(found[name], 2) for name in ("low", "high"))
    return f"× {number(found['mean'], 2)}" + (f" ({low} to {high})" if low != high else "")

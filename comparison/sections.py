"""The sections of the page, each from the dictionary of a comparison; None where it has nothing to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .blocks import facts, figure, html_table
from .charts import Scores, cost_chart, curve_chart, dot_chart, dot_scale, pair_chart, score_chart
from .marks import legend
from .markup import Markup, element, fragment
from .numbers import number
from .tables import (
    GROUP_MEASURE,
    Measure,
    cost_table,
    group_rows,
    length_rows,
    measure,
    pair_table,
    score_table,
    value_table,
)
from .words import equal_lines, head_arguments, pair_note, plain, score_note

MOST_ROWS = 40  # classes that are drawn; the table has them all
GROUPS = {"token-classification": "entity type", "question-answering": "kind of answer"}  # else classes
LONG = 8  # rows of a chart beyond which it is set in two columns
COSTS = {
    "throughput": "rows predicted per second",
    "latency_ms": "milliseconds to predict one row",
    "training_rows_per_second": "rows trained on per second",
}


def scores(comparison: Mapping[str, Any]) -> Markup:
    main = measure(comparison)
    several = any(len(head["seeds"]) > 1 for head in comparison["heads"].values())
    caption = "Every dot is a seed; below them the mean and its 95 % interval." if several else "One seed per head."
    figures = [figure(score_chart(_scores_of(comparison), str(main), main.decimals), caption)]
    caption = "Difference with its 95 % interval; filled where p after Holm is below .05."
    if comparison["comparisons"]:
        chart = pair_chart(comparison["comparisons"], f"difference in {main}", main.decimals)
        figures.append(figure(chart, caption))
    return fragment(
        element("div", *figures, class_="figures"),
        html_table(score_table(comparison)),
        element("p", score_note(comparison), class_="note"),
    )


def pairs(comparison: Mapping[str, Any]) -> Markup | None:
    pairs = comparison["comparisons"]
    if not pairs:
        return None
    sentences = [element("li", pair["sentence"]) for pair in pairs if pair.get("sentence")]
    return fragment(
        element("ul", *sentences) if sentences else "",
        html_table(pair_table(comparison)),
        element("p", pair_note(comparison), class_="note"),
    )


def learning(comparison: Mapping[str, Any]) -> Markup | None:
    heads = comparison["heads"]
    keys = dict.fromkeys(
        key for head in heads.values() for curve in (head.get("curves") or {}).values() for key in curve
    )
    figures = []
    for key in sorted(keys, key=lambda key: (key != f"eval_{comparison['metric']}", key != "loss")):
        shown = measure(comparison, key.removeprefix("eval_"))
        curves = {
            name: {
                seed: [[epoch, value * shown.scale] for epoch, value in curve.get(key) or []]
                for seed, curve in (head.get("curves") or {}).items()
            }
            for name, head in heads.items()
        }
        if any(len(points) > 1 for seeds in curves.values() for points in seeds.values()):
            title = f"{'validation' if key.startswith('eval_') else 'training'} {shown}"
            figures.append(figure(curve_chart(curves, title, shown.decimals), f"{title[0].upper()}{title[1:]}."))
    if not figures:
        return None
    several = any(len(head["seeds"]) > 1 for head in heads.values())
    note = element("p", "Thin lines are seeds, bold lines their means.", class_="note") if several else ""
    return fragment(element("div", *figures, class_="figures"), note)


def cost(comparison: Mapping[str, Any]) -> Markup | None:
    heads, main = comparison["heads"], measure(comparison)
    table = cost_table(comparison)
    if len(table.header) == 1:
        return None
    sizes = [f"{number(head['parameters'])} parameters" if head.get("parameters") else "" for head in heads.values()]
    scores = _scores_of(comparison)
    figures = []
    for key, axis in COSTS.items():
        costs = {name: ((head.get("cost") or {}).get(key), scores[name]) for name, head in heads.items()}
        if sum(cost is not None for cost, _ in costs.values()) > 1:
            chart = cost_chart(costs, sizes, f"{main} over {axis}", axis, main.decimals)
            figures.append(figure(chart, f"{main.name} by {axis}."))
    devices = dict.fromkeys(head["cost"]["device"] for head in heads.values() if (head.get("cost") or {}).get("device"))
    note = "Parameters are those of the head alone."
    if devices:
        note += f" Prediction in batches of 32, unless one row is said. Measured on: {'; '.join(devices)}."
    return fragment(
        element("div", *figures[:2], class_="figures") if figures else "",
        html_table(table),
        element("p", note, class_="note"),
    )


def groups(comparison: Mapping[str, Any]) -> Markup | None:
    rows, first = group_rows(comparison), GROUPS.get(comparison["task"], "class")
    if not rows:
        return None
    shown = measure(comparison, GROUP_MEASURE)
    note = f"Means over seeds of {shown.name} by {first}, the largest first."
    if len(rows) > MOST_ROWS:
        note += f" Drawn are the {MOST_ROWS} largest; the table has all {len(rows)}."
    return _dots(comparison, rows, shown, first, note)


def lengths(comparison: Mapping[str, Any]) -> Markup | None:
    rows, main = length_rows(comparison), measure(comparison)
    note = f"Means over seeds of {main.name} by the number of characters of the text."
    return _dots(comparison, rows, main, "characters", note)


def _dots(
    comparison: Mapping[str, Any],
    rows: Sequence[tuple[str, str, Sequence[float | None]]],
    shown: Measure,
    first: str,
    note: str,
) -> Markup | None:
    heads = list(comparison["heads"])
    drawn = [row for row in rows if any(value is not None for value in row[2])][:MOST_ROWS]
    if not drawn:
        return None
    scale = dot_scale(drawn)
    charts = [
        dot_chart(part, f"{shown} by {first}", str(shown), shown.decimals, heads, scale) for part in _halves(drawn)
    ]
    return fragment(
        element("p", note, class_="note"),
        legend(heads),
        element("div", *map(figure, charts), class_="figures"),
        element(
            "details",
            element("summary", "The same in numbers"),
            html_table(value_table(first, rows, heads, shown.decimals)),
        ),
    )


def equal(comparison: Mapping[str, Any]) -> Markup | None:
    lines = equal_lines(comparison)
    notes = element("ul", *(element("li", note) for note in comparison["notes"])) if comparison["notes"] else ""
    return fragment(facts(lines), notes) if lines or notes else None


def again(comparison: Mapping[str, Any]) -> Markup:
    versions = [(name, plain(value)) for name, value in comparison["versions"].items()]
    return fragment(
        element("pre", element("code", comparison["command"]), tabindex="0"),
        facts([*head_arguments(comparison), *versions]),
    )


def _halves(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """The rows, in two parts where they are many."""
    middle = -(-len(rows) // 2) if len(rows) > LONG else len(rows)
    return [part for part in (rows[:middle], rows[middle:]) if part]


def _scores_of(comparison: Mapping[str, Any]) -> dict[str, Scores]:
    """Scaled scores of the compared metric."""
    main = measure(comparison)
    found = {}
    for name, head in comparison["heads"].items():
        entry = head["scores"][main.name]
        scaled = [main.scaled(entry[key]) for key in ("mean", "standard_deviation", "low", "high")]
        by_seed = {seed: score * main.scale for seed, score in zip(head["seeds"], entry["scores"], strict=True)}
        found[name] = Scores(by_seed, *scaled)  # type: ignore[arg-type]  # the mean is never None
    return found

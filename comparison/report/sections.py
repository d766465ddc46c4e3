"""The sections of the page. Each function takes the dictionary of a comparison; None means that there is nothing to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from utils.outputs.page.blocks import fact_list, figure, html_table
from utils.outputs.page.formatting import number
from utils.outputs.page.markup import Markup, element, fragment
from utils.outputs.page.shapes import legend

from .charts import CostPoint, HeadScores, cost_chart, curve_chart, dot_chart, dot_scale, pair_chart, score_chart
from .tables import (
    GROUP_METRIC,
    GroupRow,
    MetricFormat,
    cost_table,
    crossed_with,
    group_rows,
    group_table,
    length_rows,
    look_table,
    margin_of,
    metric_format,
    pair_table,
    run_labels,
    score_table,
)
from .words import (
    equal_lines,
    head_lines,
    look_note,
    outlook_note,
    pair_note,
    plain_value,
    score_note,
    unequal_lines,
)

MOST_GROUPS = 40  # that are drawn; the table has them all
ONE_COLUMN = 8  # rows of a chart; more are drawn as two charts side by side
COSTS = {
    "throughput": "rows predicted per second",
    "latency_ms": "milliseconds to predict one row",
    "training_rows_per_second": "rows trained on per second",
}


def score_section(comparison: Mapping[str, Any]) -> Markup:
    """Shows the scores by seed and the differences with their intervals."""
    main = metric_format(comparison)
    several = any(len(head["seeds"]) > 1 for head in comparison["heads"].values())
    crossed = crossed_with(comparison)
    dot = f"a seed with a {crossed}" if crossed else "a seed"
    caption = f"Every dot is {dot}; below them the mean and its 95 % interval." if several else "One seed per head."
    figures = [figure(score_chart(_scores_of(comparison), str(main), main.decimals, main.limits), caption)]
    caption = "Difference with its 95 % interval; filled where p after Holm is below .05."
    if comparison["comparisons"]:
        margin = margin_of(comparison)
        if margin is not None:
            caption += f" Dashed: the margin of {margin:g}."
        chart = pair_chart(comparison["comparisons"], f"difference in {main}", main.decimals, margin)
        figures.append(figure(chart, caption))
    return fragment(
        element("div", *figures, class_="figures"),
        html_table(score_table(comparison)),
        element("p", score_note(comparison), class_="note"),
    )


def pair_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Says what was found about every pair of heads, in sentences and in a table."""
    pairs = comparison["comparisons"]
    if not pairs:
        return None
    sentences = [element("li", pair["sentence"]) for pair in pairs if pair.get("sentence")]
    return fragment(
        element("ul", *sentences) if sentences else "",
        html_table(pair_table(comparison)),
        element("p", pair_note(comparison), class_="note"),
    )


def outlook_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Says, after a pilot, how many seeds and rows a decision likely takes."""
    outlook = comparison.get("outlook")
    if not outlook:
        return None
    sentences = [element("li", one["sentence"]) for one in outlook]
    return fragment(element("ul", *sentences), element("p", outlook_note(comparison), class_="note"))


def look_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows the looks that were taken, where the number of seeds was left to a rule."""
    if "rule" not in comparison:
        return None
    return fragment(html_table(look_table(comparison)), element("p", look_note(comparison), class_="note"))


def learning_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Draws the learning curves."""
    heads = comparison["heads"]
    keys = dict.fromkeys(
        key for head in heads.values() for curve in (head.get("curves") or {}).values() for key in curve
    )
    figures = []
    for key in sorted(keys, key=lambda key: (key != f"eval_{comparison['metric']}", key != "loss")):
        shown = metric_format(comparison, key.removeprefix("eval_"))
        curves = {
            name: {
                seed: [[epoch, value * shown.scale] for epoch, value in curve.get(key) or []]
                for seed, curve in (head.get("curves") or {}).items()
            }
            for name, head in heads.items()
        }
        if any(len(points) > 1 for seeds in curves.values() for points in seeds.values()):
            title = f"{'validation' if key.startswith('eval_') else 'training'} {shown}"
            chart = curve_chart(curves, title, shown.decimals, shown.limits)
            figures.append(figure(chart, f"{title[0].upper()}{title[1:]}."))
    if not figures:
        return None
    several = any(len(head["seeds"]) > 1 for head in heads.values())
    thin = "runs" if crossed_with(comparison) else "seeds"
    note = element("p", f"Thin lines are {thin}, bold lines their means.", class_="note") if several else ""
    return fragment(element("div", *figures, class_="figures"), note)


def cost_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows what training and prediction cost, and the score that this buys."""
    heads, main = comparison["heads"], metric_format(comparison)
    table = cost_table(comparison)
    if len(table.header) == 1:
        return None
    sizes = {
        name: f"{number(head['parameters'])} parameters" if head.get("parameters") else ""
        for name, head in heads.items()
    }
    scores = _scores_of(comparison)
    figures = []
    for key, axis in COSTS.items():
        points = {
            name: CostPoint((head.get("cost") or {}).get(key), scores[name], sizes[name])
            for name, head in heads.items()
        }
        if sum(point.cost is not None for point in points.values()) > 1:
            chart = cost_chart(points, f"{main} over {axis}", axis, main.decimals, main.limits)
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


def group_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows the scores by class, entity type or kind of answer."""
    rows, first = group_rows(comparison), comparison["class_word"]
    if not rows:
        return None
    shown = metric_format(comparison, GROUP_METRIC)
    note = f"Means over seeds of {shown.name} by {first}, the largest first."
    if len(rows) > MOST_GROUPS:
        note += f" Drawn are the {MOST_GROUPS} largest; the table has all {len(rows)}."
    return _group_charts(comparison, rows, shown, first, note)


def length_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows the scores by the length of the text."""
    rows, main = length_rows(comparison), metric_format(comparison)
    note = f"Means over seeds of {main.name} by the number of characters of the text."
    return _group_charts(comparison, rows, main, "characters", note)


def _group_charts(
    comparison: Mapping[str, Any], rows: Sequence[GroupRow], shown: MetricFormat, first: str, note: str
) -> Markup | None:
    heads = list(comparison["heads"])
    drawn = [row for row in rows if any(value is not None for value in row.values)][:MOST_GROUPS]
    if not drawn:
        return None
    scale = dot_scale(drawn, shown.limits)
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
            html_table(group_table(first, rows, heads, shown.decimals)),
        ),
    )


def unequal_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Returns the training flags that some heads had for themselves and what tuning chose, or None."""
    lines = unequal_lines(comparison)
    note = "Training flags of single heads (--head_flags). A difference between heads may come from these flags."
    if comparison.get("tuning"):
        note = "The best of each head's trials, and its --head_flags. A difference is one between heads so trained."
    return fragment(fact_list(lines), element("p", note, class_="note")) if lines else None


def equal_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Lists what was the same for every head, and the notes."""
    lines = equal_lines(comparison)
    notes = element("ul", *(element("li", note) for note in comparison["notes"])) if comparison["notes"] else ""
    return fragment(fact_list(lines), notes) if lines or notes else None


def command_section(comparison: Mapping[str, Any]) -> Markup:
    """Shows the command that makes the comparison, and the versions."""
    versions = [(name, plain_value(value)) for name, value in comparison["versions"].items()]
    return fragment(
        element("pre", element("code", comparison["command"]), tabindex="0"),
        fact_list([*head_lines(comparison), *versions]),
    )


def _halves(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """Splits the rows into two parts where they are many."""
    middle = -(-len(rows) // 2) if len(rows) > ONE_COLUMN else len(rows)
    return [part for part in (rows[:middle], rows[middle:]) if part]


def _scores_of(comparison: Mapping[str, Any]) -> dict[str, HeadScores]:
    """Returns the scaled scores of the compared metric, by head."""
    main = metric_format(comparison)
    found = {}
    for name, head in comparison["heads"].items():
        entry = head["scores"][main.name]
        by_seed = {seed: score * main.scale for seed, score in zip(run_labels(head), entry["scores"], strict=True)}
        found[name] = HeadScores(
            by_seed=by_seed,
            mean=entry["mean"] * main.scale,
            deviation=main.scaled(entry["standard_deviation"]),
            low=main.scaled(entry["low"]),
            high=main.scaled(entry["high"]),
        )
    return found

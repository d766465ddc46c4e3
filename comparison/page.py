"""`comparison.html`: one file without scripts, fonts or pictures from elsewhere. Sections without data are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .charts import Scores, cost_chart, curve_chart, dot_chart, dot_scale, pair_chart, score_chart
from .disagreements import disagreements
from .marks import legend
from .markup import Markup, element, fragment
from .numbers import number
from .style import STYLE
from .tables import (
    Measure,
    Table,
    cost_table,
    group_measure,
    group_rows,
    length_rows,
    measure,
    pair_table,
    score_table,
    value_table,
)
from .words import about, equal_lines, pair_note, plain, score_note

MOST_ROWS = 40  # classes that are drawn; the table has them all
LONG = 8  # rows of a chart beyond which it is set in two columns
COSTS = {
    "throughput": "prediction, rows per second",
    "latency_ms": "prediction of one row, milliseconds",
    "training_rows_per_second": "training, rows per second",
}
# Nothing is loaded and nothing runs, whatever a text of the data holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(comparison: Mapping[str, Any]) -> str:
    """The whole document."""
    title = f"Heads compared: {comparison['title']}"
    parts = {name: build(comparison) for name, build in SECTIONS.items()}
    kept = {name: part for name, part in parts.items() if part}
    links = [element("a", name, href=f"#{_anchor(name)}") for name in kept]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    top = element(
        "header",
        element("h1", title),
        element("p", comparison["verdict"], class_="verdict") if comparison["verdict"] else "",
        element("p", about(comparison), class_="about"),
        element("nav", *links, aria_label="Sections"),
    )
    sections = [
        element("section", element("h2", name), element("div", part), id=_anchor(name)) for name, part in kept.items()
    ]
    body = element("body", top, element("main", *sections))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _scores(comparison: Mapping[str, Any]) -> Markup:
    main = measure(comparison)
    chart = score_chart(_scores_of(comparison), str(main), main.decimals)
    caption = "Every dot is a seed; below them the mean and its 95 % interval."
    if not any(len(head["seeds"]) > 1 for head in comparison["heads"].values()):
        caption = "Every dot is the one seed of a head."
    return fragment(
        element("div", _figure(chart, caption), class_="figures"),
        html_table(score_table(comparison)),
        element("p", score_note(comparison), class_="note"),
    )


def _pairs(comparison: Mapping[str, Any]) -> Markup | None:
    pairs = comparison["comparisons"]
    if not pairs:
        return None
    main = measure(comparison)
    halves = _halves(pairs)
    charts = [pair_chart(half, f"difference in {main}", main.decimals) for half in halves]
    caption = "Difference with its 95 % interval; filled where p after Holm is below .05."
    sentences = [element("li", pair["sentence"]) for pair in pairs if pair.get("sentence")]
    return fragment(
        element("div", *(_figure(chart, caption) for chart in charts), class_="figures"),
        element("ul", *sentences, class_="sentences") if sentences else "",
        html_table(pair_table(comparison)),
        element("p", pair_note(comparison), class_="note"),
    )


def _learning(comparison: Mapping[str, Any]) -> Markup | None:
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
            figures.append(_figure(curve_chart(curves, title, shown.decimals), f"{title[0].upper()}{title[1:]}."))
    if not figures:
        return None
    several = any(len(head["seeds"]) > 1 for head in heads.values())
    note = element("p", "Thin lines are seeds, bold lines their means.", class_="note") if several else ""
    return fragment(element("div", *figures, class_="figures"), note)


def _cost(comparison: Mapping[str, Any]) -> Markup | None:
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
            figures.append(_figure(chart, f"{str(main)[0].upper()}{str(main)[1:]}, over {axis}."))
    devices = dict.fromkeys(head["cost"]["device"] for head in heads.values() if (head.get("cost") or {}).get("device"))
    device = f" Measured on: {'; '.join(devices)}." if devices else ""
    note = f"Parameters are those of the head alone. Prediction in batches of 32 unless one row is said.{device}"
    return fragment(
        element("div", *figures[:2], class_="figures") if figures else "",
        html_table(table),
        element("p", note, class_="note"),
    )


def _groups(comparison: Mapping[str, Any]) -> Markup | None:
    rows = group_rows(comparison)
    if not rows:
        return None
    shown = measure(comparison, group_measure(comparison))
    what = {"token-classification": "entity type", "question-answering": "kind of answer"}
    first = what.get(comparison["task"], "class")
    note = f"Means over seeds of {shown.name}, by {first}, the largest first."
    if len(rows) > MOST_ROWS:
        note += f" Drawn are the {MOST_ROWS} largest; the table has all {len(rows)}."
    return _dots(comparison, rows, shown, first, note)


def _lengths(comparison: Mapping[str, Any]) -> Markup | None:
    rows, main = length_rows(comparison), measure(comparison)
    note = f"{main.name} by the length of the text, shortest first; means over seeds."
    return _dots(comparison, rows, main, "characters", note) if rows else None


def _dots(
    comparison: Mapping[str, Any],
    rows: Sequence[tuple[str, str, Sequence[float | None]]],
    shown: Measure,
    first: str,
    note: str,
) -> Markup:
    heads = list(comparison["heads"])
    drawn = rows[:MOST_ROWS]
    title = f"{shown} by {first}"
    charts = (
        [dot_chart(half, title, str(shown), shown.decimals, heads, dot_scale(drawn)) for half in _halves(drawn)]
        if any(value is not None for *_, values in drawn for value in values)
        else []
    )
    table = html_table(value_table(first, rows, heads, shown.decimals))
    return fragment(
        legend(heads),
        element("div", *(_figure(chart) for chart in charts), class_="figures"),
        element("details", element("summary", "The same in numbers"), table),
        element("p", note, class_="note"),
    )


def _equal(comparison: Mapping[str, Any]) -> Markup | None:
    lines = equal_lines(comparison)
    notes = element("ul", *(element("li", note) for note in comparison["notes"])) if comparison["notes"] else ""
    return fragment(_facts(lines), notes) if lines or notes else None


def _again(comparison: Mapping[str, Any]) -> Markup:
    kwargs = [
        (f"{name} --head_kwargs", plain(head["head_kwargs"]))
        for name, head in comparison["heads"].items()
        if head.get("head_kwargs")
    ]
    versions = [(name, plain(value)) for name, value in comparison["versions"].items()]
    return fragment(element("pre", element("code", comparison["command"]), tabindex="0"), _facts([*kwargs, *versions]))


SECTIONS: dict[str, Callable[[Mapping[str, Any]], Markup | None]] = {
    "Scores": _scores,
    "Differences": _pairs,
    "Learning": _learning,
    "Cost": _cost,
    "By class": _groups,
    "By length": _lengths,
    "Disagreements": disagreements,
    "What was equal": _equal,
    "Run it again": _again,
}


def html_table(table: Table) -> Markup:
    """In a box that scrolls on its own where the window is narrow."""
    head = element("tr", *(element("th", name, scope="col") for name in table.header))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
        for row in table.rows
    ]
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=f"Table by {table.header[0]}")


def _figure(chart: Markup, caption: str = "") -> Markup:
    return element("figure", element("figcaption", caption) if caption else "", chart)


def _facts(lines: Sequence[tuple[str, str]]) -> Markup:
    """Names and values, side by side."""
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in lines]
    return element("dl", *pairs) if pairs else fragment()


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


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")

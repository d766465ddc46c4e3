"""`report.html`: the errors of one model on one page, from the dictionary of `report.json` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .analysis_charts import class_chart, group_chart, reliability_chart
from .page.blocks import LONG_NAME, Table, fact_list, figure, html_table
from .page.document import document
from .page.formatting import NOTHING, number
from .page.markup import Markup, element, fragment
from .page.texts import long_text, quoted

MOST_DRAWN = 40  # classes; the table has them all
ONE_COLUMN = 10  # rows of a chart; more are drawn as two charts side by side
MOST_SQUARE = 16  # classes of a matrix that can be read
MOST_CONFUSED = 15  # pairs of classes that are listed
MOST_OPEN = 10  # mistakes; a click shows the others


def render_analysis(report: Mapping[str, Any]) -> str:
    """Returns the whole document."""
    splits = report["splits"]
    scores = [f"{_main_score(split)} on {number(split['rows'])} {name} rows" for name, split in splits.items()]
    rows = " and ".join(f"the {name} rows ({split['file']})" for name, split in splits.items())
    about = f"{report['task'].replace('-', ' ').capitalize()} with the {report['head']} head, {report['date']}. About {rows}."
    sections: dict[str, Markup] = {}
    for name, split in splits.items():
        suffix = f": {name}" if len(splits) > 1 else ""
        found = {
            "Errors": _error_section(split),
            f"By {report['class_word']}": _class_section(split, report["class_word"]),
            "By length": _group_section(split, "lengths"),
            "By source": _group_section(split, "sources"),
            "Confident mistakes" if split["calibration"] else "Largest errors": _mistake_section(split),
            "Calibration": _calibration_section(split),
        }
        sections |= {f"{title}{suffix}": section for title, section in found.items() if section}
    sections["Data"] = _data_section(report["data"])
    return document(f"Errors of {report['title']}", f"{'; '.join(scores)}.", about, sections)


def _main_score(split: Mapping[str, Any]) -> str:
    return f"{split['metric']} {number(split['scores'].get(split['metric']), _decimals(split))}"


def _decimals(split: Mapping[str, Any]) -> int:
    return 1 if split["points"] == 1 else 3


def _error_section(split: Mapping[str, Any]) -> Markup | None:
    """Shows all scores, and the tables of errors."""
    shown = [(name, number(value, _decimals(split))) for name, value in split["scores"].items()]
    parts: list[object] = [fact_list(shown)]
    for table in split["errors"]:
        parts.append(element("h3", table["title"]))
        if not table["square"]:
            parts.append(_count_table(table))
        else:
            if len(table["rows"]) <= MOST_SQUARE:
                parts.append(_matrix(table))
            parts.append(_most_confused(table))
        parts.append(element("p", table["note"], class_="note") if table["note"] else "")
    return fragment(*parts)


def _count_table(table: Mapping[str, Any]) -> Markup:
    """A row for each name that occurs, with its counts and their shares of the row."""
    counts = {(row, column): count for row, column, count in table["counts"]}
    rows = []
    for name in table["rows"]:
        own = [counts.get((name, column), 0) for column in table["columns"]]
        if any(own):
            rows.append([name, *map(number, own)])
    return html_table(Table(["", *table["columns"]], rows))


def _matrix(table: Mapping[str, Any]) -> Markup:
    """Gold by predicted, coloured by the share of the gold row."""
    counts = {(row, column): count for row, column, count in table["counts"]}
    corner = element("th", "gold ↓ predicted →", scope="col", class_="corner")
    head = element("tr", corner, *(element("th", _broken(name), scope="col") for name in table["columns"]))
    body = []
    for row in table["rows"]:
        total = sum(counts.get((row, column), 0) for column in table["columns"])
        cells = [_cell(counts.get((row, column), 0), total, row == column) for column in table["columns"]]
        long = "long" if len(row) > LONG_NAME else None
        body.append(element("tr", element("th", row, scope="row", class_=long), *cells))
    whole = element("table", element("thead", head), element("tbody", *body), class_="matrix")
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=table["title"])


def _cell(count: int, total: int, right: bool) -> Markup:
    share = round(100 * count / total) if total else 0
    look = f"{'right' if right else 'mistaken'}{' none' if not count else ''}"
    return element("td", number(count), class_=look, style=f"--share: {share}%", title=f"{share} %")


def _broken(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"


def _most_confused(table: Mapping[str, Any]) -> Markup:
    """Lists the pairs of classes that are confused most often."""
    totals: dict[str, int] = {}
    for row, _, count in table["counts"]:
        totals[row] = totals.get(row, 0) + count
    wrong = sorted((one for one in table["counts"] if one[0] != one[1]), key=lambda one: -one[2])[:MOST_CONFUSED]
    if not wrong:
        return element("p", "No two are confused.", class_="note")
    if len(table["rows"]) == 2:  # the matrix says it
        return fragment()
    rows = [[row, column, number(count), f"{100 * count / totals[row]:.0f} %"] for row, column, count in wrong]
    summary = element("summary", "The most frequent confusions")
    table_of_them = html_table(Table(["gold", "predicted", "how many", "of this gold class"], rows))
    return element("details", summary, table_of_them, open=None if len(table["rows"]) <= MOST_SQUARE else "")


def _class_section(split: Mapping[str, Any], first: str) -> Markup | None:
    """Draws the F1 of every class, and lists its other scores."""
    classes = split["classes"]
    if not classes:
        return None
    decimals = _decimals(split)
    measures = [key for key in next(iter(classes.values())) if key != "support"]
    ordered = dict(sorted(classes.items(), key=lambda item: -item[1]["support"]))
    drawn = list(ordered.items())[:MOST_DRAWN]
    rows = [
        [name, *(number(values[key], decimals) for key in measures), number(values["support"])]
        for name, values in ordered.items()
    ]
    table = html_table(Table([first, *measures, "how many"], rows))
    note = f"The f1 of every {first}, the most frequent first."
    if len(ordered) > MOST_DRAWN:
        note += f" Drawn are the {MOST_DRAWN} most frequent; the table has all {number(len(ordered))}."
    charts = [figure(class_chart(part, f"f1 by {first}", decimals, split["points"])) for part in _halves(drawn)]
    return fragment(
        element("p", note, class_="note"),
        element("div", *charts, class_="figures"),
        element("details", element("summary", "All scores in numbers"), table),
    )


def _group_section(split: Mapping[str, Any], key: str) -> Markup | None:
    """Draws the score of groups of rows with their intervals."""
    groups = split[key]
    if not groups:
        return None
    decimals, metric = _decimals(split), split["metric"]
    by = "tokens" if key == "lengths" else "source"
    labels = [group_label(group) for group in groups]
    rows = [
        [label, number(group["rows"]), number(group["score"], decimals), _interval(group, decimals)]
        for label, group in zip(labels, groups, strict=True)
    ]
    note = f"{metric} with its 95 % interval over the rows of a group (bootstrap)."
    if by == "tokens":
        note += " Tokens are those of all inputs of a row: where a long text is read in windows, they overlap."
    charts = [
        figure(group_chart(part, f"{metric} by {by}", metric, decimals, split["points"]))
        for part in _halves(list(zip(labels, groups, strict=True)))
    ]
    table = html_table(Table([by, "rows", metric, "95 % interval"], rows))
    return fragment(
        element("p", note, class_="note"),
        element("div", *charts, class_="figures"),
        element("details", element("summary", "The same in numbers"), table),
    )


def group_label(group: Mapping[str, Any]) -> str:
    """Names a group of rows: its source, or its lengths in tokens."""
    if "source" in group:
        return group["source"]
    ends = dict.fromkeys((group["from"], group["to"]))
    return f"{'–'.join(map(number, ends))} tokens"


def _interval(group: Mapping[str, Any], decimals: int) -> str:
    if group["low"] is None:
        return NOTHING
    return f"{number(group['low'], decimals)} to {number(group['high'], decimals)}"


def _mistake_section(split: Mapping[str, Any]) -> Markup | None:
    """Lists the wrong rows that the model was most sure of."""
    mistakes = split["mistakes"]
    if not mistakes:
        return None
    sure = bool(split["calibration"])
    items = []
    for one in mistakes:
        where = f"row {number(one['row'])}, {'probability' if sure else 'off by'} {number(one['confidence'], 3)}"
        said = [
            element("div", element("dt", name), " ", element("dd", quoted(one[key])))
            for name, key in (("gold", "gold"), ("predicted", "prediction"))
        ]
        items.append(
            element(
                "li", element("p", where, class_="where"), long_text(one["text"]), element("dl", *said, class_="two")
            )
        )
    first = "Wrong rows, the most confident first" if sure else "The rows that are furthest off"
    note = f"{first}; rows of {split['file']} as an editor counts them. There may be wrong labels among them."
    rest = items[MOST_OPEN:]
    more = element("details", element("summary", f"{len(rest)} more"), element("ol", *rest, class_="rows"))
    return fragment(
        element("p", note, class_="note"),
        element("ol", *items[:MOST_OPEN], class_="rows"),
        more if rest else "",
    )


def _calibration_section(split: Mapping[str, Any]) -> Markup | None:
    """Draws how often the model is right by how sure it was."""
    if not split["calibration"]:
        return None
    figures, rows = [], []
    for name, found in split["calibration"].items():
        if not found["bins"]:
            continue
        caption = f"{name[0].upper()}{name[1:]}: expected calibration error {number(found['error'], 3)}."
        figures.append(figure(reliability_chart(found["bins"], name), caption))
        rows += [
            [
                name,
                f"{number(one['from'], 2)}–{number(one['to'], 2)}",
                number(one["count"]),
                number(one["probability"], 3),
                number(one["right"], 3),
            ]
            for one in found["bins"]
        ]
    note = (
        "Dots: the share that is right (of labels of sets: that is there) by the mean probability, in 15 bins, with its 95 % interval "
        "(Wilson 1927). On the line a "
        "probability means what it says; below it the model is too sure. The bars show how many decisions a bin holds. The expected "
        "calibration error is the mean distance from the line, weighted by how many a bin holds (Guo et al. 2017)."
    )
    table = html_table(Table(["what", "probability", "how many", "mean probability", "share that is right"], rows))
    return fragment(
        element("div", *figures, class_="figures"),
        element("p", note, class_="note"),
        element("details", element("summary", "The same in numbers"), table),
    )


def _data_section(data: Mapping[str, Any]) -> Markup:
    """Shows what is in the data: the report that stands in `data_report.json`."""
    splits = {name: entry for name, entry in data.items() if name != "shared_texts"}
    header = [
        "split",
        "file",
        "rows",
        "empty",
        "duplicates",
        "two labels",
        "tokens p50 / p99 / max",
        "cut",
        "unknown tokens",
    ]
    rows = [
        [
            name,
            entry["file"],
            number(entry["rows"]),
            number(entry["empty_texts"]),
            number(entry.get("duplicate_texts")),
            number(entry.get("texts_with_two_labels")),
            " / ".join(number(entry["tokens_per_input"][key]) for key in ("p50", "p99", "p100")),
            f"{100 * entry['truncated_share']:.2f} %",
            f"{100 * entry['unknown_token_share']:.2f} %",
        ]
        for name, entry in splits.items()
    ]
    parts: list[object] = [html_table(Table(header, rows))]
    names = list(dict.fromkeys(label for entry in splits.values() for label in entry["labels"]))
    if names:
        labels = [
            [
                label,
                *(number(entry["labels"].get(label, 0)) if entry["labels"] else NOTHING for entry in splits.values()),
            ]
            for label in names
        ]
        table = html_table(Table(["label", *splits], labels))
        closed = element("details", element("summary", f"{number(len(names))} labels"), table)
        parts.append(closed)
    shared = [element("li", f"{number(count)} {what}") for what, count in data["shared_texts"].items() if count]
    parts.append(element("ul", *shared) if shared else "")
    return fragment(*parts)


def _halves(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """Splits the rows into two parts where they are many."""
    middle = -(-len(rows) // 2) if len(rows) > ONE_COLUMN else len(rows)
    return [part for part in (rows[:middle], rows[middle:]) if part]

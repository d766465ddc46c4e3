"""The section on ensembles: what the seeds of a head score together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.outputs.page.blocks import Table, html_table
from utils.outputs.page.formatting import interval, number
from utils.outputs.page.markup import Markup, element, fragment

from .tables import metric_format, p_value

ENSEMBLE_NOTE = (
    "An ensemble is the mean of the probabilities of all models of a head. It is one system: these differences hold for the models that were "
    "trained here, their intervals cover the test rows and no further seeds. It predicts as many times as it has models. p values are "
    "corrected for all pairs of this table (Holm 1979)."
)


def ensemble_tables(comparison: Mapping[str, Any]) -> tuple[Table, Table]:
    """Returns the scores of the ensembles, and their differences to one model and to each other."""
    found = comparison["ensembles"]
    main = metric_format(comparison)
    names = [name for entry in found["heads"].values() for name in entry["scores"]]
    shown = [metric_format(comparison, name) for name in dict.fromkeys(names)]
    scores = [
        [
            head,
            str(entry["models"]),
            *(number(one.scaled(entry["scores"].get(one.name)), one.decimals) for one in shown),
        ]
        for head, entry in found["heads"].items()
    ]
    pairs = [
        [
            f"{pair['head']} − {pair['baseline']}",
            number(pair["difference"], main.decimals, sign=True),
            interval(pair["low"], pair["high"], main.decimals, sign=True),
            p_value(pair["p_holm"]),
        ]
        for pair in found["comparisons"]
    ]
    return (
        Table(["head", "models", *map(str, shown)], scores),
        Table(["pair", f"difference in {main}", "95 % interval", "p after Holm"], pairs),
    )


def ensemble_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows what ensembles score, where they were asked for."""
    if "ensembles" not in comparison:
        return None
    said = [element("li", pair["sentence"]) for pair in comparison["ensembles"]["comparisons"]]
    return fragment(
        element("ul", *said),
        *map(html_table, ensemble_tables(comparison)),
        element("p", ENSEMBLE_NOTE, class_="note"),
    )

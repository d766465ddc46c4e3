"""The section of the page on tuning: what to expect of n trials, and the scores of the trials by setting."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from utils.outputs.page.axes import WIDTH, Scale, fit_scale, shift_apart, shorten, text_width
from utils.outputs.page.blocks import figure, html_table
from utils.outputs.page.formatting import number
from utils.outputs.page.markup import Markup, element, fragment
from utils.outputs.page.shapes import (
    drawing,
    head_class,
    head_symbol,
    horizontal_grid,
    legend,
    line,
    text,
    vertical_grid,
)

from .tables import MetricFormat, metric_format
from .tuning import best_table, curve_note, expectation_table, trial_table, tuning_note
from .words import plain_value

_TOP, _BOTTOM = 8.0, 190.0  # of the room for marks
_MOST_TICKS = 5
_MOST_NAMES = 8  # whole numbers that have a place each


@dataclass(frozen=True)
class LogScale(Scale):
    """A scale of equal steps for equal ratios; `low` and `high` are logarithms to the base of 10."""

    def __call__(self, value: float) -> float:
        return super().__call__(math.log10(value))

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Returns 1, 2 and 5 times powers of ten, or as few of them as there is room for."""
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for factors in ((1, 2, 5), (1, 3), (1,)):
            values = [float(f"{factor}e{power}") for power in powers for factor in factors]
            inside = [value for value in values if self.low - 1e-9 <= math.log10(value) <= self.high + 1e-9]
            if len(inside) <= most:
                break
        step = -(-len(inside) // most)
        return [
            (value, f"{value:.0e}".replace("e-0", "e-") if value < 0.001 else f"{value:g}") for value in inside[::step]
        ]


@dataclass(frozen=True)
class ChoiceScale(Scale):
    """A place for each of a few values."""

    names: tuple[str, ...] = ()

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Returns the places and the values."""
        room = abs(self.end - self.start) / len(self.names) - 4
        return [(float(i), shorten(name, room)) for i, name in enumerate(self.names)]


def tuning_section(comparison: Mapping[str, Any]) -> Markup | None:
    """Shows the trials and what they lead to expect, or None where nothing was tuned."""
    tuned = comparison.get("tuning")
    if not tuned:
        return None
    main = metric_format(comparison)
    curves = {head: found["curve"] for head, found in tuned["heads"].items()}
    figures = []
    if max(map(len, curves.values())) > 1:
        caption = f"Best validation {main} to expect of n trials: medians, and their 95 % bands."
        figures.append(figure(expectation_chart(curves, main, comparison["smaller_is_better"]), caption))
    figures += [
        figure(setting_chart(tuned, name, ranges, main), f"Trials by {name}.")
        for name, ranges in ranges_by_name(tuned["space"]).items()
        if any(name in trial["settings"] for found in tuned["heads"].values() for trial in found["trials"])
    ]
    return fragment(
        element("p", tuned["sentence"]) if tuned["sentence"] else "",
        element("p", tuning_note(comparison), class_="note"),
        legend(list(comparison["heads"])),
        element("div", *figures, class_="figures"),
        html_table(best_table(comparison)),
        html_table(expectation_table(comparison)),
        element("p", curve_note(comparison), class_="note"),
        element("details", element("summary", "All trials"), html_table(trial_table(comparison))),
    )


def expectation_chart(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], main: MetricFormat, smaller_is_better: bool
) -> Markup:
    """Draws the median of the best of n trials over n, each head with its band.

    A band whose end is not known goes on to the edge of the drawing.

    Args:
        curves: per head the fields of `inference.tuning.BestOf`.
    """
    keys = ("median", "worst", "best")
    values = [main.scaled(one[key]) for curve in curves.values() for one in curve for key in keys]
    y = fit_scale([value for value in values if value is not None], _BOTTOM, _TOP, limits=main.limits)
    left = 12 + max(text_width(label) for _, label in y.ticks(5))
    right = WIDTH - min(110.0, max(map(text_width, curves))) - 16
    most = max(map(len, curves.values()))
    x = Scale(1, max(most, 2), left, right)
    whole = [(value, label) for value, label in x.ticks(_MOST_TICKS) if value == int(value)]
    worst, best = (_TOP, _BOTTOM) if smaller_is_better else (_BOTTOM, _TOP)
    bands, lines, words = [], [], []
    ends = {}
    for index, (head, curve) in enumerate(curves.items()):
        shape = [(x(one["trials"]), _edge(one["worst"], y, main, worst)) for one in curve]
        shape += [(x(one["trials"]), _edge(one["best"], y, main, best)) for one in reversed(curve)]
        bands.append(element("polygon", points=_points(shape), class_=f"band {head_class(index)}"))
        known = [(x(one["trials"]), y(one["median"] * main.scale)) for one in curve if one["median"] is not None]
        if known:
            lines.append(element("polyline", points=_points(known), class_=f"bold {head_class(index)}"))
            final = number(main.scaled(curve[-1]["median"]), main.decimals)
            lines.append(head_symbol(index, *known[-1], f"{head}: {final} with {len(curve)} trials"))
            ends[index] = known[-1]
            words.append(f"{head} {final}")
    places = shift_apart([place for _, place in ends.values()], 13, _TOP, _BOTTOM)
    names = [
        text(
            end[0] + 9, place + 4, shorten(list(curves)[index], WIDTH - right - 12), class_=f"name {head_class(index)}"
        )
        for (index, end), place in zip(ends.items(), places, strict=True)
    ]
    grid = [
        fragment(line(x(n), _TOP, x(n), _BOTTOM, "grid"), text(x(n), _BOTTOM + 14, n_, "middle")) for n, n_ in whole
    ]
    axis = text((left + right) / 2, 220, "trials", "middle", "axis")
    parts = (*bands, *grid, horizontal_grid(y, left, right), *lines, *names, axis)
    return drawing(226, f"Best validation {main} of n trials", f"Medians at the end: {'; '.join(words)}.", *parts)


def ranges_by_name(space: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The ranges that were tuned, of heads together with their own ones; of several of one name the first."""
    found: dict[str, Mapping[str, Any]] = {}
    for ranges in (space["shared"], *space["heads"].values()):
        for name, own in ranges.items():
            found.setdefault(name, own)
    return found


def setting_chart(tuned: Mapping[str, Any], name: str, ranges: Mapping[str, Any], main: MetricFormat) -> Markup:
    """Draws a mark for each trial: its score over one of its settings. Hollow marks at the bottom have no score."""
    ((kind, ends),) = ranges.items()
    trials = [
        (index, head, trial)
        for index, (head, found) in enumerate(tuned["heads"].items())
        for trial in found["trials"]
        if name in trial["settings"]
    ]
    scores = [trial["score"] * main.scale for _, _, trial in trials if trial["score"] is not None]
    y = fit_scale(scores or [0.0], 150, _TOP, limits=main.limits)
    failed = len(scores) < len(trials)
    left = 12 + max(text_width(label) for label in (*(label for _, label in y.ticks(5)), "failed" if failed else ""))
    few = list(range(ends[0], ends[1] + 1)) if kind == "int" and ends[1] - ends[0] < _MOST_NAMES else ends
    named = kind == "choice" or few is not ends
    names = [json.dumps(value) for value in few]
    if named:
        x: Scale = ChoiceScale(-0.5, len(names) - 0.5, left, WIDTH - 4, tuple(map(plain_value, few)))
    elif kind == "log":
        x = LogScale(math.log10(ends[0]), math.log10(ends[1]), left + 5, WIDTH - 14)
    else:
        x = Scale(ends[0], ends[1], left + 5, WIDTH - 14)
    marks, hollow = [], []
    for index, head, trial in trials:
        value = trial["settings"][name]
        place = x(names.index(json.dumps(value)) if named else value)
        tip = f"{head}, trial {trial['trial']}: {number(main.scaled(trial['score']), main.decimals)} at {plain_value(value)}"
        if trial["score"] is None:
            hollow.append(head_symbol(index, place, 168, f"{tip}; {trial['failed']}"))
        else:
            marks.append(head_symbol(index, place, y(trial["score"] * main.scale), tip))
    parts = [
        vertical_grid(x, _TOP, 178 if failed else 154, _MOST_TICKS),
        horizontal_grid(y, left, WIDTH),
        text(left - 6, 172, "failed", "end") if failed else "",
        element("g", *hollow, class_="wrong"),
        *marks,
        text((left + WIDTH) / 2, 210 if failed else 186, name, "middle", "axis"),
    ]
    title = f"Validation {main} of the trials by {name}"
    return drawing(216 if failed else 192, title, f"{len(trials)} trials, {len(hollow)} without a score.", *parts)


def _edge(value: float | None, y: Scale, main: MetricFormat, unknown: float) -> float:
    return unknown if value is None else y(value * main.scale)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in places)

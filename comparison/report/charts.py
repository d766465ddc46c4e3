"""The charts of a comparison as inline SVG. Each takes plain numbers, in the unit that its axis names.

The place of a head among the heads decides its mark. So every chart is given all heads, also those that have no data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from utils.outputs.page.axes import ANYTHING, WIDTH, Box, Scale, fit_scale, free_box, shift_apart, shorten, text_width
from utils.outputs.page.formatting import interval, number, plus_minus, significant
from utils.outputs.page.markup import Markup, element, fragment
from utils.outputs.page.shapes import (
    ChartRow,
    chart_of_rows,
    drawing,
    head_class,
    head_symbol,
    horizontal_grid,
    line,
    text,
    vertical_grid,
)

from .tables import GroupRow

EDGE = 10  # free on the left and on the right of a scale, for half a mark, half a label or an arrow
_DOT = 6.8  # width of the dot of a seed, with a little room
_MOST_POINTS = 100  # of a curve; more cannot be seen


class HeadScores(NamedTuple):
    """The scores of one head by seed, with their mean, standard deviation and 95 % interval."""

    by_seed: Mapping[str, float]
    mean: float
    deviation: float | None
    low: float | None
    high: float | None


def score_chart(
    heads: Mapping[str, HeadScores], axis: str, decimals: int, limits: tuple[float, float] = ANYTHING
) -> Markup:
    """Draws a dot per seed, and under the dots the mean with its 95 % interval.

    Args:
        limits: of the score, as for `fit_scale`.
    """
    ends = [end for head in heads.values() for end in (head.low, head.high) if end is not None]
    ends += [score for head in heads.values() for score in head.by_seed.values()]
    scale = fit_scale(ends, EDGE, WIDTH - EDGE, limits=limits)
    several = any(len(head.by_seed) > 1 for head in heads.values())
    rows = []
    for index, (name, head) in enumerate(heads.items()):
        marks = _mean_and_interval(scale, index, head, 13 if several else 0)
        if several:
            marks = fragment(_seed_dots(scale, index, head, decimals), marks)
        rows.append(ChartRow(name, plus_minus(head.mean, head.deviation, decimals), marks))
    words = "; ".join(f"{row.label} {row.value}" for row in rows)
    return chart_of_rows(
        "Scores by head and seed",
        f"Means ± standard deviation: {words}.",
        rows,
        scale,
        axis,
        depth=42 if several else 14,
    )


def pair_chart(pairs: Sequence[Mapping[str, Any]], axis: str, decimals: int, margin: float | None = None) -> Markup:
    """Draws the difference of every pair with its 95 % interval (a forest plot). A filled dot marks a shown difference.

    Args:
        pairs: the fields of `inference.pairs.PairComparison`.
        margin: within which heads count as equal; None where none was named.
    """
    values = [value for pair in pairs for value in _interval_ends(pair)]
    values += [] if margin is None else [-margin, margin]
    scale = fit_scale([0, *values], EDGE, WIDTH - EDGE)
    rows = []
    for pair in pairs:
        spread, y = [scale(value) for value in _interval_ends(pair)], 0
        dot = "decided" if pair["better"] else "undecided"
        marks = fragment(
            line(min(spread), y, max(spread), y, "interval"),
            element("circle", cx=scale(pair["difference"]), cy=y, r=4.2, class_=dot),
        )
        limits = interval(pair["low"], pair["high"], decimals, sign=True)
        value = f"{number(pair['difference'], decimals, sign=True)} ({limits})"
        room = (WIDTH - text_width(value) - 34) / 2
        rows.append(ChartRow(f"{shorten(pair['head'], room)} − {shorten(pair['baseline'], room)}", value, marks))
    words = "; ".join(f"{row.label}: {row.value}" for row in rows)
    return chart_of_rows(
        "Differences between heads", f"{words}.", rows, scale, axis, depth=14, zero=True, margin=margin
    )


def curve_chart(
    curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
    title: str,
    decimals: int,
    limits: tuple[float, float] = ANYTHING,
) -> Markup:
    """Draws a thin line per seed and a bold one for their mean, which ends with the mark and the name of the head.

    Args:
        curves: `{head: {seed: [[epoch, value], ...]}}`.
        limits: of the values, as for `fit_scale`.
    """
    present = {head: [points for points in seeds.values() if points] for head, seeds in curves.items()}
    means = {i: _thinned(_mean_curve(seeds)) for i, seeds in enumerate(present.values()) if seeds}
    every = [point for seeds in present.values() for points in seeds for point in _thinned(points)]
    room = min(110.0, max(text_width(head) for head, seeds in present.items() if seeds)) + 12
    y = fit_scale([value for _, value in every], 190, 8, limits=limits)
    left = 12 + max(text_width(label) for _, label in y.ticks(5))
    first, last = min(epoch for epoch, _ in every), max(epoch for epoch, _ in every)
    x = Scale(first, last, left, WIDTH - room)
    places = shift_apart([y(curve[-1][1]) for curve in means.values()], 13, 8, 190)
    parts = [vertical_grid(x, 8, 190, 5), horizontal_grid(y, left, WIDTH - room)]
    for index, seeds in enumerate(present.values()):
        if len(seeds) > 1:
            parts += [_polyline(_thinned(points), x, y, f"thin {head_class(index)}") for points in seeds]
    for (index, curve), place in zip(means.items(), places, strict=True):
        epoch, value = curve[-1]
        name = list(curves)[index]
        tip = f"{name}: {number(value, decimals)} at epoch {epoch:g}"
        parts += [_polyline(curve, x, y, f"bold {head_class(index)}"), head_symbol(index, x(epoch), y(value), tip)]
        parts.append(text(x(epoch) + 9, place + 4, shorten(name, room - 12), class_=f"name {head_class(index)}"))
    parts.append(text((left + WIDTH - room) / 2, 220, "epoch", "middle", "axis"))
    ends = "; ".join(f"{list(curves)[index]} {number(curve[-1][1], decimals)}" for index, curve in means.items())
    return drawing(226, title, f"By epoch; at the end, means over seeds: {ends}.", *parts)


class CostPoint(NamedTuple):
    """What a head costs and scores, and a few words that stand below its name."""

    cost: float | None
    scores: HeadScores
    note: str


def cost_chart(
    heads: Mapping[str, CostPoint], title: str, axis: str, decimals: int, limits: tuple[float, float] = ANYTHING
) -> Markup:
    """Draws the mean score of every head with its 95 % interval over its cost. The cost axis begins at 0.

    Args:
        limits: of the score, as for `fit_scale`.
    """
    found = {i: (point.cost, point.scores) for i, point in enumerate(heads.values()) if point.cost is not None}
    names = list(heads)
    ends = [value for _, head in found.values() for value in (head.mean, head.low, head.high) if value is not None]
    y = fit_scale(ends, 204, 12, limits=limits)
    left = 12 + max(text_width(label) for _, label in y.ticks(5))
    x = fit_scale([cost for cost, _ in found.values()], left, WIDTH - 4, zero=True)
    parts = [vertical_grid(x, 8, 208, 5), horizontal_grid(y, left, WIDTH)]
    taken = []
    for cost, head in found.values():
        whisker = [y(value) for value in (head.low, head.high) if value is not None]
        reach = [y(head.mean) - 5, y(head.mean) + 5, *whisker]
        taken.append(Box(x(cost) - 5, min(reach), x(cost) + 5, max(reach)))
    for index, (cost, head) in found.items():
        name, place = names[index], (x(cost), y(head.mean))
        if head.low is not None and head.high is not None:
            parts.append(line(place[0], y(head.low), place[0], y(head.high), f"whisker {head_class(index)}"))
        parts.append(head_symbol(index, *place, f"{name}: {number(head.mean, decimals)} at {significant(cost)}"))
        label, note = shorten(name, 110), heads[name].note
        box = free_box(place, max(text_width(label), text_width(note)), taken, Box(left, 0, WIDTH, 208))
        taken.append(box)
        if not box.top - 8 <= place[1] <= box.bottom + 8:
            nearest = max(box.left, min(place[0], box.right))
            parts.insert(2, line(*place, nearest, (box.top + box.bottom) / 2, "leader"))
        parts.append(text(box.left, box.top + 11, label, class_=f"name halo {head_class(index)}"))
        parts.append(text(box.left, box.top + 22, note, class_="note halo"))
    parts.append(text((left + WIDTH) / 2, 238, axis, "middle", "axis"))
    words = "; ".join(
        f"{names[i]}: {significant(cost)}, score {number(head.mean, decimals)}" for i, (cost, head) in found.items()
    )
    return drawing(244, title, f"{axis}: {words}.", *parts)


def dot_chart(
    rows: Sequence[GroupRow],
    title: str,
    axis: str,
    decimals: int,
    heads: Sequence[str],
    scale: Scale,
) -> Markup:
    """Draws rows such as classes, in each one mark per head.

    Args:
        scale: from `dot_scale`; charts that are read together share it.
    """
    drawn, words = [], []
    for row in rows:
        found = [(i, value) for i, value in enumerate(row.values) if value is not None]
        marks = [head_symbol(i, scale(value), 0, f"{heads[i]}: {number(value, decimals)}") for i, value in found]
        if found:
            spread = [scale(value) for _, value in found]
            marks.insert(0, line(min(spread), 0, max(spread), 0, "spread"))
        drawn.append(ChartRow(row.label, row.note, fragment(*marks)))
        words.append(f"{row.label}: " + ", ".join(f"{heads[i]} {number(value, decimals)}" for i, value in found))
    return chart_of_rows(title, "; ".join(words) + ".", drawn, scale, axis, depth=12)


def dot_scale(rows: Sequence[GroupRow], limits: tuple[float, float]) -> Scale:
    """Returns the scale of a chart of dots, whose values have limits."""
    values = [value for row in rows for value in row.values if value is not None]
    return fit_scale(values, EDGE, WIDTH - EDGE, limits=limits)


def _seed_dots(scale: Scale, index: int, head: HeadScores, decimals: int) -> Markup:
    """Draws a dot per seed. Dots that would cover each other are moved up or down."""
    places = _spread_dots([scale(score) for score in head.by_seed.values()])
    marks = [
        element("circle", element("title", f"seed {seed}: {number(score, decimals)}"), cx=x, cy=y - 6, r=3.2)
        for (seed, score), (x, y) in zip(head.by_seed.items(), places, strict=True)
    ]
    return element("g", *marks, class_=f"seed {head_class(index)}")


def _mean_and_interval(scale: Scale, index: int, head: HeadScores, y: float) -> Markup:
    """Draws the mean and its 95 % interval."""
    marks = [head_symbol(index, scale(head.mean), y)]
    if head.low is not None and head.high is not None:
        marks.insert(0, line(scale(head.low), y, scale(head.high), y, f"whisker {head_class(index)}"))
    return fragment(*marks)


def _interval_ends(pair: Mapping[str, Any]) -> list[float]:
    return [value for value in (pair["low"], pair["difference"], pair["high"]) if value is not None]


def _spread_dots(places: Sequence[float]) -> list[tuple[float, float]]:
    """Returns x and y of dots. A dot that would cover another moves to the nearest free level, or stays where none is free."""
    offsets = [0.0, *(sign * _DOT * level for level in (1, 2) for sign in (-1, 1))]
    found: dict[int, tuple[float, float]] = {}
    for i in sorted(range(len(places)), key=lambda i: places[i]):
        x = places[i]
        free = (y for y in offsets if all((x - a) ** 2 + (y - b) ** 2 >= _DOT**2 for a, b in found.values()))
        found[i] = (x, next(free, 0.0))
    return [found[i] for i in range(len(places))]


def _thinned(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Returns at most `_MOST_POINTS` points, each the mean of neighbours."""
    step = -(-len(points) // _MOST_POINTS)
    groups = [points[i : i + step] for i in range(0, len(points), step)]
    return [(fmean(x for x, _ in group), fmean(y for _, y in group)) for group in groups]


def _mean_curve(seeds: Sequence[Sequence[Sequence[float]]]) -> list[tuple[float, float]]:
    """Returns means over the seeds, up to the end of the shortest curve."""
    return [(fmean(x for x, _ in points), fmean(y for _, y in points)) for points in zip(*seeds, strict=False)]


def _polyline(points: Sequence[tuple[float, float]], x: Scale, y: Scale, class_: str) -> Markup:
    return element("polyline", points=" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points), class_=class_)

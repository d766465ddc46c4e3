"""The charts of a comparison as inline SVG. Each takes plain numbers, in the unit that its axis names.

Heads keep their place in every argument, so that a head has one mark in all charts; one without data is passed empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from .axes import WIDTH, Scale, fit, free_box, shift_apart, shorten, text_width
from .marks import Row, chart_of_rows, drawing, head_class, horizontal_grid, line, symbol, text, vertical_grid
from .markup import Markup, element, fragment
from .numbers import interval, number, plus_minus, significant

_EDGE = 10  # left and right of a scale: room for half a mark or half a label
_MOST_POINTS = 100  # of a curve; more cannot be seen


class Scores(NamedTuple):
    """The scores of one head by seed, and what they come to."""

    by_seed: Mapping[int, float]
    mean: float
    deviation: float | None
    low: float | None
    high: float | None


def score_chart(heads: Mapping[str, Scores], axis: str, decimals: int) -> Markup:
    """A dot per seed; under them the mean with its 95 % interval."""
    ends = [end for head in heads.values() for end in (head.low, head.high) if end is not None]
    scale = fit([*ends, *(score for head in heads.values() for score in head.by_seed.values())], _EDGE, WIDTH - _EDGE)
    several = any(len(head.by_seed) > 1 for head in heads.values())
    rows = []
    for index, (name, head) in enumerate(heads.items()):
        marks = fragment(_dots(scale, index, head, decimals), _whisker(scale, index, head, 13)) if several else None
        value = plus_minus(head.mean, head.deviation, decimals)
        rows.append(Row(name, value, marks or _whisker(scale, index, head, 0)))
    words = "; ".join(f"{row.label} {row.value}" for row in rows)
    return chart_of_rows(
        "Scores by head and seed",
        f"Means ± standard deviation: {words}.",
        rows,
        scale,
        axis,
        depth=42 if several else 14,
    )


def pair_chart(pairs: Sequence[Mapping[str, Any]], axis: str, decimals: int) -> Markup:
    """A forest plot: the difference of every pair with its 95 % interval; filled where it is more than chance.

    Args:
        pairs: the fields of `statistics.Comparison`.
    """
    values = [value for pair in pairs for value in _ends(pair)]
    scale = fit([0, *values], _EDGE, WIDTH - _EDGE)
    rows = []
    for pair in pairs:
        spread, y = [scale(value) for value in _ends(pair)], 0
        dot = "decided" if pair["better"] else "undecided"
        marks = fragment(
            line(min(spread), y, max(spread), y, "interval"),
            element("circle", cx=scale(pair["difference"]), cy=y, r=4.2, class_=dot),
        )
        limits = interval(pair["low"], pair["high"], decimals, sign=True)
        value = f"{number(pair['difference'], decimals, sign=True)} ({limits})"
        room = (WIDTH - text_width(value) - 34) / 2
        rows.append(Row(f"{shorten(pair['head'], room)} − {shorten(pair['baseline'], room)}", value, marks))
    words = "; ".join(f"{row.label}: {row.value}" for row in rows)
    return chart_of_rows("Differences between heads", f"{words}.", rows, scale, axis, depth=14, zero=True)


def curve_chart(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], title: str, decimals: int) -> Markup:
    """Thin lines for seeds, a bold one for their mean, which carries the head's mark and name at its end.

    Args:
        curves: `{head: {seed: [[epoch, value], ...]}}`.
    """
    present = {head: [points for points in seeds.values() if points] for head, seeds in curves.items()}
    means = {i: _thin(_mean_curve(seeds)) for i, seeds in enumerate(present.values()) if seeds}
    every = [point for seeds in present.values() for points in seeds for point in _thin(points)]
    room = min(110.0, max(text_width(head) for head, seeds in present.items() if seeds)) + 12
    y = fit([value for _, value in every], 190, 8)
    left = 12 + max(text_width(label) for _, label in y.ticks(5))
    first, last = min(epoch for epoch, _ in every), max(epoch for epoch, _ in every)
    x = Scale(first, last, left, WIDTH - room)
    places = shift_apart([y(curve[-1][1]) for curve in means.values()], 13, 8, 190)
    parts = [vertical_grid(x, 8, 190, 5), horizontal_grid(y, left, WIDTH - room)]
    for index, seeds in enumerate(present.values()):
        if len(seeds) > 1:
            parts += [_polyline(_thin(points), x, y, f"thin {head_class(index)}") for points in seeds]
    for (index, curve), place in zip(means.items(), places, strict=True):
        epoch, value = curve[-1]
        name = list(curves)[index]
        tip = f"{name}: {number(value, decimals)} at epoch {epoch:g}"
        parts += [_polyline(curve, x, y, f"bold {head_class(index)}"), symbol(index, x(epoch), y(value), tip)]
        parts.append(text(x(epoch) + 9, place + 4, shorten(name, room - 12), class_=f"name {head_class(index)}"))
    parts.append(text((left + WIDTH - room) / 2, 220, "epoch", "middle", "axis"))
    ends = "; ".join(f"{list(curves)[index]} {number(curve[-1][1], decimals)}" for index, curve in means.items())
    return drawing(226, title, f"By epoch; at the end, means over seeds: {ends}.", *parts)


def cost_chart(
    heads: Mapping[str, tuple[float | None, Scores]], notes: Sequence[str], title: str, axis: str, decimals: int
) -> Markup:
    """Quality over cost: the mean score of a head with its 95 % interval, over what it costs.

    Args:
        heads: cost and scores; the cost axis begins at 0.
        notes: a few words below the name of each head.
    """
    found = {i: (cost, head) for i, (cost, head) in enumerate(heads.values()) if cost is not None}
    ends = [value for _, head in found.values() for value in (head.mean, head.low, head.high) if value is not None]
    y = fit(ends, 204, 12)
    left = 12 + max(text_width(label) for _, label in y.ticks(5))
    x = fit([cost for cost, _ in found.values()], left, WIDTH - 4, zero=True)
    parts = [vertical_grid(x, 8, 208, 5), horizontal_grid(y, left, WIDTH)]
    taken = []
    for cost, head in found.values():
        whisker = [y(value) for value in (head.low, head.high) if value is not None]
        reach = [y(head.mean) - 5, y(head.mean) + 5, *whisker]
        taken.append((x(cost) - 5, min(reach), x(cost) + 5, max(reach)))
    for index, (cost, head) in found.items():
        name, place = list(heads)[index], (x(cost), y(head.mean))
        if head.low is not None and head.high is not None:
            parts.append(line(place[0], y(head.low), place[0], y(head.high), f"whisker {head_class(index)}"))
        parts.append(symbol(index, *place, f"{name}: {number(head.mean, decimals)} at {significant(cost)}"))
        label, note = shorten(name, 110), notes[index]
        box = free_box(place, max(text_width(label), text_width(note)), taken, (left, 0, WIDTH, 208))
        taken.append(box)
        if not box[1] - 8 <= place[1] <= box[3] + 8:
            parts.insert(2, line(*place, max(box[0], min(place[0], box[2])), sum(box[1::2]) / 2, "leader"))
        parts.append(text(box[0], box[1] + 11, label, class_=f"name halo {head_class(index)}"))
        parts.append(text(box[0], box[1] + 22, note, class_="note halo"))
    parts.append(text((left + WIDTH) / 2, 238, axis, "middle", "axis"))
    words = "; ".join(
        f"{list(heads)[i]}: {significant(cost)}, score {number(head.mean, decimals)}"
        for i, (cost, head) in found.items()
    )
    return drawing(244, title, f"{axis}: {words}.", *parts)


def dot_chart(
    rows: Sequence[tuple[str, str, Sequence[float | None]]],
    title: str,
    axis: str,
    decimals: int,
    heads: Sequence[str],
    scale: Scale,
) -> Markup:
    """Rows such as classes, in each one mark per head.

    Args:
        rows: label, a note such as how many, and a value per head.
        scale: from `dot_scale`; charts that are read together share it.
    """
    drawn, words = [], []
    for label, note, values in rows:
        found = [(i, value) for i, value in enumerate(values) if value is not None]
        marks = [symbol(i, scale(value), 0, f"{heads[i]}: {number(value, decimals)}") for i, value in found]
        if found:
            spread = [scale(value) for _, value in found]
            marks.insert(0, line(min(spread), 0, max(spread), 0, "spread"))
        drawn.append(Row(label, note, fragment(*marks)))
        words.append(f"{label}: " + ", ".join(f"{heads[i]} {number(value, decimals)}" for i, value in found))
    return chart_of_rows(title, "; ".join(words) + ".", drawn, scale, axis, depth=12)


def dot_scale(rows: Sequence[tuple[str, str, Sequence[float | None]]]) -> Scale:
    return fit([value for *_, values in rows for value in values if value is not None], _EDGE, WIDTH - _EDGE)


def _dots(scale: Scale, index: int, head: Scores, decimals: int) -> Markup:
    """A dot per seed, side by side where they would cover each other."""
    places = _swarm([scale(score) for score in head.by_seed.values()])
    marks = [
        element("circle", element("title", f"seed {seed}: {number(score, decimals)}"), cx=x, cy=y - 6, r=3.2)
        for (seed, score), (x, y) in zip(head.by_seed.items(), places, strict=True)
    ]
    return element("g", *marks, class_=f"seed {head_class(index)}")


def _whisker(scale: Scale, index: int, head: Scores, y: float) -> Markup:
    """The mean and its 95 % interval."""
    marks = [symbol(index, scale(head.mean), y)]
    if head.low is not None and head.high is not None:
        marks.insert(0, line(scale(head.low), y, scale(head.high), y, f"whisker {head_class(index)}"))
    return fragment(*marks)


def _ends(pair: Mapping[str, Any]) -> list[float]:
    return [value for value in (pair["low"], pair["difference"], pair["high"]) if value is not None]


def _swarm(places: Sequence[float], size: float = 6.8, levels: int = 2) -> list[tuple[float, float]]:
    """Dots beside those they would cover: the nearest free level above or below, the middle where none is free."""
    offsets = [0.0, *(sign * size * level for level in range(1, levels + 1) for sign in (-1, 1))]
    found: dict[int, tuple[float, float]] = {}
    for i in sorted(range(len(places)), key=lambda i: places[i]):
        x = places[i]
        free = (y for y in offsets if all((x - a) ** 2 + (y - b) ** 2 >= size**2 for a, b in found.values()))
        found[i] = (x, next(free, 0.0))
    return [found[i] for i in range(len(places))]


def _thin(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """At most `_MOST_POINTS`, each the mean of neighbours."""
    step = -(-len(points) // _MOST_POINTS)
    groups = [points[i : i + step] for i in range(0, len(points), step)]
    return [(fmean(x for x, _ in group), fmean(y for _, y in group)) for group in groups]


def _mean_curve(seeds: Sequence[Sequence[Sequence[float]]]) -> list[tuple[float, float]]:
    """Means over the seeds, as far as all of them go."""
    return [(fmean(x for x, _ in points), fmean(y for _, y in points)) for points in zip(*seeds, strict=False)]


def _polyline(points: Sequence[tuple[float, float]], x: Scale, y: Scale, class_: str) -> Markup:
    return element("polyline", points=" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points), class_=class_)

"""The shapes that charts are drawn from: lines, texts, grids, rows, and one mark per head.

Colours are variables of the page: `--head-0` for the first head, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .axes import WIDTH, Scale, shorten, text_width
from .markup import Markup, element, fragment

HEADS = 6  # marks that differ in colour and in shape; a seventh head begins again
_POLYGONS = {  # corners around 0, about as large as a circle of radius 4
    1: "-3.6,-3.6 3.6,-3.6 3.6,3.6 -3.6,3.6",
    2: "0,-4.8 4.6,3.4 -4.6,3.4",
    3: "0,-5.2 5.2,0 0,5.2 -5.2,0",
    4: "0,4.8 4.6,-3.4 -4.6,-3.4",
    5: "-1.5,-4.6 1.5,-4.6 1.5,-1.5 4.6,-1.5 4.6,1.5 1.5,1.5 1.5,4.6 -1.5,4.6 -1.5,1.5 -4.6,1.5 -4.6,-1.5 -1.5,-1.5",
}


class ChartRow(NamedTuple):
    """One row of a chart: its label, its value in words, and its marks, drawn around y = 0."""

    label: str
    value: str
    marks: Markup


def drawing(height: float, title: str, description: str, *children: object) -> Markup:
    """Returns an SVG of `WIDTH` x `height`, with a title and a description for screen readers."""
    head = (element("title", title), element("desc", description))
    return element("svg", *head, *children, viewBox=f"0 0 {WIDTH} {height:g}", role="img")


def head_class(index: int) -> str:
    """Returns the CSS class of the head `index`."""
    return f"h{index % HEADS}"


def head_symbol(index: int, x: float, y: float, tip: str = "") -> Markup:
    """Draws the mark of the head `index`. A pointer over it shows the tip."""
    tips = [element("title", tip)] if tip else []
    look = {"class_": f"mark {head_class(index)}", "transform": f"translate({x:.2f} {y:.2f})"}
    corners = _POLYGONS.get(index % HEADS)
    return element("polygon", *tips, points=corners, **look) if corners else element("circle", *tips, r=4, **look)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Draws a line from (x1, y1) to (x2, y2)."""
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)


def whisker(scale: Scale, low: float, high: float, class_: str) -> Markup:
    """Draws an interval; an end outside the scale becomes an arrow."""
    left, right = (min(max(scale(value), 0.0), float(WIDTH)) for value in (low, high))
    arrows = []
    if scale(low) < 0:
        arrows.append(element("polygon", points="0,0 7,-3.5 7,3.5", class_=f"arrow {class_}"))
    if scale(high) > WIDTH:
        arrows.append(
            element("polygon", points=f"{WIDTH},0 {WIDTH - 7},-3.5 {WIDTH - 7},3.5", class_=f"arrow {class_}")
        )
    return fragment(line(left, 0, right, 0, class_), *arrows)


def text(x: float, y: float, content: str, anchor: str = "start", class_: str | None = None) -> Markup:
    """Writes a text. Its anchor (`start`, `middle` or `end`) stands at (x, y)."""
    return element("text", content, x=float(x), y=float(y), text_anchor=anchor, class_=class_)


def legend(names: Sequence[str]) -> Markup:
    """Returns a line of HTML that says which mark is which head."""
    entries = [
        element(
            "span",
            element("svg", head_symbol(i, 6, 6), viewBox="0 0 12 12", class_="swatch", aria_hidden="true"),
            " ",
            name,
        )
        for i, name in enumerate(names)
    ]
    return element("p", *entries, class_="legend")


def chart_of_rows(
    title: str,
    description: str,
    rows: Sequence[ChartRow],
    scale: Scale,
    axis: str,
    depth: float = 20,
    zero: bool = False,
    margin: float | None = None,
) -> Markup:
    """Draws rows over a common axis. Each has its label and its value above its marks.

    Args:
        depth: height of the room for the marks.
        zero: draw a line at 0.
        margin: draw dashed lines so far from 0 on either side.
    """
    pitch = depth + 20
    bottom = len(rows) * pitch + 6
    parts = [vertical_grid(scale, 4, bottom)]
    if zero:
        parts.append(line(scale(0), 0, scale(0), bottom, "zero"))
    if margin is not None:
        parts += [line(scale(end), 0, scale(end), bottom, "margin") for end in (-margin, margin)]
    for i, row in enumerate(rows):
        label = shorten(row.label, WIDTH - text_width(row.value) - 16)
        words = (
            _cover_grid(0, text_width(label)),
            text(0, 13, label, class_="label"),
            _cover_grid(WIDTH - text_width(row.value), text_width(row.value)),
            text(WIDTH, 13, row.value, "end", "value"),
        )
        marks = element("g", row.marks, transform=f"translate(0 {19 + depth / 2:g})")
        parts.append(element("g", *words, marks, transform=f"translate(0 {i * pitch:g})"))
    parts.append(text(WIDTH / 2, bottom + 30, axis, "middle", "axis"))
    return drawing(bottom + 36, title, description, *parts)


def _cover_grid(x: float, width: float) -> Markup:
    """Covers the grid where a text will stand."""
    return element("rect", x=x - 2, y=2, width=width + 4, height=14, class_="behind")


def vertical_grid(scale: Scale, top: float, bottom: float, most: int = 6) -> Markup:
    """Draws lines at the ticks of a horizontal scale, and their labels below."""
    return fragment(
        *(
            fragment(
                line(scale(value), top, scale(value), bottom, "grid"), text(scale(value), bottom + 14, label, "middle")
            )
            for value, label in scale.ticks(most)
        )
    )


def horizontal_grid(scale: Scale, left: float, right: float) -> Markup:
    """Draws lines at the ticks of a vertical scale, and their labels on the left."""
    return fragment(
        *(
            fragment(
                line(left, scale(value), right, scale(value), "grid"), text(left - 6, scale(value) + 4, label, "end")
            )
            for value, label in scale.ticks(5)
        )
    )

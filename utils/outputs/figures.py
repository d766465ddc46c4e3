"""Pictures beside a checkpoint, as PNG files. matplotlib is imported when one is drawn."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import printable
from ..tasks import Task
from ..tasks.base import Pairs
from .page.axes import score_limits

logger = logging.getLogger(__name__)

BLUE, ORANGE = "#0072B2", "#D55E00"  # told apart by all eyes: Okabe and Ito (2008), Color Universal Design
FONT = "DejaVu Sans"  # comes with matplotlib
MOST_CLASSES = 40  # rows or columns that still can be read


def draw_training(history: Sequence[Mapping[str, float]], path: Path, whole: float = 1.0) -> bool:
    """Draws losses and, where there was one, the first score of the evaluations over the epochs.

    Args:
        history: `log_history` of Trainer's state.
        whole: the score of what is all right, 100 for answers.

    Returns:
        whether there was anything to draw.
    """
    losses = [(entry["epoch"], entry["loss"]) for entry in history if "loss" in entry]
    # The weights that are kept are scored once more at the end: one point for each epoch, in the order of training.
    evaluations = list({entry["epoch"]: entry for entry in history if "eval_loss" in entry}.values())
    if not losses and not evaluations:
        return False
    measured = ("eval_loss", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second")
    score = next((key for key in (evaluations or [{}])[0] if key.startswith("eval_") and key not in measured), None)
    figure, axes = _figure(2 if score else 1, width=4.5)
    axes[-1].sharex(axes[0])  # one evaluation stands at its epoch, not in a range of its own
    if losses:
        style = "o" if len(losses) == 1 else "-"  # a line through one point is nothing
        axes[0].plot(*zip(*losses, strict=True), style, color=BLUE, label="training")
    for axis, key in zip(axes, ["eval_loss", *([score] if score else [])], strict=True):
        if evaluations:
            epochs, values = zip(*((entry["epoch"], entry[key]) for entry in evaluations), strict=True)
            axis.plot(epochs, values, "o-", color=ORANGE, label="validation", clip_on=False)
        _stay_within(axis, score_limits(key, whole))
        axis.set(xlabel="epoch", ylabel=key.removeprefix("eval_").replace("_", " "))
    axes[0].legend(frameon=False)
    figure.savefig(path)
    return True


def draw_scores(task: Task, pairs: Pairs, path: Path) -> None:
    """Draws predictions beside references: a confusion matrix, a scatter plot, or the F1 of every class."""
    predictions, references, names = pairs["predictions"], pairs["references"], task.labels.names
    chart = task.metric.chart
    if chart == "scatter":
        draw_scatter(predictions, references, path)
    elif chart == "confusion" and len(names) <= MOST_CLASSES:
        index = {name: i for i, name in enumerate(names)}
        draw_confusion([index[name] for name in predictions], [index[name] for name in references], names, path)
    else:
        draw_classes(task.by_class(pairs), "f1", path, task.metric.bounds("f1")[1])


def draw_reliability(task: Task, pairs: Pairs, rows: str, path: Path) -> None:
    """Draws accuracy over confidence before and after the temperature, where the task has one; below, how many rows are where.

    Args:
        pairs: of the rows that were scored last, with their logits.
        rows: what these are, in words.
    """
    states = task.reliability(pairs)
    if not states:
        return
    figure, axes = _figure(2, width=3.6, height=3.9)
    for axis, state in zip(axes, states, strict=True):
        shown = [one for one in state.bins if one.rows]
        width = 1 / len(state.bins)
        edges = [i * width for i in range(len(state.bins))]
        shares = [one.rows / state.rows for one in state.bins]
        axis.bar(edges, shares, width, align="edge", color="0.85", label="share of the rows")
        axis.plot([0, 1], [0, 1], color="0.4", linewidth=1, linestyle="--")
        places = ([one.confidence for one in shown], [one.accuracy for one in shown])
        axis.plot(*places, "o-", color=BLUE, markersize=4, label="accuracy", clip_on=False)
        how = "as trained" if state is states[0] else f"temperature {state.temperature:.3g}"
        axis.set(xlabel="confidence", xlim=(0, 1), ylim=(0, 1), title=f"{how}: ECE {state.ece:.3f}")
        axis.title.set_fontsize(10)
    axes[0].set_ylabel(f"accuracy of {states[0].rows:,} {rows}")
    axes[0].legend(frameon=False, loc="upper left", fontsize=8)
    figure.savefig(path)


def draw_confusion(predictions: Sequence[int], references: Sequence[int], names: Sequence[str], path: Path) -> None:
    """Draws a confusion matrix, a row per gold class, coloured by its share of the row.

    Args:
        predictions, references: class indices, (N,).
        names: of the classes, in order.
    """
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (np.asarray(references), np.asarray(predictions)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names, font = _legible(names)
    figure, (axis,) = _figure(1, width=2.2 + 0.5 * len(names), height=1.6 + 0.42 * len(names), font=font)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set(xlabel="predicted", ylabel="gold", xticks=range(len(names)), yticks=range(len(names)))
    axis.set_xticklabels(names, rotation=90 if max(map(len, names)) > 4 else 0)
    axis.set_yticklabels(names)
    axis.spines[:].set_visible(False)
    if len(names) <= 12:
        for (gold, predicted), count in np.ndenumerate(counts):
            colour = "white" if shares[gold, predicted] > 0.5 else "black"
            axis.text(predicted, gold, f"{count:,}", ha="center", va="center", color=colour)
    figure.savefig(path)


def draw_classes(classes: Mapping[str, Mapping[str, float]], measure: str, path: Path, whole: float = 1.0) -> None:
    """Draws one measure of every class as a bar, with the number of rows or entities it was taken over.

    Args:
        classes: `{name: {measure: value, "support": count}}`.
        whole: the largest value that there can be.
    """
    names, font = _legible(list(classes))
    items = zip(names, classes.values(), strict=True)
    shown = sorted(items, key=lambda item: -item[1]["support"])[:MOST_CLASSES]
    figure, (axis,) = _figure(1, width=6, height=1 + 0.3 * len(shown), font=font)
    values = [scores[measure] for _, scores in shown]
    axis.barh(range(len(shown)), values, color=BLUE)
    for i, (value, (_, scores)) in enumerate(zip(values, shown, strict=True)):
        text = f" {value:.3g}" if abs(value) > 1 else f" {value:.3f}"
        axis.text(value, i, f"{text}  ({scores['support']:,.0f})", va="center", fontsize=8)
    axis.set(xlabel=f"{measure.replace('_', ' ')}  (in brackets: how many)", yticks=range(len(shown)))
    axis.set_yticklabels([name for name, _ in shown])
    axis.invert_yaxis()
    axis.set_xlim(0, 1.25 * max([*values, 1e-9]))  # with room for the texts, where the axis has ended
    axis.set_xticks([tick for tick in axis.get_xticks() if tick <= min(whole, axis.get_xlim()[1])])
    axis.spines["bottom"].set_bounds(0, min(whole, axis.get_xlim()[1]))
    figure.savefig(path)


def draw_scatter(predictions: Sequence[float], references: Sequence[float], path: Path) -> None:
    """Draws predicted over gold scores, a point per row."""
    figure, (axis,) = _figure(1, width=4)
    axis.scatter(references, predictions, s=6, alpha=0.3, color=BLUE, linewidths=0)
    ends = [min(references), max(references)]
    axis.plot(ends, ends, color=ORANGE, linewidth=1)
    axis.set(xlabel="gold", ylabel="predicted")
    figure.savefig(path)


def numbered(names: Sequence[str]) -> dict[str, str]:
    """How pictures call the classes whose names no installed font can write; says so where there are such."""
    drawn = _legible(names)[0]
    found = {
        name: text for i, (name, text) in enumerate(zip(names, drawn, strict=True)) if f"class {i}" == text != name
    }
    if found:
        logger.info("no installed font writes '%s': pictures number such classes", next(iter(found)))
    return found


def _stay_within(axis: Any, limits: tuple[float, float]) -> None:
    """Ends a vertical axis where its values end."""
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, limits[0]), min(high, limits[1]))


def _figure(columns: int, width: float, height: float = 3.2, font: str | None = None) -> Any:
    """A figure with `columns` plots of `width` x `height` inches, and the list of its axes.

    Args:
        font: writes what the default one cannot.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": [FONT, *([font] if font else [])]}):
        figure = Figure(figsize=(width * columns, height), dpi=150, layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def _legible(names: Sequence[str]) -> tuple[list[str], str | None]:
    """The names and the font that they need besides the default one; numbers where no installed font can write them."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    names = [printable(name).replace("$", r"\$") for name in names]  # two of them would begin and end a formula
    default = FT2Font(font_manager.findfont(FONT))
    needed = {character for name in names for character in name if not default.get_char_index(ord(character))}
    if not needed:
        return list(names), None
    paths = font_manager.findSystemFonts()  # and not matplotlib's own list, which may be older than a font
    for path in sorted(paths, key=lambda path: ("Regular" not in path, "Serif" in path, path)):
        try:
            font = FT2Font(path)
        except RuntimeError:  # a kind of file that it cannot read
            continue
        if all(font.get_char_index(ord(character)) for character in needed):
            font_manager.fontManager.addfont(path)
            return list(names), font.family_name
    return [name if needed.isdisjoint(name) else f"class {i}" for i, name in enumerate(names)], None

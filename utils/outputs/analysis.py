"""What a model gets wrong and how sure it was: `report.json`, from what is kept of every part of the scored rows.

Letters: N rows, K numbers per row, see `metrics.metric`.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files import replace_file, write_json
from ..tasks import PreparedSplit, Task
from ..tasks.base import Output, Pairs
from ..tasks.judging import calibration_entry
from .analysis_page import render_analysis
from .data_report import splits_of

Score = Callable[[np.ndarray], np.ndarray]

MOST_MISTAKES = 30
EXCERPT = 320  # characters of a text that are quoted
LENGTH_BINS = 5  # of about equally many rows
MOST_SOURCES = 30  # more values are no sources, but names of rows
RESAMPLES = 200  # of the rows of a group, for its interval
FEWEST = 20  # rows that an interval can be taken from


def observe(
    task: Task, prepared: PreparedSplit, output: Output, pairs: Pairs, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What is kept of a part of the rows, ready for JSON; `merge_observed` puts parts together.

    Args:
        pairs, records: what the task made of the output.
    """
    split, features = prepared.split, prepared.features
    judged = task.judge(prepared, output, pairs, records)
    mistakes = sorted(judged.mistakes, key=lambda one: -one.confidence)[:MOST_MISTAKES]
    excerpts = task.excerpts(split, mistakes, EXCERPT)
    return {
        "tokens": np.bincount(features["row"][:], features["length"][:], len(split.rows)).astype(int).tolist(),
        "sources": task.sources(split),
        "decisions": {name: sums.tolist() for name, sums in judged.sums().items()},
        "mistakes": [
            {
                "row": split.rows[one.row].line,
                "confidence": one.confidence,
                "text": _writable(text),
                "gold": _writable(task.describe(split, one.row, pairs["references"][one.row])),
                "prediction": _writable(task.describe(split, one.row, pairs["predictions"][one.row])),
            }
            for one, text in zip(mistakes, excerpts, strict=True)
        ],
    }


def merge_observed(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What `observe` would have kept of all rows at once, but for the names of columns that only some parts have."""
    every = list(parts)
    decisions: dict[str, Any] = {}
    for part in every:
        for name, sums in part["decisions"].items():
            decisions[name] = (np.asarray(sums) + decisions.get(name, 0)).tolist()
    mistakes = [one for part in every for one in part["mistakes"]]
    return {
        "tokens": [count for part in every for count in part["tokens"]],
        "sources": [source for part in every for source in part["sources"]],
        "decisions": decisions,
        "mistakes": sorted(mistakes, key=lambda one: -one["confidence"])[:MOST_MISTAKES],
    }


def analyse(
    task: Task, file: str, pairs: Pairs, observed: Mapping[str, Any], scores: Mapping[str, float]
) -> dict[str, Any]:
    """What `report.json` says of one split.

    Args:
        file: where its rows are from.
        pairs: of all of them.
        observed: what `observe` or `merge_observed` gave.
        scores: of them, by name.
    """
    predictions, references, names = pairs["predictions"], pairs["references"], task.labels.names
    metric = task.metric.sums(task.metric.default(names), names)
    counts = metric.count(predictions, references)
    return {
        "file": Path(file).name,
        "rows": len(references),
        "metric": metric.name,
        "points": metric.points,
        "scores": dict(scores),
        "errors": [table._asdict() for table in task.metric.errors(predictions, references, names)],
        "classes": task.by_class(pairs),
        "lengths": by_length(metric.score, counts, observed["tokens"]),
        "sources": by_source(metric.score, counts, observed["sources"]),
        "mistakes": observed["mistakes"],
        "calibration": {name: calibration_entry(np.asarray(sums)) for name, sums in observed["decisions"].items()},
    }


def by_length(score: Score, counts: np.ndarray, tokens: Sequence[int]) -> list[dict[str, Any]]:
    """The score by the number of tokens of a row, in bins of about equally many rows.

    Args:
        score, counts: of a `SummableMetric`, (N, K).
        tokens: of every row.
    """
    lengths = np.asarray(tokens)
    ends = np.unique(np.quantile(lengths, np.arange(1, LENGTH_BINS + 1) / LENGTH_BINS).astype(int))
    bins = []
    for before, end in zip([-1, *ends], ends, strict=False):
        inside = (lengths > before) & (lengths <= end)
        if inside.any():
            own = lengths[inside]
            bins.append({"from": int(own.min()), "to": int(own.max())} | _group(score, counts[inside]))
    return bins


def by_source(score: Score, counts: np.ndarray, sources: Sequence[str | None]) -> list[dict[str, Any]]:
    """The score by where rows come from, the most frequent source first; empty where that is not said, or all is of one."""
    found = Counter(source or "not said" for source in sources)
    if not any(sources) or not 2 <= len(found) <= MOST_SOURCES:
        return []
    values = np.array([source or "not said" for source in sources])
    return [{"source": name} | _group(score, counts[values == name]) for name, _ in found.most_common()]


def write_analysis(
    folder: Path,
    task: Task,
    config: Any,
    splits: Mapping[str, Mapping[str, Any]],
    report: Mapping[str, Any],
    title: str,
) -> None:
    """Writes `report.json` and `report.html`.

    Args:
        config: of the model.
        splits: what `analyse` gave of each.
        report: the contents of `data_report.json`.
        title: of the run.
    """
    data = {name: entry | {"file": Path(entry["file"]).name} for name, entry in splits_of(report).items()}
    content = {
        "title": title,
        "task": task.pipeline_tag,
        "head": config.head,
        "class_word": task.class_word,
        "date": datetime.date.today().isoformat(),
        "splits": splits,
        "data": {**data, "shared_texts": report["shared_texts"]},
    }
    write_json(folder / "report.json", content)
    replace_file(folder / "report.html", [render_analysis(content)])


def _group(score: Score, counts: np.ndarray) -> dict[str, Any]:
    """The score of some rows and its 95 % interval, from resamples of these rows (the percentile bootstrap)."""
    rows = len(counts)
    found: dict[str, Any] = {"rows": rows, "score": float(score(counts.sum(axis=0))), "low": None, "high": None}
    if rows >= FEWEST:
        random = np.random.default_rng(0)
        drawn = (np.bincount(random.integers(rows, size=rows), minlength=rows) for _ in range(RESAMPLES))
        low, high = np.percentile(score(np.stack([weights @ counts for weights in drawn])), (2.5, 97.5))
        found |= {"low": float(low), "high": float(high)}
    return found


def _writable(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")

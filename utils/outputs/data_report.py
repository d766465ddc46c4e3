"""A report on the data before training: whether they are what one thinks, and what the tokenizer allows at best."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from heads.characters import compose

from ..data.stored_rows import Lazy
from ..files import shown, text_hashes
from ..tasks import PreparedSplit, Task
from ..tasks.features import Features, pieces_of
from ..tasks.label_values import is_blank

logger = logging.getLogger(__name__)

_LIKE_UTF8 = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")  # two bytes of it, as characters of Latin-1
READ_INPUTS = 1024  # at a time
LOW_CEILING = 95  # of 100: below it, what a model cannot reach is more than what models differ by


def data_report(task: Task, prepared: Mapping[str, PreparedSplit]) -> dict[str, Any]:
    """Counts of every split, and of texts that two splits share.

    Args:
        prepared: "train", "validation" and "test", as far as they are there.
    """
    texts = {name: text_hashes(Lazy(task.texts(one.split), compose)) for name, one in prepared.items()}
    report: dict[str, Any] = {
        name: summarise(one.split.file, count_split(task, one)) | _count_whole(task, one, texts[name])
        for name, one in prepared.items()
    }
    for one in prepared.values():
        say_damaged(one.split.file, Lazy(task.texts(one.split), compose))
    report["shared_texts"] = {
        f"{later} rows also in {earlier}": int(np.isin(texts[later], texts[earlier]).sum())
        for earlier, later in combinations(texts, 2)
    }
    return report


def say_damaged(file: str, texts: Iterable[str]) -> None:
    """Warns of texts that were decoded wrongly before they came here."""
    kinds = {
        "hold U+FFFD, where letters were lost": lambda text: "\ufffd" in text,
        "are UTF-8 that was read as Latin-1": _is_decoded_wrongly,
        "hold escapes of ISO-2022": lambda text: "\x1b$" in text,
    }
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for text in texts:
        for what, holds in kinds.items():
            if holds(text):
                counts[what] += 1
                first.setdefault(what, text)
    for what in kinds:
        if counts[what]:
            message = "%s: %d texts %s, such as %s; decode the file again from its source"
            logger.warning(message, file, counts[what], what, shown(first[what]))


def _is_decoded_wrongly(text: str) -> bool:
    for encoding in ("latin-1", "cp1252") if _LIKE_UTF8.search(text) else ():
        with contextlib.suppress(UnicodeError):
            return len(text.encode(encoding).decode("utf-8")) < len(text)
    return False


def count_split(task: Task, prepared: PreparedSplit) -> Counter[str]:
    """Counts that add up over the parts of a split; `label:x` and `length:n` count by label and by tokens per input."""
    texts, features = task.texts(prepared.split), prepared.features
    counts = Counter(rows=len(texts), empty_texts=sum(map(is_blank, texts)), inputs=len(features))
    counts.update(truncated_inputs=0, unknown_tokens=0)
    for table in _tables(features, ("input_ids", "length", "truncated", "windows")):
        columns = {name: table[name].combine_chunks() for name in table.column_names}
        counts["unknown_tokens"] += int(
            (np.asarray(columns["input_ids"].flatten()) == task.tokenizer.unk_token_id).sum()
        )
        if "truncated" in columns:
            counts["truncated_inputs"] += columns["truncated"].true_count
        if "windows" in columns:
            counts.update(windows=0, windowed_inputs=0)
            sizes = np.asarray(columns["windows"].value_lengths())
            counts.update(windows=int(sizes.sum()), windowed_inputs=int((sizes > 1).sum()))
        counts.update(
            {
                f"length:{length}": int(count)
                for length, count in zip(*np.unique(np.asarray(columns["length"]), return_counts=True), strict=True)
            }
        )
    counts.update(f"label:{name}" for names in task.label_names(prepared.split) for name in names)
    return counts


def _tables(features: Features, names: Iterable[str]) -> Iterator[Any]:
    """Those of the columns that are there, as tables of Arrow."""
    for piece in pieces_of(features):
        known = [name for name in names if name in piece.column_names]
        yield from piece.select_columns(known).with_format("arrow").iter(batch_size=READ_INPUTS)


def summarise(file: str, counts: Counter[str]) -> dict[str, Any]:
    """The report on a split from the sum of its counts."""
    sizes = {int(key.removeprefix("length:")): n for key, n in counts.items() if key.startswith("length:")}
    lengths = np.repeat(list(sizes), list(sizes.values()))
    labels = Counter({key.removeprefix("label:"): n for key, n in counts.items() if key.startswith("label:")})
    windows = {name: counts[name] for name in ("windows", "windowed_inputs") if "windows" in counts}
    return {
        "file": file,
        "rows": counts["rows"],
        "empty_texts": counts["empty_texts"],
        "labels": dict(labels.most_common()),
        "inputs": counts["inputs"],
        "tokens_per_input": {f"p{q}": int(np.percentile(lengths, q)) for q in (50, 90, 99, 100)},
        "truncated_inputs": counts["truncated_inputs"],
        "truncated_share": round(counts["truncated_inputs"] / max(counts["inputs"], 1), 6),
        "unknown_token_share": round(counts["unknown_tokens"] / max(int(lengths.sum()), 1), 6),
    } | windows


def _count_whole(task: Task, prepared: PreparedSplit, texts: np.ndarray) -> dict[str, Any]:
    """What takes all rows of a split at once.

    Args:
        texts: hashes of the rows' texts, (N,).
    """
    return {
        "duplicate_texts": len(texts) - len(np.unique(texts)),
        "texts_with_two_labels": _with_two(texts, text_hashes(Lazy(task.label_names(prepared.split), repr))),
        **task.faults(prepared.split),
        "ceiling": task.ceiling(prepared),
    }


def _with_two(texts: np.ndarray, labels: np.ndarray) -> int:
    """How many texts have different labels; both are hashes, (N,), and there may be no labels at all."""
    if not len(labels):
        return 0
    order = np.lexsort((labels, texts))
    texts, labels = texts[order], labels[order]
    another = (texts[1:] == texts[:-1]) & (labels[1:] != labels[:-1])
    return len(np.unique(texts[1:][another]))


def splits_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a report that are on one split."""
    return {name: entry for name, entry in report.items() if name != "shared_texts"}


def ceiling_in_words(name: str, value: float, task: Task) -> str:
    """Writes a ceiling, which a report holds on 0-100, beside the scores: on the scale of the metric."""
    points = task.metric.points(name)
    return f"{name} {value / points:.{3 if points == 100 else 1}f}"


def show_report(report: dict[str, Any], task: Task) -> None:
    """Logs a short table, and warns of what should not be; of rows that are read in parts there is nothing to show yet."""
    if not splits_of(report):
        return
    rows: list[tuple[str, ...]] = [
        ("", "rows", "empty", "duplicate", "two labels", "tokens p50/p99/max", "cut %", "[UNK] %", "labels")
    ]
    for name, split in splits_of(report).items():
        percentiles = split["tokens_per_input"]
        labels = ", ".join(f"{label} {count:,}" for label, count in list(split["labels"].items())[:4])
        rows.append(
            (
                name,
                f"{split['rows']:,}",
                f"{split['empty_texts']:,}",
                *(f"{split[key]:,}" if key in split else "-" for key in ("duplicate_texts", "texts_with_two_labels")),
                "/".join(str(percentiles[q]) for q in ("p50", "p99", "p100")),
                f"{100 * split['truncated_share']:.2f}",
                f"{100 * split['unknown_token_share']:.2f}",
                labels + (", ..." if len(split["labels"]) > 4 else ""),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        logger.info("  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
    for what, count in report["shared_texts"].items():
        if count:
            logger.info("%d %s", count, what)
    for name, split in splits_of(report).items():
        if "windows" in split:
            message = "%s: %s of %s texts are longer than a window; %s windows in all"
            counts = (f"{split[key]:,}" for key in ("windowed_inputs", "rows", "windows"))
            logger.info(message, name, *counts)
        if split["unknown_token_share"] > 0.05:
            share = 100 * split["unknown_token_share"]
            logger.warning("%s: %.1f %% of the tokens are [UNK]; is this the right tokenizer?", name, share)
        for metric, value in split.get("ceiling", {}).items():
            if value < LOW_CEILING:
                logger.warning(
                    "%s: with this tokenizer no model can score more than %s: what is to be found ends inside a "
                    "token; a vocabulary that splits particles off goes higher",
                    name,
                    ceiling_in_words(metric, value, task),
                )
            else:
                logger.info("%s: this tokenizer allows %s", name, ceiling_in_words(metric, value, task))

"""A report on the data before training: whether they are what one thinks, and what the tokenizer allows at best."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from .training import Decoder

logger = logging.getLogger(__name__)

LOW_CEILING = 95  # of 100: below it, what a model cannot reach is more than what models differ by


def data_report(decoders: Mapping[str, Decoder], tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """Counts of every split, and of texts that two splits share.

    Args:
        decoders: of "train", "validation" and "test", as far as they are there.
    """
    report: dict[str, Any] = {name: _split_report(decoder, tokenizer) for name, decoder in decoders.items()}
    texts = {name: decoder.texts() for name, decoder in decoders.items()}
    report["shared_texts"] = {
        f"{later} rows also in {earlier}": sum(text in known for text in texts[later])
        for earlier, later in combinations(texts, 2)
        for known in [set(texts[earlier])]
    }
    return report


def _split_report(decoder: Decoder, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    texts, labels, features = decoder.texts(), decoder.label_names(), decoder.features
    lengths = np.asarray(features["length"])
    truncated = int(sum(features["truncated"])) if "truncated" in features.column_names else 0
    unknown = sum(ids.count(tokenizer.unk_token_id) for ids in features["input_ids"])
    labels_of: dict[str, set[tuple[str, ...]]] = {}
    for text, names in zip(texts, labels, strict=False):
        labels_of.setdefault(text, set()).add(tuple(names))
    return {
        "file": decoder.split.file,
        "rows": len(texts),
        "empty_texts": sum(not text.strip() for text in texts),
        "duplicate_texts": len(texts) - len(set(texts)),
        "texts_with_two_labels": sum(len(different) > 1 for different in labels_of.values()),
        "labels": dict(Counter(name for names in labels for name in names).most_common()),
        "inputs": len(features),
        "tokens_per_input": {f"p{q}": int(np.percentile(lengths, q)) for q in (50, 90, 99, 100)},
        "truncated_inputs": truncated,
        "truncated_share": round(truncated / max(len(features), 1), 6),
        "unknown_token_share": round(unknown / max(int(lengths.sum()), 1), 6),
        "ceiling": decoder.ceiling(tokenizer),
    }


def show_report(report: dict[str, Any]) -> None:
    """Logs a short table, and warns of what should not be."""
    rows = [("", "rows", "empty", "duplicate", "two labels", "tokens p50/p99/max", "cut %", "[UNK] %", "labels")]
    for name, split in report.items():
        if name == "shared_texts":
            continue
        percentiles = split["tokens_per_input"]
        labels = ", ".join(f"{label} {count:,}" for label, count in list(split["labels"].items())[:4])
        rows.append(
            (
                name,
                f"{split['rows']:,}",
                f"{split['empty_texts']:,}",
                f"{split['duplicate_texts']:,}",
                f"{split['texts_with_two_labels']:,}",
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
    for name, split in report.items():
        if name == "shared_texts":
            continue
        if split["unknown_token_share"] > 0.05:
            share = 100 * split["unknown_token_share"]
            logger.warning("%s: %.1f %% of the tokens are [UNK]; is this the right tokenizer?", name, share)
        for metric, value in split["ceiling"].items():
            if value < LOW_CEILING:
                logger.warning(
                    "%s: with this tokenizer no model can score more than %s %.1f: what is to be found ends inside a "
                    "token; a vocabulary that splits particles off goes higher",
                    name,
                    metric,
                    value,
                )
            else:
                logger.info("%s: this tokenizer allows %s %.1f", name, metric, value)

"""What a run leaves behind: results, predictions, a report on the data, a record of itself, a card."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from .arguments import DataArguments, HeadTrainingArguments, ModelArguments
from .card import write_card
from .splits import Split
from .training import Decoder, HeadTrainer

logger = logging.getLogger(__name__)

PACKAGES = ("torch", "transformers", "datasets", "evaluate", "accelerate", "tokenizers", "numpy")


class Record(logging.Handler):
    """Keeps what this project logged about its decisions, for `run.json`.

    Attributes:
        notes: the messages: what was guessed, inherited, defaulted or overridden.
    """

    def __init__(self):
        super().__init__(logging.INFO)
        self.notes: list[str] = []
        self.began = time.time()
        logging.getLogger("utils").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.notes.append(record.getMessage())


def data_report(
    split: Split, texts: list[str], labels: list[str], features: datasets.Dataset, tokenizer: PreTrainedTokenizerFast
) -> dict[str, Any]:
    """Counts that show at a glance whether the data are what one thinks.

    Args:
        texts: one per row.
        labels: all labels by name, several per row where a row has several.
    """
    lengths = np.asarray(features["length"])
    tokens = int(lengths.sum())
    unknown = sum(ids.count(tokenizer.unk_token_id) for ids in features["input_ids"])
    return {
        "file": split.file,
        "rows": len(split.rows),
        "empty_texts": sum(not text.strip() for text in texts),
        "duplicate_texts": len(texts) - len(set(texts)),
        "labels": dict(Counter(labels).most_common()),
        "inputs": len(features),
        "tokens_per_input": {f"p{q}": int(np.percentile(lengths, q)) for q in (50, 90, 99, 100)},
        "truncated_inputs": int(sum(features["truncated"])) if "truncated" in features.column_names else 0,
        "unknown_token_share": round(unknown / max(tokens, 1), 6),
    }


def show_report(report: dict[str, dict[str, Any]]) -> None:
    """Logs one line per split, and warns of a tokenizer that does not know the language."""
    for name, split in report.items():
        labels = ", ".join(f"{label} {count}" for label, count in list(split["labels"].items())[:8])
        logger.info(
            "%s: %d rows (%s), %s tokens", name, split["rows"], labels or "no labels", split["tokens_per_input"]
        )
        if split["truncated_inputs"]:
            logger.warning("%s: %d inputs are cut at the longest length", name, split["truncated_inputs"])
        if split["unknown_token_share"] > 0.05:
            share = 100 * split["unknown_token_share"]
            logger.warning("%s: %.1f %% of the tokens are [UNK]; is this the right tokenizer?", name, share)


def run_stages(
    trainer: HeadTrainer,
    arguments: tuple[ModelArguments, DataArguments, HeadTrainingArguments],
    splits: dict[str, Split],
    features: dict[str, datasets.Dataset],
    decoders: Mapping[str, Decoder],
    report: dict[str, dict[str, Any]],
    record: Record,
) -> dict[str, float]:
    """Trains, evaluates and predicts as the flags say, and writes everything the interface promises.

    Args:
        splits, features, decoders, report: of each split of this run.

    Returns:
        all metrics.
    """
    show_report(report)
    training = arguments[-1]
    output_dir = training.folder
    metrics: dict[str, float] = {}

    def keep(stage: str, values: Any, samples: int) -> None:
        values[f"{stage}_samples"] = samples
        trainer.log_metrics(stage, values)
        trainer.save_metrics(stage, values)
        metrics.update(values)

    if training.do_train:
        outcome = trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
        trainer.save_model()
        trainer.save_state()
        keep("train", outcome.metrics, len(splits["train"].rows))
    if training.do_eval:
        keep("eval", trainer.evaluate(), len(splits["validation"].rows))
    if training.do_predict:
        trainer.compute_metrics = decoders["test"].metrics
        output = trainer.predict(features["test"], metric_key_prefix="predict")
        keep("predict", output.metrics, len(splits["test"].rows))
        if trainer.is_world_process_zero():
            write_predictions(output_dir / "predictions.jsonl", decoders["test"].answers(output))
    if trainer.is_world_process_zero():
        write_json(output_dir / "data_report.json", report)
        write_json(output_dir / "run.json", run_record(trainer, arguments, splits, metrics, record))
        if training.do_train:
            write_card(output_dir, trainer.model.config, arguments, report, metrics)
    if training.push_to_hub:
        trainer.push_to_hub()
    return metrics


def write_predictions(path: Path, answers: list[dict[str, Any]]) -> None:
    lines = [json.dumps(answer, ensure_ascii=False) for answer in answers]
    _write(path, "\n".join(lines) + "\n")


def write_json(path: Path, content: Any) -> None:
    _write(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    """Replaces a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def run_record(
    trainer: HeadTrainer,
    arguments: tuple[Any, ...],
    splits: dict[str, Split],
    metrics: dict[str, float],
    record: Record,
) -> dict[str, Any]:
    """The contents of `run.json`: enough to run again and to find out why another run differs."""
    model, data, training = arguments
    given = {kind: asdict(values) for kind, values in (("model", model), ("data", data))}
    given["training"] = training.to_dict()  # masks tokens
    changed = {
        item.name: getattr(values, item.name)
        for values in (model, data)
        for item in fields(values)
        if getattr(values, item.name) != item.default
    }
    defaults = HeadTrainingArguments(output_dir=training.output_dir, do_eval=True).to_dict()
    changed |= {key: value for key, value in given["training"].items() if value != defaults.get(key)}
    return {
        "command": sys.argv,
        "seed": training.seed,
        "changed_from_default": changed,
        "notes": record.notes,
        "head": trainer.model.config.head,
        "head_kwargs": trainer.model.config.head_kwargs,
        "data": {file: {"sha256": sha256(file)} for file in sorted({split.file for split in splits.values()})},
        "metrics": metrics,
        "seconds": round(time.time() - record.began, 1),
        "peak_memory_bytes": {
            "host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "device": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        },
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "world_size": training.world_size,
        "arguments": given,
    }


def sha256(file: str | os.PathLike[str]) -> str:
    digest = hashlib.sha256()
    with Path(file).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

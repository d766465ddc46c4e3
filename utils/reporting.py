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
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from .arguments import DataArguments, HeadTrainingArguments, ModelArguments
from .card import write_card
from .errors import ShownError
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


def run_stages(
    trainer: HeadTrainer,
    arguments: tuple[ModelArguments, DataArguments, HeadTrainingArguments],
    decoders: Mapping[str, Decoder],
    report: dict[str, Any],
    record: Record,
) -> dict[str, float]:
    """Trains, evaluates and predicts as the flags say, and writes everything the interface promises.

    Args:
        decoders: of the splits of this run.
        report: on their data.

    Returns:
        all metrics.
    """
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
        trainer.save_model(_internal_call=True)  # without a push: results and card are still to come
        trainer.save_state()
        keep("train", outcome.metrics, len(decoders["train"].split.rows))
    if training.do_eval:
        keep("eval", trainer.evaluate(), len(decoders["validation"].split.rows))
    if training.do_predict:
        trainer.compute_metrics = decoders["test"].metrics
        output = trainer.predict(decoders["test"].features, metric_key_prefix="predict")
        keep("predict", output.metrics, len(decoders["test"].split.rows))
        if trainer.is_world_process_zero():
            write_predictions(output_dir / "predictions.jsonl", decoders["test"].answers(output))
    if trainer.is_world_process_zero():
        write_json(output_dir / "data_report.json", report)
        write_json(output_dir / "run.json", run_record(trainer, arguments, decoders, metrics, record))
        if training.do_train:
            write_card(output_dir, trainer.model.config, arguments, report, metrics)
    if training.push_to_hub:
        try:
            trainer.push_to_hub()
        except Exception as error:  # whatever the network, the Hub or a token can do
            later = f'hf upload {trainer.hub_model_id} {output_dir} --exclude "checkpoint-*"'
            reason = str(error).strip().split("\n")[0]
            raise ShownError(f"not pushed ({reason}); all is in {output_dir}, push it later with: {later}") from error
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
    decoders: Mapping[str, Decoder],
    metrics: dict[str, float],
    record: Record,
) -> dict[str, Any]:
    """The contents of `run.json`: enough to run again and to find out why another run differs."""
    model, data, training = arguments
    given: dict[str, Any] = {"training": training.to_dict()}  # masks tokens
    changed: dict[str, Any] = {}
    for kind, values in (("model", model), ("data", data)):
        flags = [item for item in fields(values) if item.init]
        given[kind] = {item.name: getattr(values, item.name) for item in flags}
        changed |= {item.name: given[kind][item.name] for item in flags if given[kind][item.name] != item.default}
    token = os.environ.get("HF_TOKEN")  # where `HeadTrainingArguments` puts it
    defaults = HeadTrainingArguments(output_dir=training.output_dir, do_eval=True).to_dict()
    changed |= {key: value for key, value in given["training"].items() if value != defaults.get(key)}
    return {
        "command": [word.replace(token, "***") if token else word for word in sys.argv],
        "seed": training.seed,
        "changed_from_default": changed,
        "notes": record.notes,
        "head": trainer.model.config.head,
        "head_kwargs": trainer.model.config.head_kwargs,
        "data": {
            file: {"sha256": sha256(file)} for file in sorted({decoder.split.file for decoder in decoders.values()})
        },
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

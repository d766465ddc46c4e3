"""`run.json`: enough to run again, and to find out why another run differs."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch

from ..arguments import Arguments, HeadTrainingArguments
from ..errors import without_tokens
from ..files import sha256
from ..training.trainer import HeadTrainer
from .data_report import splits_of

PACKAGES = ("torch", "transformers", "datasets", "evaluate", "accelerate", "tokenizers", "numpy")


class Record(logging.Handler):
    """Keeps what this project logs about its decisions from now on, for `run.json`.

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


def run_record(
    trainer: HeadTrainer,
    arguments: Arguments,
    report: Mapping[str, Any],
    metrics: dict[str, float],
    record: Record,
) -> dict[str, Any]:
    """The contents of `run.json`: enough to run again and to find out why another run differs."""
    model, data, training = arguments
    given: dict[str, Any] = {"training": training.to_dict()}  # masks tokens
    for kind, values in (("model", model), ("data", data)):
        given[kind] = {item.name: getattr(values, item.name) for item in fields(values) if item.init}
    contents = {
        "command": sys.argv,
        "seed": training.seed,
        "changed_from_default": changed_from_default(arguments),
        "notes": record.notes,
        "head": trainer.model.config.head,
        "head_kwargs": trainer.model.config.head_kwargs,
        **({} if trainer.adapters is None else {"parameters": trainer.adapters.sizes}),
        "data": {
            file: {"sha256": sha256(file)} for file in sorted({split["file"] for split in splits_of(report).values()})
        },
        "metrics": metrics,
        "seconds": round(time.time() - record.began, 1),
        "peak_memory_bytes": {
            "host": peak_host_memory(),
            "device": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        },
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "world_size": training.world_size,
        "arguments": given,
    }
    return _without_tokens(json.loads(json.dumps(contents)))  # wherever somebody has put one


def _without_tokens(value: Any) -> Any:
    if isinstance(value, dict):
        return {without_tokens(name): _without_tokens(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_tokens(item) for item in value]
    return without_tokens(value) if isinstance(value, str) else value


def peak_host_memory() -> int:
    """Bytes of memory that this process has held at most."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def changed_from_default(arguments: Arguments) -> dict[str, Any]:
    """The model's, data's and training's arguments, after parsing, that are not what they are where nothing is said."""
    *others, training = arguments
    changed: dict[str, Any] = {}
    for values in others:
        flags = {item.name: item.default for item in fields(values) if item.init}
        changed |= {name: getattr(values, name) for name, default in flags.items() if getattr(values, name) != default}
    defaults = HeadTrainingArguments(output_dir=training.output_dir, do_eval=True).to_dict()
    return changed | {key: value for key, value in training.to_dict().items() if value != defaults.get(key)}

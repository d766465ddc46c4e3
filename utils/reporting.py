"""What a run does, and what it leaves behind: results, predictions, a report on the data, a record of itself, a card."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from .arguments import DataArguments, HeadTrainingArguments, ModelArguments
from .card import write_card
from .checks import splits_of
from .files import replace_file, sha256
from .hub import push
from .pictures import draw_training
from .predictions import predict
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


def run_stages(
    trainer: HeadTrainer,
    arguments: tuple[ModelArguments, DataArguments, HeadTrainingArguments],
    decoders: Mapping[str, Decoder],
    test: Iterable[Split],
    decode: Callable[[Split], Decoder],
    report: dict[str, Any],
    record: Record,
) -> None:
    """Trains, evaluates and predicts as the flags say, and writes everything the interface promises.

    Args:
        decoders: of the splits of this run that are held in memory.
        test: the parts of what is to be predicted.
        decode: makes a decoder of such a part.
        report: on the data of `decoders`.
    """
    training = arguments[-1]
    output_dir = training.folder
    metrics: dict[str, float] = {}

    def keep(stage: str, values: Any) -> None:
        trainer.log_metrics(stage, values)
        trainer.save_metrics(stage, values)
        metrics.update(values)

    if training.do_train:
        outcome = trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
        trainer.save_model(_internal_call=True)  # without a push: results and card are still to come
        trainer.save_state()
        keep("train", outcome.metrics | {"train_samples": len(decoders["train"].split.rows)})
    scored: dict[str, Any] = {}
    if training.do_eval:
        decoder = decoders["validation"]
        output: Any = trainer.predict(decoder.features, metric_key_prefix="eval")
        scored["validation"] = decoder.scored(output)
        trainer.log(output.metrics)
        keep("eval", output.metrics | {"eval_samples": len(decoder.split.rows)})
    if training.do_predict:
        trainer.compute_metrics = None  # it scores the validation rows; a part alone has no score
        options = (*arguments[:-1], training.bf16, training.fp16)
        predicted = predict(trainer, test, lambda part: decoders.get("test") or decode(part), options, output_dir)
        scored["test"] = predicted.scored
        keep("predict", predicted.metrics)
        if "test" not in decoders:
            report["test"] = predicted.report
    if trainer.is_world_process_zero():
        write_json(output_dir / "data_report.json", report)
        run = run_record(trainer, arguments, report, metrics, record)
        if training.do_train:
            draw_training(trainer.state.log_history, output_dir / "training.png")
            groups = draw_scores(scored, decoders, output_dir / "scores.png")
            write_card(trainer.model.config, arguments, run, report, groups, chosen_weights(trainer))
        write_json(output_dir / "run.json", run)  # the last of them: where it is, everything is
    if training.push_to_hub:
        push(trainer)


def write_json(path: Path, content: Any) -> None:
    replace_file(path, [json.dumps(content, ensure_ascii=False, indent=2) + "\n"])


def run_record(
    trainer: HeadTrainer,
    arguments: tuple[Any, ...],
    report: Mapping[str, Any],
    metrics: dict[str, float],
    record: Record,
) -> dict[str, Any]:
    """The contents of `run.json`: enough to run again and to find out why another run differs."""
    model, data, training = arguments
    given: dict[str, Any] = {"training": training.to_dict()}  # masks tokens
    for kind, values in (("model", model), ("data", data)):
        given[kind] = {item.name: getattr(values, item.name) for item in fields(values) if item.init}
    token = os.environ.get("HF_TOKEN")  # where `HeadTrainingArguments` puts it
    return {
        "command": [word.replace(token, "***") if token else word for word in sys.argv],
        "seed": training.seed,
        "changed_from_default": changed_from_default(arguments),
        "notes": record.notes,
        "head": trainer.model.config.head,
        "head_kwargs": trainer.model.config.head_kwargs,
        "data": {
            file: {"sha256": sha256(file)} for file in sorted({split["file"] for split in splits_of(report).values()})
        },
        "metrics": metrics,
        "seconds": round(time.time() - record.began, 1),
        "peak_memory_bytes": {
            "host": _peak_host_memory(),
            "device": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        },
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "world_size": training.world_size,
        "arguments": given,
    }


def _peak_host_memory() -> int:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def changed_from_default(arguments: tuple[Any, ...]) -> dict[str, Any]:
    """The model's, data's and training's arguments, after parsing, that are not what they are where nothing is said."""
    *others, training = arguments
    changed: dict[str, Any] = {}
    for values in others:
        flags = {item.name: item.default for item in fields(values) if item.init}
        changed |= {name: getattr(values, name) for name, default in flags.items() if getattr(values, name) != default}
    defaults = HeadTrainingArguments(output_dir=training.output_dir, do_eval=True).to_dict()
    return changed | {key: value for key, value in training.to_dict().items() if value != defaults.get(key)}


def draw_scores(
    scored: Mapping[str, dict[str, list] | None], decoders: Mapping[str, Decoder], path: Path
) -> dict[str, dict[str, float]]:
    """Draws the scores of the last split that has labels, the test rows where there are some, and returns them by group."""
    for split in ("test", "validation"):
        pairs = scored.get(split)
        if pairs is not None:
            decoders[split].draw(path, **pairs)
            return decoders[split].groups(**pairs)
    return {}


def chosen_weights(trainer: HeadTrainer) -> str:
    """Which of a training's weights are the ones that were scored and saved, in words."""
    state = trainer.state
    if trainer.args.load_best_model_at_end and state.best_global_step:
        by = trainer.args.metric_for_best_model
        return f"step {state.best_global_step} of {state.global_step}, the best by {by} on the validation rows"
    return f"the last of {state.global_step} steps"

"""Predictions part by part: memory for one part at a time, and what is done stays done."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list

from .checks import count, summary
from .files import replace_file
from .models import add_weights
from .splits import Split
from .training import Decoder, HeadTrainer

logger = logging.getLogger(__name__)


@dataclass
class Predicted:
    """What came out, on the first process.

    Attributes:
        metrics: `predict_loss` and the scores where all rows have labels, `predict_runtime` in seconds, `predict_samples`.
        scored: what the scores were computed from, see `Decoder.scored`.
        report: on the rows, as `checks.summary` gives it.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    scored: dict[str, list] | None = None
    report: dict[str, Any] = field(default_factory=dict)


def predict(
    trainer: HeadTrainer,
    parts: Iterable[Split],
    decode: Callable[[Split], Decoder],
    options: Any,
    folder: Path,
) -> Predicted:
    """Predicts the parts of a file in order and writes `predictions.jsonl` once all are done.

    Until then each part has a file of its own in `predictions.parts`, named after everything that its content depends on:
    its rows, the weights and the options. A run that was interrupted finds its parts again when it is started once more,
    also after a row behind them was corrected.

    Args:
        decode: makes the model's inputs of a part.
        options: what else the predictions depend on, e.g. the lengths of windows.
        folder: of the run.

    Raises:
        UserError: whatever is wrong with a row; the parts before it are kept.
    """
    drafts = folder / "predictions.parts"
    key = hashlib.sha256(repr(options).encode())
    add_weights(key, trainer.model)
    files: list[Path] = []
    decoder: Decoder | None = None
    rows = 0
    for part in parts:
        own = key.copy()
        own.update(repr(part.rows).encode())
        files.append(drafts / f"{part.part or 0:06}-{own.hexdigest()[:16]}.json")
        done = [files[-1].exists()]
        broadcast_object_list(done)  # other processes may see the first one's disk late, or not at all
        if not done[0]:
            decoder = decode(part)
            content = _predict_part(trainer, decoder)
            if trainer.is_world_process_zero():
                replace_file(files[-1], [json.dumps(content, ensure_ascii=False)])
        rows += len(part.rows)
        logger.info("predicted: %s rows%s", f"{rows:,}", " (kept from an interrupted run)" if done[0] else "")
    if not trainer.is_world_process_zero():
        return Predicted()
    replace_file(folder / "predictions.jsonl", _answers(files))
    predicted = _sum(files, part.file)
    if predicted.scored is not None:
        scores = (decoder or decode(part)).score(**predicted.scored)
        predicted.metrics |= {f"predict_{name}": value for name, value in scores.items()}
    shutil.rmtree(drafts)
    return predicted


def _predict_part(trainer: HeadTrainer, decoder: Decoder) -> dict[str, Any]:
    output: Any = trainer.predict(decoder.features, metric_key_prefix="predict")
    tokenizer: Any = trainer.processing_class
    return {
        "loss": output.metrics.get("predict_loss"),
        "seconds": output.metrics["predict_runtime"],
        "steps": round(output.metrics["predict_runtime"] * output.metrics["predict_steps_per_second"]),
        "counts": count(decoder, tokenizer),
        "scored": decoder.scored(output),
        "answers": decoder.answers(output),
    }


def _answers(files: list[Path]) -> Iterator[str]:
    for file in files:
        for answer in json.loads(file.read_text(encoding="utf-8"))["answers"]:
            yield json.dumps(answer, ensure_ascii=False) + "\n"


def _sum(files: list[Path], source: str) -> Predicted:
    counts: Counter[str] = Counter()
    scored: dict[str, list] | None = {}
    loss, seconds, steps = 0.0, 0.0, 0
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        counts.update(content["counts"])
        seconds += content["seconds"]
        steps += content["steps"]
        loss += content["counts"]["inputs"] * (content["loss"] or 0.0)
        if scored is None or content["scored"] is None:
            scored = None  # some rows have no label: nothing is scored
        else:
            for name, values in content["scored"].items():
                scored.setdefault(name, []).extend(values)
    metrics = {} if scored is None else {"predict_loss": loss / counts["inputs"]}
    metrics |= {
        "predict_runtime": round(seconds, 4),
        "predict_samples_per_second": round(counts["inputs"] / seconds, 3),
        "predict_steps_per_second": round(steps / seconds, 3),
        "predict_samples": counts["rows"],
    }
    return Predicted(metrics, scored, summary(source, counts))

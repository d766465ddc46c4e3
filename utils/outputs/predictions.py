"""Predictions part by part: memory for one part at a time, and what is done stays done."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list

from ..data.splits import Split
from ..errors import UserError
from ..files import json_fields, listed, replace_file, source_hash, write_json
from ..models.parameters import add_weights
from ..tasks import PreparedSplit, Task
from ..tasks.base import Pairs
from ..training.trainer import HeadTrainer
from .analysis import merge_observed, observe
from .data_report import count_split, summarise
from .prediction_tables import write_table
from .run_folder import PARTS

logger = logging.getLogger(__name__)


@dataclass
class Predicted:
    """What came out, on the first process.

    Attributes:
        metrics: `predict_loss` and the scores where all rows have labels, `predict_runtime` in seconds, `predict_samples`.
        pairs: what the scores were computed from; None where some row has no label.
        observed: what the report on errors is made of, where there are pairs and it is asked for.
        report: on the rows, as `data_report.summarise` gives it.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    pairs: Pairs | None = None
    observed: dict[str, Any] | None = None
    report: dict[str, Any] = field(default_factory=dict)


def predict(
    trainer: HeadTrainer,
    task: Task,
    parts: Iterable[Split],
    prepared: PreparedSplit | None,
    options: Any,
    folder: Path,
    target: Path,
) -> Predicted:
    """Predicts the parts of a file in order and writes their records once all are done.

    Each part has a file of its own in `predictions.parts`. Its name depends on all that its content depends on: its
    rows, the weights, the options and the code. A run that was interrupted finds its parts again when it is started once more,
    also where a row after them was corrected.

    Args:
        prepared: the whole, where its features are made already.
        options: what else the predictions depend on, e.g. the lengths of windows.
        folder: of the run.
        target: the file that all records go to.

    Raises:
        UserError: whatever is wrong with a row, or a score that is no number; the parts before it are kept.
    """
    drafts = folder / PARTS
    key = hashlib.sha256(repr(options).encode() + source_hash())
    add_weights(key, trainer.whole_weights())
    files: list[Path] = []
    rows, source = 0, ""
    for part in parts:
        own = key.copy()
        for row in part.rows:
            own.update(repr(row).encode())
        files.append(drafts / f"{part.part or 0:06}-{own.hexdigest()[:16]}.json")
        done = [trainer.is_world_process_zero() and _kept(files[-1]) is not None]
        broadcast_object_list(done)  # other processes may see the first one's disk late, or not at all
        if not done[0]:
            whole = prepared if prepared is not None and part.part is None else None
            content = _predict_part(trainer, task, whole or task.prepare(part))
            if trainer.is_world_process_zero():
                _write(files[-1], content, part)
        rows, source = rows + len(part.rows), part.file
        logger.info("predicted: %s rows%s", f"{rows:,}", " (kept from an interrupted run)" if done[0] else "")
    if not trainer.is_world_process_zero():
        return Predicted()
    replace_file(target, _lines(files))
    write_table(target, task.data.predictions_format)
    predicted = _sum(files, source, {name: name for name in task.labels.names})
    if predicted.pairs is not None:
        predicted.metrics |= {f"predict_{name}": value for name, value in task.score(predicted.pairs).items()}
    return predicted


def _write(file: Path, content: dict[str, Any], part: Split) -> None:
    try:
        write_json(file, {"sha256": _digest(content), "content": content}, indent=None)
    except UserError as error:
        rows = f"rows {part.rows[0].number} to {part.rows[-1].number}"
        cure = "leave --fp16, --fp16_full_eval and --bf16_full_eval out"
        raise UserError(f"{rows}: some score is no number (nan or infinite); {cure}", file=part.file) from error


def _predict_part(trainer: HeadTrainer, task: Task, prepared: PreparedSplit) -> dict[str, Any]:
    output: Any = trainer.predict(prepared.features, metric_key_prefix="predict")
    pairs, records = task.pairs(prepared, output), task.records(prepared, output)
    observed = None
    if task.data.report and pairs is not None and trainer.is_world_process_zero():
        observed = observe(task, prepared, output, pairs, records)
    return {
        "loss": output.metrics.get("predict_loss"),
        "labels": trainer.loss_labels,  # that the loss is a mean over
        "seconds": output.metrics["predict_runtime"],
        "steps": round(output.metrics["predict_runtime"] * output.metrics["predict_steps_per_second"]),
        "counts": count_split(task, prepared),
        "pairs": pairs,
        "observed": observed,
        "records": [record | more for record, more in zip(records, task.records_with(prepared, output), strict=True)],
    }


def _kept(file: Path) -> dict[str, Any] | None:
    """What is kept of a part; None where nothing is, or it was changed since."""
    found = json_fields(file)
    content = found.get("content")
    return content if content is not None and found.get("sha256") == _digest(content) else None


def _read(file: Path) -> dict[str, Any]:
    content = _kept(file)
    if content is None:
        raise UserError("was changed while the run was at work; give the same command again", file=file)
    return content


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _lines(files: list[Path]) -> Iterator[str]:
    for file in files:
        for record in _read(file)["records"]:
            yield json.dumps(record, ensure_ascii=False) + "\n"


def _sum(files: list[Path], source: str, names: dict[str, str]) -> Predicted:
    """What all parts say together.

    Args:
        names: the labels, so that a million rows share the texts of their names.
    """

    def shared(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(shared, value))
        return names.get(value, value) if isinstance(value, str) else value

    counts: Counter[str] = Counter()
    pairs: Pairs | None = {}
    loss, labels, seconds, steps = 0.0, 0.0, 0.0, 0
    unscored: list[str] = []
    observed: list[dict[str, Any]] = []
    for file in files:
        content = _read(file)
        if content["pairs"] is None:
            unscored.append(f"{counts['rows'] + 1:,} to {counts['rows'] + content['counts']['rows']:,}")
        counts.update(content["counts"])
        seconds += content["seconds"]
        steps += content["steps"]
        loss += content["labels"] * (content["loss"] or 0.0)
        labels += content["labels"]
        if pairs is None or content["pairs"] is None:
            pairs = None  # some rows have no label: nothing is scored
        else:
            for name, values in content["pairs"].items():
                pairs.setdefault(name, []).extend(shared(values))
            observed += [content["observed"]] if content["observed"] else []
    if 0 < len(unscored) < len(files):
        message = "%s: there are labels, but not everywhere among the rows %s: all are predicted, none is scored"
        logger.warning(message, source, listed(unscored))
    metrics = {} if pairs is None else {"predict_loss": loss / max(labels, 1)}
    metrics |= {
        "predict_runtime": round(seconds, 4),
        "predict_samples_per_second": round(counts["inputs"] / seconds, 3),
        "predict_steps_per_second": round(steps / seconds, 3),
        "predict_samples": counts["rows"],
    }
    whole = merge_observed(observed) if pairs and observed else None
    return Predicted(metrics=metrics, pairs=pairs, observed=whole, report=summarise(source, counts))

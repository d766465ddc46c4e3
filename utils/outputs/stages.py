"""What a run does: it trains, evaluates and predicts as the flags say, and writes all that the interface promises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..arguments import Arguments
from ..data.splits import Split
from ..files import replace_file
from ..tasks import PreparedSplit, Task
from ..tasks.base import Pairs
from ..training.trainer import HeadTrainer
from .card import write_card
from .figures import draw_scores, draw_training
from .hub import push
from .predictions import predict
from .run_record import Record, run_record


def run_stages(
    trainer: HeadTrainer,
    task: Task,
    arguments: Arguments,
    prepared: Mapping[str, PreparedSplit],
    test: Iterable[Split],
    report: dict[str, Any],
    record: Record,
) -> None:
    """Trains, evaluates and predicts, and writes results, predictions, reports, figures and the card.

    Args:
        prepared: the splits of this run that are held in memory.
        test: the parts of what is to be predicted.
        report: on the data of `prepared`.
    """
    training = arguments.training
    output_dir = training.folder
    metrics: dict[str, float] = {}

    def save_metrics(stage: str, values: Any) -> None:
        trainer.log_metrics(stage, values)
        trainer.save_metrics(stage, values)
        metrics.update(values)

    if training.do_train:
        outcome = trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
        trainer.save_model(_internal_call=True)  # without a push: results and card are still to come
        trainer.save_state()
        save_metrics("train", outcome.metrics | {"train_samples": len(prepared["train"].split.rows)})
    last_pairs: Pairs | None = None  # of the last split that was scored: the test rows where they have labels
    if training.do_eval:
        validation = prepared["validation"]
        output: Any = trainer.predict(validation.features, metric_key_prefix="eval")
        last_pairs = task.pairs(validation, output)
        trainer.log(output.metrics)
        save_metrics("eval", output.metrics | {"eval_samples": len(validation.split.rows)})
    if training.do_predict:
        trainer.compute_metrics = None  # it scores the validation rows; a part alone has no score
        options = (arguments.model, arguments.data, training.bf16, training.fp16)
        predicted = predict(trainer, task, test, prepared.get("test"), options, output_dir)
        last_pairs = predicted.pairs or last_pairs
        save_metrics("predict", predicted.metrics)
        if "test" not in prepared:
            report["test"] = predicted.report
    if trainer.is_world_process_zero():
        write_json(output_dir / "data_report.json", report)
        run = run_record(trainer, arguments, report, metrics, record)
        if training.do_train:
            draw_training(trainer.state.log_history, output_dir / "training.png")
            if last_pairs is not None:
                draw_scores(task, last_pairs, output_dir / "scores.png")
            by_class = task.by_class(last_pairs) if last_pairs is not None else {}
            write_card(trainer.model.config, task, arguments, run, report, by_class, chosen_weights(trainer))
        write_json(output_dir / "run.json", run)  # the last of them: where it is, everything is
    if training.push_to_hub:
        push(trainer)


def write_json(path: Path, content: Any) -> None:
    """Writes a JSON file, as a whole or not at all."""
    replace_file(path, [json.dumps(content, ensure_ascii=False, indent=2) + "\n"])


def chosen_weights(trainer: HeadTrainer) -> str:
    """Which of a training's weights are the ones that were scored and saved, in words."""
    state = trainer.state
    if trainer.args.load_best_model_at_end and state.best_global_step:
        by = trainer.args.metric_for_best_model
        return f"step {state.best_global_step} of {state.global_step}, the best by {by} on the validation rows"
    return f"the last of {state.global_step} steps"

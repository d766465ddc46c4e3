"""What a run does: it trains, evaluates and predicts as the flags say, and writes all that the interface promises."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..arguments import Arguments
from ..data.splits import Split
from ..files import read_record, write_json
from ..tasks import PreparedSplit, Task
from ..tasks.base import Pairs
from ..training.progress import log_line
from ..training.trainer import HeadTrainer
from .analysis import analyse, observe, write_analysis
from .answer_table import show_answers
from .calibration import calibrate
from .card import scores_of, write_card
from .closing import closing_lines
from .figures import draw_reliability, draw_scores, draw_training
from .hub import push
from .language import language_of
from .predictions import predict
from .run_folder import clear, finish, staged
from .run_record import Record, run_record

logger = logging.getLogger(__name__)


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

    All of it is written into a folder beside what an earlier run left, and takes its place at the end. A run without such
    stages prints what the model says of the texts that were typed.

    Args:
        prepared: the splits of this run that are held in memory.
        test: the parts of what is to be predicted.
        report: on the data of `prepared`.
    """
    training = arguments.training
    if not training.leaves_files:
        show_answers(trainer, task, test)
        return
    if training.do_train:
        outcome = trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
        trainer.check_weights()
    language: str | None = None
    with staged(training.folder) as stage:
        if trainer.is_world_process_zero():
            clear(stage)
        metrics: dict[str, float] = {}
        if training.do_train:
            trainer.save_model(str(stage), _internal_call=True)  # without a push: results and card are still to come
            if trainer.is_world_process_zero():
                trainer.state.save_to_json(str(stage / "trainer_state.json"))
            results = _train_results(trainer, outcome.metrics)
            language = language_of(task.texts(prepared["train"].split))
            metrics |= _save(trainer, stage, "train", results, len(prepared["train"].split.rows))
        analyses: dict[str, dict[str, Any]] = {}
        last_pairs: Pairs | None = None  # of the last split that was scored: the test rows where they have labels
        if training.do_eval:
            validation = prepared["validation"]
            output: Any = trainer.predict(validation.features, metric_key_prefix="eval")
            if training.calibrate:
                task, changed = calibrate(trainer, task, validation, output, stage)
                output.metrics.update(changed)
            last_pairs = task.pairs(validation, output)
            _log_scores(trainer, output.metrics)
            if arguments.data.report and last_pairs is not None and trainer.is_world_process_zero():
                records = task.records(validation, output)
                observed = observe(task, validation, output, last_pairs, records)
                # With --calibrate the pairs are calibrated, and the metrics those of the plain model first.
                scores = task.score(last_pairs) if training.calibrate else scores_of(output.metrics, "eval_")
                analyses["validation"] = analyse(task, validation.split.file, last_pairs, observed, scores)
            metrics |= _save(trainer, stage, "eval", output.metrics, len(validation.split.rows))
        if training.do_predict:
            trainer.compute_metrics = None  # it scores the validation rows; a part alone has no score
            loss = (training.loss, training.focal_gamma, training.class_weights, training.label_smoothing_factor)
            options = (arguments.model, arguments.data, training.bf16, training.fp16, loss, task.calibration)
            predicted = predict(
                trainer, task, test, prepared.get("test"), options, training.folder, stage / "predictions.jsonl"
            )
            last_pairs = predicted.pairs or last_pairs
            if predicted.pairs and predicted.observed:
                name, file = arguments.data.predict_split, predicted.report["file"]
                scores = scores_of(predicted.metrics, "predict_")
                analyses[name] = analyse(task, file, predicted.pairs, predicted.observed, scores)
            if trainer.is_world_process_zero():
                logger.info("%s", log_line(predicted.metrics))
            metrics |= _save(trainer, stage, "predict", predicted.metrics, None)
            if "test" not in prepared:
                report["test"] = predicted.report
        if trainer.is_world_process_zero():
            write_json(stage / "all_results.json", metrics)
            write_json(stage / "data_report.json", report)
            if training.calibrate and last_pairs is not None:
                rows = "test rows" if training.do_predict and predicted.pairs else "validation rows, which chose it"
                draw_reliability(task, last_pairs, rows, stage / "reliability.png")
            if analyses:
                title = training.hub_model_id or training.folder.resolve().name
                write_analysis(stage, task, trainer.model.config, analyses, report, title)
            elif arguments.data.report:
                logger.warning("--report: no row with a label was scored, so there is nothing to report on")
            run = run_record(trainer, arguments, report, metrics, record)
            if training.do_train:
                whole = task.metric.bounds("accuracy")[1]
                draw_training(trainer.state.log_history, stage / "training.png", whole)
                if last_pairs is not None:
                    draw_scores(task, last_pairs, stage / "scores.png")
                write_card(
                    stage,
                    trainer.model.config,
                    task,
                    arguments,
                    run=run,
                    report=report,
                    by_class=task.by_class(last_pairs) if last_pairs is not None else {},
                    chosen=chosen_weights(trainer),
                    language=language,
                    repository=trainer.hub_model_id,
                )
            write_json(stage / "run.json", run)
            finish(stage, training.folder)
    if training.push_to_hub:
        push(trainer)
    for line in closing_lines(task, arguments, metrics, language):
        logger.info("%s", line)


def _train_results(trainer: HeadTrainer, results: dict[str, float]) -> dict[str, float]:
    """The results of the training; where it was finished before and is resumed, those of then, as far as they are there."""
    results.pop("total_flos", None)  # an estimate that leaves out the head
    if trainer.state.global_step > trainer.first_step:
        return results
    file, checkpoint = trainer.args.folder / "train_results.json", Path(trainer.args.resume_from_checkpoint or "")
    if file.is_file() and file.stat().st_mtime > checkpoint.stat().st_mtime:
        return read_record(file, {str: float}, "delete it")
    return results


def _save(
    trainer: HeadTrainer, folder: Path, stage: str, metrics: dict[str, float], samples: int | None
) -> dict[str, float]:
    """Writes the results of a stage; returns them with the number of rows, where that is given."""
    if samples is not None:
        metrics = metrics | {f"{stage}_samples": samples}
    if trainer.is_world_process_zero():
        write_json(folder / f"{stage}_results.json", metrics)
    return metrics


def _log_scores(trainer: HeadTrainer, metrics: dict[str, float]) -> None:
    """Logs the scores of the validation rows at the step whose weights were scored: after a training the best, where it was loaded."""
    state = trainer.state
    step, epoch = state.global_step, state.epoch
    if trainer.args.load_best_model_at_end and state.best_global_step:
        epochs = [entry["epoch"] for entry in state.log_history if entry["step"] == state.best_global_step]
        if epochs:
            state.global_step, state.epoch = state.best_global_step, epochs[-1]
    trainer.log(metrics)
    state.global_step, state.epoch = step, epoch
    if "epoch" in metrics:
        metrics["epoch"] = epoch  # in the results, that of the whole training


def chosen_weights(trainer: HeadTrainer) -> str:
    """Which of a training's weights are the ones that were scored and saved, in words."""
    state = trainer.state
    if trainer.args.load_best_model_at_end and state.best_global_step:
        by = trainer.args.metric_for_best_model
        return f"step {state.best_global_step} of {state.global_step}, the best by {by} on the validation rows"
    return f"the last of {state.global_step} steps"

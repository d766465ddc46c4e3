# PYTHON_ARGCOMPLETE_OK
"""Predicts with several trained checkpoints as one: the mean of their probabilities, for classes, sets, scores and tags.

    python ensemble.py runs/quickstart/dense runs/quickstart/cnn runs/quickstart/lstm \\
        --test_file examples/reviews/test.txt --output_dir runs/reviews-ensemble

All other flags are those that the script takes which trained them, and so are the files that it leaves.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any, cast

from utils.arguments import ModelArguments, parse_arguments, program
from utils.data.splits import label_rows, load_splits
from utils.errors import UserError, run, without_debug
from utils.models.configuration import check_length, load_config, read_config
from utils.models.ensemble import load_ensemble
from utils.outputs.data_report import data_report, show_report
from utils.outputs.run_record import Record
from utils.outputs.stages import run_stages
from utils.tasks import TASKS, QuestionAnswering, SequenceClassification, Task
from utils.training.setup import start_run
from utils.training.trainer import build_trainer


def main() -> None:
    record = Record()
    runs, words = split_words(without_debug(sys.argv[1:]))
    task_class = task_of(runs)
    named = ["--model_name_or_path", runs[0]] if runs else []  # without runs --help is asked for
    words = [*named, "--do_predict", "true", *words]
    arguments = parse_arguments(task_class.arguments, words, description=__doc__)
    model_arguments, data, training = arguments
    if training.do_train:
        raise UserError("an ensemble is made of runs that are trained: leave --do_train out")
    if training.calibrate:
        raise UserError("--calibrate writes into a checkpoint, and an ensemble has none of its own: leave it out")
    start_run(training)

    model, tokenizer = load_ensemble(runs, model_arguments, task_class.model_class)
    for config in model.configs:
        data.max_seq_length = check_length(data.max_seq_length, config, tokenizer)

    config = load_config(model_arguments, task_class.model_class, False, calibrate=True)  # not that of one of them
    task = task_class(data, tokenizer, config)
    with training.main_process_first():
        splits, test = load_splits(data, training, task.read, task.groups, task.check)
        rows, test = label_rows(splits, test)
        task = task.with_labels(config, rows).with_decoder(model)
        prepared = {name: task.prepare(split) for name, split in splits.items()}
    fields = task.config_fields()
    if "windows" in fields:  # texts are read in the same ones by all
        for own in model.configs:
            own.windows = fields["windows"]
    report = data_report(task, prepared)
    show_report(report, task)

    trainer = build_trainer(cast(Any, model), task, arguments, prepared)
    run_stages(trainer, task, arguments, prepared, test, report, record)


def split_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The runs, which come first, and the flags.

    Raises:
        UserError: fewer than two runs, or one twice.
    """
    count = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    runs, flags = [*words[:count]], [*words[count:]]
    if "--help" in flags or "-h" in flags or "_ARGCOMPLETE" in os.environ:  # a shell names no words
        return runs, flags
    if len(runs) < 2:
        how = f"{program()} RUN RUN --test_file FILE --output_dir DIR"
        raise UserError(f"name two or more runs, then the flags: {how}")
    twice = [one for i, one in enumerate(runs) if one in runs[:i]]
    if twice:
        raise UserError(f"{twice[0]} is named twice, and would count twice")
    return runs, flags


def task_of(runs: Sequence[str]) -> type[Task]:
    """What the first run was trained for.

    Raises:
        UserError: it is no fine-tuned checkpoint, or answers questions.
    """
    if not runs:
        return SequenceClassification
    made_by = (read_config(ModelArguments(model_name_or_path=runs[0])).architectures or ["model without a class"])[0]
    for task in TASKS.values():
        if made_by.endswith(task.model_class.__name__.removeprefix("HeadedEncoder")):
            if task is QuestionAnswering:
                message = "answers are ranked over windows by numbers that are no probabilities, and have no mean"
                raise UserError(f"{runs[0]} answers questions: {message}; an ensemble is for classes, scores and tags")
            return task
    raise UserError(f"{runs[0]} is a {made_by}: an ensemble is made of fine-tuned checkpoints")


if __name__ == "__main__":
    run(main)

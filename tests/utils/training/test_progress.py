"""The lines of a training."""

from types import SimpleNamespace

import pytest
import torch
from transformers import PrinterCallback, ProgressCallback, Trainer, TrainingArguments

from utils.training.progress import Bar, Lines, duration, log_line, show_lines


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        (
            {"loss": 0.51234, "grad_norm": 1.0, "learning_rate": 4.5e-05, "epoch": 1.25},
            "step 40 of 1,000, epoch 1.25: loss 0.5123, learning rate 4.5e-05",
        ),
        (
            {
                "eval_loss": 0.25,
                "eval_macro_f1": 0.5,
                "eval_runtime": 8.26,
                "eval_samples_per_second": 122.1,
                "epoch": 1,
            },
            "validation rows at step 40: loss 0.25, macro f1 0.5 (8 s)",
        ),
        (
            {
                "train_runtime": 6100.0,
                "train_loss": 0.75,
                "total_flos": 1e12,
                "train_steps_per_second": 2.0,
                "epoch": 4,
            },
            "training: loss 0.75 (1.7 h)",
        ),
        ({"train_runtime": 0.2, "epoch": 4}, "training: no step was left to make (0 s)"),
        ({"predict_samples": 1200, "predict_runtime": 200.0}, "test rows: samples 1,200 (3 min)"),
    ],
    ids=["steps", "evaluation", "end", "resumed at its end", "prediction"],
)
def test_one_line_for_each_entry(logs, expected):
    assert log_line(logs, 40, 1000) == expected


def test_dictionaries_give_way_and_notebooks_keep_their_table(tmp_path):
    for quiet, theirs, ours in ((True, PrinterCallback, Lines), (False, ProgressCallback, Bar)):
        trainer = Trainer(torch.nn.Linear(1, 1), TrainingArguments(str(tmp_path), disable_tqdm=quiet, report_to="none"))
        show_lines(trainer)
        kinds = [type(callback) for callback in trainer.callback_handler.callbacks]
        assert ours in kinds and theirs not in kinds
        trainer.remove_callback(ours)
        show_lines(trainer)  # what is not there is not replaced
        assert ours not in [type(callback) for callback in trainer.callback_handler.callbacks]


def test_what_is_scored_after_the_training_has_its_line_in_a_terminal_too(capsys):
    Bar().on_log(
        None, SimpleNamespace(is_world_process_zero=True, global_step=40, max_steps=80), None, {"eval_loss": 0.25}
    )
    assert capsys.readouterr().out == "validation rows at step 40: loss 0.25\n"


def test_seconds_as_people_say_them():
    assert [duration(seconds) for seconds in (0.4, 99, 100, 5999, 6000)] == ["0 s", "99 s", "2 min", "100 min", "1.7 h"]

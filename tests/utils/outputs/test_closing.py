"""The last lines of a run."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from utils.arguments import Arguments, DataArguments, HeadTrainingArguments, ModelArguments, program
from utils.metrics.catalogue import CLASSES
from utils.outputs.closing import closing_lines, example_command

TASK = SimpleNamespace(
    script="run_seq_cls.py",
    metric=CLASSES,
    labels=SimpleNamespace(names=["no", "yes"]),
    example=lambda language: {"text": {"ko": "맑습니다.", "en": "It's fine."}[language], "text_pair": "too"},
)


@pytest.mark.parametrize(
    ("flags", "metrics", "expected"),
    [
        (
            {"do_train": True, "do_eval": True},
            {"eval_accuracy": 0.51234, "eval_samples": 1200},
            [
                "model: my runs/a",
                "score: accuracy 0.5123 on 1,200 validation rows",
                "next: python run_seq_cls.py --model_name_or_path 'my runs/a' --text '맑습니다.' --text_pair too",
            ],
        ),
        (
            {"do_predict": True},
            {"eval_accuracy": 0.5, "eval_samples": 2, "predict_accuracy": 0.75, "predict_samples": 4},
            ["predictions: my runs/a/predictions.jsonl", "score: accuracy 0.75 on 4 test rows"],
        ),
        ({"do_predict": True}, {"predict_samples": 4}, ["predictions: my runs/a/predictions.jsonl"]),
    ],
)
def test_where_things_are_the_score_and_what_next(flags, metrics, expected, monkeypatch):
    monkeypatch.setattr("sys.argv", ["somewhere/run_seq_cls.py"])
    training = HeadTrainingArguments(output_dir="my runs/a", **flags)
    arguments = Arguments(ModelArguments(config_name="c"), DataArguments, training)
    assert closing_lines(TASK, arguments, metrics, "ko") == expected


def test_the_installed_command(monkeypatch):
    monkeypatch.setattr("sys.argv", ["electra-heads qa", "recipe.yaml"])
    assert program() == "electra-heads qa"
    assert example_command(TASK, Path("a"), None) == (
        """electra-heads seq-cls --model_name_or_path a --text 'It'"'"'s fine.' --text_pair too"""
    )

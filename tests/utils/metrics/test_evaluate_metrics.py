"""The metrics as objects of `evaluate`, with values that were worked out by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from utils.metrics.evaluate_metrics import (
    MultiLabelMetric,
    QuestionAnsweringMetric,
    RegressionMetric,
    RelationExtractionMetric,
    SequenceClassificationMetric,
    TaggingMetric,
)

ROOT = Path(__file__).resolve().parents[3]
KLUE_NER_TAGS = [f"{prefix}-{kind}" for kind in ("PS", "LC", "OG", "DT", "TI", "QT") for prefix in "BI"] + ["O"]
RELATIONS = ["no_relation", "org:founded", "per:origin"]
METRICS = [
    SequenceClassificationMetric,
    MultiLabelMetric,
    RegressionMetric,
    RelationExtractionMetric,
    TaggingMetric,
    QuestionAnsweringMetric,
]


pytestmark = pytest.mark.usefixtures("no_warnings")


CASES = [
    (
        SequenceClassificationMetric,
        np.array([0, 1, 1, 1]),
        np.array([0, 0, 1, 2]),
        {},
        {"accuracy": 0.5, "macro_f1": 7 / 18},
    ),
    (MultiLabelMetric, [[1, 0], [0, 1]], [[1, 0], [1, 1]], {}, {"accuracy": 0.5, "micro_f1": 0.8, "macro_f1": 5 / 6}),
    (
        RegressionMetric,
        np.array([2.0, 3.0], dtype=np.float32),
        [1.0, 4.0],
        {"positive_from": 3.0},
        {"pearsonr": 1.0, "spearmanr": 1.0, "mse": 1.0, "f1": 1.0},
    ),
    (
        RelationExtractionMetric,
        np.array([[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.3, 0.7, 0.0]]),
        [1, 0, 1],
        {"relations": RELATIONS},
        {"micro_f1": 0.8, "auprc": 25 / 48},
    ),
    (
        TaggingMetric,
        [["B-PS", "O", "O", "O"], []],
        [["B-PS", "I-PS", "O", "O"], []],
        {"tag_names": KLUE_NER_TAGS, "characters": True},
        {
            "entity_f1": 0.0,
            "entity_macro_f1": 0.0,
            "entity_precision": 0.0,
            "entity_recall": 0.0,
            "accuracy": 0.75,
            "char_macro_f1": 11.8 / 13,
            "char_macro_f1_without_o": 11 / 12,
        },
    ),
    (
        QuestionAnsweringMetric,
        ["", "세종대왕은"],
        [[], ["세종대왕"]],
        {"style": "klue-mrc", "question_types": [3, 1]},
        {
            "exact_match": 50.0,
            "f1": 850 / 9,
            "rouge_w": 850 / 9,
            "has_answer_exact_match": 0.0,
            "has_answer_f1": 800 / 9,
            "has_answer_rouge_w": 800 / 9,
            "no_answer_accuracy": 100.0,
            "exact_match_type_1": 0.0,
            "f1_type_1": 800 / 9,
            "rouge_w_type_1": 800 / 9,
            "exact_match_type_3": 100.0,
            "f1_type_3": 100.0,
            "rouge_w_type_3": 100.0,
        },
    ),
]


@pytest.mark.parametrize(("metric", "predictions", "references", "options", "expected"), CASES)
def test_metric_objects(metric, predictions, references, options, expected, tmp_path):
    scorer = metric(keep_in_memory=True, cache_dir=str(tmp_path))
    scores = scorer.compute(predictions=predictions, references=references, **options)
    assert scores == pytest.approx(expected)
    assert all(type(score) is float for score in scores.values())
    half = len(references) // 2
    scorer.add_batch(predictions=predictions[:half], references=references[:half])
    scorer.add_batch(predictions=predictions[half:], references=references[half:])
    assert scorer.compute(**options) == pytest.approx(expected)
    assert list(tmp_path.iterdir()) == []
    assert scorer.description
    assert scorer.citation
    assert scorer.inputs_description in scorer.compute.__doc__


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_keeps_in_memory_without_being_told(metric, tmp_path):
    assert metric(cache_dir=str(tmp_path)).keep_in_memory
    assert list(tmp_path.iterdir()) == []


def test_a_metric_refuses_a_text_for_a_list_of_texts():
    with pytest.raises(ValueError, match="expected a list"):
        QuestionAnsweringMetric().compute(predictions=["가"], references=["가"])


PROCESS = """
import socket, sys, time

def refuse(*arguments, **options):
    raise OSError("no network here")

socket.socket.connect = refuse
from utils.metrics.evaluate_metrics import SequenceClassificationMetric, TaggingMetric

print("ready", flush=True)
sys.stdin.readline()
until = time.monotonic() + 1
while time.monotonic() < until:
    first, second = SequenceClassificationMetric(), TaggingMetric()
    first.add_batch(predictions=[0, 1], references=[0, 0])
    second.add_batch(predictions=[["B-PS"]], references=[["B-PS"]])
    assert first.compute()["accuracy"] == 0.5
    assert second.compute()["entity_f1"] == 1.0
print("done")
"""


@pytest.mark.long
def test_two_processes_compute_at_once_offline_and_leave_nothing(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HOME": str(home), "HF_HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROCESS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert output == "done\n", errors
    assert list(home.rglob("*")) == []

"""A metric that does not fit the labels is found in the training rows, before anything runs."""

from __future__ import annotations

import pytest
from comparison_plans import plan, write

from comparison.gathering.rows import check_metric
from utils.errors import UserError

CLASSES = "text,label\none,good\ntwo,bad\n"
SCORES = "text,label\none,0.5\ntwo,1.5\n"
SETS = '{"text": "one", "label": ["a"]}\n{"text": "two", "label": ["a", "b"]}\n'
POS = "I\tPRON\ngo\tVERB\n\nwe\tPRON\nstay\tVERB\n"
ENTITIES = "Kim\tB-PER\nsleeps\tO\n\nthe\tO\nrain\tO\n"


def check(script: str, file: str, text: str, metric: str, tokenizer) -> None:
    write(file, text)
    words = ["--script", script, "--config_name", "encoder", "--tokenizer_name", tokenizer, "--output_dir", "out"]
    found = plan(*words, "--train_file", file, "--test_file", file, "--metric", metric)
    check_metric(found.load_task(), found.arguments, metric)


@pytest.mark.parametrize(
    ("script", "file", "text", "metric", "known"),
    [
        ("run_seq_cls.py", "a.csv", CLASSES, "pearsonr", "(classification), give one of accuracy, macro_f1"),
        ("run_seq_cls.py", "a.csv", SCORES, "accuracy", "(regression), give one of pearsonr, mse"),
        ("run_seq_cls.py", "a.jsonl", SETS, "mse", "(multi_label), give one of accuracy, micro_f1, macro_f1"),
        ("run_token_cls.py", "a.tsv", POS, "entity_f1", "(tagging), give one of accuracy, char_macro_f1,"),
        ("run_token_cls.py", "a.tsv", ENTITIES, "macro_f1", "(tagging), give one of accuracy, char_macro_f1,"),
    ],
)
def test_metrics_of_other_labels(place, tiny_tokenizer_folder, script, file, text, metric, known):
    with pytest.raises(UserError) as caught:
        check(script, file, text, metric, tiny_tokenizer_folder)
    assert str(caught.value).startswith(f"--metric {metric} does not fit these labels {known}")


@pytest.mark.parametrize(
    ("script", "file", "text", "metric"),
    [
        ("run_seq_cls.py", "a.csv", CLASSES, "macro_f1"),
        ("run_seq_cls.py", "a.csv", SCORES, "mse"),
        ("run_token_cls.py", "a.tsv", POS, "macro_f1"),
        ("run_token_cls.py", "a.tsv", ENTITIES, "entity_macro_f1"),
    ],
)
def test_metrics_that_fit(place, tiny_tokenizer_folder, script, file, text, metric):
    check(script, file, text, metric, tiny_tokenizer_folder)

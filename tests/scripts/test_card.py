"""The card that a run leaves: its numbers are those of the weights beside it, its snippet runs, its metadata are valid."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results
from matplotlib.image import imread
from small_data import write_csv
from tiny import run_elsewhere

TASKS = ("seq_cls", "token_cls", "qa")


def card_of(outcome) -> ModelCard:
    return ModelCard.load(outcome.folder / "README.md")


def table(card: ModelCard, header: str) -> list[list[str]]:
    """The cells of the table that begins with this line."""
    lines = card.text.split(f"\n{header}\n")[1].split("\n\n")[0].strip().split("\n")[1:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_of_the_results(learn, task):
    outcome = learn(task, head="cnn")
    card = card_of(outcome)
    shown = {(split, metric): value for split, metric, value in table(card, "| split | metric | value |")}
    indexed = {(result.dataset_split, result.metric_name): result.metric_value for result in card.data.eval_results}
    assert {split for split, _ in shown} == {"validation", "test"}
    assert shown.keys() == indexed.keys()
    for split, stage in (("validation", "eval"), ("test", "predict")):
        scores = outcome.metrics(stage)
        names = {name.removeprefix(f"{stage}_") for name in scores} - {"loss", "samples"}
        assert names and {metric for known, metric in shown if known == split} == names
        for name in names:
            assert shown[split, name] == f"{scores[f'{stage}_{name}']:.4f}"
            assert indexed[split, name] == pytest.approx(scores[f"{stage}_{name}"], abs=1e-12)
    # The library's own check: what it cannot read back is no valid index.
    name, again = model_index_to_eval_results(eval_results_to_model_index("a", card.data.eval_results))
    assert (name, again) == ("a", card.data.eval_results)
    assert card.data.model_name == outcome.folder.name
    assert card.data.pipeline_tag == card.data.eval_results[0].task_type


def test_the_seconds_are_those_of_the_training(learn):
    outcome = learn("seq_cls", head="cnn")
    seconds = outcome.read("train_results.json")["train_runtime"]
    assert f" The training took {seconds:.0f} seconds.\n" in card_of(outcome).text


def test_scores_are_those_of_the_best_weights(run, encoder, files):
    options = {
        "do_train": True,
        "do_eval": True,
        "num_train_epochs": 6,
        "learning_rate": 3e-2,
        "eval_strategy": "epoch",
    }
    options |= {"save_strategy": "epoch", "load_best_model_at_end": True, "metric_for_best_model": "accuracy"}
    options |= {name: files["seq_cls"][name] for name in ("train_file", "validation_file")}
    outcome = run("seq_cls", model_name_or_path=encoder, **options)
    history = [entry for entry in outcome.read("trainer_state.json")["log_history"] if "eval_accuracy" in entry]
    best = max(history, key=lambda entry: entry["eval_accuracy"])
    assert best["eval_accuracy"] > history[-1]["eval_accuracy"], "the last weights are the best: this shows nothing"
    card = card_of(outcome)
    assert f"step {best['step']} of {history[-1]['step']}, the best by accuracy" in card.text
    assert f"| validation | accuracy | {best['eval_accuracy']:.4f} |" in card.text
    again = run("seq_cls", model_name_or_path=outcome.folder, do_eval=True, validation_file=options["validation_file"])
    assert again.metrics("eval")["eval_accuracy"] == best["eval_accuracy"]


@pytest.mark.parametrize("task", TASKS)
def test_what_was_trained_on_and_with_what(learn, files, task):
    outcome = learn(task, head="cnn")
    card = card_of(outcome)
    for split, file, rows, digest in table(card, "| split | file | rows | SHA-256 |"):
        path = files[task][f"{split}_file"]
        assert file == path.name and int(rows) == outcome.read("data_report.json")[split]["rows"]
        assert digest == f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`"
    arguments = dict(table(card, "| argument | value |"))
    assert arguments["learning_rate"] == "`0.001`" and arguments["num_train_epochs"] == "`2.0`"
    others = card.content.replace(f'from_pretrained("{outcome.folder}"', "").replace(f'model="{outcome.folder}"', "")
    assert str(outcome.folder.parent) not in others  # nobody's folders, but where it is loaded from
    assert "with seed 42" in card.text and "torch 2." in card.text
    assert "Licence: not stated." in card.text


def test_every_changed_argument_is_in_the_card(run, encoder, files):
    flags = {"head_learning_rate": 1e-3, "weight_decay": 0.01, "warmup_steps": 0.1, "seed": 7, "max_seq_length": 40}
    flags |= {"lr_scheduler_type": "cosine", "optim": "adamw_torch", "label_smoothing_factor": 0.1, "data_seed": 3}
    flags |= {"text_column_name": "text", "gradient_accumulation_steps": 2, "max_train_samples": 20}
    other = {
        "head": "cnn",
        "head_kwargs": {"num_filters": 7},
        "logging_steps": 1,
        "run_name": "x",
        "save_strategy": "no",
    }
    stages = {"do_train": True, "max_steps": 1, "train_file": files["seq_cls"]["train_file"]}
    outcome = run("seq_cls", model_name_or_path=encoder, **flags, **other, **stages)
    changed = outcome.read("run.json")["changed_from_default"]
    shown = {name: json.loads(value.strip("`")) for name, value in table(card_of(outcome), "| argument | value |")}
    assert shown == {name: changed[name] for name in shown}
    assert shown.keys() == flags.keys() | {"max_steps", "save_strategy"} | ({"use_cpu"} & changed.keys())


@pytest.mark.parametrize("task", TASKS)
def test_the_code_is_listed_with_its_hashes(learn, task):
    outcome = learn(task, head="cnn")
    listed = dict(table(card_of(outcome), "| file | SHA-256 |"))
    assert listed == {
        path.name: f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`" for path in outcome.folder.glob("*.py")
    }
    assert "modeling_headed_encoder.py" in listed


@pytest.mark.parametrize("task", TASKS)
def test_pictures(learn, task):
    outcome = learn(task, head="cnn")
    for name in ("training.png", "scores.png"):
        assert f"]({name})" in card_of(outcome).text
        pixels = imread(outcome.folder / name)
        assert pixels.shape[0] > 100 and len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 10


@pytest.mark.long
def test_the_snippets_run_where_the_project_is_not(learn):
    for task in TASKS:
        outcome = learn(task, head="cnn")
        (snippet,) = re.findall(r"```python\n(.*?)```", card_of(outcome).text, flags=re.DOTALL)
        run_elsewhere(
            snippet + "\nassert ask and model.config.head == 'cnn'", outcome.folder.parent, with_project=False
        )


def test_a_korean_model_says_so_and_asks_about_the_weather(run, encoder, tmp_path):
    rows = [
        {"text": f"주문 {i} 취소할게요" if i % 2 else f"배송 {i} 언제 오나요", "label": "ab"[i % 2]} for i in range(12)
    ]
    stages = {
        "do_train": True,
        "max_steps": 1,
        "train_file": write_csv(tmp_path / "a.csv", rows),
        "save_strategy": "no",
    }
    card = card_of(run("seq_cls", model_name_or_path=encoder, **stages))
    assert card.data.language == "ko" and card.data.to_dict()["widget"] == [{"text": "오늘은 날씨가 맑습니다."}]
    assert 'print(ask("오늘은 날씨가 맑습니다."))' in card.text
    assert "It gives a text one of these classes: a, b. It is for Korean texts of the kind" in card.text
    assert "co2" not in card.content.lower() and "carbon" not in card.content.lower()

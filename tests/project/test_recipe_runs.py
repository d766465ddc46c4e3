"""Every recipe runs on small files of the official format, and reports the scores of its benchmark."""

from __future__ import annotations

import importlib
import json
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmark_files as own
import datasets
import pytest
from benchmark_files import save_encoder, write_benchmark
from published_recipes import EXPECTED, KEYS, RECIPES, script_of
from safetensors.torch import load_file
from transformers import AutoTokenizer

from utils.arguments import SequenceDataArguments
from utils.tasks.relations import MARKERS, read_relations
from utils.tasks.text_features import prepare_tokenizer, tokenize


@pytest.fixture(scope="module")
def encoders(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("encoders")
    return {family: save_encoder(folder / family, family) for family in ("electra", "roberta")}


@pytest.fixture
def run(encoders, tmp_path, monkeypatch) -> Callable[..., Path]:
    """`run(recipe, flag=value, ...)` with a tiny encoder of the family and small official files; gives --output_dir."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    log = logging.getLogger("utils")
    handlers = list(log.handlers)

    def _run(name: str, **flags) -> Path:
        folder = write_benchmark(EXPECTED[name]["task_name"], tmp_path / "data")
        family = "roberta" if name.startswith("klue/") else "electra"  # klue/bert-base too: its values are the same
        output_dir = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        flags = {"data_dir": folder, "model_name_or_path": encoders[family], "output_dir": output_dir} | flags
        words = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))]
        script = importlib.import_module(script_of(name)[:-3])
        monkeypatch.setattr(sys, "argv", [script.__name__, str(RECIPES[name]), *words])
        script.main()
        return output_dir

    yield _run
    log.handlers = handlers


def evaluations(folder: Path) -> list[dict[str, Any]]:
    """What was logged at each evaluation during training."""
    state = json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    return [entry for entry in state["log_history"] if "eval_loss" in entry]


@pytest.mark.parametrize("name", EXPECTED)
def test_runs_on_the_official_files(name, run):
    interval = {} if name.startswith("klue/") else {"eval_steps": 2, "save_steps": 2}
    folder = run(name, max_steps=4, **interval)
    recipe = EXPECTED[name]
    results = json.loads((folder / "all_results.json").read_text(encoding="utf-8"))
    keys = KEYS.get(recipe["task_name"], KEYS["seq_cls"])
    scores = {key.removeprefix("eval_") for key in results if key.startswith("eval_")}
    assert scores - {"loss", "runtime", "samples", "samples_per_second", "steps_per_second"} == keys
    assert all(math.isfinite(value) for value in results.values())
    history = evaluations(folder)
    assert len(history) == (4 if name.startswith("klue/") else 2)
    best = f"eval_{recipe['metric_for_best_model']}"
    assert results[best] == pytest.approx(max(entry[best] for entry in history))  # that of the weights that are kept
    predicted = folder / "predictions.jsonl"
    assert predicted.exists() == recipe.get("do_predict", False)
    if predicted.exists():
        assert {f"predict_{key}" for key in keys} <= results.keys()
        rows = predicted.read_text(encoding="utf-8").splitlines()
        assert len(rows) == results["predict_samples"]
    assert {"train", "validation"} <= json.loads((folder / "data_report.json").read_text(encoding="utf-8")).keys()


@pytest.mark.parametrize("head", ["cnn", "lstm"])
def test_head_study(head, run):
    folder = run("nsmc", head=head, max_steps=2)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["head"] == head


def test_patience_counts_evaluations(run):
    """KLUE-STS: 16 evaluations in 4 epochs; without progress the sixth is the last, after 1.5 epochs."""
    folder = run("klue/sts", max_train_samples=4, per_device_train_batch_size=1, early_stopping_patience=99)
    history = evaluations(folder)
    assert [entry["step"] for entry in history] == list(range(1, 17)) and history[-1]["epoch"] == 4.0
    folder = run("klue/sts", max_train_samples=4, per_device_train_batch_size=1, learning_rate=0)
    history = evaluations(folder)
    assert len(history) == 6 and history[-1]["epoch"] == 1.5


def test_klue_roberta_has_no_token_types(encoders, run):
    """Its tokenizer emits type 1 for the second sentence, its encoder has one type only: an index error if passed on."""
    tokenizer = AutoTokenizer.from_pretrained(encoders["roberta"])
    assert 1 in tokenizer("한별은", "누리시에")["token_type_ids"]
    weights = load_file(encoders["roberta"] / "model.safetensors")
    assert weights["embeddings.token_type_embeddings.weight"].shape[0] == 1
    results = json.loads((run("klue/nli", max_steps=1) / "all_results.json").read_text(encoding="utf-8"))
    assert results["eval_samples"] == 6


def test_a_checkpoint_for_relations_reads_the_same_text(run, tmp_path):
    folder = run("klue/re", max_steps=2)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert all(marker in tokenizer.get_added_vocab() for marker in MARKERS)
    embedded = load_file(folder / "model.safetensors")["encoder.embeddings.word_embeddings.weight"]
    assert embedded.shape[0] == len(tokenizer) == len(own.tokenizer()) + 4
    rows = [row.fields["text"] for row in read_relations(tmp_path / "data" / "klue-re-v1.1_dev.json")]
    fresh = own.tokenizer()
    prepare_tokenizer(fresh, SequenceDataArguments(task_name="klue-re", data_dir=str(tmp_path / "data")))
    batch = {"text": rows, "row": list(range(len(rows)))}
    assert tokenize(batch, tokenizer, 256) == tokenize(batch, fresh, 256)
    # Evaluated once more, from the checkpoint alone.
    again = run("klue/re", model_name_or_path=folder, do_train=False)
    results = [json.loads((one / "eval_results.json").read_text(encoding="utf-8")) for one in (folder, again)]
    for name in ("eval_loss", "eval_micro_f1", "eval_auprc"):
        assert results[1][name] == pytest.approx(results[0][name], rel=1e-6)

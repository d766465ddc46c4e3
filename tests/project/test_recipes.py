"""The recipes: their values are the published ones, each runs on files of the official format, and evaluates as published."""

from __future__ import annotations

import importlib
import json
import logging
import math
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmark_files as own
import datasets
import pytest
import yaml
from benchmark_files import FILES, save_encoder, write_benchmark
from safetensors.torch import load_file
from transformers import AutoTokenizer
from transformers.trainer_callback import TrainerState

from utils.arguments import (
    HeadTrainingArguments,
    QADataArguments,
    SequenceDataArguments,
    TokenDataArguments,
    parse_arguments,
)
from utils.benchmarks import BENCHMARKS
from utils.tasks.relations import MARKERS, read_relations
from utils.tasks.text_features import prepare_tokenizer, tokenize

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = {
    "run_seq_cls.py": SequenceDataArguments,
    "run_token_cls.py": TokenDataArguments,
    "run_qa.py": QADataArguments,
}

# KLUE-baseline, run_all.sh. The values left out there are the code's own: rate 5e-5, batch 32, no warm-up, patience 5.
KLUE_COLUMNS = "model script learning_rate batch epochs warmup max_seq_length patience metric".split()
KLUE: dict[str, tuple] = {
    "ynat": ("roberta-base", "seq_cls", 5e-5, 32, 4, 0.1, 128, None, "macro_f1"),
    "ynat-large": ("roberta-large", "seq_cls", 5e-5, 32, 4, 0.2, 128, None, "macro_f1"),
    "sts": ("roberta-base", "seq_cls", 5e-5, 32, 4, 0.1, 128, 5, "pearsonr"),
    "sts-large": ("roberta-large", "seq_cls", 2e-5, 32, 4, 0.1, 128, 5, "pearsonr"),
    "nli": ("roberta-base", "seq_cls", 5e-5, 32, 5, 0.1, 128, 5, "accuracy"),
    "nli-large": ("roberta-large", "seq_cls", 5e-5, 32, 5, 0.2, 128, 5, "accuracy"),
    "ner": ("roberta-base", "token_cls", 5e-5, 32, 3, 0, 510, 5, "char_macro_f1"),
    "ner-large": ("roberta-large", "token_cls", 1e-5, 8, 3, 0, 510, 5, "char_macro_f1"),
    "re": ("roberta-base", "seq_cls", 5e-5, 32, 3, 0.1, 256, None, "micro_f1"),
    # Published for 10 epochs on two GPUs with a schedule that ends half-way: on one GPU 5 epochs.
    "re-large": ("roberta-large", "seq_cls", 2e-5, 16, 5, 0.2, 256, None, "micro_f1"),
    "mrc": ("roberta-base", "qa", 3e-5, 16, 5, 0, 510, None, "rouge_w"),
    "mrc-bert": ("bert-base", "qa", 3e-5, 16, 5, 0, 512, None, "rouge_w"),
}
KLUE_ROWS = {"ynat": 45_678, "klue-sts": 11_668, "klue-nli": 24_998, "klue-ner": 21_008, "klue-re": 32_470}
KLUE_ROWS["klue-mrc"] = 17_554  # questions; there are more windows

# KoELECTRA, finetune/config: rate, batches for training and evaluation, epochs, length, steps between evaluations.
KOELECTRA: dict[str, tuple] = {
    "nsmc": ("seq_cls", 5e-5, 32, 128, 10, 128, 2000, "accuracy"),
    "naver-ner": ("token_cls", 5e-5, 32, 128, 20, 128, 1000, "entity_f1"),
    "paws": ("seq_cls", 3e-5, 32, 64, 15, 128, 1000, "accuracy"),
    "kornli": ("seq_cls", 5e-5, 64, 256, 15, 128, 3000, "accuracy"),
    "korsts": ("seq_cls", 5e-5, 32, 64, 10, 128, 100, "spearmanr"),
    "question-pair": ("seq_cls", 5e-5, 32, 64, 10, 128, 100, "accuracy"),
    "korquad": ("qa", 5e-5, 8, 32, 7, 512, 1000, "f1"),
    "hate-speech": ("seq_cls", 5e-5, 32, 64, 10, 128, 100, "macro_f1"),
}
ALWAYS = {"seed": 42, "do_train": True, "do_eval": True, "train_sampling_strategy": "random"}
ALWAYS |= {"eval_strategy": "steps", "save_strategy": "steps", "save_total_limit": 1}
ALWAYS |= {"load_best_model_at_end": True, "greater_is_better": True}


def expected_recipes() -> dict[str, dict[str, Any]]:
    """What each recipe must say, and nothing else; of KLUE without the interval of evaluations."""
    recipes = {}
    for name, values in KLUE.items():
        row = dict(zip(KLUE_COLUMNS, values, strict=True))
        task = name.split("-")[0]
        recipes[f"klue/{name}"] = ALWAYS | {
            "task_name": "ynat" if task == "ynat" else f"klue-{task}",
            "model_name_or_path": f"klue/{row['model']}",
            "learning_rate": row["learning_rate"],
            "per_device_train_batch_size": row["batch"],
            "per_device_eval_batch_size": 64,
            "num_train_epochs": row["epochs"],
            "warmup_steps": row["warmup"],
            "max_seq_length": row["max_seq_length"],
            "metric_for_best_model": row["metric"],
        }
        if row["patience"]:
            recipes[f"klue/{name}"]["early_stopping_patience"] = row["patience"]
        if task == "mrc":
            recipes[f"klue/{name}"] |= {"doc_stride": 128, "legacy_doc_stride": True}
    for name, (script, rate, train_batch, eval_batch, epochs, length, steps, metric) in KOELECTRA.items():
        recipes[f"koelectra/{name}"] = ALWAYS | {
            "task_name": name,
            "model_name_or_path": "monologg/koelectra-base-v3-discriminator",
            "learning_rate": rate,
            "per_device_train_batch_size": train_batch,
            "per_device_eval_batch_size": eval_batch,
            "num_train_epochs": epochs,
            "warmup_steps": 0,
            "max_seq_length": length,
            "eval_steps": steps,
            "save_steps": steps,
            "metric_for_best_model": metric,
        }
        if script == "qa":
            recipes["koelectra/korquad"] |= {"doc_stride": 128, "legacy_doc_stride": True}
        else:
            recipes[f"koelectra/{name}"]["do_predict"] = True
    recipes["nsmc"] = recipes["koelectra/nsmc"]
    return recipes


EXPECTED = expected_recipes()
RECIPES = {
    str(path.relative_to(REPOSITORY / "recipes"))[:-5]: path
    for path in REPOSITORY.glob("recipes/**/*.yaml")
    if path.parent.name not in ("spaces", "accelerate")
}


def script_of(name: str) -> str:
    folder, _, task = name.rpartition("/")
    kind = KLUE[task][1] if folder == "klue" else KOELECTRA[task][0] if folder == "koelectra" else "seq_cls"
    return f"run_{kind}.py"


# What they say


def test_one_recipe_for_every_published_row():
    assert RECIPES.keys() == EXPECTED.keys() and len(RECIPES) == 21


@pytest.mark.parametrize("name", EXPECTED)
def test_published_values(name):
    recipe = yaml.safe_load(RECIPES[name].read_text(encoding="utf-8"))
    if name.startswith("klue/"):
        interval = recipe.pop("eval_steps")
        assert interval == recipe.pop("save_steps") == pytest.approx(1 / (4 * recipe["num_train_epochs"]), rel=1e-6)
    assert recipe == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_source_and_command(name, tmp_path, monkeypatch):
    """The comment names the source, and its command is the one that runs the recipe."""
    first, second, *_ = RECIPES[name].read_text(encoding="utf-8").splitlines()
    assert re.match(r"# Source: \S+ at [0-9a-f]{7}, (run_all\.sh l\.\d+|finetune/config/|README l\.\d+)", second)
    assert first.startswith(f"# python {script_of(name)} recipes/{name}.yaml ")
    parsed = parse_command(first.removeprefix("# "), tmp_path, monkeypatch)
    assert parsed["task_name"] == EXPECTED[name]["task_name"]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_left_to_the_defaults(name, tmp_path, monkeypatch):
    """AdamW without weight decay, linear schedule, gradients clipped at 1, answers of at most 30 tokens, 20 of them."""
    command = f"python {script_of(name)} recipes/{name}.yaml --data_dir data --output_dir runs/x"
    parsed = parse_command(command, tmp_path, monkeypatch)
    values = {
        "weight_decay": 0.0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_epsilon": 1e-8,
        "lr_scheduler_type": "linear",
        "max_grad_norm": 1.0,
        "gradient_accumulation_steps": 1,
        "label_smoothing_factor": 0.0,
    }
    if script_of(name) == "run_qa.py":
        values |= {"max_answer_length": 30, "n_best_size": 20, "null_score_diff_threshold": None}
        values["version_2_with_negative"] = name.startswith("klue/")
    assert {key: parsed[key] for key in values} == values
    assert parsed["optim"] in ("adamw_torch", "adamw_torch_fused")


def parse_command(command: str, folder: Path, monkeypatch) -> dict[str, Any]:
    """All arguments of a command, read by the script's own parser where the files that it names exist."""
    python, script, *words = shlex.split(command)
    assert python == "python" and (REPOSITORY / script).is_file()
    words[0] = str(REPOSITORY / words[0])
    task = yaml.safe_load(Path(words[0]).read_text(encoding="utf-8"))["task_name"]
    if "--data_dir" in words:
        write_benchmark(task, folder / words[words.index("--data_dir") + 1])
    monkeypatch.chdir(folder)
    parsed: dict[str, Any] = {}
    for part in parse_arguments(KINDS[script], words):
        parsed |= vars(part)
    return parsed


# How often they evaluate


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("klue/")])
def test_four_evaluations_an_epoch_at_the_real_size(name, tmp_path):
    recipe = yaml.safe_load(RECIPES[name].read_text(encoding="utf-8"))
    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_eval=True)
    arguments.eval_steps = arguments.save_steps = recipe["eval_steps"]
    rows, batch, epochs = (
        KLUE_ROWS[recipe["task_name"]],
        recipe["per_device_train_batch_size"],
        recipe["num_train_epochs"],
    )
    windows = range(rows, 6 * rows, 1_111)  # of questions, whatever the tokenizer
    sizes = windows if recipe["task_name"] == "klue-mrc" else [rows]
    for size in sizes:
        steps = math.ceil(size / batch) * epochs
        state = TrainerState()
        state.compute_steps(arguments, steps)
        # Trainer also evaluates after the last step.
        assert math.ceil(steps / state.eval_steps) == 4 * epochs
        # The published loop evaluates at each quarter of an epoch, rounded down; here it is never off by much.
        published = math.ceil(size / batch) // 4
        assert 0 <= state.eval_steps - published <= 1


# Runs


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


KEYS = {
    "seq_cls": {"accuracy", "macro_f1"},
    "klue-sts": {"pearsonr", "spearmanr", "mse", "f1"},
    "korsts": {"pearsonr", "spearmanr", "mse"},
    "klue-re": {"micro_f1", "auprc"},
    "naver-ner": {"entity_f1", "entity_macro_f1", "entity_precision", "entity_recall", "accuracy"},
    "korquad": {"exact_match", "f1"},
}
KEYS["klue-ner"] = KEYS["naver-ner"] | {"char_macro_f1", "char_macro_f1_without_o"}
KEYS["klue-mrc"] = {
    f"{prefix}{name}{suffix}"
    for name in ("exact_match", "f1", "rouge_w")
    for prefix, suffix in [("", ""), ("has_answer_", ""), ("", "_type_1"), ("", "_type_2"), ("", "_type_3")]
} | {"no_answer_accuracy"}


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


# docs/reproduce.md


def guide() -> list[tuple[str, str, str, str]]:
    """Of every score in the guide's tables: the command of its row, the keys, the model of its column, the score."""
    scores = []
    models: list[str] = []
    for line in (REPOSITORY / "docs" / "reproduce.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "command":
            models = cells[2:]
        elif cells[0].startswith("`python"):
            assert len(cells) == len(models) + 2
            command, keys = cells[0].strip("`"), cells[1]
            scores += [(command, keys, model, score) for model, score in zip(models, cells[2:], strict=True) if score]
    return scores


def test_the_guide_names_every_recipe():
    named = {command.split()[2].removeprefix("recipes/").removesuffix(".yaml") for command, *_ in guide()}
    assert named == RECIPES.keys()
    assert set(FILES) == {EXPECTED[name]["task_name"] for name in named}
    assert len(guide()) == 4 * 6 + 6 * 8 + 8 + 3  # models x tasks, XLM-R, heads


@pytest.mark.parametrize(("command", "keys", "model", "score"), guide())
def test_commands_of_the_guide(command, keys, model, score, tmp_path, monkeypatch):
    name = command.split()[2].removeprefix("recipes/").removesuffix(".yaml")
    assert command.split()[1] == script_of(name)
    parsed = parse_command(f"{command} --model_name_or_path {model} --output_dir runs/x", tmp_path, monkeypatch)
    assert (parsed["model_name_or_path"], parsed["output_dir"]) == (model, "runs/x")
    assert parsed["task_name"] in parsed["data_dir"]
    # The score in bold is that of the recipe as it is.
    assert score.startswith("**") == (model == EXPECTED[name]["model_name_or_path"] and name != "nsmc")
    # The keys are those of the run, and as many as scores.
    stages, names = zip(*(key.strip("` ").split("_", 1) for key in keys.split(",")), strict=True)
    assert set(names) <= KEYS.get(parsed["task_name"], KEYS["seq_cls"])
    assert set(stages) == {"predict" if parsed["do_predict"] else "eval"}
    assert len(score.split(",")) == len(names)


def test_the_example_of_the_guide(tmp_path, monkeypatch):
    text = (REPOSITORY / "docs" / "reproduce.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```\n(python .*)\n```", text)
    assert parse_command(command, tmp_path, monkeypatch)["model_name_or_path"] == "klue/bert-base"


def test_the_files_of_the_guide():
    text = (REPOSITORY / "docs" / "reproduce.md").read_text(encoding="utf-8")
    for name, benchmark in BENCHMARKS.items():
        hub = " ".join(part for part in benchmark.hub if part) or "-"
        assert f"| {name} | {', '.join(benchmark.files.values())} | {benchmark.source} | {hub} |" in text

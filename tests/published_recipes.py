"""What the recipes must say, from the published code, and the scores that their runs report."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import yaml
from benchmark_files import write_benchmark

from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments, parse_arguments

REPOSITORY = Path(__file__).resolve().parents[1]
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


# The scores of a run, by benchmark; those of a script where it is not named.
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

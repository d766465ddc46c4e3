"""What is interrupted: trainings of the three tasks, predictions, a frozen encoder's cache, and the page of a comparison."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from script_runs import Outcome, as_flags, finish, start
from small_data import WINDOWS, questions, reviews, sentences, write_columns, write_csv, write_squad
from tiny import make_tokenizer
from transformers import AutoModel, ElectraConfig, set_seed

from utils.files import sha256

WRITE: dict[str, Callable[[Path, int], Path]] = {
    "seq_cls": lambda path, rows: write_csv(path.with_suffix(".csv"), reviews(rows, rows)),
    "token_cls": lambda path, rows: write_columns(path.with_suffix(".tsv"), sentences(rows, rows)),
    "qa": lambda path, rows: write_squad(path.with_suffix(".json"), questions(rows, rows, words=40)),
}
TRAINING = {"do_train": True, "do_eval": True, "do_predict": True, "head": "cnn", "max_steps": 4, "learning_rate": 1e-2}
TRAINING |= {"per_device_train_batch_size": 4, "eval_strategy": "steps", "eval_steps": 2, "save_steps": 2}
TRAINING |= {"load_best_model_at_end": True, "metric_for_best_model": "loss", "save_total_limit": 1}
RUN_FILES = ("model.safetensors", "predictions.jsonl", "config.json", "tokenizer.json")
REPORT = ("comparison.json", "comparison.md", "comparison.html")
NAMES = ("predict", "comparison", "train seq_cls", "train token_cls", "train qa", "frozen encoder")


@dataclass
class Scenario:
    """A command, and what it leaves when nothing disturbs it.

    Attributes:
        name: for people.
        task: a key of `SCRIPTS`.
        words: the command line.
        watched: the folders whose changes count, `--output_dir` first.
        files: whose bytes are compared.
        whole: those of them that are there as a whole or not at all.
        keep: what stays in the folders when the command begins anew, by name.
        expected: `results` of an undisturbed run.
        seconds: that it took.
    """

    name: str
    task: str
    words: list[str]
    watched: list[Path]
    files: tuple[str, ...] = RUN_FILES
    whole: tuple[str, ...] = ("model.safetensors", "predictions.jsonl")
    keep: tuple[str, ...] = ()
    expected: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def folder(self) -> Path:
        return self.watched[0]

    @property
    def finished(self) -> bool:
        return self.task != "compare" and (self.folder / "run.json").exists()

    def reset(self) -> None:
        """Empties the folders, as they were before the command."""
        for folder in self.watched:
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name not in self.keep:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def results(self) -> dict[str, Any]:
        """What each file that is there says, without what a clock measured: as a digest where that is nothing."""
        found: dict[str, Any] = {
            name: _said(self.folder / name) for name in self.files if (self.folder / name).exists()
        }
        for stage in ("eval", "predict"):
            if (self.folder / f"{stage}_results.json").exists():
                found[stage] = Outcome(0, "", "", self.folder).metrics(stage)
        return found


def _said(file: Path) -> Any:
    """What a file says; of the pages of a comparison, which show seconds, whether they have an end."""
    if file.name not in REPORT:
        return sha256(file)
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".json":
        return text.endswith(("</html>\n", "```\n"))
    try:
        content = json.loads(text)
    except ValueError:
        return "half a file"
    for head in content["heads"].values():
        del head["cost"]
    return content


def prepare(names: list[str], folder: Path) -> list[Scenario]:
    """Writes what the scenarios read: an encoder, rows, a checkpoint, the runs of a comparison."""
    os.environ["HF_DATASETS_CACHE"] = str(folder / "cache")
    encoder = _encoder(folder / "encoder")
    scenarios = []
    for task in WRITE:
        files = {f"{split}_file": WRITE[task](folder / f"{task}-{split}", rows) for split, rows in _ROWS.items()}
        flags = {"model_name_or_path": encoder} | files | WINDOWS[task]
        output = folder / f"train-{task}"
        scenarios.append(_scenario(f"train {task}", task, output, flags | TRAINING))
        if task == "seq_cls" and "predict" in names:
            checkpoint = _done(task, folder / "checkpoint", flags | TRAINING | {"do_predict": False})
            flags_of = {"model_name_or_path": checkpoint, "test_file": files["test_file"], "do_predict": True}
            scenarios.append(_scenario("predict", task, folder / "predict", flags_of))
        if task == "token_cls" and "frozen encoder" in names:
            more = {"freeze_encoder": True, "save_total_limit": 0}
            frozen = _scenario("frozen encoder", task, folder / "frozen", flags | TRAINING | more)
            frozen.watched.append(folder / "cache" / "electra-heads")
            scenarios.append(frozen)
        if task == "seq_cls" and "comparison" in names:
            more = {"max_steps": 2, "save_strategy": "no", "script": "run_seq_cls.py", "validation_file": None}
            output = folder / "comparison"
            words = ["--heads", "dense", "cnn", "--seeds", "3"]
            _done("compare", output, flags | more, words)
            kept = tuple(path.name for path in output.iterdir() if path.name not in REPORT)
            report = _scenario("comparison", "compare", output, flags | more, words)
            report.files, report.whole, report.keep = REPORT, REPORT, kept
            scenarios.append(report)
    return [scenario for name in names for scenario in scenarios if scenario.name == name]


_ROWS = {"train": 24, "validation": 9, "test": 11}


def _scenario(name: str, task: str, output: Path, flags: dict[str, Any], words: list[str] | None = None) -> Scenario:
    return Scenario(
        name=name, task=task, words=[*(words or []), *as_flags(flags | {"output_dir": output})], watched=[output]
    )


def _done(task: str, output: Path, flags: dict[str, Any], words: list[str] | None = None) -> Path:
    streams = output.with_name(f"{output.name}-streams")
    outcome = finish(start(task, [*(words or []), *as_flags(flags | {"output_dir": output})], streams), streams, output)
    if outcome.code != 0:
        raise RuntimeError(outcome.stderr)
    return output


def _encoder(folder: Path) -> Path:
    set_seed(0)
    tokenizer = make_tokenizer()
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = ElectraConfig(vocab_size=len(tokenizer), embedding_size=8, max_position_embeddings=64, **sizes)
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def state_of(folders: list[Path]) -> str:
    """A digest of all that is in the folders, empty folders too."""
    content = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            content[str(path)] = sha256(path) if path.is_file() else "folder"
    return json.dumps(content, sort_keys=True)


def save(folders: list[Path], state: Path) -> None:
    """Copies the folders."""
    for number, folder in enumerate(folders):
        if folder.exists():
            shutil.copytree(folder, state / str(number))
    state.mkdir(parents=True, exist_ok=True)


def load(state: Path, folders: list[Path]) -> None:
    """Puts copies that `save` made in the place of the folders."""
    for number, folder in enumerate(folders):
        shutil.rmtree(folder, ignore_errors=True)
        if (state / str(number)).exists():
            shutil.copytree(state / str(number), folder)

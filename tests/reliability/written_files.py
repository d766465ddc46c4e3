"""All that reads again what this project has written: a checkpoint, a run, a comparison, whoever has changed it since."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from faked_cells import finish_cell, write_test_rows
from tiny import make_tokenizer, tiny_model
from transformers.trainer_callback import TrainerState

import compare_heads
import ensemble
import export_onnx
from comparison.arguments import parse_comparison
from comparison.cells import Plan, make_plan
from comparison.gathering import gather as gathering
from comparison.gathering.across import gather_across
from comparison.gathering.earlier import look_back, read_earlier
from comparison.gathering.rows import read_rows
from comparison.report.across_writing import render_across_markdown
from utils.data.splits import Split
from utils.errors import ShownError
from utils.models.stock import to_stock
from utils.outputs.answers import Checkpoint, load_checkpoints
from utils.outputs.onnx_card import render_onnx_card
from utils.training.checkpoints import new_stage, obstacle, put_in_place

TEXT = "영화 정말 good"
LABELS = {"seq_cls": ["a", "b", "c"], "token_cls": ["O", "B-x", "I-x"], "qa": []}


@functools.cache
def room() -> Path:
    """A folder for the life of this process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def checkpoint(task: str) -> Path:
    """A tiny model of a task with its tokenizer."""
    folder, names = room() / task, LABELS[task]
    labels: dict[str, Any] = {}
    if names:
        labels = {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    tiny_model(task, "dense", **labels).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@functools.cache
def loaded(task: str) -> Checkpoint:
    """The same, loaded."""
    return load_checkpoints([str(checkpoint(task))], [task])[0]


def use_checkpoint(task: str) -> Callable[[Path], Any]:
    """All that loads a checkpoint, with a file in place of one of its own: the page, ensembles, both exports."""

    def read(path: Path) -> None:
        for file in checkpoint(task).iterdir():
            if file.name != path.name:
                shutil.copy(file, path.parent)
        if task != "qa":
            ensemble.task_of([str(path.parent)])
        (own,) = load_checkpoints([str(path.parent)], ["a"])
        own.answer([TEXT] * len(own.inputs))
        config = export_onnx.write_config(own.model, room())
        render_onnx_card(own.model, str(path.parent), config, {"ai.onnx": 20}, False, 0.0)
        to_stock(own.model)

    return read


def beside_checkpoint(path: Path) -> None:
    """`run.json` beside a checkpoint: scores for the card, and whether there were questions without an answer."""
    own = replace(loaded("qa"), place=str(path.parent))
    own.answer([TEXT] * len(own.inputs))
    config = {"id2label": {}, "model_type": "electra"}
    render_onnx_card(own.model, own.place, config, {"ai.onnx": 20}, False, 0.0)


def resumed(path: Path) -> None:
    """The state of a checkpoint, as `--resume_from_checkpoint` reads it."""
    draft = new_stage(path.parent) / "checkpoint-4"
    draft.mkdir()
    shutil.copy(path, draft / path.name)
    saved = put_in_place(draft, path.parent, 1, weights_only=False)
    if obstacle(saved, with_best=True) is None:
        TrainerState.load_from_json(str(saved / path.name))


@functools.cache
def compared() -> tuple[Plan, Split]:
    """A comparison of two heads with two seeds each, whose runs have ended, and its rows."""
    folder = room() / "comparison"
    shutil.copytree(Path(__file__).resolve().parents[2] / "examples" / "tiny-electra", folder / "encoder")
    gold = write_test_rows(folder / "test.csv", 12)
    write_test_rows(folder / "train.csv", 4)
    words = ["--script", "run_seq_cls.py", "--config_name", folder / "encoder", "--output_dir", folder / "out"]
    words += ["--train_file", folder / "train.csv", "--test_file", folder / "test.csv"]
    plan = make_plan(parse_comparison([*map(str, words), "--heads", "dense", "cnn", "--seeds", "0", "1"]))
    for i, cell in enumerate(plan.cells):
        finish_cell(cell, [(i + j) % 4 > 0 for j in range(len(gold))], gold, str(folder / "test.csv"))
    return plan, read_rows(plan.load_task(), plan.arguments.training)


@contextmanager
def in_place_of(own: Path, other: Path) -> Iterator[None]:
    """A file under the name of another one, or of none."""
    content = own.read_bytes() if own.exists() else None
    shutil.copy(other, own)
    try:
        yield
    finally:
        own.unlink() if content is None else own.write_bytes(content)


def gathered(path: Path) -> None:
    """A file in place of that of the first run, as a comparison reads it."""
    plan, rows = compared()
    run = plan.cells[0].folder
    free = mock.patch.object(gathering, "measure_costs", lambda folders, *others: {head: {} for head in folders})
    with in_place_of(run / path.name, path), free:
        try:
            gathering.gather(plan, rows)
        except ShownError as error:
            raise ShownError(str(error).replace(str(run), "RUN")) from error  # its name depends on much


def looked_back(path: Path) -> None:
    """The `comparison.json` that an earlier command has left in the folder."""
    plan, rows = compared()
    with in_place_of(plan.folder / path.name, path):
        look_back(read_earlier(plan, rows.file), plan, None, 0.5)
        compare_heads.has_ended(plan, "python compare_heads.py a")


def across(whole: Path) -> Callable[[Path], Any]:
    """The `comparison.json` of one of two comparisons that are put together."""

    def read(path: Path) -> None:
        other = path.parent / "other"
        other.mkdir(exist_ok=True)
        (other / path.name).write_bytes(whole.read_bytes().replace(b"sha of x", b"another"))
        render_across_markdown(gather_across([path.parent, other]))

    return read

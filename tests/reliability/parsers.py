"""All that reads a file of somebody else, each as one call; and what any file at all has to come to: rows, or one line."""

from __future__ import annotations

import functools
import shutil
import signal
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import written_files
from transformers import ElectraConfig

from comparison.arguments.parsing import parse_comparison
from comparison.arguments.study import is_study, parse_study
from comparison.cells.space import read_space
from comparison.gathering.examples import read_examples
from heads import HeadedEncoderForSequenceClassification
from utils.arguments import ModelArguments, SequenceDataArguments, TokenDataArguments, parse_arguments
from utils.data.splits import Split
from utils.data.typed import typed_lines
from utils.errors import LONGEST, ShownError
from utils.models.configuration import load_config
from utils.models.loading import load_tokenizer
from utils.tasks import QuestionAnswering, SequenceClassification, TokenClassification
from utils.tasks.base import Task
from utils.training.checkpoints import obstacle
from utils.training.losses import read_weights

TINY = Path(__file__).resolve().parents[2] / "examples" / "tiny-electra"
CORPUS = Path(__file__).with_name("corpus")
COMPARISON = CORPUS / "comparison.json" / "whole"
ENCODER = ElectraConfig()
SECONDS = 20  # of CPU time that a small file may take on a slow machine
TABLES = (
    "csv",
    "tsv",
    "txt",
    "json",
    "jsonl",
    "parquet",
    "arrow",
    "csv.gz",
    "jsonl.gz",
    "xlsx",
    "xls",
    "feather",
    "ndjson",
)
TAGGED = ("tsv", "conll", "conllu", "txt", "csv", "json", "jsonl", "parquet", "conll.gz", "conllup")
QUESTIONS = ("json", "jsonl", "parquet", "json.gz", "arrow")

# What turns the direction of the text after it.
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Target(NamedTuple):
    """What reads a file.

    Attributes:
        file: the name that the bytes get.
        read: takes its path; what it returns is of no interest.
    """

    file: str
    read: Callable[[Path], Any]


class BrokenPromiseError(AssertionError):
    """A file came to something else than rows or one line."""


@functools.cache
def tokenizer() -> Any:
    return load_tokenizer(ModelArguments(config_name=str(TINY)))


def _rows(kind: type[Task], features: bool = False) -> Callable[[Path], Any]:
    """As a run that trains does it: all rows, whether the task can use them, their labels; with `features` also the model's inputs."""

    def read(path: Path) -> None:
        more = {"version_2_with_negative": True} if kind is QuestionAnswering else {}
        task = kind(kind.arguments(train_file=str(path), max_seq_length=32, **more), tokenizer())
        split = Split(name="train", file=str(path), rows=list(task.read(str(path))))
        task.check(split)
        task.groups(split)
        task = task.with_labels(ENCODER, split)
        if features:
            split.part = 0  # kept in memory
            task.prepare(split)

    return read


def _recipe(kind: Any) -> Callable[[Path], Any]:
    words = ["--output_dir", "run"]
    return lambda path: parse_arguments(kind, [str(path), *words])


def _flag(*words: str) -> Callable[[Path], Any]:
    """A file that a flag names, beside those that a training needs."""
    others = ["--output_dir", "run", "--do_train", "true", "--config_name", str(TINY), "--train_file", "a.csv"]
    return lambda path: parse_arguments(SequenceDataArguments, [*others, *words, str(path)])


def _typed(path: Path) -> None:
    with path.open("rb") as stream, mock.patch.object(sys, "stdin", mock.Mock(buffer=stream, isatty=lambda: False)):
        list(typed_lines(["-"]))


def _config(path: Path) -> None:
    arguments = ModelArguments(model_name_or_path=str(path.parent))
    load_config(arguments, HeadedEncoderForSequenceClassification, True)


def _tokenizer(path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        if name != path.name:
            shutil.copy(TINY / name, path.parent / name)
    load_tokenizer(ModelArguments(model_name_or_path=str(path.parent)))


def _checkpoint(path: Path) -> None:
    folder = path.parent / "checkpoint-1"
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / path.name)
    obstacle(folder, with_best=True)


TARGETS: dict[str, Target] = {
    **{f"texts.{end}": Target(f"a.{end}", _rows(SequenceClassification)) for end in TABLES},
    **{f"tags.{end}": Target(f"a.{end}", _rows(TokenClassification)) for end in TAGGED},
    **{f"questions.{end}": Target(f"a.{end}", _rows(QuestionAnswering)) for end in QUESTIONS},
    "features of texts": Target("a.jsonl", _rows(SequenceClassification, features=True)),
    "features of tags": Target("a.conll", _rows(TokenClassification, features=True)),
    "features of questions": Target("a.json", _rows(QuestionAnswering, features=True)),
    "recipe": Target("a.yaml", _recipe(SequenceDataArguments)),
    "recipe of tags": Target("a.json", _recipe(TokenDataArguments)),
    "comparison": Target("a.yaml", lambda path: parse_comparison([str(path), "--script", "run_seq_cls.py"])),
    "study": Target("a.yaml", lambda path: is_study([str(path)]) and parse_study([str(path)])),
    "space": Target("a.yaml", lambda path: read_space(path, ["dense", "cnn"])),
    "class weights": Target("a.yaml", lambda path: read_weights(str(path), ["a", "b"])),
    "standard input": Target("a", _typed),
    "config.json": Target("config.json", _config),
    "tokenizer.json": Target("tokenizer.json", _tokenizer),
    "tokenizer_config.json": Target("tokenizer_config.json", _tokenizer),
    "checkpoint.json": Target("checkpoint.json", _checkpoint),
    "comparison.json": Target("comparison.json", written_files.across(COMPARISON)),
    "an earlier comparison": Target("comparison.json", written_files.looked_back),
    "checkpoint of classes": Target("config.json", written_files.use_checkpoint("seq_cls")),
    "checkpoint of tags": Target("config.json", written_files.use_checkpoint("token_cls")),
    "checkpoint of answers": Target("config.json", written_files.use_checkpoint("qa")),
    "run.json": Target("run.json", written_files.beside_checkpoint),
    "trainer_state.json": Target("trainer_state.json", written_files.resumed),
    "run of a comparison": Target("run.json", written_files.gathered),
    "state of a run": Target("trainer_state.json", written_files.gathered),
    "training of a run": Target("train_results.json", written_files.gathered),
    "prediction of a run": Target("predict_results.json", written_files.gathered),
    "predictions of a run": Target("predictions.jsonl", written_files.gathered),
    "configuration of a run": Target("config.json", written_files.gathered),
    "accelerator_config": Target("a.json", _flag("--accelerator_config")),
    "fsdp_config": Target("a.json", _flag("--fsdp", "true", "--fsdp_config")),
    "examples of a comparison": Target("comparison.json", lambda path: read_examples(path.parent)),
}


@contextmanager
def limit() -> Iterator[None]:
    """Raises where this takes `SECONDS` of CPU time; code in C that never looks up cannot be stopped so."""

    def stop(number: int, frame: Any) -> None:
        raise BrokenPromiseError(f"took more than {SECONDS} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def read(name: str, content: bytes, folder: Path) -> str | None:
    """Has one of the `TARGETS` read a file; the message of the error that it ends with, None where it is read to its end.

    Args:
        folder: an empty one for the file.

    Raises:
        BrokenPromiseError: a library warned, it took too long, or the message is long, of several lines or cannot be shown.
        Exception: any other error than one that a user is meant to see.
    """
    target = TARGETS[name]
    path = folder / target.file
    path.write_bytes(content)
    message = None
    with warnings.catch_warnings(record=True) as warned, limit():
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "Implicitly cleaning up", ResourceWarning)  # what another test has left
        try:
            target.read(path)
        except ShownError as error:
            message = str(error)
    if warned:
        raise BrokenPromiseError(f"{warned[0].category.__name__}: {warned[0].message}")
    if message is not None:
        message = message.replace(str(folder), "FOLDER")
        unseen = [one for one in message if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or one in TURNING]
        if len(message) > LONGEST + len(target.file) + 20 or unseen or not message.strip():
            raise BrokenPromiseError(f"{len(message)} characters: {message[:1000]!r}")
    return message

"""A benchmark's script, run until the data are read."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmark_files as own
import datasets
import pytest
from benchmark_files import write_benchmark
from transformers import ElectraConfig

from utils.benchmarks import BENCHMARKS
from utils.tasks import PreparedSplit


class Read(Exception):
    """Ends a script once its data are read."""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory) -> Path:
    """A folder with a configuration and a tokenizer, without weights."""
    folder = tmp_path_factory.mktemp("configuration")
    tokenizer = own.tokenizer()
    tokenizer.save_pretrained(folder)
    ElectraConfig(vocab_size=len(tokenizer), max_position_embeddings=64).save_pretrained(folder)
    return folder


@pytest.fixture
def read(configuration, monkeypatch, tmp_path) -> Callable[..., tuple[Any, dict[str, PreparedSplit]]]:
    """`read(benchmark, flag=value, ...)`: runs its script until the data are read; gives the task and what it prepared."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")

    def _read(name: str, stages: str = "train eval", **flags) -> tuple[Any, dict[str, PreparedSplit]]:
        script = importlib.import_module(BENCHMARKS[name].script.removesuffix(".py"))
        found: list[Any] = []

        def data_report(task, prepared):
            found.extend((task, prepared))
            raise Read

        monkeypatch.setattr(script, "data_report", data_report)
        flags = {"task_name": name, "config_name": configuration, "output_dir": tmp_path / "run"} | flags
        words = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))]
        monkeypatch.setattr(sys, "argv", [script.__name__, *words, *(f"--do_{stage}" for stage in stages.split())])
        with pytest.raises(Read):
            script.main()
        task, prepared = found
        return task, prepared

    return _read


@pytest.fixture
def folder(tmp_path) -> Callable[..., Path]:
    """`folder(benchmark)`: a folder with its official files."""
    return lambda name, **options: write_benchmark(name, tmp_path / name, **options)

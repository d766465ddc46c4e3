"""What the tests of the scripts share: a tiny pretrained encoder, small files, and runs of the scripts."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from script_runs import REPOSITORY, Outcome, as_flags, finish, free_port, snapshot, start
from small_data import WINDOWS, questions, reviews, sentences, write_columns, write_csv, write_squad
from transformers import AutoModel, ElectraConfig, set_seed


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Path:
    """The cache of features of all runs; their environment is that of this process."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["HF_DATASETS_CACHE"] = str(folder)
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    os.environ["OMP_NUM_THREADS"] = "1"
    return folder


@pytest.fixture(scope="session")
def encoder(tiny_tokenizer, tmp_path_factory) -> Path:
    """A folder with a bare encoder of 32 dimensions and its tokenizer, as from the Hub."""
    folder = tmp_path_factory.mktemp("encoder")
    set_seed(0)
    config = ElectraConfig(
        vocab_size=len(tiny_tokenizer),
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.2,  # ten times the usual: what one token says then shows in the answer
    )
    AutoModel.from_config(config).save_pretrained(folder)
    tiny_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sober_encoder(encoder, tmp_path_factory):
    """The encoder without dropout, which would draw other numbers for other batches."""
    folder = shutil.copytree(encoder, tmp_path_factory.mktemp("sober") / "encoder")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Callable[..., Outcome]:
    """`run(task, recipe, flag=value, ...)`: a script's outcome. Without `output_dir` it gets a folder of its own."""
    folder = tmp_path_factory.mktemp("runs")
    numbers = itertools.count(1)

    def _run(task: str, *words: str | Path, environment=None, before=None, code: int | None = 0, **flags) -> Outcome:
        number = next(numbers)
        output_dir = Path(flags.pop("output_dir", folder / f"{number:03}"))
        command = [*map(str, words), *as_flags({"output_dir": output_dir} | flags)]
        streams = folder / f"{number:03}-streams"
        outcome = finish(start(task, command, streams, environment, before), streams, output_dir)
        assert code is None or outcome.code == code, outcome.stderr
        return outcome

    return _run


@pytest.fixture
def run_two(tmp_path):
    """`run_two(task, flag=value, ...)`: a script in two processes, as a launcher starts them; the outcome of the first."""

    def _run_two(task: str, code: int | dict[int, int] = 0, count: int = 2, before=None, **flags) -> Outcome:
        """`before`: by rank, what is called before the script; `code`: of all, or by rank."""
        folder = Path(flags.pop("output_dir", tmp_path / f"processes-{count}"))
        shared = {
            "WORLD_SIZE": str(count),
            "LOCAL_WORLD_SIZE": str(count),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": free_port(),
        }
        words = as_flags({"output_dir": folder, "use_cpu": True} | flags)
        streams = [tmp_path / f"streams-{count}-{rank}" for rank in range(count)]
        processes = [
            start(
                *(task, words, streams[rank], shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)}),
                before=(before or {}).get(rank),
            )
            for rank in range(count)
        ]
        outcomes = [finish(process, place, folder) for process, place in zip(processes, streams, strict=True)]
        codes = code if isinstance(code, dict) else dict.fromkeys(range(count), code)
        said = "".join(outcome.stderr for outcome in outcomes)
        assert {rank: outcome.code for rank, outcome in enumerate(outcomes)} == codes, said
        assert [outcome.stdout for outcome in outcomes[1:]] == [""] * (count - 1)  # one process speaks for all
        outcomes[0].stderr = said
        return outcomes[0]

    return _run_two


@pytest.fixture(scope="session")
def files(tmp_path_factory) -> dict[str, dict[str, Path]]:
    """For each task the flags of its training, validation and test file."""
    folder = tmp_path_factory.mktemp("files")
    sizes = {"train": 48, "validation": 15, "test": 17}
    return {
        "seq_cls": {
            f"{name}_file": write_csv(folder / f"{name}.csv", reviews(size, seed=size)) for name, size in sizes.items()
        },
        "token_cls": {
            f"{name}_file": write_columns(folder / f"{name}.tsv", sentences(size, seed=size))
            for name, size in sizes.items()
        },
        "qa": {
            f"{name}_file": write_squad(folder / f"{name}.json", questions(size, seed=size, words=40))
            for name, size in sizes.items()
        },
    }


@pytest.fixture(scope="session")
def learn(run, encoder, files) -> Callable[..., Outcome]:
    """`learn(task, head=...)`: trains, evaluates and predicts; once for all tests that ask for the same."""
    outcomes: dict[str, Outcome] = {}

    def _learn(task: str, **flags) -> Outcome:
        key = repr((task, flags))
        if key not in outcomes:
            options = {
                "learning_rate": 1e-3,
                "num_train_epochs": 2,
                "per_device_eval_batch_size": 4,
                "save_strategy": "no",
            }
            stages = {"do_train": True, "do_eval": True, "do_predict": True}
            options |= stages | files[task] | WINDOWS[task]
            outcomes[key] = run(task, model_name_or_path=encoder, **(options | flags))
        return outcomes[key]

    return _learn


@pytest.fixture
def fail(run, tmp_path) -> Callable[..., str]:
    """`fail(task, flag=value, ...)`: the one line that a run with exit code 2 writes, which leaves the output folder as it was."""

    def _fail(task: str, *words: str | Path, code: int = 2, **flags) -> str:
        folder = Path(flags.setdefault("output_dir", tmp_path / "earlier"))
        folder.mkdir(exist_ok=True)
        for name in ("model.safetensors", "predictions.jsonl", "run.json", "README.md"):
            (folder / name).write_text("of an earlier run", encoding="utf-8")
        before = snapshot(folder)
        outcome = run(task, *words, code=code, **flags)
        assert outcome.stderr.startswith("error: ")
        assert outcome.stderr.count("\n") == 1 and outcome.stderr.endswith("\n"), outcome.stderr
        assert snapshot(folder) == before
        return outcome.stderr.removesuffix("\n")

    return _fail

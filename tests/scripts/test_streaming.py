"""--streaming: nothing of the training rows is kept, and what is learned is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import serve
from script_runs import REPOSITORY, SCRIPTS, as_flags
from small_data import WINDOWS
from test_resume import assert_same_weights, kill_in_the_middle

OPTIONS = {"do_train": True, "streaming": True, "max_steps": 13, "save_steps": 4, "learning_rate": 1e-3, "head": "cnn"}


def small_pieces() -> None:
    from utils.data import stored_rows
    from utils.tasks import features

    features.PIECE_ROWS, features.TOKENIZED_ROWS, stored_rows.BLOCK_ROWS = 11, 4, 3


def killed_in_small_pieces() -> None:
    small_pieces()
    kill_in_the_middle()


@pytest.fixture
def train(run, encoder, files):
    def _train(task: str, **flags):
        options = (
            {"model_name_or_path": encoder, "per_device_train_batch_size": 8} | files[task] | OPTIONS | WINDOWS[task]
        )
        return run(task, **(options | flags))

    return _train


def test_rows_of_one_piece_are_trained_on_as_without(task, train, tmp_path):
    flags = {"do_eval": True, "do_predict": True}
    stream, plain = train(task, **flags), train(task, **flags, streaming=False, output_dir=tmp_path / "plain")
    assert_same_weights(plain, stream)
    for name in ("predictions.jsonl", "data_report.json"):
        assert (stream.folder / name).read_bytes() == (plain.folder / name).read_bytes(), name


@pytest.mark.parametrize(
    "order",
    [
        "group_by_length",
        pytest.param("random", marks=pytest.mark.long),
        pytest.param("sequential", marks=pytest.mark.long),
    ],
)
def test_killed_in_the_middle_of_an_epoch_of_pieces(order, train):
    flags = {"train_sampling_strategy": order, "class_weights": "balanced"}
    whole = train("seq_cls", **flags, before=small_pieces)
    killed = train("seq_cls", **flags, before=killed_in_small_pieces, code=-signal.SIGKILL)
    again = {"output_dir": killed.folder, "resume_from_checkpoint": True}
    assert_same_weights(whole, train("seq_cls", **flags, **again, before=small_pieces))


@pytest.mark.long
def test_two_processes(task, run_two, encoder, files, tmp_path):
    flags = {"model_name_or_path": encoder} | files[task] | OPTIONS | WINDOWS[task]
    two = run_two(task, **flags)
    plain = run_two(task, **(flags | {"streaming": False, "output_dir": tmp_path / "plain"}))
    assert_same_weights(plain, two)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"do_train": False, "do_eval": True}, "--streaming is of training rows: give --do_train, or leave it out"),
        (
            {"freeze_encoder": True},
            "--freeze_encoder keeps hidden states on disk, and --streaming nothing: give one of them",
        ),
        (
            {"dataloader_num_workers": 2},
            "--streaming reads and tokenizes in the process that trains: leave --dataloader_num_workers out",
        ),
        (
            {"preprocessing_num_workers": 2},
            "--streaming reads and tokenizes in the process that trains: leave --preprocessing_num_workers out",
        ),
    ],
)
def test_what_needs_all_rows_or_other_processes(flags, message, fail, encoder, files):
    sound = {"model_name_or_path": encoder} | files["seq_cls"] | OPTIONS
    assert fail("seq_cls", **(sound | flags)) == f"error: {message}"


@pytest.mark.long
def test_a_data_set_of_the_hub_is_not_downloaded(encoder, files, tmp_path):
    """Over the library's own client, from a Hub on this machine: the same weights as from the files, and no file of rows on disk."""
    content = {
        f"datasets/user/reviews/{name}": files["seq_cls"][f"{name}_file"].read_bytes() for name in ("train", "test")
    }
    with serve(token="hf_writes", reading_token="hf_reads") as hub:
        hub.repositories["datasets/user/reviews"] = {f"{Path(name).name}.csv": rows for name, rows in content.items()}
        flags = OPTIONS | {"model_name_or_path": encoder, "do_predict": True, "max_steps": 5, "save_strategy": "no"}
        cache = tmp_path / "cache"
        for name, data in (("streamed", {"dataset_name": "user/reviews"}), ("files", files["seq_cls"])):
            words = as_flags(flags | data | {"output_dir": tmp_path / name})
            environment = {
                "HF_ENDPOINT": hub.url,
                "HF_HOME": str(tmp_path / "home"),
                "HF_DATASETS_CACHE": str(cache / name),
            }
            environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
            command = [sys.executable, str(REPOSITORY / SCRIPTS["seq_cls"]), *words]
            subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, cwd=tmp_path)
        assert any("train.csv" in request for request in hub.requests)
    assert (tmp_path / "streamed/model.safetensors").read_bytes() == (tmp_path / "files/model.safetensors").read_bytes()
    kept = [path for path in (*cache.rglob("*"), *(tmp_path / "home").rglob("*")) if path.is_file()]
    assert not [path for path in kept if b"text,label" in path.read_bytes()]

"""Signals and damaged checkpoints: the run says in one line how to go on, and gets to the weights of one that was never stopped."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys

import pytest
from script_runs import REPOSITORY
from test_resume import at_step
from transformers import DefaultFlowCallback, Trainer

from utils.tasks import sequence_classification

OPTIONS = {"max_steps": 9, "save_steps": 4, "learning_rate": 1e-3, "per_device_train_batch_size": 8, "head": "cnn"}
OPTIONS["save_total_limit"] = 0  # all of them


@pytest.fixture(scope="module")
def train(run, encoder, files):
    def _train(**flags):
        options = {"do_train": True, "model_name_or_path": encoder, "train_file": files["seq_cls"]["train_file"]}
        return run("seq_cls", **(options | OPTIONS | flags))

    return _train


@pytest.fixture(scope="module")
def whole(train):
    return train()


def weights(outcome) -> bytes:
    return (outcome.folder / "model.safetensors").read_bytes()


def names(outcome) -> list[str]:
    return sorted(path.name for path in outcome.folder.iterdir())


def terminate() -> None:
    at_step(6, lambda: os.kill(os.getpid(), signal.SIGTERM))


def tell_all(number: int) -> None:
    """As Slurm and a terminal do it: the processes that load rows hear it as well, and not from their parent."""
    signal.signal(number, signal.SIG_DFL)  # also where the tests run under nohup

    def tell():
        processes = [*multiprocessing.active_children(), multiprocessing.current_process()]
        assert len(processes) == 3
        subprocess.run(["kill", f"-{number}", *(str(process.pid) for process in processes)], check=True)

    at_step(6, tell)


def tell_all_that_tokenize(number: int) -> None:
    """The first process that tokenizes tells the run and itself; a pool puts another in its place."""
    signal.signal(number, signal.SIG_DFL)
    tokenize = sequence_classification.tokenize

    def tell(*args, **kwargs):
        for process in (os.getppid(), os.getpid()):
            os.kill(process, number)
        return tokenize(*args, **kwargs)

    sequence_classification.tokenize = tell


def interrupt() -> None:
    at_step(6, lambda: os.kill(os.getpid(), signal.SIGINT))


def interrupt_at_once() -> None:
    at_step(1, lambda: os.kill(os.getpid(), signal.SIGINT))


def terminate_while_evaluating() -> None:
    evaluate = Trainer.evaluation_loop

    def evaluation_loop(self, *args, **kwargs):
        os.kill(os.getpid(), signal.SIGTERM)
        return evaluate(self, *args, **kwargs)

    Trainer.evaluation_loop = evaluation_loop


def terminate_at_the_very_end() -> None:
    proceed = DefaultFlowCallback.on_epoch_end

    def on_epoch_end(self, args, state, control, **kwargs):
        if state.global_step == 9:
            os.kill(os.getpid(), signal.SIGTERM)
        return proceed(self, args, state, control, **kwargs)

    DefaultFlowCallback.on_epoch_end = on_epoch_end


def resume_line(signal_name: str, checkpoint) -> str:
    how = "is the newest checkpoint, the same command with --resume_from_checkpoint true goes on from there"
    return f"error: stopped by {signal_name}; {checkpoint} {how}\n"


@pytest.mark.parametrize(
    ("flags", "saved"),
    [
        ({}, ["checkpoint-4", "checkpoint-6"]),
        ({"save_strategy": "no", "enable_jit_checkpoint": True}, ["checkpoint-6"]),
    ],
)
def test_sigterm_saves_a_checkpoint(flags, saved, train, whole):
    stopped = train(**flags, before=terminate, code=143)
    assert stopped.stderr == resume_line("SIGTERM", stopped.folder / saved[-1])
    assert names(stopped) == saved
    resumed = train(**flags, output_dir=stopped.folder, resume_from_checkpoint=True)
    assert weights(resumed) == weights(whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_to_those_that_load_rows_too(number, train):
    flags = {"dataloader_num_workers": 2, "per_device_train_batch_size": 1}
    stopped = train(**flags, before=functools.partial(tell_all, number), code=128 + number)
    newest = "checkpoint-6" if number == signal.SIGTERM else "checkpoint-4"
    assert stopped.stderr == resume_line(number.name, stopped.folder / newest)
    if number == signal.SIGTERM:
        whole, resumed = train(**flags), train(**flags, output_dir=stopped.folder, resume_from_checkpoint=True)
        assert weights(resumed) == weights(whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_to_those_that_tokenize_too(number, train):
    before = functools.partial(tell_all_that_tokenize, number)
    stopped = train(preprocessing_num_workers=2, overwrite_cache=True, before=before, code=128 + number)
    said = f"error: stopped by {number.name}; no checkpoint was saved yet, the same command begins anew"
    assert stopped.stderr.splitlines()[-1] == said and "Traceback" not in stopped.stderr


def test_sigterm_while_an_epoch_is_evaluated(train, files):
    flags = {"eval_strategy": "epoch", "validation_file": files["seq_cls"]["validation_file"]}
    flags |= {"save_strategy": "epoch", "load_best_model_at_end": True, "metric_for_best_model": "loss"}
    whole = train(**flags)
    stopped = train(**flags, before=terminate_while_evaluating, code=143)
    assert names(stopped) == ["checkpoint-6"]
    resumed = train(**flags, output_dir=stopped.folder, resume_from_checkpoint=True)
    assert weights(resumed) == weights(whole)
    evaluated = [
        [entry["step"] for entry in one.read("trainer_state.json")["log_history"] if "eval_loss" in entry]
        for one in (whole, resumed)
    ]
    assert evaluated[0] == evaluated[1]


def test_sigterm_after_the_last_step(train, whole):
    stopped = train(before=terminate_at_the_very_end, code=143)
    assert stopped.stderr == resume_line("SIGTERM", stopped.folder / "checkpoint-9")
    assert weights(train(output_dir=stopped.folder, resume_from_checkpoint=True)) == weights(whole)


def test_weights_alone_are_not_saved_on_sigterm_and_nothing_goes_on_from_them(train):
    stopped = train(save_only_model=True, before=terminate, code=143)
    assert names(stopped) == ["checkpoint-4"]
    again = train(save_only_model=True, output_dir=stopped.folder, resume_from_checkpoint=True, code=2)
    assert again.stderr.count("\n") == 1 and "it holds the weights alone (--save_only_model)" in again.stderr


WHILE_IT_IMPORTS = """
import os, runpy, signal, sys
class Interrupted:
    def find_spec(name, path, target=None):
        if name == "transformers":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted)
runpy.run_path(sys.argv[1], run_name="__main__")
"""
SLOW_TO_IMPORT = (
    *("run_seq_cls.py", "run_token_cls.py", "run_qa.py", "compare_heads.py", "ensemble.py"),
    *("export_onnx.py", "export_stock.py"),
)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of another kind there")
@pytest.mark.parametrize("script", SLOW_TO_IMPORT)
def test_ctrl_c_while_the_libraries_are_imported(script):
    words = [sys.executable, "-c", WHILE_IT_IMPORTS, script]
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where a shell has it ignored
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, preexec_fn=heard)
    expected = (-signal.SIGINT, "", "error: stopped by SIGINT; the same command begins anew\n")
    assert (done.returncode, done.stdout, done.stderr) == expected


def test_ctrl_c(train, whole):
    stopped = train(before=interrupt, code=130)
    assert stopped.stderr == resume_line("SIGINT", stopped.folder / "checkpoint-4")
    assert weights(train(output_dir=stopped.folder, resume_from_checkpoint=True)) == weights(whole)
    early = train(before=interrupt_at_once, code=130)
    assert early.stderr == "error: stopped by SIGINT; no checkpoint was saved yet, the same command begins anew\n"


@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"]
)
def test_damaged_checkpoints_are_skipped(name, train, whole, tmp_path):
    """Missing with one file, cut short with the next."""
    folder = tmp_path / "run"
    folder.mkdir()
    for step in (4, 8):
        shutil.copytree(whole.folder / f"checkpoint-{step}", folder / f"checkpoint-{step}")
    file, missing = folder / "checkpoint-8" / name, len(name) % 2
    if missing:
        file.unlink()
    else:
        os.truncate(file, 100)
    resumed = train(output_dir=folder, resume_from_checkpoint=True)
    assert f"--resume_from_checkpoint: skipped checkpoint-8 ({name} " in resumed.stdout
    assert f"going on from {folder}/checkpoint-4" in resumed.stdout
    assert weights(resumed) == weights(whole)
    again = train(output_dir=tmp_path / "again", resume_from_checkpoint=folder / "checkpoint-8")
    assert weights(again) == weights(whole)  # it was saved anew


def test_the_best_checkpoint_has_to_be_whole_too(train, files):
    """Two evaluations without a better loss end the training, and count on after a resume."""
    flags = {"eval_strategy": "steps", "eval_steps": 1, "save_steps": 1, "save_total_limit": 3, "learning_rate": 3e-2}
    flags |= {"load_best_model_at_end": True, "metric_for_best_model": "loss", "early_stopping_patience": 2}
    flags |= {"validation_file": files["seq_cls"]["validation_file"]}
    whole = train(**flags)
    state = whole.read("trainer_state.json")
    best, last = state["best_global_step"], state["global_step"]
    assert best == last - 2 and last < 9
    shutil.rmtree(whole.folder / f"checkpoint-{last}")
    (whole.folder / "run.json").unlink()
    before = weights(whole)
    resumed = train(**flags, output_dir=whole.folder, resume_from_checkpoint=True)
    assert f"going on from {whole.folder}/checkpoint-{last - 1}" in resumed.stdout
    assert resumed.read("trainer_state.json")["global_step"] == last and weights(resumed) == before
    (whole.folder / f"checkpoint-{best}" / "model.safetensors").unlink()
    refused = train(**flags, output_dir=whole.folder, resume_from_checkpoint=True, code=2)
    assert f"(of checkpoint-{best}, the best before it, model.safetensors is missing)" in refused.stderr

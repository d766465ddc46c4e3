"""compare_heads.py with real cells: they are what the script alone makes, also after the comparison was killed."""

from __future__ import annotations

import ast
import importlib.util
import os
import secrets
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from killed_comparisons import is_free, read, wait_for
from safetensors.torch import load_file
from script_runs import REPOSITORY, Outcome, as_flags, start

from comparison.arguments import parse_comparison
from comparison.cells import make_plan

STEPS = {"max_steps": 60, "save_steps": 10, "learning_rate": 1e-3, "per_device_train_batch_size": 8}


@pytest.fixture(scope="module")
def flags(encoder, files) -> dict:
    """What the cells and the script alone have in common."""
    return {"model_name_or_path": encoder, **files["seq_cls"], "do_eval": True, **STEPS}


@pytest.fixture(scope="module")
def compare(run, flags):
    """`compare(folder, head, ..., flag=value)`: a comparison of heads with seed 3."""

    def _compare(folder: Path | None, *heads: str, **more) -> Outcome:
        where = {} if folder is None else {"output_dir": folder}
        words = ["--script", "run_seq_cls.py", "--seeds", "3", "--heads", *heads]
        return run("compare", *words, **(flags | where | more))

    return _compare


@pytest.fixture(scope="module")
def compared(compare) -> Outcome:
    """Two heads, neither of them disturbed."""
    return compare(None, "dense", "cnn", workers=2)


def cells_of(folder: Path) -> dict[str, Path]:
    """The folders of the cells by head."""
    return {path.name.partition("-")[0]: path for path in (folder / "cells").iterdir() if path.is_dir()}


def assert_same_weights(one: Path, other: Path) -> None:
    expected, found = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert expected.keys() == found.keys()
    for name in expected:
        assert torch.equal(expected[name], found[name]), name


def test_a_cell_is_what_the_script_alone_makes(compared, run, flags):
    cells = cells_of(compared.folder)
    assert cells.keys() == {"dense", "cnn"}
    alone = run("seq_cls", head="cnn", seed=3, do_train=True, do_predict=True, **flags)
    assert (alone.folder / "model.safetensors").read_bytes() == (cells["cnn"] / "model.safetensors").read_bytes()
    assert (alone.folder / "predictions.jsonl").read_bytes() == (cells["cnn"] / "predictions.jsonl").read_bytes()
    left = {path.name for path in alone.folder.iterdir()}
    # Nobody goes on from a run that has finished.
    assert left - {path.name for path in cells["cnn"].iterdir()} == {"checkpoint-50", "checkpoint-60"}
    assert (cells["cnn"] / "model.safetensors").read_bytes() != (cells["dense"] / "model.safetensors").read_bytes()


def test_finished_cells_are_never_run_again(compared, compare):
    files = [path for folder in cells_of(compared.folder).values() for path in folder.rglob("*")]
    times = {path: path.stat().st_mtime_ns for path in files}
    again = compare(compared.folder, "dense", "cnn")
    assert "runs: 2 in " in again.stdout and ", 0 of them to do" in again.stdout
    assert len(times) > 20 and times == {path: path.stat().st_mtime_ns for path in files}
    planned = compare(compared.folder, "dense", "cnn", "lstm", plan=True).stdout.splitlines()
    assert len(planned) == 1 and "--head lstm" in planned[0]


@pytest.mark.long
def test_killed_three_times(compared, compare, flags, tmp_path):
    """In the middle of a start, and in the middle of a checkpoint or close to it."""
    words = ["--script", "run_seq_cls.py", "--heads", "cnn", "--seeds", "3"]
    words += as_flags(flags | {"output_dir": tmp_path / "killed"})
    (cell,) = make_plan(parse_comparison(words)).cells
    for sign in (cell.log, cell.folder / "checkpoint-10", cell.folder / "checkpoint-40"):
        process = start("compare", words, tmp_path / "streams")
        wait_for(sign.exists)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        wait_for(lambda: is_free(cell))  # the cell has ended too, or has come to its end
        assert not cell.finished
    compare(tmp_path / "killed", "cnn")
    assert cell.finished
    assert "--resume_from_checkpoint true" in cell.log.read_text(encoding="utf-8")
    assert_same_weights(cells_of(compared.folder)["cnn"], cell.folder)
    undisturbed, resumed = (
        read(folder / "comparison.json")["heads"]["cnn"] for folder in (compared.folder, tmp_path / "killed")
    )
    assert resumed["scores"] == undisturbed["scores"]
    # Trainer counts from the last checkpoint: that is no cost of training.
    assert undisturbed["cost"]["training_seconds"] > 0 and resumed["cost"]["training_seconds"] is None


def test_files_are_as_readable_as_others(compared, tmp_path):
    (tmp_path / "other").touch()
    modes = {path.stat().st_mode for path in compared.folder.rglob("*") if path.is_file()}
    assert modes == {(tmp_path / "other").stat().st_mode}


def test_a_planned_line_does_what_the_comparison_does(compared, compare, tmp_path):
    (line,) = compare(tmp_path / "planned", "dense", plan=True).stdout.splitlines()
    subprocess.run(["bash"], input=line, text=True, cwd=tmp_path, env=os.environ, check=True)
    (cell,) = cells_of(tmp_path / "planned").values()
    assert_same_weights(cells_of(compared.folder)["dense"], cell)
    assert compare(tmp_path / "planned", "dense", plan=True).stdout == ""


def test_an_error_of_the_user_is_shown(compare, files, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\ngood,\n", encoding="utf-8")
    outcome = compare(tmp_path / "failed", "dense", train_file=tmp_path / "a.csv", code=2)
    assert (
        "failed after" in outcome.stdout
        and f": error: {tmp_path}/a.csv, row 2, column 'label': no label" in outcome.stdout
    )
    assert outcome.stderr == (
        "error: 1 of 1 runs failed, see above; the same command runs them again, and one without their heads or seeds compares "
        "the others\n"
    )


def test_an_error_before_anything_runs(compare, tmp_path):
    outcome = compare(tmp_path / "none", "dense", learning_rate="fast", code=2)
    assert outcome.stderr.startswith("error: ") and outcome.stderr.count("\n") == 1
    assert not (tmp_path / "none").exists()
    (tmp_path / "a.csv").write_text("text,label\ngood,1\nbad,\n", encoding="utf-8")
    outcome = compare(tmp_path / "none", "dense", test_file=tmp_path / "a.csv", code=2)
    message = "heads are compared on rows with labels, and some of these have none: give a --test_file that has them"
    assert outcome.stderr == f"error: {tmp_path}/a.csv: {message}\n"
    assert "started" not in outcome.stdout


RAY = """
import subprocess, sys, ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
address = ray.get_runtime_context().gcs_address
sys.exit(subprocess.run([sys.executable, *sys.argv[1:], "--ray_address", address]).returncode)
"""


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_on_ray(compared, flags, tmp_path):
    words = ["--script", "run_seq_cls.py", "--seeds", "3", "--heads", "dense", "cnn"]
    words += as_flags(flags | {"output_dir": tmp_path / "ray"})
    done = subprocess.run(
        [sys.executable, "-c", RAY, str(REPOSITORY / "compare_heads.py"), *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)},  # or one is kept at home
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 runs handed to Ray at " in done.stdout
    expected, found = cells_of(compared.folder), cells_of(tmp_path / "ray")
    assert found.keys() == expected.keys() == {"dense", "cnn"}
    for head, folder in found.items():
        assert_same_weights(expected[head], folder)


def opening_commands() -> list[list[str]]:
    docstring = ast.get_docstring(ast.parse((REPOSITORY / "compare_heads.py").read_text(encoding="utf-8"))) or ""
    lines = docstring.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip().startswith("python ")]


@pytest.mark.long
def test_the_script_opens_with_two_commands_that_work(run, tmp_path):
    commands = opening_commands()
    assert len(commands) == 2
    for number, (python, script, *words) in enumerate(commands):
        assert (python, script) == ("python", "compare_heads.py")
        words = [word.replace("examples/", f"{REPOSITORY}/examples/") for word in words]
        less = ["--heads", "dense", "--seeds", "0", "--max_steps", "1"]
        run("compare", *words, *less, output_dir=tmp_path / str(number))
        assert cells_of(tmp_path / str(number)).keys() == {"dense"}


def test_the_comparison_says_what_the_cells_say(compared):
    found = compared.read("comparison.json")
    assert found["rows"] == 17 and found["split"] == "test" and found["metric"] == "accuracy"
    for head, folder in cells_of(compared.folder).items():
        results = Outcome(0, "", "", folder).read("predict_results.json")
        assert found["heads"][head]["scores"]["accuracy"]["scores"] == [pytest.approx(results["predict_accuracy"])]
        assert found["heads"][head]["scores"]["macro_f1"]["mean"] == pytest.approx(results["predict_macro_f1"])
        sizes = {name: values.numel() for name, values in load_file(folder / "model.safetensors").items()}
        assert found["heads"][head]["parameters"] == sum(n for name, n in sizes.items() if name.startswith("head."))
    (pair,) = found["comparisons"]
    scores = {head: 100 * entry["scores"]["accuracy"]["mean"] for head, entry in found["heads"].items()}
    assert pair["difference"] == pytest.approx(scores[pair["head"]] - scores[pair["baseline"]])
    assert pair["sentence"] in compared.stdout and found["verdict"] in compared.stdout
    assert sum(part["rows"] for part in found["lengths"]) == 17
    for name in ("comparison.md", "comparison.html"):
        assert found["verdict"] in (compared.folder / name).read_text(encoding="utf-8")

"""Installed, the project is one package and one command, and leaves everybody else's `utils` alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from script_runs import REPOSITORY
from small_data import reviews, write_csv

LEFT_OUT = shutil.ignore_patterns(".*", "runs", "build", "*.egg-info", "__pycache__", "tests", "docs")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the wheel's files, as `pip install` puts them."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(REPOSITORY, folder / "source", ignore=LEFT_OUT)
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), "."]
    subprocess.run([sys.executable, *build], cwd=folder / "source", check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def command(site, tmp_path):
    """`command(word, ...)`: `python -m electra_heads`, in a folder that has a `utils` of its own."""
    (tmp_path / "utils.py").write_text("raise ImportError('not this one')\n", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}

    def _command(*words: object) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "electra_heads", *map(str, words)]
        return subprocess.run(whole, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return _command


@pytest.mark.long
def test_the_wheel_is_one_package(site):
    names = {path.name for path in site.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"electra_heads"}
    for room in ("heads", "utils", "comparison"):
        ours = {path.relative_to(REPOSITORY) for path in (REPOSITORY / room).rglob("*.py")}
        assert {
            path.relative_to(site / "electra_heads") for path in (site / "electra_heads" / room).rglob("*.py")
        } == ours
    assert (site / "electra_heads/recipes/spaces/tokens-pretrained.yaml").is_file()
    (entries,) = site.glob("*.dist-info/entry_points.txt")
    assert "electra-heads = electra_heads.__main__:main" in entries.read_text(encoding="utf-8")


@pytest.mark.long
def test_a_comparison_from_another_folder(command, encoder, tmp_path):
    write_csv(tmp_path / "train.csv", reviews(24, seed=1))
    write_csv(tmp_path / "test.csv", reviews(12, seed=2))
    files = [
        "--train_file",
        "train.csv",
        "--test_file",
        "test.csv",
        "--validation_split",
        "0.2",
        "--output_dir",
        "heads",
    ]
    words = ["--script", "run_seq_cls.py", "--model_name_or_path", encoder, *files]
    done = command("compare", *words, "--heads", "dense", "--seeds", "0", "1", "--tune", "2")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "heads" / "comparison.md").is_file()


def test_what_is_no_command(command):
    done = command("seq_cls")
    assert done.returncode == 2 and done.stderr.startswith("error: no command 'seq_cls'; usage: electra-heads seq-cls|")
    assert command("--help").stdout.startswith("usage: electra-heads seq-cls|token-cls|qa|compare|")

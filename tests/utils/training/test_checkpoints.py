"""A checkpoint is whole or it does not exist, and what is wrong with one is said."""

from __future__ import annotations

import json
import shutil

import pytest
from checkpoint_files import FILES, save_checkpoint

from utils.files import sha256
from utils.training.checkpoints import INCOMPLETE, checkpoints, damage, newest, obstacle, remove


def names(folder) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_checkpoint_lists_its_files(tmp_path):
    saved = save_checkpoint(tmp_path, 5)
    assert names(tmp_path) == ["checkpoint-5"] and damage(saved) is None
    manifest = json.loads((saved / "checkpoint.json").read_text(encoding="utf-8"))
    assert manifest["files"].keys() == {*FILES, "trainer_state.json"}
    # echo -n weights | sha256sum
    digest = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    assert manifest["files"]["model.safetensors"] == {"bytes": 7, "sha256": digest}


def test_one_takes_the_place_of_another(tmp_path):
    (save_checkpoint(tmp_path, 5) / "more.txt").write_text("of the first")
    again = save_checkpoint(tmp_path, 5)
    assert damage(again) is None and not (again / "more.txt").exists() and names(tmp_path) == ["checkpoint-5"]


def cut(path):
    path.write_bytes(path.read_bytes()[:3])


def flip(path):
    path.write_bytes(b"X" + path.read_bytes()[1:])


@pytest.mark.parametrize(
    ("name", "harm", "expected"),
    [
        ("model.safetensors", cut, "model.safetensors has 3 of 7 bytes"),
        ("model.safetensors", flip, "model.safetensors is not what was saved"),
        ("optimizer.pt", lambda path: path.unlink(), "optimizer.pt is missing"),
        ("rng_state.pth", lambda path: path.write_bytes(b""), "rng_state.pth has 0 of 5 bytes"),
        ("trainer_state.json", cut, "trainer_state.json has 3 of 50 bytes"),
        ("checkpoint.json", lambda path: path.unlink(), "it has no readable checkpoint.json, which is written last"),
        ("checkpoint.json", cut, "it has no readable checkpoint.json, which is written last"),
        (
            "checkpoint.json",
            lambda path: path.write_text("[1]"),
            "it has no readable checkpoint.json, which is written last",
        ),
        (INCOMPLETE, lambda path: path.touch(), "checkpoint-is-incomplete.txt is in it"),
    ],
)
def test_damage(name, harm, expected, tmp_path):
    for step in (2, 10):
        saved = save_checkpoint(tmp_path, step)
    harm(saved / name)
    assert damage(saved) == expected
    found = newest(tmp_path, with_best=False)
    assert found.checkpoint == tmp_path / "checkpoint-2" and found.skipped == [f"checkpoint-10 ({expected})"]


def test_files_of_others_do_no_harm(tmp_path):
    saved = save_checkpoint(tmp_path, 2)
    (saved / "notes.txt").write_text("mine")
    for name in ("checkpoint-best", "checkpoint-3.part", "my-checkpoint-4"):
        (tmp_path / name).mkdir()
    assert checkpoints(tmp_path) == [saved] and damage(saved) is None


def test_a_run_that_ends_with_the_best_weights_needs_them(tmp_path):
    saved = [save_checkpoint(tmp_path, 4)]
    saved.append(save_checkpoint(tmp_path, 8, best=str(tmp_path / "checkpoint-8")))
    saved.append(save_checkpoint(tmp_path, 12, best="before/it/moved/checkpoint-8"))
    assert newest(tmp_path, with_best=True).checkpoint == saved[2]
    (saved[1] / "optimizer.pt").unlink()  # which its weights do not need
    assert newest(tmp_path, with_best=True).checkpoint == saved[2]
    cut(saved[1] / "model.safetensors")
    lost = "of checkpoint-8, the best before it, model.safetensors has 3 of 7 bytes"
    assert newest(tmp_path, with_best=True).skipped[0] == f"checkpoint-12 ({lost})"
    assert newest(tmp_path, with_best=True).checkpoint == saved[0]
    assert newest(tmp_path, with_best=False).checkpoint == saved[2]
    shutil.rmtree(saved[1])
    assert obstacle(saved[2], with_best=True) == "of checkpoint-8, the best before it, it is missing"


def test_removing(tmp_path):
    for step in (2, 4):
        save_checkpoint(tmp_path, step)
    remove(tmp_path / "checkpoint-2")
    assert names(tmp_path) == ["checkpoint-4"]


FORGED = [
    "[" * 100_000,
    "null",
    '{"files": []}',
    '{"files": {"a": 1}}',
    '{"files": {"a": {"bytes": "x", "sha256": 1}}}',
]
FORGED += [
    '{"files": {}, "processes": 1}',
    '{"files": {"a": {"bytes": 1e999, "sha256": ""}}}',
    '{"files": {}, "processes": null}',
    '{"files": {"../a": {"bytes": 1, "sha256": ""}}, "processes": 1, "weights_only": false}',
    '{"files": {"/etc/hostname": {"bytes": 1, "sha256": ""}}, "processes": 1, "weights_only": false}',
]


@pytest.mark.parametrize("content", FORGED)
def test_a_list_of_files_that_somebody_else_wrote(content, tmp_path):
    saved = save_checkpoint(tmp_path, 5)
    (saved / "checkpoint.json").write_text(content, encoding="utf-8")
    assert obstacle(saved, with_best=True) == "it has no readable checkpoint.json, which is written last"


@pytest.mark.parametrize("content", ["[" * 100_000, "null", "{}", '{"best_model_checkpoint": 3}', "{"])
def test_a_state_that_somebody_else_wrote(content, tmp_path):
    saved = save_checkpoint(tmp_path, 5)
    (saved / "trainer_state.json").write_text(content, encoding="utf-8")
    manifest = json.loads((saved / "checkpoint.json").read_text(encoding="utf-8"))
    manifest["files"]["trainer_state.json"] = {"bytes": len(content), "sha256": sha256(saved / "trainer_state.json")}
    (saved / "checkpoint.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "its trainer_state.json cannot be read (" in str(obstacle(saved, with_best=True))

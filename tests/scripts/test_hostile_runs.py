"""Whole runs on what somebody else has prepared: nothing is run, nothing outside of the folder is written, no token is shown."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from checkpoint_files import Payload
from script_runs import snapshot
from small_data import reviews

from utils.files import sha256

ANSI = "\x1b[31m"
TOKEN = "hf_" + "aB3" * 11 + "x"


@pytest.fixture(scope="module")
def stopped(run, encoder, files):
    """A training of two steps with a checkpoint after each, and its flags."""
    flags = {"model_name_or_path": encoder, "do_train": True, "save_steps": 1, "save_strategy": "steps"}
    flags |= {"train_file": files["seq_cls"]["train_file"], "per_device_train_batch_size": 4}
    return run("seq_cls", max_steps=2, **flags).folder, flags


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"])
def test_a_checkpoint_that_would_run_code_is_not_gone_on_from(run, stopped, name, tmp_path):
    folder, flags = stopped
    checkpoint = Path(shutil.copytree(folder / "checkpoint-1", tmp_path / "run" / "checkpoint-1"))
    torch.save({"state": Payload(tmp_path / "mark")}, checkpoint / name)
    manifest = json.loads((checkpoint / "checkpoint.json").read_text(encoding="utf-8"))
    manifest["files"][name] = {"bytes": (checkpoint / name).stat().st_size, "sha256": sha256(checkpoint / name)}
    (checkpoint / "checkpoint.json").write_text(json.dumps(manifest), encoding="utf-8")
    unread = name == "training_args.bin"
    again = {"output_dir": tmp_path / "run", "resume_from_checkpoint": True, "max_steps": 2}
    outcome = run("seq_cls", code=0 if unread else 2, **flags, **again)
    assert not (tmp_path / "mark").exists()
    if not unread:
        last = outcome.stderr.splitlines()[-1]  # after what the library says of flags that differ
        assert last.startswith(f"error: {checkpoint}: --resume_from_checkpoint: a file in it holds more than numbers")
        assert "Traceback" not in outcome.stderr


def test_links_in_the_output_folder(fail, run, stopped, files, tmp_path):
    """Files that a run leaves take the place of links; its working folders and what it would push are none."""
    folder, flags = stopped
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("of somebody else", encoding="utf-8")
    before = snapshot(outside)
    for name in ("unfinished", "unfinished-checkpoint", "predictions.parts"):
        own = tmp_path / name
        own.mkdir()
        (own / name).symlink_to(outside)
        assert f"{own / name}: is a link" in fail("seq_cls", output_dir=own, max_steps=1, **flags)
    linked = tmp_path / "linked"
    linked.mkdir()
    names = (
        "predictions.jsonl",
        "predictions.jsonl.part",
        "run.json",
        "run.json.part",
        "all_results.json",
        "README.md",
    )
    for name in names:
        (linked / name).symlink_to(outside / "secret")
    run(
        "seq_cls",
        model_name_or_path=folder,
        do_predict=True,
        test_file=files["seq_cls"]["test_file"],
        output_dir=linked,
    )
    assert snapshot(outside) == before and not (linked / "run.json").is_symlink()
    pushed = tmp_path / "pushed"
    pushed.mkdir()
    (pushed / "notes.txt").symlink_to(outside / "secret")
    told = fail("seq_cls", output_dir=pushed, max_steps=1, push_to_hub=True, hub_model_id="user/a", **flags)
    assert "--push_to_hub would send what this link leads to" in told
    assert snapshot(outside) == before


def test_archives_of_a_data_set_stay_in_the_cache(run, stopped, encoder, tmp_path, cache):
    data = tmp_path / "data"
    data.mkdir()
    text = "text,label\n" + "".join(f"영화 {i},{'ab'[i % 2]}\n" for i in range(8))
    with zipfile.ZipFile(data / "train.zip", "w") as archive:
        archive.writestr("train.csv", text)
        archive.writestr("../../../../evil.csv", text)
        archive.writestr("/tmp/of-no-other-use-evil.csv", text)
    (data / "code.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')", encoding="utf-8")
    flags = stopped[1] | {"train_file": None}
    run("seq_cls", dataset_name=data, max_steps=1, code=None, **flags)
    assert not (tmp_path / "mark").exists() and not Path("/tmp/of-no-other-use-evil.csv").exists()
    found = [path for path in tmp_path.rglob("*evil*")] + [path for path in cache.parent.glob("*evil*")]
    assert not found


def test_names_of_a_hub_that_lead_elsewhere(fail, stopped):
    flags = stopped[1]
    for name in ("../evil", "a/../../b"):
        assert "cannot load --dataset_name" in fail(
            "seq_cls", max_steps=1, **(flags | {"train_file": None, "dataset_name": name})
        )
        assert "there is no such folder" in fail("seq_cls", max_steps=1, **(flags | {"model_name_or_path": name}))
        assert "Repo id must " in fail("seq_cls", max_steps=1, push_to_hub=True, hub_model_id=name, **flags)


def test_what_is_printed_and_written(run, stopped, tmp_path):
    """Labels and ids with escapes in them, and a token in the command, in the recipe and in the environment."""
    file = tmp_path / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "text", "label"])
        writer.writeheader()
        for row in reviews(24):
            writer.writerow(
                {"id": f"{row['id']}{ANSI}", "text": row["text"], "label": f"{row['label']}{ANSI}\x07<script>|"}
            )
    flags = stopped[1] | {"train_file": file, "validation_file": file, "test_file": file, "do_eval": True}
    tokens = {"hub_token": TOKEN, "run_name": f"a-{TOKEN[::-1]} {TOKEN}"}
    outcome = run("seq_cls", max_steps=1, do_predict=True, environment={"HF_TOKEN": TOKEN}, **flags, **tokens)
    shown = outcome.stdout + outcome.stderr
    assert "\\x1b[31m\\x07<script>|" in shown and "\x1b" not in shown and "\x07" not in shown
    assert {row["prediction"] for row in outcome.predictions} <= {f"{word}[31m<script>|" for word in ("긍정", "부정")}
    card = (outcome.folder / "README.md").read_text(encoding="utf-8")
    assert "\x1b" not in card and "\\<script>\\|" in card and "<script>|" not in card.replace("\\<script>\\|", "")
    for path in [path for path in outcome.folder.rglob("*") if path.is_file()]:
        assert TOKEN.encode() not in path.read_bytes(), path
    assert TOKEN not in shown


def test_a_token_where_none_belongs(fail, stopped):
    for words in ([TOKEN], ["--hub_tokn", TOKEN], ["--learning_rate", TOKEN]):
        assert TOKEN not in fail("seq_cls", *words, max_steps=1, **stopped[1])

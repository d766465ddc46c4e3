"""A folder holds one run: what a run leaves replaces what an earlier one left, at once, and only when it is whole."""

from __future__ import annotations

import pytest

from utils.errors import UserError
from utils.outputs.run_folder import clear, finish, left_by_a_run, staged


def fill(folder, **files: str):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def contents(folder) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_an_earlier_run_left_is_replaced_and_all_else_stays(tmp_path):
    fill(tmp_path, run__json="old", README__md="old", predictions__jsonl="old", scores__png="old", notes__txt="mine")
    fill(tmp_path, vocab__txt="old", eval_results__json="old", my_script__py="mine")
    fill(tmp_path / "checkpoint-5", model__safetensors="dear")
    fill(tmp_path / "predictions.parts", a__json="old")
    with staged(tmp_path) as stage:
        clear(stage)
        fill(stage, run__json="new", README__md="new", train_results__json="new")
        finish(stage, tmp_path)
    assert contents(tmp_path) == {
        "run.json": "new",
        "README.md": "new",
        "train_results.json": "new",
        "notes.txt": "mine",
        "my_script.py": "mine",
        "checkpoint-5/model.safetensors": "dear",
    }


def test_the_adapter_of_an_earlier_run_goes_and_a_folder_of_that_name_stays(tmp_path):
    for number, names in enumerate((("adapter_config__json", "old__safetensors"), ("adapter_config__json",), ())):
        with staged(tmp_path) as stage:
            clear(stage)
            fill(stage, run__json="new")
            if names:
                fill(stage / "adapter", **dict.fromkeys(names, str(number)))
            finish(stage, tmp_path)
        assert contents(tmp_path) == {"run.json": "new"} | {
            f"adapter/{name.replace('__', '.')}": str(number) for name in names
        }
    fill(tmp_path / "adapter", notes__txt="mine")
    with staged(tmp_path) as stage:
        clear(stage)
        fill(stage, run__json="new")
        finish(stage, tmp_path)
    assert contents(tmp_path) == {"run.json": "new", "adapter/notes.txt": "mine"}


def test_a_run_that_fails_changes_nothing(tmp_path):
    before = contents(fill(tmp_path, run__json="old", README__md="old"))
    with pytest.raises(UserError), staged(tmp_path) as stage:
        clear(stage)
        fill(stage, eval_results__json="half")
        raise UserError("a faulty row")
    assert contents(tmp_path) == before and not (tmp_path / "unfinished").exists()


def test_a_model_that_was_trained_is_kept_and_named(tmp_path, caplog):
    fill(tmp_path, model__safetensors="old")
    with pytest.raises(RuntimeError), caplog.at_level("WARNING"), staged(tmp_path) as stage:
        clear(stage)
        fill(stage, model__safetensors="new")
        raise RuntimeError("out of memory")
    assert contents(tmp_path) == {"model.safetensors": "old", "unfinished/model.safetensors": "new"}
    assert caplog.messages == [f"the model that was trained is in {tmp_path}/unfinished"]
    with staged(tmp_path) as stage:  # the next run does not mix with it
        clear(stage)
        fill(stage, run__json="new")
        finish(stage, tmp_path)
    assert contents(tmp_path) == {"run.json": "new"}


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("model.safetensors", True),
        ("model-00001-of-00002.safetensors", True),
        ("tokenizer.json", True),
        ("cnn.py", True),
        ("training.png", True),
        ("other.safetensors", False),
        ("mymodel.safetensors", False),
        ("__init__.py", False),
        ("photo.png", False),
        ("train.csv", False),
    ],
)
def test_what_is_left_by_runs(name, ours):
    assert left_by_a_run(name) == ours

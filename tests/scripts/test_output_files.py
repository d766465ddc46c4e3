"""What a run leaves in `--output_dir`: the names, the keys, and that their contents belong together."""

from __future__ import annotations

import hashlib
import os
import sys

import pytest
import torch
from script_runs import REPOSITORY
from small_data import WINDOWS
from transformers import AutoTokenizer

CODE = {path.name for path in (REPOSITORY / "heads").glob("*.py")} - {"__init__.py"}
MODEL = {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"}
RESULTS = {"all_results.json", "train_results.json", "eval_results.json", "predict_results.json", "trainer_state.json"}
REPORTS = {"README.md", "run.json", "data_report.json", "predictions.jsonl", "training.png", "scores.png"}


def test_names(task, learn):
    names = {path.name for path in learn(task, head="cnn").folder.iterdir()}
    assert names == CODE | MODEL | RESULTS | REPORTS


def test_evaluation_leaves_results_but_no_model(run, learn, files):
    trained = learn("seq_cls", head="cnn")
    outcome = run(
        "seq_cls",
        model_name_or_path=trained.folder,
        do_eval=True,
        validation_file=files["seq_cls"]["validation_file"],
    )
    assert {path.name for path in outcome.folder.iterdir()} == {
        *("all_results.json", "eval_results.json", "run.json", "data_report.json")
    }


def test_the_tokenizer_is_the_same_whether_or_not_features_are_in_the_cache(task, run, encoder, files, tmp_path):
    flags = {"do_train": True, "max_steps": 1, "save_strategy": "no", "model_name_or_path": encoder}
    flags |= WINDOWS[task] | {"train_file": files[task]["train_file"]}
    tokenized, cached = (
        run(task, **flags, overwrite_cache=anew, output_dir=tmp_path / str(anew)).folder for anew in (True, False)
    )
    assert (tokenized / "tokenizer.json").read_bytes() == (cached / "tokenizer.json").read_bytes()


def readable_for_all() -> None:
    os.umask(0o022)


def private() -> None:
    os.umask(0o077)


def permissions(folder) -> set[str]:
    return {oct(path.stat().st_mode & 0o777) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize(("mask", "expected"), [(readable_for_all, "0o644"), (private, "0o600")])
def test_files_are_as_readable_as_the_umask_says(mask, expected, run, learn, encoder, files):
    flags = files["seq_cls"] | {"do_train": True, "do_eval": True, "do_predict": True, "max_steps": 2, "save_steps": 1}
    flags |= {"lora": "{}", "report": True, "calibrate": True, "predictions_format": "parquet"}
    outcome = run("seq_cls", model_name_or_path=encoder, before=mask, **flags)
    assert {path.name for path in outcome.folder.rglob("*.safetensors")} == {
        "model.safetensors",
        "adapter_model.safetensors",
    }
    assert permissions(outcome.folder) == {expected}
    together = run(
        "ensemble", outcome.folder, learn("seq_cls", head="cnn").folder, before=mask, test_file=flags["test_file"]
    )
    assert permissions(together.folder) == {expected}


def test_results_have_the_keys_of_the_library(task, learn):
    outcome = learn(task, head="cnn")
    parts: dict = {}
    for stage in ("train", "eval", "predict"):
        results = outcome.read(f"{stage}_results.json")
        shared = {f"{stage}_loss", f"{stage}_runtime", f"{stage}_samples"}
        shared |= {f"{stage}_samples_per_second", f"{stage}_steps_per_second"}
        assert results.keys() >= shared
        assert all(isinstance(value, (int, float)) for value in results.values())
        parts |= results
    assert outcome.read("all_results.json") == parts


def test_labels_by_name(learn):
    config = learn("seq_cls", head="cnn").read("config.json")
    assert config["id2label"] == {"0": "긍정", "1": "부정"}
    assert config["label2id"] == {"긍정": 0, "부정": 1}
    assert config["problem_type"] == "single_label_classification"
    assert {row["prediction"] for row in learn("seq_cls", head="cnn").predictions} <= {"긍정", "부정"}
    config = learn("token_cls", head="cnn").read("config.json")
    assert list(config["id2label"].values()) == ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]
    assert config["token_unit"] == "characters"


def test_code_travels_with_the_weights(task, learn):
    outcome = learn(task, head="cnn")
    config = outcome.read("config.json")
    assert config["architectures"][0].startswith("HeadedEncoderFor")
    assert config["auto_map"]["AutoConfig"] == "configuration_headed_encoder.HeadedEncoderConfig"
    name = next(value for key, value in config["auto_map"].items() if key != "AutoConfig")
    assert name == f"modeling_headed_encoder.{config['architectures'][0]}"
    assert AutoTokenizer.from_pretrained(outcome.folder).is_fast


def test_run_record(task, learn, files):
    outcome = learn(task, head="cnn")
    record = outcome.read("run.json")
    assert record.keys() >= {"command", "seed", "head", "head_kwargs", "metrics", "seconds", "peak_memory_bytes"}
    assert record["head"] == "cnn" and record["seed"] == 42 and record["world_size"] == 1
    for file in files[task].values():
        assert record["data"][str(file)]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record["versions"].keys() >= {"python", "torch", "transformers", "datasets", "tokenizers"}
    assert record["versions"]["torch"] == torch.__version__
    changed = record["changed_from_default"]
    assert changed["learning_rate"] == 1e-3 and changed["head"] == "cnn" and "weight_decay" not in changed
    results = outcome.read("all_results.json")
    assert all(results[name] == pytest.approx(value) for name, value in record["metrics"].items() if name in results)
    assert record["seconds"] > 0 and record["peak_memory_bytes"]["host"] > 1e6
    assert any("head: cnn, new" in note for note in record["notes"])  # what was decided is written down


def test_data_report(learn, files):
    report = learn("seq_cls", head="cnn").read("data_report.json")
    assert report.keys() >= {"train", "validation", "test"}
    assert report["train"]["rows"] == 48 and report["test"]["rows"] == 17
    assert report["train"]["labels"] == {"긍정": 29, "부정": 19}


def test_nothing_published_names_a_folder_of_the_machine(learn, encoder):
    """The card loads a run that is not pushed from the folder that was given, and names no other."""
    folder = learn("seq_cls", head="cnn").folder
    for name in ("config.json", "tokenizer_config.json", "tokenizer.json", "README.md"):
        text = (folder / name).read_text(encoding="utf-8")
        own = f'from_pretrained("{folder}"', f'model="{folder}"'
        for place in own if name == "README.md" else ():
            text = text.replace(place, "")
        assert str(encoder.parent) not in text, name


def test_predictions_are_utf8_and_readable(learn):
    text = (learn("seq_cls", head="cnn").folder / "predictions.jsonl").read_bytes().decode("utf-8")
    assert "긍정" in text or "부정" in text
    assert len(text.split("\n")) == 18 and text.endswith("\n")


def test_scores(learn):
    assert all(0.5 <= row["score"] <= 1 for row in learn("seq_cls", head="cnn").predictions)
    for row in learn("token_cls", head="cnn").predictions:
        assert len(row["score"]) == len(row["prediction"])
        assert all(0 <= score <= 1 for score in row["score"])
    assert all(0 < row["score"] <= 1 for row in learn("qa", head="cnn").predictions)

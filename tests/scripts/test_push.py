"""--push_to_hub, against a Hub of the tests' own: what arrives there works, and the token stays at home."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hub_server import Hub, serve
from script_runs import REPOSITORY, as_flags

TOKEN, READING_TOKEN = "hf_secretsecretsecret", "hf_readingonly"
LOAD = """
import sys
sys.modules["heads"] = None  # the code comes from the repository
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
tokenizer = AutoTokenizer.from_pretrained("user/reviews", trust_remote_code=True)
model = AutoModelForSequenceClassification.from_pretrained("user/reviews", trust_remote_code=True)
print([row["label"] for row in pipeline("text-classification", model=model, tokenizer=tokenizer)(sys.argv[1:])])
"""


@pytest.fixture(scope="module")
def hub():
    with serve(TOKEN, READING_TOKEN) as hub:
        yield hub


def python(hub: Hub, folder, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """A Python of its own: the Hub's address is read when the library is imported."""
    own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    own |= {"HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)} | environment
    kept = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "HF_DATASETS_CACHE")}
    return subprocess.run([sys.executable, *words], cwd=folder, env=kept | own, capture_output=True, text=True)


def flags(encoder, files, folder, **more) -> list[str]:
    stages = {"do_train": True, "do_eval": True, "do_predict": True, "max_steps": 2, "save_steps": 1, "head": "cnn"}
    push = {"push_to_hub": True, "hub_model_id": "user/reviews"}
    return as_flags({"output_dir": folder, "model_name_or_path": encoder} | files["seq_cls"] | stages | push | more)


@pytest.fixture(scope="module")
def pushed(hub, encoder, files, tmp_path_factory):
    """The folder of a run that pushed, and what it said."""
    folder = tmp_path_factory.mktemp("pushed")
    words = flags(encoder, files, folder / "run", hub_token=TOKEN, hub_strategy="every_save")
    done = python(hub, folder, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_repository_is_complete(hub, pushed):
    folder, _ = pushed
    files = hub.repositories["user/reviews"]
    assert files.keys() >= {
        *("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "README.md"),
        *(
            "cnn.py",
            "dense.py",
            "lstm.py",
            "masking.py",
            "configuration_headed_encoder.py",
            "modeling_headed_encoder.py",
        ),
        *("all_results.json", "train_results.json", "eval_results.json", "predict_results.json", "run.json"),
    }
    for name in ("model.safetensors", "config.json", "README.md", "all_results.json", "run.json"):
        assert files[name] == (folder / "run" / name).read_bytes(), name
    card = files["README.md"].decode()
    accuracy = json.loads(files["eval_results.json"])["eval_accuracy"]
    assert f"{accuracy:.4f}" in card and "user/reviews" in card


def test_the_token_stays_at_home(hub, pushed):
    folder, done = pushed
    assert TOKEN not in done.stdout + done.stderr
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in written if path.name == "training_args.bin"] == []
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []
    assert [path for path, content in hub.repositories["user/reviews"].items() if TOKEN.encode() in content] == []
    command = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))["command"]
    assert "--hub_token" in command  # said that there was one, not which


def test_it_works_from_there(hub, pushed):
    folder, _ = pushed
    done = python(hub, folder, "-c", LOAD, "영화 좋다", "bad movie", PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout.strip().split("\n")[-1].replace("'", '"'))) <= {"긍정", "부정"}


def test_a_token_that_may_not_write_loses_nothing(hub, encoder, files, tmp_path, pushed):
    before = dict(hub.repositories["user/reviews"])
    words = flags(encoder, files, tmp_path / "run", hub_token=READING_TOKEN)
    done = python(hub, tmp_path, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error: not pushed (") and done.stderr.count("\n") == 1
    assert f'push it later with: hf upload user/reviews {tmp_path}/run --exclude "checkpoint-*"' in done.stderr
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert written >= {"model.safetensors", "README.md", "run.json", "eval_results.json", "predictions.jsonl"}
    assert hub.repositories["user/reviews"] == before


def test_a_wrong_token_is_said_before_the_training(hub, encoder, files, tmp_path):
    words = flags(encoder, files, tmp_path / "run", hub_token="hf_wrong")
    done = python(hub, tmp_path, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: --push_to_hub: ") and done.stderr.count("\n") == 1
    assert "train_loss" not in done.stdout
    assert "hf_wrong" not in done.stdout + done.stderr

"""--push_to_hub, against a Hub of the tests' own: what arrives there works, and the token stays at home."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import zlib
from typing import Any

import pytest
from hub_server import HALF, SILENT, Hub, serve
from script_runs import REPOSITORY, as_flags
from transformers import pipeline

from heads.question_answering import QuestionAnsweringPipeline

TOKEN, READING_TOKEN = "hf_secretsecretsecret", "hf_readingonly"
# What `python script.py ...` does, but the process dies once all checkpoints are pushed and before anything is scored.
KILLED_BEFORE_THE_END = """
import os, runpy, signal, sys
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
from utils.training.trainer import HeadTrainer
finish = HeadTrainer._finish_current_push
def die(self):
    finish(self)
    os.kill(os.getpid(), signal.SIGKILL)
HeadTrainer._finish_current_push = die
runpy.run_path(sys.argv[0], run_name="__main__")
"""
# What `python script.py ...` does, but a Hub that says nothing counts as lost after a second.
SOON_TIRED = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has it ignored
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
from utils.training import pushing
pushing.SILENCE = 1
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PATIENCE = 300  # seconds until something counts as hanging
LOAD = """
import sys
sys.modules["heads"] = None  # the code comes from the repository
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
tokenizer = AutoTokenizer.from_pretrained("user/reviews", trust_remote_code=True)
model = AutoModelForSequenceClassification.from_pretrained("user/reviews", trust_remote_code=True)
print([row["label"] for row in pipeline("text-classification", model=model, tokenizer=tokenizer)(sys.argv[1:])])
"""


ASK = """
import json, sys
sys.modules["heads"] = None
from transformers import pipeline
questions = json.loads(sys.argv[1])
for name in ("user/answers", "user/answers-again"):
    pipe = pipeline(model=name, trust_remote_code=True, max_seq_len=32, doc_stride=8)  # the task is the checkpoint's own
    print(json.dumps(pipe(questions)))
    pipe.model.push_to_hub("user/answers-again")
    pipe.tokenizer.push_to_hub("user/answers-again")
"""


@pytest.fixture(scope="module")
def hub():
    with serve(TOKEN, READING_TOKEN) as hub:
        yield hub


def begin(hub: Hub, folder, *words: str, **environment: str) -> subprocess.Popen:
    """A Python of its own: the Hub's address is read when the library is imported."""
    own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    own |= {"HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)} | environment
    kept = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "HF_DATASETS_CACHE")}
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *words], cwd=folder, env=kept | own, **streams)


def python(hub: Hub, folder, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """What `begin` began, when it has ended."""
    process = begin(hub, folder, *words, **environment)
    stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def flags(encoder, files, folder, **more) -> list[str]:
    stages = {"do_train": True, "do_eval": True, "do_predict": True, "max_steps": 2, "save_steps": 1, "head": "cnn"}
    push = {"push_to_hub": True, "hub_model_id": "user/reviews"}
    return as_flags({"output_dir": folder, "model_name_or_path": encoder} | files["seq_cls"] | stages | push | more)


@pytest.fixture(scope="module")
def pushed(hub, encoder, files, tmp_path_factory):
    """The folder of a run that pushed, and what it said."""
    folder = tmp_path_factory.mktemp("pushed")
    words = flags(encoder, files, folder / "run", hub_token=TOKEN, hub_strategy="every_save", report=True)
    done = python(hub, folder, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_repository_is_complete(hub, pushed):
    folder, _ = pushed
    files = hub.repositories["user/reviews"]
    assert files.keys() >= {
        *("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "README.md"),
        *(
            "characters.py",
            "cnn.py",
            "dense.py",
            "lstm.py",
            "masking.py",
            "question_answering.py",
            "spans.py",
            "configuration_headed_encoder.py",
            "modeling_headed_encoder.py",
        ),
        *("all_results.json", "train_results.json", "eval_results.json", "predict_results.json", "run.json"),
    }
    for name in ("model.safetensors", "config.json", "README.md", "all_results.json", "run.json"):
        assert files[name] == (folder / "run" / name).read_bytes(), name
    assert (folder / "run" / "report.html").exists() and not {"report.html", "report.json"} & files.keys()
    card = files["README.md"].decode()
    accuracy = json.loads(files["eval_results.json"])["eval_accuracy"]
    assert f"{accuracy:.4f}" in card and "user/reviews" in card
    assert str(folder.parent) not in card  # nobody's folders are published


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


def test_the_task_is_that_of_the_card(hub, pushed):
    folder, _ = pushed
    ask = "from transformers import pipeline; print(pipeline(model='user/reviews', trust_remote_code=True).task)"
    done = python(hub, folder, "-c", ask, PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("text-classification")


def test_question_answering_from_there_and_pushed_again(hub, learn, tmp_path):
    """Re-saving and re-pushing keeps the code and the pipeline, without the project at hand."""
    trained = learn("qa", head="lstm")
    files = {path.name: path.read_bytes() for path in trained.folder.iterdir() if path.is_file()}
    hub.repositories["user/answers"] = files
    rows = [{"question": "the movie is?", "context": "영화 정말 " * n + "서울 the movie"} for n in (1, 30)]
    done = python(hub, tmp_path, "-c", ASK, json.dumps(rows), PYTHONPATH="", HF_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    first, again = (json.loads(line) for line in done.stdout.strip().splitlines()[-2:])
    expected = pipeline("question-answering", model=trained.folder, pipeline_class=QuestionAnsweringPipeline)
    for found in (first, again):
        for one, row in zip(found, expected(rows, max_seq_len=32, doc_stride=8), strict=True):
            assert one == row | {"score": pytest.approx(row["score"], abs=1e-5)}
    copy = hub.repositories["user/answers-again"]
    code = {name: content for name, content in files.items() if name.endswith(".py")}
    assert {name: content for name, content in copy.items() if name.endswith(".py")} == code
    assert code.keys() >= {"modeling_headed_encoder.py", "question_answering.py", "spans.py"}
    ours, theirs = (json.loads(config["config.json"]) for config in (files, copy))
    assert theirs["custom_pipelines"] == ours["custom_pipelines"]
    assert theirs["custom_pipelines"]["question-answering"] == {
        "impl": "question_answering.QuestionAnsweringPipeline",
        "pt": ["AutoModelForQuestionAnswering"],
    }
    assert theirs["auto_map"] == ours["auto_map"]


@pytest.mark.long
def test_a_token_that_may_not_write_loses_nothing(hub, encoder, files, tmp_path, pushed):
    before = dict(hub.repositories["user/reviews"])
    words = flags(encoder, files, tmp_path / "run", hub_token=READING_TOKEN)
    done = python(hub, tmp_path, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error: not pushed (") and done.stderr.count("\n") == 1
    assert f"push it later with: hf upload user/reviews {tmp_path}/run --exclude 'checkpoint-*'" in done.stderr
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert written >= {"model.safetensors", "README.md", "run.json", "eval_results.json", "predictions.jsonl"}
    assert hub.repositories["user/reviews"] == before


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [("/commit/", 500), ("/preupload/", 0), ("/commit/", HALF), ("/objects/", 500), ("/commit/", SILENT)],
    ids=["server error", "no network", "half an answer", "no uploads", "silence"],
)
def test_a_push_that_breaks_off_loses_nothing_and_says_how_to_go_on(hub, encoder, files, tmp_path, pushed, fault):
    before = dict(hub.repositories["user/reviews"])
    folder = tmp_path / "a run"
    words = flags(encoder, files, folder, hub_token=TOKEN, seed=zlib.crc32(repr(fault).encode()) % 1000)
    hub.fault = fault
    try:
        done = python(hub, tmp_path, "-c", SOON_TIRED, str(REPOSITORY / "run_seq_cls.py"), *words)
    finally:
        hub.fault = None
    assert done.returncode == 1, done.stderr
    error = done.stderr.splitlines()[-1]  # behind the library's own word of its attempts
    assert error.startswith("error: not pushed (")
    assert hub.repositories["user/reviews"] == before
    assert {path.name for path in folder.iterdir()} >= {
        "model.safetensors",
        "README.md",
        "run.json",
        "predictions.jsonl",
    }
    later = shlex.split(error.split("push it later with: ")[1])
    assert later == ["hf", "upload", "user/reviews", str(folder), "--exclude", "checkpoint-*"]
    pushed_later = python(hub, tmp_path, "-m", "huggingface_hub.cli.hf", *later[1:], HF_TOKEN=TOKEN)
    assert pushed_later.returncode == 0, pushed_later.stderr
    after = hub.repositories["user/reviews"]
    assert after["model.safetensors"] == (folder / "model.safetensors").read_bytes() != before["model.safetensors"]
    assert not any(name.startswith("checkpoint-") for name in after)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("strategy", ["end", "every_save"])
def test_a_run_that_is_stopped_while_it_pushes_goes_on(hub, encoder, files, tmp_path, pushed, number, strategy):
    """Nothing of the run is lost, what lies on the Hub stays whole, and the same command pushes the same weights."""
    before, folder = dict(hub.repositories["user/reviews"]), tmp_path / "run"
    words = [str(REPOSITORY / "run_seq_cls.py")]
    seed = 100 + number + 100 * (strategy == "end")  # the same weights as before would show nothing
    words += flags(encoder, files, folder, hub_token=TOKEN, seed=seed, hub_strategy=strategy)
    hub.fault = ("/commit/", SILENT)
    hub.reached.clear()
    try:
        process = begin(hub, tmp_path, "-c", SOON_TIRED, *words)
        assert hub.reached.wait(PATIENCE)
        if strategy == "end":
            assert (folder / "run.json").exists()  # all that the run leaves is there before it is pushed
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        hub.fault = None
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number), said
    assert "Traceback" not in said and TOKEN not in said
    if number != signal.SIGKILL:
        assert said.splitlines()[-1].startswith(f"error: stopped by {signal.Signals(number).name}; ")
    assert hub.repositories["user/reviews"] == before
    done = python(hub, tmp_path, *words, "--resume_from_checkpoint", "true")
    assert done.returncode == 0, done.stderr
    weights = (folder / "model.safetensors").read_bytes()
    assert hub.repositories["user/reviews"]["model.safetensors"] == weights != before["model.safetensors"]


@pytest.mark.long
def test_pushes_during_training_are_whole_and_leave_the_folder_alone(hub, encoder, files, tmp_path):
    """Each save is pushed with code and tokenizer, and with no score that is not of these weights."""
    folder = tmp_path / "run"
    words = flags(encoder, files, folder, hub_token=TOKEN, hub_strategy="checkpoint", hub_always_push=True)
    words[words.index("user/reviews")] = "user/states"
    done = python(hub, tmp_path, "-c", KILLED_BEFORE_THE_END, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == -signal.SIGKILL, done.stderr
    names = hub.repositories["user/states"].keys()
    code = {"cnn.py", "modeling_headed_encoder.py", "configuration_headed_encoder.py", "masking.py"}
    assert names >= code | {"model.safetensors", "config.json", "tokenizer.json", "last-checkpoint/optimizer.pt"}
    assert hub.repositories["user/states"]["README.md"] == b"Training in progress: step 2 of 2.\n"
    assert not any(name in names for name in ("optimizer.pt", "training_args.bin", "last-checkpoint/training_args.bin"))
    assert [path.name for path in folder.iterdir() if not path.name.startswith("checkpoint-")] == []


@pytest.mark.long
def test_a_second_push_replaces_the_first(hub, encoder, files, tmp_path, pushed):
    before = dict(hub.repositories["user/reviews"])
    done = python(
        hub,
        tmp_path,
        str(REPOSITORY / "run_seq_cls.py"),
        *flags(encoder, files, tmp_path / "run", hub_token=TOKEN, seed=3),
    )
    assert done.returncode == 0, done.stderr
    after = hub.repositories["user/reviews"]
    for name in ("model.safetensors", "README.md", "run.json"):
        assert after[name] == (tmp_path / "run" / name).read_bytes() != before[name], name


@pytest.mark.long
def test_a_wrong_token_is_said_before_the_training(hub, encoder, files, tmp_path):
    words = flags(encoder, files, tmp_path / "run", hub_token="hf_wrong")
    done = python(hub, tmp_path, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: --push_to_hub: ") and done.stderr.count("\n") == 1
    assert "train_loss" not in done.stdout
    assert "hf_wrong" not in done.stdout + done.stderr


@pytest.mark.long
def test_adapters_go_along(hub, encoder, files, tmp_path):
    """The repository loads without peft, head and all; the adapters lie beside it."""
    words = flags(encoder, files, tmp_path / "run", hub_token=TOKEN, hub_strategy="every_save", lora="{}")
    words[words.index("user/reviews")] = "user/adapted"
    done = python(hub, tmp_path, str(REPOSITORY / "run_seq_cls.py"), *words)
    assert done.returncode == 0, done.stderr
    there = hub.repositories["user/adapted"]
    for name in ("model.safetensors", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"):
        assert there[name] == (tmp_path / "run" / name).read_bytes(), name
    load = LOAD.replace("user/reviews", "user/adapted").replace(
        "import sys\n", "import sys\nsys.modules['peft'] = None\n", 1
    )
    found = python(hub, tmp_path, "-c", load, "영화 좋다", "bad movie")
    assert found.returncode == 0 and found.stdout.count("정") == 2, found.stderr  # a label of each

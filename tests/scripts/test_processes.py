"""Two processes do what one does: the same scores, the same predictions byte by byte, one copy of every file."""

from __future__ import annotations

import logging
import os
import signal

import pytest
import torch
from safetensors.torch import load_file
from script_runs import Outcome, as_flags, free_port, launch
from small_data import WINDOWS, questions, reviews, sentences, write_columns, write_csv, write_jsonl, write_squad
from test_resume import at_step

# An odd number: one process gets a row twice, which must not be counted.
ROWS = 13


@pytest.fixture
def odd_file(task, tmp_path):
    if task == "seq_cls":
        return write_csv(tmp_path / "odd.csv", reviews(ROWS, seed=4))
    if task == "token_cls":
        return write_columns(tmp_path / "odd.tsv", sentences(ROWS, seed=4))
    return write_squad(tmp_path / "odd.json", questions(ROWS, seed=4, words=40))


def assert_same(one: Outcome, two: Outcome) -> None:
    assert (two.folder / "predictions.jsonl").read_bytes() == (one.folder / "predictions.jsonl").read_bytes()
    assert sorted(path.name for path in two.folder.iterdir()) == sorted(path.name for path in one.folder.iterdir())
    for stage in ("eval", "predict"):
        expected, found = one.metrics(stage), two.metrics(stage)
        assert found.pop(f"{stage}_loss") == pytest.approx(expected.pop(f"{stage}_loss"), rel=1e-6)
        assert found == expected


def test_evaluation_and_prediction(task, learn, run, run_two, odd_file):
    flags = {"do_eval": True, "do_predict": True, "validation_file": odd_file, "test_file": odd_file}
    flags |= {"model_name_or_path": learn(task, head="cnn").folder, "per_device_eval_batch_size": 1}
    flags |= {"report": True} | WINDOWS[task]
    one, two = run(task, **flags), run_two(task, **flags)
    assert_same(one, two)
    assert two.read("report.json")["splits"] == one.read("report.json")["splits"]
    assert two.read("run.json")["world_size"] == 2
    assert two.read("predict_results.json")["predict_samples"] == ROWS


def test_a_last_batch_that_is_filled_up(task, learn, run, run_two, odd_file):
    """Rows that only fill up a batch are counted nowhere; scores may differ in the last digit, as with any other batch."""
    flags = {"do_predict": True, "test_file": odd_file, "per_device_eval_batch_size": 3}
    flags |= {"model_name_or_path": learn(task, head="lstm").folder} | WINDOWS[task]
    one, two = run(task, **flags), run_two(task, **flags)
    parts = [[{k: v for k, v in row.items() if k in ("id", "prediction")} for row in o.predictions] for o in (one, two)]
    assert parts[0] == parts[1] and len(parts[0]) == ROWS
    expected, found = one.metrics("predict"), two.metrics("predict")
    assert found.pop("predict_loss") == pytest.approx(expected.pop("predict_loss"), rel=1e-6)
    assert found == pytest.approx(expected)


def test_three_processes_that_have_too_few_rows(run, run_two, learn, tmp_path):
    """13 sentences in batches of four make 24 places: the third process has one row, and the rest are there to fill it up."""
    file = write_columns(tmp_path / "odd.tsv", sentences(ROWS, seed=4))
    flags = {"do_eval": True, "validation_file": file, "per_device_eval_batch_size": 4} | WINDOWS["token_cls"]
    flags |= {"model_name_or_path": learn("token_cls", head="cnn").folder}
    one, three = run("token_cls", **flags), run_two("token_cls", count=3, **flags)
    expected, found = one.metrics("eval"), three.metrics("eval")
    assert found.pop("eval_loss") == pytest.approx(expected.pop("eval_loss"), rel=1e-6)
    assert found == pytest.approx(expected)


@pytest.mark.long
def test_one_two_and_four_processes(task, run, run_two, sober_encoder, files, odd_file):
    """The same loss, weights, scores and predictions; four processes have batches of two, and 13 rows fill no last batch."""
    flags = {
        "do_train": True,
        "do_eval": True,
        "do_predict": True,
        "max_steps": 5,
        "optim": "sgd",
        "learning_rate": 0.1,
    }
    flags |= {"train_sampling_strategy": "random", "model_name_or_path": sober_encoder, "save_strategy": "no"}
    flags |= {
        "validation_file": odd_file,
        "test_file": odd_file,
        "train_file": files[task]["train_file"],
        "head": "cnn",
    }
    flags |= WINDOWS[task] | {"pad_to_max_length": task == "qa", "per_device_eval_batch_size": 2}
    one, *others = [
        run(task, per_device_train_batch_size=8, **flags),
        run_two(task, count=2, per_device_train_batch_size=4, **flags),
        run_two(task, count=4, per_device_train_batch_size=2, **flags),
    ]
    expected = load_file(one.folder / "model.safetensors")
    for other in others:
        found = load_file(other.folder / "model.safetensors")
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=0)
        assert [row["prediction"] for row in other.predictions] == [row["prediction"] for row in one.predictions]
        for stage in ("train", "eval", "predict"):
            assert other.metrics(stage) == pytest.approx(one.metrics(stage), rel=1e-5)
    assert [other.read("run.json")["world_size"] for other in others] == [2, 4]


@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "levers"),
    [
        ("seq_cls", {"loss": "focal", "class_weights": "balanced"}),
        ("token_cls", {"loss": "focal", "class_weights": "balanced"}),
        ("token_cls", {"class_weights": "balanced", "label_smoothing_factor": 0.1}),
        ("token_cls", {"crf": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_the_loss_of_an_evaluation_is_one_number(task, levers, learn, run, run_two, files, odd_file):
    """Whatever the batches and the processes are, and how many labels fall into each; a rate of 0 keeps the weights."""
    flags = {"do_train": True, "max_steps": 1, "learning_rate": 0, "save_strategy": "no", "do_eval": True}
    flags |= {"train_file": files[task]["train_file"], "validation_file": odd_file} | WINDOWS[task] | levers
    flags |= {"model_name_or_path": learn(task, crf=levers.get("crf")).folder}
    outcomes = [run(task, per_device_eval_batch_size=size, **flags) for size in (1, 64)]
    outcomes += [run_two(task, count=count, per_device_eval_batch_size=3, **flags) for count in (2, 3)]
    losses = [outcome.metrics("eval")["eval_loss"] for outcome in outcomes]
    assert losses == pytest.approx([losses[0]] * 4, rel=1e-6)


def test_a_loss_that_is_no_number_ends_both(run_two, encoder, tmp_path):
    """Only one of the two sees the row; the other must not wait for it."""
    rows = [{"text": f"good {i}", "label": 1e38 if i == 5 else i / 2} for i in range(8)]
    file = write_jsonl(tmp_path / "a.jsonl", rows)
    flags = {"do_train": True, "train_file": file, "per_device_train_batch_size": 1, "save_strategy": "no"}
    outcome = run_two("seq_cls", code=2, model_name_or_path=encoder, **flags)
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and lines[0].startswith("error: the loss is inf at step ")


def test_training(task, run, run_two, sober_encoder, files):
    """Two processes with batches of four are one with batches of eight, whatever the numbers of labels in each."""
    flags = {"do_train": True, "max_steps": 5, "optim": "sgd", "learning_rate": 0.1, "save_steps": 2, "head": "cnn"}
    flags |= {"train_sampling_strategy": "random", "model_name_or_path": sober_encoder}
    flags |= WINDOWS[task] | {"train_file": files[task]["train_file"], "pad_to_max_length": task == "qa"}
    one = run(task, per_device_train_batch_size=8, **flags)
    two = run_two(task, per_device_train_batch_size=4, **flags)
    assert two.read("run.json")["world_size"] == 2
    names = {path.name for path in one.folder.iterdir()}
    assert names == {path.name for path in two.folder.iterdir()} >= {"checkpoint-4", "checkpoint-5", "README.md"}
    expected, found = (load_file(outcome.folder / "model.safetensors") for outcome in (one, two))
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=0)


def terminate() -> None:
    at_step(3, lambda: os.kill(os.getpid(), signal.SIGTERM))


def die() -> None:
    at_step(3, lambda: os.kill(os.getpid(), signal.SIGKILL))


LIBRARIES = ("library", "transformers", "datasets", "huggingface_hub")


def warn() -> None:
    """As libraries do: their loggers have a level of their own, and some a handler as well as the root's."""
    logging.getLogger("library").setLevel(logging.WARNING)
    at_step(1, lambda: [logging.getLogger(name).warning("all is well with %s", name) for name in LIBRARIES])


def test_a_warning_of_a_library_is_said_once(run_two, encoder, files):
    flags = {"do_train": True, "max_steps": 1, "save_strategy": "no", "model_name_or_path": encoder}
    outcome = run_two("seq_cls", before={0: warn, 1: warn}, train_file=files["seq_cls"]["train_file"], **flags)
    said = [line for line in outcome.stdout.splitlines() if line.startswith("all is well")]
    assert said == [f"all is well with {name}" for name in LIBRARIES]
    assert "all is well" not in outcome.stderr


TRAINING = {"do_train": True, "max_steps": 5, "save_steps": 2, "per_device_train_batch_size": 4, "head": "cnn"}


@pytest.mark.parametrize("rank", [0, 1])
def test_sigterm_to_one_saves_a_checkpoint_and_ends_both(rank, run, run_two, encoder, files, tmp_path):
    flags = TRAINING | {"model_name_or_path": encoder, "train_file": files["seq_cls"]["train_file"]}
    whole = run_two("seq_cls", **flags, output_dir=tmp_path / "whole")
    stopped = run_two("seq_cls", code=143, before={rank: terminate}, **flags)
    assert sorted(path.name for path in stopped.folder.iterdir()) == ["checkpoint-2", "checkpoint-3"]
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= stopped.read("checkpoint-3/checkpoint.json")["files"].keys()
    assert stopped.stderr.count("error: stopped by SIGTERM; ") == 1
    resumed = run_two("seq_cls", **flags, resume_from_checkpoint=True)
    assert (resumed.folder / "model.safetensors").read_bytes() == (whole.folder / "model.safetensors").read_bytes()
    alone = run("seq_cls", **flags, output_dir=stopped.folder, resume_from_checkpoint=True)
    assert "was saved by 2 processes, and this run has 1" in alone.stdout


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_dies_ends_the_other(rank, run_two, encoder, files):
    flags = TRAINING | {"model_name_or_path": encoder, "train_file": files["seq_cls"]["train_file"]}
    died = run_two("seq_cls", code={rank: -signal.SIGKILL, 1 - rank: 1}, before={rank: die}, **flags)
    lines = [line for line in died.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and lines[0].startswith("error: another process of this run has ended: ")
    assert "Traceback" not in died.stderr
    assert [path.name for path in died.folder.iterdir()] == ["checkpoint-2"]


@pytest.mark.parametrize(
    ("task", "levers"),
    [
        ("token_cls", {"crf": True, "decoding": "constrained", "use_last_layers": 2}),
        ("token_cls", {"loss": "focal", "class_weights": "balanced"}),
        ("seq_cls", {"windows": "mean", "max_seq_length": 8, "loss": "focal", "class_weights": "balanced"}),
        ("seq_cls", {"pooling": "attention", "class_weights": "balanced", "layerwise_lr_decay": 0.5}),
        ("token_cls", {"freeze_layers": 1, "use_last_layers": 2, "combine_layers": "concat"}),
        ("seq_cls", {"unfreeze_after": 0.5, "gradient_checkpointing": True, "gradient_accumulation_steps": 2}),
    ],
    ids=["crf", "focal", "windows", "pooling", "first layers", "head first"],
)
def test_levers(task, levers, run, run_two, sober_encoder, files, odd_file):
    """Training, evaluation and predictions of two processes are those of one."""
    flags = {
        "do_train": True,
        "do_predict": True,
        "max_steps": 4,
        "optim": "sgd",
        "learning_rate": 0.1,
        "save_strategy": "no",
    }
    flags |= {"train_sampling_strategy": "random", "model_name_or_path": sober_encoder, "test_file": odd_file}
    flags |= WINDOWS[task] | {"train_file": files[task]["train_file"]} | levers
    one = run(task, per_device_train_batch_size=8, **flags)
    two = run_two(task, per_device_train_batch_size=4, **flags)
    expected, found = (load_file(outcome.folder / "model.safetensors") for outcome in (one, two))
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=0)
    assert [row["prediction"] for row in two.predictions] == [row["prediction"] for row in one.predictions]
    losses = [outcome.metrics("predict")["predict_loss"] for outcome in (one, two)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_head_first_resumed_in_either_phase(run_two, encoder, files, tmp_path):
    flags = TRAINING | {"model_name_or_path": encoder, "train_file": files["seq_cls"]["train_file"], "save_steps": 1}
    flags |= {"unfreeze_after": 0.4, "output_dir": tmp_path / "run", "save_total_limit": 0}
    expected = (run_two("seq_cls", **flags).folder / "model.safetensors").read_bytes()
    for step in (1, 2, 3):  # the encoder is trained from the third step on
        resumed = run_two("seq_cls", **flags, resume_from_checkpoint=tmp_path / "run" / f"checkpoint-{step}")
        assert (resumed.folder / "model.safetensors").read_bytes() == expected, step


def test_an_error_ends_both(run_two, encoder, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nthe,\n", encoding="utf-8")
    outcome = run_two("seq_cls", code=2, model_name_or_path=encoder, do_train=True, train_file=tmp_path / "a.csv")
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]  # torch may warn of the network
    assert len(lines) == 1 and lines[0].startswith(f"error: {tmp_path}/a.csv, row 2, column 'label': no label")


ONE_MACHINE = ["--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
ONE_MACHINE += ["--dynamo_backend", "no", "--main_process_port", "0"]


@pytest.mark.long
@pytest.mark.parametrize("machines", [1, 2])
@pytest.mark.parametrize("task", ["token_cls"])
def test_as_accelerate_launches_it(task, machines, learn, run, odd_file, tmp_path):
    """Two processes of one machine, and one of each of two, which find each other by an address as in the recipe."""
    flags = {"do_eval": True, "do_predict": True, "validation_file": odd_file, "test_file": odd_file}
    flags |= {"model_name_or_path": learn(task, head="cnn").folder, "per_device_eval_batch_size": 1} | WINDOWS[task]
    one = run(task, **flags)
    script = ["run_token_cls.py", *as_flags({"output_dir": tmp_path / "two", **flags}), "--use_cpu"]
    if machines == 1:
        started = [launch(ONE_MACHINE, *script, streams=tmp_path / "said-0")]
    else:
        recipe = ["--config_file", "recipes/accelerate/two-machines.yaml", "--main_process_ip", "127.0.0.1"]
        recipe += ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", free_port()]
        started = [
            launch([*recipe, "--machine_rank", str(rank)], *script, streams=tmp_path / f"said-{rank}")
            for rank in range(2)
        ]
    codes = [process.wait() for process in started]
    said = (tmp_path / "said-0").read_text(encoding="utf-8")
    assert codes == [0] * machines, said
    assert_same(one, Outcome(0, said, "", tmp_path / "two"))
    assert Outcome(0, said, "", tmp_path / "two").read("run.json")["world_size"] == 2

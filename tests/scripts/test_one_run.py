"""A folder holds one run: a second one takes the place of the first as a whole, or leaves it as it was."""

from __future__ import annotations

import shutil

import pytest
from script_runs import snapshot
from small_data import reviews, write_csv


@pytest.fixture
def earlier(learn, tmp_path):
    """A folder with a run that trained, evaluated and predicted, and a file of its owner's."""
    folder = shutil.copytree(learn("seq_cls", head="cnn").folder, tmp_path / "run")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    return folder


def test_a_second_training_leaves_nothing_of_the_first(earlier, run, encoder, files, task):
    """The first was of another task where the task is another one."""
    flags = {"do_train": True, "max_steps": 1, "save_strategy": "no", "train_file": files[task]["train_file"]}
    outcome = run(task, model_name_or_path=encoder, output_dir=earlier, **flags)
    fresh = run(task, model_name_or_path=encoder, **flags)
    assert {path.name for path in earlier.iterdir()} == {path.name for path in fresh.folder.iterdir()} | {"notes.txt"}
    assert "predict_results.json" not in {path.name for path in earlier.iterdir()}
    assert outcome.read("all_results.json").keys() == fresh.read("all_results.json").keys()
    card = (earlier / "README.md").read_text(encoding="utf-8")
    assert "| - | not evaluated | - |" in card and "scores.png" not in card
    assert "holds an earlier run: this one takes its place when it is done" in outcome.stdout
    assert "of an earlier run, removed from" in outcome.stdout


def test_a_second_prediction_leaves_nothing_of_the_first(learn, run, files, tmp_path):
    flags = {"model_name_or_path": learn("seq_cls", head="cnn").folder, "output_dir": tmp_path / "predicted"}
    run(
        "seq_cls",
        do_predict=True,
        do_eval=True,
        **{k: v for k, v in files["seq_cls"].items() if k != "train_file"},
        **flags,
    )
    outcome = run("seq_cls", do_predict=True, test_file=write_csv(tmp_path / "a.csv", reviews(3)), **flags)
    assert len(outcome.predictions) == 3
    assert (
        "eval_accuracy" not in outcome.read("all_results.json") and not (outcome.folder / "eval_results.json").exists()
    )


@pytest.mark.parametrize("stage", ["do_eval", "do_predict", "do_train"])
def test_the_folder_of_the_checkpoint_is_no_place_for_another_run(stage, earlier, run, files):
    before = snapshot(earlier)
    flags = {"model_name_or_path": earlier, "output_dir": earlier, stage: True} | files["seq_cls"]
    outcome = run("seq_cls", code=2, **flags)
    assert outcome.stderr == (
        f"error: a folder holds one run, and --model_name_or_path {earlier} is read from there; "
        f"name another --output_dir than {earlier}\n"
    )
    assert snapshot(earlier) == before


def test_a_model_of_another_run_is_not_evaluated_upon(earlier, learn, run, files):
    before = snapshot(earlier)
    flags = {"do_eval": True, "validation_file": files["seq_cls"]["validation_file"]}
    outcome = run("seq_cls", code=2, model_name_or_path=learn("seq_cls").folder, output_dir=earlier, **flags)
    assert outcome.stderr == (
        f"error: {earlier} holds a model, and a folder holds one run: name another --output_dir\n"
    )
    assert snapshot(earlier) == before


def fail_in_the_evaluation() -> None:
    from utils.training.trainer import HeadTrainer

    def predict(self, *args, **kwargs):
        raise RuntimeError("the machine is on fire")

    HeadTrainer.predict = predict


def test_a_training_whose_evaluation_fails_loses_neither_run(earlier, run, encoder, files):
    before = snapshot(earlier)
    flags = {"do_train": True, "do_eval": True, "max_steps": 1, "save_strategy": "no", "output_dir": earlier}
    flags |= {name: files["seq_cls"][name] for name in ("train_file", "validation_file")}
    outcome = run("seq_cls", model_name_or_path=encoder, before=fail_in_the_evaluation, code=1, **flags)
    after = snapshot(earlier)
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in after.keys() - before.keys()} == {"unfinished"}
    assert f"the model that was trained is in {earlier}/unfinished" in outcome.stdout
    again = run("seq_cls", model_name_or_path=encoder, **flags)
    assert not (again.folder / "unfinished").exists() and "eval_accuracy" in again.read("all_results.json")


def test_numbers_that_are_none_end_the_run_and_leave_the_earlier_one(fail, encoder, files):
    flags = {"do_train": True, "learning_rate": 1e30, "max_steps": 5, "save_strategy": "no"}
    message = fail("seq_cls", model_name_or_path=encoder, train_file=files["seq_cls"]["train_file"], **flags)
    assert message.startswith("error: the loss is nan at step 2 (learning rate 8e+29, rows ")
    assert " of train.csv): no result was saved; try a smaller --learning_rate" in message
    message = fail(
        "seq_cls",
        model_name_or_path=encoder,
        train_file=files["seq_cls"]["train_file"],
        **flags | {"max_steps": 1, "learning_rate": 1e38, "weight_decay": 1e6},
    )
    assert message.startswith("error: after step 1 the weight ") and "is no number any more" in message

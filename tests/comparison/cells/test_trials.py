"""The trials of a tuning: their commands, what they find, and what goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from comparison_plans import write

from comparison.arguments import parse_comparison
from comparison.cells import Trial, Tuning, make_plan, plan_trials
from comparison.cells.space import read_space
from comparison.running import run_trials
from utils.errors import ShownError, UserError

WORDS = ["--script", "run_seq_cls.py", "--config_name", "encoder", "--train_file", "train.csv", "--output_dir", "out"]
WORDS += ["--validation_file", "dev.csv", "--test_file", "test.csv", "--heads", "dense", "cnn", "--tune", "3"]
WORDS += ["--space", "space.yaml"]
SPACE = """\
shared:
  learning_rate: {log: [1e-5, 1e-3]}
  dropout: {uniform: [0, 0.4]}
heads:
  cnn:
    kernel_sizes: {choice: [[2, 3], [3]]}
"""


@pytest.fixture(autouse=True)
def space(place) -> None:
    """A space in the current folder."""
    write("space.yaml", SPACE)


def tuning(*words: str) -> Tuning:
    arguments = parse_comparison([*WORDS, *words])
    return plan_trials(arguments, make_plan(arguments))


def refused(*words: str) -> str:
    with pytest.raises(UserError) as caught:
        tuning(*words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_trials_are_scored_on_validation_rows_and_predict_nothing():
    found = tuning("--do_predict")
    points = read_space("space.yaml", ["dense", "cnn"])
    assert {head: [one.settings for one in trials] for head, trials in found.planned.items()} == {
        "dense": points.settings("dense", 3),
        "cnn": points.settings("cnn", 3),
    }
    assert [trial.cell.head for trial in found.due()] == ["dense", "cnn"] * 3  # a part of them has every head
    for trial in found.due():
        words = trial.cell.words
        for flag, value in (("--do_predict", "false"), ("--do_eval", "true"), ("--seed", "1234")):
            last = len(words) - 1 - words[::-1].index(flag)
            assert words[last + 1] == value
        assert trial.cell.folder.parent == Path("out/trials") and trial.cell.seed == 1234
        assert words[words.index("--learning_rate") + 1] == str(trial.settings["learning_rate"])
        kwargs = json.loads(words[words.index("--head_kwargs") + 1])
        assert kwargs == {name: value for name, value in trial.settings.items() if name != "learning_rate"}
    assert len({trial.cell.name for trial in found.due()}) == 6


def test_more_trials_begin_with_the_same():
    names = {head: [one.cell.name for one in trials] for head, trials in tuning().planned.items()}
    more = {head: [one.cell.name for one in trials] for head, trials in tuning("--tune", "5").planned.items()}
    assert {head: own[:3] for head, own in more.items()} == names
    assert [one.cell.name for one in tuning("--heads", "cnn").planned["cnn"]] == names["cnn"]
    Path("test.csv").write_text("text,label\nother,0\n", encoding="utf-8")  # no trial depends on test rows
    assert {head: [one.cell.name for one in trials] for head, trials in tuning().planned.items()} == names
    Path("dev.csv").write_text("text,label\nother,0\n", encoding="utf-8")
    assert tuning().planned["cnn"][0].cell.name != names["cnn"][0]


def test_the_comparison_is_that_of_the_chosen_settings():
    arguments = parse_comparison(WORDS)
    found = tuning()
    chosen = make_plan(found.choose(arguments, {"dense": 2, "cnn": 3}))
    second, third = found.planned["dense"][1].settings, found.planned["cnn"][2].settings
    by_hand = [word for word in WORDS if word not in ("--tune", "3", "--space", "space.yaml")]
    flags = {"dense": {"learning_rate": second["learning_rate"]}, "cnn": {"learning_rate": third["learning_rate"]}}
    kwargs = {
        "dense": {"dropout": second["dropout"]},
        "cnn": {"dropout": third["dropout"], "kernel_sizes": third["kernel_sizes"]},
    }
    words = ["--head_flags", json.dumps(flags), "--head_kwargs", json.dumps(kwargs)]
    expected = make_plan(parse_comparison([*by_hand, *words]))
    assert [cell.words for cell in chosen.cells] == [cell.words for cell in expected.cells]
    assert [cell.seed for cell in chosen.cells] == [0, 0, 1, 1, 2, 2]


def test_what_a_head_was_given_is_not_tuned():
    flags = ["--head_flags", '{"cnn": {"learning_rate": 0.5}}', "--head_kwargs", '{"cnn": {"num_filters": 9}}']
    found = tuning(*flags, "--learning_rate", "0.25")
    assert found.notes == [
        "learning_rate of the command or recipe: tuned instead",
        "learning_rate of the cnn head is fixed by --head_flags or --head_kwargs, and not tuned",
    ]
    first = found.planned["cnn"][0]
    assert "learning_rate" not in first.settings and first.cell.head_flags == {"learning_rate": 0.5}
    assert first.cell.head_kwargs["num_filters"] == 9 and "dropout" in first.cell.head_kwargs
    assert (
        found.planned["dense"][0].cell.head_flags["learning_rate"]
        == found.planned["dense"][0].settings["learning_rate"]
    )
    both = '{"dense": {"learning_rate": 0.5}}', '{"dense": {"dropout": 0.1}}'
    assert "nothing of the dense head is tuned" in refused("--head_flags", both[0], "--head_kwargs", both[1])


def test_the_space_is_that_of_script_and_encoder():
    words = WORDS[: WORDS.index("--space")]
    arguments = parse_comparison(words)
    assert Path(plan_trials(arguments, make_plan(arguments)).file).name == "sequences-from-scratch.yaml"
    words[words.index("--config_name")] = "--model_name_or_path"
    arguments = parse_comparison([*words, "--script", "run_token_cls.py"])
    assert Path(plan_trials(arguments, make_plan(arguments)).file).name == "tokens-pretrained.yaml"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tune", "0"], "--tune must be above 0, not 0"),
        (["--tune_steps", "-1"], "--tune_steps must be above 0, not -1"),
        (["--tune_seconds", "nan"], "--tune_seconds must be above 0, not nan"),
        (["--seeds", "0", "1234"], "--seeds has 1234, the seed of the trials"),
    ],
)
def test_errors(words, message):
    assert message in refused(*words)


def test_what_tuning_needs():
    without = [word for word in WORDS if word not in ("--validation_file", "dev.csv")]
    arguments = parse_comparison(without)
    with pytest.raises(UserError, match="give --validation_file, or --validation_split 0.1"):
        plan_trials(arguments, make_plan(arguments))
    arguments = parse_comparison([*without, "--validation_split", "0.5"])
    assert plan_trials(arguments, make_plan(arguments)).due()
    arguments = parse_comparison([word for word in WORDS if word not in ("--test_file", "test.csv")])
    with pytest.raises(UserError, match="--tune chooses by the validation rows, which then cannot be compared on"):
        plan_trials(arguments, make_plan(arguments))
    for flag in ("--space", "--tune_steps", "--tune_seconds"):
        with pytest.raises(UserError, match=f"{flag} .*--tune N: give that as well"):
            parse_comparison([*WORDS[: WORDS.index("--tune")], flag, "3"])


def test_settings_are_checked_before_anything_runs():
    Path("space.yaml").write_text("shared: {num_train_epochs: {int: [1, 2]}}", encoding="utf-8")
    assert "--max_steps decides instead" in refused("--max_steps", "3")
    Path("space.yaml").write_text(SPACE.replace("[3]", "[0]"), encoding="utf-8")
    assert "of the cnn head: kernel_sizes must be widths of at least 1 token" in refused()
    Path("space.yaml").write_text(SPACE.replace("[1e-5, 1e-3]", "[1, 2]").replace("learning_rate", "max_steps"))
    assert "max_steps" in refused()  # no number of steps has a fraction
    assert not Path("out/trials").exists()


# What became of them


def finish(trial: Trial, score: float, steps: int = 10, seconds: float = 5.0, loss: float = 0.5) -> None:
    folder = trial.cell.folder
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        "eval_results": {"eval_accuracy": score, "eval_loss": loss},
        "train_results": {"train_runtime": seconds, "train_loss": 0.5},
        "trainer_state": {"global_step": steps},
        "run": {},
    }
    for name, content in results.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_trials_that_fail_or_diverge_have_ended_without_a_score():
    first, second, third = tuning().planned["dense"]
    assert not first.ended
    finish(first, 0.75)
    finish(second, 0.5, loss=float("nan"))
    third.fail("exit code 1: CUDA out of memory", 12.34)
    assert [one.score("accuracy") for one in (first, second, third)] == [0.75, None, None]
    assert [one.ended for one in (first, second, third)] == [True] * 3
    assert [(one.steps, one.seconds) for one in (first, second, third)] == [(10, 5.0), (10, 5.0), (0, 12.3)]
    assert (second.failure, third.failure) == (None, "exit code 1: CUDA out of memory")
    assert [trial.number for trial in tuning().due() if trial.cell.head == "dense"] == []  # also in the next comparison
    finish(third, 0.25)
    assert third.score("accuracy") == 0.25 and third.failure is None


def test_weights_of_trials_are_not_kept():
    trial = tuning().planned["dense"][0]
    finish(trial, 0.75)
    (trial.cell.folder / "checkpoint-3").mkdir()
    for name in ("model.safetensors", "checkpoint-3/model.safetensors"):
        (trial.cell.folder / name).touch()
    trial.discard_weights()
    names = {path.name for path in trial.cell.folder.iterdir()}
    assert names == {"eval_results.json", "train_results.json", "trainer_state.json", "run.json"}


@pytest.mark.parametrize("limit", [["--tune_steps", "15"], ["--tune_seconds", "15"]])
def test_limits(limit):
    """A head begins trials for as long as it has not used up its share."""
    found = tuning(*limit)
    assert [(one.cell.head, one.number) for one in found.due()] == [("dense", 1), ("cnn", 1)]
    finish(found.planned["dense"][0], 0.5, steps=20, seconds=20.0)
    finish(found.planned["cnn"][0], 0.5, steps=5, seconds=5.0)
    assert [(one.cell.head, one.number) for one in tuning(*limit).due()] == [("cnn", 2)]
    finish(found.planned["cnn"][1], 0.5, steps=10, seconds=10.0)
    found = tuning(*limit)
    assert found.due() == [] and {head: len(trials) for head, trials in found.trials.items()} == {"dense": 1, "cnn": 2}


def program_of(trial: Trial, program: str) -> None:
    trial.cell.words[1:] = ["-c", program]  # after the name of python


def test_running_goes_on_after_failures_and_not_after_kills(capfd):
    found = tuning()
    (good, bad, killed), others = found.planned["dense"], found.planned["cnn"]
    for trial in (good, *others):
        finish(trial, 0.5)
    program_of(bad, "import sys; sys.exit('error: no memory')")
    program_of(killed, "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ShownError, match="^1 of 2 trials were killed; the same command runs them again"):
        run_trials(found)
    assert bad.failure == "exit code 1: error: no memory" and not killed.ended
    finish(killed, 0.25)
    capfd.readouterr()
    run_trials(found)
    assert capfd.readouterr().out == ""  # nothing is left to do


def test_where_all_fail_the_next_command_runs_them_again():
    found = tuning()
    for trial in found.planned["dense"]:
        finish(trial, 0.5)
    for trial in found.planned["cnn"]:
        program_of(trial, "raise ValueError('no such encoder')")
    with pytest.raises(ShownError, match="all 3 trials of cnn failed, the first with exit code 1: ValueError: no such"):
        run_trials(found)
    assert [trial.cell.head for trial in tuning().due()] == ["cnn"] * 3

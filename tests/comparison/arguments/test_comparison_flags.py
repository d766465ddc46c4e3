"""The command line of a comparison: what a recipe gives way to, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from comparison_plans import LEAST, WITH_TEST, plan, refused, write

from comparison.arguments import parse_comparison


def test_what_a_recipe_says_of_one_run_gives_way(place):
    recipe = write(
        "r.yaml",
        "config_name: encoder\ntask_name: nsmc\ntrain_file: train.csv\ntest_file: test.csv\nhead: cnn\nseed: 42\n"
        "head_kwargs: {num_filters: 7}\noutput_dir: theirs\ndo_predict: false\n",
    )
    found = plan(recipe, "--heads", "dense", "cnn", "--seeds", "0")
    assert found.script == "run_seq_cls.py" and found.recipe == "r.yaml" and found.folder == Path("theirs")
    assert found.notes == [
        "head cnn of r.yaml gives way to --heads",
        "seed 42 of r.yaml gives way to --seeds",
        "head_kwargs of r.yaml go to the cnn head alone",
    ]
    assert [cell.head_kwargs for cell in found.cells] == [{}, {"num_filters": 7}]
    assert found.cells[0].words[2] == "r.yaml"
    assert "{}" in found.cells[0].words  # or the recipe's would hold
    assert found.arguments[2].do_predict
    assert plan(recipe, "--output_dir", "mine").folder == Path("mine")
    recipe = write("mine.yaml", "config_name: encoder\ntask_name: nsmc\ntrain_file: train.csv\ntest_file: test.csv\n")
    assert plan(recipe).folder == Path("runs/mine-heads")


@pytest.mark.parametrize(
    ("task", "script"), [("nsmc", "run_seq_cls.py"), ("naver-ner", "run_token_cls.py"), ("korquad", "run_qa.py")]
)
def test_the_task_tells_the_script(place, task, script):
    words = ["--config_name", "encoder", "--train_file", "train.csv", "--test_file", "test.csv", "--output_dir", "out"]
    assert plan("--task-name", task, *words).script == script
    recipe = write("r.json", json.dumps({"task_name": task}))
    assert plan(recipe, *words).script == script


# Errors


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--bogus"], "--bogus"),
        (["--learning_rate", "fast"], "invalid float value: 'fast'"),
        (["--heads", "rnn"], "invalid choice: 'rnn'"),
        (["--heads", "cnn", "cnn"], "--heads has cnn twice"),
        (["--seeds", "1", "1"], "--seeds has 1 twice"),
        (["--seeds", "-1"], "--seeds must be at least 0, not -1"),
        (["--margin", "0"], "--margin must be above 0, not 0.0"),
        (["--margin", "nan"], "--margin must be above 0, not nan"),
        (["--max_seeds", "8"], "--max_seeds is the last look of --until_decided: give that as well"),
        (["--until_decided", "--heads", "cnn"], "--until_decided decides between heads: name at least two"),
        (
            ["--until_decided", "--seeds", "4"],
            "--seeds are those of the first look of --until_decided: name at least two",
        ),
        (
            ["--until_decided", "--max_seeds", "3"],
            "--max_seeds 3 leaves no look after the first one, which has 3 seeds",
        ),
        (["--until_decided", "--seeds", "1230", "1231", "--tune", "2"], "--seeds has 1234, the seed of the trials"),
        (["--head", "cnn"], "--head is one run's: a comparison has --heads cnn ..."),
        (["--seed", "3"], "--seed is one run's: a comparison has --seeds 3 ..."),
        (["--data_seeds", "1", "1"], "--data_seeds has 1 twice"),
        (["--data_seeds", "1", "-2"], "--data_seeds must be at least 0, not -2"),
        (["--data_seeds", "1"], "give two or more of both; --data_seed N is one order for all runs"),
        (["--data_seeds", "1", "2", "--seeds", "0"], "give two or more of both"),
        (
            ["--data_seeds", "1", "2", "--data_seed", "3"],
            "--data_seed is one for all runs, --data_seeds are several",
        ),
        (["--data_seeds", "1", "2", "--head_flags", '{"lstm": {"data_seed": 1}}'], "data_seed is that of --data_seeds"),
        (["--data_seeds", "1", "2", "--train_sampling_strategy", "sequential"], "which are to stay as they are"),
        (["--validation_splits", "1"], "at least two of both"),
        (["--validation_splits", "2", "--data_seeds", "1", "2"], "are two questions: leave one of them out"),
        (["--validation_splits", "2", "--validation_split_seed", "1"], "--validation_splits are several: leave one of"),
        (["--workers", "0"], "--workers must be at least 1, not 0"),
        (["--workers", "2", "--ray_address", "auto"], "give one of them"),
        (["--launcher", ""], "--launcher is empty"),
        (["--head_flags", '{"lstm": {"head_lr": 1}}'], "--head_flags: unknown flag 'head_lr'"),
        (["--head_flags", '{"lstm": {"lerning_rate": 1}}'], "did you mean 'learning_rate'?"),
        (["--head_flags", '{"lstm": {"seed": 1}}'], "--head_flags: seed is the same for all heads"),
        (["--head_flags", '{"lstm": {"learning_rate": "x"}}'], "invalid float value: 'x'"),
        (["--head_flags", '{"weight_decay": 0.1}'], """goes by head, as in '{"lstm": {"weight_decay": 0.1}}', not"""),
        (["--head_flags", '{"rnn": {}}'], "--head_flags names 'rnn', --heads are dense, cnn, lstm"),
        (["--head_flags", '{"lstm": {"save_only_model": true}}'], "no run can go on from weights alone"),
        (["--hub_token", "hf_secret"], "give the token as the environment variable HF_TOKEN"),
        (["--head_kwargs", "{"], "--head_kwargs is not JSON"),
        (["--head_kwargs", '{"lstm_size": 8}'], """goes by head, as in '{"lstm": {"lstm_size": 8}}', not"""),
        (["--head_kwargs", '{"rnn": {}}'], "--head_kwargs names 'rnn', --heads are dense, cnn, lstm"),
        (["--head_kwargs", '{"lstm": {"a": 1}}'], "valid ones are lstm_size, num_layers, dropout"),
        (["--metric", "bleu"], "--metric bleu is not what run_seq_cls.py scores by: accuracy, macro_f1, micro_f1"),
        (["--script", "run_qa.py", "--doc_stride", "-1"], "--doc_stride must be at least 0"),
        (["--script", "run_qa.py", "--task_name", "nsmc"], "--task_name nsmc is trained by run_seq_cls.py"),
        (["--task_name", "nsmcc"], "--task_name nsmcc is none of nsmc, ynat"),
        (["--train_file", "tran.csv"], "tran.csv: no such file; did you mean 'train.csv'?"),
        (["--push_to_hub"], "a comparison pushes nothing"),
        (["--resume_from_checkpoint", "encoder"], "leave --resume_from_checkpoint out"),
        (["--save_only_model"], "leave --save_only_model out"),
    ],
)
def test_errors(place, words, expected):
    assert expected in refused(*WITH_TEST, *words)


def test_a_checkpoint_with_a_head_is_no_beginning(place):
    Path("checkpoint").mkdir()
    write("checkpoint/config.json", '{"model_type": "headed_encoder"}')
    words = [*LEAST[:2], "--model_name_or_path", "checkpoint", *LEAST[4:], "--test_file", "test.csv"]
    assert refused(*words) == (
        "--model_name_or_path checkpoint has a head already: a comparison begins with an encoder alone"
    )


def test_what_is_missing(place):
    assert refused(*WITH_TEST[2:]) == (
        "which script? Without --task_name, give --script, one of run_seq_cls.py, run_token_cls.py, run_qa.py"
    )
    assert refused("--task_name", "nsmc") == "--output_dir is missing: a folder for the comparison"
    assert "no data" in refused(*LEAST[:4], "--output_dir", "out")
    recipe = write("r.yaml", "task_name: nsmc\nlearnin_rate: 1\n")
    assert refused(recipe, "--output_dir", "o") == (
        "r.yaml, row 2: unknown key 'learnin_rate'; did you mean 'learning_rate'?"
    )
    recipe = write("r.yaml", "task_name: nsmc\nmax_answer_length: 1\n")  # another script's
    assert "unknown key 'max_answer_length'" in refused(recipe, *LEAST[2:])
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "looks", "seeds"),
    [
        ([], [3, 5, 8, 12, 20], [*range(20)]),
        (["--max_seeds", "10"], [3, 5, 8, 10], [*range(10)]),
        (["--max_seeds", "40"], [3, 5, 8, 12, 20, 30, 40], [*range(40)]),
        (["--seeds", "7", "2", "4", "5", "--max_seeds", "6"], [4, 5, 6], [7, 2, 4, 5, 8, 9]),
    ],
)
def test_looks_are_fixed_by_the_command(place, words, looks, seeds):
    arguments = parse_comparison([*WITH_TEST, "--until_decided", *words])
    assert (arguments.looks, arguments.seeds) == (looks, seeds)
    assert parse_comparison(WITH_TEST).looks == []

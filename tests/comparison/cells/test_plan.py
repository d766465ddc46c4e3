"""The plan of a comparison: its flags, its cells, and what makes them other cells."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from comparison_plans import LEAST, WITH_TEST, plan, refused, write

from comparison.arguments import parse_comparison, parse_study
from comparison.cells.plan import ROOT, make_plan
from utils.tasks import SequenceClassification


def names(*words: str) -> list[str]:
    return [cell.name for cell in plan(*words).cells]


def digest(*words: str) -> str:
    (name,) = names(*words, "--heads", "cnn", "--seeds", "0")
    return name.removeprefix("cnn-seed-0-")


# Cells


def test_levers_go_by_head(place):
    heads = ["--heads", "dense", "lstm", "--seeds", "0", "--script", "run_token_cls.py"]
    flags = '{"lstm": {"crf": true, "decoding": "constrained", "loss": "focal", "use_last_layers": 2}}'
    dense, lstm = plan(*WITH_TEST, *heads, "--head_flags", flags).cells
    assert "--crf" not in dense.words
    assert lstm.words[lstm.words.index("--crf") :][:8] == (
        "--crf True --decoding constrained --loss focal --use_last_layers 2".split()
    )


def test_a_file_of_class_weights_counts_by_its_content(place):
    plain = digest(*WITH_TEST)
    assert digest(*WITH_TEST, "--class_weights", "none", "--loss", "ce", "--use_last_layers", 1) == plain
    first = digest(*WITH_TEST, "--class_weights", write("weights.yaml", "0: 1\n1: 2\n"))
    assert first != plain and digest(*WITH_TEST, "--class_weights", write("copy.yaml", "0: 1\n1: 2\n")) == first
    assert digest(*WITH_TEST, "--class_weights", write("weights.yaml", "0: 1\n1: 3\n")) != first


def test_cells_seed_by_seed(place, tiny_tokenizer_folder):
    found = plan(*WITH_TEST, "--heads", "lstm", "dense", "--seeds", "3", "1")
    same = found.cells[0].name.rpartition("-")[2]
    assert len(same) == 8
    assert [cell.name for cell in found.cells] == [
        f"{head}-seed-{seed}-{same}" for seed in (3, 1) for head in ("lstm", "dense")
    ]
    assert found.cells[0].folder == Path("out/cells", f"lstm-seed-3-{same}")
    assert found.cells[0].log == Path("out/cells", f"lstm-seed-3-{same}.log")
    assert (found.compared, found.files) == ("test", {"train": "train.csv", "test": "test.csv"})
    assert found.notes == [] and found.unfinished == found.cells
    with_tokenizer = plan(*WITH_TEST, "--tokenizer_name", tiny_tokenizer_folder)
    assert isinstance(with_tokenizer.load_task(), SequenceClassification)


@pytest.mark.parametrize(
    ("words", "digest"),
    [
        (
            "--script run_seq_cls.py --train_file examples/reviews/train.txt --validation_split 0.1 "
            "--test_file examples/reviews/test.txt",
            "de1360b6",
        ),
        (
            "--script run_token_cls.py --train_file examples/ner/train.tsv --validation_file examples/ner/dev.tsv",
            "9a021018",
        ),
        (
            "--script run_qa.py --train_file examples/qa/train.json --validation_file examples/qa/dev.json "
            "--version_2_with_negative",
            "7cd2dcae",
        ),
    ],
    ids=["reviews", "ner", "qa"],
)
def test_finished_comparisons_are_found_again(words, digest, tmp_path, monkeypatch):
    """Whatever becomes of the code, the same command finds the runs of older comparisons. The contents of the example files
    are part of these names."""
    monkeypatch.chdir(ROOT)
    words += " --config_name examples/tiny-electra --save_strategy no --max_steps 30 --learning_rate 1e-3"
    found = plan(*words.split(), "--seeds", "0", "1", "--heads", "dense", "cnn", "--output_dir", tmp_path)
    assert [cell.name for cell in found.cells] == [
        f"dense-seed-0-{digest}",
        f"cnn-seed-0-{digest}",
        f"dense-seed-1-{digest}",
        f"cnn-seed-1-{digest}",
    ]
    assert [path.name for path in (tmp_path / "cells").iterdir()] == [f"{digest}.json"]


def test_default_heads_and_seeds(place):
    cells = plan(*WITH_TEST).cells
    assert [(cell.seed, cell.head) for cell in cells] == [(s, h) for s in (0, 1, 2) for h in ("dense", "cnn", "lstm")]


def test_the_command_is_that_of_the_script_alone(place):
    (cell,) = plan(*WITH_TEST, "--learning_rate", "1e-3", "--heads", "cnn", "--seeds", "5").cells
    assert cell.command == [
        *[sys.executable, str(ROOT / "run_seq_cls.py"), "--config_name", "encoder", "--train_file", "train.csv"],
        *["--test_file", "test.csv", "--learning_rate", "1e-3", "--do_train", "true", "--do_predict", "true"],
        *["--head", "cnn", "--seed", "5", "--output_dir", str(cell.folder)],
    ]
    (cell.folder / "checkpoint-3").mkdir(parents=True)
    assert cell.command[-2:] == ["--resume_from_checkpoint", "true"]
    assert not cell.finished
    (cell.folder / "run.json").touch()
    assert cell.finished


def test_launcher_instead_of_python(place):
    launcher = "accelerate launch --num_processes 2"
    found = plan(*WITH_TEST, "--launcher", launcher, "--heads", "cnn", "--seeds", "0").cells[0]
    assert found.words[:5] == ["accelerate", "launch", "--num_processes", "2", str(ROOT / "run_seq_cls.py")]
    assert digest(*WITH_TEST, "--launcher", launcher) != digest(*WITH_TEST)


def test_kwargs_by_head(place):
    found = plan(
        *WITH_TEST, "--heads", "cnn", "lstm", "--seeds", "0", "--head_kwargs", '{"lstm": {"lstm_size": 8}}'
    ).cells
    assert [cell.head_kwargs for cell in found] == [{}, {"lstm_size": 8}]
    assert "--head_kwargs" not in found[0].words
    assert found[1].words[found[1].words.index("--head_kwargs") + 1] == '{"lstm_size": 8}'
    assert found[0].name.endswith(digest(*WITH_TEST))  # another head's arguments are not its own
    assert not found[1].name.endswith(digest(*WITH_TEST))


def test_training_flags_of_one_head_make_other_cells_of_that_head_alone(place):
    heads = ["--heads", "cnn", "lstm", "--seeds", "0"]
    without = names(*WITH_TEST, *heads)
    flags = '{"lstm": {"head_learning_rate": 1e-3, "report_to": ["none"]}}'
    found = plan(*WITH_TEST, *heads, "--head_learning_rate", "1e-4", "--head_flags", flags).cells
    same = names(*WITH_TEST, *heads, "--head_learning_rate", "1e-4")
    assert found[0].name == same[0] != without[0] and found[1].name not in (same[1], without[1])
    words = found[1].words
    assert words.index("--head_learning_rate") < len(words) - 1 - words[::-1].index("--head_learning_rate")  # it wins
    assert [cell.head_flags for cell in found] == [{}, {"head_learning_rate": 0.001, "report_to": ["none"]}]
    as_flag = names(*WITH_TEST, *heads, "--head_learning_rate", "1e-3")
    assert found[1].name == as_flag[1]  # how a cell was told its rate makes no difference


# Seeds and data orders


CROSSED = ["--seeds", "3", "1", "--data_seeds", "0", "5"]


def test_every_seed_with_every_data_seed(place):
    found = plan(*WITH_TEST, "--heads", "lstm", "dense", *CROSSED).cells
    same = digest(*WITH_TEST)
    assert [cell.name for cell in found] == [
        f"{head}-seed-{seed}-data-{order}-{same}" for seed in (3, 1) for order in (0, 5) for head in ("lstm", "dense")
    ]
    assert (found[-1].seed, found[-1].crossed, found[-1].label) == (1, ("data_seed", 5), "1, data order 5")
    words = found[-1].words
    assert words[words.index("--data_seed") + 1] == "5" and words[words.index("--seed") + 1] == "1"
    assert "--data_seed" not in plan(*WITH_TEST).cells[0].words
    found[0].folder.mkdir(parents=True)
    (note,) = plan(*WITH_TEST, *CROSSED, "--max_steps", "3").notes
    assert "also holds 1 runs with other arguments (max_steps)" in note
    assert plan(*WITH_TEST).notes == []


def test_every_seed_with_every_hold_out(place):
    words = [*LEAST, "--validation_split", "0.5", "--seeds", "0", "1", "--validation_splits", "2"]
    found = plan(*words)
    (same,) = {cell.name.rpartition("-")[2] for cell in found.cells}
    assert [cell.name for cell in found.cells[:4]] == [
        *[f"{head}-seed-0-split-0-{same}" for head in ("dense", "cnn", "lstm")],
        f"dense-seed-0-split-1-{same}",
    ]
    assert found.cells[3].words[-6:-2] == ["--validation_split_seed", "1", "--predict_split", "validation"]
    assert found.compared == "validation" and len(found.cells) == 12
    with_test = plan(*words, "--test_file", "test.csv")
    assert (with_test.compared, with_test.files) == ("validation", {"train": "train.csv"})
    assert with_test.notes == ["the heads are compared on rows held out of the training file, not on the test rows"]
    assert found.notes == [] and found.hold_outs == 2 and plan(*WITH_TEST).hold_outs is None
    assert plan(*LEAST, "--validation_split", "0.5").cells[0].name.endswith(same)  # the rows that are always held out
    held_out = "--validation_splits hold out training rows, and dev.csv is given: leave it out"
    assert refused(*words, "--validation_file", "dev.csv") == held_out
    assert "give --validation_split 0.1" in refused(*LEAST, "--validation_splits", "2")


def test_a_recipe_with_a_data_seed(place):
    recipe = write("r.yaml", "data_seed: 9\n")
    found = plan(recipe, *WITH_TEST, *CROSSED)
    assert found.notes == ["data_seed 9 of r.yaml gives way to --data_seeds"]
    assert [cell.name for cell in found.cells] == [cell.name for cell in plan(*WITH_TEST, *CROSSED).cells]


# Recipes


RECIPES = sorted(path for path in ROOT.glob("recipes/**/*.yaml") if path.parent.name not in ("spaces", "accelerate"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe(place, recipe):
    files = [word for split in ("train", "validation", "test") for word in (f"--{split}_file", "dev.csv")]
    found = plan(recipe, *files, "--seeds", "0", "--output_dir", "out")
    assert len(found.cells) == 3 and f"{found.script} recipes/" in recipe.read_text(encoding="utf-8")


# Which rows are compared


def test_validation_rows_where_there_are_no_test_rows(place):
    words = [*LEAST, "--validation_file", "dev.csv"]
    found = plan(*words)
    assert found.compared == "validation"
    assert found.notes == ["there are no test rows: the validation rows are compared"]
    assert found.arguments.data.predict_split == "validation"
    for cell in found.cells:
        assert cell.words[cell.words.index("--predict_split") + 1] == "validation"
    best = ["--load_best_model_at_end", "--eval_strategy", "epoch", "--save_strategy", "epoch"]
    assert plan(*words, *best).notes[1:] == [
        "the validation rows also chose the checkpoint, so the scores are too good"
    ]
    assert plan(*words, *best, "--test_file", "test.csv").notes == []


def test_rows_that_are_held_out_are_compared(place):
    words = [*LEAST, "--validation_split", "0.5"]
    found = plan(*words)
    assert (found.compared, found.files) == ("validation", {"train": "train.csv"})
    assert found.notes == ["there are no test rows: the validation rows are compared"]
    assert found.cells[0].words[-4:-2] == ["--predict_split", "validation"]
    asked = plan(*words, "--test_file", "test.csv", "--predict_split", "validation")  # although there are test rows
    assert (asked.compared, asked.notes) == ("validation", [])
    assert [cell.name for cell in asked.cells] == [cell.name for cell in found.cells]
    with_test = plan(*words, "--test_file", "test.csv")
    assert with_test.compared == "test" and with_test.cells[0].name != found.cells[0].name


def test_no_rows_to_compare_on(place):
    message = (
        "there are no rows to compare the heads on: give --test_file, --validation_file, or --validation_split 0.1 "
    )
    assert refused(*LEAST) == f"{message}to hold out training rows"


@pytest.fixture
def hub(place, monkeypatch) -> dict[str, str]:
    """What a data set on the Hub has."""
    files = {"train": "train.csv", "validation": "dev.csv"}
    monkeypatch.setattr("comparison.cells.plan.hub_files", lambda data: dict(files))
    return files


def test_hub_data_without_test_rows(hub):
    words = ["--config_name", "encoder", "--output_dir", "out", "--heads", "cnn", "--seeds", "0"]
    (cell,) = plan("--task_name", "ynat", *words).cells
    assert cell.words[-4:-2] == ["--predict_split", "validation"]
    (cell,) = plan("--script", "run_seq_cls.py", "--dataset_name", "a/b", *words).cells
    assert cell.words[-4:-2] == ["--predict_split", "validation"]


# What matters


@pytest.mark.parametrize(
    "words",
    [
        "--learning_rate 1e-3",
        "--max_seq_length 64",
        "--num_train_epochs 4",
        "--max_train_samples 5",
        "--head_learning_rate 1e-3",
        "--bf16",
        "--ddp_backend gloo",
        "--data_seed 3",
        "--do_eval --validation_file dev.csv",
        "--train_file dev.csv",
        "--test_file dev.csv",
        "--eval_strategy steps --logging_steps 7 --validation_file dev.csv",  # they are eval_steps too
        '--head_kwargs {"cnn":{"num_filters":5}}',
    ],
)
def test_what_makes_other_cells(place, words):
    assert digest(*WITH_TEST, *words.split()) != digest(*WITH_TEST)


@pytest.mark.parametrize(
    "words",
    [
        "--output_dir elsewhere",
        "--learning_rate 5e-5",  # the default
        "--heads dense cnn",
        "--seeds 7",
        "--logging_steps 7 --report_to none --run_name mine --disable_tqdm true --log_level error",
        "--preprocessing_num_workers 2 --dataloader_num_workers 2 --overwrite_cache",
        "--save_strategy steps --save_steps 5 --save_total_limit 1",
        "--hub_model_id a/b --hub_strategy end",
        "--do_train --do_predict false",
        "--train_file ./train.csv --config_name ./encoder",
        "--workers 2 --metric macro_f1",
        '--head_kwargs {"cnn":{}}',
    ],
)
def test_what_does_not(place, words):
    assert digest(*WITH_TEST, *words.split()) == digest(*WITH_TEST)


def test_checkpoints_stay_where_somebody_says_how_many(place):
    assert not any(cell.keeps_checkpoints for cell in plan(*WITH_TEST).cells)
    assert all(cell.keeps_checkpoints for cell in plan(*WITH_TEST, "--save_total_limit", "2").cells)
    own = plan(*WITH_TEST, "--heads", "dense", "cnn", "--head_flags", '{"cnn": {"save_total_limit": 0}}').cells
    assert {cell.head for cell in own if cell.keeps_checkpoints} == {"cnn"}


def test_checkpoints_matter_where_the_best_is_kept(place):
    words = [*WITH_TEST, "--validation_file", "dev.csv", "--load_best_model_at_end", "--eval_strategy", "steps"]
    words += ["--eval_steps", "5", "--save_steps"]
    assert digest(*words, "5") != digest(*words, "10")


def test_contents_of_files_matter(place):
    first = digest(*WITH_TEST)
    Path("train.csv").rename("other.csv")
    assert digest(*WITH_TEST, "--train_file", "other.csv") == first
    write("other.csv", "text,label\nanother,0\n")
    assert digest(*WITH_TEST, "--train_file", "other.csv") != first
    write("train.csv", "text,label\ntrain,0\nb,1\n")
    write("encoder/README.md", "words")
    assert digest(*WITH_TEST) == first
    write("encoder/config.json", '{"model_type": "bert"}')
    assert digest(*WITH_TEST) != first


def test_cells_of_other_arguments_are_named(place):
    words = [*WITH_TEST, "--heads", "cnn", "lstm", "--seeds", "0", "1"]
    for cell in plan(*words, "--learning_rate", "1e-3").cells:
        cell.folder.mkdir(parents=True)
    (note,) = plan(*words, "--max_steps", "3").notes
    cells = Path("out/cells")
    assert note == f"{cells} also holds 4 runs with other arguments (learning_rate, max_steps); they are left alone"
    assert plan(*WITH_TEST, "--heads", "dense", "--max_steps", "3").notes == []
    assert plan(*words, "--learning_rate", "1e-3", "--seeds", "2").notes == []


def test_documented_commands_can_be_planned(place):
    (place / "recipes").symlink_to(ROOT / "recipes")
    (place / "examples").symlink_to(ROOT / "examples")
    Path("nsmc").mkdir()
    for name in ("ratings_train.txt", "ratings_test.txt"):
        write(f"nsmc/{name}", "id\tdocument\tlabel\n")
    text = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line for line in text.splitlines() if line.startswith("python compare_heads.py")]
    found = [parse_comparison(shlex.split(line.partition(" > ")[0])[2:]) for line in commands]
    assert [len(make_plan(one).cells) for one in found if one.across is None] == [15, 6, 15, 60, 15, 27, 20, 15]
    assert [len(one.across) for one in found if one.across is not None] == [3]
    blocks = re.findall("^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (study,) = [block for block in blocks if "recipes:" in block]
    comparisons = parse_study([write("study.yaml", study)]).comparisons
    assert list(comparisons)[2] == Path("runs/study/klue-ner-klue-roberta-base")
    assert len(comparisons) == 4 and all(
        parse_comparison(words).heads == ["dense", "cnn", "lstm"] for words in comparisons.values()
    )

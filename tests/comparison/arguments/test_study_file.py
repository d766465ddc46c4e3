"""The flags of --across, and the file of a study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from comparison_plans import write

from comparison.arguments import is_study, parse_comparison, parse_study
from comparison.cells import make_plan
from utils.errors import UserError

STUDY = """\
study: Two data sets
recipes:
  - recipes/nsmc.yaml: {script: run_seq_cls.py, max_steps: 20}
  - my/ner.yaml
encoders:
  - klue/bert-base
  - tiny: {config_name: encoder, learning_rate: 1e-3}
heads: [dense, cnn]
seeds: [0, 1]
max_steps: 10
learning_rate: 1e-4
head_kwargs: {cnn: {dropout: 0.2}}
"""


def refused(parse, *words: str) -> str:
    with pytest.raises(UserError) as caught:
        parse(words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_across_has_a_folder_of_its_own(place):
    arguments = parse_comparison(["--across", "runs/a", "runs/b"])
    assert (arguments.across, arguments.output_dir) == (["runs/a", "runs/b"], "runs/across")
    assert parse_comparison(["--across", "a", "b", "--output_dir", "c"]).output_dir == "c"


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--seeds", "0", "1"], "--seeds"), (["--learning_rate", "1"], "--learning_rate"), (["--plan"], "--plan")],
)
def test_across_trains_nothing(words, said):
    message = f"--across trains nothing, it reads finished comparisons: leave {said} out"
    assert refused(parse_comparison, "--across", "a", "b", *words) == message


def test_a_study_is_told_from_a_recipe(place):
    assert is_study([write("study.yaml", STUDY), "--plan"])
    assert is_study([write("study.json", json.dumps({"recipes": ["a.yaml"]}))])
    assert not is_study([write("recipe.yaml", "task_name: nsmc\n")])
    assert not is_study(["--across", "a", "b"]) and not is_study([])


def test_every_recipe_with_every_encoder(place):
    study = parse_study([write("two.yaml", STUDY), "--seeds", "3", "--workers", "2"])
    assert (study.title, study.folder, study.plan) == ("Two data sets", Path("runs/two"), False)
    assert [str(folder) for folder in study.comparisons] == [
        "runs/two/nsmc-klue-bert-base",
        "runs/two/nsmc-tiny",
        "runs/two/my-ner-klue-bert-base",
        "runs/two/my-ner-tiny",
    ]
    shared = ["--heads", "dense", "cnn", "--seeds", "0", "1"]
    more = ["--head_kwargs", '{"cnn": {"dropout": 0.2}}']
    assert study.comparisons[Path("runs/two/nsmc-tiny")] == [
        *["recipes/nsmc.yaml", *shared, "--max_steps", "20", "--learning_rate", "1e-3", *more],
        *["--config_name", "encoder", "--script", "run_seq_cls.py", "--output_dir", "runs/two/nsmc-tiny"],
        *["--seeds", "3", "--workers", "2"],
    ]
    last = study.comparisons[Path("runs/two/my-ner-klue-bert-base")]
    assert last[-8:-4] == ["--model_name_or_path", "klue/bert-base", "--output_dir", "runs/two/my-ner-klue-bert-base"]


def test_each_is_an_ordinary_comparison(place):
    for name in ("train", "test"):
        write(f"{name}.csv", "text,label\na,0\nb,1\n")
    write("encoder/config.json", '{"model_type": "electra"}')
    write("a.yaml", "train_file: train.csv\ntest_file: test.csv\n")
    text = "recipes: {a.yaml: {script: run_seq_cls.py}}\nencoders: {e: {config_name: encoder}}\nheads: [dense, cnn]\n"
    study = parse_study([write("s.yaml", text), "--output_dir", "out", "--plan"])
    ((folder, words),) = study.comparisons.items()
    plan = make_plan(parse_comparison(words))
    assert study.plan and plan.folder == folder == Path("out/a-e")
    assert [cell.head for cell in plan.cells] == ["dense", "cnn"] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recipe: [a]\nencoders: [b]\n", "s.yaml, row 1: unknown key 'recipe'; did you mean 'recipes'?"),
        ("recipes: [a]\nseed_s: [b]\n", "s.yaml, row 2: unknown key 'seed_s'; did you mean 'seeds'?"),
        ("recipes:\n- a: {max_step: 1}\n", "s.yaml, row 2: unknown key 'max_step'; did you mean 'max_steps'?"),
        ("study: x\n", "s.yaml: recipes are missing or not a list: write `recipes: [A, B]`, "),
        ("recipes: [{a: 3}]\n", "s.yaml: recipes are missing or not a list: write `recipes: [A, B]`, "),
        ("recipes: [a]\nencoders: [1]\n", "s.yaml: encoders are missing or not a list: write "),
        ("recipes: [a.yaml, a.yaml]\n", "s.yaml: a.yaml is there twice: "),
    ],
)
def test_what_is_wrong_with_a_study(place, text, message):
    assert refused(parse_study, write("s.yaml", text)).startswith(message)

"""Recipes, spaces, class weights and studies of somebody else: no code, no bombs, one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from comparison.arguments.study import is_study, parse_study
from comparison.cells.space import read_space
from utils.arguments import SequenceDataArguments, TokenDataArguments, as_words, parse_arguments
from utils.errors import UserError
from utils.training.losses import read_weights

READERS = {
    "recipe": lambda path: parse_arguments(SequenceDataArguments, [path]),
    "study": lambda path: is_study([path]) and parse_study([path]),
    "space": lambda path: read_space(path, ["dense", "cnn"]),
    "class weights": lambda path: read_weights(path, ["a", "b"]),
}
LAUGHS = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 12))
MERGES = "".join(f"m{i}: &m{i} {{<<: [{', '.join([f'*m{i - 1}'] * 10)}]}}\n" for i in range(1, 12))
HOSTILE = {
    "aliases": ("l0: &l0 [a, a]\n" + LAUGHS, "stand for more than 100,000 values"),
    "merged": ("m0: &m0 {a: 1}\n" + MERGES + "<<: *m11\n", "stand for more than 100,000 values"),
    "itself": ("a: &a [*a]\n", "an alias stands for what it is part of"),
    "deep": ("a: " + "[" * 100_000 + "]" * 100_000 + "\n", "nested too deeply"),
    "large": ("# " + "x" * (1 << 20) + "\na: 1\n", "at most 1,048,576 bytes"),
    "call": ("head: !!python/object/apply:os.system ['touch {mark}']\n", "the tag !!python/object/apply:os.system"),
    "name": ("head: !!python/name:os.system ''\n", "the tag !!python/name:os.system"),
    "new": ("a: !!python/object/new:subprocess.Popen [['touch', '{mark}']]\n", "the tag !!python/object/new"),
    "own tag": ("a: !include /etc/hostname\n", "the tag !include"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_of_flags_is_plain_values(reader, name, tmp_path):
    text, expected = HOSTILE[name]
    file, mark = tmp_path / "flags.yaml", tmp_path / "mark"
    file.write_text(text.replace("{mark}", str(mark)), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        READERS[reader](str(file))
    assert expected in str(caught.value) and str(caught.value).startswith(str(file)) and len(str(caught.value)) < 400
    assert not mark.exists()


def test_a_recipe_alone_runs_no_code_of_a_model(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "model_name_or_path: m\ntrain_file: a.csv\ndo_train: yes\ntrust_remote_code: yes\n", encoding="utf-8"
    )
    with pytest.raises(UserError, match="trust_remote_code: code of a model's repository runs, .* on the command line"):
        parse_arguments(SequenceDataArguments, [str(recipe)])
    words = [str(recipe), "--trust_remote_code", "--output_dir", str(tmp_path / "run")]
    assert parse_arguments(SequenceDataArguments, words).model.trust_remote_code
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("code: yes", "code: no"), encoding="utf-8")
    assert not parse_arguments(SequenceDataArguments, [str(recipe)]).model.trust_remote_code


@pytest.mark.parametrize(
    "line",
    [
        'tag_names: [O, "--trust_remote_code"]',
        'tag_names: [O, "--trust-remote-code"]',
        'tag_names: [O, "--trust_remote_code=true"]',
        'run_name: "--trust_remote_code"',
    ],
)
def test_a_value_of_a_recipe_is_no_flag(line, tmp_path):
    """As the last line it would stand alone on the command line, without a value that is looked at."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"model_name_or_path: m\ntrain_file: a.csv\ndo_train: yes\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match="row 4: a value of .* and what begins with -- is a flag"):
        parse_arguments(TokenDataArguments, [str(recipe)])


def test_an_empty_list_switches_nothing_on(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    text = "model_name_or_path: m\ntrain_file: a.csv\ndo_train: yes\ntrust_remote_code: []\n"
    recipe.write_text(text, encoding="utf-8")
    assert not parse_arguments(SequenceDataArguments, [str(recipe)]).model.trust_remote_code
    assert as_words({"crf": [], "head": "cnn"}) == ["--head", "cnn"]


@pytest.mark.parametrize(
    "text",
    [
        'recipes: [r.yaml]\ntag_names: [O, "--launcher=touch mark"]\n',
        'recipes: {r.yaml: {run_name: "--launcher=touch mark"}}\n',
        'recipes: ["--launcher=touch mark"]\n',
        'recipes: [r.yaml]\nencoders: ["--launcher=touch mark"]\n',
        'recipes: [r.yaml]\noutput_dir: "--launcher=touch mark"\n',
    ],
)
def test_a_value_of_a_study_is_no_flag(text, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="what begins with -- is a flag|begins as flags do"):
        parse_study([str(study)])


@pytest.mark.parametrize("flag", ["launcher: touch mark", "trust_remote_code: true"])
@pytest.mark.parametrize("place", ["recipes: [r.yaml]\n{}\n", "recipes: {{r.yaml: {{{}}}}}\n"])
def test_a_study_alone_runs_no_command(flag, place, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(place.format(flag), encoding="utf-8")
    with pytest.raises(UserError, match="which a file alone does not allow"):
        parse_study([str(study)])
    name = flag.partition(":")[0]
    assert parse_study([str(study), f"--{name}", "true"]).comparisons


@pytest.mark.parametrize("name", ["../../elsewhere", "/elsewhere", "..", "a/../../b"])
def test_the_comparisons_of_a_study_stay_in_its_folder(name, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(f"recipes: [{name}.yaml]\nencoders: [{name}]\noutput_dir: {tmp_path / 'all'}\n", encoding="utf-8")
    for place in parse_study([str(study)]).comparisons:
        assert Path(place).resolve().parent == (tmp_path / "all").resolve()

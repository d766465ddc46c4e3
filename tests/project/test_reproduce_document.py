"""docs/reproduce.md: every published score beside a command that says how to get it."""

from __future__ import annotations

import re

import pytest
from benchmark_files import FILES
from published_recipes import EXPECTED, KEYS, RECIPES, REPOSITORY, parse_command, script_of

from utils.benchmarks import BENCHMARKS


def guide() -> list[tuple[str, str, str, str]]:
    """Of every score in the guide's tables: the command of its row, the keys, the model of its column, the score."""
    scores = []
    models: list[str] = []
    for line in (REPOSITORY / "docs" / "reproduce.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "command":
            models = cells[2:]
        elif cells[0].startswith("`python"):
            assert len(cells) == len(models) + 2
            command, keys = cells[0].strip("`"), cells[1]
            scores += [(command, keys, model, score) for model, score in zip(models, cells[2:], strict=True) if score]
    return scores


def test_the_guide_names_every_recipe():
    named = {command.split()[2].removeprefix("recipes/").removesuffix(".yaml") for command, *_ in guide()}
    assert named == RECIPES.keys()
    assert set(FILES) == {EXPECTED[name]["task_name"] for name in named}
    assert len(guide()) == 4 * 6 + 6 * 8 + 8 + 3  # models x tasks, XLM-R, heads


@pytest.mark.parametrize(("command", "keys", "model", "score"), guide())
def test_commands_of_the_guide(command, keys, model, score, tmp_path, monkeypatch):
    name = command.split()[2].removeprefix("recipes/").removesuffix(".yaml")
    assert command.split()[1] == script_of(name)
    parsed = parse_command(f"{command} --model_name_or_path {model} --output_dir runs/x", tmp_path, monkeypatch)
    assert (parsed["model_name_or_path"], parsed["output_dir"]) == (model, "runs/x")
    assert parsed["task_name"] in parsed["data_dir"]
    # The score in bold is that of the recipe as it is.
    assert score.startswith("**") == (model == EXPECTED[name]["model_name_or_path"] and name != "nsmc")
    # The keys are those of the run, and as many as scores.
    stages, names = zip(*(key.strip("` ").split("_", 1) for key in keys.split(",")), strict=True)
    assert set(names) <= KEYS.get(parsed["task_name"], KEYS["seq_cls"])
    assert set(stages) == {"predict" if parsed["do_predict"] else "eval"}
    assert len(score.split(",")) == len(names)


def test_the_example_of_the_guide(tmp_path, monkeypatch):
    text = (REPOSITORY / "docs" / "reproduce.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```\n(python .*)\n```", text)
    assert parse_command(command, tmp_path, monkeypatch)["model_name_or_path"] == "klue/bert-base"


def test_the_files_of_the_guide():
    text = (REPOSITORY / "docs" / "reproduce.md").read_text(encoding="utf-8")
    for name, benchmark in BENCHMARKS.items():
        hub = " ".join(part for part in benchmark.hub if part) or "-"
        assert f"| {name} | {', '.join(benchmark.files.values())} | {benchmark.source} | {hub} |" in text

"""The Dockerfile copies what is there, installs what the project names, and starts the command of the README."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path

import pytest
from setuptools.config.pyprojecttoml import read_configuration

ROOT = Path(__file__).resolve().parents[2]
PROJECT = read_configuration(ROOT / "pyproject.toml", expand=False)
SCRIPTS = runpy.run_path(str(ROOT / "__main__.py"))["SCRIPTS"]
KNOWN = {"FROM", "ARG", "ENV", "RUN", "WORKDIR", "COPY", "USER", "ENTRYPOINT", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of every instruction, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r" *\\\n *", " ", text).splitlines() if line]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def values(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def copied() -> list[str]:
    return [source for rest in values("COPY") for source in shlex.split(rest)[:-1]]


def readme_commands(name: str) -> list[list[str]]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [shlex.split(line) for line in re.findall(r"^docker .+$", text, flags=re.MULTILINE)]


def test_every_instruction_is_one():
    assert {word for word, _ in instructions()} <= KNOWN
    assert instructions()[0][0] == "FROM"


def test_what_is_copied_is_there_and_reaches_docker():
    assert all((ROOT / source).exists() for source in copied())
    ignored, *exceptions = re.findall(r"^[^#\n].*$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert ignored == "*"
    assert sorted(line[1:] for line in exceptions if line.startswith("!")) == sorted(copied())


def test_all_that_is_installed_is_copied():
    setuptools = PROJECT["tool"]["setuptools"]
    folders = {name.split(".")[1] for name in setuptools["packages"] if "." in name}
    folders |= {str(Path(pattern).parent) for pattern in setuptools["package-data"]["electra_heads"]}
    assert folders | set(SCRIPTS.values()) | {"__main__.py", "pyproject.toml", PROJECT["project"]["readme"]} <= set(
        copied()
    )


def test_it_runs_the_command_and_not_as_root():
    (entry,) = values("ENTRYPOINT")
    (command,) = json.loads(entry)
    assert command in PROJECT["project"]["scripts"]
    *_, user = values("USER")
    assert user not in ("root", "0")


def test_python_is_one_that_the_project_supports():
    (image,) = values("FROM")
    minor = int(re.fullmatch(r"python:3\.(\d+)-slim", image)[1])
    assert 10 <= minor < 14
    assert PROJECT["project"]["requires-python"] == ">=3.10,<3.14"


@pytest.mark.parametrize("name", ["README.md", "README.ko.md", "Dockerfile"])
def test_commands_of_the_readme_are_those_of_the_file(name):
    if name == "Dockerfile":
        text = (ROOT / name).read_text(encoding="utf-8")
        found = [shlex.split(line) for line in re.findall(r"^# (docker .+)$", text, flags=re.MULTILINE)]
    else:
        found = readme_commands(name)
    images = {command[command.index("-t") + 1] for command in found if command[1] == "build"}
    assert images
    for command in found:
        if command[1] == "build":
            given = [word.partition("=")[0] for word in command if re.match(r"[A-Z_]+=", word)]
            assert set(given) <= {rest.partition("=")[0] for rest in values("ARG")}
        else:
            image = next(word for word in command if word in images)
            assert command[command.index(image) + 1] in SCRIPTS

"""The documentation tells the truth: its commands parse, its files exist, its example head keeps the contract."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import quickstart
from comparison.arguments import parse_comparison
from heads import HEADS
from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments, parse_arguments
from utils.benchmarks import BENCHMARKS

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.ko.md")
SCRIPTS = {
    "run_seq_cls.py": SequenceDataArguments,
    "run_token_cls.py": TokenDataArguments,
    "run_qa.py": QADataArguments,
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def commands(lines: str) -> list[str]:
    """Shell commands without comments, a continued one as one line."""
    joined = re.sub(r" *\\\n *", " ", lines)
    split = (shlex.split(line, comments=True) for line in joined.splitlines())
    return [shlex.join(words) for words in split if words]


def readme_commands(name: str) -> list[str]:
    return [command for block in blocks(read(name), "bash") for command in commands(block)]


def docstring_commands(name: str) -> list[str]:
    text = re.sub(r" *\\\n *", " ", ast.get_docstring(ast.parse(read(name))) or "")
    lines = [line.strip() for line in text.splitlines()]
    return [command for line in lines if line.startswith(("python ", "accelerate ")) for command in commands(line)]


def quickstart_commands() -> list[str]:
    texts = [quickstart.COMMAND.format(head=head) for head in quickstart.HEADS] + list(quickstart.NEXT.values())
    return [command for text in texts for command in commands(text)]


def names_script(command: str) -> bool:
    return command.startswith(("python ", "accelerate ")) and any(script in command.split() for script in SCRIPTS)


DOCUMENTED = {
    **{name: readme_commands(name) for name in (*READMES, "docs/choosing.md")},
    **{name: docstring_commands(name) for name in SCRIPTS},
    "export_stock.py": docstring_commands("export_stock.py"),
    "quickstart.py": quickstart_commands(),
}
RUNS = [
    pytest.param(command, id=f"{name}-{i}") for name, found in DOCUMENTED.items() for i, command in enumerate(found)
]


@pytest.mark.parametrize("command", [run for run in RUNS if names_script(run.values[0])])
def test_command_parses_and_names_files_that_exist(command, tmp_path, monkeypatch):
    words = shlex.split(command)
    for word in words:
        if word.startswith(("examples/", "recipes/")):
            assert (ROOT / word).exists(), word
    script = next(word for word in words if word.endswith(".py"))
    launcher, arguments = words[: words.index(script)], words[words.index(script) + 1 :]
    assert launcher == ["python"] or launcher[:2] == ["accelerate", "launch"]

    monkeypatch.chdir(tmp_path)
    for name in ("examples", "recipes"):
        (tmp_path / name).symlink_to(ROOT / name)
    for block in blocks(read("README.md"), "yaml"):  # its first line is a comment with the file's name
        (tmp_path / block.splitlines()[0].removeprefix("# ")).write_text(block, encoding="utf-8")
    if "--data_dir" in arguments:  # the files of a benchmark must be there
        for file in {file for benchmark in BENCHMARKS.values() for file in benchmark.files.values()}:
            path = tmp_path / arguments[arguments.index("--data_dir") + 1] / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    if "--resume_from_checkpoint" in arguments:  # so must the folder of a checkpoint
        (tmp_path / arguments[arguments.index("--output_dir") + 1] / "checkpoint-1").mkdir(parents=True)
    if script == "compare_heads.py":
        parse_comparison(arguments)
    else:
        parse_arguments(SCRIPTS[script], arguments)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_opens_with_two_commands(name):
    assert len(DOCUMENTED[name]) >= 2
    assert all(name in command for command in DOCUMENTED[name])


def test_both_readmes_have_the_same_code():
    english, korean = READMES
    assert readme_commands(english) == readme_commands(korean)
    for language in ("python", "yaml"):
        english_code, korean_code = (
            [re.sub(r" *#.*", "", block) for block in blocks(read(name), language)] for name in READMES
        )
        assert english_code == korean_code
    for code in blocks(read(english), "python"):
        compile(code, english, "exec")


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_and_tree_name_files_that_exist(name):
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", read(name)) if "://" not in target]
    for block in blocks(read(name), "text"):
        folder = ""
        for line in block.splitlines():
            if not re.match(r" *[\w/.-]+(\.py|/)", line):
                continue
            names = re.split(r" {3,}", line.strip())[0].split()  # the annotation stands after three spaces
            folder = (names[0] if names[0].endswith("/") else "") if not line.startswith(" ") else folder
            targets += [name if name == folder else folder + name for name in names]
    for target in targets:
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", READMES)
def test_table_of_head_arguments_is_that_of_the_code(name):
    documented = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+?) \|", read(name), flags=re.MULTILINE)
    defaults = {(head, argument): default for head, argument, default in documented if head in HEADS}
    given_by_model = {"self", "hidden_size", "num_labels", "per_token"}
    expected = {
        (head, parameter.name): parameter.default
        for head, kind in HEADS.items()
        for parameter in inspect.signature(kind.__init__).parameters.values()
        if parameter.name not in given_by_model
    }
    assert defaults.keys() == expected.keys()
    for key, default in expected.items():
        if default is not None and key[1] != "dropout":  # those two depend on the task and on the encoder
            assert json.loads(defaults[key].strip("`")) == default


def test_quickstart_sets_heads_side_by_side():
    assert set(quickstart.HEADS) <= set(HEADS)
    outcomes = [
        quickstart.HeadOutcome(head="dense", parameters=16770, dev_accuracy=0.8734, test_accuracy=0.882, seconds=23.4),
        quickstart.HeadOutcome(head="cnn", parameters=9, dev_accuracy=0.9, test_accuracy=0.95, seconds=30),
    ]
    lines = quickstart.side_by_side(outcomes, {"0": 300, "1": 100}).splitlines()
    assert [line.split() for line in lines if line.startswith(("dense", "cnn", "one label"))] == [
        ["dense", "16,770", "0.873", "0.882", "23"],
        ["cnn", "9", "0.900", "0.950", "30"],
        ["one", "label", "for", "all", "0.750"],
    ]
    assert "400 reviews alone leave up to 3.2 points of doubt" in lines[-3]  # 1.96 * sqrt(.882 * .118 / 400)


def test_a_quickstart_that_was_stopped_goes_on(monkeypatch, tmp_path, capsys):
    commands = []

    def run(command: str) -> int:
        commands.append(command)
        return 3 if " cnn " in command else 0

    monkeypatch.setattr(quickstart, "folder", lambda head: tmp_path / head)
    monkeypatch.setattr(quickstart, "run", run)
    monkeypatch.setattr(quickstart, "read_outcome", lambda head, seconds: None)
    monkeypatch.setattr("sys.argv", ["quickstart.py"])
    (tmp_path / "cnn" / "checkpoint-7").mkdir(parents=True)
    assert quickstart.main() == 3 and len(commands) == 2
    assert [command.endswith("\\\n    --resume_from_checkpoint true") for command in commands] == [False, True]
    assert commands[1] in capsys.readouterr().out  # what runs is what is shown


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_ctrl_c_in_the_quickstart_waits_for_its_run(tmp_path):
    saving = "\n".join(
        [
            "import sys, time",
            "try: print('up', flush=True); time.sleep(60)",
            "except KeyboardInterrupt: time.sleep(1); print('saved'); sys.exit(130)",
        ]
    )
    (tmp_path / "saving.py").write_text(saving)
    code = f"import sys, quickstart; sys.exit(quickstart.run('python {tmp_path / 'saving.py'}'))"
    asked = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert asked.stdout.readline() == b"up\n"
    os.killpg(asked.pid, signal.SIGINT)  # as a terminal does
    assert asked.communicate(timeout=60) == (b"saved\n", b"") and asked.returncode == 130


def test_torch_is_installed_in_the_version_that_the_project_needs():
    (needed,) = re.findall(r'"(torch[<>=][^"]+)"', read("pyproject.toml"))
    assert re.findall(r'"(torch[<>=][^"]+)"', read("Makefile")) == [needed]
    for name in READMES:  # and `constraints.txt` names the version
        assert all(
            "-c constraints.txt" in command for command in readme_commands(name) if command.startswith("pip install")
        )

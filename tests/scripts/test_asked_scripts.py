"""What every script of the root says of itself: to --help, and to a shell that asks what may follow."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "__main__")
COMPLETED = [name for name in SCRIPTS if "PYTHON_ARGCOMPLETE_OK" in (ROOT / f"{name}.py").read_text(encoding="utf-8")]


class Asked(Exception):
    """A shell has its answer, and argcomplete ends the program."""


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_said_without_anything_else(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{script}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(script).main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {script}.py ")


def test_all_scripts_but_the_quickstart_complete_their_flags():
    assert set(SCRIPTS) - set(COMPLETED) == {"quickstart"}


@pytest.mark.parametrize("script", COMPLETED)
def test_a_shell_that_asks_gets_an_answer(script, monkeypatch):
    """The shell starts a script without words; argcomplete takes them from the environment."""

    def answer(parser, exclude):
        assert {"--help", "--debug"} < parser._option_string_actions.keys()
        raise Asked

    monkeypatch.setitem(sys.modules, "argcomplete", SimpleNamespace(autocomplete=answer))
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.setattr(sys, "argv", [f"{script}.py"])
    with pytest.raises(Asked):
        importlib.import_module(script).main()

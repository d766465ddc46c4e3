"""Errors that a user reads: one line, in their words, with an exit code that says whose fault it is."""

from __future__ import annotations

import pytest

from utils.errors import ShownError, UserError, run


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, "write one"),
        ({"file": "a.csv"}, "a.csv: write one"),
        ({"file": "a.csv", "row": 3}, "a.csv, row 3: write one"),
        ({"file": "a.csv", "row": 3, "column": "label"}, "a.csv, row 3, column 'label': write one"),
        ({"column": "label"}, "column 'label': write one"),
    ],
)
def test_places(place, expected):
    assert str(UserError("write\n  one", **place)) == expected


@pytest.mark.parametrize(("error", "code"), [(UserError("no label"), 2), (ShownError("not pushed"), 1)])
def test_one_line_and_an_exit_code(error, code, monkeypatch, capsys):
    def main():
        raise error

    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == code
    assert capsys.readouterr() == ("", f"error: {error}\n")
    monkeypatch.setenv("RANK", "1")  # one process speaks for all
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == code
    assert capsys.readouterr() == ("", "")


def test_debug_and_other_errors_keep_their_traceback(monkeypatch):
    def main(error):
        raise error

    monkeypatch.setattr("sys.argv", ["run.py", "--debug"])
    with pytest.raises(UserError):
        run(lambda: main(UserError("no label")))
    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(ValueError):
        run(lambda: main(ValueError("a defect")))

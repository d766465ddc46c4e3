"""What compare_heads.py does with a study and with --across, in this process."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from comparison_files import write_comparison
from comparison_plans import write

from comparison.cells import ROOT
from utils.errors import ShownError


@pytest.fixture
def script():
    """compare_heads.py as a module."""
    spec = importlib.util.spec_from_file_location("compare_heads", ROOT / "compare_heads.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_across_writes_one_page(place, script, monkeypatch, capsys):
    for name in ("a", "b", "c"):
        write_comparison(place / name)
    monkeypatch.setattr(sys, "argv", ["compare_heads.py", "--across", "a", "b", "c"])
    script.main()
    assert capsys.readouterr().out.endswith(
        "page: runs/across/across.html\n"
        "verdict: Shown: cnn beats dense by 1.00 points in the mean; cnn beats dense on at least 3 of 3 data sets.\n"
    )
    assert sorted(path.name for path in Path("runs/across").iterdir()) == ["across.html", "across.json", "across.md"]
    across = json.loads(Path("runs/across/across.json").read_text(encoding="utf-8"))
    assert across["command"] == "python compare_heads.py --across a b c"


def test_a_study_goes_on_where_it_was(place, script, monkeypatch, capsys):
    """One comparison fails at first; the others are put together, and only that one is run again."""
    ran: list[str] = []

    class Done:
        unfinished: list = []

        def __init__(self, folder):
            self.folder = Path(folder)

    def compare(arguments):
        name = Path(arguments.output_dir).name
        ran.append(name)
        if name == "b" and ran.count("b") == 1:
            raise ShownError("no room on the disk")
        command = " ".join(["python", "compare_heads.py", *sys.argv[1:]])
        write_comparison(Path(arguments.output_dir), title=name, command=command)

    monkeypatch.setattr(script, "prepare", lambda arguments: (Done(arguments.output_dir), None))
    monkeypatch.setattr(script, "compare", compare)
    for name in ("a", "b", "c"):
        write(f"{name}.yaml", f"train_file: {name}.csv\n")
    words = [
        "compare_heads.py",
        write("s.yaml", "study: Three\nrecipes: [a.yaml, b.yaml, c.yaml]\nscript: run_seq_cls.py\n"),
    ]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(ShownError, match="^1 of 3 comparisons failed, see above; the same command goes on with them$"):
        script.main()
    assert ran == ["a", "b", "c"] and sys.argv == words
    out = capsys.readouterr().out
    assert "comparison 2 of 3: runs/s/b\nruns/s/b failed: no room on the disk\n" in out
    assert "# Heads compared: Three" in Path("runs/s/across.md").read_text(encoding="utf-8")
    script.main()
    assert ran == ["a", "b", "c", "b"]
    assert "comparison 1 of 3: runs/s/a has ended before" in capsys.readouterr().out
    assert "3 comparisons on 3 data sets" in Path("runs/s/across.md").read_text(encoding="utf-8")

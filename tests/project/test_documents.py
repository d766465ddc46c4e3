"""Documents do not drift: translations have the shape of what they translate, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KOREAN = sorted((ROOT / "docs" / "ko").glob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *KOREAN])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def original(korean: Path) -> Path:
    name = ROOT / "docs" / korean.name
    return name if name.exists() else ROOT / korean.name.upper().replace(".MD", ".md")


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def code(path: Path) -> list[tuple[str, str]]:
    """(language, lines without comments) of every block."""
    return [(kind, re.sub(r" *#.*", "", block)) for kind, block in FENCE.findall(path.read_text(encoding="utf-8"))]


def headings(path: Path) -> list[tuple[int, str]]:
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", prose(path), flags=re.MULTILINE)]


def tables(path: Path) -> list[tuple[int, int]]:
    """(rows, columns) of every table, its header and the line below it among the rows."""
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", prose(path), flags=re.MULTILINE)
    return [(len(lines), len(re.findall(r"(?<!\\)\|", lines[0])) - 1) for lines in map(str.splitlines, blocks)]


def anchor(title: str) -> str:
    """What GitHub makes of a heading: lower case, no punctuation, hyphens for spaces."""
    title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("korean", KOREAN, ids=lambda path: path.name)
def test_a_translation_has_the_shape_of_its_original(korean):
    english = original(korean)
    assert [level for level, _ in headings(korean)] == [level for level, _ in headings(english)]
    assert tables(korean) == tables(english)
    assert code(korean) == code(english)
    assert set(re.findall(r"--[a-z]\w+", prose(korean))) == set(re.findall(r"--[a-z]\w+", prose(english)))
    assert f"[한국어]({'' if english.parent.name == 'docs' else 'docs/'}ko/{korean.name})" in prose(english)
    assert f"[English](../{'' if english.parent.name == 'docs' else '../'}{english.name})" in prose(korean)


def test_these_are_translated():
    names = {path.name for path in KOREAN}
    assert names >= {"comparing.md", "checkpoints.md", "onnx.md", "contributing.md", "choosing.md", "windows.md"}


@pytest.mark.parametrize("path", [*KOREAN, ROOT / "README.ko.md"], ids=lambda path: path.name)
def test_korean_has_no_space_before_a_percent_sign(path):
    assert not re.findall(r".*\d %.*", prose(path))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(path))):
        if "://" in target:
            continue
        name, _, place = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), target
        if place:
            assert place in [anchor(title) for _, title in headings(file)], target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_text_names_exist(path):
    folders = "benchmarks|comparison|examples|heads|recipes|tests|utils"
    for name in re.findall(rf"`((?:{folders})/[\w./*-]+)`", prose(path)):
        assert list(ROOT.glob(name.rstrip("/"))), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_table_ends_with_an_empty_line(path):
    """Without one the next line is read as a row."""
    assert not re.findall(r"^\|.*\|\n[^|\n].*", prose(path), flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "README.ko.md", "docs/checkpoints.md", "docs/ko/checkpoints.md"])
def test_every_file_of_a_checkpoint_s_code_is_explained(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / "heads").glob("*.py")} - {"__init__.py"}
    assert {file for file in files if not re.search(rf"(?<![\w/]){file}", text)} == set()


def test_what_windows_shells_hand_over():
    """The table of docs/windows.md, by the rules of Microsoft's C runtime that python.exe follows."""
    rows = re.findall(r"^\| (.+?) \| `(.+?)` \| (.+?) \|$", prose(ROOT / "docs" / "windows.md"), flags=re.MULTILINE)
    rows = [
        (shell, written, re.findall(r"`([^`]+)`", arrives)) for shell, written, arrives in rows if "kernel" in written
    ]
    assert len(rows) == 6
    for shell, written, arrives in rows:
        if shell.startswith("cmd"):
            line = written
        elif "5.1" in shell:  # quotes around a word with a space, and none of its own escaped
            line = f'"{written[1:-1]}"'
        else:  # all are escaped, as Python itself does it
            line = subprocess.list2cmdline([written[1:-1]])
        assert words(line) == arrives, shell


def words(line: str) -> list[str]:
    """A command line as python.exe splits it: a backslash before a quote makes it a letter; quotes hold spaces together."""
    found, quoted = [""], False
    for piece in re.findall(r'\\"|.', line):
        if piece == '"':
            quoted = not quoted
        elif piece == " " and not quoted:
            found.append("")
        else:
            found[-1] += piece.removeprefix("\\")
    return found

"""docs/data.md tells the truth: every row of its table is written to disk, given to its script, and does what it says."""

from __future__ import annotations

import importlib
import json
import logging
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from utils.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "data.md"

# What a row with a --test_file is trained on.
TRAINED_ON = {
    "run_seq_cls.py": ("train.csv", "text,label\n좋다,긍정\n나쁘다,부정\n"),
    "run_token_cls.py": ("train.tsv", "서울\tB-LC\n간다\tO\n"),
    "run_qa.py": (
        "train.jsonl",
        '{"context": "서울", "question": "어디", "answers": [{"text": "서울", "answer_start": 0}]}\n',
    ),
}


class Example(NamedTuple):
    """A row of the table."""

    command: str
    content: str  # of the file that the command names, or `python:` and what writes it to `path`
    rows: list[dict[str, Any]]  # each with some of the fields that are read
    labels: str | None  # names of classes or tags, "scores", or None where the row does not say
    said: list[str]
    refused: str | None


class Read(NamedTuple):
    rows: list[dict[str, Any]]
    labels: str
    said: list[str]


class Enough(Exception):
    """Ends a script before it trains."""


def code_spans(cell: str) -> list[str]:
    return [found[1].strip(" ") if found[0] != "`" else found[1] for found in re.findall(r"(`+)(.+?)\1(?!`)", cell)]


def example(line: str) -> Example:
    command, content, read_as, messages = (
        cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]
    )
    content = code_spans(content)[0]
    if not content.startswith("python:"):
        for escape, character in {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\ufeff": "\ufeff"}.items():
            content = content.replace(escape, character)
    rows = [json.loads(span) for span in code_spans(read_as) if span.startswith("{")]
    labels = next((span for span in code_spans(read_as) if not span.startswith("{")), None)
    spans = code_spans(messages)
    refused = messages.startswith("refused")
    return Example(
        code_spans(command)[0], content, rows, labels, [] if refused else spans, spans[0] if refused else None
    )


def examples() -> list[Example]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return [example(line) for line in lines if line.startswith("| `run_")]


EXAMPLES = examples()


def read(command: str, content: str, monkeypatch, caplog) -> Read:
    """What a script makes of a file in the working directory: it is run up to its training."""
    script, *words = shlex.split(command)
    flag, file = next((word, words[i + 1]) for i, word in enumerate(words) if word.endswith("_file"))
    if content.startswith("python:"):
        exec(content.removeprefix("python:").strip(), {"path": Path(file)})
    else:
        Path(file).write_text(content, encoding="utf-8", newline="")
    split, more = "train", ["--do_train"]
    if flag != "--train_file":
        name, text = TRAINED_ON[script]
        Path(name).write_text(text, encoding="utf-8")
        split, do = {"--test_file": ("test", "--do_predict"), "--validation_file": ("validation", "--do_eval")}[flag]
        more += ["--train_file", name, do]
    more += ["--config_name", str(ROOT / "examples" / "tiny-electra"), "--use_cpu", "--output_dir", "out"]
    module = importlib.import_module(script.removesuffix(".py"))
    seen: dict[str, Any] = {}
    report = module.data_report

    def data_report(task, prepared):
        seen["task"], seen["rows"] = task, prepared[split].split.rows
        return report(task, prepared)

    def build_model(*_, **__):
        raise Enough

    monkeypatch.setattr(module, "data_report", data_report)
    monkeypatch.setattr(module, "build_model", build_model)
    monkeypatch.setattr("sys.argv", [script, *words, *more])
    with caplog.at_level(logging.INFO, logger="utils"), pytest.raises(Enough):
        module.main()
    names = ", ".join(seen["task"].labels.names)
    scores = getattr(seen["task"].labels, "problem_type", None) == "regression"
    messages = [record.getMessage() for record in caplog.records]
    return Read([row.fields for row in seen["rows"]], "scores" if scores else names, messages)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "row", EXAMPLES, ids=[f"{i:03}-{row.command.split()[-1]}" for i, row in enumerate(EXAMPLES, 1)]
)
def test_every_row_of_the_table(row, folder, monkeypatch, caplog):
    if row.refused is not None:
        with pytest.raises(UserError) as caught:
            read(row.command, row.content, monkeypatch, caplog)
        assert str(caught.value) == row.refused
        assert len(row.refused) <= 320
        return
    found = read(row.command, row.content, monkeypatch, caplog)
    assert [
        {name: fields.get(name) for name in wanted} for fields, wanted in zip(found.rows, row.rows, strict=True)
    ] == row.rows
    if row.labels is not None:
        assert found.labels == row.labels
    assert [message for message in row.said if message not in found.said] == []


def test_the_table_covers_every_script():
    assert {row.command.split()[0] for row in EXAMPLES} == set(TRAINED_ON)
    assert all(row.rows or row.refused for row in EXAMPLES)

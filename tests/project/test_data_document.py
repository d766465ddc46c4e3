"""docs/data.md tells the truth: every row of its table is written to disk, given to its script, and does what it says.

`python tests/project/test_data_document.py` prints the table with what happens today in its last two columns. A new row needs
its first two: `| `run_seq_cls.py --train_file a.csv` | `text,label\\n...` | | |`.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from utils.errors import UserError  # noqa: E402

DOCUMENT = ROOT / "docs" / "data.md"
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\ufeff": "\ufeff"}

# What is trained on where a row's file is to be validated on or predicted.
TRAINED_ON = {
    "run_seq_cls.py": ("train.csv", "text,label\n좋다,긍정\n나쁘다,부정\n"),
    "run_token_cls.py": ("train.tsv", "서울\tB-LC\n간다\tO\n"),
    "run_qa.py": (
        "train.jsonl",
        '{"context": "서울", "question": "어디", "answers": [{"text": "서울", "answer_start": 0}]}\n',
    ),
}
SHOWN_FIELDS = {"run_token_cls.py": ("id", "tokens", "tags"), "run_qa.py": ("id", "context", "question", "answers")}


class Outcome(NamedTuple):
    """What a script makes of a file.

    Attributes:
        rows: the fields of its rows; in the document some of them.
        labels: names of classes or tags, or "scores"; in the document also None: it does not say.
        said: what is logged; in the document some of it.
        refused: the error, None where there is none.
    """

    rows: list[dict[str, Any]]
    labels: str | None
    said: list[str]
    refused: str | None


class Example(NamedTuple):
    """A row of the table: a command, what its file holds (or `python:` and code that writes it to `path`), the outcome."""

    command: str
    content: str
    outcome: Outcome


class Enough(Exception):
    """Ends a script before it trains."""


def code_spans(cell: str) -> list[str]:
    return [text.strip() if len(marks) > 1 else text for marks, text in re.findall(r"(?<!`)(`+)(.+?)\1(?!`)", cell)]


def example(line: str) -> Example:
    cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
    command, content = code_spans(cells[0])[0], code_spans(cells[1])[0]
    read_as, messages = code_spans(cells[2]), code_spans(cells[3])
    refused = messages[0] if cells[3].startswith("refused") else None
    rows = [json.loads(span) for span in read_as if span.startswith("{")]
    labels = next((span for span in read_as if not span.startswith("{")), None)
    return Example(
        command,
        content,
        Outcome(rows, labels, [] if refused else messages, refused),
    )


def table_lines() -> list[str]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| `run_")]


def write(content: str, path: Path) -> None:
    if content.startswith("python:"):
        exec(content.removeprefix("python:").strip(), {"path": path})
        return
    for escape, character in ESCAPES.items():
        content = content.replace(escape, character)
    path.write_text(content, encoding="utf-8", newline="")


def outcome(command: str, content: str, folder: Path) -> Outcome:
    """Runs a script up to its training, in a folder, on the file that its command names."""
    script, *words = shlex.split(command)
    place = next(i for i, word in enumerate(words) if word.endswith("_file"))
    flag, file = words[place], folder / words[place + 1]
    write(content, file)
    split, more = "train", ["--do_train"]
    if flag != "--train_file":
        name, text = TRAINED_ON[script]
        (folder / name).write_text(text, encoding="utf-8")
        split, do = {"--test_file": ("test", "--do_predict"), "--validation_file": ("validation", "--do_eval")}[flag]
        more += ["--train_file", name, do]
    more += ["--config_name", str(ROOT / "examples" / "tiny-electra"), "--use_cpu", "--output_dir", "out"]
    module = importlib.import_module(script.removesuffix(".py"))
    report, said, seen = module.data_report, logging.Handler(), {}
    messages: list[str] = []
    said.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]

    def data_report(task, prepared):
        seen["task"], seen["rows"] = task, prepared[split].split.rows
        return report(task, prepared)

    def build_model(*_, **__):
        raise Enough

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))
        patch.setattr(module, "data_report", data_report)
        patch.setattr(module, "build_model", build_model)
        patch.setattr("sys.argv", [script, *words, *more])
        logging.getLogger("utils").addHandler(said)
        try:
            module.main()
        except UserError as error:
            return Outcome([], None, messages, str(error))
        except Enough:
            scores = getattr(seen["task"].labels, "problem_type", None) == "regression"
            labels = "scores" if scores else ", ".join(seen["task"].labels.names)
            return Outcome([row.fields for row in seen["rows"]], labels, messages, None)
        finally:
            logging.getLogger("utils").removeHandler(said)
    raise AssertionError("the script built no model")


@pytest.mark.parametrize("line", table_lines(), ids=lambda line: line.split("`")[1].replace(" ", "_"))
def test_every_row_of_the_table(line, tmp_path):
    row = example(line)
    found, stated = outcome(row.command, row.content, tmp_path), row.outcome
    assert found.refused == stated.refused
    if stated.refused is not None:
        assert len(stated.refused) <= 320
        return
    kept = [{name: fields.get(name) for name in wanted} for fields, wanted in zip(found.rows, stated.rows, strict=True)]
    assert kept == stated.rows
    assert stated.labels in (found.labels, None)
    assert [message for message in stated.said if message not in found.said] == []


def test_the_table_covers_every_script():
    rows = [example(line) for line in table_lines()]
    assert {row.command.split()[0] for row in rows} == set(TRAINED_ON)
    assert all(row.outcome.rows or row.outcome.refused for row in rows)


def as_span(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def as_line(command: str, content: str, found: Outcome) -> str:
    """A row of the table with an outcome; of what is said, what begins with the file's name."""
    file = re.findall(r"_file (\S+)", command)[0]
    fields = SHOWN_FIELDS.get(command.split()[0])
    rows = [
        {name: value for name, value in row.items() if not fields or (name in fields and (name, value) != ("id", None))}
        for row in found.rows
    ]
    read_as = ", ".join(as_span(json.dumps(row, ensure_ascii=False)) for row in rows)
    read_as += f" → {as_span(found.labels)}" if found.labels else ""
    said = [
        as_span(message)
        for message in found.said
        if message.startswith(f"{file}: ") and "the tokens are" not in message
    ]
    messages = f"refused: {as_span(found.refused)}" if found.refused else "said: " * bool(said) + ", ".join(said)
    cells = (as_span(command), as_span(content), read_as, messages)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    for text in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if text.startswith("| `run_"):
            with tempfile.TemporaryDirectory() as name:
                given = example(text)
                text = as_line(given.command, given.content, outcome(given.command, given.content, Path(name)))
        print(text, file=sys.stderr)

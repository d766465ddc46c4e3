"""Names and texts of somebody else in what is shown: no control characters, no markup, no tokens."""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from markdown_it import MarkdownIt

from utils.errors import Printable, UserError, printable, run, say
from utils.outputs import card, figures
from utils.outputs.escaping import code, literal
from utils.outputs.page.markup import element

ANSI = "\x1b[2J\x1b]0;title\x07a\rb\x00\x9b31m"
RIGHT_TO_LEFT = "a\u202eb\u2066c\u2028d"
SCRIPT = "<script>alert(1)</script>"
TOKEN = "hf_" + "aB3" * 11 + "x"
MARKUP = [
    SCRIPT,
    "<img src=x onerror=alert(1)>",
    "](javascript:alert(1))",
    "[a](javascript:alert(1))",
    "![a](http://127.0.0.1/x.png)",
    "a | b",
    "`a` <b>b</b> `c`",
    "``` \n# a\n<script>",
    "\\<script>",
    "\\",
    "<!-- a",
    "**a** _b_",
]


def test_what_a_terminal_would_obey_is_written_out():
    assert printable(ANSI) == r"\x1b[2J\x1b]0;title\x07a\rb\x00\x9b31m"
    assert printable(RIGHT_TO_LEFT) == r"a\u202eb\u2066c\u2028d"
    text = "가각 é \N{FAMILY}\u200d\N{WOMAN}\ta\nb \N{IDEOGRAPHIC SPACE}"
    assert printable(text) == text


def test_errors_and_log_lines_are_printable(capsys, monkeypatch):
    message = str(UserError(f"no label {ANSI} {TOKEN}", file=f"a{ANSI}.csv", column=ANSI))
    assert message.isprintable() and TOKEN not in message and "hf_***" in message
    record = logging.LogRecord("utils", logging.INFO, "", 1, "labels: %s", (f"{ANSI} {TOKEN}",), None)
    assert Printable("%(message)s").format(record) == f"labels: {printable(ANSI)} hf_***"


SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"wandb: {SECRET} is wrong", "wandb: *** is wrong"),
        ("cannot reach https://user:pass-word@host:80/a?b=1", "cannot reach https://***@host:80/a?b=1"),
        ("https://token@host/x and http://host/x@y", "https://***@host/x and http://host/x@y"),
        (
            "403 for 'https://s3/a?X-Amz-Signature=0a1b&X-Amz-Date=1'",
            "403 for 'https://s3/a?X-Amz-Signature=***&X-Amz-Date=1'",
        ),
        ("https://s3/a?date=1&X-Amz-Security-Token=a%2Fb", "https://s3/a?date=1&X-Amz-Security-Token=***"),
        ("https://h/a?token=x.y-z&api_key=1", "https://h/a?token=***&api_key=***"),
        ("{'authorization': 'Bearer abc.def-ghi'}", "{'authorization': 'Bearer ***'}"),
        (f"{TOKEN}, api_org_{'a' * 30}", "hf_***, api_org_***"),
        ("the bearer of news, a?b, 3://4, tokenizer=x", "the bearer of news, a?b, 3://4, tokenizer=x"),
    ],
)
def test_what_lets_a_reader_in_is_hidden(text, expected, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("A_SHORT_PASSWORD", "news")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "tokenizer")
    assert printable(text) == expected and str(UserError(text)) == expected


def test_what_any_library_says_is_printable(capsys, monkeypatch):
    """By a handler and a logger of its own, as a warning, and what the scripts themselves print."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    factory = logging.getLogRecordFactory()

    def main():
        logger = logging.getLogger("somebody.else")
        logger.propagate = False
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.warning("%s", f"logged {ANSI} {TOKEN}")
        say(f"said {ANSI} {TOKEN}")
        say(f"told {ANSI} {TOKEN}", error=True)

    try:
        run(main)
    finally:
        logging.setLogRecordFactory(factory)
    shown = capsys.readouterr()
    said = f"{printable(ANSI)} hf_***\n"
    assert shown.out == f"said {said}" and shown.err.startswith(f"logged {said}") and shown.err.endswith(f"told {said}")
    assert (
        warnings.formatwarning(f"warned {ANSI} {TOKEN}", UserWarning, "a.py", 1, "")
        == f"a.py:1: UserWarning: warned {said}"
    )


def test_nothing_is_printed_but_by_say():
    """A `print` is for what is printable already: numbers, and texts that `printable` has gone over."""
    root = Path(__file__).parents[2]
    files = [*root.glob("*.py"), *(root / "comparison").rglob("*.py"), *(root / "utils").rglob("*.py")]
    found = {
        f"{file.relative_to(root).as_posix()}: {line.strip()}"
        for file in files
        if file.name not in ("quickstart.py", "onnx_card.py", "card.py")  # what cards hold is for the reader to run
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*print\(", line)
    }
    assert found == {
        "__main__.py: print(usage)",
        "__main__.py: print(f\"error: no command '{printable(name)}'; {usage}\", file=sys.stderr)",
        'comparison/cells/progress.py: print(f"\\r{text}\\x1b[K", end="", flush=True)',
        'comparison/cells/progress.py: print("\\r\\x1b[K", end="", flush=True)',
        'utils/data/typed.py: print(f"one text a line, {ends} ends:", file=sys.stderr)',
        "utils/errors.py: print(printable(str(text)), file=sys.stderr if error else sys.stdout, flush=True)",
        "utils/outputs/answer_table.py: print(table(task.answers(prepared, output), room), flush=True)",
        "utils/training/progress.py: print(line, flush=True) if self.training_bar is None else self.training_bar.write(line)",
        "utils/training/progress.py: print(log_line(logs or {}, state.global_step, state.max_steps), flush=True)",
    }


def test_an_error_that_nobody_foresaw_is_printable(capsys, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def main():
        raise ValueError(f"{ANSI} {TOKEN}")

    with pytest.raises(ValueError) as caught:
        run(main)
    sys.excepthook(caught.type, caught.value, caught.tb)
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback") and shown.endswith(f"ValueError: {printable(ANSI)} hf_***\n")


@pytest.mark.parametrize("text", MARKUP)
def test_a_cell_shows_what_is_written_and_nothing_else(text):
    """Against a parser of Markdown that lets HTML through."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    expected = " ".join(text.split())
    for as_cell, wrap in ((literal, lambda shown: shown), (code, lambda shown: f"<code>{shown}</code>")):
        html = parser.render(f"| a | b |\n| --- | --- |\n| {as_cell(text)} | end |\n")
        shown = wrap(expected.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"))
        assert html.count("<td>") == 2 and f"<td>{shown}</td>" in html and "<td>end</td>" in html, html


@pytest.mark.parametrize("text", MARKUP)
def test_an_element_of_a_page_shows_what_is_written(text):
    shown = (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    )
    assert element("td", text, title=text) == f'<td title="{shown}">{shown}</td>'


def test_a_card_of_hostile_names(tmp_path):
    """Labels, the folder, files, arguments: none of them breaks out of its place."""
    name = '"); import os; os.system("touch mark'
    config = SimpleNamespace(calibration=None, head="cnn", head_kwargs={"`|<script>": SCRIPT})
    training = SimpleNamespace(hub_model_id=name, push_to_hub=True, seed=1, lora=None)
    task = SimpleNamespace(
        pipeline_tag="text-classification",
        auto_class="AutoModelForSequenceClassification",
        long_inputs="the rest is cut off",
        class_word="class",
        example=lambda language: {"text": f'"); {SCRIPT}'},
        purpose=lambda: f"gives one of 2 classes: {SCRIPT}, ](javascript:alert(1))",
    )
    data = SimpleNamespace(
        benchmark=None, dataset_name=f"a/b](javascript:alert(1)){SCRIPT}", task_name=None, max_seq_length=8
    )
    data.dataset_config_name = "x\n---\nevil: 1"
    model = SimpleNamespace(model_name_or_path=f"`{SCRIPT}`")
    file = f"{SCRIPT}|.csv"
    split = {"file": file, "rows": 1, "truncated_share": 0, "unknown_token_share": 0}
    run_json = {
        "metrics": {"eval_accuracy": 1.0},
        "changed_from_default": {"text_column_name": f"`|{SCRIPT}"},
        "versions": {"torch": "2"},
        "seconds": 1,
        "data": {file: {"sha256": "0"}},
    }
    report = {"validation": split, "shared_texts": {}}
    by_class = {label: {"f1": 1.0, "support": 1} for label in MARKUP}
    arguments = (model, data, training)
    card.write_card(
        tmp_path,
        config,  # type: ignore[arg-type]
        task,
        arguments,
        run=run_json,
        report=report,
        by_class=by_class,
        chosen="the last",
        language=None,
        repository=None,
    )
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    _, front, body = re.split(r"^---\n", text, maxsplit=2, flags=re.MULTILINE)
    (result,) = yaml.safe_load(front)["model-index"][0]["results"]
    assert result["dataset"]["config"] == data.dataset_config_name and "evil" not in yaml.safe_load(front)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert (
        "<script" not in html
        and "<img" not in html
        and "javascript:" not in "".join(part.partition('"')[0] for part in html.split('href="')[1:])
    )
    assert html.count("<tr>") == 1 + 1 + 1 + len(MARKUP) + 1 + 1 + 1 + 1 + 1
    snippet = body.partition("```python\n")[2].partition("```")[0]
    compile(snippet, "snippet", "exec")
    assert f"from_pretrained({json.dumps(name)}, revision=revision, trust_remote_code=True)" in snippet


def test_labels_that_look_like_formulas(tmp_path):
    names = ["$\\frac{$", "$a$", "\x1b[31m", "a_b^c"]
    figures.draw_confusion([0, 1, 2, 3], [0, 1, 2, 3], names, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert figures._legible(names[:2])[0] == [r"\$\frac{\$", r"\$a\$"]
    assert figures._legible(names[2:3])[0] == [r"\x1b[31m"]


def test_a_link_is_not_written_through(tmp_path):
    from utils.files import replace_file

    other = tmp_path / "other"
    other.write_text("of somebody else", encoding="utf-8")
    for name in ("a.json", "a.json.part"):
        Path(tmp_path / name).symlink_to(other)
    replace_file(tmp_path / "a.json", ["mine"])
    assert other.read_text(encoding="utf-8") == "of somebody else"
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "mine" and not (tmp_path / "a.json").is_symlink()

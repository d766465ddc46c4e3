"""Names and texts of somebody else in what is shown: no control characters, no markup, no tokens."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from markdown_it import MarkdownIt

from utils.errors import Printable, UserError, printable, run
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

"""--text: a table of what a checkpoint says, the same as its predictions of a file, and nothing is written."""

from __future__ import annotations

import json

import pytest
from script_runs import as_flags, finish, start
from small_data import WINDOWS


@pytest.fixture
def ask(tmp_path):
    """`ask(task, words, flag=value)`: the lines that a script prints, which leaves no file."""

    def _ask(task: str, *words: str, code: int = 0, **flags) -> list[str]:
        outcome = finish(start(task, [*words, *as_flags(flags)], tmp_path), tmp_path, tmp_path)
        assert outcome.code == code, outcome.stderr
        assert {path.name for path in tmp_path.iterdir()} == {"stdout", "stderr"}
        return outcome.stderr.splitlines()[-1:] if code else outcome.stdout.splitlines()

    return _ask


def test_classes(ask, learn):
    trained = learn("seq_cls", head="cnn", predictions_with="text,probabilities")
    rows = trained.predictions[:3]
    header, *lines = ask("seq_cls", "--text", *(row["text"] for row in rows), model_name_or_path=trained.folder)
    assert header.split() == ["prediction", "others", "text"]
    for line, row in zip(lines, rows, strict=True):
        (other,) = row["probabilities"].keys() - {row["prediction"]}
        expected = [row["prediction"], f"{row['score']:.3f}", other, f"{row['probabilities'][other]:.3f}"]
        assert line.split() == [*expected, *row["text"].split()]


def test_tags(ask, learn):
    trained = learn("token_cls", head="cnn", predictions_with="text")
    texts = ["".join(row["tokens"]) for row in trained.predictions[:4]]
    header, *lines = ask("token_cls", "--text", *texts, model_name_or_path=trained.folder, **WINDOWS["token_cls"])
    assert header.split() == ["tags", "text"]
    for line, text, row in zip(lines, texts, trained.predictions, strict=False):
        assert line.endswith(" ".join(text.split()))
        begun = [tag for tag in row["prediction"] if tag.startswith("B-")]
        assert line.count("/LOC") + line.count("/ORG") == len(begun) and ("(none)" in line) == (not begun)


def test_answers(ask, learn):
    trained = learn("qa", head="cnn", predictions_with="text")
    row = trained.predictions[0]
    words = ["--question", row["question"], "what?", "--text", row["context"]]
    header, first, _ = ask("qa", *words, model_name_or_path=trained.folder, **WINDOWS["qa"])
    assert header.split() == ["answer", "probability", "question"]
    answer = [*row["prediction"].split(), f"{row['score']:.3f}", *row["question"].split()]
    assert first.split() == answer


def test_an_ensemble(ask, learn):
    runs = [str(learn("seq_cls", head="cnn", seed=seed).folder) for seed in (1, 2)]
    assert len(ask("ensemble", *runs, "--text", "the")) == 2


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"do_train": True}, "--text asks a checkpoint, and rows to learn from or to score are in files"),
        ({"output_dir": "a"}, "--text prints and writes nothing: leave --output_dir out"),
        ({"test_file": "a.csv"}, "--text stands in the place of files and data sets"),
        ({"text_pair": "b"}, "the model reads single texts: leave --text_pair out"),
    ],
)
def test_what_does_not_go_with_it(flags, expected, ask, learn):
    (line,) = ask("seq_cls", "--text", "a", model_name_or_path=learn("seq_cls", head="cnn").folder, code=2, **flags)
    assert line.startswith(f"error: {expected}")


def test_pairs_are_asked_for(ask, learn, tmp_path_factory):
    file = tmp_path_factory.mktemp("pairs") / "a.jsonl"
    rows = [{"premise": f"the {i}", "hypothesis": f"not {i}", "label": "ab"[i % 2]} for i in range(16)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    flags = {"train_file": file, "validation_file": file, "test_file": file}
    model = {"model_name_or_path": learn("seq_cls", **flags).folder}
    (line,) = ask("seq_cls", "--text", "a", code=2, **model)
    assert line == "error: the model reads pairs of texts: give the second ones with --text_pair"
    lines = ask("seq_cls", "--text", "the 1", "the 2", "--text_pair", "not 1", **model)
    assert [line.partition(" | ")[2] for line in lines[1:]] == ["not 1", "not 1"]

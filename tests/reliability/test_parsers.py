"""Any bytes give rows or one clear line, whatever reads them; what is well formed is read as other programs read it."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import mutations
import parsers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from heads.characters import MOST_MARKS, compose, normalize
from utils.data.answer_places import answer_span
from utils.data.squad import read_squad
from utils.data.tables import read_table
from utils.data.tagged import read_tagged
from utils.metrics.answers import score_answer
from utils.outputs.answer_table import cut

KEPT = sorted(path for path in parsers.CORPUS.rglob("*") if path.is_file() and path.parent != parsers.CORPUS)
MESSAGES = json.loads((parsers.CORPUS / "messages.json").read_text(encoding="utf-8"))


def same_each_time(examples: int):
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Makes an empty folder at each call."""
    return lambda: tmp_path_factory.mktemp("file")


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_file_that_was_kept(path, tmp_path):
    """The whole ones are read to their end; what the fuzzer once found broken gives the line that is written down."""
    message = parsers.read(path.parent.name, path.read_bytes(), tmp_path)
    expected = MESSAGES.get(f"{path.parent.name}/{path.name}")  # up to where a library has its own words
    assert message == expected or (message is not None and expected is not None and message.startswith(expected))


def test_messages_are_those_of_files_that_were_kept():
    assert set(MESSAGES) <= {f"{path.parent.name}/{path.name}" for path in KEPT}
    assert {path.parent.name for path in KEPT} <= set(parsers.TARGETS)


@st.composite
def changed_files(draw, name: str) -> bytes:
    """A file of the corpus, of the same kind of rows, with tokens replaced, put in, left out, or cut short."""
    kind = name.split(".")[0]
    near = [path for path in KEPT if path.parent.name.split(".")[0] == kind or path.parent.name in name]
    content = draw(st.sampled_from(near)).read_bytes() if near else b""
    if draw(st.booleans()):
        return mutations.changed_json(content, draw(st.randoms(use_true_random=False)))
    tokens = mutations.TOKEN.findall(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(tokens)))
        tokens[place : place + draw(st.integers(0, 2))] = [draw(st.sampled_from(mutations.ODD) | st.binary(max_size=4))]
    return b"".join(tokens)[: draw(st.none() | st.integers(0, 200))]


@pytest.mark.parametrize("name", parsers.TARGETS)
def test_any_file_gives_rows_or_one_line(name, folder, capfd):
    @same_each_time(8)
    @given(st.binary(max_size=60) | changed_files(name))
    def check(content):
        parsers.read(name, content, folder())

    check()
    assert capfd.readouterr() == ("", "")


# What no one types, and what a reader of such files takes for something else: ends of lines, byte order marks, Ctrl-Z.
LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")
TEXTS = st.text(LETTERS | st.sampled_from("\",;|\n' "), max_size=20)


@same_each_time(60)
@given(st.lists(st.tuples(TEXTS, st.sampled_from(["a", "b,c", 'd"', "0"])), min_size=1, max_size=5))
def test_a_csv_is_read_as_pythons_own_module_reads_it(folder, rows):
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("text", "label"), *rows])
    path = folder() / "a.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    assert [row.fields for row in read_table(path)] == list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


VALUES = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS | st.floats(allow_nan=False, allow_infinity=False)
)


@same_each_time(60)
@given(
    st.lists(
        st.fixed_dictionaries({"text": TEXTS, "more": VALUES | st.lists(VALUES, max_size=3)}), min_size=1, max_size=4
    )
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_json_is_read_as_pythons_own_module_reads_it(name, folder, rows):
    path = folder() / name
    text = json.dumps(rows) if name == "a.json" else "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="")
    assert [row.fields for row in read_table(path)] == rows


@st.composite
def annotated(draw) -> tuple[str, list]:
    """A text of words, and some of them as entities."""
    words = draw(
        st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6), min_size=1, max_size=8)
    )
    words = [unicodedata.normalize("NFC", word) for word in words]
    spans, place = [], 0
    for word in words:
        if draw(st.booleans()):
            spans.append([place, place + len(word), draw(st.sampled_from(["LOC", "PER"]))])
        place += len(word) + 1
    return " ".join(words), spans


@same_each_time(60)
@given(annotated())
def test_entities_stand_where_seqeval_finds_them(folder, example):
    text, spans = example
    path = folder() / "a.jsonl"
    path.write_text(json.dumps({"text": text, "label": spans}) + "\n", encoding="utf-8")
    (row,) = read_tagged(path)
    assert "".join(row.fields["tokens"]) == text
    assert get_entities(row.fields["tags"]) == [(kind, start, end - 1) for start, end, kind in spans]


@same_each_time(60)
@given(
    st.lists(
        st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=5),
        min_size=2,
        max_size=6,
    )
)
@pytest.mark.parametrize(("of_context", "of_answer"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_an_answer_is_found_in_either_normal_form(of_context, of_answer, folder, words):
    before, answer = (unicodedata.normalize(of_context, part) for part in (" ".join(words[:-1]) + " ", words[-1]))
    stated = {"text": unicodedata.normalize(of_answer, answer), "answer_start": len(before)}
    path = folder() / "a.jsonl"
    record = {"context": before + answer, "question": "q", "answers": [stated]}
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (row,) = read_squad(path)
    assert row.fields["answers"] == [{"text": answer, "answer_start": len(before)}]


# What grows faster than the file does is told by the work that is left, not by a clock.


def test_a_letter_with_very_many_marks_is_left_as_it_is():
    marks = "\u0301\u0316" * MOST_MARKS
    assert normalize("NFC", f"e\u0301 a{marks}e\u0301") == f"é a{marks}é"
    assert compose(f"e\u0301 a{marks}") == f"é a{marks}"
    few = "\u0301\u0316" * 400
    assert normalize("NFC", f"a{few}") == unicodedata.normalize("NFC", f"a{few}")


@same_each_time(100)
@given(
    st.text(st.sampled_from("aé\u0301\u0316한\u1112\u1161 "), max_size=40),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
)
def test_normal_forms_are_those_of_unicode(text, form):
    assert normalize(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("texts.tsv", "\t".join(f"c{i}" for i in range(60_000)) + "\n" + "x\t" * 59_999 + "x\n"),
        ("tags.conll", ",B-x" * 50_000 + "\u00a0\n"),
        ("tags.jsonl", json.dumps({"tokens": "('a'" + " " * 200_000 + "x)", "tags": ["O"]})),
        ("questions.jsonl", json.dumps({"context": "a" + "\u0301\u0316" * 50_000, "question": "q", "answers": {"text": ["a\u0316"], "answer_start": [0]}})),
        ("questions.jsonl", json.dumps({"context": "\U0001f1f0" * 20_000, "question": "q", "answers": {"text": ["x"], "answer_start": [0]}})),
        ("questions.jsonl", '{"context": "a", "question": "q", "answers": {"text": ["a"], "answer_start": ["1e999999999"]}}'),
    ],
    ids=["names of columns", "tags that are joined", "a spelled list", "marks", "flags", "digits"],
)  # fmt: skip
def test_what_took_hours_is_read_within_the_limit(name, content, tmp_path):
    parsers.read(name, content.encode(), tmp_path)


def test_marks_in_an_answer_are_scored_and_shown_within_the_limit():
    marks = "a" + "\u0301\u0316" * 100_000
    with parsers.limit():
        assert score_answer(marks, [marks + "b"], "klue-mrc")["exact_match"] == 0
        assert cut(marks + "b" * 300, 80) == marks + "b" * 78 + "…"


def test_an_answer_behind_many_byte_order_marks_is_looked_for_within_the_limit():
    with parsers.limit():
        assert answer_span("\ufeff" * 20_000 + "x", "e\u0301" * 20_000, 0, "no byte order mark") is None
    assert answer_span("\ufeff\ufeffx", "x", 0, "no byte order mark") == (2, 3)

"""SQuAD JSON: every trap seen in real files and every error, with literal values."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pyarrow
import pytest
from faults import fault
from pyarrow import parquet

from utils.data.squad import read_squad
from utils.files import Row


def squad_json(answer: dict[str, Any] | None = None, **question: Any) -> str:
    question = {"id": "q1", "question": "Where?", "answers": [] if answer is None else [answer]} | question
    return json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "A hill by the sea.", "qas": [question]}]}]})


def test_nested_squad(write):
    context = "A hill\nby the sea."
    content = {
        "version": "1",
        "data": [
            {
                "title": "T",
                "paragraphs": [
                    {
                        "context": context,
                        "qas": [
                            {"id": "a", "question": "Where?", "answers": [{"text": " by", "answer_start": 6}]},
                        ],
                    },
                ],
            },
            {
                "paragraphs": [
                    {
                        "context": "가나다",
                        "qas": [
                            {
                                "guid": 7,
                                "question": "무엇?",
                                "question_type": 3,
                                "is_impossible": True,
                                "answers": [{"text": "", "answer_start": -1}],
                                "plausible_answers": [{"text": "나", "answer_start": 1}],
                            },
                            {"question": "Test?"},
                        ],
                    },
                ],
            },
        ],
    }
    path = write("a.json.gz", json.dumps(content, indent=1).replace('" by"', '"\\nby"'))
    assert list(read_squad(path)) == [
        Row(
            1,
            {
                "id": "a",
                "title": "T",
                "context": context,
                "question": "Where?",
                "answers": [{"text": "\nby", "answer_start": 6}],
                "is_impossible": False,
                "question_type": None,
            },
        ),
        Row(
            2,
            {
                "id": "7",
                "title": "",
                "context": "가나다",
                "question": "무엇?",
                "answers": [],
                "is_impossible": True,
                "question_type": 3,
            },
        ),
        Row(
            3,
            {
                "id": None,
                "title": "",
                "context": "가나다",
                "question": "Test?",
                "answers": [],
                "is_impossible": False,
                "question_type": None,
            },
        ),
    ]


FLAT_QUESTION = {"id": "q", "title": "T", "context": "가나다", "question": "?"}
FLAT_ANSWERS = {"text": ["나", "나다"], "answer_start": [1, 1]}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.parquet"])
def test_flat_squad(tmp_path, name):
    path = tmp_path / name
    records = [FLAT_QUESTION | {"answers": FLAT_ANSWERS}, FLAT_QUESTION | {"answers": {"text": [], "answer_start": []}}]
    if name == "a.parquet":
        parquet.write_table(pyarrow.Table.from_pylist(records), path)
    elif name == "a.jsonl":
        path.write_text("\n\n".join(json.dumps(record) for record in records))
    else:
        path.write_text(json.dumps(records))
    first, second = read_squad(path)
    answers = [{"text": "나", "answer_start": 1}, {"text": "나다", "answer_start": 1}]
    assert first == Row(1, FLAT_QUESTION | {"answers": answers, "is_impossible": False, "question_type": None})
    assert second.line == (3 if name == "a.jsonl" else 2) and second.fields["answers"] == []


def test_flat_squad_without_answers(write):
    (row,) = read_squad(write("a.jsonl", json.dumps(FLAT_QUESTION)))
    assert row.fields["answers"] == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            squad_json({"text": "hill", "answer_start": 3}),
            'the context has "ill " at answer_start 3, not "hill"; it first stands at 2: count in characters',
        ),
        (
            squad_json({"text": "hill", "answer_start": -16}),
            'answer_start -16 of "hill" is no place; it first stands at 2',
        ),
        (squad_json({"text": "hill", "answer_start": 99}), 'the context has "" at answer_start 99'),
        (squad_json({"text": "dune", "answer_start": 2}), "correct the text: it is not there"),
        (squad_json({"text": "", "answer_start": 2}), "the text of an answer is empty; set 'is_impossible'"),
        (squad_json({"text": "hill", "answer_start": "two"}), '\'answer_start\' a whole number, found "hill", "two"'),
        (squad_json({"text": "hill", "answer_start": 2.5}), "'answer_start' a whole number, found \"hill\", 2.5"),
        (squad_json({"text": "hill", "answer_start": True}), "'answer_start' a whole number, found \"hill\", true"),
        (squad_json({"text": "hill"}), "each answer needs 'text' and 'answer_start'"),
        (squad_json(answers={"text": ["hill"], "answer_start": []}), "each answer needs 'text' and 'answer_start'"),
    ],
)
def test_answers_that_do_not_fit(write, content, reason):
    message = fault(read_squad, write("a.json", content))
    assert ", row 1, column 'answers': question \"q1\": " in message and reason in message


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (squad_json(question=None), ", row 1, column 'question': expected text, found null"),
        (
            '[{"text": "a"}]',
            ", row 1, column 'context': expected text, found null; rename the field that holds it, of text",
        ),
        ('{"data": [{"paragraphs": [{"context": "a"}]}]}', ", row 1, column 'qas': not SQuAD JSON"),
        ('{"data": [{"paragraphs": "a"}]}', ", row 1, column 'paragraphs': not SQuAD JSON"),
    ],
)
def test_not_squad(write, content, place):
    assert place in fault(read_squad, write("a.json", content))


# Spellings, normal forms and other ways to count


@pytest.mark.parametrize("value", [True, "True", "yes", 1, "1", "예"])
def test_impossible_in_any_spelling(write, value):
    (row,) = read_squad(write("a.json", squad_json({"text": "hill", "answer_start": 2}, is_impossible=value)))
    assert row.fields["is_impossible"] is True and row.fields["answers"] == []


@pytest.mark.parametrize("value", [False, "False", "no", 0, "0", "아니오", None, ""])
def test_possible_in_any_spelling(write, value):
    (row,) = read_squad(write("a.json", squad_json({"text": "hill", "answer_start": "2"}, is_impossible=value)))
    assert row.fields["is_impossible"] is False
    assert row.fields["answers"] == [{"text": "hill", "answer_start": 2}]


def test_neither_possible_nor_impossible(write):
    message = fault(read_squad, write("a.json", squad_json(is_impossible="maybe")))
    assert message.endswith(
        "row 1, column 'is_impossible': expected true or false (also yes or no, 1 or 0), found \"maybe\""
    )


@pytest.mark.parametrize(
    ("question", "impossible"),
    [
        ({}, False),
        ({"answers": None}, False),
        ({"answers": []}, None),
        ({"answers": {"text": [], "answer_start": []}}, None),
        ({"answers": [], "is_impossible": False}, False),
        ({"answers": [], "is_impossible": True}, True),
    ],
)
def test_what_is_said_where_there_is_no_answer(write, question, impossible):
    (row,) = read_squad(write("a.jsonl", json.dumps(FLAT_QUESTION | question)))
    assert row.fields["answers"] == [] and row.fields["is_impossible"] is impossible


@pytest.mark.parametrize(
    "answers",
    [
        {"answers": {"text": "나", "answer_start": 1, "clue_text": "나다", "clue_start": 1}},  # AI-Hub
        {"answer": {"text": "나", "answer_start": 1}},
        {"answer": [{"text": "나", "answer_start": 1}]},
        {"answer": "나", "answer_start": 1},
        {"answer_text": "나", "answer_start": "1"},
    ],
)
def test_other_forms_of_one_answer(write, answers):
    (row,) = read_squad(write("a.jsonl", json.dumps(FLAT_QUESTION | answers)))
    assert row.fields["answers"] == [{"text": "나", "answer_start": 1}] and row.fields["is_impossible"] is False


@pytest.mark.parametrize("name", ["answer", "answer_text", "answers"])
def test_an_answer_without_a_place(write, name):
    """It is no question without an answer, as which --version_2_with_negative would train on it."""
    message = fault(read_squad, write("a.jsonl", json.dumps(FLAT_QUESTION | {name: "나"}, ensure_ascii=False)))
    assert (
        "column 'answers': question \"q\": each answer needs 'text' and 'answer_start', found \"나\"; write where"
        in message
    )
    for record in ({name: None}, {name: [] if name == "answers" else ""}, {name: "나", "is_impossible": "True"}):
        (row,) = read_squad(write("a.jsonl", json.dumps(FLAT_QUESTION | record)))
        assert row.fields["answers"] == []


@pytest.mark.parametrize(
    "answers",
    [
        "{'text': ['나'], 'answer_start': [1]}",
        '{"text": ["나"], "answer_start": [1]}',
        "[{'text': '나', 'answer_start': 1}]",
    ],
)
def test_answers_that_were_in_a_csv(write, answers):
    (row,) = read_squad(write("a.jsonl", json.dumps(FLAT_QUESTION | {"answers": answers}, ensure_ascii=False)))
    assert row.fields["answers"] == [{"text": "나", "answer_start": 1}]


def test_articles_without_paragraphs(write):
    """As in KorQuAD 2.0, whose answers are single ones."""
    article = {"title": "T", "context": "<p>가나</p>", "raw_html": "<html>"}
    article["qas"] = [{"id": i, "question": "?", "answer": {"text": "나", "answer_start": 4}} for i in range(2)]
    for content in ({"version": "KorQuAD_2.0", "data": [article]}, [article]):
        rows = list(read_squad(write("a.json", json.dumps(content))))
        assert [row.fields["id"] for row in rows] == ["0", "1"]
        assert {row.fields["title"] for row in rows} == {"T"}
        assert rows[1].fields["answers"] == [{"text": "나", "answer_start": 4}]


@pytest.mark.parametrize(("value", "kind"), [(1, 1), (1.0, 1), ("1", "1"), (float("nan"), None), (None, None)])
def test_types_of_questions(write, value, kind):
    (row,) = read_squad(write("a.jsonl", json.dumps(FLAT_QUESTION | {"question_type": value})))
    assert row.fields["question_type"] == kind and type(row.fields["question_type"]) is type(kind)


def test_an_answer_in_another_normal_form(write, caplog):
    context = unicodedata.normalize("NFD", "강 다리")
    path = write("a.jsonl", json.dumps(FLAT_QUESTION | {"context": context, "answer": "다리", "answer_start": 4}))
    with caplog.at_level("INFO"):
        (row,) = read_squad(path)
    assert row.fields["answers"] == [{"text": unicodedata.normalize("NFD", "다리"), "answer_start": 4}]
    assert caplog.messages == [
        f"{path}: answers are in another Unicode normal form than their contexts; they are found by normalising"
    ]


def emoji_rows(*starts: int, context: str = "강 😀 다리") -> str:
    return "\n".join(
        json.dumps(FLAT_QUESTION | {"context": context, "answer": context[-2:], "answer_start": start})
        for start in starts
    )


def test_offsets_that_count_something_else(write, caplog):
    path = write("a.jsonl", json.dumps(FLAT_QUESTION | {"answer": "나", "answer_start": 1}) + "\n" + emoji_rows(5, 5))
    with caplog.at_level("INFO"):
        rows = list(read_squad(path))
    assert [row.fields["answers"][0]["answer_start"] for row in rows] == [1, 4, 4]
    assert caplog.messages == [f"{path}: answer_start counts UTF-16 code units, as JavaScript does: all answers fit so"]


@pytest.mark.parametrize(
    "content",
    [
        emoji_rows(5, 4),  # the second one counts characters
        emoji_rows(4, 5),
        emoji_rows(4, context="다리 😀 다리 다리") + "\n" + emoji_rows(5),  # it would be another place than was read
    ],
)
def test_one_file_counts_in_one_way(write, content):
    assert "count in characters from 0" in fault(read_squad, write("a.jsonl", content))


def test_an_error_does_not_grow_with_the_row(write):
    record = FLAT_QUESTION | {"context": None} | {f"column{i}": "x" * 1000 for i in range(1000)}
    path = write("a.jsonl", json.dumps(record))
    assert len(fault(read_squad, path)) - len(str(path)) < 300


@pytest.mark.parametrize("name", ["id", "guid", "question_id", "qa_id", "qid"])
def test_what_names_a_question(write, name):
    question = {name: 7, "question": "Where?", "answers": []}
    assert [row.fields["id"] for row in read_squad(write("a.jsonl", json.dumps(question | {"context": "here"})))] == [
        "7"
    ]
    nested = {"data": [{"paragraphs": [{"context": "here", "qas": [question]}]}]}
    assert [row.fields["id"] for row in read_squad(write("a.json", json.dumps(nested)))] == ["7"]

"""SQuAD JSON: every trap seen in real files and every error, with literal values."""

from __future__ import annotations

import json
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
        (squad_json({"text": "hill", "answer_start": -16}), 'the context has "A hi" at answer_start -16'),
        (squad_json({"text": "hill", "answer_start": 99}), 'the context has "" at answer_start 99'),
        (squad_json({"text": "dune", "answer_start": 2}), "correct the text: it is not there"),
        (squad_json({"text": "", "answer_start": 2}), "the text of an answer is empty; set 'is_impossible'"),
        (squad_json({"text": "hill", "answer_start": "2"}), "'answer_start' a whole number"),
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
        ('[{"text": "a"}]', ", row 1, column 'context': expected text, found null; the fields here are text"),
        ('{"data": [{"paragraphs": [{"context": "a"}]}]}', ", row 1, column 'qas': not SQuAD JSON"),
        ('{"data": [{"paragraphs": "a"}]}', ", row 1, column 'paragraphs': not SQuAD JSON"),
    ],
)
def test_not_squad(write, content, place):
    assert place in fault(read_squad, write("a.json", content))

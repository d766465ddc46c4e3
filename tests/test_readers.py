"""Readers: every trap seen in real files and every error, with literal values."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from utils.errors import UserError
from utils.readers import Row, read_squad, read_table, read_tagged

Reader = Callable[[Path], Iterator[Row]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file byte for byte; a name that ends in `.gz` is compressed."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
        return path

    return _write


def fault(read: Reader, path: Path, **columns: str) -> str:
    """The message of the error, checked to be one line that names the file."""
    with pytest.raises(UserError) as caught:
        list(read(path, **columns))
    message = str(caught.value)
    assert message.startswith(f"{path}") and "\n" not in message
    return message


def squad_json(answer: dict[str, Any] | None = None, **question: Any) -> str:
    question = {"id": "q1", "question": "Where?", "answers": [] if answer is None else [answer]} | question
    return json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "A hill by the sea.", "qas": [question]}]}]})


# Tables


def test_csv_traps(write):
    content = '\ufeffid,text,label\r\n1,"one, ""two""\nthree",a\r\n\r\n2,,b\r\n3,say "x" \u2028 \x85,\r\n'
    assert list(read_table(write("a.csv", content))) == [
        Row(2, {"id": "1", "text": 'one, "two"\nthree', "label": "a"}),
        Row(5, {"id": "2", "text": "", "label": "b"}),
        Row(6, {"id": "3", "text": 'say "x" \u2028 \x85', "label": ""}),
    ]


def test_csv_without_last_line_end(write):
    assert list(read_table(write("a.csv", "a,b\n1,2"))) == [Row(2, {"a": "1", "b": "2"})]


def test_tsv_traps(write):
    content = '\ufeffid\ttext\r\n1\t"""good\n2\ta\u2028b\x85c\rd "\r\n\n3\t\n4\t NA \n'
    assert list(read_table(write("a.tsv", content))) == [
        Row(2, {"id": "1", "text": '"""good'}),
        Row(3, {"id": "2", "text": 'a\u2028b\x85c\rd "'}),
        Row(5, {"id": "3", "text": ""}),
        Row(6, {"id": "4", "text": " NA "}),
    ]


def test_tsv_of_one_column_keeps_empty_texts(write):
    rows = [(row.line, row.fields["text"]) for row in read_table(write("a.tsv", "text\none\n\nthree\n"))]
    assert rows == [(2, "one"), (3, ""), (4, "three")]


def test_txt_with_a_tab_in_its_first_line_is_tsv(write):
    assert list(read_table(write("a.txt", "id\tdocument\n7\tfine\n"))) == [Row(2, {"id": "7", "document": "fine"})]


def test_txt_is_one_text_a_line(write):
    assert list(read_table(write("a.txt", "\ufeffone, two\r\n\nthree\tfour\n"))) == [
        Row(1, {"text": "one, two"}),
        Row(2, {"text": ""}),
        Row(3, {"text": "three\tfour"}),
    ]


NESTED = {"guid": "g", "labels": {"real-label": 4.5, "deep": {"x": None}}, "votes": [1, 2], "none": {}}
FLAT = {"guid": "g", "labels.real-label": 4.5, "labels.deep.x": None, "votes": [1, 2], "none": {}}


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("a.json", json.dumps([NESTED], indent=2), 1),
        ("a.json", json.dumps({"version": "1", "data": [NESTED]}, indent=2), 1),
        ("a.json", json.dumps(NESTED) + "\n", 1),
        ("a.jsonl", "\n" + json.dumps(NESTED) + "\n\n", 2),
        ("a.jsonl.gz", "\ufeff" + json.dumps(NESTED), 1),
    ],
)
def test_json_is_flattened(write, name, content, number):
    assert list(read_table(write(name, content))) == [Row(number, FLAT)]


def test_json_lines_in_a_json_file(write):
    assert list(read_table(write("a.json", '{"a": 1}\n\n{"a": 2}\n'))) == [Row(1, {"a": 1}), Row(3, {"a": 2})]


def test_jsonl_lines_end_only_at_newlines(write):
    assert list(read_table(write("a.jsonl", '{"a": "x\u2028y\x85z"}\r\n'))) == [Row(1, {"a": "x\u2028y\x85z"})]


def test_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    records = [{"text": f"t{number}", "label": {"name": None}, "tags": [number]} for number in range(5000)]
    parquet.write_table(pyarrow.Table.from_pylist(records, schema=_parquet_schema()), path)
    rows = list(read_table(path))
    assert rows[0] == Row(1, {"text": "t0", "label.name": None, "tags": [0]})
    assert rows[4999] == Row(5000, {"text": "t4999", "label.name": None, "tags": [4999]})


def _parquet_schema():
    label = pyarrow.struct([("name", pyarrow.string())])
    return pyarrow.schema([("text", pyarrow.string()), ("label", label), ("tags", pyarrow.list_(pyarrow.int64()))])


@pytest.mark.parametrize("name", ["a.csv.gz", "A.CSV.GZ", "a.CSV"])
def test_gz_and_upper_case_names(tmp_path, name):
    raw = b"a,b\n1,2\n"
    (tmp_path / name).write_bytes(gzip.compress(raw, mtime=0) if name.lower().endswith(".gz") else raw)
    assert list(read_table(tmp_path / name)) == [Row(2, {"a": "1", "b": "2"})]


def test_rows_stream(write):
    rows = read_table(write("a.csv", "a,b\n1,2\n3\n"))
    assert next(rows) == Row(2, {"a": "1", "b": "2"})
    with pytest.raises(UserError, match="row 3"):
        next(rows)


# Faults of files and tables


def test_missing_file_suggests_the_nearest(write):
    path = write("ratings_train.txt", "x\n")
    assert "did you mean 'ratings_train.txt'?" in fault(read_table, path.with_name("rating_train.txt"))
    assert "no such file" in fault(read_squad, path.with_name("zzz.json"))
    assert f"the folder {path.parent}/no does not exist" in fault(read_tagged, path.parent / "no" / "a.tsv")


def test_folder(tmp_path):
    assert "this is a folder" in fault(read_table, tmp_path)


@pytest.mark.parametrize("read", [read_table, read_tagged, read_squad])
def test_zero_bytes(write, read):
    assert "empty (0 bytes)" in fault(read, write("a.json", ""))


@pytest.mark.parametrize(
    ("read", "name", "content"),
    [
        (read_table, "a.csv", "a,b\r\n\r\n"),
        (read_table, "a.tsv", "a\tb\n"),
        (read_table, "a.json", "[]"),
        (read_table, "a.json", " \n"),
        (read_table, "a.jsonl", "\n\n"),
        (read_table, "a.txt.gz", ""),
        (read_tagged, "a.conll", "-DOCSTART- O\n\n"),
        (read_tagged, "a.jsonl", "\n"),
        (read_squad, "a.json", '{"data": []}'),
    ],
)
def test_no_records(write, read, name, content):
    assert "holds no records" in fault(read, write(name, content))


def test_cp949(write):
    message = fault(read_table, write("a b.csv", "text,label\n좋다,1\n".encode("cp949")))
    assert ", row 2: not UTF-8: byte 0xc1 at position 1 of this line; it decodes as cp949" in message
    assert "`iconv -f cp949 -t utf-8 'a b.csv' > 'utf8-a b.csv'`" in message


def test_cp949_in_gzip(write):
    message = fault(read_tagged, write("a.tsv.gz", "가\tO\n".encode("cp949")))
    assert "`gunzip -c a.tsv.gz | iconv -f cp949 -t utf-8 > utf8-a.tsv`" in message


def test_utf16(write):
    assert "iconv -f utf-16 -t utf-8" in fault(read_table, write("a.tsv", "가\t나\n".encode("utf-16")))


def test_unknown_encoding(write):
    message = fault(read_table, write("a.jsonl", b'{"a": "ok"}\n{"a": "caf\xe9"}\n'))
    assert ", row 2: not UTF-8: byte 0xe9 at position 11" in message and "save the file as UTF-8" in message


def test_gzip_without_its_name(write):
    assert "add .gz to its name" in fault(read_table, write("a.csv", gzip.compress(b"a,b\n1,2\n", mtime=0)))


@pytest.mark.parametrize("raw", [b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n" * 9, mtime=0)[:-12]])
def test_corrupt_gzip(tmp_path, raw):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(raw)
    assert "corrupt gzip" in fault(read_table, path)


def test_unreadable_file(write, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    path = write("a.csv", "a\n1\n")
    monkeypatch.setattr("utils.files.Path.open", refuse)
    assert "cannot be read (Permission denied)" in fault(read_table, path)


def test_ragged_csv(write):
    message = fault(read_table, write("a.csv", 'a,b\n"1\n1",2\nx, y,3\n'))
    assert ", row 4: fields: 2 expected (as in the header), 3 found; " in message and "double quotes" in message


def test_ragged_tsv(write):
    message = fault(read_table, write("a.txt", "a\tb\n1\t2\n3\n"))
    assert ", row 3: fields: 2 expected (as in the header), 1 found; a TAB or a line break" in message


@pytest.mark.parametrize(("name", "content"), [("a.csv", "id,text,id\n1,2,3\n"), ("a.tsv", "id\ttext\tid \n1\t2\t3\n")])
def test_duplicate_column_names(write, name, content):
    assert ", row 1, column 'id': the name of the column occurs twice" in fault(read_table, write(name, content))


def test_duplicate_names_after_flattening(write):
    message = fault(read_table, write("a.jsonl", '{"a.b": 1, "a": {"b": 2}}\n'))
    assert ", row 1, column 'a.b': two values" in message


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "\na,b\n1,2\n"), ("a.tsv", "\t\n1\t2\n"), ("b.csv", ",\n1,2\n")]
)
def test_empty_header(write, name, content):
    assert ", row 1: the header is empty" in fault(read_table, write(name, content))


def test_unterminated_csv_quote(write):
    message = fault(read_table, write("a.csv", 'a,b\n1,2\n3,"open\n5,6\n'))
    assert ", row 3: a quote opened in this row is never closed" in message


def test_unterminated_csv_quote_in_a_large_file(write):
    message = fault(read_table, write("a.csv", 'a,b\n1,2\n3,"open\n' + "5,6\n" * 40_000))
    assert ", row 3: a cell of more than 131,072 characters; close its quote" in message


def test_csv_quote_inside_a_quoted_cell(write):
    message = fault(read_table, write("a.csv", 'a,b\n1,"say "x" now"\n'))
    assert ", row 2: invalid csv" in message and "double every quote" in message


def test_csv_with_lone_carriage_returns(write):
    assert ", row 1: a carriage return alone" in fault(read_table, write("a.csv", "a,b\r1,2\r"))


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.json", '[{"a": 1},\n {"a": }]', "row 2: invalid JSON at line 2, column 8"),
        ("a.json", '[{"a": 1}]\n[]', "row 2: invalid JSON at line 2, column 1"),
        ("a.json", '{"a": 1}\n{"a": 2}\n{"a": 3', "row 3: invalid JSON at line 3, column "),
        ("a.jsonl", '{"a": 1}\n\n{"a" 2}\n', "row 3: invalid JSON at line 3, column 6"),
        ("a.jsonl", '{"a": 1}\n[2]\n', "row 2: a record must be an object"),
        ("a.json", '[{"a": 1}, "b"]', "row 2: a record must be an object"),
        ("a.json", '{\n"a": 1}', "expected a list of objects"),
        ("a.json", "3", "expected a list of objects"),
    ],
)
def test_invalid_json(write, name, content, place):
    assert place in fault(read_table, write(name, content))


def test_unreadable_parquet(write):
    assert "not a readable parquet file" in fault(read_table, write("a.parquet", b"PAR1 no"))
    assert "gunzip" in fault(read_table, write("a.parquet.gz", b"PAR1"))


def test_duplicate_columns_in_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"]), path)
    assert ", column 'a': the name of the column occurs twice" in fault(read_table, path)


@pytest.mark.parametrize(
    ("read", "name", "named", "kinds"),
    [
        (read_table, "a.xlsx", "'.xlsx'", ".csv, .tsv, .txt, .json, .jsonl, .parquet"),
        (read_table, "a.conll.gz", "'.conll'", ".csv, .tsv, .txt, .json, .jsonl, .parquet"),
        (read_table, "data", "without an extension", ".csv, .tsv, .txt, .json, .jsonl, .parquet"),
        (read_squad, "a.csv", "'.csv'", ".json, .jsonl, .parquet"),
    ],
)
def test_unsupported_extension(write, read, name, named, kinds):
    message = fault(read, write(name, "x"))
    assert named in message and message.endswith(kinds)


# Tagged text

KLUE_NER = (
    "## 출처 : \t\n## 구분자 : \\n\\n\n## 주석 : ##\n## 컬럼명 : CHAR\tNE_TAG\n"
    "## dev_00000\t<서울:LC> 밤\n서\tB-LC\n울\tI-LC\n \tO\n밤\tO\n#\tO\n##\tO\n\n"
    "## dev_00001\t<1 월:DT>\n1\tB-DT\n \tI-DT\n월\tI-DT\n\u3000\tO\n\n"
)


@pytest.mark.parametrize("name", ["ner.tsv", "ner.txt.gz", "ner"])
def test_klue_ner(write, name):
    assert list(read_tagged(write(name, KLUE_NER))) == [
        Row(
            6,
            {
                "id": "dev_00000",
                "tokens": ["서", "울", " ", "밤", "#", "##"],
                "tags": ["B-LC", "I-LC", "O", "O", "O", "O"],
            },
        ),
        Row(14, {"id": "dev_00001", "tokens": ["1", " ", "월", "\u3000"], "tags": ["B-DT", "I-DT", "I-DT", "O"]}),
    ]


def sentences(path: Path) -> list[tuple[int, str | None, list[str], list[str] | None]]:
    return [(row.line, row.fields["id"], row.fields["tokens"], row.fields["tags"]) for row in read_tagged(path)]


def test_conll_of_four_columns_between_spaces(write):
    content = (
        "-DOCSTART- -X- -X- O\n\nEU NNP  B-NP B-ORG \n# SYM O O\n## SYM O O\n\n  \n"
        "no\u00a0break UH O O\n-DOCSTART- -X- -X- O\n"
    )
    assert sentences(write("a.conll", content)) == [
        (3, None, ["EU", "#", "##"], ["B-ORG", "O", "O"]),
        (8, None, ["no\u00a0break"], ["O"]),
    ]


def test_separators_holding_only_tabs_and_hyphenated_types(write):
    content = "\ufeffRick\tB-creative-work\r\n#tag\tO\r\n\t\r\n\n \t \nNew York\tB-location"
    assert sentences(write("a.annotated", content)) == [
        (1, None, ["Rick", "#tag"], ["B-creative-work", "O"]),
        (6, None, ["New York"], ["B-location"]),
    ]


def test_one_column_has_no_tags(write):
    assert sentences(write("a.txt", "Rick\nand\n\nMorty\n")) == [
        (1, None, ["Rick", "and"], None),
        (4, None, ["Morty"], None),
    ]


def test_comments_above_sentences(write):
    content = (
        "# written by hand\n# v2\n# id 7f\tdomain=en\na _ _ O\n# _ _ O\n\n"
        "# id 8a\tdomain=en\n# _ _ O\n## note\nb _ _ B-X\n"
    )
    assert sentences(write("a.conll", content)) == [
        (4, "7f", ["a", "#"], ["O", "O"]),
        (8, "8a", ["#"], ["O"]),
        (10, None, ["b"], ["B-X"]),
    ]


def test_naver_ner_has_a_sentence_a_line(write):
    assert sentences(write("train.tsv", "네 .\tO O\n이순신\tPER-B\n한국 시리즈 3차전\tEVT-B EVT-I NUM-B\n")) == [
        (1, None, ["네", "."], ["O", "O"]),
        (2, None, ["이순신"], ["PER-B"]),
        (3, None, ["한국", "시리즈", "3차전"], ["EVT-B", "EVT-I", "NUM-B"]),
    ]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a\tO\nb\n", "row 2: columns: 2 expected (as in the rows above), 1 found"),
        ("a\n\nb O\n", "row 3: columns: 1 expected (as in the rows above), 2 found"),
        ("a\tX\tO\nb\tO\n", "row 2: columns: 3 expected (as in the rows above), 2 found"),
        ("a\tO\nb\t\n", "row 2: a token without a tag"),
        ("a\tO\n\tO\n", "row 2: a tag without a token"),
        ("a b\tO O\nc d\tO O O\n", "row 2: tokens and tags differ in number (2 and 3)"),
    ],
)
def test_ragged_columns(write, content, place):
    assert place in fault(read_tagged, write("a.bio", content))


def test_columns_have_no_names(write):
    assert "'ner'" in fault(read_tagged, write("a.iob2", "a\tO\n"), label_column="ner")


def test_lists_in_json(write):
    content = (
        '{"guid": "x", "sentence": "no", "words": ["a", " "], "pos_tags": [7, 7], "ner_tags": [3, 0]}\n'
        '{"idx": 0, "tokens": ["b"], "tags": ["O"]}\n{"id": null, "tokens": [], "labels": []}\n'
    )
    assert sentences(write("a.jsonl", content)) == [
        (1, "x", ["a", " "], ["3", "0"]),
        (2, "0", ["b"], ["O"]),
        (3, None, [], []),
    ]


def test_lists_in_csv(write):
    content = 'id,tokens,ner_tags\n1,"[""a"", ""b""]","[""O"", ""B-X""]"\n'
    assert sentences(write("a.csv", content)) == [(2, "1", ["a", "b"], ["O", "B-X"])]


def test_lists_in_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"tokens": [["a"], ["b", "c"]], "ner_tags": [[1], [0, 2]]}), path)
    assert sentences(path) == [(1, None, ["a"], ["1"]), (2, None, ["b", "c"], ["0", "2"])]


def test_named_columns(write):
    path = write("a.json", '[{"chars": ["a"], "tokens": ["no"], "kinds": ["X"], "tags": ["no"]}]')
    (row,) = read_tagged(path, text_column="chars", label_column="kinds")
    assert row.fields == {"id": None, "tokens": ["a"], "tags": ["X"]}


@pytest.mark.parametrize("content", ['{"tokens": ["a"]}', '{"tokens": ["a"], "tags": null}'])
def test_lists_without_tags(write, content):
    (row,) = read_tagged(write("a.jsonl", content), label_column=None if "tags" in content else "kinds")
    assert row.fields == {"id": None, "tokens": ["a"], "tags": None}


@pytest.mark.parametrize(
    ("content", "columns", "place"),
    [
        (
            '{"tokens": ["a"], "tags": ["O", "O"]}',
            {},
            "row 1, column 'tags': tokens and tags differ in number (1 and 2)",
        ),
        ('{"tokens": "a b"}', {}, "row 1, column 'tokens': expected a list"),
        ('{"tokens": ["a"], "tags": [null]}', {}, "row 1, column 'tags': expected a list"),
        ('{"sentence": "a"}', {}, "row 1: no column of tokens among sentence; name it with --text_column_name"),
        ('{"tokens": ["a"]}', {"text_column": "x"}, "row 1, column 'x': no such column; name one of tokens"),
        ('{"tokens": ["a"], "tags": ["O"]}', {"label_column": "x"}, "row 1, column 'x': no such column"),
        ('{"tokens": ["a"], "tags": ["O"]}\n{"tokens": ["a"]}', {}, "row 2: only some of the rows"),
        ('{"tokens": ["a"]}\n{"tokens": ["a"], "tags": ["O"]}', {}, "row 2, column 'tags': only some of the rows"),
    ],
)
def test_faulty_lists(write, content, columns, place):
    assert place in fault(read_tagged, write("a.jsonl", content), **columns)


def test_list_that_is_not_json_in_csv(write):
    message = fault(read_tagged, write("a.csv", "tokens\n['a']\n"))
    assert ", row 2, column 'tokens': expected a list" in message


# SQuAD


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


# Real files

DATA = Path(os.environ.get("ELECTRA_HEADS_DATA") or Path(__file__).parents[2] / "shared" / "data")
real_files = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no real files at {DATA}; name their folder in ELECTRA_HEADS_DATA"
)


@real_files
@pytest.mark.parametrize(
    ("name", "count", "labels", "empty", "twice_quoted"),
    [
        ("ratings_train.txt.gz", 150_000, {"0": 75_173, "1": 74_827}, 5, 623),
        ("ratings_test.txt.gz", 50_000, {"0": 24_827, "1": 25_173}, 3, 233),
    ],
)
def test_nsmc(name, count, labels, empty, twice_quoted):
    started = time.perf_counter()
    rows = list(read_table(DATA / "nsmc" / name))
    assert time.perf_counter() - started < 10  # about one second on an idle core
    assert len(rows) == count and rows[-1].line == count + 1
    assert Counter(row.fields["label"] for row in rows) == labels
    assert sum(not row.fields["document"] for row in rows) == empty
    assert sum(row.fields["document"].startswith('"""') for row in rows) == twice_quoted


@real_files
def test_klue_ner_file():
    rows = list(read_tagged(DATA / "klue" / "klue-ner-v1.1_dev.tsv.gz"))
    pairs = Counter(
        (token == " ", tag[0])
        for row in rows
        for token, tag in zip(row.fields["tokens"], row.fields["tags"], strict=True)
    )
    assert len(rows) == 5_000
    assert rows[0].line == 7 and re.fullmatch(r"klue-ner-v1_dev_00000-\w+", rows[0].fields["id"])
    assert len({row.fields["id"] for row in rows}) == 5_000
    assert (pairs[True, "O"], pairs[True, "I"], pairs[True, "B"]) == (57_501, 2_876, 2)
    assert sum(count for (space, _), count in pairs.items() if not space) == 225_550
    assert pairs[False, "B"] + pairs[True, "B"] == 14_257


@real_files
def test_klue_sentence_pairs():
    nli = [row.fields for row in read_table(DATA / "klue" / "klue-nli-v1.1_dev.json")]
    sts = [row.fields for row in read_table(DATA / "klue" / "klue-sts-v1.1_dev.json")]
    assert len(nli) == 3_000 and {row["gold_label"] for row in nli} == {"entailment", "neutral", "contradiction"}
    assert len(sts) == 519 and sts[0]["labels.real-label"] == pytest.approx(34 / 7)


@real_files
def test_korquad():
    path = DATA / "korquad1" / "KorQuAD_v1.0_dev.json.gz"
    assert sum(len(article.fields["paragraphs"]) for article in read_table(path)) == 964
    rows = [row.fields for row in read_squad(path)]
    assert len(rows) == 5_774 and len({row["title"] for row in rows}) == 140
    assert len({row["context"] for row in rows}) == 960  # three repeat, one has no question
    assert all(len(row["answers"]) == 1 and not row["is_impossible"] for row in rows)
    assert sum(row["answers"][0]["text"] != row["answers"][0]["text"].strip() for row in rows) == 3


@real_files
@pytest.mark.parametrize(
    ("name", "count"), [("wnut17train.conll", 3_394), ("emerging.dev.conll", 1_009), ("emerging.test.annotated", 1_287)]
)
def test_wnut17(name, count):
    rows = [row.fields for row in read_tagged(DATA / "wnut17" / name)]
    kinds = {tag[2:] for row in rows for tag in row["tags"] if tag != "O"}
    assert len(rows) == count
    assert kinds == {"corporation", "creative-work", "group", "location", "person", "product"}


@real_files
def test_ynat():
    train = [row.fields for row in read_table(DATA / "ynat-dacon" / "train_data.csv.gz")]
    test = [row.fields for row in read_table(DATA / "ynat-dacon" / "test_data.csv")]
    assert len(train) == 45_654 and {row["topic_idx"] for row in train} == set("0123456")
    assert len(test) == 9_131 and list(test[0]) == ["index", "title"]

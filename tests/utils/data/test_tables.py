"""Tables and files of any kind: every trap seen in real ones and every error, with literal values."""

from __future__ import annotations

import gzip
import json

import pyarrow
import pytest
from faults import fault
from pyarrow import parquet

from utils.data.squad import read_squad
from utils.data.tables import read_table
from utils.data.tagged import read_tagged
from utils.errors import UserError
from utils.files import Row


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


@pytest.mark.parametrize("read", [read_table, read_tagged, read_squad])
def test_a_nested_id_is_text(write, read):
    row = {"id": {"$oid": "65a", "부": 1}, "text": "서울", "label": "a", "tokens": ["서울"], "tags": ["O"]}
    row |= {"context": "서울", "question": "어디"}
    (found,) = read(write("a.jsonl", json.dumps(row)))
    assert found.fields["id"] == '{"$oid": "65a", "부": 1}'


@pytest.mark.parametrize("lines", [None, 1])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"rows": [{"row_idx": 0, "row": {"text": "a"}}]},
            "a.json: JSON of the Hub's viewer, which has 100 rows at most; download",
        ),
        (
            {"a1": {"text": "a"}, "a2": {"text": "b"}},
            "JSON with an object for each of a1, a2; write one object a row, in pandas",
        ),
        (
            {"train": [{"text": "a"}], "test": [{"text": "b"}]},
            "an object with rows under train, test; write each list into a file",
        ),
        (
            {"document": [{"id": "d", "paragraph": [{"form": "a"}]}]},
            "documents without sentences: they hold id, paragraph; write",
        ),
    ],
)
def test_json_that_holds_rows_in_another_way(write, content, message, lines):
    assert message in fault(read_table, write("a.json", json.dumps(content, indent=lines)))


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
    assert "this is a folder; name a file in it, or give it as --dataset_name" in fault(read_table, tmp_path)
    assert "no file fits this pattern; check it" in fault(read_table, tmp_path / "train-*.parquet")


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
        (
            "a.jsonl",
            '{"a": 1}\n{"a": "b',
            "row 2: invalid JSON at line 2, column 7 (Unterminated string starting at); was the",
        ),
        ("a.json", '[{"a": 1},', "(Expecting value); was the file written completely?"),
        ("a.json", '[{"a" 1}]\n', "(Expecting ':' delimiter); correct it there"),
        ("a.json", '{"a": 1}\r{"a": 2}\r', "lines end in carriage returns alone: save it"),
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
    assert "not a readable parquet file" in fault(read_table, write("a.parquet.gz", b"PAR1 no"))


def test_duplicate_columns_in_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"]), path)
    assert ", column 'a': the name of the column occurs twice" in fault(read_table, path)


@pytest.mark.parametrize(
    ("read", "name", "named", "kinds"),
    [
        (read_table, "a.dat", "'.dat'", ".csv, .tsv, .txt, .json, .jsonl, .parquet"),
        (read_table, "a.conll.gz", "'.conll'", ".csv, .tsv, .txt, .json, .jsonl, .parquet"),
        (read_table, "data", "without an extension", ".csv, .tsv, .txt, .json, .jsonl, .parquet"),
        (read_squad, "a.csv", "'.csv'", ".json, .jsonl, .parquet"),
    ],
)
def test_unsupported_extension(write, read, name, named, kinds):
    message = fault(read, write(name, "x"))
    assert named in message and message.endswith(kinds)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_an_object_that_has_a_name_twice(write, name):
    text = '{"text": "x", "label": "a", "label": "b"}'
    message = fault(read_table, write(name, f"[{text}]" if name == "a.json" else text))
    assert "column 'label': an object has two values of this name; keep one, or rename one of them" in message
    assert next(read_table(write(name, '{"text": "x", "text": "x"}'))).fields == {"text": "x"}


def test_an_empty_object(write):
    assert "row 2: an empty object; delete it" in fault(read_table, write("a.jsonl", '{"text": "x"}\n{}\n'))


def test_spaces_between_a_separator_and_a_quote(write):
    for separator in ",;":
        text = '"text", "label"\n"a, b", "c"\n"d; e", "f"\n'.replace('", "', f'"{separator} "')
        assert [row.fields for row in read_table(write("a.csv", text))] == [
            {"text": "a, b", "label": "c"},
            {"text": "d; e", "label": "f"},
        ]

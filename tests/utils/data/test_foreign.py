"""Files of other formats: one line with the conversion, by name and by content, the same for every reader."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas
import pytest
from faults import fault

from utils.data.foreign import EXTENSIONS
from utils.data.squad import read_squad
from utils.data.tables import read_table
from utils.data.tagged import read_tagged

READERS = (read_table, read_tagged, read_squad)
TABLE = pandas.DataFrame({"text": ["좋다, 정말", "나쁘다"], "label": ["긍정", "부정"]})


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_extension_has_a_line_with_a_cure(write, read, extension):
    message = fault(read, write(f"A{extension.upper()}", b"\x00\xffanything"))
    text = message.partition(": this is ")[2]
    assert 25 < len(text) <= 220, message
    assert "{" not in text.replace("{table}", "")
    assert re.search("`.+`|save|write|export|name the file|put its texts", text), message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04\x14\x00", "a zip archive or an Office file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office or HWP file"),
        (b"%PDF-1.7", "a document"),
        (b"PAR1\x15", "parquet by its content; name it a.parquet"),
        (b"ARROW1\0\0", "an Arrow file by its content; name it a.arrow"),
        (b"SQLite format 3\0", "a database"),
        (b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull`"),
        (b"#FORMAT=WebAnno TSV 3.3\n", "export the annotations as CoNLL 2002"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "a web page or XML"),
        (b"\n<html>", "a web page or XML"),
        (b"<?xml version='1.0'?>", "a web page or XML"),
        (b'{"text": "a"}\n', "JSON by its content; name it a.jsonl"),
        (b'[\n  {"text": "a"}]', "JSON by its content; name it a.jsonl"),
    ],
)
@pytest.mark.parametrize("read", [read_table, read_tagged])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.csv.gz"])
def test_content_that_its_name_does_not_say(write, read, name, content, says):
    assert says in fault(read, write(name, content)).replace("a.csv.jsonl", "a.jsonl").replace("a.csv.", "a.")


@pytest.mark.parametrize("first", ["<br>훌륭해요", "{좋다}", '["좋다"]', "[중요] 공지", "PK 화이팅", "version 2"])
def test_texts_that_only_look_like_it(write, first):
    assert [row.fields for row in read_table(write("a.txt", f"{first}\n"))] == [{"text": first}]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson", "a.jsonlines"])
def test_json_lines_by_any_name(write, name):
    assert [row.fields for row in read_table(write(name, '{"text": "a"}\n{"text": "b"}\n'))] == [
        {"text": "a"},
        {"text": "b"},
    ]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", ["a.xls", "a.xlsx"])
def test_what_only_calls_itself_a_spreadsheet(write, read, name):
    page = fault(read, write(name, '<meta charset="utf-8"><table><tr><td>text</td></tr></table>'))
    assert f"this is a web page; convert it: `python -c \"import pandas; pandas.read_html('{name}')[0]." in page
    assert fault(read, write(name, "text,label\n")).endswith("this is text by its content; name it a.csv")


def test_lines_that_end_in_carriage_returns_alone(write):
    for read, name in ((read_table, "a.tsv"), (read_table, "a.txt"), (read_tagged, "a.conll")):
        assert "end in carriage returns alone" in fault(read, write(name, "text\tlabel\rx\ty\r"))
    assert [row.fields for row in read_table(write("b.txt", "a\rb\nc"))] == [{"text": "a\rb"}, {"text": "c"}]
    assert [row.fields for row in read_table(write("b.json", '[{"a": 1},\r{"a": 2}]'))] == [{"a": 1}, {"a": 2}]


def test_brat(write):
    message = fault(read_tagged, write("a.ann", "T1\tLC 0 2\t서울\n"))
    assert message.endswith("`tools/anntoconll.py a.txt`")
    assert fault(read_tagged, write("a.txt", "서울 간다\n")).endswith("`tools/anntoconll.py a.txt`")
    assert [row.fields for row in read_table(write("a.txt", "서울 간다\n"))] == [{"text": "서울 간다"}]  # as texts


def command(message: str) -> str:
    return re.findall("`(.+)`", message)[0].replace("python ", f"{sys.executable} ", 1)


@pytest.mark.parametrize(
    ("name", "make"),
    [("a.pkl", TABLE.to_pickle), ("a.dta", lambda path: TABLE.to_stata(path, write_index=False, version=118))],
)
def test_conversions_can_be_pasted(tmp_path, name, make):
    make(tmp_path / name)
    subprocess.run(command(fault(read_table, tmp_path / name)), shell=True, cwd=tmp_path, check=True)
    assert [row.fields for row in read_table(tmp_path / "a.jsonl")] == TABLE.to_dict(orient="records")


def test_archives_can_be_unpacked_by_pasting(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.csv", TABLE.to_csv(index=False))
    subprocess.run(command(fault(read_table, tmp_path / "a.zip")), shell=True, cwd=tmp_path, check=True)
    assert [row.fields for row in read_table(tmp_path / "b.csv")] == TABLE.to_dict(orient="records")


@pytest.mark.parametrize("encoding", ["cp949", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a b.csv", "a.csv.gz"])
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_encodings_are_converted_by_pasting(tmp_path, monkeypatch, encoding, name, platform):
    if platform == "linux" and shutil.which("iconv") is None:
        pytest.skip("no iconv")
    raw = TABLE.to_csv(index=False, lineterminator="\r\n").encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    monkeypatch.setattr("sys.platform", platform)
    line = command(fault(read_table, tmp_path / name))
    monkeypatch.undo()
    subprocess.run(line, shell=True, cwd=tmp_path, check=True)
    written = next(tmp_path.glob("utf8-*"))
    assert written.name == f"utf8-{name.removesuffix('.gz')}"
    assert written.read_bytes().decode("utf-8").replace("\ufeff", "") == raw.decode(encoding)
    assert [row.fields for row in read_table(written)] == TABLE.to_dict(orient="records")


@pytest.mark.parametrize("platform", ["linux", "win32"])
@pytest.mark.parametrize("name", ["내 자료/리뷰.csv", "sub/a.csv.gz"])
def test_commands_name_the_folder_of_a_file(tmp_path, monkeypatch, name, platform):
    if platform == "linux" and shutil.which("iconv") is None:
        pytest.skip("no iconv")
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir()
    raw = TABLE.to_csv(index=False).encode("cp949")
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    monkeypatch.setattr("sys.platform", platform)
    line = command(fault(read_table, name))
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    subprocess.run(line, shell=True, cwd=tmp_path, check=True)
    written = path.with_name(f"utf8-{path.name.removesuffix('.gz')}")
    assert [row.fields for row in read_table(written)] == TABLE.to_dict(orient="records")


def test_a_spreadsheet_in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("자료/리뷰.xlsx")
    path.parent.mkdir()
    path.write_bytes(b"PK")
    message = fault(read_table, path)
    assert "read_excel('자료/리뷰.xlsx', dtype=str).to_csv('자료/리뷰.csv', index=False)" in message


@pytest.mark.parametrize(
    ("text", "encoding", "likely"),
    [
        ("똠방각하, 펲시", "cp949", "cp949"),
        ("mostly English with one 좋다\n" * 3, "cp949", "cp949"),
        ("“fine”, he said\nIt’s bad\n", "cp1252", "cp1252"),
        ("the café was good, the room was not\n", "cp1252", "cp1252"),
    ],
)
def test_encodings_are_told_apart(write, text, encoding, likely):
    message = fault(read_table, write("a.txt", text.encode(encoding)))
    assert f"iconv -f {likely} " in message
    assert ("it decodes as" in message) == (likely == "cp949")  # of cp1252 nobody can be sure
    assert ("save the file as UTF-8 or repair the line" in message) == (likely == "cp1252")


def test_a_long_name_leaves_the_command_whole(write):
    message = fault(read_table, write("리뷰 " * 20 + ".csv", "좋다\n".encode("cp949")))
    assert message.endswith("`iconv -f cp949 -t utf-8 FILE.csv > utf8.csv`")


def test_utf16_without_its_mark(write):
    for encoding in ("utf-16-le", "utf-16-be"):
        assert "bytes of 0" in fault(read_table, write("a.csv", "text,label\na,b\n".encode(encoding)))


# JSON by columns

RECORDS = TABLE.to_dict(orient="records")
ORIENTS = {
    "columns": "by column and row number, as pandas writes it by default",
    "index": "by row number",
    "split": "with names and rows apart",
    "values": "found [",
}


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize("rows", [1, 2, 5000])
@pytest.mark.parametrize("read", READERS)
def test_json_as_pandas_orients_it(tmp_path, read, orient, rows):
    table = pandas.concat([TABLE] * rows, ignore_index=True).iloc[1:]  # row numbers need not begin at 0
    table.to_json(tmp_path / "a.json", orient=orient, force_ascii=False)
    message = fault(read, tmp_path / "a.json")
    assert ORIENTS[orient] in message
    assert message.endswith('in pandas with `to_json(path, orient="records", lines=True)`')
    assert len(message) <= max(300, 240 + len(str(tmp_path / "a.json, row 1: ")))


@pytest.mark.parametrize("options", [{"orient": "records"}, {"orient": "records", "lines": True}, {"orient": "table"}])
def test_json_of_pandas_that_holds_rows(tmp_path, options):
    TABLE.to_json(tmp_path / "a.json", force_ascii=False, **options)
    rows = [{name: row.fields[name] for name in TABLE} for row in read_table(tmp_path / "a.json")]
    assert rows == RECORDS


@pytest.mark.parametrize("indent", [None, 1])
def test_a_dictionary_of_lists(write, indent):
    content = json.dumps(TABLE.to_dict(orient="list"), ensure_ascii=False, indent=indent)
    assert "JSON with one list for each column; write one object a row" in fault(read_table, write("a.json", content))
    tokens = json.dumps({"tokens": [["a"], ["b"]], "tags": [["O"], ["O"]]}, indent=indent)
    assert "JSON with one list for each column" in fault(read_tagged, write("b.json", tokens))


def test_one_sentence_is_no_dictionary_of_columns(write):
    sentence = {"tokens": ["a", "b"], "tags": ["O", "O"]}
    for name in ("a.json", "a.jsonl"):
        (row,) = read_tagged(write(name, json.dumps(sentence)))
        assert row.fields == sentence | {"id": None}


def test_json_constants_are_no_numbers(write):
    (row,) = read_table(write("a.jsonl", '{"id": NaN, "score": Infinity, "less": -Infinity, "in": [NaN, 1.5]}\n'))
    assert row.fields == {"id": None, "score": "Infinity", "less": "-Infinity", "in": [None, 1.5]}

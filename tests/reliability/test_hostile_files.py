"""Data files of somebody else: bombs, depths and archives are one line, and nothing is unpacked."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import datasets
import pyarrow
import pytest

from utils.data import text
from utils.data.arrow import read_arrow
from utils.data.squad import read_squad
from utils.data.tables import DEEPEST, read_table
from utils.data.tagged import read_tagged
from utils.errors import UserError

READERS = {"table": read_table, "tagged": read_tagged, "squad": read_squad}


def refused(read, path: Path) -> str:
    with pytest.raises(UserError) as caught:
        list(read(path))
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message and len(message) < 400
    return message


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize(
    "deep",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"text": ' + "[" * 500 + "]" * 500 + ', "label": "a"}',
        '{"text": ' + '{"a":' * 500 + "1" + "}" * 500 + ', "label": "a"}',
    ],
)
def test_json_nested_deeply(reader, suffix, deep, tmp_path):
    file = tmp_path / f"a{suffix}"
    file.write_text(deep + "\n", encoding="utf-8")
    assert f"nested more than {DEEPEST} deep" in refused(READERS[reader], file)


def test_what_nobody_calls_deep_is_read(tmp_path):
    nested: object = "x"
    for _ in range(DEEPEST - 1):
        nested = {"a": nested}
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "t", "more": nested}) + "\n", encoding="utf-8")
    assert [row.fields["text"] for row in read_table(tmp_path / "a.jsonl")] == ["t"]


@pytest.mark.parametrize("content", [b"0" * (4 << 20), b"text,label\n" + b"a,b\n" * (1 << 20)])
@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv.gz", "a.txt.gz", "a.json.gz", "a.jsonl.gz"])
def test_a_gzip_bomb_ends_before_it_fills_the_memory(name, content, tmp_path, monkeypatch):
    monkeypatch.setattr(text, "INFLATED_BYTES", 1 << 20)
    file = tmp_path / name
    file.write_bytes(gzip.compress(content))
    taken = []
    read = text._Inflated.readinto
    monkeypatch.setattr(text._Inflated, "readinto", lambda self, buffer: taken.append(read(self, buffer)) or taken[-1])
    message = refused(read_table, file)
    assert "holds more than 100 times its size" in message or any(
        other in message
        for other in ("JSON", "header")  # whichever shows first
    )
    assert sum(taken) < 2 << 20  # of 4 MiB; the first lines are looked at once before


def test_compressed_texts_of_any_size_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "INFLATED_BYTES", 1 << 10)
    rows = "text,label\n" + "".join(f"row {i * 7919 % 10007} of a text,{i % 3}\n" for i in range(2000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(rows.encode()))
    assert len(list(read_table(tmp_path / "a.csv.gz"))) == 2000


def test_an_archive_is_not_unpacked(tmp_path):
    file = tmp_path / "in" / "a.zip"
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../evil.csv", "text,label\n")
    for name in ("a.zip", "a.csv", "a.jsonl"):  # by its name, and by its content
        renamed = file.rename(file.with_name(name))
        assert "zip" in refused(read_table, renamed)
        file = renamed
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["in", "a.jsonl"]


PACKED = {
    "a.zip": None,
    "a.xz": lzma.compress,
    "a.bz2": bz2.compress,
    "a.zst": lambda content: pyarrow.compress(content, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("name", PACKED)
def test_other_bombs_are_not_unpacked(name, tmp_path):
    """By its name, or by its content under another one: 16 MiB of zeros in a few kilobytes."""
    bomb, file = bytes(16 << 20), tmp_path / name
    pack = PACKED[name]
    if pack is not None:
        file.write_bytes(pack(bomb))
    else:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", bomb)
    assert file.stat().st_size < 20_000
    tracemalloc.start()
    try:
        for called in (name, "a.csv", "a.jsonl", "a.parquet", "a.arrow"):
            file = file.rename(tmp_path / called)
            for read in READERS.values():
                with pytest.raises(UserError) as caught:
                    list(read(file))
                assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.parquet.gz", "a.arrow.gz", "a.csv.gz.gz"])
def test_bombs_inside_of_others(name, tmp_path, monkeypatch):
    monkeypatch.setattr(text, "INFLATED_BYTES", 1 << 20)
    bomb = gzip.compress(bytes(8 << 20))
    (tmp_path / name).write_bytes(gzip.compress(bomb) if name.endswith("gz.gz") else bomb)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    refused(read_table, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_pickles_are_refused_and_not_opened(tmp_path):
    for name in ("a.pkl", "a.pickle", "a.pt"):
        (tmp_path / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
        assert "this is" in refused(read_table, tmp_path / name)


def test_a_saved_data_set_names_no_files_elsewhere(tmp_path):
    datasets.Dataset.from_dict({"text": ["a"], "label": ["b"]}).save_to_disk(tmp_path / "set")
    assert len(list(read_arrow(tmp_path / "set"))) == 1
    state = json.loads((tmp_path / "set" / "state.json").read_text(encoding="utf-8"))
    state["_data_files"] = [{"filename": "../other.arrow"}]
    (tmp_path / "set" / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert "names files outside of this folder" in refused(read_arrow, tmp_path / "set")

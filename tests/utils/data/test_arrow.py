"""Parquet, Arrow, Feather and saved data sets: any type of value, and classes by the names that the file itself holds."""

from __future__ import annotations

import datetime
import gzip
import json
import uuid
from decimal import Decimal

import datasets
import numpy as np
import pandas
import pyarrow as pa
import pytest
from faults import fault
from pyarrow import feather, parquet

from utils.data.hub import hub_files
from utils.data.squad import read_squad
from utils.data.tables import read_table
from utils.data.tagged import read_tagged
from utils.files import sha256

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
IDS = {
    "decimal": (pa.array([Decimal("7"), None]), ["7", None]),
    "decimal fraction": (pa.array([Decimal("7.50")]), ["7.50"]),
    "timestamp": (pa.array([datetime.datetime(2026, 1, 2, 3, 4)]), ["2026-01-02T03:04:00"]),
    "nanoseconds": (pa.array([1], pa.timestamp("ns")), ["1970-01-01T00:00:00.000000001"]),
    "zone": (pa.array([0], pa.timestamp("s", "UTC")), ["1970-01-01T00:00:00+00:00"]),
    "date": (pa.array([datetime.date(2026, 1, 2)]), ["2026-01-02"]),
    "time": (pa.array([datetime.time(3, 4)]), ["03:04:00"]),
    "duration": (pa.array([datetime.timedelta(days=1)]), ["1 day, 0:00:00"]),
    "bytes": (pa.array([b"\xff\x00"]), ["ff00"]),
    "bytes of text": (pa.array(["좋다".encode()]), ["좋다"]),
    "uuid": (pa.array([ID.bytes], pa.uuid()), [str(ID)]),
    "struct": (pa.array([{"a": Decimal("1"), "b": [None]}]), ['{"a": "1", "b": [null]}']),
    "struct of bytes": (pa.array([{"한": b"\xff"}]), ['{"한": "ff"}']),
    "list": (pa.array([[datetime.date(2026, 1, 2)]]), ['["2026-01-02"]']),
    "map": (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), ['[["a", 1]]']),
    "large": (pa.array([2**53, 2**53 + 1, -(2**53) - 1]), [2**53, "9007199254740993", "-9007199254740993"]),
    "unsigned": (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
    "nan": (pa.array([float("nan"), 2.0, float("inf")]), [None, 2.0, "inf"]),
    "half": (pa.array([np.float16(1.5)]), [1.5]),
    "bool": (pa.array([True]), [True]),
    "dictionary": (pa.array(["x"]).dictionary_encode(), ["x"]),
    "plain": (pa.array([1, 2]), [1, 2]),
    "text": (pa.array(["a"]), ["a"]),
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_any_type_are_what_json_holds(tmp_path, kind):
    values, expected = IDS[kind]
    table = pa.table({"id": values, "text": pa.array(["좋다"] * len(values))})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    for file in ("a.parquet", "a.arrow"):
        ids = [row.fields["id"] for row in read_table(tmp_path / file)]
        assert ids == expected
        assert json.loads(json.dumps(ids, allow_nan=False)) == expected


def test_the_other_fields(tmp_path):
    table = pa.table(
        {
            "text": pa.array([b"fine", b"\xb1\xdb"]),
            "label": pa.array([Decimal("1.5"), None]),
            "score": [0.5, float("nan")],
            "big": [2**60, 1],
            "day": [{"of": datetime.date(2026, 1, 2)}, None],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    first, second = [row.fields for row in read_table(tmp_path / "a.parquet")]
    assert first == {"text": "fine", "label": "1.5", "score": 0.5, "big": 2**60, "day.of": "2026-01-02"}
    assert second == {
        "text": b"\xb1\xdb",
        "label": None,
        "score": None,
        "big": 1,
        "day": None,
    }  # no text: refused later


@pytest.fixture
def classes() -> datasets.Dataset:
    names = datasets.ClassLabel(names=["O", "B-LC"])
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["부정", "긍정"]),
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(names),
            "both": datasets.List(datasets.List(names)),
            "inner": {"tag": names, "n": datasets.Value("int64")},
            "many": datasets.List({"tag": names, "at": datasets.Value("int64")}),
        }
    )
    row = {"text": "서울", "tokens": ["서울", "간다"], "ner_tags": [1, 0], "both": [[1], []]}
    row |= {"inner": {"tag": 1, "n": 1}, "many": [{"tag": 0, "at": 1}]}
    return datasets.Dataset.from_list([row | {"label": label} for label in (1, 0, -1)], features=features)


NAMED = {"ner_tags": ["B-LC", "O"], "both": [["B-LC"], []], "inner.tag": "B-LC", "inner.n": 1}


def write_every_way(classes, folder):
    classes.to_parquet(folder / "a.parquet")
    classes.save_to_disk(folder / "saved", num_shards=2)
    shards = sorted((folder / "saved").glob("*.arrow"))
    with pa.memory_map(str(shards[0])) as source:
        schema = pa.ipc.open_stream(source).schema
    table = pa.Table.from_batches(classes.with_format("arrow")[:].to_batches(), schema)
    with pa.OSFile(str(folder / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(table)
    feather.write_feather(table, str(folder / "a.feather"), compression="zstd")
    return [folder / name for name in ("a.parquet", "saved", "a.arrow", "a.feather")]


def test_classes_have_the_names_of_the_schema(classes, tmp_path):
    for path in write_every_way(classes, tmp_path):
        rows = list(read_table(path))
        assert [(row.line, row.fields["label"]) for row in rows] == [(1, "긍정"), (2, "부정"), (3, None)], path
        assert {name: rows[0].fields[name] for name in NAMED} == NAMED
        assert rows[0].fields["many"] == [{"tag": "O", "at": 1}]
        assert [row.fields["tags"] for row in read_tagged(path)] == [["B-LC", "O"]] * 3


def test_a_class_without_a_name(tmp_path):
    features = {"label": {"names": ["a", "b"], "_type": "ClassLabel"}}
    schema = pa.schema({"label": pa.int64()}, {"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(pa.table({"label": [0, 2]}, schema=schema), tmp_path / "a.parquet")
    assert ", row 2, column 'label': 2 is no class among those" in fault(read_table, tmp_path / "a.parquet")


@pytest.mark.parametrize(
    "note", ["", "{", '{"info": null}', '{"info": {"features": {"label": {"_type": "ClassLabel", "num_classes": 2}}}}']
)
def test_classes_without_names_stay_numbers(tmp_path, note):
    schema = pa.schema({"label": pa.int64()}, {"huggingface": note})
    parquet.write_table(pa.table({"label": [1]}, schema=schema), tmp_path / "a.parquet")
    assert [row.fields for row in read_table(tmp_path / "a.parquet")] == [{"label": 1}]


def test_how_older_versions_note_a_list(tmp_path):
    features = {"tags": [{"names": ["a", "b"], "_type": "ClassLabel"}]}
    schema = pa.schema({"tags": pa.list_(pa.int64())}, {"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(pa.table({"tags": [[1, 0]]}, schema=schema), tmp_path / "a.parquet")
    assert [row.fields for row in read_table(tmp_path / "a.parquet")] == [{"tags": ["b", "a"]}]


def test_questions_of_a_saved_data_set(tmp_path):
    answers = {"text": ["서울"], "answer_start": [0]}
    row = {"id": "q", "context": "서울", "question": "어디", "answers": answers}
    datasets.Dataset.from_list([row]).save_to_disk(tmp_path / "saved")
    assert [row.fields["answers"] for row in read_squad(tmp_path / "saved")] == [[{"text": "서울", "answer_start": 0}]]


def test_several_data_sets_saved_together(classes, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.DatasetDict(train=classes, test=classes).save_to_disk(tmp_path / "both")
    assert "holds the data sets train, test; name one of them, such as both/train" in fault(
        read_table, tmp_path / "both"
    )

    from utils.arguments import SequenceDataArguments

    files = hub_files(SequenceDataArguments(dataset_name=str(tmp_path / "both")))
    assert sorted(files) == ["test", "train"]
    assert [row.fields["label"] for row in read_table(files["train"])] == ["긍정", "부정", None]
    with pytest.raises(Exception, match="one data set that was saved to disk; name it with --train_file"):
        hub_files(SequenceDataArguments(dataset_name=str(tmp_path / "both" / "train")))


def test_the_hash_of_a_saved_data_set_is_that_of_its_files(classes, tmp_path):
    classes.save_to_disk(tmp_path / "a")
    classes.save_to_disk(tmp_path / "b")
    assert len(sha256(tmp_path / "a")) == 64
    (tmp_path / "b" / "state.json").write_bytes((tmp_path / "a" / "state.json").read_bytes())
    assert sha256(tmp_path / "a") == sha256(tmp_path / "b")
    (tmp_path / "b" / "dataset_info.json").write_text("{}")
    assert sha256(tmp_path / "a") != sha256(tmp_path / "b")


@pytest.mark.parametrize("name", ["a.arrow", "a.feather", "a.parquet"])
def test_files_that_are_cut_off(classes, tmp_path, name):
    write_every_way(classes, tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    assert "; write or download it again" in fault(read_table, tmp_path / name)


def test_a_saved_data_set_without_its_rows(classes, tmp_path):
    classes.save_to_disk(tmp_path / "saved")
    next((tmp_path / "saved").glob("*.arrow")).unlink()
    assert "not a readable Arrow file" in fault(read_table, tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text("{}")
    assert "not a readable Arrow file" in fault(read_table, tmp_path / "saved")


def test_text_that_is_not_utf8(tmp_path):
    raw = pa.array([b"\xb1\xdb"])
    text = pa.Array.from_buffers(pa.string(), 1, raw.buffers())
    parquet.write_table(pa.table({"text": text}), tmp_path / "a.parquet")
    assert "a text in this parquet file is not UTF-8" in fault(read_table, tmp_path / "a.parquet")


@pytest.mark.parametrize(("name", "method"), [("a.parquet", "to_parquet"), ("a.feather", "to_feather")])
def test_a_file_that_was_gzipped(tmp_path, name, method):
    plain, packed = tmp_path / name, tmp_path / f"{name}.gz"
    getattr(pandas.DataFrame({"text": ["좋다"] * 5000, "n": range(5000)}), method)(plain)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_table(packed)) == list(read_table(plain))
    packed.write_bytes(packed.read_bytes()[:-9])
    assert ".gz: corrupt gzip (" in fault(read_table, packed)
    plain.write_bytes(gzip.compress(b"rows"))
    assert fault(read_table, plain).endswith(": this is gzip by its content; add .gz to its name")

"""Data sets of the Hub that are streamed: the rows are those of a data set that is downloaded."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from utils.arguments import SequenceDataArguments
from utils.data import hub
from utils.data.hub import hub_files, hub_streams, read_streamed
from utils.data.tables import read_table
from utils.errors import UserError
from utils.files import Row, sha256

NAMES = datasets.ClassLabel(names=["부정", "긍정"])


@pytest.fixture(params=["parquet", "saved"])
def folder(request, tmp_path, monkeypatch) -> str:
    """A data set as a repository of the Hub has it, or as `save_to_disk` writes it."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(hub, "STREAMED_ROWS", 3)
    features = datasets.Features({"text": datasets.Value("string"), "label": NAMES})
    made = {
        name: datasets.Dataset.from_dict(
            {"text": [f"{name} {i}" for i in range(n)], "label": labels}, features=features
        )
        for name, n, labels in (("train", 7, [0, 1, 1, 0, 1, 0, 0]), ("test", 2, [-1, -1]))
    }
    if request.param == "saved":
        datasets.DatasetDict(made).save_to_disk(tmp_path / "data")
    else:
        for name, split in made.items():
            split.to_parquet(tmp_path / "data" / f"{name}.parquet")
    return str(tmp_path / "data")


def test_rows_are_those_that_are_downloaded(folder):
    data = SequenceDataArguments(dataset_name=folder, streaming=True)
    streams = hub_streams(data)
    assert list(streams) == ["train", "test"]
    found = {name: list(read_streamed(rows, read_table)) for name, (_, rows) in streams.items()}
    assert [row.line for row in found["train"]] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.fields["label"] for row in found["train"]] == ["부정", "긍정", "긍정", "부정", "긍정", "부정", "부정"]
    assert [row.fields["label"] for row in found["test"]] == [None, None]
    assert found == {name: list(read_table(file)) for name, file in hub_files(data).items()}


def test_nothing_is_left_and_a_second_pass_is_the_first(folder, tmp_path):
    _, rows = hub_streams(SequenceDataArguments(dataset_name=folder, streaming=True))["train"]
    first = list(read_streamed(rows, read_table))
    half = read_streamed(rows, read_table)
    assert next(half) == first[0]
    half.close()
    assert list(read_streamed(rows, read_table)) == first
    assert not [path for path in (tmp_path / "cache").rglob("*.parquet")]


def test_names_have_the_revision(folder):
    streams = hub_streams(SequenceDataArguments(dataset_name=folder, streaming=True))
    (train, _), (test, _) = streams.values()
    assert train.startswith(f"hub:{folder}@") and train.endswith(", default, train") and len(sha256(train)) == 64
    assert sha256(train) != sha256(test)


def test_a_fault_names_the_rows_it_is_among(folder):
    def read(file: str):
        if "4-to-6" in file:
            raise UserError("odd", file=Path(file).name)
        yield Row(1, {})

    _, rows = hub_streams(SequenceDataArguments(dataset_name=folder, streaming=True))["train"]
    with pytest.raises(UserError, match=r"rows-4-to-6\.parquet: odd"):
        list(read_streamed(rows, read))


def test_a_hub_that_stops_answering_is_one_line():
    class Rows:
        def with_format(self, kind):
            return self

        def iter(self, batch_size):
            raise ConnectionError("no route\nto the Hub")
            yield

    with pytest.raises(UserError, match=r"cannot be read on after row 0 \(no route\); the same command goes on with"):
        list(read_streamed(Rows(), read_table))
    with pytest.raises(UserError, match="cannot load --dataset_name no/such"):
        hub_streams(SequenceDataArguments(dataset_name="no/such", streaming=True))

"""Rows on disk: the same rows, and no memory for each of them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import datasets
import numpy as np
import pytest
from text_rows import arguments

from utils.arguments import HeadTrainingArguments
from utils.data import stored_rows
from utils.data.splits import Split, load_splits
from utils.data.stored_rows import BLOCK_ROWS, Lazy, StoredRows
from utils.errors import UserError
from utils.files import Row
from utils.outputs.data_report import data_report
from utils.tasks import PreparedSplit, SequenceClassification

COUNT = 3 * BLOCK_ROWS + 7
ROWS = [Row(i + 2, {"text": f"글 {i}", "label": i % 3, "cells": [i, None, {"a": b"\xff"}]}) for i in range(COUNT)]


@pytest.fixture(params=["on disk", "streamed"])
def stored(request) -> StoredRows:
    return (
        StoredRows.streamed(lambda: iter(ROWS), "a.csv") if request.param == "streamed" else StoredRows.of(iter(ROWS))
    )


def test_they_are_the_rows_that_were_read(stored):
    assert len(stored) == COUNT and list(stored) == ROWS
    assert stored == ROWS and stored == ROWS and stored != ROWS[:-1]
    assert [stored[i] for i in (0, BLOCK_ROWS, -1, 5)] == [ROWS[i] for i in (0, BLOCK_ROWS, -1, 5)]
    assert stored[COUNT - 1].line == COUNT + 1
    with pytest.raises(IndexError):
        stored[COUNT]


def test_slices_and_selections_are_rows_too(stored):
    odd = stored.where([i % 2 == 1 for i in range(COUNT)])
    assert odd == ROWS[1::2] and odd[-3:] == ROWS[1::2][-3:]
    assert odd[10:].where(np.arange(len(odd) - 10) < 4) == ROWS[21:29:2]
    assert (
        stored[BLOCK_ROWS - 1 :].where(np.arange(COUNT - BLOCK_ROWS + 1) < 2) == ROWS[BLOCK_ROWS - 1 : BLOCK_ROWS + 1]
    )
    assert list(stored[:0]) == [] and StoredRows.of([]) == []


def test_two_may_be_gone_through_at_once(stored):
    pairs = zip(stored, stored[BLOCK_ROWS:], strict=False)
    assert all((a, b) == (ROWS[i], ROWS[i + BLOCK_ROWS]) for i, (a, b) in enumerate(pairs))


def test_names_of_fields_in_the_order_of_the_rows(stored):
    assert stored.field_names == ["text", "label", "cells"]
    assert StoredRows.of([Row(1, {"b": 1}), Row(2, {"a": 1, "b": 2})]).field_names == ["b", "a"]


def test_what_is_lazy_is_made_when_it_is_asked_for(stored):
    asked = []
    lazy = Lazy(stored, lambda row: asked.append(row.line) or row.fields["label"])
    assert lazy[2:4] == [2, 0] and asked == [4, 5]
    assert lazy == [i % 3 for i in range(COUNT)]


def test_a_stream_is_read_on_from_where_it_was():
    """However it is gone through: piece by piece in several columns, two at once, or here and there, as long as it goes forward."""
    begun = []
    stored = StoredRows.streamed(lambda: begun.append(1) or iter(ROWS), "a.csv")
    assert len(begun) == 1 and stored.are_streamed and not StoredRows.of(ROWS).are_streamed  # counted
    texts, labels = (Lazy(stored, lambda row, name=name: row.fields[name]) for name in ("text", "label"))
    for start in range(0, COUNT, 100):  # pieces meet inside of blocks
        assert list(texts[start : start + 100]) == [row.fields["text"] for row in ROWS[start : start + 100]]
        assert list(labels[start : start + 100]) == [row.fields["label"] for row in ROWS[start : start + 100]]
    assert len(begun) == 3
    assert list(zip(texts, labels, strict=True)) == [(row.fields["text"], row.fields["label"]) for row in ROWS]
    assert len(begun) == 4
    assert [stored[place] for place in (0, 5, COUNT - 1, COUNT - 2)] == [ROWS[place] for place in (0, 5, -1, -2)]
    assert len(begun) == 5


def test_a_file_that_loses_rows_during_a_run():
    rows = list(ROWS)
    stored = StoredRows.streamed(lambda: iter(rows), "a.csv")
    del rows[-1]
    with pytest.raises(UserError, match="a.csv: has changed since the run began"):
        list(stored)


def test_no_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_rows, "SPOOLED_BYTES", 1)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    rows = StoredRows.of(ROWS)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]  # it has no name, also while it is read
    assert list(rows) == ROWS


@pytest.mark.parametrize("streaming", [False, True])
def test_memory_does_not_grow_with_the_rows(streaming, tiny_tokenizer, tmp_path, monkeypatch):
    """From the file to the report on the data: what is kept of a row is a few numbers."""
    monkeypatch.setattr(stored_rows, "SPOOLED_BYTES", 1 << 14)
    monkeypatch.setattr(stored_rows, "BLOCK_ROWS", 16)

    def most(rows: int) -> int:
        """Bytes at most while the rows are read, held out, checked, labelled and reported on."""
        file = tmp_path / f"{rows}.csv"
        lines = (f"{i} {'word ' * (20 + i % 9)},{'good' if i % 3 else 'bad'}\n" for i in range(rows))
        file.write_text("text,label\n" + "".join(lines), encoding="utf-8")
        features = datasets.Dataset.from_dict({"input_ids": [[5]] * rows, "length": [1] * rows})
        tracemalloc.start()
        go_through(file, features)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def go_through(file: Path, features: datasets.Dataset) -> None:
        data = arguments(validation_split=0.1, streaming=streaming)
        data.train_file = str(file)
        task = SequenceClassification(data, tiny_tokenizer)
        training = HeadTrainingArguments(output_dir=str(tmp_path / "run"), do_train=True, do_eval=True)
        splits, _ = load_splits(data, training, task.read, task.groups, task.check)
        train = splits["train"]
        task = task.with_labels(None, Split(name="train", file=train.file, rows=train.whole))
        report = data_report(task, {name: PreparedSplit(split, features) for name, split in splits.items()})
        assert report["train"]["rows"] + report["validation"]["rows"] == len(features)
        assert report["train"]["duplicate_texts"] == 0

    most(50)  # what is made once
    few, many = most(1200), most(2200)
    assert many - few < 1000 * 150  # as Python's objects, a row of this file takes 800

"""Several files by a pattern, as if they were one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from utils.arguments import HeadTrainingArguments, SequenceDataArguments
from utils.data import splits
from utils.data.splits import load_splits
from utils.data.tables import read_table
from utils.errors import UserError
from utils.files import sha256, shards
from utils.tasks import SequenceClassification

ROWS = {"b-2.csv": ["good,yes"], "b-1.csv": ["bad,no", "fine,yes"], "b-10.jsonl": ['{"text": "dull", "label": "no"}']}


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, rows in ROWS.items():
        header = ["text,label"] if name.endswith(".csv") else []
        (tmp_path / name).write_text("\n".join([*header, *rows]) + "\n", encoding="utf-8")
    return tmp_path


def load(pattern: Path, tokenizer=None, **flags):
    data = SequenceDataArguments(train_file=str(pattern), **flags)
    task = SequenceClassification(data, tokenizer)
    training = HeadTrainingArguments(output_dir=str(pattern.parent / "run"), do_train=True)
    found, _ = load_splits(data, training, task.read, task.groups, task.check)
    return found["train"]


@pytest.mark.parametrize("streaming", [False, True])
def test_rows_come_in_the_order_of_the_names(streaming, folder):
    split = load(folder / "b-*", streaming=streaming)
    assert list(split.column("text")) == ["bad", "fine", "dull", "good"]
    assert split.file == str(folder / "b-*")
    assert [(Path(row.file).name, row.line) for row in split.rows] == [
        ("b-1.csv", 2),
        ("b-1.csv", 3),
        ("b-10.jsonl", 1),
        ("b-2.csv", 2),
    ]
    assert split.rows[2].number == "1 of b-10.jsonl" and load(folder / "b-1.csv").rows[1].number == "3"
    assert load(folder / "b-1.csv").rows[1].file is None


def test_a_fault_is_that_of_its_file(folder, tiny_tokenizer):
    (folder / "b-2.csv").write_text("text,label\ngood,yes\nodd,\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        SequenceClassification(SequenceDataArguments(train_file="a.csv"), tiny_tokenizer).with_labels(
            None, load(folder / "b-*")
        )
    assert str(error.value).startswith(f"{folder / 'b-2.csv'}, row 3, column 'label': no label")
    (folder / "b-10.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"b-10\.jsonl, row 1: invalid JSON"):
        load(folder / "b-*")


def test_a_pattern_that_fits_nothing(folder):
    for name in ("c-*.csv", "b-[3-9].csv", "no/b-?.csv", "**x"):
        with pytest.raises(UserError, match="no file fits this pattern; check it"):
            load(folder / name)


def test_a_file_whose_name_looks_like_a_pattern(folder):
    odd = folder / "b-[1].csv"
    odd.write_text("text,label\nodd,no\n", encoding="utf-8")
    assert shards(odd) == [odd] and list(load(odd).column("text")) == ["odd"]


def test_digest_of_all_files(folder):
    one = hashlib.sha256((folder / "b-1.csv").read_bytes()).hexdigest()
    two = hashlib.sha256((folder / "b-2.csv").read_bytes()).hexdigest()
    assert sha256(folder / "b-?.csv") == hashlib.sha256(f"b-1.csv {one}\nb-2.csv {two}\n".encode()).hexdigest()
    assert sha256(folder / "b-2*") == two


def test_a_part_of_a_data_set_is_said(tmp_path, caplog):
    for number in (1, 2):
        path = tmp_path / f"train-0000{number}-of-00003.parquet"
        parquet.write_table(pyarrow.table({"text": ["a"], "label": [f"x{number}"]}), path)
    assert len(load(path).rows) == 1
    pattern = tmp_path / "train-*-of-00003.parquet"
    said = f"{path}: part 3 of 3 of a data set, the others are not read; '{pattern}' reads all"
    assert [message for message in caplog.messages if "of a data set" in message] == [said]
    caplog.clear()
    assert len(load(pattern).rows) == 2
    assert not [message for message in caplog.messages if "of a data set" in message]


def test_what_a_reader_says_is_said_once(tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "a.csv").write_text("text;label\ngood;yes\nbad;no\n", encoding="utf-8")
    split = load(tmp_path / "a.csv", streaming=True)
    assert [list(split.column("text")) for _ in range(2)] == [["good", "bad"]] * 2
    assert sum("separated by a semicolon" in message for message in caplog.messages) == 1


def test_a_file_that_changes_while_it_is_streamed(folder):
    split = splits._read_split("train", str(folder / "b-*"), read_table, streaming=True)
    (folder / "b-1.csv").write_text("text,label\nbad,no\nfine,no\n", encoding="utf-8")  # as many rows as before
    with pytest.raises(UserError, match="has changed since the run began") as error:
        list(split.rows)
    assert str(error.value).startswith(f"{folder / 'b-*'}: ")
    (folder / "b-3.csv").write_text("text,label\nmore,no\n", encoding="utf-8")
    with pytest.raises(UserError, match="has changed since the run began"):
        list(split.rows)


def test_a_pattern_that_fits_one_file_names_it(folder):
    assert load(folder / "b-1?.jsonl").rows[0].file == str(folder / "b-10.jsonl")

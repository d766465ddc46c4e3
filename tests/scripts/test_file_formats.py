"""A data set that was saved to disk trains; ids of any type come out in the predictions."""

from __future__ import annotations

from decimal import Decimal

import datasets
import pyarrow
from pyarrow import parquet
from small_data import reviews

from utils.files import sha256


def test_a_saved_data_set_and_decimal_ids(run, encoder, tmp_path):
    rows = reviews(12)
    names = sorted({row["label"] for row in rows})
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
    columns = {"text": [row["text"] for row in rows], "label": [names.index(row["label"]) for row in rows]}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "saved")
    ids = [Decimal(10**20 + i) for i in range(12)]
    parquet.write_table(pyarrow.table({"id": ids, "text": columns["text"]}), tmp_path / "a.parquet")

    flags = {"train_file": tmp_path / "saved", "test_file": tmp_path / "a.parquet"}
    outcome = run("seq_cls", model_name_or_path=encoder, do_train=True, do_predict=True, max_steps=1, **flags)
    assert list(outcome.read("config.json")["id2label"].values()) == names
    assert outcome.read("run.json")["data"][str(tmp_path / "saved")]["sha256"] == sha256(tmp_path / "saved")
    predictions = outcome.predictions
    assert [row["id"] for row in predictions] == [str(10**20 + i) for i in range(12)]

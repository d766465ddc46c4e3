"""Predictions as csv and parquet: the same rows, readable by pandas."""

import json

import pandas
import pytest

from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments
from utils.outputs.prediction_tables import write_table

RECORDS = [
    {"id": "2024-01-01", "prediction": "긍정", "score": 0.75, "text": 'a, "b"\nc', "label": None, "probabilities": {"긍정": 0.75}},
    {"id": "7", "prediction": "부정", "score": 0.5, "text": "=1", "label": "긍정", "probabilities": {"긍정": 0.5}},
]  # fmt: skip


@pytest.fixture
def predictions(tmp_path):
    file = tmp_path / "predictions.jsonl"
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS), encoding="utf-8")
    return file


def test_csv_for_spreadsheets(predictions):
    write_table(predictions, "csv")
    assert predictions.with_suffix(".csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    table = pandas.read_csv(predictions.with_suffix(".csv"), dtype=str, keep_default_na=False)
    assert table.to_dict("records") == [
        {**RECORDS[0], "score": "0.75", "label": "", "probabilities": '{"긍정": 0.75}'},
        {**RECORDS[1], "score": "0.5", "probabilities": '{"긍정": 0.5}'},
    ]


@pytest.mark.parametrize("rows", [1, 4096])  # one row a part: the first label is unknown, the second a text
def test_parquet_keeps_types(predictions, monkeypatch, rows):
    monkeypatch.setattr("utils.outputs.prediction_tables.ROWS", rows)
    write_table(predictions, "parquet")
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(predictions.with_suffix(".parquet")).to_pylist() == RECORDS


def test_jsonl_alone(predictions):
    write_table(predictions, "jsonl")
    assert [path.name for path in predictions.parent.iterdir()] == ["predictions.jsonl"]


def test_what_predictions_may_be_written_with():
    assert SequenceDataArguments(test_file="a", predictions_with="text, label,probabilities").prediction_columns == [
        "text", "label", "probabilities",
    ]  # fmt: skip
    assert SequenceDataArguments(test_file="a").prediction_columns == []
    for kind in (TokenDataArguments, QADataArguments):
        with pytest.raises(ValueError, match="--predictions_with probabilities is none of text, label"):
            kind(test_file="a", predictions_with="probabilities")

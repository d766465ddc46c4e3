"""Predictions as a table, for spreadsheets and data frames, beside `predictions.jsonl`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..files import replace_file

ROWS = 4096  # that are turned into columns at a time


def write_table(predictions: Path, kind: str) -> None:
    """Writes the records of `predictions.jsonl` again, beside it and with another ending.

    Args:
        predictions: the file of records.
        kind: as `predictions_format`; "jsonl" is there already. In csv, which begins with a byte order mark for Excel's sake,
            lists and dictionaries are JSON.
    """
    if kind == "csv":
        replace_file(predictions.with_suffix(".csv"), _csv_lines(_records(predictions)))
    elif kind == "parquet":
        _write_parquet(predictions, predictions.with_suffix(".parquet"))


def _records(predictions: Path) -> Iterator[dict[str, Any]]:
    with predictions.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _csv_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer, names = io.StringIO(newline=""), None
    writer = csv.writer(buffer, lineterminator="\n")
    for record in records:
        if names is None:
            names = list(record)
            buffer.write("\ufeff")
            writer.writerow(names)
        writer.writerow(_cell(record.get(name)) for name in names)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _write_parquet(predictions: Path, target: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    records = _records(predictions)  # of Python's types, as pyarrow's own reader of JSON takes ids for dates
    parts = [pyarrow.Table.from_pylist(part) for part in iter(lambda: list(islice(records, ROWS)), [])]
    table = pyarrow.concat_tables(parts, promote_options="permissive")
    draft = target.with_name(target.name + ".part")
    pyarrow.parquet.write_table(table, draft)
    draft.replace(target)

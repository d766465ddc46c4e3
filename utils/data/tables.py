"""Tables: csv, tsv, txt, json, jsonl and parquet as rows of named fields."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import Row, at_least_one, bare, existing_file, extension, lines, shown


def read_table(path: str | Path) -> Iterator[Row]:
    """Rows of a table, in order; each name may end in `.gz`, parquet excepted.

    csv: a header, standard quoting. tsv: a header, no quoting at all: a quote is text. txt: a tsv where the first line
    holds a TAB, else one text per line in the field `text`, blank lines included. json: a list of objects, an object
    with a `data` list, or JSON lines. jsonl: one object a line.

    An empty cell is "". Nested objects are flattened (`labels.real-label`), lists stay lists.

    Raises:
        UserError: for whatever is wrong with the file; in part only when the rows are consumed.
    """
    path = existing_file(path)
    kind = extension(path)
    if kind in CELLS:
        return at_least_one(path, CELLS[kind](path))
    if kind in RECORDS:
        return at_least_one(path, (_flattened(path, row) for row in read_records(path)))
    raise _unsupported(path, [*CELLS, *RECORDS])


def read_records(path: Path) -> Iterator[Row]:
    """Rows of json, jsonl or parquet, their nesting kept."""
    kind = extension(path)
    if kind not in RECORDS:
        raise _unsupported(path, list(RECORDS))
    return RECORDS[kind](path)


def _unsupported(path: Path, kinds: list[str]) -> UserError:
    named = f"the extension '{extension(path)}' is" if extension(path) else "a name without an extension is"
    return UserError(f"{named} not supported here; convert the file to one of {', '.join(kinds)}", file=path)


def _csv(path: Path) -> Iterator[Row]:
    reader = csv.reader(lines(path), strict=True)
    names: list[str] | None = None
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as fault:
            raise _csv_fault(path, start, fault) from fault
        if cells is None:
            return
        if names is None:
            names = _header(path, cells)
        elif len(cells) == len(names):
            yield Row(start, dict(zip(names, cells, strict=True)))
        elif cells:  # a blank line has no cells
            cure = "put a cell that holds commas, quotes or line breaks in double quotes"
            raise _ragged(path, start, len(names), len(cells), cure)


def _csv_fault(path: Path, row: int, fault: csv.Error) -> UserError:
    if "unexpected end" in str(fault):
        reason = "a quote opened in this row is never closed; close it"
    elif "field limit" in str(fault):  # what an open quote looks like in a large file
        reason = (
            f"a cell of more than {csv.field_size_limit():,} characters; close its quote, or use jsonl for long texts"
        )
    elif "new-line character" in str(fault):
        reason = (
            "a carriage return alone in a cell without quotes; quote the cell, or save with line ends \\n or \\r\\n"
        )
    else:
        reason = f"invalid csv ({fault}); double every quote inside a quoted cell"
    return UserError(reason, file=path, row=row)


def _tsv(path: Path) -> Iterator[Row]:
    numbered = enumerate(lines(path), start=1)
    _, header = next(numbered, (1, ""))
    names = _header(path, bare(header).split("\t"))
    for line, text in numbered:
        cells = bare(text).split("\t")
        if len(cells) == len(names):
            yield Row(line, dict(zip(names, cells, strict=True)))
        elif cells != [""]:
            cure = "a TAB or a line break cannot stand inside a cell of a tsv; remove it, or use csv or jsonl"
            raise _ragged(path, line, len(names), len(cells), cure)


def _txt(path: Path) -> Iterator[Row]:
    if "\t" in next(lines(path), ""):
        yield from _tsv(path)
    else:
        for line, text in enumerate(lines(path), start=1):
            yield Row(line, {"text": bare(text)})


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise UserError("the header is empty; the first line must hold the names of the columns", file=path, row=1)
    _check_distinct(path, names, row=1)
    return names


def _check_distinct(path: Path, names: list[str], row: int | None = None) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UserError("the name of the column occurs twice; rename one of them", file=path, row=row, column=name)


def _ragged(path: Path, row: int, expected: int, found: int, cure: str) -> UserError:
    return UserError(f"fields: {expected} expected (as in the header), {found} found; {cure}", file=path, row=row)


def _json(path: Path) -> Iterator[Row]:
    text = "".join(lines(path))
    if not text.strip():
        return
    try:
        content = json.loads(text)
    except json.JSONDecodeError as fault:
        if fault.msg == "Extra data" and text.lstrip().startswith("{"):
            yield from _jsonl(path)
            return
        reason = f"invalid JSON at line {fault.lineno}, column {fault.colno} ({fault.msg}); correct it there"
        raise UserError(reason, file=path, row=fault.lineno) from fault
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        content = content["data"]
    elif isinstance(content, dict) and "\n" not in text.strip():
        content = [content]  # JSON lines that happen to be one
    if not isinstance(content, list):
        raise UserError("expected a list of objects, an object with a 'data' list, or one object a line", file=path)
    escaped = "\\u" in text
    for number, record in enumerate(content, start=1):
        yield _record(path, number, record, escaped)


def _jsonl(path: Path) -> Iterator[Row]:
    for line, text in enumerate(lines(path), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except json.JSONDecodeError as fault:
            reason = f"invalid JSON at line {line}, column {fault.colno} ({fault.msg}); write one whole object a line"
            raise UserError(reason, file=path, row=line) from fault
        yield _record(path, line, record, "\\u" in text)


def _record(path: Path, line: int, record: Any, escaped: bool) -> Row:
    if not isinstance(record, dict):
        reason = f'a record must be an object such as {{"text": "..."}}, found {shown(record)}'
        raise UserError(reason, file=path, row=line)
    for name, value in record.items() if escaped else ():
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as fault:
            half = fault.object[fault.start].encode("unicode_escape").decode()
            reason = f"{half} is half a character, as where a text was cut inside an emoji; delete or complete it"
            raise UserError(reason, file=path, row=line, column=name) from None
    return Row(line, record)


def _parquet(path: Path) -> Iterator[Row]:
    # Imported here: it is slow to load, and few runs read parquet.
    import pyarrow
    from pyarrow import parquet

    if path.suffix.lower() == ".gz":
        raise UserError("parquet is compressed already; decompress the file with `gunzip`", file=path)
    line = 0
    try:
        with parquet.ParquetFile(path) as file:
            _check_distinct(path, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=4096):  # bounds the memory for long texts
                for record in batch.to_pylist():
                    line += 1
                    yield Row(line, record)
    except (pyarrow.ArrowException, OSError) as fault:
        raise UserError(f"not a readable parquet file ({fault}); write or download it again", file=path) from fault


def _flattened(path: Path, row: Row) -> Row:
    if not any(isinstance(value, dict) for value in row.fields.values()):
        return row
    flat: dict[str, Any] = {}
    for name, value in _leaves(row.fields):
        if name in flat:
            reason = "two values have this name once nested objects are flattened; rename one of them"
            raise UserError(reason, file=path, row=row.line, column=name)
        flat[name] = value
    return Row(row.line, flat)


def _leaves(fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


# Formats by extension: a file of cells is a table and nothing else, records may be nested.
CELLS: dict[str, Callable[[Path], Iterator[Row]]] = {".csv": _csv, ".tsv": _tsv, ".txt": _txt}
RECORDS: dict[str, Callable[[Path], Iterator[Row]]] = {".json": _json, ".jsonl": _jsonl, ".parquet": _parquet}

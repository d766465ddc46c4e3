"""Tables: csv, tsv, txt, json, jsonl, parquet and arrow as rows of named fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import ID_COLUMNS, Row, at_least_one, extension, id_text, listed, shown
from .arrow import read_arrow, read_parquet
from .cells import read_csv, read_tsv, read_txt
from .foreign import data_file
from .spans import check_exported, check_no_spans
from .text import lines

DEEPEST = 100  # levels of a record
_BY_ROWS = 'write one object a row, in pandas with `to_json(path, orient="records", lines=True)`'
_RARE = (".jsonlines", ".ndjson", ".arrow", ".feather")  # which no error proposes
# What is no list in a row.
_TEXTS = {"text", "sentence", "document", "title", "review", "content", "question", "context"}


def read_table(path: str | Path) -> Iterator[Row]:
    """Rows of a table, in order; each name may end in `.gz`.

    csv: a header, standard quoting; separated by what the header shows. tsv: a header, no quoting at all: a quote is text.
    txt: a tsv where the first line holds a TAB, else one text per line in the field `text`, blank lines included. json: a
    list of objects, an object with a `data` list, or JSON lines. jsonl: one object a line. arrow: also a folder that
    `Dataset.save_to_disk` wrote. In parquet and arrow, classes that `datasets` numbered have their names.

    An empty cell is "", NaN is None. Nested objects are flattened (`labels.real-label`), lists stay lists. docs/data.md lists
    what such files may look like.

    Raises:
        UserError: for whatever is wrong with the file; in part only when the rows are consumed.
    """
    path = data_file(path)
    return _without_spans(path, table_rows(path))


def table_rows(path: Path) -> Iterator[Row]:
    """As `read_table`, whose labels may also be entities and where they stand."""
    kind = extension(path)
    if kind in CELLS:
        return at_least_one(path, CELLS[kind](path))
    if kind in RECORDS:
        return at_least_one(path, _flattened(path, read_records(path)))
    raise _unsupported(path, [*CELLS, *sorted(RECORDS)])


def read_records(path: Path) -> Iterator[Row]:
    """Rows of json, jsonl, parquet or arrow, their nesting kept."""
    kind = extension(path)
    if kind not in RECORDS:
        raise _unsupported(path, sorted(RECORDS))
    return RECORDS[kind](path)


def _unsupported(path: Path, kinds: list[str]) -> UserError:
    named = f"the extension '{extension(path)}' is" if extension(path) else "a name without an extension is"
    usual = [kind for kind in kinds if kind not in _RARE]
    return UserError(f"{named} not supported here; convert the file to one of {', '.join(usual)}", file=path)


def _json(path: Path) -> Iterator[Row]:
    text = "".join(lines(path))
    if not text.strip():
        return
    try:
        content = _DECODER.decode(text)
    except _NamedTwiceError as fault:
        raise fault.error(path) from None
    except json.JSONDecodeError as fault:
        if fault.msg == "Extra data" and text.lstrip().startswith("{"):
            yield from _jsonl(path)
            return
        cure = "was the file written completely?" if _is_cut(text, fault) else "correct it there"
        reason = f"invalid JSON at line {fault.lineno}, column {fault.colno} ({fault.msg}); {cure}"
        raise UserError(reason, file=path, row=fault.lineno) from fault
    except ValueError as fault:
        raise _too_many_digits(path) from fault
    except RecursionError as fault:
        raise _too_deep(path) from fault
    if isinstance(content, dict):
        _check_by_rows(path, content)
        _check_one_object(path, content)
        if isinstance(content.get("data"), list):
            content = content["data"]
        elif isinstance(content.get("document"), list):
            content = _nikl_sentences(path, content["document"])
        elif isinstance(content.get("annotations"), list) and "classes" in content:  # of spaCy's usual annotator
            content = content["annotations"]
        elif "\n" not in text.strip():
            content = [content]  # JSON lines that happen to be one
    if not isinstance(content, list):
        found = f"an object with {listed(content)}" if isinstance(content, dict) else shown(content)
        reason = "expected a list of objects, an object with a 'data' list, or one object a line"
        raise UserError(f"{reason}; found {found}", file=path)
    escaped = "\\u" in text
    for number, record in enumerate(content, start=1):
        yield _record(path, number, _of_spacy(record), escaped)


def _nikl_sentences(path: Path, documents: list[Any]) -> list[Any]:
    """The sentences of a corpus of the National Institute of Korean Language."""
    found = [document.get("sentence") for document in documents if isinstance(document, dict)]
    if found and not any(found):
        reason = f"documents without sentences: they hold {listed(documents[0])}; write one object a row"
        raise UserError(reason, file=path)
    return [sentence for sentences in found for sentence in sentences or []]


def _of_spacy(record: Any) -> Any:
    """spaCy's `["text", {"entities": [...]}]` as an object; anything else as it is."""
    if isinstance(record, list) and len(record) == 2 and isinstance(record[0], str) and isinstance(record[1], dict):
        return {"text": record[0]} | record[1]
    return record


def _check_one_object(path: Path, content: dict[str, Any]) -> None:
    """Raises UserError where the one object of a file holds rows in a way that is not read."""
    values = list(content.values())
    rows = content.get("rows")
    if isinstance(rows, list) and rows and all(isinstance(row, dict) and "row" in row for row in rows):
        reason = "JSON of the Hub's viewer, which has 100 rows at most; download the data set's parquet files instead"
        raise UserError(reason, file=path)
    if len(values) > 1 and all(
        isinstance(value, dict) and value and value.keys() == values[0].keys() for value in values
    ):
        shape = f"with an object for each of {listed(content, room=60)}"
        raise UserError(f"JSON {shape}; {_BY_ROWS}", file=path)
    tables = bool(values) and all(isinstance(value, list) and value and isinstance(value[0], dict) for value in values)
    if tables and not {"data", "document", "paragraphs"} & set(content):
        reason = f"an object with rows under {listed(content, room=60)}; write each list into a file of its own"
        raise UserError(reason, file=path)


def _check_by_rows(path: Path, content: dict[str, Any], row: int | None = None) -> None:
    """Raises UserError where the first object of a file holds whole columns, or rows by their number."""
    values = list(content.values())
    tables = bool(values) and all(isinstance(value, dict) and value for value in values)
    lists = bool(values) and all(isinstance(value, list) for value in values)
    shape = ""
    if tables and all(key.isdecimal() for value in values for key in value):
        shape = "by column and row number, as pandas writes it by default"
    elif tables and all(key.isdecimal() for key in content):
        shape = "by row number (orient='index')"
    elif lists and {"columns", "data"} <= set(content) and not any(isinstance(row, dict) for row in content["data"]):
        shape = "with names and rows apart (orient='split')"
    elif (
        lists and not {"data", "document", "annotations"} & set(content) and len({len(value) for value in values}) == 1
    ):
        nested = any(isinstance(item, list) for value in values for item in value)
        shape = "with one list for each column" if nested or _TEXTS & set(content) else ""
    if shape:
        raise UserError(f"JSON {shape}; {_BY_ROWS}", file=path, row=row)


def _no_number(constant: str) -> str | None:
    return None if constant == "NaN" else constant


class _NamedTwiceError(Exception):
    """An object of JSON has one name twice, with different values: Python would keep the last without a word."""

    def error(self, path: Path, row: int | None = None) -> UserError:
        reason = "an object has two values of this name; keep one, or rename one of them"
        return UserError(reason, file=path, row=row, column=self.args[0])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        for name, value in pairs:
            if value != fields[name]:
                raise _NamedTwiceError(name)
    return fields


_DECODER = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_object)


def _jsonl(path: Path) -> Iterator[Row]:
    first = True
    for line, text in enumerate(lines(path), start=1):
        if not text.strip():
            continue
        try:
            record = _DECODER.decode(text)
        except _NamedTwiceError as fault:
            raise fault.error(path, line) from None
        except json.JSONDecodeError as fault:
            cure = "write one whole object a line"
            if fault.msg == "Extra data" and "\r" in text.rstrip():
                cure = "lines end in carriage returns alone: save it with the line ends of Unix or Windows"
            elif not text.endswith("\n") and _is_cut(text, fault):
                cure = "was the file written completely?"
            reason = f"invalid JSON at line {line}, column {fault.colno} ({fault.msg}); {cure}"
            raise UserError(reason, file=path, row=line) from fault
        except ValueError as fault:
            raise _too_many_digits(path, line) from fault
        except RecursionError as fault:
            raise _too_deep(path, line) from fault
        if first and isinstance(record, dict):
            _check_by_rows(path, record, line)
        first = False
        yield _record(path, line, record, "\\u" in text)


def _is_cut(text: str, fault: json.JSONDecodeError) -> bool:
    """Whether a text is JSON up to its end, where more should follow."""
    return fault.pos >= len(text.rstrip()) or fault.msg.startswith("Unterminated string")


def _too_deep(path: Path, row: int | None = None) -> UserError:
    reason = f"lists and objects are nested more than {DEEPEST} deep; write one object a row, with plain values"
    return UserError(reason, file=path, row=row)


def _too_many_digits(path: Path, row: int | None = None) -> UserError:
    reason = "a number of thousands of digits; write it as a text, in quotes"
    return UserError(reason, file=path, row=row)


def _is_too_deep(record: dict[str, Any]) -> bool:
    level: list[Any] = [record]
    for _ in range(DEEPEST):
        values = (part.values() if isinstance(part, dict) else part for part in level)
        level = [value for part in values for value in part if isinstance(value, (dict, list))]
        if not level:
            return False
    return True


def _record(path: Path, line: int, record: Any, escaped: bool) -> Row:
    if record == {}:
        raise UserError("an empty object; delete it", file=path, row=line)
    if not isinstance(record, dict):
        reason = f'a record must be an object such as {{"text": "..."}}, found {shown(record)}'
        reason += f"; {_BY_ROWS}" if isinstance(record, list) else ""
        raise UserError(reason, file=path, row=line)
    if _is_too_deep(record):
        raise _too_deep(path, line)
    for name, value in record.items() if escaped else ():
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as fault:
            half = fault.object[fault.start].encode("unicode_escape").decode()
            reason = f"{half} is half a character, as where a text was cut inside an emoji; delete or complete it"
            raise UserError(reason, file=path, row=line, column=name) from None
    return Row(line, record)


def _without_spans(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        check_no_spans(path, row)
        yield row


def _flattened(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        if any(isinstance(value, dict) for value in row.fields.values()):
            row = Row(row.line, _flat(path, row))
        check_exported(path, row)
        yield row


def _flat(path: Path, row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in _leaves(row.fields):
        if name in flat:
            reason = "two values have this name once nested objects are flattened; rename one of them"
            raise UserError(reason, file=path, row=row.line, column=name)
        flat[name] = value
    return flat


def _leaves(fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict) and name in ID_COLUMNS and not prefix:
            yield name, id_text(value)
        elif isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


# Formats by extension: a file of cells is a table and nothing else, records may be nested.
CELLS: dict[str, Callable[[Path], Iterator[Row]]] = {".csv": read_csv, ".tsv": read_tsv, ".txt": read_txt}
RECORDS: dict[str, Callable[[Path], Iterator[Row]]] = dict.fromkeys((".jsonl", ".jsonlines", ".ndjson"), _jsonl)
RECORDS |= {".json": _json, ".parquet": read_parquet, ".arrow": read_arrow, ".feather": read_arrow}

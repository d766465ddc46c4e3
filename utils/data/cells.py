"""Flat tables: csv, tsv and txt, as people and spreadsheets write them."""

from __future__ import annotations

import csv
import itertools
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import UserError
from ..files import Row, shown
from .text import bare, lines

logger = logging.getLogger(__name__)

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a TAB", "|": "a vertical bar"}

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?')  # what Excel reads from a first line
_NAMES = re.compile(r'"?[\w.-]+"?(\s*[,;|]\s*"?[\w.-]+"?)+')  # a header of plain words
_USUAL_NAME = re.compile(r"\b(id|text|sentence\d?|document|review|label|title)s?\b", re.IGNORECASE)
_LIKE_DATA = re.compile(r"[-+]?\d+([.,]\d+)?|\S+(\s+\S+){3,}|.{41,}")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?|")

Records = Iterator[tuple[int, list[str]]]  # lines and their cells, the header first


def read_csv(path: Path) -> Iterator[Row]:
    """Rows of a csv: a header, standard quoting, separated by commas, or by what the header is separated by instead."""
    separator, header_line = _separator(path)
    mark = re.escape(separator)
    quoted = re.compile(rf'(^|{mark}) +"[^"{mark}][^"]*"\s*({mark}|$)')  # no quote that closes a cell begins so
    spaced = any(quoted.search(line) for line in itertools.islice(lines(path), header_line - 1, 50))
    if spaced:
        logger.info("%s: spaces between %s and a quote are left out", path, SEPARATORS[separator])
    records = _csv_records(path, separator, header_line, spaced)
    quoting = "put a cell that holds commas, quotes or line breaks in double quotes"
    rows = _rows(path, records, quoting.replace("commas", SEPARATORS[separator].split(" ", 1)[1] + "s"))
    if separator != ";":
        return rows
    return _with_decimal_points(path, _csv_records(path, separator, header_line, spaced), header_line, rows)


def read_tsv(path: Path) -> Iterator[Row]:
    """Rows of a tsv: a header, no quoting at all."""
    header = bare(next(lines(path), ""))
    if "\t" not in header and _NAMES.fullmatch(header.strip()):
        logger.info("%s: no TAB in the header: read as a csv", path)
        return read_csv(path)
    cure = "a TAB or a line break cannot stand inside a cell of a tsv; remove it, or use csv or jsonl"
    return _rows(path, _tsv_records(path), cure)


def read_txt(path: Path) -> Iterator[Row]:
    """A tsv where the first line holds a TAB, else one text per line in the field `text`, blank lines included."""
    first = bare(next(lines(path), ""))
    if "\t" in first:
        return read_tsv(path)
    if _NAMES.fullmatch(first.strip()) and _USUAL_NAME.search(first):
        reason = f"the first line, {shown(first)}, looks like the header of a csv; name the file {path.stem}.csv"
        raise UserError(f"{reason}, or delete that line if each line is a text", file=path, row=1)
    if first.startswith("__label__"):
        reason = "lines of fastText (__label__x text) are not read; write a csv with the columns text,label"
        raise UserError(reason, file=path, row=1)
    return (Row(line, {"text": bare(text)}) for line, text in enumerate(lines(path), start=1))


def check_distinct(path: Path, names: list[str], row: int | None = None) -> None:
    """Raises UserError where two columns have one name."""
    for name, count in Counter(names).items():
        if count > 1:
            reason = "the name of the column occurs twice; rename one of them"
            reason += "" if row is None else ", or write a header if this row is none"
            raise UserError(reason, file=path, row=row, column=name)


def _separator(path: Path) -> tuple[str, int]:
    """What separates the cells of a csv, and the line of its header."""
    first = bare(next(lines(path), ""))
    named = _SEPARATOR_LINE.fullmatch(first.strip(" "))
    if named and named[1] in SEPARATORS:
        logger.info("%s: separated by %s, as its first line says", path, SEPARATORS[named[1]])
        return named[1], 2
    unquoted = re.sub(r'"[^"]*"', "", first)
    if "," not in unquoted:
        found = max(list(SEPARATORS)[1:], key=unquoted.count)
        if found in unquoted:
            logger.info("%s: separated by %s: there is no comma in the header", path, SEPARATORS[found])
            return found, 1
    return ",", 1


def _csv_records(path: Path, separator: str, header_line: int, spaced: bool) -> Records:
    skipped = header_line - 1
    rest = itertools.islice(lines(path), skipped, None)
    reader = csv.reader(rest, strict=True, delimiter=separator, skipinitialspace=spaced)
    while True:
        start = reader.line_num + skipped + 1
        try:
            cells = next(reader, None)
        except csv.Error as fault:
            raise _csv_fault(path, start, fault) from fault
        if cells is None:
            return
        yield start, cells


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
        reason = (
            f"invalid csv ({fault}); double every quote inside a quoted cell, and write nothing after its closing quote"
        )
    return UserError(reason, file=path, row=row)


def _tsv_records(path: Path) -> Records:
    quoted = [0, 0]  # cells that a spreadsheet may have quoted, and cells with quotes that none would write
    for line, text in enumerate(lines(path), start=1):
        cells = bare(text).split("\t")
        for cell in cells if '"' in text else ():
            if cell.startswith('"'):
                quoted[not re.fullmatch(r'"([^"]|"")*"', cell)] += 1
        yield line, cells
    if quoted[0] and not quoted[1]:
        message = "%s: cells in double quotes, which a tsv keeps: %d; if a spreadsheet wrote them, name the file .csv"
        logger.warning(message, path, quoted[0])


def _rows(path: Path, records: Records, cure: str) -> Iterator[Row]:
    """Rows by the names of the header. Columns at the end without a name or a cell, and rows without a cell, are left out."""
    first, header = next(records, (1, []))
    names = _header(path, first, header)
    first_records = list(itertools.islice(records, 50))
    _warn_of_missing_header(path, first, names, [cells for _, cells in first_records])
    records = itertools.chain(first_records, records)
    width = len(names)
    empty: list[int] = []
    for line, cells in records:
        if len(cells) == width == 1:
            pass  # an empty text is a text
        elif len(cells) <= 1 and not any(cells):
            continue  # a blank line
        elif not any(cell.strip() for cell in cells) and len(cells) <= len(header):
            empty.append(line)
            continue
        elif len(cells) not in (width, len(header)):
            reason = f"fields: {width} expected (as in the header), {len(cells)} found; {cure}"
            if width == 1:
                reason = (
                    f"the header has one column, {shown(names[0])}, and this row {len(cells)}; is row 1 the header?"
                )
                reason += " Delete what stands above it"
            raise UserError(reason, file=path, row=line)
        elif any(cells[width:]):
            found = shown(next(cell for cell in cells[width:] if cell))
            raise UserError(
                f"{found} stands in a column without a name; name it in the header, the first line", file=path, row=line
            )
        elif width > 1 and [cell.strip("\ufeff ") for cell in cells[:width]] == names:
            if any(map(_USUAL_NAME.search, names)):
                reason = "the header again, as where files were put together; delete this row"
            else:
                reason = f"the same as row {first}, which is read as the header; if there is none, write one such as text,label"
            raise UserError(reason, file=path, row=line)
        yield Row(line, dict(zip(names, cells, strict=False)))
    if empty:
        logger.warning("%s: rows of empty cells are left out: %d, the first is row %d", path, len(empty), empty[0])


def _header(path: Path, row: int, cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise UserError("the header is empty; the first line must hold the names of the columns", file=path, row=row)
    while not names[-1]:
        names.pop()
    if len(names) < len(cells):
        logger.info("%s: columns without a name at the end are left out: %d", path, len(cells) - len(names))
    check_distinct(path, names, row)
    return names


def _warn_of_missing_header(path: Path, row: int, names: list[str], records: list[list[str]]) -> None:
    """Warns where a name looks like data, or is a value of its column, and none is a usual name."""
    if any(_USUAL_NAME.search(name) for name in names):
        return
    for i, name in enumerate(names):
        if _LIKE_DATA.fullmatch(name) or any(name and cells[i : i + 1] == [name] for cells in records):
            message = "%s: row %d is read as the header, but %s looks like data; if there is none, write one such as text,label"
            logger.warning(message, path, row, shown(name))
            return


def _with_decimal_points(path: Path, records: Records, header_line: int, rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows; in columns of numbers the decimal comma, which is why there are semicolons, becomes a point."""
    numbers: set[int] | None = None
    commas: set[int] = set()
    for line, cells in records:
        if line > header_line and cells:
            fitting = {i for i, cell in enumerate(cells) if _NUMBER.fullmatch(cell.strip())}
            numbers = fitting if numbers is None else numbers & fitting
            # Three digits after a comma may be thousands.
            commas |= {i for i in fitting if re.fullmatch(r"[-+]?\d+,(\d{1,2}|\d{4,})", cells[i].strip())}
    names: list[str] = []
    for row in rows:
        if not names and numbers and numbers & commas:
            names = [name for i, name in enumerate(row.fields) if i in numbers & commas]
            logger.info("%s: commas in numbers are read as decimal points, in column %s", path, ", ".join(names))
        for name in names:
            row.fields[name] = row.fields[name].strip().replace(",", ".")
        yield row

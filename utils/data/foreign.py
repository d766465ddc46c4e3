"""Files that hold rows in a format that is not read here, told by their name or first bytes: one line with the conversion."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import logging
import re
import zlib
from pathlib import Path

from ..errors import UserError
from ..files import existing_file, extension, is_gzip

logger = logging.getLogger(__name__)

_JSONL = "to_json('{stem}.jsonl', orient='records', lines=True)"
_SHEET = "a spreadsheet; save it as CSV, or: `python -c \"import pandas; pandas.read_excel('{name}', dtype=str).{to}\"`"
_PANDAS = "{what}; convert it: `python -c \"import pandas; pandas.{call}('{name}')." + _JSONL + '"`'
_ARCHIVE = "an archive; unpack it (`{command} {name}`) and name the file in it"
_DOCUMENT = "a document, which has no rows; put its texts into a table and save that as CSV"


def _pandas(what: str, call: str, package: str = "") -> str:
    needs = f" (pip install {package})" if package else ""
    return _PANDAS.replace("{what}", what).replace("{call}", call) + needs


# By extension what a file is, and the cure.
EXTENSIONS: dict[str, str] = {
    **dict.fromkeys([".xlsx", ".xlsm"], f"{_SHEET} (pip install openpyxl)"),
    ".xls": f"{_SHEET} (pip install xlrd)",
    ".ods": f"{_SHEET} (pip install odfpy)",
    ".xlsb": f"{_SHEET} (pip install pyxlsb)",
    ".numbers": "a spreadsheet; save it as CSV",
    **dict.fromkeys([".sav", ".zsav"], _pandas("an SPSS file", "read_spss", "pyreadstat")),
    ".dta": _pandas("a Stata file", "read_stata"),
    **dict.fromkeys([".sas7bdat", ".xpt"], _pandas("a SAS file", "read_sas")),
    **dict.fromkeys([".rds", ".rda", ".rdata"], "an R file; in R: `write.csv(data, '{stem}.csv', row.names = FALSE)`"),
    **dict.fromkeys([".pkl", ".pickle"], _pandas("a pickle, which can run code: only if you trust it", "read_pickle")),
    **dict.fromkeys(
        [".pt", ".pth"],
        "what torch.save wrote; write its rows as JSON lines: "
        f"`python -c \"import pandas, torch; pandas.DataFrame(torch.load('{{name}}')).{_JSONL}\"`",
    ),
    **dict.fromkeys([".npy", ".npz"], "an array of NumPy; write texts and labels as csv or jsonl"),
    **dict.fromkeys([".bin", ".safetensors", ".onnx"], "weights of a model, not rows; name the file with the texts"),
    ".orc": _pandas("an ORC file", "read_orc"),
    **dict.fromkeys([".h5", ".hdf", ".hdf5"], _pandas("an HDF5 file", "read_hdf", "tables")),
    **dict.fromkeys(
        [".db", ".sqlite", ".sqlite3"],
        'a database; export a table: `sqlite3 -header -csv {name} "select * from NAME" > {stem}.csv`',
    ),
    **dict.fromkeys(
        [".avro", ".tfrecord", ".msgpack"], "not a format that is read here; write its rows as jsonl or parquet"
    ),
    **dict.fromkeys([".docx", ".doc", ".hwp", ".hwpx", ".pdf", ".rtf", ".odt", ".pptx", ".ppt"], _DOCUMENT),
    ".zip": _ARCHIVE.replace("{command} {name}", "python -m zipfile -e {name} ."),
    **dict.fromkeys([".tar", ".tgz"], _ARCHIVE.replace("{command}", "tar xf")),
    ".7z": _ARCHIVE.replace("{command}", "7z x"),
    ".rar": _ARCHIVE.replace("{command}", "unrar x"),
    ".bz2": _ARCHIVE.replace("{command}", "bunzip2"),
    ".xz": _ARCHIVE.replace("{command}", "unxz"),
    ".zst": _ARCHIVE.replace("{command}", "unzstd"),
    ".ann": "brat's annotations; convert them to columns with brat's `tools/anntoconll.py {stem}.txt`",
    ".xmi": "UIMA CAS, as INCEpTION writes it; export the annotations as CoNLL 2002 there",
    ".spacy": "spaCy's DocBin; write its docs as CoNLL columns or as jsonl with tokens and tags",
    **dict.fromkeys([".html", ".htm"], _pandas("a web page", "read_html").replace("('{name}')", "('{name}')[0]")),
    ".xml": "XML; write its rows as csv or jsonl, for instance with `pandas.read_xml`",
}

# By first bytes what a file is, whatever its name says.
_BYTES: dict[bytes, str] = {
    b"PK\x03\x04": "a zip archive or an Office file (xlsx, docx) by its content; give it that extension, or save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Office or HWP file (xls, doc) by its content; save it as CSV",
    b"%PDF": _DOCUMENT,
    b"{\\rtf": _DOCUMENT,
    b"PAR1": "parquet by its content; name it {stem}.parquet",
    b"ARROW1": "an Arrow file by its content; name it {stem}.arrow",
    b"SQLite format 3": EXTENSIONS[".db"],
    b"\x89HDF": EXTENSIONS[".h5"],
    b"7z\xbc\xaf": EXTENSIONS[".7z"],
    b"Rar!": EXTENSIONS[".rar"],
    b"BZh": EXTENSIONS[".bz2"],
    b"\x1f\x8b": "gzip by its content; add .gz to its name",
    b"\xfd7zXZ": EXTENSIONS[".xz"],
    b"\x28\xb5\x2f\xfd": EXTENSIONS[".zst"],
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`",
    b"#begin document": "CoNLL-2012, as of OntoNotes; write token, TAB, tag, and a blank line after each sentence",
    b"#FORMAT=WebAnno": "WebAnno TSV, as INCEpTION writes it; export the annotations as CoNLL 2002 there",
}
_OWN_BYTES: dict[bytes, tuple[str, ...]] = {b"PAR1": (".parquet",), b"ARROW1": (".arrow", ".feather")}

_PART = re.compile(r"-(\d{5})-of-(\d{5})\.")  # as the Hub and `datasets` name them
_SHEETS = (".xlsx", ".xls")
_JSON_NAMES = (".json", ".jsonl", ".jsonlines", ".ndjson")
_MARKUP = re.compile(rb"<(!doctype|html|\?xml|table|head)\b", re.IGNORECASE)
_JSON = re.compile(rb'\[?\s*\{\s*"[^"\n]{1,60}"\s*:')


def say_part(path: Path) -> None:
    """Warns of a file that is one of several, by its name."""
    part = _PART.search(path.name)
    if part and int(part[2]) > 1:
        pattern = path.with_name(_PART.sub(r"-*-of-\2.", path.name))
        message = "%s: part %d of %d of a data set, the others are not read; '%s' reads all"
        logger.warning(message, path, int(part[1]) + 1, int(part[2]), pattern)


def data_file(path: str | Path, *, csv: bool = True, columns: bool = False) -> Path:
    """The path of an existing file of rows.

    Args:
        csv: the reader takes csv.
        columns: it takes files of columns.

    Raises:
        UserError: there is none, or one of another format.
    """
    path = existing_file(path)
    kind = extension(path)
    found = _by_content(path, kind) if path.is_file() else None
    found = found if kind in _SHEETS else EXTENSIONS.get(kind, found)
    if columns and kind == ".txt" and path.with_suffix(".ann").is_file():
        found = EXTENSIONS[".ann"]
    if found is None:
        return path
    # With its folder where that is short: a command is pasted where the script was started.
    stem = next((name for name in (path.with_suffix("").as_posix(), path.stem) if len(name) <= 24), "FILE")
    to = "to_csv('{stem}.csv', index=False)" if csv else _JSONL
    text = found.replace("{to}", to).replace("{stem}", stem).replace("{name}", f"{stem}{path.suffix}")
    raise UserError(f"this is {text}", file=path)


def _by_content(path: Path, kind: str) -> str | None:
    head = b""
    opened = gzip.open if is_gzip(path) else open
    # Whoever reads on says what is wrong.
    with contextlib.suppress(OSError, EOFError, zlib.error), opened(path, "rb") as stream:
        head = stream.read(1 << 16)
    if kind in _SHEETS:
        if head[:2] in (b"PK", b"\xd0\xcf") or b"\0" in head:
            return EXTENSIONS[kind]
        # What portals call a spreadsheet is often the table of a web page, or text.
        return EXTENSIONS[".html"] if _MARKUP.search(head) else "text by its content; name it {stem}.csv"
    for first, found in _BYTES.items():
        if head.startswith(first) and kind not in _OWN_BYTES.get(first, ()):
            return found
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if _MARKUP.match(text):
        return "a web page or XML by its content; download the raw file, or write its rows as csv or jsonl"
    if kind not in _JSON_NAMES and _JSON.match(text):
        return "JSON by its content; name it {stem}.jsonl (one object a line) or {stem}.json"
    if kind not in (*_JSON_NAMES, ".csv") and not any(mark in head for mark in b"\n\0") and b"\r" in head.rstrip():
        return "text whose lines end in carriage returns alone; save it with the line ends of Unix or Windows"
    return None

"""From a path to decoded lines: everything that can be wrong with a file before its format matters; and back to a path."""

from __future__ import annotations

import codecs
import contextlib
import difflib
import gzip
import hashlib
import json
import os
import shlex
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .errors import UserError

ID_COLUMNS = ("id", "guid", "idx", "index")  # what names a row, the first that is there

SAVED_DATASET = "state.json"  # what stands in every folder that `Dataset.save_to_disk` writes

_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)  # the first begins as that of UTF-16 does
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Row(NamedTuple):
    """One record and the place it came from.

    `line` counts from 1 as an editor shows it: the line on which the record starts. Where a format has no lines of its
    own (parquet, a JSON array) it is the number of the record.
    """

    line: int
    fields: dict[str, Any]


def id_of(fields: dict[str, Any]) -> str | None:
    """What a record calls itself; None where it has no name."""
    found = next((fields[name] for name in ID_COLUMNS if fields.get(name) is not None), None)
    return None if found is None else id_text(found)


def id_text(value: Any) -> str:
    """An id as text; a nested one, such as MongoDB's `{"$oid": "..."}`, as JSON."""
    if isinstance(value, bytes):
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode("utf-8")
        return value.hex()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=id_text)
    return str(value)


def existing_file(path: str | Path) -> Path:
    """The path, once it is sure that there is a file with something in it, or a folder of `Dataset.save_to_disk`."""
    path = Path(path)
    if path.is_dir():
        if (path / SAVED_DATASET).is_file():
            return path
        parts = sorted(
            (entry.parent.name for entry in path.glob(f"*/{SAVED_DATASET}")), key=lambda name: (name != "train", name)
        )
        if parts:
            cure = f"this folder holds the data sets {listed(parts)}; name one of them, such as {path.name}/{parts[0]}, or give --dataset_name"
            raise UserError(cure, file=path)
        raise UserError(
            "this is a folder; name a file in it, or give it as --dataset_name to read all of them", file=path
        )
    if not path.exists():
        if "*" in path.name:
            raise UserError("no such file, and patterns are not read; give the folder as --dataset_name", file=path)
        if not path.parent.is_dir():
            raise UserError(f"no such file: the folder {path.parent} does not exist; check the path", file=path)
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
        near = difflib.get_close_matches(path.name, names, n=1)
        cure = f"did you mean '{near[0]}'?" if near else "check the name"
        raise UserError(f"no such file; {cure}", file=path)
    if path.is_file() and path.stat().st_size == 0:
        raise UserError("the file is empty (0 bytes); was it downloaded or written completely?", file=path)
    return path


def extension(path: Path) -> str:
    """What names the format: the last suffix in lower case, or the one before a `.gz`; of a saved data set `.arrow`."""
    if path.is_dir():
        return ".arrow"
    return (Path(path.stem) if _is_gzip(path) else path).suffix.lower()


def lines(path: Path) -> Iterator[str]:
    """Decoded lines with their ends.

    Only `\\n` ends a line: U+2028, U+0085 and a lone carriage return occur inside real texts.
    """
    try:
        yield from _decoded(path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as fault:
        cure = "download or compress it again (`gzip -t` checks it)"
        raise UserError(f"corrupt gzip ({fault}); {cure}", file=path) from fault
    except OSError as fault:
        raise UserError(f"cannot be read ({fault.strerror}); check the file and its permissions", file=path) from fault


def bare(line: str) -> str:
    """The line without its end."""
    return line.removesuffix("\n").removesuffix("\r")


def at_least_one(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, or an error where there are none."""
    first = next(rows, None)
    if first is None:
        raise UserError("the file holds no records; was it written completely?", file=path)
    yield first
    yield from rows


def shown(value: Any) -> str:
    """A value as an error message can show it: short, on one line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(names: Iterable[str], most: int = 20, room: int = 150) -> str:
    """Names as an error message can list them: the first of them, with `...` where more follow."""
    found: list[str] = []
    for name in names:
        cut = name if len(name) <= 40 else f"{name[:37]}..."
        if len(found) == most or len(", ".join([*found, cut])) > room:
            return ", ".join([*found, "..."])
        found.append(cut)
    return ", ".join(found)


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _decoded(path: Path) -> Iterator[str]:
    encoding = "utf-8-sig"  # a byte order mark can only open the file
    with gzip.open(path, "rb") if _is_gzip(path) else path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as fault:
                raise _not_utf8(path, number, fault) from fault
            if "\0" in text and number == 1:
                raise UserError(
                    "the first line holds bytes of 0: not a file of text, or UTF-16; save it as UTF-8", file=path
                )
            encoding = "utf-8"
            yield text.removeprefix("\ufeff")  # also where files were put together


def _not_utf8(path: Path, number: int, fault: UnicodeDecodeError) -> UserError:
    """An error that names the likely encoding, so that the cure can be pasted."""
    with gzip.open(path, "rb") if _is_gzip(path) else path.open("rb") as stream:
        content = stream.read()
    place = f"not UTF-8: byte 0x{fault.object[fault.start]:02x} at position {fault.start + 1} of this line"
    if content.startswith(b"\x1f\x8b"):
        return UserError(f"{place}; the file is gzip: add .gz to its name", file=path, row=number)
    encoding = _likely_encoding(content)
    if encoding == "cp1252":
        cure = f"save the file as UTF-8 or repair the line; if it is {encoding}: `{_conversion(path, encoding)}`"
    elif encoding is not None:
        cure = f"it decodes as {encoding}: convert it with `{_conversion(path, encoding)}`"
    else:
        cure = "save the file as UTF-8 or repair the line"
    return UserError(f"{place}; {cure}", file=path, row=number)


def _likely_encoding(content: bytes) -> str | None:
    """What text is written in that is not UTF-8; None where nothing fits. Of cp1252 nobody can be sure: nearly everything fits."""
    if content.startswith(_UTF32_MARKS):
        return "utf-32"
    if content.startswith(_UTF16_MARKS):
        return "utf-16"
    with contextlib.suppress(UnicodeDecodeError):
        letters = [letter for letter in content.decode("cp949") if not letter.isascii()]
        # Nearly any bytes are cp949, as Hangul that no word has; what words have takes two bytes in euc_kr.
        usual = sum("가" <= letter <= "힣" and len(letter.encode("euc_kr", "ignore")) == 2 for letter in letters)
        if usual >= len(letters) / 2:
            return "cp949"
    with contextlib.suppress(UnicodeDecodeError):
        if sum(not letter.isascii() for letter in content.decode("cp1252")) < len(content) / 5:  # a Western text
            return "cp1252"
    return None


def _conversion(path: Path, encoding: str) -> str:
    """A command that writes the file as UTF-8."""
    compressed = _is_gzip(path)
    name = path.stem if compressed else path.name
    source, target = path.name, f"utf8-{name}"
    if len(name) > 40:  # the line must stay short
        target = f"utf8{''.join(Path(name).suffixes)}"
        source = f"FILE{''.join(path.suffixes)}"
    if sys.platform == "win32":  # no iconv there
        raw = f"gzip.open({source!r}).read()" if compressed else f"open({source!r}, 'rb').read()"
        code = f"open({target!r}, 'wb').write({raw}.decode('{encoding}').encode())"
        return f'python -c "{"import gzip; " * compressed}{code}"'
    source, target, convert = shlex.quote(source), shlex.quote(target), f"iconv -f {encoding} -t utf-8"
    return f"gunzip -c {source} | {convert} > {target}" if compressed else f"{convert} {source} > {target}"


def cache_folder() -> Path:
    """Where what can be computed again is kept: a folder in the cache of `datasets`."""
    import datasets

    folder = Path(datasets.config.HF_DATASETS_CACHE) / "electra-heads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sha256(path: str | Path) -> str:
    """Of a file its digest; of a folder one of all its files and their names."""
    path, digest = Path(path), hashlib.sha256()
    if path.is_dir():
        for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
            digest.update(f"{file.relative_to(path).as_posix()} {sha256(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def source_hash() -> bytes:
    """A digest of this package's code, and of the part of `heads` that prepares inputs.

    What other code has kept on disk is made anew.
    """
    from heads import characters, spans

    digest = hashlib.sha256()
    for module in (*sorted(Path(__file__).parent.rglob("*.py")), Path(characters.__file__), Path(spans.__file__)):
        digest.update(module.read_bytes())
    return digest.digest()


def check_new_folder(folder: Path) -> None:
    """Raises UserError where something is in the folder already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError("is there already and not an empty folder; name another --output", file=folder)


def replace_file(path: Path, pieces: Iterable[str]) -> None:
    """Writes a text as UTF-8, as a whole or not at all: until it is complete, what was there stays there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8") as stream:
        stream.writelines(pieces)
    sync(draft)
    draft.replace(path)


def write_json(path: Path, content: Any, indent: int | None = 2) -> None:
    """Writes a JSON file, as a whole or not at all.

    Raises:
        UserError: a number that is none: JSON has no nan.
    """
    try:
        text = json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError as error:
        raise UserError(f"{path.name} would hold a number that is none (nan or infinite)") from error
    replace_file(path, [text + "\n"])


def sync(path: Path, deep: bool = True) -> None:
    """Returns when a file, or a folder with all that is in it, has reached the disk.

    Args:
        deep: of a folder what is in it as well, not its list of names alone.
    """
    if path.is_dir():
        for entry in path.iterdir() if deep else ():
            sync(entry)
        if os.name == "nt":  # Windows opens no folders
            return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

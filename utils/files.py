"""Files: rows and their ids, what can be wrong with a file before it is read, and how files are written, whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import UserError, first_line

if TYPE_CHECKING:
    import numpy as np

ID_COLUMNS = ("id", "guid", "idx", "index")  # what names a row, the first that is there
# What names a question; elsewhere several rows may share such an id.
QUESTION_ID_COLUMNS = (*ID_COLUMNS, "question_id", "qa_id", "qid")

# Folders in `output_dir` while a run is at work.
UNFINISHED, UNFINISHED_CHECKPOINT, PARTS = "unfinished", "unfinished-checkpoint", "predictions.parts"
STREAMED = "hub:"  # what the name of a split begins with that is no file, but streamed from the Hub
SAVED_DATASET = "state.json"  # what stands in every folder that `Dataset.save_to_disk` writes


class Row(NamedTuple):
    """One record and the place it came from.

    `line` counts from 1 as an editor shows it: the line on which the record starts. Where a format has no lines of its
    own (parquet, a JSON array) it is the number of the record. `file` is given where rows come from several.
    """

    line: int
    fields: dict[str, Any]
    file: str | None = None

    @property
    def number(self) -> str:
        """The line in words: `3`, or `3 of part-2.csv`."""
        return str(self.line) if self.file is None else f"{self.line} of {Path(self.file).name}"


def id_of(fields: dict[str, Any], columns: tuple[str, ...] = ID_COLUMNS) -> str | None:
    """What a record calls itself; None where it has no name.

    Args:
        columns: that may hold it, the first before the others.
    """
    found = next((fields[name] for name in columns if fields.get(name) is not None), None)
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


def shards(name: str | Path) -> list[Path]:
    """The files that a name stands for: itself, or in the order of their names those that a pattern fits (`train-*.jsonl`)."""
    path = Path(name)
    if path.exists() or not _is_pattern(path):
        return [path]
    found: list[Path] = []
    with contextlib.suppress(ValueError):  # of a pattern that is none
        found = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
    return found or [path]


def _is_pattern(path: Path) -> bool:
    return any(sign in str(path) for sign in "*?[")


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
        if _is_pattern(path):
            raise UserError("no file fits this pattern; check it", file=path)
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
    return (Path(path.stem) if is_gzip(path) else path).suffix.lower()


def at_least_one(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, or an error where there are none."""
    first = next(rows, None)
    if first is None:
        raise UserError("the file holds no records; was it written completely?", file=path)
    yield first
    yield from rows


def shown(value: Any) -> str:
    """A value as an error message can show it: short, on one line."""
    return beginning(json.dumps(value, ensure_ascii=False, default=str), 60)


def beginning(text: str, most: int) -> str:
    """The text, or its first characters and `...` where it has more than `most`."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(names: Iterable[str], room: int = 150) -> str:
    """Names as an error message can list them: the first of them, 20 at most, with `...` where more follow.

    Args:
        room: characters of the list.
    """
    found: list[str] = []
    for name in names:
        cut = beginning(name, 40)
        if len(found) == 20 or len(", ".join([*found, cut])) > room:
            return ", ".join([*found, "..."])
        found.append(cut)
    return ", ".join(found)


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed, by its name."""
    return path.suffix.lower() == ".gz"


def cache_folder() -> Path:
    """Where what can be computed again is kept: a folder in the cache of `datasets`."""
    import datasets

    folder = Path(datasets.config.HF_DATASETS_CACHE) / "electra-heads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sha256(path: str | Path) -> str:
    """Of a file its digest; of a folder, and of the files that a pattern fits, one of all of them and their names.

    What is streamed from the Hub counts by its name, which has the revision.
    """
    path, digest = Path(path), hashlib.sha256()
    if str(path).startswith(STREAMED):
        return hashlib.sha256(str(path).encode()).hexdigest()
    files = shards(path)
    if len(files) > 1:
        for file in files:
            digest.update(f"{file.name} {sha256(file)}\n".encode())
        return digest.hexdigest()
    path = files[0]
    if path.is_dir():
        for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
            digest.update(f"{file.relative_to(path).as_posix()} {sha256(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def text_hashes(texts: Sequence[str]) -> np.ndarray:
    """A number of 64 bits for each text, (N,): of a million different texts two are equal once in 37 million times."""
    import numpy as np

    digests = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.fromiter((int.from_bytes(digest, "big") for digest in digests), np.uint64, len(texts))


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
    draft.unlink(missing_ok=True)  # it may be a link, to a file of somebody else
    with draft.open("x", encoding="utf-8") as stream:
        stream.writelines(pieces)
    sync(draft)
    draft.replace(path)


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        ValueError: something else, or values that are nested too deeply.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("its values are nested too deeply") from error


def json_fields(path: Path) -> dict[str, Any]:
    """The fields of a JSON file; none where it is missing, or holds anything else than an object."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def read_record(path: Path, shape: Any, cure: str) -> Any:
    """What this project wrote into a JSON file, once it is sure that it has that shape.

    Args:
        shape: see `fits`.
        cure: what to do where something else is there: a disk, a copy or a hand has changed it.

    Raises:
        UserError: it cannot be read, or has another shape.
    """
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({first_line(error)}); {cure}", file=path) from error
    if not fits(content, shape):
        raise UserError(f"is not what was written there; {cure}", file=path)
    return content


def fits(value: Any, shape: Any) -> bool:
    """Whether a value of JSON has a shape.

    Args:
        shape: a type, where `float` is any finite number; None; `[shape]`, a list of such; `{"name": shape}`, an object with these
            fields and perhaps others, which are of `shape` where there is `str: shape` as well; a tuple, any of its shapes. A
            field that may be None may be missing.
    """
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        named = {name: wanted for name, wanted in shape.items() if name is not str}
        return (
            isinstance(value, dict)
            and all(fits(value.get(name), wanted) for name, wanted in named.items())
            and (str not in shape or all(fits(one, shape[str]) for name, one in value.items() if name not in named))
        )
    if shape in (int, float) and isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 1 << 63
    if shape is float:
        return isinstance(value, float) and math.isfinite(value)
    return value is None if shape is None else isinstance(value, shape)


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


def share_weights(folder: Path) -> None:
    """Makes the weights in a folder, and in those in it, as readable as other new files: safetensors writes for the owner alone."""
    mask = os.umask(0o077)  # it is told only by setting it
    os.umask(mask)
    for file in folder.rglob("*.safetensors"):
        with contextlib.suppress(OSError):  # some file systems have no permissions
            file.chmod(0o666 & ~mask)


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

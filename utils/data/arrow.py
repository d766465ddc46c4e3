"""Arrow: parquet, Arrow and Feather files and what `Dataset.save_to_disk` writes, with values that JSON can hold."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import QUESTION_ID_COLUMNS, SAVED_DATASET, Row, id_text, read_json
from .cells import check_distinct
from .text import plain_file

# pyarrow is imported where it is used: it is slow to load, and few runs read such files.

_BATCH_ROWS = 4096  # bounds the memory for long texts


def read_parquet(path: Path) -> Iterator[Row]:
    """Rows of a parquet file, their nesting kept; see `_rows` for the values."""
    from pyarrow import parquet

    with _readable(path, "parquet"), plain_file(path) as plain, parquet.ParquetFile(plain) as file:
        yield from _rows(path, file.schema_arrow, file.iter_batches(batch_size=_BATCH_ROWS))


def read_arrow(path: Path) -> Iterator[Row]:
    """Rows of an Arrow or Feather file, or of a folder that `Dataset.save_to_disk` wrote."""
    line = 0
    with _readable(path, "Arrow"):
        for file in _parts(path):
            with plain_file(file) as plain:
                schema, batches = _open(plain)
                for row in _rows(path, schema, batches):
                    line += 1
                    yield row._replace(line=line)


@contextlib.contextmanager
def _readable(path: Path, kind: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, OverflowError, ValueError, KeyError, TypeError, RecursionError) as fault:
        reason = f"not a readable {kind} file ({fault}); write or download it again"
        if isinstance(fault, UnicodeDecodeError) or "UTF8" in str(fault):
            reason = f"a text in this {kind} file is not UTF-8; write it again"
        raise UserError(reason, file=path) from fault


def _parts(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    state = read_json(path / SAVED_DATASET)
    names = [part["filename"] for part in state["_data_files"]]
    if any(Path(name).name != name for name in names):
        raise UserError(f"{SAVED_DATASET} names files outside of this folder; write the data set again", file=path)
    return [path / name for name in names]


def _open(file: Path) -> tuple[Any, Iterator[Any]]:
    """The schema and the batches of a file, in either of Arrow's two formats."""
    import pyarrow

    with file.open("rb") as stream:
        random_access = stream.read(6) == b"ARROW1"
    source = pyarrow.memory_map(str(file))
    if random_access:
        reader = pyarrow.ipc.open_file(source)
        batches: Iterable[Any] = (reader.get_batch(i) for i in range(reader.num_record_batches))
    else:
        reader = batches = pyarrow.ipc.open_stream(source)
    return reader.schema, (
        batch.slice(start, _BATCH_ROWS) for batch in batches for start in range(0, batch.num_rows, _BATCH_ROWS)
    )


def _rows(path: Path, schema: Any, batches: Iterable[Any]) -> Iterator[Row]:
    """Rows of batches. Classes have the names that `datasets` noted in the schema, -1 is None; what JSON has no type for is text.

    Raises:
        UserError: two columns of one name, or a class without a name.
    """
    check_distinct(path, schema.names)
    features = _features(schema)
    line = 0
    for batch in batches:
        batch.validate(full=True)  # places in a damaged file may point outside of it, and reading them ends the process
        columns = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            line += 1
            fields = {}
            for name, value in zip(schema.names, values, strict=True):
                fields[name] = _plain_id(value) if name in QUESTION_ID_COLUMNS else _plain(value)
                if name in features:
                    try:
                        fields[name] = _with_names(fields[name], features[name])
                    except (IndexError, TypeError):
                        reason = f"{str(value)[:60]} is no class among those that the file's own schema names; write it again"
                        raise UserError(reason, file=path, row=line, column=name) from None
            yield Row(line, fields)


def _features(schema: Any) -> dict[str, Any]:
    """Those columns, as `datasets` describes them in a schema, that hold classes by number."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        return {name: feature for name, feature in features.items() if '"ClassLabel"' in json.dumps(feature)}
    return {}


def _with_names(value: Any, feature: Any) -> Any:
    """A value with names for classes, by the feature that describes it: of a class, or nested as the value is."""
    if isinstance(feature, list):  # how older versions describe a list
        feature = {"_type": "List", "feature": feature[0]}
    if feature.get("_type") == "ClassLabel":
        if isinstance(value, list):
            return [_with_names(item, feature) for item in value]
        if not isinstance(value, int) or not feature.get("names"):
            return value
        return feature["names"][value] if value >= 0 else None
    inner = feature.get("feature", {}) if "_type" in feature else feature
    if isinstance(value, list):
        return [_with_names(item, inner) for item in value]
    if isinstance(value, dict):
        return {name: _with_names(item, inner.get(name, {})) for name, item in value.items()}
    return value


def _plain_id(value: Any) -> Any:
    """As `_plain`; text also of bytes, of nested values, and where a reader of JSON may round, beyond 2**53."""
    value = _plain(value)
    rounded = isinstance(value, int) and abs(value) > 2**53
    return id_text(value) if rounded or isinstance(value, (bytes, list, dict)) else value


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: dates, decimals and the like as text, NaN as None."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode("utf-8")
        return value  # a text of other bytes is refused by whoever needs one
    if hasattr(value, "tolist"):  # of numpy
        return _plain(value.tolist())
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

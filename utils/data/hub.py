"""Data sets of the Hub, or saved by `DatasetDict.save_to_disk`, as files, or streamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..arguments import DataArguments
from ..errors import UserError, first_line
from ..files import SAVED_DATASET, STREAMED, Row, cache_folder

Reader = Callable[[str], Iterator[Row]]

STREAMED_ROWS = 1 << 14  # that are on disk at a time
SPLITS = ("train", "validation", "test")


def hub_files(data: DataArguments) -> dict[str, str]:
    """Saves the splits of a Hub data set as parquet files with labels by name, so that they are read as any file.

    Raises:
        UserError: no such data set, or one that is a script.
    """
    loaded: dict[str, Any] = {}
    for configuration in _configurations(data):
        loaded |= _loaded(data, partial(_load, data.dataset_name, configuration))
    files: dict[str, str] = {}
    for name in SPLITS:
        if name not in loaded:
            continue
        split = _labels_by_name(loaded[name])
        file = cache_folder() / f"{name}-{split._fingerprint}.parquet"
        if not file.exists():  # another run may be reading it
            draft = file.with_suffix(f".{os.getpid()}")
            split.to_parquet(draft)
            draft.replace(file)
        files[name] = str(file)
    return files


def hub_streams(data: DataArguments) -> dict[str, tuple[str, Any]]:
    """The splits of a Hub data set, of which nothing is downloaded yet: what each is called, with its revision, and its rows.

    Raises:
        UserError: no such data set, or one that is a script.
    """
    found = {}
    for configuration in _configurations(data):
        revision, loaded = _loaded(data, partial(_stream, data.dataset_name, configuration))
        for name in SPLITS:
            if name in loaded:
                file = f"{STREAMED}{data.dataset_name}@{revision}, {configuration or 'default'}, {name}"
                found[name] = file, loaded[name]
    return found


def read_streamed(rows: Any, read: Reader) -> Iterator[Row]:
    """Rows of a split of `hub_streams`: some of them at a time are a parquet file, until they are read.

    Args:
        read: yields the rows of a file.

    Raises:
        UserError: the Hub does not answer, or whatever is wrong with a row.
    """
    from pyarrow import parquet

    line, tables = 0, iter(rows.with_format("arrow").iter(batch_size=STREAMED_ROWS))
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        while (table := _next(tables, line)) is not None:
            file = Path(folder) / f"rows-{line + 1}-to-{line + len(table)}.parquet"
            parquet.write_table(table, file)
            for row in read(str(file)):
                yield row._replace(line=line + row.line)
            file.unlink()
            line += len(table)


def _next(tables: Iterator[Any], line: int) -> Any:
    try:
        return next(tables, None)
    except Exception as error:  # of whichever library connects or decodes
        cure = "the same command goes on with --resume_from_checkpoint true, or begins anew"
        raise UserError(f"the data set cannot be read on after row {line:,} ({first_line(error)}); {cure}") from error


def _configurations(data: DataArguments) -> tuple[str | None, ...]:
    if data.benchmark is not None and data.benchmark.hub[:2] == (data.dataset_name, data.dataset_config_name):
        return data.benchmark.hub[1:]  # its splits may be spread over several
    return (data.dataset_config_name,)


def _loaded(data: DataArguments, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (OSError, ValueError, RuntimeError) as error:
        cure = ""
        if data.benchmark is not None:
            cure = f"; or fetch {', '.join(data.benchmark.files.values())} from {data.benchmark.source} and name their --data_dir"
        raise UserError(f"cannot load --dataset_name {data.dataset_name}: {error}{cure}") from error


def _load(name: str | None, configuration: str | None) -> Any:
    import datasets

    saved = _saved(name)
    return datasets.load_dataset(name, configuration) if saved is None else saved


def _stream(name: str | None, configuration: str | None) -> tuple[str, Mapping[str, Any]]:
    """The revision of a data set, and its splits as they are streamed."""
    import datasets

    saved = _saved(name)
    if saved is not None:
        revision = "-".join(split._fingerprint[:8] for split in saved.values())
        return revision, {name: split.to_iterable_dataset() for name, split in saved.items()}
    builder = datasets.load_dataset_builder(name or "", configuration)
    return builder.hash, builder.as_streaming_dataset()


def _saved(name: str | None) -> Any:
    """A data set that was saved to disk; None where the name is no folder of one."""
    import datasets

    folder = Path(name or "")
    if (folder / "dataset_dict.json").is_file():
        return datasets.load_from_disk(str(folder))
    if (folder / SAVED_DATASET).is_file():
        raise UserError("one data set that was saved to disk; name it with --train_file", file=folder)
    return None


def _labels_by_name(split):
    """Replaces class indices by their names, single ones and lists of them; a hidden label (-1) becomes None."""
    from datasets import ClassLabel

    def name(index: int | None) -> str | None:
        return None if index is None or index < 0 else inner.int2str(index)

    for column, feature in split.features.items():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, ClassLabel):
            names = [
                [name(index) for index in value] if isinstance(value, list) else name(value) for value in split[column]
            ]
            split = split.remove_columns(column).add_column(column, names)
    return split

"""Data sets of the Hub, or saved by `DatasetDict.save_to_disk`, as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..arguments import DataArguments
from ..errors import UserError
from ..files import SAVED_DATASET, cache_folder


def hub_files(data: DataArguments) -> dict[str, str]:
    """Saves the splits of a Hub data set as parquet files with labels by name, so that they are read as any file.

    Raises:
        UserError: no such data set, or one that is a script.
    """
    configurations: tuple[str | None, ...] = (data.dataset_config_name,)
    if data.benchmark is not None and data.benchmark.hub[:2] == (data.dataset_name, data.dataset_config_name):
        configurations = data.benchmark.hub[1:]  # its splits may be spread over several
    loaded: dict[str, Any] = {}
    for configuration in configurations:
        try:
            loaded |= _load(data.dataset_name, configuration)
        except (OSError, ValueError, RuntimeError) as error:
            cure = ""
            if data.benchmark is not None:
                cure = f"; or fetch {', '.join(data.benchmark.files.values())} from {data.benchmark.source} and name their --data_dir"
            raise UserError(f"cannot load --dataset_name {data.dataset_name}: {error}{cure}") from error
    files: dict[str, str] = {}
    for name in ("train", "validation", "test"):
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


def _load(name: str | None, configuration: str | None) -> Any:
    import datasets

    folder = Path(name or "")
    if (folder / "dataset_dict.json").is_file():
        return datasets.load_from_disk(str(folder))
    if (folder / SAVED_DATASET).is_file():
        raise UserError("one data set that was saved to disk; name it with --train_file", file=folder)
    return datasets.load_dataset(name, configuration)


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

"""Features of texts in windows, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any


def each_window(row: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """The windows of a text.

    Args:
        row: features with `windows`, the tokens of each; the lists of the others run through all of them.
        names: of the features that are wanted.
    """
    ends = list(accumulate(row["windows"]))
    return [{name: row[name][start:end] for name in names} for start, end in zip([0, *ends[:-1]], ends, strict=True)]

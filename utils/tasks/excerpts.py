"""What a report says of single rows: a part of their text, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.splits import Split

SOURCE_COLUMNS = ("source", "domain", "genre")


def around(text: str, place: int, most: int) -> str:
    """The text, or about `most` characters of it around a place, in whole words where it has such."""
    if len(text) <= most:
        return text
    start = max(0, min(place - most // 3, len(text) - most))
    end, reach = start + most, most // 8
    if start and (space := text.find(" ", start, start + reach)) > 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", end - reach, end)) > 0:
        end = space
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def find_sources(split: Split, taken: Sequence[str | None] = ()) -> list[str | None]:
    """Where every row comes from, as a column says it that is called so; None where there is none.

    Args:
        taken: columns that hold something else.
    """
    names = [name for name in SOURCE_COLUMNS if name not in taken]
    found = next((name for name in names if any(row.fields.get(name) for row in split.rows)), None)
    values = [row.fields.get(found) if found else None for row in split.rows]
    return [" ".join(str(value).split())[:60] if value not in (None, "") else None for value in values]

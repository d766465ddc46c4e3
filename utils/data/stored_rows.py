"""Rows on disk, or read again and again, in memory a block at a time; and what is made of rows when it is asked for."""

from __future__ import annotations

import contextlib
import logging
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

from ..errors import UserError
from ..files import Row, cache_folder

BLOCK_ROWS = 256  # in memory at a time; with contexts of 10 KB it is a few MB
SPOOLED_BYTES = 1 << 22  # up to here there is no file
CHANGED = "has changed since the run began, and --streaming reads it again and again; leave it as it is during a run"
MOST_READERS = 8  # of one stream at once: each goes through the rows for itself, as the columns of features do

T = TypeVar("T")


class _Equal(Sequence[T]):
    """A sequence that equals any other of the same values, as a list equals a list."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))


class Lazy(_Equal[T]):
    """What a function gives of every item of a sequence, made whenever it is asked for."""

    def __init__(self, items: Sequence[Any], make: Callable[[Any], T]):
        self.items, self.make = items, make

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return map(self.make, self.items)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Lazy[T]: ...

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Lazy(self.items[index], self.make)
        return self.make(self.items[index])


class _Blocks:
    """A file of pickled blocks of rows. It has no name: nobody else can write to it, and it is gone when the process is."""

    def __init__(self, rows: Iterable[Row]):
        # In the cache's folder: a folder for temporary files may be held in memory.
        self.file = tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES, dir=str(cache_folder()))  # noqa: SIM115
        self.starts: list[int] = []
        self.count = 0
        rows = iter(rows)
        while block := list(islice(rows, BLOCK_ROWS)):
            self.starts.append(self.file.tell())
            pickle.dump(block, self.file, protocol=pickle.HIGHEST_PROTOCOL)
            self.count += len(block)

    def read(self, number: int) -> list[Row]:
        self.file.seek(self.starts[number])
        return pickle.load(self.file)


class _Stream:
    """The same blocks, read anew from where the rows come from whenever they are asked for. Nothing of them is kept.

    A block is read on from the nearest before it. Each that goes through the rows has a reader of its own.
    """

    def __init__(self, read: Callable[[], Iterator[Row]], name: str):
        self.rows, self.name = read, name
        self.count = sum(1 for _ in read())
        self._readers: list[_Reader] = []  # the last used comes last

    def read(self, number: int) -> list[Row]:
        before = [reader for reader in self._readers if reader.number < number]
        nearest = max(before, key=lambda reader: reader.number, default=None)
        if nearest is None or nearest.number + 1 < number:
            for reader in self._readers:
                if reader.number == number:  # two pieces of the rows meet inside a block
                    return reader.block
        skipped, rows = (number, self.rows()) if nearest is None else (number - nearest.number - 1, nearest.rows)
        with _quiet():
            block = list(islice(rows, skipped * BLOCK_ROWS, (skipped + 1) * BLOCK_ROWS))
        if len(block) != min(BLOCK_ROWS, self.count - number * BLOCK_ROWS):
            raise UserError(CHANGED, file=self.name)
        others = [reader for reader in self._readers if reader is not nearest]
        self._readers = [*others, _Reader(number, block, rows)][-MOST_READERS:]
        return block


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Says nothing of rows a second time."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


class _Reader(NamedTuple):
    """The block that was read last, its number, and the rows that follow."""

    number: int
    block: list[Row]
    rows: Iterator[Row]


class StoredRows(_Equal[Row]):
    """Rows in the order in which they were read. Slices and selections share the source of the rows that they are taken from."""

    def __init__(self, blocks: _Blocks | _Stream, places: range | np.ndarray):
        self._blocks, self._places = blocks, places
        self._number = -1  # of the block that was read last
        self._block: list[Row] = []

    @classmethod
    def of(cls, rows: Iterable[Row]) -> StoredRows:
        """Reads all rows and keeps them on disk."""
        blocks = _Blocks(rows)
        return cls(blocks, range(blocks.count))

    @classmethod
    def streamed(cls, read: Callable[[], Iterator[Row]], name: str) -> StoredRows:
        """Rows that are not kept, but read again whenever they are gone through.

        Args:
            read: begins to read them.
            name: what errors call their source.

        Raises:
            UserError: whatever is wrong with them: they are counted here.
        """
        stream = _Stream(read, name)
        return cls(stream, range(stream.count))

    @property
    def are_streamed(self) -> bool:
        """Whether nothing of them is kept."""
        return isinstance(self._blocks, _Stream)

    def where(self, chosen: Sequence[bool] | np.ndarray) -> StoredRows:
        """The rows for which `chosen`, one value for each, is true."""
        places = np.flatnonzero(np.asarray(chosen, dtype=bool))
        own = self._places
        return StoredRows(self._blocks, own.start + places if isinstance(own, range) else own[places])

    @cached_property
    def field_names(self) -> list[str]:
        """See `field_names`."""
        return field_names(self)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Row]:
        number, block = -1, []
        for place in self._places:
            if place // BLOCK_ROWS != number:
                number = int(place) // BLOCK_ROWS
                block = self._blocks.read(number)
            yield block[place % BLOCK_ROWS]

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> StoredRows: ...

    def __getitem__(self, index):
        if isinstance(index, slice):
            return StoredRows(self._blocks, self._places[index])
        number, place = divmod(int(self._places[index]), BLOCK_ROWS)
        if number != self._number:
            self._number, self._block = number, self._blocks.read(number)
        return self._block[place]


def field_names(rows: Iterable[Row]) -> list[str]:
    """The names of the fields that any of the rows has, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in rows for name in row.fields))

"""The order of the training rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Sampler

READ_PLACES = 4096  # at a time


class EpochRandomSampler(Sampler[int]):
    """All rows in an order that depends on seed and epoch alone: accelerate's, without a list of Python's numbers.

    `SeedableRandomSampler` gives the same order; its list takes 36 bytes for each row, the tensor 8.
    """

    def __init__(self, rows: int, seed: int):
        self.rows, self.seed, self.epoch = rows, seed, 0

    def __len__(self) -> int:
        return self.rows

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        for places in torch.randperm(self.rows, generator=generator).split(READ_PLACES):
            yield from places.tolist()


class EpochLengthGroupedSampler(Sampler[int]):
    """Rows of similar length one after the other, in an order that depends on seed and epoch alone.

    It is that of the library's `get_length_grouped_indices` without its lists, which take 36 bytes for each row: rows are shuffled, sorted
    by length within chunks of 50 batches, and the longest of all comes first. The library's sampler draws from the global generator: a
    resumed run would see another order, and processes that drop out differently would train on some rows twice and on others never.

    Args:
        batch_size: of one step of the optimizer.
        lengths: of the rows, (N,).
    """

    def __init__(self, batch_size: int, lengths: np.ndarray, seed: int):
        self.lengths, self.seed, self.epoch = lengths, seed, 0
        self.chunk = batch_size * (min(len(lengths) // (batch_size * 4), 50) or 1)

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).numpy()
        starts = range(0, len(order), self.chunk)
        longest = int(np.argmax([self.lengths[order[start : start + self.chunk]].max() for start in starts]))
        first, last = self._sorted(order, 0)[0], self._sorted(order, longest)[0]
        for number in range(len(starts)):
            places = self._sorted(order, number)
            places[0] = last if number == 0 else first if number == longest else places[0]
            yield from places.tolist()

    def _sorted(self, order: np.ndarray, number: int) -> np.ndarray:
        places = order[number * self.chunk : (number + 1) * self.chunk]
        return places[np.argsort(-self.lengths[places], kind="stable")]


class EpochPieceSampler(Sampler[int]):
    """All rows piece by piece, those of each piece in an order that depends on seed and epoch alone.

    Args:
        starts: the place of each piece's first row, and the number of all.
        order: of the rows of a piece, counted from 0, by the place of its first row and the place after its last.
    """

    def __init__(
        self, starts: Sequence[int], order: Callable[[int, int], EpochRandomSampler | EpochLengthGroupedSampler]
    ):
        self.starts, self.order, self.epoch = starts, order, 0

    def __len__(self) -> int:
        return self.starts[-1]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        for first, end in itertools.pairwise(self.starts):
            own = self.order(first, end)
            own.set_epoch(self.epoch)
            yield from (first + place for place in own)

"""The order of the training rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import LengthGroupedSampler

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


class EpochLengthGroupedSampler(LengthGroupedSampler):
    """Groups rows of similar length in an order that depends on seed and epoch alone.

    The parent draws from the global generator: a resumed run would see another order, and processes that drop out
    differently would draw different orders and so train on some rows twice and on others never.
    """

    def __init__(self, batch_size: int, lengths: list[int], seed: int):
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self):
        self.generator.manual_seed(self.seed + self.epoch)
        return super().__iter__()


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

"""A checkpoint that cannot be written is one line, whichever library says so."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from utils.errors import UserError
from utils.training.saving import SavingTrainer

CANNOT = "^checkpoint-1: cannot be written .*; is the disk full\\?$"


def room():
    trainer: Any = None
    return SavingTrainer._room_for(trainer, Path("checkpoint-1"))


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /dev/full")
@pytest.mark.parametrize("place", ["/dev/full", "/proc/nowhere/optimizer.pt"])
def test_what_torch_cannot_write(place):
    with pytest.raises(UserError, match=CANNOT), room():
        torch.save({"weight": torch.zeros(100_000)}, place)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /dev/full")
@pytest.mark.parametrize("place", ["/dev/full", "/proc/nowhere/tokenizer.json"])
def test_what_tokenizers_cannot_write(place, tiny_tokenizer):
    with pytest.raises(UserError, match=CANNOT), room():
        tiny_tokenizer.backend_tokenizer.save(place)


def test_a_full_disk():
    with pytest.raises(UserError, match=CANNOT), room():
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [RuntimeError("cannot write to a tensor"), OSError(errno.EIO, "Input/output error")])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)) as caught, room():
        raise error
    assert caught.value is error

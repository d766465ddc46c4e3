"""What a reader says of a file that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from utils.errors import UserError
from utils.files import Row

Reader = Callable[[Path], Iterator[Row]]


def fault(read: Reader, path: Path, **columns: str) -> str:
    """The message of the error, checked to be one line that names the file."""
    with pytest.raises(UserError) as caught:
        list(read(path, **columns))
    message = str(caught.value)
    assert message.startswith(f"{path}") and "\n" not in message
    return message

"""Texts that were typed on the command line, or come from standard input, in the place of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from ..errors import UserError

TYPED = "--text"  # what errors call the place; there is no file
STANDARD_INPUT = "-"


def typed_lines(texts: Sequence[str]) -> Iterator[str]:
    """The texts; `-` alone stands for the lines of standard input that hold something, one text each.

    Raises:
        UserError: a line is not UTF-8, or there is none.
    """
    if list(texts) != [STANDARD_INPUT]:
        yield from texts
        return
    if sys.stdin.isatty():
        ends = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"
        print(f"one text a line, {ends} ends:", file=sys.stderr)
    count = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            text = line.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            cure = "convert it before, for example with `iconv -f cp949 -t utf-8`"
            raise UserError(f"not UTF-8; {cure}", file="standard input", row=number) from error
        if text:
            count += 1
            yield text
    if not count:
        raise UserError(f"{TYPED} {STANDARD_INPUT}: standard input holds no text")


def paired(texts: Sequence[str], others: Sequence[str], names: tuple[str, str]) -> list[tuple[str, str]]:
    """Each text with the other that belongs to it; one alone belongs to all.

    Args:
        names: of the two flags.

    Raises:
        UserError: neither one for all nor one for each.
    """
    counts = len(texts), len(others)
    if counts[0] != counts[1] and 1 not in counts:
        raise UserError(f"{counts[0]} {names[0]} and {counts[1]} {names[1]}: give one for all, or one for each")
    most = max(counts)
    spread = [list(values) * most if len(values) == 1 else list(values) for values in (texts, others)]
    return list(zip(*spread, strict=True))

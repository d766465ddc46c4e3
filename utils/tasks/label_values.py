"""What a cell of a column of labels says: a name, a number, several names, or nothing at all."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from heads.characters import normalize

# What people and programs write where there is no label. A lower-case "none" is not among them: it names a class.
NOTHING = frozenset(
    r"nan NaN NAN NaT None null Null NULL N/A n/a N.A. n.a. #N/A <NA> (null) (NULL) \N "
    "#NULL! #VALUE! #REF! #NAME? #DIV/0! #NUM!".split()  # a spreadsheet's errors
)
# The same, unless it can be a class among the others; see `signs_for_nothing`. A point is what SPSS and SAS write.
SIGNS = frozenset(("-", "–", "—", "--", "---", "_", "?", ".", "-1", "-100"))
# What may say so and may be a class of its own: it is read as a class.
MAYBE_NOTHING = frozenset(("NA", "-1", "해당없음", "해당 없음", "없음", "미분류", "미정", "결측"))

_INVISIBLE: dict[int, str | None] = {
    code: None
    for code in (
        *(*range(0xA0), 0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F)),
        *(*range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC)),
    )
    if not chr(code).isspace() and not chr(code).isprintable()
}
# Letters that show nothing.
_BLANK_LETTERS: dict[int, str | None] = dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), " ")
_JOINERS = "\u200c\u200d"  # inside they make emoji and Persian words, outside they are left over
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"([+-]?\d+)\.0*")
_OPENING = re.compile(r"""\s*[\[({]\s*['"\[({]""")


@lru_cache(maxsize=1 << 16)
def canonical(name: str) -> str:
    """The one spelling of a name: NFC, without invisible characters and spaces around it, with single spaces inside.

    Files from macOS write Hangul in NFD, spreadsheets leave spaces and marks of the byte order.
    """
    if name.isascii() and name.isalnum():
        return name
    composed = normalize("NFC", name).translate(_INVISIBLE | _BLANK_LETTERS)
    return " ".join(composed.split()).strip(_JOINERS)


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: it holds spaces and invisible characters only."""
    return not text.strip() or (len(text) < 64 and canonical(text) == "")


@lru_cache(maxsize=1 << 16)
def look_alike(name: str) -> str:
    """What names share that mean the same and look nearly so.

    Full-width letters (NFKC), the two forms of an emoji, quotes around the whole name, 1.0 and 1.
    """
    folded = canonical(normalize("NFKC", name.replace("\ufe0e", "").replace("\ufe0f", "")))
    if len(folded) > 2 and folded[0] == folded[-1] and folded[0] in "\"'":
        folded = canonical(folded[1:-1])
    whole = _WHOLE.fullmatch(folded)
    return whole[1] if whole else folded


def number(value: Any) -> float | None:
    """A finite number, also one that is written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = normalize("NFKC", canonical(value)).replace("\u2212", "-")
        return float(text) if _NUMBER.fullmatch(text) and math.isfinite(float(text)) else None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def is_decimal(value: Any) -> bool:
    """Whether a number is written with a decimal point."""
    return isinstance(value, float) or (isinstance(value, str) and "." in value)


def is_nothing(value: Any) -> bool:
    """Whether a cell holds no label, whatever the others hold: it is empty, or says so."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str) and (canonical(value) == "" or canonical(value) in NOTHING)


def signs_for_nothing(names: Counter[str]) -> set[str]:
    """Which names of a column stand for no label.

    A dash, a point or a question mark do among words, -100 and -1 among numbers of classes. Beside "+" a dash is a class. -1
    stands for no label beside three or more numbers that count from 0 or 1, and, where it is much rarer than these, beside 0
    and 1; else it is a class, as in -1, 0, 1 for bad, middling, good.

    Args:
        names: canonical names and how often each occurs.
    """
    others = {name: count for name, count in names.items() if look_alike(name) not in SIGNS}
    found = {name for name in names if look_alike(name) in SIGNS and look_alike(name) != "-1"}
    if "+" in others or not any(name[0].isalnum() for name in others):
        found = set()
    minus_one = {name for name in names if look_alike(name) == "-1"}
    if minus_one and all(look_alike(name).isdecimal() for name in others):
        numbers = sorted({Decimal(look_alike(name)) for name in others})
        counted = len(numbers) > 1 and numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))
        rare = 2 * sum(names[name] for name in minus_one) < min(others.values(), default=0)
        if counted and (len(numbers) > 2 or (numbers == [0, 1] and rare)):
            found |= minus_one
    return found


def is_broken_list(text: str) -> bool:
    """Whether a text begins as a list, a tuple, a set or a dictionary is written, which `as_list` could not read."""
    return _OPENING.match(text) is not None


def is_multi_hot(values: Iterable[list]) -> bool:
    """Whether lists are vectors of 0 and 1, one place for each class, all of one length of at least two."""
    lengths = set()
    for value in values:
        lengths.add(len(value))
        if len(lengths) > 1 or len(value) < 2 or any(bit(item) is None for item in value):
            return False
    return bool(lengths)


def bit(item: Any) -> bool | None:
    """What an item of a vector of 0 and 1 says, also as True and False and as text; None for anything else."""
    if isinstance(item, bool):
        return item
    if isinstance(item, str) and canonical(item).lower() in ("true", "false"):
        return canonical(item).lower() == "true"
    return {0.0: False, 1.0: True}.get(number(item))  # type: ignore[arg-type]

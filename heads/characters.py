"""Texts as people read them: letters made of several code points, and where tokens stand in a text as it was written.

Files from macOS hold Hangul as letters (NFD): `한` is three code points there. One rule for all texts: a tokenizer sees
`compose(text)`, so that both forms give the same tokens, and `original_offsets` leads back to the text as it was written.
A text in NFC is left as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Literal

ZERO_WIDTH_JOINER = "\u200d"
MOST_MARKS = 1000  # on one letter that is brought into a normal form


def compose(text: str) -> str:
    """The text in NFC, but for code points that stand alone, which are left as they are.

    So every letter and what follows it, such as accents and the vowels of Hangul, is one code point where Unicode has one. A
    text in NFC is returned unchanged.
    """
    return _compose(text)[0]


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """As `unicodedata.normalize`, but in a time that grows with the text: marks in a row, if more than `MOST_MARKS`, stay as they are."""
    # A run of them covers one of these places.
    if not any(map(unicodedata.combining, text[:: MOST_MARKS // 2])):
        return unicodedata.normalize(form, text)
    pieces: list[str] = []
    start = place = 0
    for marked, run in groupby(text, lambda one: unicodedata.combining(one) > 0):
        size = sum(1 for _ in run)
        if marked and size > MOST_MARKS:
            pieces += [unicodedata.normalize(form, text[start:place]), text[place : place + size]]
            start = place + size
        place += size
    return "".join([*pieces, unicodedata.normalize(form, text[start:])])


def original_offsets(text: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where tokens stand in a text as it was written.

    A normalising tokenizer gives a token that it made of several code points the place of the first one only: the code
    points after it that join the letter before them, and that no token covers, are added to the token that ends there.

    Args:
        text: as it was written.
        offsets: start and end of every token in `compose(text)`, as a tokenizer gives them, (0, 0) where a token stands for
            nothing; in any order, those of all windows at once.

    Returns:
        start and end of every token in `text`; equal to `offsets` where the text is in NFC and every letter is covered.
    """
    composed, places = _compose(text)
    absorbed = _absorbed(composed, offsets) if any(map(_joins_a_letter, set(composed))) else {}
    if composed == text and not absorbed:
        return list(offsets)
    return [(places[start], places[absorbed.get(end, end)]) if start < end else (0, 0) for start, end in offsets]


def whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """A span widened to whole user-perceived characters: it cuts no syllable, accented letter, emoji or line end.

    By `MOST_MARKS` code points at most on either side.
    """
    first, last = max(start - MOST_MARKS, 0), min(end + MOST_MARKS, len(text))
    while start > first and is_inside(text, start):
        start -= 1
    while 0 < end < last and is_inside(text, end):
        end += 1
    return start, end


def is_inside(text: str, place: int) -> bool:
    """Whether the code point at a place continues the user-perceived character before it.

    Nearly the extended grapheme clusters of Unicode's UAX 29: not known are conjuncts of Indic consonants, and what is an
    emoji is told by its category.
    """
    if not 0 < place < len(text):
        return False
    before, here = text[place - 1], text[place]
    if here < "\u0300":
        return before == "\r" and here == "\n"
    if before in "\r\n":
        return False
    if _extends(here):
        return True
    sides = _hangul(before), _hangul(here)
    if all(sides):
        return sides in (("L", "L"), ("L", "V"), ("L", "LV"), ("L", "LVT")) or sides in (
            *(("V", "V"), ("LV", "V"), ("V", "T"), ("LV", "T")),
            *(("LVT", "T"), ("T", "T")),
        )
    if _is_flag_letter(here):
        return place in _second_flag_letters(text)
    if before == ZERO_WIDTH_JOINER and _is_emoji(here):
        place -= 1
        while place > 0 and _extends(text[place]):
            place -= 1
        return _is_emoji(text[place])
    return False


@lru_cache(maxsize=64)  # a context has many questions
def _compose(text: str) -> tuple[str, Sequence[int]]:
    """The composed text, and for each of its characters, and its end, the place in `text`."""
    if text.isascii() or normalize("NFC", text) == text:
        return text, range(len(text) + 1)
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _follows(text[end]):
            end += 1
        piece = text[start:end]
        one = normalize("NFC", piece) if end - start > 1 else piece
        piece = one if len(one) <= len(piece) else piece
        # The first code point takes in what became fewer; the others, if any, stand one for one.
        pieces.append(piece)
        places += [start, *range(end - len(piece) + 1, end)]
        start = end
    return "".join(pieces), [*places, len(text)]


def _absorbed(text: str, offsets: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Code points that no token covers and that join the letter before them: by the end of the token before, their own end."""
    covered = bytearray(len(text))
    for start, end in offsets:
        covered[start:end] = b"\1" * (end - start)
    moved = {}
    for end in {end for start, end in offsets if start < end}:
        last = end
        while last < len(text) and not covered[last] and _joins_a_letter(text[last]):
            last += 1
        if last > end:
            moved[end] = last
    return moved


@lru_cache(maxsize=4096)
def _follows(character: str) -> bool:
    """Whether a code point can compose with one before it: marks, vowels and final consonants of Hangul."""
    return unicodedata.category(character)[0] == "M" or _hangul(character) in ("V", "T")


@lru_cache(maxsize=4096)
def _joins_a_letter(character: str) -> bool:
    """Whether a tokenizer's normalisation, of whatever form, can make one letter of this code point and that before it."""
    return character == ZERO_WIDTH_JOINER or _follows(unicodedata.normalize("NFKD", character)[0])


@lru_cache(maxsize=4096)
def _extends(character: str) -> bool:
    """Whether a code point belongs to whatever stands before it: marks, in half width too, joiners, skin tones, tags."""
    return (
        unicodedata.category(unicodedata.normalize("NFKD", character)[0])[0] == "M"
        or character in "\u200c\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _hangul(character: str) -> str:
    """The kind of a letter or syllable of Hangul as Unicode names them: L, V, T, LV or LVT; empty for all others."""
    if "\uac00" <= character <= "\ud7a3":
        return "LVT" if (ord(character) - 0xAC00) % 28 else "LV"
    if "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c":
        return "L"
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return "V"
    if "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb":
        return "T"
    return ""


def _is_emoji(character: str) -> bool:
    plain = not unicodedata.decomposition(character)  # unlike signs such as ㈜
    return plain and unicodedata.category(character) == "So" and not _is_flag_letter(character)


@lru_cache(maxsize=64)
def _second_flag_letters(text: str) -> frozenset[int]:
    """The places of the letters that end a flag: two of them are one."""
    runs = re.finditer("[\U0001f1e6-\U0001f1ff]{2,}", text)
    return frozenset(place for run in runs for place in range(run.start() + 1, run.end(), 2))


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"

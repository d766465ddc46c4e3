"""Where an answer stands in its context: in another normal form too, and counted as other programs count."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate

from heads.characters import compose, is_inside, normalize, whole_characters

from ..files import shown

MOST_SHARED = 100  # characters that count nothing, one after the other, before which an answer is still looked for


def _of_nfc(context: str) -> list[int]:
    """All of a user-perceived character's width at its first code point."""
    widths = [0] * len(context)
    start = 0
    for end in range(1, len(context) + 1):
        if not is_inside(context, end):
            widths[start] = len(normalize("NFC", context[start:end]))
            start = end
    return widths


# What `answer_start` may count instead of characters: how much each character of a context adds.
COUNTINGS: dict[str, Callable[[str], list[int]]] = {
    "UTF-16 code units, as JavaScript does": lambda text: [1 + (one > "\uffff") for one in text],
    "bytes of UTF-8": lambda text: [len(one.encode("utf-8", "surrogatepass")) for one in text],
    "the line end \\r\\n as one": lambda text: [int(text[i : i + 2] != "\r\n") for i in range(len(text))],
    "every \\n as \\r\\n": lambda text: [1 + (one == "\n" and text[i - 1 : i] != "\r") for i, one in enumerate(text)],
    "no byte order mark": lambda text: [int(one != "\ufeff") for one in text],
    "characters of the text in NFC": _of_nfc,
    "characters of the text in NFD": lambda text: [len(unicodedata.normalize("NFD", one)) for one in text],
}


def answer_span(context: str, text: str, start: int, counting: str | None = None) -> tuple[int, int] | None:
    """The first character of an answer in its context and its end; None where it does not stand at its place.

    Args:
        text: of the answer, in whatever normal form; it is not empty.
        start: where it says it stands.
        counting: what `start` counts, one of `COUNTINGS`; None: characters.
    """
    if counting is None:
        return _span_at(context, text, start) if start >= 0 else None
    sums = _sums(context, counting)
    # Characters that count nothing share a place with the one after them.
    places = range(bisect_left(sums, start), bisect_right(sums, start))[-MOST_SHARED:]
    return next((span for span in (_span_at(context, text, place) for place in places) if span), None)


def _span_at(context: str, text: str, start: int) -> tuple[int, int] | None:
    if context.startswith(text, start):
        return start, start + len(text)
    wanted = normalize("NFD", text)
    end, length = start, 0
    while end < len(context) and length < len(wanted):
        length += len(unicodedata.normalize("NFD", context[end]))
        end += 1
    same = normalize("NFD", context[start:end]) == wanted
    return (start, end) if same and whole_characters(context, start, end) == (start, end) else None


def misplaced(context: str, text: str, start: int) -> str:
    """What is wrong with an answer that does not stand at its place, and the cure."""
    there = shown(context[max(start, 0) :][: len(text)])
    first = context.find(text)
    if first >= 0:
        cure = f"it first stands at {first}: count in characters from 0"
    elif compose(text) in compose(context):
        cure = "it is there in another Unicode normal form: copy it from the context and count in characters"
    elif normalize("NFKC", text) in normalize("NFKC", context):
        cure = "it is there in another Unicode normal form, such as full-width letters: copy it from the context"
    else:
        cure = "correct the text: it is not there"
    if start < 0:
        none = "if the question has no answer, leave the list of answers empty"
        return f"answer_start {start} of {shown(text)} is no place; {cure}; {none}"
    return f"the context has {there} at answer_start {start}, not {shown(text)}; {cure}"


@lru_cache(maxsize=64)  # a context has many questions
def _sums(context: str, counting: str) -> Sequence[int]:
    return list(accumulate(COUNTINGS[counting](context), initial=0))

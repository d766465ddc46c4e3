"""The language of texts, as far as their letters show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from heads.characters import compose

MOST_TEXTS = 2000  # that are looked at


def language_of(texts: Sequence[str]) -> str | None:
    """The language of texts as the Hub writes it: `ko` where more than half of their letters are Hangul; else None, unknown."""
    letters = Counter(is_hangul(letter) for text in texts[:MOST_TEXTS] for letter in compose(text) if letter.isalpha())
    return "ko" if letters[True] > letters[False] else None


def is_hangul(letter: str) -> bool:
    """Whether a letter is a syllable or a letter of Hangul."""
    return "가" <= letter <= "힣" or "\u3131" <= letter <= "\u318e" or "\u1100" <= letter <= "\u11ff"

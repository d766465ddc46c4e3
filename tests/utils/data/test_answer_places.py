"""Where answers stand, whatever their normal form and whatever their offsets count."""

from __future__ import annotations

import random
import unicodedata

import pytest

from utils.data.answer_places import COUNTINGS, answer_span, misplaced

EMOJI = "강 😀 다리는 강동대교이다."
LINES = "첫 줄\r\n서울은 수도"


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    ("context", "text", "start", "counting", "span"),
    [
        (EMOJI, "강동대교", 8, None, (8, 12)),
        (EMOJI, "강동대교", 9, None, None),
        (EMOJI, "강동대교", -1, None, None),
        (EMOJI, "강동대교", 99, None, None),
        (EMOJI, "강동대교", 9, "UTF-16 code units, as JavaScript does", (8, 12)),
        (EMOJI, "😀", 3, "UTF-16 code units, as JavaScript does", None),  # inside of it
        (EMOJI, "강동대교", 19, "bytes of UTF-8", (8, 12)),
        (LINES, "서울", 4, "the line end \\r\\n as one", (5, 7)),
        (LINES.replace("\r", ""), "서울", 5, "every \\n as \\r\\n", (4, 6)),
        ("\ufeff서울", "서울", 0, "no byte order mark", (1, 3)),
        # Normal forms: the span is that of the context as it is.
        (nfd(EMOJI), "강동대교", 14, None, (14, 24)),
        (nfd(EMOJI), "강동대교", 8, None, None),
        (nfd(EMOJI), "강동대교", 8, "characters of the text in NFC", (14, 24)),
        (EMOJI, nfd("강동대교"), 8, None, (8, 12)),
        (EMOJI, nfd("강동대교"), 14, "characters of the text in NFD", (8, 12)),
        (nfd("각도"), "가", 0, None, None),  # it would end inside of a syllable
        ("Cafe\u0301", "Caf\u00e9", 0, None, (0, 5)),
    ],
)
def test_places(context, text, start, counting, span):
    assert answer_span(context, text, start, counting) == span


def test_every_counting_finds_what_was_counted_so():
    choice = random.Random(0)
    counts = {
        "UTF-16 code units, as JavaScript does": lambda text: len(text.encode("utf-16-le")) // 2,
        "bytes of UTF-8": lambda text: len(text.encode()),
        "the line end \\r\\n as one": lambda text: len(text.replace("\r\n", "\n")),
        "every \\n as \\r\\n": lambda text: len(text.replace("\r\n", "\n").replace("\n", "\r\n")),
        "no byte order mark": lambda text: len(text.replace("\ufeff", "")),
        "characters of the text in NFC": lambda text: len(unicodedata.normalize("NFC", text)),
        "characters of the text in NFD": lambda text: len(nfd(text)),
    }
    assert counts.keys() == COUNTINGS.keys()
    pieces = ["서울", nfd("한강"), "😀", "\n", "\r\n", "e\u0301", "\ufeff", "abc ", "é"]
    for _ in range(300):
        before = "".join(choice.choices(pieces, k=choice.randint(0, 8)))
        context = before + "답" + "".join(choice.choices(pieces, k=3))
        for counting, count in counts.items():
            assert answer_span(context, "답", count(before), counting) == (len(before), len(before) + 1), counting


@pytest.mark.parametrize(
    ("context", "text", "cure"),
    [
        (EMOJI, "다리", "it first stands at 4: count in characters from 0"),
        (
            nfd(EMOJI),
            "다리",
            "it is there in another Unicode normal form: copy it from the context and count in characters",
        ),
        (
            "ＡＢＣ 회사",
            "ABC",
            "it is there in another Unicode normal form, such as full-width letters: copy it from the context",
        ),
        (EMOJI, "바다", "correct the text: it is not there"),
    ],
)
def test_misplaced(context, text, cure):
    message = misplaced(context, text, 1)
    assert message.endswith(f'at answer_start 1, not "{text}"; {cure}')

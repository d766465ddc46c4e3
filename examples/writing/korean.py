"""Just enough Korean grammar for the example texts: particles by final consonant, and the endings of predicates.

A predicate is named by its dictionary form (`좋다`, `돋보이다`, `최고이다`); `inflect` gives one of `ENDINGS`.
Forms on `이다` are a noun plus copula, unless they are listed in `VERBS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SLOT = re.compile(r"\{(\w+)(?::([^}]*))?\}")
_FIRST, _LAST = ord("가"), ord("힣")
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
# The final consonant with which a digit or a Latin letter is read aloud (영 일 이 삼 ..., 엘 엠 엔 알); none for all others.
_READ_FINALS = dict(zip("0136789", "ㅇㄹㅁㄱㄹㄹ ", strict=True)) | {"L": "ㄹ", "M": "ㅁ", "N": "ㄴ", "R": "ㄹ"}
_READ_UNITS = {"km": " ", "mm": " ", "cm": " ", "kg": "ㅁ"}

VERBS = frozenset(
    "돋보이다 거슬리다 늘어지다 떨어지다 와닿다 넘치다 오글거리다 신나다 맛깔나다 빛나다 질리다 설레다 끌리다 살아나다 "
    "남다 맞다 겉돌다 터지다 울리다 몰아치다 무너지다 어울리다".split()
)
ENDINGS = (
    "다 았다 아요 았어요 네요 습니다 았습니다 아 았어 네 더라 음 았음 지만 았지만 는데 았는데 고 았고 지 긴 아서 는 을 다고 던데"
).split()


def split_syllable(char: str) -> tuple[int, str, str]:
    """Initial (as a number), vowel and final (a space if none) of a Hangul syllable."""
    number = ord(char) - _FIRST
    return number // 588, _VOWELS[number % 588 // 28], _FINALS[number % 28]


def join_syllable(initial: int, vowel: str, final: str = " ") -> str:
    """Inverse of `split_syllable`."""
    return chr(_FIRST + initial * 588 + _VOWELS.index(vowel) * 28 + _FINALS.index(final))


def with_final(word: str, final: str) -> str:
    """`word` with the final consonant of its last syllable replaced."""
    initial, vowel, _ = split_syllable(word[-1])
    return word[:-1] + join_syllable(initial, vowel, final)


def final_of(word: str) -> str:
    """The final consonant with which `word` is read, a space if it ends in a vowel. Closing marks are passed over."""
    word = word.rstrip("'\"’”)")
    if word.endswith(tuple(_READ_UNITS)):
        return next(final for unit, final in _READ_UNITS.items() if word.endswith(unit))
    char = word[-1:].upper()
    if char and _FIRST <= ord(char) <= _LAST:
        return split_syllable(char)[2]
    return _READ_FINALS.get(char, " ")


def josa(word: str, pair: str) -> str:
    """`word` with the particle that fits it, for instance `josa("연기", "은/는") == "연기는"`.

    `pair` is written consonant form first; `으로/로` also takes the vowel form after ㄹ.
    """
    closed, open_ = pair.split("/")
    final = final_of(word)
    if final == " " or (final == "ㄹ" and pair.startswith("으로/")):
        return word + open_
    return word + closed


def fill_slots(template: str, value_of: Callable[[str], str]) -> tuple[str, list[tuple[str, str, int]]]:
    """The template with every `{slot}` or `{slot:particle}` filled, and what came where: (slot, value, start)."""
    text, at = "", 0
    places = []
    for match in _SLOT.finditer(template):
        text += template[at : match.start()]
        slot, pair = match.groups()
        value = value_of(slot)
        places.append((slot, value, len(text)))
        text += josa(value, pair) if pair else value
        at = match.end()
    return text + template[at:], places


def infinitive(stem: str) -> str:
    """The 아/어 form: 좋 -> 좋아, 지루하 -> 지루해, 아름답 -> 아름다워, 느리 -> 느려."""
    if stem.endswith("하"):
        return stem[:-1] + "해"
    if stem.endswith("그렇"):
        return stem[:-1] + "래"
    if stem.endswith("낫"):
        return stem[:-1] + "나아"
    if stem.endswith("아니"):
        return stem + "어"
    initial, vowel, final = split_syllable(stem[-1])
    if final == "ㅂ":
        return stem[:-1] + join_syllable(initial, vowel) + "워"
    if final != " ":
        return stem + ("아" if vowel in "ㅏㅗㅑ" else "어")
    before = split_syllable(stem[-2])[1] if len(stem) > 1 and stem[-2] != " " else ""
    if stem.endswith("르"):
        return with_final(stem[:-1], "ㄹ") + ("라" if before in "ㅏㅗ" else "러")
    if vowel == "ㅡ":
        return stem[:-1] + join_syllable(initial, "ㅏ" if before and before in "ㅏㅗ" else "ㅓ")
    contracted = {"ㅣ": "ㅕ", "ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅚ": "ㅙ"}.get(vowel, vowel)
    return stem[:-1] + join_syllable(initial, contracted)


def adnominal(stem: str, verb: bool) -> str:
    """The form before a noun: 좋은, 지루한, 재미있는, 아름다운, 돋보이는."""
    initial, vowel, final = split_syllable(stem[-1])
    if verb or stem.endswith(("있", "없", "재밌")):
        return (with_final(stem, " ") if final == "ㄹ" else stem) + "는"
    if final == "ㅂ":
        return stem[:-1] + join_syllable(initial, vowel) + "운"
    if stem.endswith("그렇"):
        return stem[:-1] + "런"
    if stem.endswith("낫"):
        return stem[:-1] + "나은"
    return stem + "은" if final != " " else with_final(stem, "ㄴ")


def inflect(word: str, ending: str) -> str:
    """`word` (dictionary form) with `ending` (one of `ENDINGS`, named by the form it takes after 좋-)."""
    if ending not in ENDINGS:
        raise ValueError(f"unknown ending {ending!r}; known: {' '.join(ENDINGS)}")
    if word.endswith("이다") and word not in VERBS:
        return _inflect_copula(word[:-2], ending)
    stem, verb = word[:-1], word.split()[-1] in VERBS
    final = final_of(stem)
    dropped = with_final(stem, " ") if final == "ㄹ" else stem
    if ending == "다" or ending == "다고":
        plain = stem + "다"
        if verb:
            plain = with_final(dropped, "ㄴ") + "다" if final in " ㄹ" else stem + "는다"
        return plain + ending[1:]
    if stem.endswith("아니") and ending in ("아", "아요"):
        return stem + {"아": "야", "아요": "에요"}[ending]
    if ending.startswith("았"):
        past = with_final(infinitive(stem), "ㅆ")
        return past + ending[1:]
    if ending in ("아", "아요", "아서"):
        return infinitive(stem) + ending[1:]
    if ending == "네" or ending == "네요":
        return dropped + ending
    if ending == "습니다":
        return stem + "습니다" if final not in " ㄹ" else with_final(stem, "ㅂ") + "니다"
    if ending == "음":
        if verb or stem.endswith(("있", "없", "재밌")):
            return stem + "음" if final != " " else with_final(stem, "ㅁ")
        return with_final(adnominal(stem, verb), "ㅁ")
    if ending == "는":
        return adnominal(stem, verb)
    if ending == "을":
        if verb or stem.endswith(("있", "없", "재밌")):
            return stem + "을" if final not in " ㄹ" else with_final(stem, "ㄹ")
        return with_final(adnominal(stem, verb), "ㄹ")
    if ending == "는데":
        return adnominal(stem, verb) + "데"
    return stem + ending


def _inflect_copula(noun: str, ending: str) -> str:
    closed = final_of(noun) != " "
    i = "이" if closed else ""
    past = noun + ("이었" if closed else "였")
    if ending.startswith("았"):
        return past + ending[1:]
    forms = {
        "다": i + "다",
        "아요": "이에요" if closed else "예요",
        "네요": i + "네요",
        "습니다": "입니다",
        "아": i + "야",
        "네": i + "네",
        "더라": i + "더라",
        "음": "임",
        "지만": i + "지만",
        "는데": "인데",
        "고": i + "고",
        "지": i + "지",
        "긴": i + "긴",
        "아서": i + "라서",
        "는": "인",
        "을": "일",
        "다고": i + "라고",
        "던데": i + "던데",
    }
    return noun + forms[ending]

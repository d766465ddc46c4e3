import random
import unicodedata

import pytest
import regex
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from heads.characters import compose, is_inside, original_offsets, whole_characters

NORMALIZERS = {
    "none": normalizers.Sequence([]),
    "NFC": normalizers.NFC(),
    "NFD": normalizers.NFD(),
    "NFKC": normalizers.NFKC(),
    "NFKD": normalizers.NFKD(),
    "lower case without accents": normalizers.BertNormalizer(lowercase=True),
    "cased": normalizers.BertNormalizer(lowercase=False),
}


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def pieces_of(text: str, normalizer: normalizers.Normalizer) -> list[str]:
    """What each token of a tokenizer that takes every code point for a token holds of the text as it was written."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    offsets = tokenizer.encode(compose(text), add_special_tokens=False).offsets
    return [text[slice(*place)] for place in original_offsets(text, offsets)]


@pytest.mark.parametrize(
    ("text", "composed"),
    [
        (decomposed("한강은"), "한강은"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("o\u0323\u0302", "\u1ed9"),
        ("x\u0303y", "x\u0303y"),  # no such code point
        ("\uf914", "\uf914"),  # stands alone: as it is, though NFC has another
        (decomposed("가") + "\uf914", "가\uf914"),
        ("\u0958\u0902", "\u0958\u0902"),  # NFC would make more of it
        ("㈜ｶﾞＡ", "㈜ｶﾞＡ"),
        ("", ""),
    ],
)
def test_compose(text, composed):
    assert compose(text) == composed


def test_every_composed_code_point_is_made_again():
    for code_point in range(0x110000):
        character = chr(code_point)
        parts = unicodedata.decomposition(character)
        if parts and parts[0] != "<" and unicodedata.is_normalized("NFC", character):
            assert compose(decomposed(character)) == character


@pytest.mark.parametrize("name", NORMALIZERS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_tokens_hold_whole_letters(name, form):
    text = unicodedata.normalize(form, "한강 é")
    letters = [unicodedata.normalize(form, letter) for letter in ("한", "강", " ", "é")]
    assert list(dict.fromkeys(pieces_of(text, NORMALIZERS[name]))) == letters


@pytest.mark.parametrize(
    ("text", "name", "pieces"),
    [
        ("ｶﾞ!", "NFKC", ["ｶﾞ", "!"]),
        ("ㅋㅏ!", "NFKC", ["ㅋㅏ", "!"]),
        ("ㅋㅏ!", "NFC", ["ㅋ", "ㅏ", "!"]),
        ("㈜", "NFKC", ["㈜", "㈜", "㈜"]),
        ("x\u0303y", "lower case without accents", ["x\u0303", "y"]),
        ("x\u0303y", "none", ["x", "\u0303", "y"]),
        ("❤\ufe0f!", "lower case without accents", ["❤\ufe0f", "!"]),
        ("a\r\nb", "NFC", ["a", "\r", "\n", "b"]),
    ],
)
def test_code_points_that_no_token_covers(text, name, pieces):
    assert pieces_of(text, NORMALIZERS[name]) == pieces


def test_offsets_in_a_text_in_nfc_stay():
    offsets = [(0, 0), (0, 1), (1, 3), (4, 6), (0, 0)]
    assert original_offsets("서울은 어디", offsets) == offsets


def test_offsets_inside_a_letter_that_is_no_code_point():
    # The syllable becomes one code point, the mark after it stays.
    text = decomposed("각") + "\u0323!"
    assert compose(text) == "각\u0323!"
    assert original_offsets(text, [(0, 1), (1, 2), (2, 3)]) == [(0, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize(
    ("text", "span", "whole"),
    [
        (decomposed("한강"), (0, 1), (0, 3)),
        (decomposed("한강"), (4, 6), (3, 6)),
        ("👨\u200d👩\u200d👧!", (0, 1), (0, 5)),
        ("!👨\u200d👩\u200d👧", (3, 4), (1, 6)),
        ("👍🏻!", (0, 1), (0, 2)),
        ("🇰🇷🇯🇵", (0, 1), (0, 2)),
        ("🇰🇷🇯🇵", (2, 3), (2, 4)),
        ("❤\ufe0f", (0, 1), (0, 2)),
        ("\u0e19\u0e33!", (0, 1), (0, 2)),  # Thai
        ("\u0915\u093f!", (0, 1), (0, 2)),  # Hindi
        ("서울은", (0, 2), (0, 2)),
        ("", (0, 0), (0, 0)),
        ("e\u0301", (0, 0), (0, 0)),
    ],
)
def test_whole_characters(text, span, whole):
    assert whole_characters(text, *span) == whole


def test_characters_are_those_of_unicode():
    pool = [*"가각각ꥠힰퟋ a.\r\n🏻👨👩\u200d\u200c\ufe0f❤e\u0301\u0323🇰🇷ｶﾞ㈜ㅋㅏ①", "\U000e0067"]
    choice = random.Random(0)
    for _ in range(20_000):
        text = "".join(choice.choices(pool, k=choice.randint(1, 8)))
        begin = [match.start() for match in regex.finditer(r"\X", text)]
        assert [place for place in range(len(text)) if not is_inside(text, place)] == begin, ascii(text)

"""What tokens and numbers of tagged files are, literally."""

from __future__ import annotations

import logging
import unicodedata

import pytest
from tagged_rows import split_of

from utils.errors import UserError
from utils.files import Row
from utils.tasks.token_rows import check_tags, check_tokens, check_unit, is_character, name_tags, unit_of


@pytest.mark.parametrize(
    "token", ["가", unicodedata.normalize("NFD", "각"), "❤\ufe0f", "🇰🇷", "👩\u200d🚀", "1\ufe0f\u20e3", "e\u0301", "👍🏻", " ", "."]
)  # fmt: skip
def test_one_character_to_a_reader(token):
    assert is_character(token)


@pytest.mark.parametrize("token", ["", "가나", "🇰🇷🇯🇵", "❤\ufe0f❤\ufe0f", "ab", unicodedata.normalize("NFD", "각나")])
def test_not_one_character(token):
    assert not is_character(token)


def unlabelled(*sentences: list[str]):
    return split_of(list(sentences), None)


@pytest.mark.parametrize(
    ("tokens", "unit"),
    [
        ([*"서울 역", "❤\ufe0f"], "characters"),
        ([*unicodedata.normalize("NFC", "서울 역"), unicodedata.normalize("NFD", "각")], "characters"),
        ([*"서울 역에서" * 10, "ㅋㅋ"], "characters"),  # one of 51
        (["서울", "역", "."], "words"),
        ([*"서울역", "에서"], "words"),
        ([" "], "characters"),
    ],
)
def test_the_whole_file_decides(tokens, unit):
    assert unit_of(unlabelled(tokens)) == unit


def test_longer_tokens_among_characters_are_said(caplog):
    with caplog.at_level(logging.INFO, logger="utils"):
        unit_of(unlabelled([*"서울 역에서" * 10, "ㅋㅋ"]))
    assert "a.tsv: the tokens are characters; 1 of 51 are longer, such as 'ㅋㅋ'" in caplog.text


def test_units_that_do_not_fit():
    with pytest.raises(
        UserError, match=r"^a\.tsv: the tokens are words \(such as '민수'\), the model tags characters; give one "
    ):
        check_unit(unlabelled(["민수", "씨는", "."]), "characters")
    with pytest.raises(
        UserError, match=r"^a\.tsv: the tokens are characters \(such as '민'\), the model tags words; give one word"
    ):
        check_unit(unlabelled(list("민수 씨")), "words")
    for tokens in (["I", "a"], [], [" "], ["민수", "씨", "."]):
        check_unit(unlabelled(tokens), "words")
    for tokens in ([*"민수 씨는 서울", "ㅋㅋ"], [], [" "]):
        check_unit(unlabelled(tokens), "characters")


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (
            "1 2 3 1-2 8.1",
            "all tokens are numbers (1, 2, 3, ...); give words or characters: in a file of columns the first ",
        ),
        ("a a a a a a a a a a", "all 10 tokens are 'a'"),
        ("B-PER I-PER O", "the tokens are tags (B-PER, I-PER, O, ...)"),
        ("S-PER E-PER O", "the tokens are tags (S-PER, E-PER, O, ...)"),
        ("PER_B PER_I -", "the tokens are tags (PER_B, PER_I, -, ...)"),
        ("b_per o", "the tokens are tags (b_per, o, ...)"),
    ],
)
def test_what_cannot_be_tokens(tokens, said):
    with pytest.raises(UserError) as error:
        check_tokens(unlabelled(tokens.split()), tokens.split())
    assert said in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize("tokens", ["", "O", "1 a", "a a a", "B-52 fliegt", "I O - _", "e-mail S-Bahn an"])
def test_what_can_be_tokens(tokens):
    check_tokens(unlabelled(tokens.split()), tokens.split())


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("_ _ _", "a.tsv: all 3 tags are '_': nothing to learn; in a file of columns the first holds the token, the last its tag"),
        ("3 0 12 -1", "a.tsv: the tags are numbers (-1, 0, 3, 12) without names; say what they mean, from 0 on: --tag_names O B-PER"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned(tags, said):
    with pytest.raises(UserError) as error:
        check_tags(split_of([["a"] * len(tags.split())], [tags.split()]))
    assert said in str(error.value)


def test_as_many_tags_as_tokens_are_said(caplog):
    check_tags(split_of([["a"] * 300], [[f"단{i}" for i in range(300)]]))
    assert (
        "a.tsv: 300 different tags for 300 tokens; is the last column, or --label_column_name, the tag?" in caplog.text
    )


def rows(*tags: str) -> list[Row]:
    return [Row(4, {"id": None, "tokens": ["a"] * len(tags), "tags": list(tags)})]


def test_names_of_numbers():
    (named,) = name_tags("a.jsonl", iter(rows("2", "0", "1")), ["O", "B-PER", "I-PER"])
    assert named == Row(4, {"id": None, "tokens": ["a", "a", "a"], "tags": ["I-PER", "O", "B-PER"]})
    (unnamed,) = name_tags("a.jsonl", iter([Row(1, {"tokens": ["a"], "tags": None})]), ["O"])
    assert unnamed.fields["tags"] is None


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("3", "a.jsonl, row 4: the tag of token 2 is 3, and --tag_names names 0 to 2; name all of them"),
        ("-100", "a.jsonl, row 4: the tag of token 2 is -100, which hides it; give every token its tag"),
        ("B-PER", "a.jsonl, row 4: --tag_names names numbers, and the tag of token 2 is 'B-PER'; leave it out"),
    ],
)
def test_numbers_without_names_and_names_without_numbers(tag, said):
    with pytest.raises(UserError) as error:
        list(name_tags("a.jsonl", iter(rows("0", tag)), ["O", "B-PER", "I-PER"]))
    assert str(error.value) == said


@pytest.mark.parametrize("tag", ["B-LOC|B-ORG", "O|O", "B-LOC,I-ORG", "I-LOC+O"])
def test_several_tags_of_one_token(tag):
    with pytest.raises(UserError, match="is several tags of one token, as of entities in one another; keep one"):
        check_tags(split_of([["a", "b"]], [[tag, "O"]]))
    check_tags(split_of([["a", "b", "c"]], [["B-LOC,CITY", "NNG+JX", "O"]]))

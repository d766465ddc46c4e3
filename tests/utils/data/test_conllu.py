"""CoNLL-U, literally."""

from __future__ import annotations

import logging

import pytest
from faults import fault

from utils.data.tagged import read_tagged
from utils.files import Row


def word(number: str, form: str, upos: str = "_", xpos: str = "_", misc: str = "_") -> str:
    return f"{number}\t{form}\t{form}\t{upos}\t{xpos}\t_\t0\troot\t_\t{misc}\n"


FILE = (
    "# newdoc\n# sent_id = s-1\n# text = 서울에서 일해요.\n"
    + word("1-2", "서울에서")
    + word("1", "서울", "PROPN", "NNP")
    + word("2", "에서", "ADP", "JKB")
    + word("2.1", "나는")
    + word("3", "일해요", "VERB", "VV")
    + "\n# text = 네\n"
    + word("1", "네", "INTJ", "IC")
)


@pytest.mark.parametrize("name", ["a.conllu", "a.CONLLU", "a.txt", "a.conll.gz", "a"])
def test_words_and_tags(write, name):
    assert list(read_tagged(write(name, FILE))) == [
        Row(5, {"id": "s-1", "tokens": ["서울", "에서", "일해요"], "tags": ["PROPN", "ADP", "VERB"]}),
        Row(11, {"id": None, "tokens": ["네"], "tags": ["INTJ"]}),
    ]


def test_other_columns_by_name(write, caplog):
    with caplog.at_level(logging.INFO, logger="utils"):
        rows = list(read_tagged(write("a.conllu", FILE), text_column="lemma", label_column="XPOS"))
    assert [row.fields["tags"] for row in rows] == [["NNP", "JKB", "VV"], ["IC"]]
    assert "CoNLL-U: the words are LEMMA, the tags are XPOS; --label_column_name names another column" in caplog.text
    message = fault(read_tagged, write("a.conllu", FILE), label_column="NER")
    assert "row 5, column 'NER': no such column; name one of ID, FORM, LEMMA, UPOS, XPOS, FEATS" in message


def test_where_upos_is_empty_xpos_counts(write):
    (row,) = read_tagged(write("a.conllu", word("1", "네", xpos="IC") + word("2", "!", xpos="SF")))
    assert row.fields["tags"] == ["IC", "SF"]


def test_without_any_tags(write):
    (row,) = read_tagged(write("a.conllu", word("1", "네") + word("2", "!")))
    assert row.fields["tags"] is None


def test_columns_with_names_of_their_own(write):
    content = "# global.columns = ID FORM NER\n1\t민수\tB-PER\n2\t는\tO\n\n1\t네\tO\n"
    rows = list(read_tagged(write("a.conllup", content), label_column="NER"))
    assert [(row.fields["tokens"], row.fields["tags"]) for row in rows] == [
        (["민수", "는"], ["B-PER", "O"]),
        (["네"], ["O"]),
    ]
    assert [row.fields["tags"] for row in read_tagged(write("b.conllup", content))] == [["B-PER", "O"], ["O"]]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (word("1", "네", "INTJ") + word("2", "!"), "row 2, column 'UPOS': a word without a tag ('_')"),
        ("1\t네\tINTJ\n", "row 1: columns: 10 expected in CoNLL-U, separated by one TAB, 3 found"),
        ("# text = a\n", "holds no records"),
    ],
)
def test_faults(write, content, place):
    assert place in fault(read_tagged, write("a.conllu", content))

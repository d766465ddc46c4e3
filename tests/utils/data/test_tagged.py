"""Tagged text: every trap seen in real files and every error, with literal values."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from pathlib import Path

import datasets
import pyarrow
import pytest
from faults import fault
from pyarrow import parquet

from utils.data.fields import tidy_tag
from utils.data.tagged import read_tagged
from utils.files import Row

KLUE_NER = (
    "## 출처 : \t\n## 구분자 : \\n\\n\n## 주석 : ##\n## 컬럼명 : CHAR\tNE_TAG\n"
    "## dev_00000\t<서울:LC> 밤\n서\tB-LC\n울\tI-LC\n \tO\n밤\tO\n#\tO\n##\tO\n\n"
    "## dev_00001\t<1 월:DT>\n1\tB-DT\n \tI-DT\n월\tI-DT\n\u3000\tO\n\n"
)


@pytest.mark.parametrize("name", ["ner.tsv", "ner.txt.gz", "ner"])
def test_klue_ner(write, name):
    assert list(read_tagged(write(name, KLUE_NER))) == [
        Row(
            6,
            {
                "id": "dev_00000",
                "tokens": ["서", "울", " ", "밤", "#", "##"],
                "tags": ["B-LC", "I-LC", "O", "O", "O", "O"],
            },
        ),
        Row(14, {"id": "dev_00001", "tokens": ["1", " ", "월", "\u3000"], "tags": ["B-DT", "I-DT", "I-DT", "O"]}),
    ]


def sentences(path: Path) -> list[tuple[int, str | None, list[str], list[str] | None]]:
    return [(row.line, row.fields["id"], row.fields["tokens"], row.fields["tags"]) for row in read_tagged(path)]


def test_conll_of_four_columns_between_spaces(write):
    content = (
        "-DOCSTART- -X- -X- O\n\nEU NNP  B-NP B-ORG \n# SYM O O\n## SYM O O\n\n  \n"
        "no\u00a0break UH O O\n-DOCSTART- -X- -X- O\n"
    )
    assert sentences(write("a.conll", content)) == [
        (3, None, ["EU", "#", "##"], ["B-ORG", "O", "O"]),
        (8, None, ["no\u00a0break"], ["O"]),
    ]


def test_separators_holding_only_tabs_and_hyphenated_types(write):
    content = "\ufeffRick\tB-creative-work\r\n#tag\tO\r\n\t\r\n\n \t \nNew York\tB-location"
    assert sentences(write("a.annotated", content)) == [
        (1, None, ["Rick", "#tag"], ["B-creative-work", "O"]),
        (6, None, ["New York"], ["B-location"]),
    ]


def test_one_column_has_no_tags(write):
    assert sentences(write("a.txt", "Rick\nand\n\nMorty\n")) == [
        (1, None, ["Rick", "and"], None),
        (4, None, ["Morty"], None),
    ]


def test_comments_above_sentences(write):
    content = (
        "# written by hand\n# v2\n# id 7f\tdomain=en\na _ _ O\n# _ _ O\n\n"
        "# id 8a\tdomain=en\n# _ _ O\n## note\nb _ _ B-X\n"
    )
    assert sentences(write("a.conll", content)) == [
        (4, "7f", ["a", "#"], ["O", "O"]),
        (8, "8a", ["#"], ["O"]),
        (10, None, ["b"], ["B-X"]),
    ]


def test_naver_ner_has_a_sentence_a_line(write):
    assert sentences(write("train.tsv", "네 .\tO O\n이순신\tPER-B\n한국 시리즈 3차전\tEVT-B EVT-I NUM-B\n")) == [
        (1, None, ["네", "."], ["O", "O"]),
        (2, None, ["이순신"], ["PER-B"]),
        (3, None, ["한국", "시리즈", "3차전"], ["EVT-B", "EVT-I", "NUM-B"]),
    ]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a\tO\nb\n", "row 2: columns: 2 expected (as in the rows above), 1 found"),
        ("a\n\nb O\n", "row 3: columns: 1 expected (as in the rows above), 2 found"),
        ("a\tX\tO\nb\tO\n", "row 2: columns: 3 expected (as in the rows above), 2 found"),
        ("a\tO\nb\t\n", "row 2: a token without a tag"),
        ("a\tO\n\tO\n", "row 2: a tag without a token"),
        ("a b\tO O\nc d\tO O O\n", "row 2: tokens and tags differ in number (2 and 3)"),
    ],
)
def test_ragged_columns(write, content, place):
    assert place in fault(read_tagged, write("a.bio", content))


def test_columns_have_no_names(write):
    assert "'ner'" in fault(read_tagged, write("a.iob2", "a\tO\n"), label_column="ner")


def test_lists_in_json(write):
    content = (
        '{"guid": "x", "sentence": "no", "words": ["a", " "], "pos_tags": [7, 7], "ner_tags": [3, 0]}\n'
        '{"idx": 0, "tokens": ["b"], "tags": ["O"]}\n{"id": null, "tokens": [], "labels": []}\n'
    )
    assert sentences(write("a.jsonl", content)) == [
        (1, "x", ["a", " "], ["3", "0"]),
        (2, "0", ["b"], ["O"]),
        (3, None, [], []),
    ]


def test_lists_in_csv(write):
    content = 'id,tokens,ner_tags\n1,"[""a"", ""b""]","[""O"", ""B-X""]"\n'
    assert sentences(write("a.csv", content)) == [(2, "1", ["a", "b"], ["O", "B-X"])]


@pytest.mark.parametrize("tokens", ["['it''s', \"b'\"]", "('it''s', \"b'\")", "['it''s'\n \"b'\"]"])
def test_lists_in_csv_as_pandas_and_numpy_write_them(write, tokens):
    tokens = tokens.replace("''", "\\'")
    content = io.StringIO()
    csv.writer(content).writerows(
        [["tokens", "ner_tags"], [tokens, "['O', 'B-X']"], [str(["a"] * 5000), str(["O"] * 5000)]]
    )
    first, second = read_tagged(write("a.csv", content.getvalue()))
    assert first.fields == {"id": None, "tokens": ["it's", "b'"], "tags": ["O", "B-X"]}
    assert second.fields["tags"] == ["O"] * 5000


def test_lists_in_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"tokens": [["a"], ["b", "c"]], "ner_tags": [[1], [0, 2]]}), path)
    assert sentences(path) == [(1, None, ["a"], ["1"]), (2, None, ["b", "c"], ["0", "2"])]


def test_named_columns(write):
    path = write("a.json", '[{"chars": ["a"], "tokens": ["no"], "kinds": ["X"], "tags": ["no"]}]')
    (row,) = read_tagged(path, text_column="chars", label_column="kinds")
    assert row.fields == {"id": None, "tokens": ["a"], "tags": ["X"]}


@pytest.mark.parametrize("content", ['{"tokens": ["a"]}', '{"tokens": ["a"], "tags": null}'])
def test_lists_without_tags(write, content):
    (row,) = read_tagged(write("a.jsonl", content), label_column=None if "tags" in content else "kinds")
    assert row.fields == {"id": None, "tokens": ["a"], "tags": None}


@pytest.mark.parametrize(
    ("content", "columns", "place"),
    [
        (
            '{"tokens": ["a"], "tags": ["O", "O"]}',
            {},
            "row 1, column 'tags': tokens and tags differ in number (1 and 2)",
        ),
        ('{"tokens": "a b"}', {}, "row 1, column 'tokens': expected a list"),
        ('{"tokens": ["a"], "tags": [null]}', {}, "row 1, column 'tags': expected a list"),
        ('{"other": "a"}', {}, "row 1: no column of tokens among other; name it with --text_column_name"),
        ('{"sentence": "a", "NER": [1]}', {}, "row 1: no column of tokens among sentence, NER; name it"),
        ('{"text": "a", "label": [[0, 1, "X"]]}\n{"text": "a"}', {}, "row 2: only some of the rows so far have tags"),
        ('{"text": "a"}\n{"text": "a", "label": []}', {}, "row 2: only some of the rows so far have tags"),
        ('{"tokens": ["a"]}', {"text_column": "x"}, "row 1, column 'x': no such column; name one of tokens"),
        ('{"tokens": ["a"], "tags": ["O"]}', {"label_column": "x"}, "row 1, column 'x': no such column"),
        ('{"tokens": ["a"], "tags": ["O"]}\n{"tokens": ["a"]}', {}, "row 2: only some of the rows"),
        ('{"tokens": ["a"]}\n{"tokens": ["a"], "tags": ["O"]}', {}, "row 2, column 'tags': only some of the rows"),
    ],
)
def test_faulty_lists(write, content, columns, place):
    assert place in fault(read_tagged, write("a.jsonl", content), **columns)


@pytest.mark.parametrize("cell", ["[a]", "['a' ... 'z']", "['a'", "{'a'}", "[['a']]"])
def test_what_is_no_list_in_csv(write, cell):
    message = fault(read_tagged, write("a.csv", f"tokens\n{cell}\n"))
    assert ", row 2, column 'tokens': expected a list" in message


@pytest.mark.parametrize("fields", [{}, {"label": None}, {"note": "x"}])
def test_a_text_alone_is_characters_without_tags(write, fields):
    (row,) = read_tagged(write("a.jsonl", json.dumps({"id": 3, "text": "a 나"} | fields)))
    assert row.fields == {"id": "3", "tokens": ["a", " ", "나"], "tags": None}


# What is read as something else than its letters say, and said


@pytest.mark.parametrize("name", ["a.tsv", "a.xyz.gz", "eng.testa", "a.iob"])
def test_extensions(write, name):
    path = write(name, "a\tO\n")
    if "xyz" in name:
        assert ": the extension '.xyz' is not known here; name a file of columns .conll or .tsv" in fault(
            read_tagged, path
        )
    else:
        assert sentences(path) == [(1, None, ["a"], ["O"])]


def test_names_of_columns_are_no_token(write, caplog):
    with caplog.at_level("INFO", logger="utils"):
        assert sentences(write("a.tsv", "Token\tPOS\tTag\na\tX\tO\n")) == [(2, None, ["a"], ["O"])]
    assert "a.tsv: row 1 names the columns: it is no token" in caplog.text
    assert sentences(write("b.tsv", "tag\tO\ntoken\tO\n")) == [(1, None, ["tag", "token"], ["O", "O"])]
    message = fault(read_tagged, write("c.tsv", "Sentence #\tWord\tTag\nSentence: 1\ta\tO\n"))
    assert (
        "row 1: the row names columns, Sentence #, Word, Tag, and the first is not the token; write token, TAB"
        in message
    )


def test_one_token_a_row_of_a_table(write):
    message = fault(read_tagged, write("a.csv", "Word,Tag\na,O\n"))
    assert "row 2: columns Word, Tag, and no lists in them: one token a row? write a .tsv instead" in message


@pytest.mark.parametrize(
    ("tag", "plain"),
    [
        ("B-PER ", "B-PER"),
        (" B-PER\u00a0", "B-PER"),
        ("B-PER\u200b", "B-PER"),
        ("B-PER\x00", "B-PER"),
        ("\ufeffO", "O"),
        ("Ｂ－ＰＥＲ", "B-PER"),
        ("B–PER", "B-PER"),
        ("PER–B", "PER-B"),
        (unicodedata.normalize("NFD", "B-인물"), "B-인물"),
        ("B-인물", "B-인물"),
        ("NN–MOD", "NN–MOD"),
        ("㎏", "㎏"),
    ],
)
def test_tags_that_look_alike(write, tag, plain):
    assert tidy_tag(tag) == tidy_tag(plain) == plain
    content = json.dumps({"tokens": ["a", "b"], "tags": [tag, "O"]}, ensure_ascii=False)
    assert sentences(write("a.jsonl", content)) == [(1, None, ["a", "b"], [plain, "O"])]


def test_white_space_around_the_tags_of_a_column_is_said(write, caplog):
    path = write("a.tsv", "서울\tB-LC \n간다\t O\r\n\n가\tO \n")
    assert sentences(path) == [(1, None, ["서울", "간다"], ["B-LC", "O"]), (4, None, ["가"], ["O"])]
    assert caplog.text.count("a.tsv, row 1: the tag 'B-LC ' is read as 'B-LC', as are others") == 1
    path = write("b.tsv", "집 에 간다 \tO O O \n")
    assert sentences(path) == [(1, None, ["집", "에", "간다"], ["O", "O", "O"])]
    assert "b.tsv" not in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("서울;B-LC\n간다;O\n", 'a.tsv: "서울;B-LC" is one column; put a TAB or a space between token and tag'),
        ("# sent\n서울,B-LC\n\n간다,O\n", '"서울,B-LC" is one column'),
        ("서울\u00a0B-LC\n간다\u00a0O\n", "is one column, as U+00A0 separates nothing; put a TAB"),
        ("서울\u3000B-LC\n간다\u3000O\n", "is one column, as U+3000 separates nothing"),
        (
            "서울\tB-LC\t\n간다\tO\t\n",
            "row 1: the row ends in a TAB, so its last column, the tag, is empty; delete the TAB",
        ),
        (
            "a b c\na b\n",
            "row 2: columns: 3 expected (as in the rows above), 2 found; write one token a row, its columns",
        ),
    ],
)
def test_columns_that_are_none(write, content, message):
    assert message in fault(read_tagged, write("a.tsv", content))


def test_tags_that_stand_before_the_last_column(write, caplog):
    rows = list(read_tagged(write("a.tsv", "서울\tB-LC\t수도\n간다\tO\t가다\n")))
    assert rows[0].fields["tags"] == ["수도", "가다"]
    said = 'a.tsv: the tags are the last column, such as "수도"; column 2 looks like tags, such as "B-LC": put last what is meant'
    assert said in caplog.text
    caplog.clear()
    list(read_tagged(write("a.tsv", "EU NNP B-NP B-ORG\nis VB O O\n")))
    list(read_tagged(write("b.tsv", "O\tX\tNN\nB\tX\tVB\n")))
    assert not caplog.text


def test_files_put_together_keep_no_byte_order_mark(write):
    path = write("a.tsv", "\ufeff서울\tB-LC\n\n\ufeff간다\tO\n")
    assert sentences(path) == [(1, None, ["서울"], ["B-LC"]), (3, None, ["간다"], ["O"])]


def test_tags_that_look_alike_are_said_once(write, caplog):
    content = '{"tokens": ["a"], "tags": ["B-PER "]}\n{"tokens": ["a"], "tags": ["B-LOC\\u3000"]}\n'
    list(read_tagged(write("a.jsonl", content)))
    assert caplog.text.count("a.jsonl, row 1: the tag 'B-PER ' is read as 'B-PER', as are others that differ by") == 1
    assert "B-LOC" not in caplog.text
    tag = unicodedata.normalize("NFD", "B-인물")
    list(read_tagged(write("b.jsonl", json.dumps({"tokens": ["a"], "tags": [tag]}, ensure_ascii=False))))
    assert f"b.jsonl, row 1: the tag '{tag}' (in NFD) is read as 'B-인물'" in caplog.text


def test_a_tag_of_nothing_but_white_space(write):
    assert "row 1: a token without a tag" in fault(
        read_tagged, write("a.jsonl", '{"tokens": ["a"], "tags": ["\\u200b "]}')
    )


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_of_columns_in_any_normal_form(write, form):
    other = "NFD" if form == "NFC" else "NFC"
    token, tag = (unicodedata.normalize(form, name) for name in ("토큰", "태그"))
    path = write("a.jsonl", json.dumps({token: ["a"], tag: ["O"]}, ensure_ascii=False))
    columns = [unicodedata.normalize(other, name) for name in (token, tag)]
    (row,) = read_tagged(path, *columns)
    assert row.fields == {"id": None, "tokens": ["a"], "tags": ["O"]}


def test_names_of_classes_in_the_file(tmp_path):
    path = tmp_path / "a.parquet"
    names = datasets.ClassLabel(names=["O", "B-PER", "I-PER"])
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(names)})
    datasets.Dataset.from_dict({"tokens": [["민", "수"]], "ner_tags": [[1, 2]]}, features=features).to_parquet(path)
    assert sentences(path) == [(1, None, ["민", "수"], ["B-PER", "I-PER"])]


@pytest.mark.parametrize("tag", ["B_PER", "b-per", "I_PER", "o", "PER-B"])
def test_a_hash_is_a_token_in_every_spelling_of_tags(write, tag):
    assert sentences(write("a.conll", f"# SYM {tag}\nab SYM O\n")) == [(1, None, ["#", "ab"], [tag, "O"])]


NUMBERED = "1\t민수는\tPER_B\n2\t서울에\tLOC_B\n3\t간다\t-\n\n1\t예\t-\n"


def test_numbers_of_tokens_are_no_tokens(write, caplog):
    caplog.set_level("INFO")
    rows = list(read_tagged(write("a.tsv", NUMBERED)))
    assert [row.fields["tokens"] for row in rows] == [["민수는", "서울에", "간다"], ["예"]]
    assert [row.fields["tags"] for row in rows] == [["PER_B", "LOC_B", "-"], ["-"]]
    assert "the first column counts the tokens" in caplog.text
    more = NUMBERED * 100 + "\n1\t예\n"
    assert "3 expected" in fault(lambda path: list(read_tagged(path)), write("b.tsv", more))


@pytest.mark.parametrize(
    "text", ["1\tSN\tB-QT\n\n1\tSN\tO\n", "1\tO\n2\tO\n", "1\ta\tO\n3\tb\tO\n", "1\ta\tO\n2\tb\tO\n김\tc\tO\n"]
)
def test_numbers_that_are_tokens(write, text):
    assert [row.fields["tokens"][0] for row in read_tagged(write("a.tsv", text))][0] == "1"

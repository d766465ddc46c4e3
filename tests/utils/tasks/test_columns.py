"""Which columns are read: under which names, as pairs or single texts, and as a model was trained on them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
import text_rows

from heads import HeadedEncoderConfig
from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.files import Row
from utils.tasks.column_checks import check_rows
from utils.tasks.columns import Columns, find_columns

NLI = Columns("premise", "hypothesis", "label", None)
REVIEWS = Columns("body", None, "stars", None)


def split_of(names: str | list[str], name: str = "train", **values: Any) -> Split:
    """Four rows; what is in them is `values`, else words that differ."""
    columns = names.split() if isinstance(names, str) else names
    rows = [{column: values.get(column, f"some words {i}") for column in columns} for i in range(4)]
    return Split(name=name, file="a.csv", rows=[Row(i, row) for i, row in enumerate(rows, start=2)])


def arguments(**flags: Any) -> SequenceDataArguments:
    return SequenceDataArguments(train_file="a.csv", **flags)


def found(split: Split, known: Columns | None = None, **flags: Any) -> tuple:
    columns = find_columns(split, arguments(**flags), known)
    return columns.text, columns.pair, columns.label


def columns_of(split: Split, **flags) -> Columns:
    return find_columns(split, arguments(**flags))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("id document label", ("document", None, "label", "id")),
        ("guid premise hypothesis gold_label", ("premise", "hypothesis", "gold_label", "guid")),
        ("sentence1 sentence2 score", ("sentence1", "sentence2", "score", None)),
        ("index title topic_idx", ("title", None, "topic_idx", "index")),
        ("question1 question2 is_duplicate", ("question1", "question2", "is_duplicate", None)),
        ("text", ("text", None, None, None)),
    ],
)
def test_guessed_columns(names, expected):
    found = columns_of(text_rows.split_of([dict.fromkeys(names.split(), "x")]))
    assert (found.text, found.pair, found.label, found.id) == expected


def test_named_columns_win_and_a_text_is_not_its_own_pair():
    split = text_rows.split_of([dict.fromkeys(("text", "hypothesis", "mood", "label"), "x")])
    found = columns_of(split, text_column_name="hypothesis", label_column_name="mood")
    assert (found.text, found.pair, found.label) == ("hypothesis", None, "mood")
    found = columns_of(split, text_pair_column_name="mood")
    assert (found.text, found.pair) == ("text", "mood")


def test_a_column_that_only_some_rows_have():
    found = columns_of(text_rows.split_of([{"text": "a"}, {"text": "b", "id": 1, "label": "x"}]))
    assert (found.id, found.label) == ("id", "label")


def test_a_test_file_may_lack_the_labels():
    rows = [{"text": "a"}]
    assert columns_of(text_rows.split_of(rows, "test"), label_column_name="mood").label is None
    with pytest.raises(
        UserError, match=r"a\.csv, column 'mood': no such column; --label_column_name can be one of text"
    ):
        columns_of(text_rows.split_of(rows), label_column_name="mood")
    with pytest.raises(
        UserError, match=r"a\.csv, column 'title': no such column; --text_column_name can be one of text"
    ):
        columns_of(text_rows.split_of(rows, "test"), text_column_name="title")
    with pytest.raises(UserError, match=r"a\.csv: no column of text; name one of words with --text_column_name"):
        columns_of(text_rows.split_of([{"words": "a"}]))


def test_texts_of_pairs_hold_both():
    split = text_rows.split_of([{"premise": "a", "hypothesis": "b"}])
    assert columns_of(split).texts(split) == ["a\nb"]


def test_names_in_another_form():
    nfd = unicodedata.normalize("NFD", "본문")
    split = split_of([nfd, " label ", "\ufefftext_pair"])
    assert found(split, text_column_name="본문") == (nfd, "\ufefftext_pair", " label ")
    assert found(split_of("본문 감정"), text_column_name=nfd, label_column_name=" 감정") == ("본문", None, "감정")
    assert found(split_of(["text ", "text", "label"])) == ("text", None, "label")  # the name as it stands comes first


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("Text Label", ("Text", None, "Label")),
        ("ID PREMISE HYPOTHESIS GOLD_LABEL", ("PREMISE", "HYPOTHESIS", "GOLD_LABEL")),
        ("Text sentence Label score", ("sentence", None, "score")),  # the name as it stands comes first
        ("문장 감정", ("문장", None, "감정")),
        ("내용 분류", ("내용", None, "분류")),
    ],
)
def test_capital_letters_and_korean_names(names, expected):
    assert found(split_of(names)) == expected


def test_no_column_of_labels_names_those_that_are_there():
    with pytest.raises(
        UserError, match="^a.csv: no column of labels; name one of class, stars with --label_column_name$"
    ):
        check_rows(split_of("id text class stars"), arguments())
    with pytest.raises(UserError, match="^a.csv: no column of labels; write one$"):
        check_rows(split_of("id text"), arguments())


def test_what_programs_write_where_there_is_no_text_is_said(caplog):
    rows = [Row(i, {"text": text, "label": "a"}) for i, text in enumerate(["좋다", " #N/A", "nan", "none"], start=2)]
    check_rows(Split(name="train", file="a.csv", rows=rows), arguments())
    said = "a.csv: 2 rows hold 'nan', '#N/A' or the like as their text (the first is row 3): it is read as text"
    assert said in caplog.text


def test_one_object_that_holds_the_rows():
    split = Split(name="train", file="a.json", rows=[Row(1, {"count": 2, "results": [{"text": "a"}]})])
    with pytest.raises(
        UserError, match="no column of text; .* or, if this one object holds the rows, write these as a list"
    ):
        find_columns(split, arguments())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("index question sentence label", ("question", "sentence", "label")),
        ("question passage label", ("question", "passage", "label")),
        ("query document label", ("query", "document", "label")),
        ("question sentence1 sentence2 label", ("sentence1", "sentence2", "label")),
        ("sentence label", ("sentence", None, "label")),
        ("text sentiment", ("text", None, "sentiment")),
    ],
)
def test_questions_are_pairs(names, expected):
    assert found(split_of(names)) == expected


def test_flags_keep_questions_single():
    split = split_of("question sentence label")
    assert found(split, text_column_name="sentence") == ("sentence", None, "label")
    assert found(split, text_pair_column_name="question") == ("sentence", "question", "label")


@pytest.mark.parametrize(
    ("score", "sentiment", "label"),
    [("0.93", "긍정", "sentiment"), (0.93, "긍정", "sentiment"), ("3.5", "긍정", "score"), ("0.93", "4", "score"), ("x", "y", "score")],
)  # fmt: skip
def test_a_confidence_is_no_label(score, sentiment, label, caplog):
    split = split_of("text sentiment score", score=score, sentiment=sentiment)
    with caplog.at_level("WARNING", "utils"):
        check_rows(split, arguments())
    other = {"sentiment": "score", "score": "sentiment"}[label]
    assert f"a.csv: the label is '{label}'; --label_column_name can name {other}" in caplog.text
    assert found(split)[2] == label


def test_the_columns_of_the_training():
    assert found(split_of("title body content stars label"), REVIEWS) == ("body", None, "stars")
    assert found(split_of("body text_pair label"), REVIEWS) == ("body", None, "label")
    assert found(split_of("title label"), REVIEWS) == ("title", None, "label")
    assert found(split_of("title body stars"), REVIEWS, text_column_name="title") == ("title", None, "stars")
    assert found(split_of("sentence1 sentence2 premise hypothesis label"), NLI) == ("premise", "hypothesis", "label")
    assert found(split_of("sentence1 sentence2 label"), NLI) == ("sentence1", "sentence2", "label")


def test_the_columns_survive_a_configuration():
    for columns in (NLI, REVIEWS):
        config = HeadedEncoderConfig(**columns.config_fields())
        assert Columns.of_checkpoint(HeadedEncoderConfig.from_dict(config.to_dict())) == columns
    assert Columns.of_checkpoint(HeadedEncoderConfig()) is None


@pytest.mark.parametrize("name", ["validation", "test"])
def test_pairs_and_single_texts_are_not_mixed(name):
    with pytest.raises(UserError) as caught:
        check_rows(split_of("text label", name), arguments(), NLI)
    assert str(caught.value) == (
        "a.csv: the model reads pairs ('premise', 'hypothesis'), here is no second text beside 'text'; "
        "name its column with --text_pair_column_name"
    )
    with pytest.raises(UserError) as caught:
        check_rows(split_of("sentence1 sentence2 label", name), arguments(), REVIEWS)
    assert str(caught.value) == (
        "a.csv: the model reads single texts ('body'), here are pairs ('sentence1', 'sentence2'); "
        "name one column with --text_column_name"
    )
    check_rows(split_of("sentence1 sentence2 label", name), arguments(text_column_name="sentence2"), REVIEWS)


def test_another_text_than_the_model_was_trained_on_is_named_where_there_is_a_choice(caplog):
    with caplog.at_level("INFO", "utils"):
        check_rows(split_of("text", "test"), arguments(), REVIEWS)
        assert "the model was trained on" not in caplog.text
        check_rows(split_of("text memo", "test"), arguments(), REVIEWS)
    assert "a.csv: the text is 'text', the model was trained on 'body'" in caplog.text


def test_another_training_may_change_them_and_says_so(caplog):
    with caplog.at_level("WARNING", "utils"):
        columns = check_rows(split_of("text label"), arguments(), NLI)
    assert (columns.text, columns.pair) == ("text", None)
    assert "a.csv: single texts, where the checkpoint was trained on pairs" in caplog.text


def test_texts_that_are_not_read_are_named(caplog):
    values = {"label": "0", "id": "7", "url": "https://a.b/c", "date": "2026-11-27 10:00", "flag": "yes or no"}
    with caplog.at_level("INFO", "utils"):
        check_rows(split_of("id title body url date flag label", **values), arguments())
    unread = [record.getMessage() for record in caplog.records if "is not read" in record.getMessage()]
    cure = "--text_column_name or --text_pair_column_name can name it"
    assert unread == [f"a.csv: the column 'body' looks like text and is not read; {cure}"]


def test_one_text_for_all_rows_is_said(caplog):
    with caplog.at_level("WARNING", "utils"):
        check_rows(split_of("title label", title="a notice"), arguments())
    assert "a.csv: every row has the same text, in column 'title'; is it the right one?" in caplog.text


def test_a_test_file_without_its_labels(caplog):
    split, train = split_of("text label", "test"), split_of("text label")
    assert found(split, label_column_name="none") == ("text", None, None)
    assert found(split, label_column_name="None") == ("text", None, None)
    assert found(train, label_column_name="none") == ("text", None, "label")
    assert found(split_of("text none", "test"), label_column_name="none") == ("text", None, "none")
    with caplog.at_level("INFO", "utils"):
        check_rows(split, arguments(label_column_name="lable"))
        check_rows(split_of("text", "test"), arguments())
    assert "a.csv: there is no column 'lable', so the rows are not scored" in caplog.text
    assert "a.csv: no column of labels: the rows are not scored" in caplog.text


def test_rows_without_a_label_are_counted_in_the_whole_file():
    split = split_of("text label", label=None)
    split.whole = split.rows + [Row(9, {"text": "a", "label": "nan"}), Row(10, {"text": "a", "label": "x"})]
    with pytest.raises(UserError) as caught:
        check_rows(split, arguments())
    assert str(caught.value) == (
        "a.csv, row 2, column 'label': no label (in 5 of 6 rows); write them, or leave such rows out with "
        "--drop_unlabelled true"
    )
    check_rows(split, arguments(drop_unlabelled=True))


def test_errors_stay_short():
    wide = split_of([f"a column of a long name, number {i}" for i in range(300)] + ["x" * 1200])
    for flags in ({}, {"text_column_name": "body"}):
        with pytest.raises(UserError) as caught:
            check_rows(wide, arguments(**flags))
        assert len(str(caught.value)) < 300
    with pytest.raises(UserError, match="text expected, found dict") as caught:
        check_rows(split_of("text label", text={"a": "x" * 1000}), arguments())
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["label ", "\ufefflabel", unicodedata.normalize("NFD", "감정")])
def test_two_columns_of_one_name(name):
    split = split_of(["text", unicodedata.normalize("NFC", name).strip("\ufeff "), name])
    with pytest.raises(UserError, match="two columns have this name, apart from spaces and Unicode forms; rename one"):
        check_rows(split, arguments())


def test_names_that_differ_in_capital_letters(caplog):
    with caplog.at_level("WARNING", "utils"):
        assert check_rows(split_of("text label Label"), arguments()).label == "label"
    assert "a.csv: the column 'label' is read, and not Label" in caplog.text


def test_a_second_text_beside_the_one_that_is_read(caplog):
    with caplog.at_level("WARNING", "utils"):
        check_rows(split_of("body text_pair label", "validation"), arguments(), REVIEWS)
    assert "a.csv: the model reads single texts: 'text_pair' is not read" in caplog.text


def test_labels_in_columns_of_0_and_1():
    split = split_of("text joy anger", joy="1", anger="0")
    with pytest.raises(UserError, match=re.escape("the columns joy, anger hold 0 and 1: write one of lists, such as")):
        check_rows(split, arguments())


def test_a_label_that_is_nested_in_one_row():
    rows = [Row(1, {"text": "x", "label": "a"}), Row(2, {"text": "y", "label.choices": ["a", "b"]})]
    with pytest.raises(UserError, match=re.escape("row 2, column 'label': this row has 'label.choices' in its place")):
        check_rows(Split(name="train", file="a.json", rows=rows), arguments())

"""Tables as spreadsheets write them: separators, empty columns and rows, headers, decimal commas."""

from __future__ import annotations

import logging

import pytest
from faults import fault

from utils.data.tables import read_table
from utils.files import Row

ROWS = [{"text": "좋다", "label": "긍정"}, {"text": "나쁘다, 정말", "label": "부정"}]


def fields(path) -> list[dict]:
    return [row.fields for row in read_table(path)]


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, logger="utils")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("separator", list(",;\t|"))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators(write, separator, end, mark):
    lines = ["text,label", "좋다,긍정", '"나쁘다, 정말",부정']
    lines = [line.replace(", ", "\0").replace(",", separator).replace("\0", ", ") for line in lines]
    assert fields(write("a.csv", mark + end.join(lines) + end)) == ROWS


@pytest.mark.parametrize("separator", list(",;\t|"))
@pytest.mark.parametrize("quote", ["", '"'])
def test_the_line_that_tells_excel_the_separator(write, said, separator, quote):
    lines = [f"{quote}sep={separator}{quote}", f"text{separator}label", f"좋다{separator}긍정"]
    path = write("a.csv", "\ufeff" + "\r\n".join(lines))
    assert list(read_table(path)) == [Row(3, {"text": "좋다", "label": "긍정"})]
    assert said()[0].endswith("as its first line says")


def test_separators_that_are_text_stay_text(write, said):
    assert fields(write("a.csv", "text,a;b\nx;y,1\n")) == [{"text": "x;y", "a;b": "1"}]
    assert fields(write("a.csv", '"a;b"\nx\n')) == [{"a;b": "x"}]
    assert fields(write("a.csv", "text\nx;y\n")) == [{"text": "x;y"}]
    assert said() == []


def test_errors_name_the_separator(write):
    message = fault(read_table, write("a.csv", "text;label\na;b;c\n"))
    assert message.endswith("put a cell that holds semicolons, quotes or line breaks in double quotes")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3,5", "1,25", "", "4"], ["3.5", "1.25", "", "4"]),
        (["-3,5", "+1,2", "1.000", "7"], ["-3.5", "+1.2", "1.000", "7"]),
        (["3,5", "good", "1,2", "1"], ["3,5", "good", "1,2", "1"]),  # not a column of numbers
        (["1,234", "5,678", "1", "2"], ["1,234", "5,678", "1", "2"]),  # thousands, perhaps
    ],
)
def test_decimal_commas_beside_semicolons(write, cells, expected):
    path = write("a.csv", "text;score\n" + "".join(f"x,y;{cell}\n" for cell in cells))
    assert [row["score"] for row in fields(path)] == expected
    assert {row["text"] for row in fields(path)} == {"x,y"}


@pytest.mark.parametrize("more", [1, 2, 5])
@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.tsv", "\t")])
def test_empty_columns_at_the_end(write, said, name, separator, more):
    lines = [["text", "label"], ["좋다", "긍정"], ["나쁘다", "부정"]]
    content = "".join(separator.join(line + [""] * more) + "\n" for line in lines)
    assert fields(write(name, content)) == [{"text": "좋다", "label": "긍정"}, {"text": "나쁘다", "label": "부정"}]
    assert said()[0].endswith(f"columns without a name at the end are left out: {more}")


@pytest.mark.parametrize("row", ["a,b,,x", "a,b,x,", "a,b,x", "a,b,,,"])
def test_nothing_is_lost_with_empty_columns(write, row):
    assert ", row 2: " in fault(read_table, write("a.csv", f"text,label,,\n{row}\n"))


def test_a_comma_at_the_end_of_rows_alone_is_refused(write):
    """`x, y,` may be a text with a comma and no label."""
    assert ", row 2: fields: 2 expected" in fault(read_table, write("a.csv", "text,label\nx, y,\n"))


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.txt", "\t")])
def test_rows_of_empty_cells(write, said, name, separator):
    lines = ["text,label", "좋다,긍정", ",", " , ", "나쁘다,", ","]
    path = write(name, "".join(line.replace(",", separator) + "\n" for line in lines))
    assert [(row.line, row.fields["label"]) for row in read_table(path)] == [(2, "긍정"), (5, "")]
    assert said()[-1].endswith("rows of empty cells are left out: 3, the first is row 3")


def test_an_empty_text_in_the_only_column_stays(write):
    assert [row["text"] for row in fields(write("a.csv", 'text\na\n""\nb\n'))] == ["a", "", "b"]


@pytest.mark.parametrize("again", ["text,label", "\ufefftext,label", " text , label "])
def test_files_put_together(write, again):
    message = fault(read_table, write("a.csv", f"text,label\na,b\n{again}\nc,d\n"))
    assert ", row 3: the header again" in message


def test_the_first_row_again_where_the_header_is_missing(write):
    message = fault(read_table, write("a.tsv", "굳\t1\n별로\t0\n굳\t1\n"))
    assert message.endswith(
        ", row 3: the same as row 1, which is read as the header; if there is none, write one such as text,label"
    )


def test_a_text_that_is_its_column_is_a_text(write):
    assert [row["text"] for row in fields(write("a.csv", "text\ntext\n"))] == ["text"]
    assert [row["label"] for row in fields(write("a.csv", "text,label\ntext,spam\n"))] == ["spam"]


@pytest.mark.parametrize(
    ("content", "suspected"),
    [
        ("좋다,긍정\n나쁘다,부정\n최고,긍정\n", "긍정"),
        ("1,배우들 연기가 훌륭해요\n0,별로\n", "1"),
        ("배우들의 연기가 정말 훌륭해요,pos\n별로,neg\n", "배우들의 연기가 정말 훌륭해요"),
        ("text,label\na,label\n", None),
        ("message,mood\na,b\n", None),
        ("id,1\n1,a\n", None),
    ],
)
def test_a_missing_header_is_suspected(write, said, content, suspected):
    fields(write("a.csv", content))
    messages = [message for message in said() if "is read as the header" in message]
    assert len(messages) == (suspected is not None)
    assert all(f'"{suspected}" looks like data' in message for message in messages)


@pytest.mark.parametrize("content", ["text,label\na,b\n", '"text","label"\r\na,b\r\n', "id; text\n1; b\n"])
def test_a_tsv_without_a_tab_is_a_csv(write, content):
    assert fields(write("a.tsv", content)) == fields(write("a.csv", content))


def test_a_tsv_of_one_column_stays_one(write):
    assert fields(write("a.tsv", "text\na, b\n")) == [{"text": "a, b"}]


@pytest.mark.parametrize("first", ["text,label", "id,document,label", '"id","text"', "sentence1;sentence2;label"])
def test_a_txt_that_is_a_csv_is_not_read_as_texts(write, first):
    assert "looks like the header of a csv; name the file a.csv" in fault(read_table, write("a.txt", f"{first}\nx,y\n"))


@pytest.mark.parametrize("first", ["안녕하세요, 반갑습니다", "good,bad", "text", "A label, and a text."])
def test_a_txt_of_texts_with_commas_is(write, first):
    assert fields(write("a.txt", f"{first}\n")) == [{"text": first}]


def test_quotes_of_a_spreadsheet_in_a_tsv_are_said(write, said):
    path = write("a.tsv", 'text\tlabel\n"그는 ""좋다""고 했다"\ta\n나쁘다\tb\n')
    assert fields(path)[0]["text"] == '"그는 ""좋다""고 했다"'
    assert "cells in double quotes, which a tsv keeps: 1" in said()[-1]


@pytest.mark.parametrize("cell", ['"open', '"""', 'say "x"', '"a" b'])
def test_quotes_that_no_spreadsheet_writes_are_text(write, said, cell):
    assert (
        fields(write("a.tsv", f'text\tlabel\n{cell}\ta\n"b"\ta\n' if cell != 'say "x"' else f"text\tx\n{cell}\ta\n"))[
            0
        ]["text"]
        == cell
    )
    assert said() == []


def test_lines_above_the_header(write):
    message = fault(read_table, write("a.csv", "# from somewhere\ntext,label\na,b\n"))
    assert (
        'row 2: the header has one column, "# from somewhere", and this row 2; is row 1 the header? Delete what'
        in message
    )
    message = fault(read_table, write("a.csv", "title,\ntext,label\na,b\n"))
    assert 'row 2: "label" stands in a column without a name; name it in the header, the first line' in message


def test_vertical_bars_in_a_text_file(write):
    assert "looks like the header of a csv" in fault(read_table, write("a.txt", "text|label\na|b\n"))


@pytest.mark.parametrize(
    ("content", "spaced"),
    [
        ('text,label\n"좋다", "긍정"\n나쁘다, "부정"\n', True),
        (' "text","label"\n "좋다","긍정"\n "나쁘다","부정"\n', True),
        ('text;label\n"좋다"; "긍정"\n나쁘다;"부정"\n', True),
        ('text,label\n"좋다, ""정말""",긍정\n', False),
        ('text,label\n"좋다, ""정말"", 또",긍정\n', False),
        ('text,label\n"좋다, ",긍정\n"나쁘다, ","부정"\n', False),
        ('text,label\n그는 "좋다"고 했다, 긍정\n', False),
    ],
)
def test_spaces_before_quotes(write, said, content, spaced):
    mark = "a semicolon" if ";" in content else "a comma"
    path = write("a.csv", content)
    labels = [row["label"] for row in fields(path)]
    assert any(f"spaces between {mark} and a quote are left out" in line for line in said()) is spaced
    assert not any('"' in label for label in labels)


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\n\x1a\x1a"])
def test_what_dos_ends_a_file_with(write, end):
    for name, text in {"a.csv": "text,label\n좋다,긍정", "a.tsv": "text\tlabel\n좋다\t긍정"}.items():
        assert fields(write(name, text + end)) == [{"text": "좋다", "label": "긍정"}]
    assert fields(write("a.txt", f"좋다\n나쁘\x1a다{end}")) == [{"text": "좋다"}, {"text": "나쁘\x1a다"}]
    assert fields(write("a.jsonl", f'{{"text": "좋다"}}{end}')) == [{"text": "좋다"}]


def test_a_file_that_ends_inside_a_letter(write):
    raw = "text,label\n좋다,긍정".encode()
    for cut in (1, 2):
        message = fault(read_table, write("a.csv", raw[:-cut]))
        assert message.endswith(", row 2: the file ends inside a letter; was it written completely?")
    assert "if it is cp1252" in fault(read_table, write("a.csv", "text,label\nwarm,café".encode("cp1252")))

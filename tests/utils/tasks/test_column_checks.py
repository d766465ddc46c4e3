"""What rows may lack: a text here and there, and labels where nothing is trained."""

from __future__ import annotations

import pytest
from text_rows import arguments, split_of

from utils.errors import UserError
from utils.tasks.column_checks import check_rows


def test_empty_texts_are_counted_by_row(caplog):
    rows = [
        {"premise": "", "hypothesis": "", "label": 0},
        {"premise": "a", "hypothesis": "\u200b\ufeff ", "label": 0},
        {"premise": "a", "hypothesis": "b", "label": 0},
    ]
    split = split_of(rows)
    with caplog.at_level("WARNING", logger="utils"):
        check_rows(split, arguments())
    assert "a.csv: 2 rows with an empty text are kept (the first is row 2)" in caplog.text
    split = split_of(rows[:2])
    check_rows(split, arguments())  # one text of four is enough
    split = split_of(rows[:1])
    with pytest.raises(UserError, match=r"a\.csv, column 'premise': every text is empty"):
        check_rows(split, arguments())


@pytest.mark.parametrize("label", [None, ""])
def test_only_test_rows_may_lack_a_label(label):
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": label}]
    check_rows(split_of(rows, "test"), arguments())
    for name in ("train", "validation"):
        with pytest.raises(UserError, match=r"a\.csv, row 3, column 'label': no label"):
            check_rows(split_of(rows, name), arguments())

"""What is written is written as a whole."""

from __future__ import annotations

import json

import pytest

from utils.errors import UserError
from utils.files import write_json


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_file_holds_a_number_that_is_none(value, tmp_path):
    write_json(tmp_path / "a.json", {"점수": 0.5})
    with pytest.raises(UserError, match="^a.json would hold a number that is none"):
        write_json(tmp_path / "a.json", {"scores": [0.5, value]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"점수": 0.5}

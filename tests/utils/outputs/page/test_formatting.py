"""Numbers as a reader sees them."""

from __future__ import annotations

from utils.outputs.page.formatting import gigabytes, interval, number, plus_minus, significant


def test_numbers():
    assert [number(-1234.5, 1), number(None), number(0.25, 2, sign=True)] == ["−1,234.5", "–", "+0.25"]
    assert [significant(value) for value in (0.1234, 3.14159, 99.96, 512.4, 123456, 0, None)] == [
        "0.123",
        "3.14",
        "100",
        "512",
        "123,000",
        "0",
        "–",
    ]
    assert plus_minus(84.8, None, 2) == "84.80" and interval(1, None, 2) == "–"
    assert gigabytes(1_900_000_000) == "1.90"

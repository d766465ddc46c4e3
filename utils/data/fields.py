"""Truth values and numbers as people and programs write them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from ..files import shown

_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0", "참", "예", "네"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0", "거짓", "아니오", "아니요"), False),
}


def truth_value(value: Any) -> bool | None:
    """True or false in any usual spelling and case: `True`, `"yes"`, `0`, `"1.0"`, `"아니오"`.

    None, NaN and white space say nothing: None.

    Raises:
        ValueError: anything else.
    """
    if _is_missing(value):
        return None
    found = _TRUTH.get(str(value).strip().lower()) if isinstance(value, (bool, int, float, str, Decimal)) else None
    if found is None:
        raise ValueError(f"expected true or false (also yes or no, 1 or 0), found {shown(value)}")
    return found


def whole_number(value: Any) -> int:
    """A whole number in any usual spelling: `12`, `12.0`, `"12"`, `"12.0"`.

    Raises:
        ValueError: anything else, such as 12.5, a truth value or nothing.
    """
    if isinstance(value, (int, float, str, Decimal)) and not isinstance(value, bool):
        try:
            number = Decimal(value.strip() if isinstance(value, str) else value)
            if number == number.to_integral_value():
                return int(number)
        except (ArithmeticError, ValueError):  # no number, or not a finite one
            pass
    raise ValueError(f"expected a whole number, found {shown(value)}")


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )

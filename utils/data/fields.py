"""Truth values, numbers, lists and tags as people and programs write them."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
import warnings
from decimal import Decimal
from typing import Any

from heads.characters import normalize

from ..files import shown

LONGEST_NUMBER = 19  # digits of a whole number, as many as 64 bits have

_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0", "참", "예", "네"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0", "거짓", "아니오", "아니요"), False),
}

_ITEM = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[+-]?\d+(?:\.\d*)?|True|False|None|nan)"""
_LIST = re.compile(rf"\[\s*(?:{_ITEM}(?:\s*,\s*|\s+|(?=\s*\])))*\]", re.DOTALL)
_TUPLE = re.compile(r"[({]\s*['\"].*['\"]\s*(?:,\s*)?[)}]", re.DOTALL)


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
        ValueError: anything else, such as 12.5, a truth value, nothing, or 1e999999999, whose digits would fill the memory.
    """
    if isinstance(value, (int, float, str, Decimal)) and not isinstance(value, bool):
        try:
            number = Decimal(value.strip() if isinstance(value, str) else value)
            if number.adjusted() < LONGEST_NUMBER and number == number.to_integral_value():
                return int(number)
        except (ArithmeticError, ValueError):  # no number, or not a finite one
            pass
    raise ValueError(f"expected a whole number, found {shown(value)}")


def as_list(value: Any) -> Any:
    """A list, also where a cell spells one; anything else is given back as it is.

    It may be spelled as JSON, as Python and pandas write lists, tuples and sets, or as numpy writes arrays.
    """
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):  # also of a number of thousands of digits
            pass
        if _LIST.fullmatch(text):  # item by item: Python would join 'a' 'b', as numpy writes them, to 'ab'
            return [_literal(item) for item in re.findall(_ITEM, text)]
    elif text == "set()":
        return []
    elif _TUPLE.fullmatch(text):
        found = _literal(text)
        return sorted(found) if isinstance(found, set) else list(found) if isinstance(found, tuple) else value
    return value


def tidy_tag(tag: str) -> str:
    """A tag in NFC, without white space at its ends and without characters that nobody sees.

    Full-width letters and signs, and the dashes of other alphabets, become those of a keyboard.
    """
    if tag.isascii() and tag.isprintable():
        return tag.strip()
    tag = normalize("NFC", "".join(_plain(character) for character in tag)).strip()
    return re.sub(r"^([A-Za-z])[\u2010-\u2015\u2212](?=.)|(?<=.)[\u2010-\u2015\u2212]([A-Za-z])$", _hyphened, tag)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def python_literal(text: str) -> Any:
    """A list, dictionary or the like as Python spells it.

    Raises:
        ValueError: it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of backslashes in a text
        try:
            return ast.literal_eval(text.strip())
        except (SyntaxError, TypeError, MemoryError, RecursionError) as fault:
            raise ValueError(f"is nothing that Python spells: {shown(text)}") from fault


def _literal(text: str) -> Any:
    try:
        return None if text == "nan" else python_literal(text)
    except ValueError:
        return text


def _plain(character: str) -> str:
    if "\uff01" <= character <= "\uff5e":
        return unicodedata.normalize("NFKC", character)
    return "" if unicodedata.category(character) in ("Cf", "Cc") and not character.isspace() else character


def _hyphened(found: re.Match[str]) -> str:
    return f"{found[1]}-" if found[1] else f"-{found[2]}"

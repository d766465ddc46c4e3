"""Entities given by where they stand in a text, as doccano, Label Studio or Prodigy export them: as characters with tags."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any, NamedTuple

from heads.characters import compose, whole_characters

from ..errors import UserError
from ..files import Row, id_of, shown
from .answer_places import COUNTINGS, answer_span
from .fields import as_list, python_literal, whole_number

logger = logging.getLogger(__name__)

TEXT_COLUMNS = ("text", "sentence", "document", "form", "content")
TOKEN_COLUMNS = ("tokens", "words")
SPAN_COLUMNS = ("label", "labels", "entities", "spans", "NE")

_STARTS, _ENDS = ("start", "start_offset", "begin"), ("end", "end_offset")
_KINDS, _WORDS = ("label", "labels", "type"), ("text", "form", "word")


class Span(NamedTuple):
    """An entity: its characters start <= i < end, its type, and its text where the file repeats it."""

    start: int
    end: int
    kind: str
    text: str | None


def as_characters(path: Path, row: Row, text_column: str | None, label_column: str | None) -> Row | None:
    """A text with entities as `{"id": str | None, "tokens": [str], "tags": [str]}`, one token for each character.

    None where the row holds no such thing.

    Args:
        text_column, label_column: where they stand, else the usual names are tried.

    Raises:
        UserError: an entity that does not stand in the text, or overlaps another.
    """
    texts = ([text_column] if text_column else []) + list(TEXT_COLUMNS)
    places = ([label_column] if label_column else []) + list(SPAN_COLUMNS)
    text_in = next((name for name in texts if isinstance(row.fields.get(name), str)), None)
    if text_in is None or any(_are_tokens(row.fields.get(name)) for name in (text_in, *TOKEN_COLUMNS)):
        return None
    for name in places:
        spans = spans_of(row.fields.get(name))
        if spans is not None:
            tags = _tags(path, row, row.fields[text_in], spans, name)
            return Row(row.line, {"id": id_of(row.fields), "tokens": list(row.fields[text_in]), "tags": tags})
    for name in places:
        value = _spelled(row.fields.get(name))
        broken = [item for item in value if _span(item) is None] if isinstance(value, list) else []
        if broken and isinstance(broken[0], dict) and set(_STARTS) & set(broken[0]):
            reason = f"an entity needs a start, an end and one type, found {shown(broken[0])}; correct or delete it"
            raise UserError(reason, file=path, row=row.line, column=name)
    return None


def _are_tokens(value: Any) -> bool:
    """Whether a field holds tokens already, not a text nor the objects that Prodigy describes them by."""
    value = _spelled(value)
    return isinstance(value, list) and not any(isinstance(item, dict) for item in value)


def _spelled(value: Any) -> Any:
    """A value; of a list that a csv spells, as JSON or as pandas writes it, the list."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return value
    found = as_list(value)
    if isinstance(found, str):
        with contextlib.suppress(ValueError):
            return python_literal(found)
    return found


def check_no_spans(path: Path, row: Row) -> None:
    """Raises UserError where the labels of a text are entities in it, or where Label Studio wrapped both."""
    for name in SPAN_COLUMNS[:2]:
        if row.fields.get(name) and spans_of(row.fields[name]):
            cure = "run_token_cls.py reads them; for a label of the whole text name another --label_column_name"
            raise UserError(f"entities and where they stand; {cure}", file=path, row=row.line, column=name)


def check_exported(path: Path, row: Row) -> None:
    """Raises UserError where a record is of a tool's export that means something else than its columns say.

    Label Studio's full export and INCEpTION's JSON nest what others have as columns; Prodigy keeps what was rejected.
    """
    fields = row.fields
    if isinstance(fields.get("annotations"), list) and any(name.startswith("data.") for name in fields):
        raise UserError("Label Studio's JSON; export the project as JSON-MIN instead", file=path, row=row.line)
    if any(name.startswith(("%FEATURE_STRUCTURES", "_referenced_fss", "_views.")) for name in fields):
        reason = "UIMA CAS JSON, as INCEpTION writes it; export the annotations as CoNLL 2002 there"
        raise UserError(reason, file=path)
    if fields.get("answer") in ("reject", "ignore") and fields.keys() & {"_input_hash", "_task_hash", "_session_id"}:
        reason = f"Prodigy's answer is {shown(fields['answer'])}: what stands here was not accepted; delete such rows"
        raise UserError(reason, file=path, row=row.line, column="answer")


def spans_of(value: Any) -> list[Span] | None:
    """The entities that a field holds, also where a csv spells them; None where it holds something else."""
    value = _spelled(value)
    if not isinstance(value, list):
        return None
    spans = [_span(item) for item in value]
    return None if None in spans else [span for span in spans if span is not None]


def _span(item: Any) -> Span | None:
    if isinstance(item, dict):
        start, end, kind, text = (
            next((item[name] for name in names if name in item), None) for names in (_STARTS, _ENDS, _KINDS, _WORDS)
        )
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
    elif isinstance(item, (list, tuple)) and len(item) == 3:
        (start, end, kind), text = item, None
    else:
        return None
    try:
        start, end = whole_number(start), whole_number(end)
    except ValueError:
        return None
    if not isinstance(kind, str) or not kind.strip():
        return None
    return Span(start, end, kind.strip(), text if isinstance(text, str) and text else None)


def _placed(text: str, spans: list[Span]) -> list[Span]:
    """The same spans in characters of the text, where they count something else and all repeat their own text.

    Label Studio counts as JavaScript does.
    """
    if all(text[span.start : span.end] == span.text for span in spans):
        return spans
    for counting in (None, *COUNTINGS):
        places = [answer_span(text, span.text, span.start, counting) if span.text else None for span in spans]
        found = [Span(*place, span.kind, None) for place, span in zip(places, spans, strict=True) if place]
        if len(found) == len(spans):
            return found
    return spans


def _cuts_an_emoji(text: str, start: int, end: int) -> bool:
    """Whether a span holds a part of a family, a flag or a hand with a tone: other tools count such an emoji as one."""
    whole = whole_characters(text, start, end)
    parts = text[whole[0] : start] + text[end : whole[1]]
    return any(map(_joins_an_emoji, parts))


def _joins_an_emoji(one: str) -> bool:
    return one == "\u200d" or "\U0001f1e6" <= one <= "\U0001f1ff" or "\U0001f3fb" <= one <= "\U0001f3ff"


def _tags(path: Path, row: Row, text: str, spans: list[Span], column: str | None) -> list[str]:
    tags, emoji = ["O"] * len(text), any(map(_joins_an_emoji, text))
    last = 0
    for start, end, kind, own in sorted(_placed(text, spans)):
        reason = ""
        if not 0 <= start < end <= len(text):
            reason = f"the text has {len(text)} characters; count from 0, the end excluded"
        elif own is not None and text[start:end] != own:
            reason = f"{shown(text[start:end])} stands there, not {shown(own)}; count from 0, the end excluded"
        elif compose(text) != text and whole_characters(text, start, end) != (start, end):
            reason = "it cuts a letter; does it count letters in NFC, where the text is in NFD? Write the text in NFC"
        elif own is None and emoji and _cuts_an_emoji(text, start, end):
            reason = "it cuts an emoji of several code points; count code points, as Python does"
        elif start < last:
            reason = "it overlaps another one; keep one of them"
        if reason:
            raise UserError(f"entity {kind} at {start}-{end}: {reason}", file=path, row=row.line, column=column)
        if text[start:end].isspace():
            logger.warning(
                "%s, row %d: entity %s at %d-%d is white space and left out", path, row.line, kind, start, end
            )
        tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
        last = end
    return tags

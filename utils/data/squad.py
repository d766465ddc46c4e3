"""Questions over contexts: the nested JSON of SQuAD, KorQuAD and KLUE-MRC, and flat rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import Row, at_least_one, id_of, listed, shown
from .foreign import data_file
from .tables import read_records


def read_squad(path: str | Path) -> Iterator[Row]:
    """Questions over contexts: SQuAD 1.1, 2.0 and KLUE-MRC JSON, or flat rows in the Hub's `squad` columns.

    Fields: `id` (or `guid`; str or None), `title`, `context`, `question`, `answers` (a list of `{"text",
    "answer_start"}`, counted in characters, empty where there are none), `is_impossible` (False where the file does not
    say) and `question_type` (None where there is none). `Row.line` is the number of the question in nested files.

    Raises:
        UserError: for whatever is wrong with the file, such as an answer that does not stand at its offset; in part
            only when the rows are consumed.
    """
    path = data_file(path, csv=False)
    return at_least_one(path, _questions(path, read_records(path)))


def _questions(path: Path, records: Iterator[Row]) -> Iterator[Row]:
    number = 0
    for line, record in records:
        if "paragraphs" not in record:
            yield _question(path, line, record)
            continue
        for paragraph in _objects(path, number + 1, record, "paragraphs"):
            for question in _objects(path, number + 1, paragraph, "qas"):
                number += 1
                place = {"title": record.get("title"), "context": paragraph.get("context")}
                yield _question(path, number, question | place)


def _objects(path: Path, number: int, parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    children = parent.get(key)
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
        reason = f"not SQuAD JSON: expected a list of objects, found {shown(children)}; correct it before this question"
        raise UserError(reason, file=path, row=number, column=key)
    return children


def _question(path: Path, number: int, record: dict[str, Any]) -> Row:
    for key in ("context", "question"):
        if not isinstance(record.get(key), str):
            found = f"expected text, found {shown(record.get(key))}"
            raise UserError(f"{found}; the fields here are {listed(record)}", file=path, row=number, column=key)
    fields: dict[str, Any] = {
        "id": id_of(record),
        "title": record.get("title") or "",
        "context": record["context"],
        "question": record["question"],
        "answers": [],
        "is_impossible": bool(record.get("is_impossible")),
        "question_type": record.get("question_type"),
    }
    try:
        # What stands under an impossible question is no answer: the Hub's KLUE-MRC has the plausible ones there.
        for text, start in [] if fields["is_impossible"] else _spans(record.get("answers")):
            _check_span(record["context"], text, start)
            fields["answers"].append({"text": text, "answer_start": start})
    except ValueError as fault:
        raise UserError(f"question {shown(fields['id'])}: {fault}", file=path, row=number, column="answers") from None
    return Row(number, fields)


def _spans(answers: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of text and start, from a list of answers or from the Hub's two parallel lists."""
    if answers is None:
        return
    try:
        if isinstance(answers, dict):
            yield from zip(answers["text"], answers["answer_start"], strict=True)
        else:
            for answer in answers:
                yield answer["text"], answer["answer_start"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"each answer needs 'text' and 'answer_start', found {shown(answers)}") from None


def _check_span(context: str, text: Any, start: Any) -> None:
    """Raises ValueError unless the text stands at its offset."""
    if not isinstance(text, str) or not isinstance(start, int):
        raise ValueError(f"'text' must be text and 'answer_start' a whole number, found {shown(text)}, {shown(start)}")
    if not text:
        raise ValueError("the text of an answer is empty; set 'is_impossible' or leave the answer out")
    if start < 0 or context[start : start + len(text)] != text:
        there = shown(context[max(start, 0) :][: len(text)])
        first = context.find(text)
        cure = f"it first stands at {first}: count in characters" if first >= 0 else "correct the text: it is not there"
        raise ValueError(f"the context has {there} at answer_start {start}, not {shown(text)}; {cure}")

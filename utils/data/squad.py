"""Questions over contexts: the nested JSON of SQuAD, KorQuAD, KLUE-MRC and AI-Hub, and flat rows."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import QUESTION_ID_COLUMNS, Row, at_least_one, id_of, listed, shown
from .answer_places import COUNTINGS, answer_span, misplaced
from .fields import python_literal, truth_value, whole_number
from .foreign import data_file
from .tables import read_records

logger = logging.getLogger(__name__)


def read_squad(path: str | Path) -> Iterator[Row]:
    """Questions over contexts: SQuAD 1.1, 2.0, KLUE-MRC and AI-Hub JSON, or flat rows in the Hub's `squad` columns.

    Fields: `id` (of `QUESTION_ID_COLUMNS` the first that is there; str or None), `title`, `context`, `question`, `answers` (a
    list of `{"text", "answer_start"}`: a piece of the context and its first character; empty where there are none),
    `is_impossible` (False where the file does not say; None where it has an empty list of answers and says no more) and
    `question_type` (None where there is none). `Row.line` is the number of the question in nested files.

    An answer may be in another normal form than its context. Where characters do not fit and every answer of the file stands
    at its place if something else is counted (see `COUNTINGS`), that is what it counts. Both are said in the log.

    Raises:
        UserError: for whatever is wrong with the file, such as an answer that does not stand at its offset; in part
            only when the rows are consumed.
    """
    path = data_file(path, csv=False)
    return at_least_one(path, _Questions(path).rows())


class _MisplacedError(ValueError):
    """An answer does not stand at its place."""


class _Questions:
    """The questions of a file, and what was found out about its answers so far.

    Attributes:
        counting: what `answer_start` counts; None: characters.
        other_form: an answer was in another normal form than its context.
    """

    def __init__(self, path: Path):
        self.path = path
        self.counting: str | None = None
        self.other_form = False

    def rows(self) -> Iterator[Row]:
        for number, record in _records(self.path):
            try:
                yield self._row(number, record)
            except _MisplacedError as fault:
                self.counting = _counting(self.path, number)
                if self.counting is None:
                    raise _fault(self.path, number, record, fault) from None
                logger.warning("%s: answer_start counts %s: all answers fit so", self.path, self.counting)
                yield self._row(number, record)

    def _row(self, number: int, record: dict[str, Any]) -> Row:
        for key in ("context", "question"):
            if not isinstance(record.get(key), str):
                found = f"expected text, found {shown(record.get(key))}"
                cure = "the fields here are" if record.get(key) is not None else "rename the field that holds it, of"
                message = f"{found}; {cure} {listed(name for name in record if record[name] is not None)}"
                raise UserError(message, file=self.path, row=number, column=key)
        try:
            impossible = truth_value(record.get("is_impossible"))
        except ValueError as fault:
            raise UserError(str(fault), file=self.path, row=number, column="is_impossible") from None
        try:
            # What stands under an impossible question is no answer: the Hub's KLUE-MRC has the plausible ones there.
            answers = [] if impossible else [self._answer(record["context"], *one) for one in _stated(record)]
        except _MisplacedError:
            raise
        except ValueError as fault:
            raise _fault(self.path, number, record, fault) from None
        if impossible is None and (answers or _answers_of(record) is None):
            impossible = False
        return Row(
            number,
            {
                "id": id_of(record, QUESTION_ID_COLUMNS),
                "title": record.get("title") or "",
                "context": record["context"],
                "question": record["question"],
                "answers": answers,
                "is_impossible": impossible,
                "question_type": _kind(record.get("question_type")),
            },
        )

    def _answer(self, context: str, text: Any, start: Any) -> dict[str, Any]:
        place = _start(text, start)
        if not text:
            raise ValueError("the text of an answer is empty; set 'is_impossible' or leave the answer out")
        span = answer_span(context, text, place, self.counting)
        if span is None:
            raise _MisplacedError(misplaced(context, text, place))
        found = context[slice(*span)]
        if found != text and not self.other_form:
            self.other_form = True
            message = (
                "%s: answers are in another Unicode normal form than their contexts; they are found by normalising"
            )
            logger.info(message, self.path)
        return {"text": found, "answer_start": span[0]}


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Questions with their title and context, numbered; flat rows as they are."""
    number = 0
    for line, record, _ in read_records(path):
        if "paragraphs" not in record and "qas" not in record:
            yield line, record
            continue
        # KorQuAD 2.0 has no paragraphs: an article is one context.
        for paragraph in [record] if "qas" in record else _objects(path, number + 1, record, "paragraphs"):
            for question in _objects(path, number + 1, paragraph, "qas"):
                number += 1
                yield number, question | {"title": record.get("title"), "context": paragraph.get("context")}


def _objects(path: Path, number: int, parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    children = parent.get(key)
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
        reason = f"not SQuAD JSON: expected a list of objects, found {shown(children)}; correct it before this question"
        raise UserError(reason, file=path, row=number, column=key)
    return children


def _answers_of(record: dict[str, Any]) -> Any:
    """What a record says about answers; None where it says nothing."""
    answers = record.get("answers")
    if answers is None and record.get("answer_start") is not None:  # flat in all
        return [{"text": record.get("answer", record.get("answer_text")), "answer_start": record["answer_start"]}]
    if answers is None:
        # A text alone is refused where its place is looked for: it is no question without an answer.
        answers = next((record[name] for name in ("answer", "answer_text") if record.get(name)), None)
    return answers


def _stated(record: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Pairs of text and start: from a list of answers, the Hub's two parallel lists, or AI-Hub's one answer.

    Where a csv was between, they are spelled as Python or JSON does.
    """
    answers = _answers_of(record)
    if isinstance(answers, str) and answers.lstrip()[:2] in ("{'", '{"', "[{"):
        with contextlib.suppress(ValueError):
            answers = python_literal(answers)
    if answers is None:
        return []
    try:
        if not isinstance(answers, dict):
            return [(answer["text"], answer["answer_start"]) for answer in answers]
        text, start = answers["text"], answers["answer_start"]
        return [(text, start)] if isinstance(text, str) else list(zip(text, start, strict=True))
    except (KeyError, TypeError, ValueError):
        reason = f"each answer needs 'text' and 'answer_start', found {shown(answers)}"
        raise ValueError(
            f"{reason}; write where it stands in the context, in characters from 0, or remove it"
        ) from None


def _start(text: Any, start: Any) -> int:
    """Where an answer says it stands."""
    try:
        if isinstance(text, str):
            return whole_number(start)
    except ValueError:
        pass
    cure = "write where it stands in the context, in characters from 0"
    raise ValueError(
        f"'text' must be text and 'answer_start' a whole number, found {shown(text)}, {shown(start)}; {cure}"
    )


def _kind(value: Any) -> Any:
    """A type of question; a whole number also where pandas made it one with a point, None for its NaN."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else None if value != value else value


def _counting(path: Path, number: int) -> str | None:
    """What `answer_start` counts, if every answer of the file fits so; None where nothing fits.

    The answers before question `number` must also stand where counting characters had found them.
    """
    possible = list(COUNTINGS)
    for line, record in _records(path):
        try:
            stated = [] if truth_value(record.get("is_impossible")) else _stated(record)
            for text, start in stated:
                place = record["context"], text, _start(text, start)
                known = answer_span(*place) if line < number else None
                spans = {counting: answer_span(*place, counting) for counting in possible}
                possible = [counting for counting, span in spans.items() if span and known in (None, span)]
        except (KeyError, TypeError, ValueError):
            return None  # it is wrong in another way too
        if not possible:
            return None
    return possible[0]


def _fault(path: Path, number: int, record: dict[str, Any], fault: ValueError) -> UserError:
    name = id_of(record, QUESTION_ID_COLUMNS)
    named = f"question {shown(name)}: " if name is not None else ""
    return UserError(f"{named}{fault}", file=path, row=number, column="answers")

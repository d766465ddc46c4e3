"""Questions as the readers give them, for the tests of `utils.tasks.question_answering`."""

from typing import Any

from utils.arguments import QADataArguments
from utils.data.splits import Split
from utils.files import Row
from utils.tasks import QuestionAnswering


def split_of(rows: list[dict], name: str = "validation") -> Split:
    empty = {"id": None, "answers": [], "is_impossible": False, "question": "is?", "question_type": None}
    return Split(name=name, file="a.json", rows=[Row(i, empty | row) for i, row in enumerate(rows, start=1)])


def arguments(**flags) -> QADataArguments:
    return QADataArguments(validation_file="a.json", **flags)


def task_of(tokenizer: Any = None, **flags) -> QuestionAnswering:
    """The task with these flags; it needs no tokenizer for what is tokenized already."""
    return QuestionAnswering(arguments(**flags), tokenizer)

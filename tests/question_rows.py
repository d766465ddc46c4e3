"""Questions as the readers give them, for the tests of `utils.qa`."""

from utils.arguments import QADataArguments
from utils.readers import Row
from utils.splits import Split


def split_of(rows: list[dict], name: str = "validation") -> Split:
    empty = {"id": None, "answers": [], "is_impossible": False, "question": "is?", "question_type": None}
    return Split(name, "a.json", [Row(i, empty | row) for i, row in enumerate(rows, start=1)])


def arguments(**flags) -> QADataArguments:
    return QADataArguments(validation_file="a.json", **flags)

"""Which columns of a table hold the text, its pair, the label and the id."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..errors import UserError
from ..files import ID_COLUMNS

logger = logging.getLogger(__name__)

TEXT_COLUMNS = (
    "text",
    "sentence",
    "document",
    "title",
    "review",
    "comment",
    "sentence1",
    "premise",
    "question1",
    "content",
)
PAIR_COLUMNS = ("text_pair", "sentence2", "hypothesis", "question2")
LABEL_COLUMNS = (
    "label",
    "labels",
    "gold_label",
    "labels.real-label",
    "topic_idx",
    "is_duplicate",
    "hate",
    "score",
    "target",
)


@dataclass
class Columns:
    """Which columns hold what; `pair`, `label` and `id` may be missing."""

    text: str
    pair: str | None
    label: str | None
    id: str | None

    def texts(self, split: Split) -> list[str]:
        """The text of every row; of a pair, both."""
        names = [name for name in (self.text, self.pair) if name]
        return ["\n".join(str(row.fields.get(name)) for name in names) for row in split.rows]


def find_columns(split: Split, data: SequenceDataArguments) -> Columns:
    """Takes the columns that the flags name, then those of the benchmark's files, and guesses the others from the usual names.

    Raises:
        UserError: a named column that is not there, or no column of text.
    """
    fields = list(dict.fromkeys(name for row in split.rows for name in row.fields))

    positions: tuple[int | None, ...] = (None, None, None)
    if data.benchmark is not None and data.benchmark.columns is not None and data.dataset_name is None:
        positions = data.benchmark.columns

    def find(given: str | None, usual: tuple[str, ...], flag: str, position: int | None) -> str | None:
        if given is not None and given not in fields:
            if split.name == "test" and flag == "--label_column_name":
                return None
            raise UserError(f"no such column; {flag} can be one of {', '.join(fields)}", file=split.file, column=given)
        if given is None and position is not None and position < len(fields):
            return fields[position]
        return given or next((name for name in usual if name in fields and name != data.text_column_name), None)

    text = find(data.text_column_name, TEXT_COLUMNS, "--text_column_name", positions[0])
    if text is None:
        raise UserError(f"no column of text; name one of {', '.join(fields)} with --text_column_name", file=split.file)
    return Columns(
        text=text,
        pair=find(data.text_pair_column_name, PAIR_COLUMNS, "--text_pair_column_name", positions[1]),
        label=find(data.label_column_name, LABEL_COLUMNS, "--label_column_name", positions[2]),
        id=next((name for name in ID_COLUMNS if name in fields), None),
    )


def check_rows(split: Split, data: SequenceDataArguments) -> None:
    """Raises UserError where a row has no text or (training, validation) no label; warns of empty texts."""
    columns = find_columns(split, data)
    if not split.part:
        found = ", ".join(f"{kind} '{name}'" for kind, name in asdict(columns).items() if name)
        logger.info("%s: %s (%s)", split.name, split.file, found)
    empty = []
    names = [name for name in (columns.text, columns.pair) if name]
    for row in split.rows:
        for name in names:
            value = row.fields.get(name)
            if not isinstance(value, str):
                shown = "nothing" if value is None else f"{type(value).__name__} {value!r}"
                raise UserError(f"text expected, found {shown}", file=split.file, row=row.line, column=name)
        if any(not row.fields[name].strip() for name in names):
            empty.append(row)
        if split.name != "test" and (columns.label is None or row.fields.get(columns.label) in (None, "")):
            cure = "write one, or name another --label_column_name"
            raise UserError(f"no label; {cure}", file=split.file, row=row.line, column=columns.label or "label")
    if not split.part and not any(row.fields[name].strip() for row in split.rows for name in names):
        raise UserError("every text is empty; name another --text_column_name", file=split.file, column=columns.text)
    if empty:
        message = "%s: %d rows with an empty text are kept (the first is row %d)"
        logger.warning(message, split.file, len(empty), empty[0].line)

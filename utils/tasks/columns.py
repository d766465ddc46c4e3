"""Which columns of a table hold the text, its pair, the label and the id."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PretrainedConfig

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..data.stored_rows import Lazy
from ..data.tables import CELLS
from ..errors import UserError
from ..files import ID_COLUMNS, Row, extension, listed
from .label_values import canonical, is_nothing, number

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
    *("텍스트", "문장", "내용", "본문", "리뷰", "댓글"),
)
PAIR_COLUMNS = ("text_pair", "sentence2", "hypothesis", "question2")
QUESTIONS = ("question", "query")  # with one of the next, a pair
ANSWERING = ("sentence", "passage", "paragraph", "context", "document")
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
    "sentiment",
    "emotion",
    *("라벨", "레이블", "감정", "분류"),
)
NAMES_OF_CLASSES = ("sentiment", "emotion", "category", "class", "intent", "topic")
NO_LABELS = "none"  # what --label_column_name says where a test file is not to be scored


@dataclass
class Columns:
    """Which columns hold what; `pair`, `label` and `id` may be missing."""

    text: str
    pair: str | None
    label: str | None
    id: str | None

    @classmethod
    def of_checkpoint(cls, config: PretrainedConfig) -> Columns | None:
        """What a checkpoint was trained on; None where it does not say so."""
        kept = getattr(config, "input_columns", None)
        return cls(kept["text"], kept.get("pair"), kept.get("label"), None) if kept else None

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""
        return {"input_columns": {"text": self.text, "pair": self.pair, "label": self.label}}

    def text_of(self, row: Row) -> str:
        """The text of a row; of a pair, both."""
        return "\n".join(str(row.fields.get(name)) for name in self.text_names)

    def texts(self, split: Split) -> Sequence[str]:
        """The text of every row; of a pair, both."""
        return Lazy(split.rows, self.text_of)

    @property
    def text_names(self) -> list[str]:
        """The column of texts and, where rows are pairs, the one of the others."""
        return [name for name in (self.text, self.pair) if name]


def reads_pairs(config: PretrainedConfig) -> bool:
    """Whether a checkpoint was trained on pairs of texts, as far as its configuration says so."""
    columns = Columns.of_checkpoint(config)
    return columns is not None and bool(columns.pair)


def find_columns(split: Split, data: SequenceDataArguments, known: Columns | None = None) -> Columns:
    """Takes the columns that the flags name, then those of the benchmark's files, then those that are known.

    The others are guessed from the usual names. Names that differ in their Unicode form, in the spaces around them or in
    capital letters are the same.

    Args:
        known: what the model was trained on.

    Raises:
        UserError: a named column that is not there, or no column of text.
    """
    names = split.column_names()
    fields = {canonical(name): name for name in reversed(names)} | {name: name for name in names}
    lowered = {name.lower(): fields[name] for name in reversed(fields)}

    positions: tuple[int | None, ...] = (None, None, None)
    if data.benchmark is not None and data.benchmark.columns is not None and data.dataset_name is None:
        positions = data.benchmark.columns

    def find(
        flag: str, given: str | None, position: int | None, trained: str | None, usual: Iterable[str], taken: str | None
    ) -> str | None:
        if given is not None:
            if given in fields or canonical(given) in fields:
                return fields.get(given) or fields[canonical(given)]
            if split.name == "test" and flag == "--label_column_name":
                return None
            raise UserError(f"no such column; {flag} can be one of {listed(names)}", file=split.file, column=given)
        if position is not None and position < len(names):
            return names[position]
        likely = [canonical(name) for name in ([trained, *usual] if trained is not None else usual)]
        found = [fields[name] for name in likely if name in fields]
        found = found or [lowered[name.lower()] for name in likely if name.lower() in lowered]
        return next((name for name in found if name != taken), None)

    texts = QUESTIONS if _question_and_answer(fields) else ()
    trained = (known.text, known.pair, known.label) if known is not None else (None, None, None)
    text = find(
        "--text_column_name",
        data.text_column_name,
        positions[0],
        trained[0],
        (*texts, *TEXT_COLUMNS),
        fields.get(canonical(data.text_pair_column_name or "")),
    )
    if text is None:
        header = ", or write the header that is missing" if extension(Path(split.file)) in CELLS else ""
        if not header and len(split.rows) == 1:
            header = ", or, if this one object holds the rows, write these as a list"
        cure = f"name one of {listed(names)} with --text_column_name{header}"
        raise UserError(f"no column of text; {cure}", file=split.file)
    pairs: tuple[str, ...] = (*PAIR_COLUMNS, *ANSWERING) if text in map(fields.get, texts) else PAIR_COLUMNS
    if known is not None and known.pair is None and (data.text_column_name or canonical(text) == canonical(known.text)):
        pairs = ()  # of single texts the model reads the one column, whatever stands beside it
    pair = find("--text_pair_column_name", data.text_pair_column_name, positions[1], trained[1], pairs, text)
    label, given = None, data.label_column_name
    wanted = given is None or canonical(given).casefold() != NO_LABELS or NO_LABELS in fields
    if wanted or split.name != "test":
        usual = _usual_labels(split, fields) or LABEL_COLUMNS
        label = find("--label_column_name", given if wanted else None, positions[2], trained[2], usual, text)
    return Columns(text, pair, label, next((fields[name] for name in ID_COLUMNS if name in fields), None))


def _question_and_answer(fields: Mapping[str, str]) -> bool:
    """Whether a question and what may answer it are the two texts, as in QNLI."""
    others = any(name in fields for name in PAIR_COLUMNS)
    return not others and all(any(name in fields for name in names) for names in (QUESTIONS, ANSWERING))


def _usual_labels(split: Split, fields: Mapping[str, str]) -> list[str]:
    """The usual names of labels; a score from 0 to 1 beside words such as a `sentiment` is how sure somebody was of these."""
    usual = [name for name in LABEL_COLUMNS if name in fields]
    words = [name for name in NAMES_OF_CLASSES if name in fields]
    if usual[:1] == ["score"] and words:
        numbers = [number(value) for value in split.column(fields["score"]) if not is_nothing(value)]
        named = [value for value in split.column(fields[words[0]]) if not is_nothing(value)]
        if all(found is not None and 0 <= found <= 1 for found in numbers) and not any(map(number, named)):
            return [words[0], *usual]
    return usual

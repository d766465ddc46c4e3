"""CoNLL-U and its like: a row per word whose first column numbers it, and a name for every column."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import UserError
from ..files import Row, extension
from .text import bare, lines

logger = logging.getLogger(__name__)

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
CONLLU_EXTENSIONS = (".conllu", ".conllup")
NOTHING = "_"
_FIRST_ID = re.compile(r"1(-\d+)?|[01]\.1")


def is_conllu(path: Path) -> bool:
    """Whether a file of columns is CoNLL-U: by its name, or by ten columns of which the first numbers the words."""
    if extension(path) in CONLLU_EXTENSIONS:
        return True
    first = next((bare(line).split("\t") for line in lines(path) if line.strip() and not line.startswith("#")), [])
    return len(first) == len(COLUMNS) and _FIRST_ID.fullmatch(first[0]) is not None


def are_numbered(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows of number, token and tag count the tokens of sentences from 1, as those of the Naver NLP Challenge do.

    Args:
        rows: cells, an empty row where a sentence ends.
    """
    sentences = [list(group) for some, group in itertools.groupby(rows, key=bool) if some]
    counted = all(cells[0] == str(n) for sentence in sentences for n, cells in enumerate(sentence, start=1))
    return counted and all(len(cells) in (0, 3) for cells in rows) and max(map(len, sentences), default=0) > 1


def read_conllu(path: Path, text_column: str | None, label_column: str | None) -> Iterator[Row]:
    """Sentences as `tagged.read_tagged` gives them: the words are FORM; the tags UPOS or, where it is empty, XPOS.

    Words written together (`1-2`) and words that are not written (`2.1`) are left out: those between them are tagged.

    Args:
        text_column, label_column: other columns than these, by name; `# global.columns = ...` names those of CoNLL-U Plus.

    Raises:
        UserError: no such column, a row of another width, a word without a tag.
    """
    names: tuple[str, ...] = COLUMNS
    guid = None
    block: list[tuple[int, list[str]]] = []
    chosen: tuple[int, int | None] | None = None
    for place, line in enumerate(itertools.chain(lines(path), [""]), start=1):
        text = bare(line)
        if text.startswith("#"):
            key, _, value = text.lstrip("# ").partition("=")
            if key.strip() == "global.columns":
                names = tuple(value.split())
            elif key.strip() == "sent_id":
                guid = value.strip()
            continue
        if text.strip():
            cells = text.split("\t")
            if len(cells) != len(names):
                reason = f"columns: {len(names)} expected in CoNLL-U, separated by one TAB, {len(cells)} found"
                raise UserError(f"{reason}; correct the row, or give the file another extension", file=path, row=place)
            if "ID" not in names or cells[names.index("ID")].isdecimal():
                block.append((place, cells))
            continue
        if block:
            if chosen is None:
                chosen = _choose(path, names, block, text_column, label_column)
            yield _sentence(path, names, block, guid, *chosen)
        block, guid = [], None


def _choose(
    path: Path, names: tuple[str, ...], block: list[tuple[int, list[str]]], text: str | None, label: str | None
) -> tuple[int, int | None]:
    """The columns of words and tags; the latter None where the first sentence has no tags."""
    place, upper = block[0][0], [name.upper() for name in names]
    for option, name in (("--text_column_name", text), ("--label_column_name", label)):
        if name is not None and name.upper() not in upper:
            reason = f"no such column; name one of {', '.join(names)} with {option}"
            raise UserError(reason, file=path, row=place, column=name)
    tokens = upper.index(text.upper()) if text else upper.index("FORM") if "FORM" in upper else 1
    usual = [upper.index(name) for name in ("UPOS", "XPOS") if name in upper] or [len(names) - 1]
    empty = [all(cells[i] == NOTHING for _, cells in block) for i in range(len(names))]
    tags = upper.index(label.upper()) if label else next((i for i in usual if not empty[i]), None)
    found = "none of the usual columns holds tags" if tags is None else f"the tags are {names[tags]}"
    message = "%s: CoNLL-U: the words are %s, %s; --label_column_name names another column"
    logger.info(message, path, names[tokens], found)
    return tokens, tags


def _sentence(
    path: Path,
    names: tuple[str, ...],
    block: list[tuple[int, list[str]]],
    guid: str | None,
    tokens: int,
    tags: int | None,
) -> Row:
    for place, cells in block if tags is not None else ():
        if cells[tags or 0] == NOTHING and names[tags or 0].upper() in ("UPOS", "XPOS"):
            reason = "a word without a tag ('_'); write its tag, or name another column with --label_column_name"
            raise UserError(reason, file=path, row=place, column=names[tags or 0])
    tagged = None if tags is None else [cells[tags] for _, cells in block]
    return Row(block[0][0], {"id": guid, "tokens": [cells[tokens] for _, cells in block], "tags": tagged})

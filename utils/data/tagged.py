"""Sentences with a tag for each token: files of columns (CoNLL, KLUE-NER) and tables of lists."""

from __future__ import annotations

import itertools
import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from heads.tag_marks import SCHEMES

from ..errors import UserError
from ..files import Row, at_least_one, extension, id_of, listed, shown
from .conllu import CONLLU_EXTENSIONS, are_numbered, is_conllu, read_conllu
from .fields import as_list, tidy_tag
from .foreign import data_file
from .spans import SPAN_COLUMNS, TEXT_COLUMNS, TOKEN_COLUMNS, as_characters
from .tables import RECORDS, table_rows
from .text import bare, lines

logger = logging.getLogger(__name__)

TAG_COLUMNS = ("ner_tags", "tags", "labels", "pos_tags")

# What files of columns are called, besides files without an extension.
COLUMN_EXTENSIONS = {
    *(".tsv", ".txt", ".col", ".data", ".annotated", ".ner", ".pos", ".tags", *CONLLU_EXTENSIONS),
    *(".conll", ".conll02", ".conll03", ".conll2002", ".conll2003"),
    *(".bio", ".bio2", ".iob", ".iob1", ".iob2", ".iobes", ".bioes", ".bieo", ".bilou", ".bmes", ".bmewo"),
    *(".train", ".dev", ".valid", ".validation", ".test", ".testa", ".testb"),
}
# How a first line names its columns: that of the tokens, and that of the tags.
TOKEN_HEADERS = set("token tokens word words form text char character syllable 토큰 단어 글자 음절 어절 형태소".split())
TAG_HEADERS = set(
    "tag tags label labels ner ner_tag ner_tags ne ne_tag entity entities bio iob pos upos xpos 태그 라벨 개체명 품사".split()
)
LOOKED_AT = 200  # rows of a file of columns, to see what its columns hold

MARKS = "".join(sorted(set().union(*(marks.all for marks in SCHEMES.values()))))  # of any scheme
_TAG = rf"([Oo]|[{MARKS}{MARKS.lower()}][-_]\S+|[A-Z]+[-_][{MARKS}])"
_IOB_TAG = re.compile(rf"\s{_TAG}$")
_JOINED = re.compile(rf"\S+[,;|\s]{_TAG}")  # a token and its tag, by what separates no columns
_GUID = re.compile(r"#+ (?:id )?([^\t]+)\t")


class _Line(NamedTuple):
    number: int
    token: str
    tag: str | None


def read_tagged(path: str | Path, text_column: str | None = None, label_column: str | None = None) -> Iterator[Row]:
    """Sentences for token classification: `{"id": str | None, "tokens": [str], "tags": [str] | None}`.

    json, jsonl, parquet and csv hold lists (in csv spelled as JSON, or as pandas and numpy write them). Without `text_column`
    and `label_column` the usual names are tried. A `label_column` that the file lacks means that it has no tags.

    The `COLUMN_EXTENSIONS` are files of columns: token first, tag last, separated by a TAB where the line holds one, else
    by spaces; sentences end at blank lines. A space can be a token (` <TAB>O`). KLUE's `## guid<TAB>text` gives the id.
    A single column has no tags. Lines such as `two words<TAB>O O` (Naver NER) are a sentence each. `Row.line` is the
    line of the first token. A first column that counts the tokens is left out. CoNLL-U is read as `conllu.read_conllu` says.

    White space around a tag, characters nobody sees and other normal forms do not count; numbers get the names that a parquet
    file has for them.

    Raises:
        UserError: for whatever is wrong with the file; in part only when the rows are consumed.
    """
    path = data_file(path, columns=True)
    kind = extension(path)
    if kind in (*RECORDS, ".csv"):
        return _tidy(path, _lists(path, text_column, label_column))
    if kind and kind not in COLUMN_EXTENSIONS:
        reason = f"the extension '{kind[:20]}' is not known here"
        cure = "name a file of columns .conll or .tsv; or write csv, json, jsonl or parquet"
        raise UserError(f"{reason}; {cure}", file=path)
    if is_conllu(path):
        return _tidy(path, at_least_one(path, read_conllu(path, text_column, label_column)))
    if text_column or label_column:
        reason = f"a file of columns has no names to look '{text_column or label_column}' up in; leave the option out"
        raise UserError(reason, file=path)
    _check_last_column(path)
    return _tidy(path, at_least_one(path, _columns(path)))


def _check_last_column(path: Path) -> None:
    """Warns where, by the first rows, a column before the last looks like the tags.

    Raises:
        UserError: token and tag are one column, joined by a comma or the like.
    """
    texts = (bare(line) for line in lines(path))
    rows = [_cells(text) for text in itertools.islice(texts, LOOKED_AT) if text.strip() and not text.startswith("#")]
    if rows and all(len(cells) == 1 and _JOINED.fullmatch(cells[0]) for cells in rows):
        joint = next((one for one in rows[0][0] if one.isspace()), "")
        seen = f", as U+{ord(joint):04X} separates nothing" if joint else ""
        reason = f"{shown(rows[0][0])} is one column{seen}; put a TAB or a space between token and tag"
        raise UserError(reason, file=path)
    columns = list(zip(*rows, strict=False))
    tags = [len(set(column)) > 1 and all(re.fullmatch(_TAG, cell) for cell in column) for column in columns]
    if any(tags[1:-1]) and not tags[-1]:
        place = tags.index(True, 1)
        message = "%s: the tags are the last column, such as %s; column %d looks like tags, such as %s: put last what is meant"
        logger.warning(message, path, shown(columns[-1][0]), place + 1, shown(max(columns[place], key=len)))


def _cells(text: str) -> list[str]:
    # Not str.split(): a token can be any space but the plain one, a no-break space for instance.
    return text.split("\t") if "\t" in text else re.split(" +", text.strip(" "))


def _columns(path: Path) -> Iterator[Row]:
    width = 0
    guid = None
    block: list[_Line] = []
    beginning = (bare(line) for line in itertools.islice(lines(path), LOOKED_AT))
    numbered = are_numbered([_cells(text) if text.strip() else [] for text in beginning if not text.startswith("#")])
    if numbered:
        logger.info("%s: the first column counts the tokens: the second holds them", path)
    for number, line in enumerate(lines(path), start=1):
        text = bare(line)
        if not text.strip() or text.startswith("-DOCSTART-"):
            yield from _sentences(path, block, guid)
            block, guid = [], None
        elif _is_comment(text, before_data=width == 0, before_sentence=not block):
            yield from _sentences(path, block, guid)
            found = _GUID.match(text)
            block, guid = [], found[1] if found else None
        else:
            cells = _cells(text)
            if not width and _is_header(path, number, cells):
                continue
            width = width or len(cells)
            if len(cells) != width:
                reason = f"columns: {width} expected (as in the rows above), {len(cells)} found"
                raise UserError(
                    f"{reason}; write one token a row, its columns separated by one TAB", file=path, row=number
                )
            block.append(_line(path, number, cells[numbered:]))
    yield from _sentences(path, block, guid)


def _is_comment(text: str, *, before_data: bool, before_sentence: bool) -> bool:
    """Whether a line is KLUE's `## ...`, or `# ...` above a sentence; `#<TAB>O` and `# O` are tokens."""
    if text.startswith("## "):
        return "\t" in text or not _IOB_TAG.search(text)
    if text.startswith("# ") and before_sentence and not _IOB_TAG.search(text):
        return before_data or len(text.split()) > 2
    return False


def _is_header(path: Path, number: int, cells: list[str]) -> bool:
    """Whether the first line of a file of columns names them."""
    names = [cell.strip().lower() for cell in cells]
    if len(names) < 2 or names[-1] not in TAG_HEADERS or not TOKEN_HEADERS.intersection(names[:-1]):
        return False
    if names[0] not in TOKEN_HEADERS:
        reason = f"the row names columns, {listed(cells)}, and the first is not the token"
        raise UserError(f"{reason}; write token, TAB, tag, and a blank line after each sentence", file=path, row=number)
    logger.info("%s: row %d names the columns: it is no token", path, number)
    return True


def _line(path: Path, number: int, cells: list[str]) -> _Line:
    token, tag = cells[0], cells[-1] if len(cells) > 1 else None
    if not token:
        raise UserError("a tag without a token; write the token or delete the row", file=path, row=number)
    if tag == "" and len(cells) > 2:
        reason = "the row ends in a TAB, so its last column, the tag, is empty; delete the TAB or write the tag"
        raise UserError(reason, file=path, row=number)
    if tag is not None and not tag.strip():
        raise UserError("a token without a tag; write its tag (O for none)", file=path, row=number)
    return _Line(number, token, tag)


def _sentences(path: Path, block: list[_Line], guid: str | None) -> Iterator[Row]:
    # These lines are whole sentences: a tag itself never holds a space.
    if any(line.tag and " " in line.tag.strip() for line in block):
        for number, words, tags in block:
            yield _sentence(path, number, None, words.split(), (tags or "").split())
    elif block:
        tags_of_block = [line.tag for line in block if line.tag is not None]
        yield _sentence(path, block[0].number, guid, [line.token for line in block], tags_of_block or None)


def _sentence(
    path: Path, line: int, guid: str | None, tokens: list[str], tags: list[str] | None, column: str | None = None
) -> Row:
    if tags is not None and len(tags) != len(tokens):
        reason = f"tokens and tags differ in number ({len(tokens)} and {len(tags)}); write one tag for each token"
        raise UserError(reason, file=path, row=line, column=column)
    return Row(line, {"id": guid, "tokens": tokens, "tags": tags})


def _lists(path: Path, text_column: str | None, label_column: str | None) -> Iterator[Row]:
    tagged = None
    for row in table_rows(path):
        annotated = as_characters(path, row, text_column, label_column) or _plain_text(row, text_column)
        if annotated is not None:
            tagged = _are_tagged(path, annotated, annotated.fields["tags"] is not None, tagged)
            yield annotated
            continue
        tokens_in = _column(path, row, text_column, TOKEN_COLUMNS, "--text_column_name")
        if tokens_in is None:
            raise _no_tokens(path, row)
        tags_in = _column(path, row, label_column, TAG_COLUMNS, "--label_column_name")
        if tags_in is not None and row.fields[tags_in] is None:
            tags_in = None
        tagged = _are_tagged(path, row, tags_in is not None, tagged, tags_in or label_column)
        tokens = _strings(path, row, tokens_in)
        tags = None if tags_in is None else _strings(path, row, tags_in)
        yield _sentence(path, row.line, id_of(row.fields), tokens, tags, tags_in)


def _no_tokens(path: Path, row: Row) -> UserError:
    reason = f"no column of tokens among {listed(row.fields)}; name it with --text_column_name"
    if any(isinstance(value, list) for value in row.fields.values()):
        reason += ", or that of entities (start, end, type) with --label_column_name"
    texts = {name.strip().lower() for name, value in row.fields.items() if isinstance(value, str)}
    if texts & TOKEN_HEADERS and texts & TAG_HEADERS:
        cure = "write a .tsv instead: token, TAB, tag, and a blank line after each sentence"
        reason = f"columns {listed(row.fields)}, and no lists in them: one token a row? {cure}"
    return UserError(reason, file=path, row=row.line)


def _plain_text(row: Row, text_column: str | None) -> Row | None:
    """A text alone as characters without tags, to be predicted; None where there is another column of tokens or tags."""
    fields = row.fields
    name = next((name for name in (text_column, *TEXT_COLUMNS) if isinstance(fields.get(name or ""), str)), None)
    others = {other.strip().lower() for other, value in fields.items() if value not in (None, "")}
    if name is None or others & {*TOKEN_COLUMNS, *TAG_COLUMNS, *TAG_HEADERS, *SPAN_COLUMNS}:
        return None
    if any(isinstance(value, list) or str(value).startswith("[{") for value in fields.values()):
        return None
    return Row(row.line, {"id": id_of(fields), "tokens": list(fields[name]), "tags": None})


def _are_tagged(path: Path, row: Row, now: bool, before: bool | None, column: str | None = None) -> bool:
    """Whether the rows have tags; raises UserError where only some have."""
    if before not in (None, now):
        reason = "only some of the rows so far have tags; give every row its tags (an empty list of entities), or none"
        raise UserError(reason, file=path, row=row.line, column=column)
    return now


def _column(path: Path, row: Row, named: str | None, usual: Sequence[str], option: str) -> str | None:
    if named in row.fields:
        return named
    if named is not None:  # one name in two normal forms is one name
        for name in row.fields:
            if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", named):
                return name
    found = next((name for name in usual if name in row.fields), None)
    if named and found:
        reason = f"no such column; name one of {listed(row.fields)} with {option}"
        raise UserError(reason, file=path, row=row.line, column=named)
    return found


def _strings(path: Path, row: Row, column: str) -> list[str]:
    value = row.fields[column]
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "("):  # how a csv can hold a list
        value = as_list(value)  # what is no list is reported below
    if isinstance(value, list) and None in value:  # also what `datasets` numbers -1
        reason = "expected a list without null, which is also what -1 of a ClassLabel is; write one item for each token"
        raise UserError(reason, file=path, row=row.line, column=column)
    if not isinstance(value, list) or not all(isinstance(item, (str, int)) for item in value):
        reason = f'expected a list such as ["a", "b"], found {shown(value)}; write one item for each token'
        raise UserError(reason, file=path, row=row.line, column=column)
    return [str(item) for item in value]


def _tidy(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    """Rows with one spelling for tags that look alike; says so once."""
    spelled: dict[str, str] = {}
    said = False
    for row in rows:
        tags = row.fields["tags"]
        for tag in tags or ():
            if tag in spelled:
                continue
            spelled[tag] = tidy_tag(tag)
            if not spelled[tag]:
                raise UserError("a token without a tag; write its tag (O for none)", file=path, row=row.line)
            if spelled[tag] != tag and not said:
                said = True
                message = (
                    "%s, row %d: the tag %s is read as %s, as are others that differ by white space or normal form only"
                )
                decomposed = " (in NFD)" if unicodedata.normalize("NFC", tag) == spelled[tag] else ""
                logger.warning(message, path, row.line, repr(tag)[:60] + decomposed, repr(spelled[tag])[:60])
        if tags is not None:
            row.fields["tags"] = [spelled[tag] for tag in tags]
        yield row

"""What the rows of a tagged file must be before anything is made of them, and what their tokens are."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from heads.characters import is_inside

from ..data.splits import Split
from ..data.stored_rows import Lazy
from ..data.tagged import MARKS
from ..errors import UserError
from ..files import Row

logger = logging.getLogger(__name__)

CHARACTERS, WORDS = "characters", "words"
MOST_LONGER = 0.05  # of the tokens of a file of characters: an emoticon here and there does not make words of all
_TAG = re.compile(rf"[Oo_-]|[{MARKS}{MARKS.lower()}][-_]\S+|\S+[-_][{MARKS}]")
_SEVERAL = re.compile(rf"(O|[{MARKS}]-[^\s|,;+]+)([|,;+](O|[{MARKS}]-[^\s|,;+]+))+", re.IGNORECASE)
FIRST_AND_LAST = "in a file of columns the first holds the token, the last its tag"


def name_tags(file: str, rows: Iterator[Row], names: Sequence[str]) -> Iterator[Row]:
    """Rows whose tags are numbers, with the names that --tag_names gives these numbers.

    Raises:
        UserError: a number that has no name, or a tag that is no number.
    """
    for row in rows:
        tags = row.fields["tags"]
        for i, tag in enumerate(tags or (), start=1):
            if not tag.removeprefix("-").isdecimal():
                reason = f"--tag_names names numbers, and the tag of token {i} is '{tag[:40]}'; leave it out"
                raise UserError(reason, file=file, row=row.line)
            if int(tag) < 0:
                reason = f"the tag of token {i} is {tag[:40]}, which hides it; give every token its tag"
                raise UserError(reason, file=file, row=row.line)
            if int(tag) >= len(names):
                reason = (
                    f"the tag of token {i} is {tag[:40]}, and --tag_names names 0 to {len(names) - 1}; name all of them"
                )
                raise UserError(reason, file=file, row=row.line)
        named = None if tags is None else [names[int(tag)] for tag in tags]
        yield Row(row.line, row.fields | {"tags": named})


def has_tags(split: Split) -> bool:
    """Whether every row has tags: a test file may have none."""
    return all(row.fields["tags"] is not None for row in split.rows)


def check_tagged(split: Split) -> None:
    """Raises UserError where a row of a split that needs tags has none, or where the tokens cannot be words."""
    for row in split.rows:
        if row.fields["tags"] is None and split.name != "test":
            raise UserError(
                "no tags; give a tag for every token, or name their column with --label_column_name",
                **split.place(row),
            )
    if not split.part and not any(token.strip() for row in split.rows for token in row.fields["tokens"]):
        raise UserError("every sentence is empty; give sentences with tokens", file=split.file)
    check_tokens(split, (token for row in split.rows for token in row.fields["tokens"] if token.strip()))


def check_tokens(split: Split, tokens: Iterable[str]) -> None:
    """Raises UserError where the tokens of a split, spaces left out, cannot be words or characters of texts."""
    tokens = iter(tokens)
    first = list(islice(tokens, 3))
    counts = Counter(first)
    counts.update(tokens)
    distinct, total = counts.keys(), sum(counts.values())
    if not first:
        return
    if all(re.fullmatch(r"\d+([-.]\d+)?", token) for token in distinct):
        seen = f"all tokens are numbers ({', '.join(token[:10] for token in first)}, ...)"
    elif len(distinct) == 1 and total >= 10:
        seen = f"all {total:,} tokens are '{first[0][:20]}'"
    elif len(distinct) > 1 and all(map(_TAG.fullmatch, distinct)) and max(map(len, distinct)) > 2:
        seen = f"the tokens are tags ({', '.join(token[:20] for token in first)}, ...)"
    else:
        return
    cure = f"give words or characters: {FIRST_AND_LAST}; of a table name the column with --text_column_name"
    raise UserError(f"{seen}; {cure}", file=split.file)


def check_tags(split: Split) -> None:
    """Raises UserError where nothing can be learned from the tags of the training rows, or nobody knows what they mean."""
    counts = Counter(tag for tags in split.column("tags") for tag in tags)
    total = sum(counts.values())
    if len(counts) == 1:
        seen = f"all {total:,} tags are '{next(iter(counts))[:40]}': nothing to learn"
        raise UserError(
            f"{seen}; {FIRST_AND_LAST}; of a table name the column with --label_column_name", file=split.file
        )
    several = next((tag for tag in counts if _SEVERAL.fullmatch(tag)), None)
    if several is not None:
        row = next(row for row in split.rows if several in row.fields["tags"])
        reason = f"'{several[:40]}' is several tags of one token, as of entities in one another; keep one"
        raise UserError(reason, **split.place(row))
    if all(tag.removeprefix("-").isdecimal() for tag in counts):
        numbers = sorted(counts, key=int)
        seen = (
            f"the tags are numbers ({', '.join(number[:10] for number in numbers[:5])}{', ...' * (len(numbers) > 5)})"
        )
        cure = "say what they mean, from 0 on: --tag_names O B-PER I-PER ..."
        raise UserError(f"{seen} without names; {cure}", file=split.file)
    if len(counts) > max(20, total / 5):
        message = "%s: %d different tags for %d tokens; is the last column, or --label_column_name, the tag?"
        logger.warning(message, split.file, len(counts), total)


def unit_of(split: Split) -> str:
    """What the tokens of a file are, decided by all of them: "characters", as a reader sees them, or "words"."""
    counts = Counter(token for row in split.rows for token in row.fields["tokens"] if not token.isspace())
    longer = [token for token in counts if not is_character(token)]
    count, total = sum(counts[token] for token in longer), sum(counts.values())
    unit = CHARACTERS if count <= MOST_LONGER * total else WORDS
    note = f"; {count} of {total:,} are longer, such as '{longer[0][:20]}'" if count and unit == CHARACTERS else ""
    logger.info("%s: the tokens are %s%s", split.file, unit, note)
    return unit


@lru_cache(maxsize=1 << 14)
def is_character(token: str) -> bool:
    """Whether a reader sees one character: a heart with its variation selector, a flag, a syllable in NFD."""
    return token != "" and all(is_inside(token, i) for i in range(1, len(token)))


def check_unit(split: Split, unit: str) -> None:
    """Raises UserError where the tokens of a split cannot be of this unit."""
    counts = Counter(token for row in split.rows for token in row.fields["tokens"])
    letters = Counter({token: count for token, count in counts.items() if not token.isspace()})
    longer = Counter({token: count for token, count in letters.items() if not is_character(token)})
    tokens_in, letters_in, longer_in = (sum(one.values()) for one in (counts, letters, longer))
    if unit == CHARACTERS and longer_in > 0.2 * letters_in:
        seen = f"the tokens are words (such as '{next(iter(longer))[:20]}'), the model tags characters"
        raise UserError(f"{seen}; give one character a token, or train a model on words", file=split.file)
    # A few words of one letter are words still.
    sure = letters_in >= 30 or letters_in < tokens_in
    if unit == WORDS and letters and sure and longer_in <= MOST_LONGER * letters_in:
        seen = f"the tokens are characters (such as '{next(iter(letters))}'), the model tags words"
        raise UserError(f"{seen}; give one word a token, or train a model on characters", file=split.file)


def without_spaces(split: Split, values: Iterable[list[str]]) -> list[list[str]]:
    """Tags without those of spaces, which do not count, as in KLUE-NER."""
    return [_without_spaces(row, tags) for row, tags in zip(split.rows, values, strict=True)]


def tags_without_spaces(split: Split) -> Sequence[list[str]]:
    """As `without_spaces`, of the tags that the rows have."""
    return Lazy(split.rows, lambda row: _without_spaces(row, row.fields["tags"]))


def _without_spaces(row: Row, tags: list[str]) -> list[str]:
    return [tag for token, tag in zip(row.fields["tokens"], tags, strict=True) if not token.isspace()]

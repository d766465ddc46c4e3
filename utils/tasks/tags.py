"""What tokens are tagged with: IOB2 inside, whatever scheme a file is written in; and what a token is."""

from __future__ import annotations

import logging
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from typing_extensions import Self

from heads import HeadedEncoderConfig

from ..arguments import TokenDataArguments
from ..data.splits import Split
from ..data.stored_rows import Lazy
from ..data.tagged import MARKS
from ..errors import UserError
from ..files import Row, listed
from ..metrics.iob2 import OUTSIDE, PREFIX, Style
from .tag_schemes import SCHEMES, TagScheme, unlike
from .token_rows import CHARACTERS, tags_without_spaces, unit_of

logger = logging.getLogger(__name__)

MOST_UNLIKE = 0.1  # of the tags of a file with entities: more than typing errors


@dataclass
class Tags:
    """What is tagged, and with what.

    Attributes:
        names: tags in IOB2, or as they are where they mark no entities.
        unit: what a token is: "characters" (spaces may be among them, as in KLUE-NER) or "words".
        scheme: how the training file writes them, and predictions too; None: as `names`.
        classes: the model's classes by index where they are not `names`: those of a checkpoint trained on another scheme.
    """

    names: list[str]
    unit: str
    scheme: TagScheme | None = None
    classes: list[str] | None = None
    _readings: dict[tuple, tuple[weakref.ref[Split], _Reading]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def joiner(self) -> str:
        """What stands between two tokens of a sentence."""
        return "" if self.unit == CHARACTERS else " "

    @property
    def style(self) -> Style | None:
        """How the IOB2 tags are written; None where the tags mark no entities."""
        return Style.of(self.names)

    @classmethod
    def of(cls, split: Split, data: TokenDataArguments) -> Self:
        """Reads tags, their scheme and the unit off the training rows: O first, and for every type its B- and its I- tag.

        Raises:
            UserError: numbers without names, or tags of entities with a few among them that are none.
        """
        unit = unit_of(split)
        if data.benchmark is not None and data.benchmark.labels:
            return cls(list(data.benchmark.labels), unit)
        counts = Counter(tag for tags in split.column("tags") for tag in tags)
        sentences = tags_without_spaces(split)
        scheme = TagScheme.of(sentences)
        style = PREFIX if scheme is None else scheme.style
        if scheme is None:
            _check_no_entities(split, counts)
            names = set(counts)
        else:
            logger.info("%s: the tags are %s%s", split.file, scheme, "" if scheme.is_plain else "; IOB2 in the model")
            _check_mostly_right(split, scheme, sentences)
            counts = Counter(tag for tag in counts if scheme.split(tag) is not None)  # all but what only spaces have
            names = {tag for one in counts for tag in scheme.read([one], style)} if scheme.is_plain else {OUTSIDE}
        kinds = {((scheme.split(tag) if scheme else style.split(tag)) or ("", ""))[1] for tag in counts} - {""}
        _say_alike(split, kinds)
        names |= {style.join(mark, kind) for kind in kinds for mark in "BI"}
        return cls(_sorted(names), unit, None if scheme is None or scheme.is_plain else scheme)

    @classmethod
    def of_checkpoint(cls, config: HeadedEncoderConfig, split: Split) -> Self:
        """What a checkpoint was trained on; the unit is read off a split's rows where a stock one does not say it."""
        classes, unit = config.label_names, getattr(config, "token_unit", None) or unit_of(split)
        written = getattr(config, "tag_scheme", None)
        if written is not None:
            return cls(classes, unit, TagScheme.of_config(written))
        scheme = TagScheme.of_names(classes) if Style.of(classes) is None else None
        if scheme is None or SCHEMES[scheme.name].first != "B":
            return cls(classes, unit)
        kinds = {(scheme.split(name) or ("", ""))[1] for name in classes} - {""}
        names = _sorted({OUTSIDE, *(PREFIX.join(mark, kind) for kind in kinds for mark in "BI")})
        return cls(names, unit, scheme, classes)

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""
        return {
            "token_unit": self.unit,
            "id2label": dict(enumerate(self.classes or self.names)),
            "label2id": self.class_ids(),
            **({} if self.scheme is None else {"tag_scheme": self.scheme.config_field()}),
        }

    # From a file's tags to IOB2 and back

    def read(self, split: Split) -> Sequence[list[str]]:
        """The tags of every row in IOB2; those that are no tags of the scheme as they are."""
        reading = self._reading_of(split)
        scheme = reading.scheme
        if scheme is None or reading.as_it_is:
            return split.column("tags")
        return Lazy(split.rows, lambda row: self._to_iob2(row, row.fields["tags"], scheme))

    def write(self, tags: Sequence[str]) -> list[str]:
        """IOB2 tags of a sentence as the training file writes them."""
        return list(tags) if self.scheme is None else self.scheme.write(tags, self.style or PREFIX)

    def knows(self, written: list[str]) -> bool:
        """Whether tags, as `write` gives them, are of kinds that these labels have."""
        if self.scheme is None:
            return set(written) <= set(self.names)
        kinds, known = ({(PREFIX.split(tag) or ("", tag))[1] for tag in tags} for tags in (written, self.names))
        return kinds <= known | {OUTSIDE}

    def read_back(self, split: Split, written: list[list[str]]) -> list[list[str]]:
        """IOB2 of what `write` gave."""
        if self.scheme is None:
            return written
        return [self._to_iob2(row, tags, self.scheme) for row, tags in zip(split.rows, written, strict=True)]

    def say_unused(self, split: Split) -> None:
        """Logs which types of entities, or tags where they mark none, no row of the training rows has."""

        def kind(tag: str) -> str:
            return ((self.style or PREFIX).split(tag) or ("", ""))[1] or tag

        used = {kind(tag) for tags in self.read(split) for tag in set(tags)} | {OUTSIDE}
        unused = dict.fromkeys(kind(tag) for tag in self.names if kind(tag) not in used)
        if unused:
            logger.warning("%s: tags without a row that is trained on: %s", split.file, listed(unused))

    def class_ids(self) -> dict[str, int]:
        """The model's classes by the tags that `model_tags` gives."""
        return {name: i for i, name in enumerate(self.classes or self.names)}

    def model_tags(self, tags: Sequence[str]) -> list[str]:
        """IOB2 tags of a sentence as classes of the model."""
        return list(tags) if self.classes is None else self.write(tags)

    def names_by_class(self) -> list[str]:
        """The IOB2 tag that each class of the model stands for."""
        if self.classes is None or self.scheme is None:
            return self.names
        begins = (SCHEMES[self.scheme.name].first, SCHEMES[self.scheme.name].only)
        split = [self.scheme.split(name) or ("", "") for name in self.classes]
        return [PREFIX.join("B" if mark in begins else "I", kind) if kind else OUTSIDE for mark, kind in split]

    def faults(self, split: Split) -> dict[str, int]:
        """How many entities of a split are right and wrong in its scheme; empty where tags mark none."""
        return self._reading_of(split).counts

    def _reading_of(self, split: Split) -> _Reading:
        """How a split is read; says so once."""
        key = (split.name, split.file, split.part)
        known, reading = self._readings.get(key, (None, None))
        if known is None or reading is None or known() is not split:
            reading = self._find_reading(split)
            self._readings[key] = weakref.ref(split), reading  # parts of a large file are not held
        return reading

    def _find_reading(self, split: Split) -> _Reading:
        """The training file's scheme, or the split's own where that leaves fewer entities wrong."""
        own = self.scheme
        if own is None and self.style is not None:
            own = TagScheme(name="IOB2", suffix=self.style.suffix)
        if own is None:
            return _Reading(None, {}, True)
        sentences = tags_without_spaces(split)
        every = {tag for tags in split.column("tags") for tag in tags}
        fits = own.fits({tag for tags in sentences for tag in tags})
        wrong = _wrong(own, sentences)
        other = TagScheme.of(sentences) if wrong or not fits else own
        if other is not None and other != own:
            wrong_there = _wrong(other, sentences)
            if len(wrong_there) < len(wrong) or not fits:
                message = "%s: the tags are %s, the model's %s; they are read as such, predictions are %s"
                logger.warning(message, split.file, other, own, own)
                own, wrong = other, wrong_there
        right = sum(len(pieces.entities) for pieces in own.all_pieces(sentences))
        if wrong:
            row, place, tag = wrong[0]
            letters = [i for i, token in enumerate(split.rows[row].fields["tokens"], start=1) if not token.isspace()]
            message = "%s: %d of %d entities are wrong in %s and count as none, the first at row %s, token %d: %s"
            where = (split.rows[row].number, letters[place], tag[:40])
            logger.warning(message, split.file, len(wrong), right + len(wrong), own.name, *where)
        elif not right and fits:
            logger.warning("%s: no tag marks an entity", split.file)
        as_it_is = own.is_plain and every <= set(self.names)
        return _Reading(own, {"entities": right, "wrong_entities": len(wrong)}, as_it_is)

    def _to_iob2(self, row: Row, tags: list[str], scheme: TagScheme) -> list[str]:
        spaces = [token.isspace() for token in row.fields["tokens"]]
        apart = _begin_after_spaces(scheme, tags, spaces) if scheme.name == "IOB1" else tags
        without = [tag for tag, space in zip(apart, spaces, strict=True) if not space]
        read = iter(scheme.read(without, self.style or PREFIX))
        return [OUTSIDE if space else next(read) for space in spaces]


class _Reading(NamedTuple):
    """What a split is read in, None for tags that mark no entities; its entities, right and wrong; whether its tags are IOB2 already."""

    scheme: TagScheme | None
    counts: dict[str, int]
    as_it_is: bool


def _wrong(scheme: TagScheme, sentences: Sequence[list[str]]) -> list[tuple[int, int, str]]:
    """Row, token and tag of the beginning of every entity that is wrong."""
    return [
        (row, piece.first, tags[piece.first])
        for row, (tags, pieces) in enumerate(zip(sentences, scheme.all_pieces(sentences), strict=True))
        for piece in pieces.wrong
    ]


def _begin_after_spaces(scheme: TagScheme, tags: list[str], spaces: list[bool]) -> list[str]:
    """IOB1 tags that say the same without their spaces: a space outside of entities parts what stands on its sides."""
    found = list(tags)
    for i in range(1, len(tags)):
        mark, kind = scheme.split(tags[i]) or ("", "")
        if mark == "I" and spaces[i - 1] and scheme.is_outside(tags[i - 1]):
            found[i] = scheme.join("B", kind) if _kind_before(scheme, tags, spaces, i) == kind else tags[i]
    return found


def _kind_before(scheme: TagScheme, tags: list[str], spaces: list[bool], i: int) -> str:
    """The type of the last token before token i that is no space."""
    before = next((j for j in range(i - 1, -1, -1) if not spaces[j]), None)
    return "" if before is None else (scheme.split(tags[before]) or ("", ""))[1]


def _check_mostly_right(split: Split, scheme: TagScheme, sentences: Sequence[list[str]]) -> None:
    """Raises UserError where most entities are wrong in the scheme that fits best."""
    wrong = _wrong(scheme, sentences)
    if len(wrong) > sum(len(pieces.entities) for pieces in scheme.all_pieces(sentences)):
        row, token, tag = wrong[0]
        reason = f"most entities are wrong in {scheme.name}, which fits the tags best, such as '{tag[:40]}' at token {token + 1}"
        raise UserError(f"{reason}; write them in IOB2 (B-PER, I-PER, O)", **split.place(split.rows[row]))


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(set(names), key=lambda name: (name != OUTSIDE, name[2:] if name[1:2] == "-" else name, name))


def _check_no_entities(split: Split, counts: Counter[str]) -> None:
    """Says that tags mark no entities.

    Raises:
        UserError: most of them do.
    """
    others = unlike(counts)
    odd = sum(counts[tag] for tag in others)
    for row in split.rows if 0 < odd <= MOST_UNLIKE * (sum(counts.values()) - counts[OUTSIDE]) else ():
        for i, tag in enumerate(row.fields["tags"], start=1):
            if tag in others:
                reason = f"the tag '{tag[:40]}' of token {i} is unlike the others, such as {_marked(counts, others)}"
                cure = "correct it, or all tags would mark no entities"
                if row.line == i == 1:
                    cure += "; delete the row if it names the columns"
                raise UserError(f"{reason}; {cure}", **split.place(row))
    named = ", ".join(f"'{tag[:40]}'" for tag in others[:5])
    if others:
        message = (
            "%s: because of %s the tags are in no scheme of entities: they are scored tag by tag, without entity_f1"
        )
        logger.warning(message, split.file, named)
    else:
        bare = all(tag.upper().strip("-_:/.") in {OUTSIDE, *MARKS} for tag in counts)
        cure = "; for entities write a type too, such as B-X and I-X" if bare else ""
        logger.info("%s: the tags mark no entities: they are scored tag by tag%s", split.file, cure)


def _marked(counts: Counter[str], others: list[str]) -> str:
    return max((tag for tag in counts if tag not in others and tag != OUTSIDE), key=lambda tag: (counts[tag], tag))


def _say_alike(split: Split, kinds: set[str]) -> None:
    alike: dict[str, list[str]] = {}
    for kind in sorted(kinds):
        alike.setdefault(kind.casefold(), []).append(kind)
    for several in alike.values():
        if len(several) > 1:
            logger.warning("%s: %s are types of their own; they differ by case only", split.file, " and ".join(several))

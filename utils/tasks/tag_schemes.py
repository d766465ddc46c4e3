"""Schemes in which files tag entities: found in the tags themselves, read as IOB2 and written again.

A tag is a mark, a separator and a type. Which marks there are and what they say is the scheme's; how a tag is spelled
(`B-PER`, `PER-B`, `b_per`) is the file's.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from heads.tag_marks import SCHEMES, split_tag

from ..data.tagged import MARKS
from ..errors import UserError
from ..files import shown
from ..metrics.iob2 import OUTSIDE, PREFIX, Entity, Style

SEPARATORS = "-_:/."
# Tags that say that there is no entity: a file has one of them, in large or small letters.
OUTSIDES = ("O", "0", "_", "-", "OUT", "OUTSIDE", "OTHER", "NONE", "NULL")


class Pieces(NamedTuple):
    """The runs of tags of a sentence that belong together.

    Attributes:
        entities: those that are spelled as the scheme has it, in order.
        wrong: the others.
    """

    entities: list[Entity]
    wrong: list[Entity]


@dataclass(frozen=True)
class TagScheme:
    """How a file tags entities.

    Attributes:
        name: a key of `SCHEMES`.
        suffix: the mark stands after the type.
        separator: what stands between them.
        lower: marks are small letters.
        outside: the tag of what is no entity.
    """

    name: str
    suffix: bool = False
    separator: str = "-"
    lower: bool = False
    outside: str = OUTSIDE

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]]) -> TagScheme | None:
        """The scheme that all tags are written in and that leaves the fewest entities wrong; None where there is none.

        Args:
            sentences: the tags of each.
        """
        counts = Counter(tag for tags in sentences for tag in tags)
        best, fewest = None, None
        for scheme in cls._candidates(counts):
            wrong = 0
            for pieces in scheme.all_pieces(sentences):
                wrong += len(pieces.wrong)
                if fewest is not None and wrong >= fewest:
                    break
            else:
                best, fewest = scheme, wrong
            if not fewest:
                break
        return best

    @classmethod
    def of_names(cls, names: Iterable[str]) -> TagScheme | None:
        """The usual scheme of tags whose order is not known."""
        return next(iter(cls._candidates(Counter(names))), None)

    @classmethod
    def _candidates(cls, counts: Counter[str]) -> list[TagScheme]:
        spelling = _spelling(counts)
        if spelling is None:
            return []
        marks = {split[0] for tag in counts if (split := spelling.split(tag)) is not None and split[0]}
        fitting = [dataclasses.replace(spelling, name=name) for name, own in SCHEMES.items() if marks <= own.all]
        # What is not written as B-x or x-B could be something else: a tag for what is no entity has to be there.
        outside = any(spelling.is_outside(tag) for tag in counts)
        usual = spelling.separator == "-" and not spelling.lower
        begun = not marks or bool(marks & set("BI"))
        return fitting if (usual and (begun or outside)) or (begun and outside) else []

    @property
    def is_plain(self) -> bool:
        """Whether these are IOB2 tags as this project has them: `O`, `B-PER` or `PER-B`."""
        return (self.name, self.separator, self.lower, self.outside) == ("IOB2", "-", False, OUTSIDE)

    @property
    def style(self) -> Style:
        """How its IOB2 tags are written."""
        return Style(self.suffix) if self.is_plain else PREFIX

    def __str__(self) -> str:
        mark = SCHEMES[self.name].only
        example, usual = self.join(mark, "per" if self.lower else "PER"), TagScheme(name=self.name).join(mark, "PER")
        spelled = [f"with tags such as {example}"] if example != usual else []
        spelled += [f"'{self.outside}' for none"] if self.outside != OUTSIDE else []
        return " ".join([self.name, *([f"({', '.join(spelled)})"] if spelled else [])])

    def config_field(self) -> dict[str, Any]:
        """How a configuration says the same."""
        return dataclasses.asdict(self)

    @classmethod
    def of_config(cls, fields: dict[str, Any]) -> TagScheme:
        """What `config_field` gave.

        Raises:
            UserError: something else.
        """
        known = {item.name for item in dataclasses.fields(cls)}
        if not fields.keys() <= known or fields["name"] not in SCHEMES:
            raise UserError(f"the checkpoint's tag_scheme is none of {', '.join(SCHEMES)}: {shown(fields)}")
        return cls(**fields)

    def is_outside(self, tag: str) -> bool:
        """Whether the tag says that there is no entity, in large or small letters."""
        return tag.upper() == self.outside.upper()

    def split(self, tag: str) -> tuple[str, str] | None:
        """Mark and type: `s_per` to `("S", "per")`; `("", "")` outside of entities; None for what is no such tag."""
        if self.is_outside(tag):
            return "", ""
        found = split_tag(tag, self.suffix, self.separator)
        return (found[0].upper(), found[1]) if found is not None and found[0].upper() in MARKS else None

    def join(self, mark: str, kind: str) -> str:
        """The tag of a mark and a type."""
        mark = mark.lower() if self.lower else mark
        return f"{kind}{self.separator}{mark}" if self.suffix else f"{mark}{self.separator}{kind}"

    def fits(self, tag_names: Iterable[str]) -> bool:
        """Whether all of these are tags of this scheme."""
        known = {"", *SCHEMES[self.name].all}
        return all((split := self.split(name)) is not None and split[0] in known for name in tag_names)

    def pieces(self, tags: Sequence[str]) -> Pieces:
        """The entities of a sentence and what is wrong in this scheme; tags of no scheme are outside."""
        return self._pieces([self.split(tag) or ("", "") for tag in tags])

    def all_pieces(self, sentences: Iterable[Sequence[str]]) -> Iterator[Pieces]:
        """The pieces of every sentence."""
        split: dict[str, tuple[str, str]] = {}
        for tags in sentences:
            for tag in tags:
                if tag not in split:
                    split[tag] = self.split(tag) or ("", "")
            yield self._pieces([split[tag] for tag in tags])

    def _pieces(self, split: list[tuple[str, str]]) -> Pieces:
        """See `pieces`, of marks and types."""
        found = Pieces([], [])
        marks = SCHEMES[self.name]
        end = 0
        for first, (_, kind) in enumerate(split):
            if not kind or first < end:
                continue
            end = first + 1
            while end < len(split) and split[end][1] == kind:
                if split[end][0] in marks.begins or split[end - 1][0] in marks.ends:
                    break
                end += 1
            after_one = first > 0 and split[first - 1][1] == kind
            right = [mark for mark, _ in split[first:end]] == self._spell(end - first, after_one)
            (found.entities if right else found.wrong).append(Entity(kind, first, end))
        return found

    def read(self, tags: Sequence[str], style: Style = PREFIX) -> list[str]:
        """The tags of a sentence in IOB2: what is wrong is outside, tags of no scheme stay what they are.

        Tags that are IOB2 already keep their marks, the wrong ones too: they are no entities there either.
        """
        if self.name == "IOB2":
            split = [(tag, self.split(tag)) for tag in tags]
            return [tag if one is None else style.join(*one) if one[0] else OUTSIDE for tag, one in split]
        found = [tag if self.split(tag) is None else OUTSIDE for tag in tags]
        for kind, first, end in self.pieces(tags).entities:
            found[first:end] = [style.join("B", kind), *[style.join("I", kind)] * (end - first - 1)]
        return found

    def write(self, tags: Sequence[str], style: Style = PREFIX) -> list[str]:
        """IOB2 tags of a sentence in this scheme; an I that continues no entity is outside, but for other spellings of IOB2."""
        if self.name == "IOB2":
            split = [style.split(tag) for tag in tags]
            return [self.join(mark, kind) if kind else self.outside for mark, kind in split]
        written = [self.outside] * len(tags)
        entities = style.entities(tags)
        for i, (kind, first, end) in enumerate(entities):
            after_one = i > 0 and entities[i - 1].end == first and entities[i - 1].kind == kind
            written[first:end] = [self.join(mark, kind) for mark in self._spell(end - first, after_one)]
        return written

    def _spell(self, length: int, after_one: bool) -> list[str]:
        """The marks of an entity; `after_one`: another of its type ends right before it."""
        marks = SCHEMES[self.name]
        spelled = [marks.first, *[marks.inside] * (length - 2), marks.last] if length > 1 else [marks.only]
        if self.name == "IOB1" and after_one:
            spelled[0] = "B"
        return spelled


def unlike(counts: Counter[str]) -> list[str]:
    """The tags that fit in no scheme with the others, where a third or more of all look like tags of entities.

    Args:
        counts: of tags that `TagScheme.of` finds no scheme for.
    """
    best: list[str] = []
    for separator in SEPARATORS:
        for suffix in (False, True):
            for name, marks in SCHEMES.items():
                scheme = TagScheme(name=name, suffix=suffix, separator=separator)
                fitting = [tag for tag in counts if (split := scheme.split(tag)) and split[0] in marks.all and split[1]]
                if sum(counts[tag] for tag in fitting) > sum(counts[tag] for tag in best):
                    best = fitting
    others = [tag for tag in counts if tag not in best and tag.upper() != OUTSIDE]
    return others if 2 * sum(counts[tag] for tag in best) > sum(counts[tag] for tag in others) else []


def _spelling(counts: Counter[str]) -> TagScheme | None:
    """The one way in which all tags are spelled, whatever their scheme."""
    if all(tag == OUTSIDE for tag in counts):
        return TagScheme(name="IOB2")
    for any_outside in (False, True):
        for separator in SEPARATORS:
            for suffix in (False, True):
                spelling = TagScheme(name="IOB2", suffix=suffix, separator=separator)
                others = [tag for tag in counts if spelling.is_outside(tag) or spelling.split(tag) is None]
                kinds = {tag.upper() for tag in others}
                if len(others) == len(counts) or len(kinds) > 1:
                    continue
                if kinds <= {OUTSIDE} or (any_outside and kinds <= set(OUTSIDES)):
                    small = sum(counts[tag] for tag in counts if tag not in others and _mark(tag, suffix).islower())
                    outside = max(others, key=lambda tag: (counts[tag], tag == OUTSIDE, tag), default=None)
                    marked = sum(counts.values()) - sum(counts[tag] for tag in others)
                    lower = 2 * small > marked
                    return TagScheme(
                        name="IOB2",
                        suffix=suffix,
                        separator=separator,
                        lower=lower,
                        outside=outside or ("o" if lower else OUTSIDE),
                    )
    return None


def _mark(tag: str, suffix: bool) -> str:
    return tag[-1] if suffix else tag[0]

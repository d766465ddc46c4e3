"""IOB2 tags: O, and for each type of entity B (its first token) and I (every further one).

The mark stands before the type (`B-PER`) or after it (`PER-B`, Naver NER). Types may contain hyphens. An I that continues no
entity of its type is outside, as in seqeval's strict mode.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from heads.tag_marks import split_tag

OUTSIDE = "O"


class Entity(NamedTuple):
    """An entity of a sentence: its type and its tokens, first <= t < end."""

    kind: str
    first: int
    end: int


class Style(NamedTuple):
    """How tags are written.

    Attributes:
        suffix: the mark stands after the type.
    """

    suffix: bool

    @classmethod
    def of(cls, tag_names: Iterable[str]) -> Style | None:
        """The style of all these tags; None where they mark no entities, as parts of speech do not."""
        marked = [name for name in tag_names if name != OUTSIDE]
        if all(re.fullmatch(r"[BI]-.+", name) for name in marked):
            return cls(suffix=False)
        return cls(suffix=True) if all(re.fullmatch(r".+-[BI]", name) for name in marked) else None

    def split(self, tag: str) -> tuple[str, str]:
        """Mark and type: `B-PER` to `("B", "PER")`; a tag that is no B or I, such as `O`, to `("O", "")`."""
        found = split_tag(tag, self.suffix)
        return found if found is not None and found[0] in ("B", "I") else (OUTSIDE, "")

    def join(self, mark: str, kind: str) -> str:
        """The tag of a mark and a type."""
        return f"{kind}-{mark}" if self.suffix else f"{mark}-{kind}"

    def kinds(self, tag_names: Iterable[str]) -> list[str]:
        """The types that tags name, in alphabetical order."""
        return sorted({self.split(name)[1] for name in tag_names if name != OUTSIDE})

    def entities(self, tags: Sequence[str]) -> list[Entity]:
        """The entities of one sentence, in order."""
        found: list[Entity] = []
        kind, first = None, 0
        for i, tag in enumerate([*tags, OUTSIDE]):
            mark, this = self.split(tag)
            if kind is not None and not (mark == "I" and this == kind):
                found.append(Entity(kind, first, i))
                kind = None
            if mark == "B":
                kind, first = this, i
        return found

    def inside(self, tag: str) -> str:
        """The tag of a further token of the entity that `tag` belongs to: `B-PER` to `I-PER`, `O` to `O`."""
        mark, kind = self.split(tag)
        return self.join("I", kind) if mark == "B" else tag

    def between(self, before: str, after: str) -> str | None:
        """The tag of a token between two others: that of an entity that goes on after it; None where there is none."""
        mark, kind = self.split(after)
        return after if mark == "I" and self.split(before)[1] == kind else None


PREFIX = Style(suffix=False)

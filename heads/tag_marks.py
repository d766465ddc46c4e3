"""Schemes of tags for entities. A tag is a mark, a separator and a type, as in `B-PER`, or the other way round; `O` is no entity."""

from __future__ import annotations

from typing import NamedTuple


class Marks(NamedTuple):
    """The marks of the first, a further, the last and the only token of an entity, and those that always begin or end one."""

    first: str
    inside: str
    last: str
    only: str
    begins: str
    ends: str

    @property
    def all(self) -> set[str]:
        """Every mark of the scheme once."""
        return set("".join(self))


# In the order of preference where tags fit several. IOB1 begins with a B only what follows an entity of its type at once.
SCHEMES = {
    "IOB2": Marks(first="B", inside="I", last="I", only="B", begins="B", ends=""),
    "IOB1": Marks(first="I", inside="I", last="I", only="I", begins="B", ends=""),
    "BIOES": Marks(first="B", inside="I", last="E", only="S", begins="BS", ends="ES"),
    "BILOU": Marks(first="B", inside="I", last="L", only="U", begins="BU", ends="LU"),
    "BMEWO": Marks(first="B", inside="M", last="E", only="W", begins="BW", ends="EW"),
    "BMES": Marks(first="B", inside="M", last="E", only="S", begins="BS", ends="ES"),
    "BIEO": Marks(first="B", inside="I", last="E", only="B", begins="B", ends="E"),
    "IOE2": Marks(first="I", inside="I", last="E", only="E", begins="", ends="E"),
}


def split_tag(tag: str, suffix: bool, separator: str = "-") -> tuple[str, str] | None:
    """Mark and type: `B-PER` to `("B", "PER")`; None for what is not written so.

    Args:
        suffix: the mark stands after the type.
    """
    mark, between, kind = (tag[-1:], tag[-2:-1], tag[:-2]) if suffix else (tag[:1], tag[1:2], tag[2:])
    return (mark, kind) if kind and between == separator else None

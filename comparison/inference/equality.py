"""Are two heads equal, for all that matters? Two one-sided tests (Schuirmann 1987) ask whether they are a margin apart."""

from __future__ import annotations

from dataclasses import dataclass

from .evidence import Evidence
from .p_values import LEVEL
from .spending import Look


@dataclass(frozen=True)
class Equality:
    """Whether a difference lies within a margin; numbers but p values are in the unit of the difference.

    Attributes:
        margin: differences below this do not matter.
        low, high: 90 % interval of the difference, of this pair alone. It lies within the margin where p_value is below .05, and
            nowhere else: each end errs in 5 %.
        p_value: of a difference of the margin or more, on either side.
        p_holm: the same after Holm's correction over all pairs, which is apart from that of the differences.
        shown: p_holm < .05.
    """

    margin: float
    low: float
    high: float
    p_value: float
    p_holm: float
    shown: bool


def judge_equality(evidence: Evidence, margin: float, look: Look) -> Equality:
    """Tests one pair; Holm's correction is still to be made."""
    p = evidence.p_outside(margin)
    if p < 0.5:  # a side of a two-sided test with twice the level
        p = look.p_value(2 * p) / 2
    low, high = evidence.interval(look.level(2 * LEVEL))
    return Equality(margin=margin, low=low, high=high, p_value=p, p_holm=p, shown=p < LEVEL)

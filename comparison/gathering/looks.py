"""Which look is due where the number of seeds is left to a rule."""

from __future__ import annotations

from dataclasses import replace

from utils.data.splits import Split

from ..cells import Plan
from ..inference.sequential import Rule, decide
from .rows import score_cells


def next_look(plan: Plan, split: Split, rule: Rule) -> tuple[int, Plan]:
    """Returns the number of the look that is due, from 1, and the plan of its cells and of those before it.

    The looks before it are taken again from the predictions, so that nothing has to be remembered. Where all pairs are decided,
    it is the last look that was taken.

    Args:
        plan: with the cells of the last look.
        split: the test rows.
    """
    seeds = list(dict.fromkeys(cell.seed for cell in plan.cells))
    going_on = plan.heads
    taken: dict[str, int] = {}
    for number, count in enumerate(rule.looks, start=1):  # noqa: B007 (returned)
        taken |= dict.fromkeys(going_on, count)
        part = replace(plan, cells=[cell for cell in plan.cells if seeds.index(cell.seed) < taken[cell.head]])
        if part.unfinished:
            break
        scored = score_cells(part, split)
        going_on = decide(scored.counts, scored.metric, rule).heads
        if not going_on:
            break
    return number, part

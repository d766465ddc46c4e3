"""What kinds of errors there are, counted: which class is taken for which, which entities and answers are half right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .answers import score_answer
from .iob2 import Entity, Style

NOTHING = "nothing"
ENTITY_OUTCOMES = ("right", "boundaries", "type", "both", "missed", "made up")
ANSWER_OUTCOMES = ("exact", "in part", "no overlap", "no answer given")


class ErrorTable(NamedTuple):
    """Counts by row and column.

    Attributes:
        title: what is counted.
        rows, columns: their names, in order.
        counts: row, column and how many, where there are any.
        square: rows are gold and columns predicted, and on the diagonal both are the same.
        note: how to read it.
    """

    title: str
    rows: list[str]
    columns: list[str]
    counts: list[tuple[str, str, int]]
    square: bool = False
    note: str = ""


def class_errors(predictions: Sequence[str], references: Sequence[str], names: Sequence[str], what: str) -> ErrorTable:
    """Which class is taken for which.

    Args:
        what: what has a class each, such as "rows".
    """
    counts = Counter(zip(references, predictions, strict=True))
    title = f"{what[0].upper()}{what[1:]} by gold and predicted class"
    return ErrorTable(title=title, rows=list(names), columns=list(names), counts=_listed(counts), square=True)


def label_errors(
    predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], names: Sequence[str]
) -> ErrorTable:
    """How often each label of sets is found, missed, or given where it should not be."""
    counts: Counter[tuple[str, str]] = Counter()
    for predicted, gold in zip(map(set, predictions), map(set, references), strict=True):
        counts.update((name, "found") for name in predicted & gold)
        counts.update((name, "missed") for name in gold - predicted)
        counts.update((name, "added") for name in predicted - gold)
    return ErrorTable(
        title="Labels that are found, missed and added",
        rows=list(names),
        columns=["found", "missed", "added"],
        counts=_listed(counts),
    )


def entity_errors(
    style: Style, predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], names: Sequence[str]
) -> list[ErrorTable]:
    """What becomes of the entities of every type, and which type is taken for which.

    Every gold entity is matched with one predicted entity at most, and the other way round: first those of the same tokens,
    then, of those that overlap, those of the same type, then any.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    types: Counter[tuple[str, str]] = Counter()
    for predicted, gold in zip(predictions, references, strict=True):
        for wanted, found in match_entities(style.entities(gold), style.entities(predicted)):
            if wanted is None or found is None:
                outcomes[(wanted or found).kind, "missed" if found is None else "made up"] += 1  # type: ignore[union-attr]
            else:
                same_place, same_type = wanted[1:] == found[1:], wanted.kind == found.kind
                wrong = "both" if not same_type else "boundaries"
                outcomes[wanted.kind, ("right" if same_type else "type") if same_place else wrong] += 1
            types[wanted.kind if wanted else NOTHING, found.kind if found else NOTHING] += 1
    kinds = style.kinds(names)
    note = (
        "By gold type: right; of the right type with other boundaries; of another type with the same boundaries; overlapping with "
        "both wrong; missed. Made up, by predicted type: overlapping no gold entity that is not matched already."
    )
    return [
        ErrorTable(
            title="What becomes of the entities",
            rows=kinds,
            columns=list(ENTITY_OUTCOMES),
            counts=_listed(outcomes),
            note=note,
        ),
        ErrorTable(
            title="Entities by gold and predicted type",
            rows=[*kinds, NOTHING],
            columns=[*kinds, NOTHING],
            counts=_listed(types),
            square=True,
            note="Whatever their boundaries, as long as they overlap.",
        ),
    ]


def match_entities(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[tuple[Entity | None, Entity | None]]:
    """Pairs of gold and predicted entities of a sentence; None where one has no partner. See `entity_errors`."""
    rest, free = list(gold), list(predicted)
    pairs: list[tuple[Entity | None, Entity | None]] = []
    for fits in (
        lambda a, b: a == b,
        lambda a, b: a[1:] == b[1:],
        lambda a, b: a.kind == b.kind and a.first < b.end and b.first < a.end,
        lambda a, b: a.first < b.end and b.first < a.end,
    ):
        for one in list(rest):
            partner = next((other for other in free if fits(one, other)), None)
            if partner is not None:
                pairs.append((one, partner))
                rest.remove(one)
                free.remove(partner)
    return [*pairs, *((one, None) for one in rest), *((None, one) for one in free)]


def answer_errors(predictions: Sequence[str], references: Sequence[Sequence[str]], style: str) -> ErrorTable:
    """How near answers come to the gold ones, apart for questions that have none."""
    counts: Counter[tuple[str, str]] = Counter()
    for prediction, golds in zip(predictions, references, strict=True):
        scores = score_answer(prediction, golds, style)
        if any(golds):
            near = "exact" if scores["exact_match"] == 100 else "in part" if scores["f1"] > 0 else "no overlap"
            counts["with an answer", near if prediction or near == "exact" else "no answer given"] += 1
        else:
            counts["without an answer", "no overlap" if prediction else "exact"] += 1
    kinds = [kind for kind in ("with an answer", "without an answer") if any(row == kind for row, _ in counts)]
    note = "In part: some of the words, or of the letters where the metric counts those, are the same."
    if "without an answer" in kinds:
        note += " For a question without an answer exact means that none was given."
    columns = list(ANSWER_OUTCOMES)
    return ErrorTable(title="Questions", rows=kinds, columns=columns, counts=_listed(counts), note=note)


def _listed(counts: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(row, column, count) for (row, column), count in sorted(counts.items())]

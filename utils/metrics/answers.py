"""Scores of extracted answers on the scale 0-100, in the three styles that published numbers use.

| style      | normalisation of both texts                                              | F1 counts  | also      |
|------------|--------------------------------------------------------------------------|------------|-----------|
| `squad`    | lower case; ASCII punctuation and English articles deleted                | words      |           |
| `korquad`  | quotes and brackets become spaces, then lower case, punctuation deleted   | characters |           |
| `klue-mrc` | lower case, ASCII punctuation deleted                                     | characters | `rouge_w` |

White space is collapsed last in all three. Characters of an F1 never include spaces; in `exact_match` and `rouge_w` spaces count.
Texts are compared in NFC: a syllable of Hangul is one character, also where a file holds it as letters (NFD).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from statistics import fmean

from heads.characters import normalize

_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)
_QUOTES_AND_BRACKETS_TO_SPACES = str.maketrans(dict.fromkeys("'\"《》<>〈〉()‘’", " "))
_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalise_squad(text: str) -> str:
    """SQuAD 1.1 and 2.0: `The U.S.A.` -> `usa`."""
    return " ".join(_ENGLISH_ARTICLES.sub(" ", text.lower().translate(_DELETE_PUNCTUATION)).split())


def normalise_korquad(text: str) -> str:
    """KorQuAD 1.0: `《삼국지》` -> `삼국지`, `서울(한국)` -> `서울 한국`, `a-b c` -> `ab c`."""
    return " ".join(text.translate(_QUOTES_AND_BRACKETS_TO_SPACES).lower().translate(_DELETE_PUNCTUATION).split())


def normalise_klue_mrc(text: str) -> str:
    """KLUE-MRC as published: `(주)현대` -> `주현대`, while `《삼국지》` and `‘신라’` stay as they are.

    The published scorer meant to blank quotes and angle brackets too, but its pattern is malformed and never matches; to blank
    them here would give numbers that compare with nobody's.
    """
    return " ".join(text.lower().translate(_DELETE_PUNCTUATION).split())


QA_STYLES: dict[str, Callable[[str], str]] = {
    "squad": normalise_squad,
    "korquad": normalise_korquad,
    "klue-mrc": normalise_klue_mrc,
}


def check_style(style: str) -> None:
    """Raises ValueError where there is no such style."""
    if style not in QA_STYLES:
        raise ValueError(f"unknown style of question answering scores '{style}': use one of {', '.join(QA_STYLES)}")


def bag_f1(prediction: Sequence[str], gold: Sequence[str], of_nothing: float = 1.0) -> float:
    """F1 (0-1) of two bags of words or characters; if either is empty, `of_nothing` when both are, else 0.

    Args:
        of_nothing: 1 as in SQuAD 2.0; the scripts of SQuAD 1.1 and KorQuAD give 0 where nothing is shared.
    """
    if not prediction or not gold:
        return 0.0 if prediction or gold else of_nothing
    shared = (Counter(prediction) & Counter(gold)).total()
    return 2 * shared / (len(prediction) + len(gold))


def rouge_w(prediction: str, gold: str) -> float:
    """F1 (0-1) of the longest common contiguous block of characters.

    This is what the published column "ROUGE-W" holds. It is not Lin's ROUGE-W (2004), a weighted common subsequence.
    The matcher keeps its default `autojunk`, as published: in a gold text of 200 characters or more, frequent ones start no
    block.
    """
    if not prediction or not gold:
        return float(not prediction and not gold)
    block = SequenceMatcher(None, prediction, gold).find_longest_match(0, len(prediction), 0, len(gold)).size
    return 2 * block / (len(prediction) + len(gold))


def score_answer(prediction: str, golds: Sequence[str], style: str) -> dict[str, float]:
    """Scores (0-100) of one question: for each key, the best over the gold answers.

    Args:
        prediction: the extracted text; empty for "no answer".
        golds: the texts that count as right; `[]` or `[""]` for an unanswerable question.
        style: `squad`, `korquad` or `klue-mrc`.
    """
    normalise = QA_STYLES[style]
    text, *texts = (normalise(normalize("NFC", one)) for one in (prediction, *golds))
    if style == "squad":
        texts = [gold for gold in texts if gold]  # as in SQuAD 2.0: a gold that normalises to nothing is no answer
    texts = texts or [""]
    # KorQuAD has an answer to every question: one that normalises to nothing, such as "()", shares nothing with any other.
    of_nothing = 0.0 if style == "korquad" and any(golds) else 1.0

    def units(words: str) -> Sequence[str]:
        return words.split() if style == "squad" else words.replace(" ", "")

    scores = {
        "exact_match": 100.0 * (text in texts),
        "f1": 100.0 * max(bag_f1(units(text), units(gold), of_nothing) for gold in texts),
    }
    if style == "klue-mrc":
        scores["rouge_w"] = 100.0 * max(rouge_w(text, gold) for gold in texts)
    return scores


def score_qa(
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    style: str = "squad",
    question_types: Sequence[int | str | None] | None = None,
) -> dict[str, float]:
    """Means over the questions, on the scale 0-100.

    Everything is aligned by row, never by id: ids may repeat.

    Args:
        predictions: one extracted text per row; empty for "no answer".
        references: the gold texts of each row; `[]` or `[""]` for an unanswerable question.
        style: `squad`, `korquad` or `klue-mrc`.
        question_types: the type of each row, for means per type; a row with `None` is in none of them.

    Returns:
        `exact_match`, `f1`, and for `klue-mrc` `rouge_w`. Where some question is unanswerable also `no_answer_accuracy` (the
        share of those that were left empty) and, over the others, `has_answer_exact_match`, `has_answer_f1`,
        `has_answer_rouge_w`.
        With `question_types` also `exact_match_type_1`, `f1_type_1`, ... for each type.

    Raises:
        ValueError: unknown style, lists of different lengths, or no rows.
        TypeError: a row of `references` is a text and not a list of texts.
    """
    check_style(style)
    rows = len(predictions)
    if rows != len(references) or (question_types is not None and rows != len(question_types)):
        types = "" if question_types is None else f" and {len(question_types)} question types"
        raise ValueError(f"{rows} predictions for {len(references)} references{types}: give one of each per row")
    if rows == 0:
        raise ValueError("nothing to score: the evaluation data has no rows")
    for row, golds in enumerate(references):
        if isinstance(golds, str):
            raise TypeError(f"references[{row}] is the text '{golds}': give a list of gold texts per row")

    scores = [score_answer(prediction, golds, style) for prediction, golds in zip(predictions, references, strict=True)]
    names = list(scores[0])

    def mean(name: str, chosen: Iterable[int]) -> float:
        return fmean(scores[row][name] for row in chosen)

    result = {name: mean(name, range(rows)) for name in names}

    answerable = [row for row in range(rows) if any(references[row])]
    unanswerable = [row for row in range(rows) if not any(references[row])]
    if unanswerable:
        if answerable:
            result.update({f"has_answer_{name}": mean(name, answerable) for name in names})
        result["no_answer_accuracy"] = mean("exact_match", unanswerable)

    rows_of_type: dict[str, list[int]] = {}
    for row, kind in enumerate(question_types or []):
        if kind is not None:
            rows_of_type.setdefault(str(kind), []).append(row)
    for kind, chosen in sorted(rows_of_type.items()):
        result.update({f"{name}_type_{kind}": mean(name, chosen) for name in names})
    return result

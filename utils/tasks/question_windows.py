"""Questions on contexts to windows of tokens, and the best score that their tokens allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from transformers import PreTrainedTokenizerFast

from heads.characters import compose, original_offsets, whole_characters
from heads.spans import encode_windows, trim

from ..data.splits import Split
from ..data.stored_rows import BLOCK_ROWS, Lazy
from ..files import Row
from ..metrics.answers import score_answer
from .question_checks import has_answers


def feature_columns(split: Split, negative: bool) -> dict[str, Sequence]:
    """The columns that `tokenize` reads.

    Args:
        negative: see `has_answers`.
    """
    columns: dict[str, Sequence] = {
        "row": range(len(split.rows)),
        "question": split.column("question"),
        "context": split.column("context"),
    }
    if has_answers(split, negative):
        # Of several answers the first one is trained on, as everywhere in this field; (-1, -1): no answer.
        columns["answer_start"] = Lazy(split.rows, lambda row: _first_span(row)[0])
        columns["answer_end"] = Lazy(split.rows, lambda row: _first_span(row)[1])
    return columns


def tokenize(
    batch: dict[str, list],
    tokenizer: PreTrainedTokenizerFast,
    max_seq_length: int,
    doc_stride: int,
    legacy: bool,
    training: bool,
) -> dict[str, list]:
    """Tokenizes questions with their contexts into windows of at most `max_seq_length` tokens.

    Args:
        doc_stride, legacy: see `encode_windows`.
        training: leave out what only the answer's text needs.

    Returns:
        one row per window: the model's inputs, `row`, `length`; `start_positions` and `end_positions`, the tokens in
        which the answer starts and ends, or 0 where the window does not hold it; else `p_mask` (0: an answer can touch
        the token) and the character offsets `starts` and `ends` of each token in the context.
    """
    features: dict[str, list] = {}
    windows = encode_windows(batch["question"], batch["context"], tokenizer, max_seq_length, doc_stride, legacy)
    for sample, window in windows:
        feature: dict[str, Any] = window | {"row": batch["row"][sample], "length": len(window["p_mask"])}
        if "answer_start" in batch:
            positions = _positions(window, batch["answer_start"][sample], batch["answer_end"][sample])
            feature["start_positions"], feature["end_positions"] = positions
        for name, value in feature.items():
            if not (training and name in ("p_mask", "starts", "ends")):
                features.setdefault(name, []).append(value)
    return features


def _positions(window: dict[str, list[int]], start: int, end: int) -> tuple[int, int]:
    """The first and last token of an answer, given by its characters; 0 where the window does not hold it."""
    starts, ends = window["starts"], window["ends"]
    touched = [i for i, (s, e) in enumerate(zip(starts, ends, strict=True)) if s < end and e > start]
    whole = bool(touched) and starts[touched[0]] <= start and ends[touched[-1]] >= end
    return (touched[0], touched[-1]) if whole else (0, 0)


def ceiling(split: Split, tokenizer: PreTrainedTokenizerFast, style: str) -> float:
    """The exact match (0-100) that the tokenizer allows: that of the best token span around every answer.

    A particle often shares a token with the end of a Korean answer; no span of tokens can leave it out.
    """
    return fmean(_best_match(row, offsets, style) for row, offsets in _with_offsets(split.rows, tokenizer))


def _best_match(row: Row, offsets: list[tuple[int, int]], style: str) -> float:
    """The exact match of the best token span around an answer of a row.

    Args:
        offsets: the characters of the tokens of its context.
    """
    context, golds = row.fields["context"], [answer["text"] for answer in row.fields["answers"]]
    texts = []
    for answer in row.fields["answers"]:
        start, end = _span(context, answer)
        touched = [(s, e) for s, e in offsets if s < end and e > start]
        if touched:
            texts.append(context[slice(*whole_characters(context, *trim(context, touched[0][0], touched[-1][1])))])
    return max(score_answer(text, golds, style)["exact_match"] for text in texts or [""])


def _with_offsets(
    rows: Sequence[Row], tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[Row, list[tuple[int, int]]]]:
    """Every row with the characters of its context's tokens; contexts are tokenized block by block, each once in a block."""
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        contexts = sorted({row.fields["context"] for row in block})
        composed = [compose(context) for context in contexts]
        encoded = tokenizer(composed, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets_of = {
            context: original_offsets(context, offsets)
            for context, offsets in zip(contexts, encoded["offset_mapping"], strict=True)
        }
        yield from ((row, offsets_of[row.fields["context"]]) for row in block)


def _first_span(row: Row) -> tuple[int, int]:
    """Where the first answer stands; (-1, -1) where there is none."""
    return _span(row.fields["context"], row.fields["answers"][0]) if row.fields["answers"] else (-1, -1)


def _span(context: str, answer: dict[str, Any]) -> tuple[int, int]:
    """Where an answer stands, without spaces around it."""
    return trim(context, answer["answer_start"], answer["answer_start"] + len(answer["text"]))

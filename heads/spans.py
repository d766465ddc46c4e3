"""Answers as spans of a context: a question to windows, a window's best spans, and the ranking of a question's answers.

Letters in shapes: B windows of T tokens, N spans.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import torch
from transformers import BatchEncoding, PreTrainedTokenizerFast

from .characters import compose, original_offsets, whole_characters

SMALLEST_ROOM = 8  # tokens of context that a window must hold at least


class Answer(NamedTuple):
    """A piece of a context.

    Attributes:
        text: the piece; empty where the answer is that there is none.
        start, end: its characters in the context, or -1.
        score: its share among the question's best spans by softmax.
    """

    text: str
    start: int
    end: int
    score: float


def longest_question(tokenizer: PreTrainedTokenizerFast, max_seq_length: int) -> int:
    """Tokens that a question may have beside `SMALLEST_ROOM` tokens of its context."""
    return max_seq_length - tokenizer.num_special_tokens_to_add(pair=True) - SMALLEST_ROOM


def question_lengths(questions: list[str], tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Tokens of each question."""
    encoded = tokenizer([compose(question) for question in questions], add_special_tokens=False)
    return [len(ids) for ids in encoded["input_ids"]]


def encode_windows(
    questions: list[str],
    contexts: list[str],
    tokenizer: PreTrainedTokenizerFast,
    max_seq_length: int,
    doc_stride: int,
    legacy: bool = False,
) -> Iterator[tuple[int, dict[str, list[int]]]]:
    """Tokenizes questions with their contexts into windows of at most `max_seq_length` tokens.

    Args:
        doc_stride: tokens that neighbouring windows share; fewer where a long question leaves less than that.
        legacy: `doc_stride` is the step from one window to the next instead, as in the original SQuAD script.

    Yields:
        the index of a question and one of its windows, of T tokens: the model's inputs, `p_mask` (0: an answer can
        touch the token) and the character offsets `starts` and `ends` of each token in the context as it was given,
        elsewhere 0. Texts are read composed, see `compose`: NFD gives the inputs of NFC.
    """
    room = max_seq_length - tokenizer.num_special_tokens_to_add(pair=True)
    rooms = [room - length for length in question_lengths(questions, tokenizer)]
    strides = [max(own - doc_stride, 0) if legacy else min(doc_stride, own // 2) for own in rooms]
    for stride in sorted(set(strides)):  # nearly always one
        samples = [i for i, own in enumerate(strides) if own == stride]
        encoded = tokenizer(
            [compose(questions[i]) for i in samples],
            [compose(contexts[i]) for i in samples],
            truncation="only_second",
            max_length=max_seq_length,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        sample_of = encoded["overflow_to_sample_mapping"]
        for sample, windows in groupby(range(len(sample_of)), key=sample_of.__getitem__):
            for window, inside, offsets in _context_offsets(encoded, list(windows), contexts[samples[sample]]):
                yield (
                    samples[sample],
                    {name: encoded[name][window] for name in tokenizer.model_input_names if name in encoded}
                    | {
                        # Token 0, [CLS], stays open: it is where "no answer" is scored.
                        "p_mask": [int(i > 0 and not in_context) for i, in_context in enumerate(inside)],
                        "starts": [start for start, _ in offsets],
                        "ends": [end for _, end in offsets],
                    },
                )


def _context_offsets(
    encoded: BatchEncoding, windows: list[int], context: str
) -> Iterator[tuple[int, list[bool], list[tuple[int, int]]]]:
    """Where the tokens of each window of one context stand.

    Yields:
        the number of a window, which of its T tokens are the context's, and where each stands in it; the others: (0, 0).
    """
    inside = {window: [part == 1 for part in encoded.sequence_ids(window)] for window in windows}
    places = {
        window: [place if ours else (0, 0) for ours, place in zip(inside[window], found, strict=True)]
        for window, found in ((window, encoded["offset_mapping"][window]) for window in windows)
    }
    # Of all windows at once: what one does not cover may be covered by the next one.
    original = iter(original_offsets(context, [place for window in windows for place in places[window]]))
    for window in windows:
        yield window, inside[window], [next(original) for _ in places[window]]


def close_tokens(logits: torch.Tensor, p_mask: torch.Tensor) -> torch.Tensor:
    """Logits (B, T) at the lowest number of their dtype where `p_mask` (B, T) is 1: no answer can be there."""
    return logits.masked_fill(p_mask == 1, torch.finfo(logits.dtype).min)


def best_spans(
    start_logits: torch.Tensor, end_logits: torch.Tensor, max_answer_length: int, n_best: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The N best spans of every window among all of at most `max_answer_length` tokens.

    The search is exact: every span is looked at.

    Args:
        start_logits, end_logits: (B, T), closed where no answer can be, see `close_tokens`.
        n_best: N.

    Returns:
        scores, first tokens, last tokens: (B, N), best first, -inf and 0 where there are fewer spans; and (B,) the
        score of no answer, the span of token 0.
    """
    # Mixed precision turns the logits of a half into float32, and the lowest number of that half with them.
    lowest = torch.finfo(torch.float16).min
    start, end = (side.float().masked_fill(side <= lowest, -torch.inf) for side in (start_logits, end_logits))
    no_answer = start[:, 0] + end[:, 0]
    start[:, 0] = -torch.inf
    reach = torch.nn.functional.pad(end, (0, max_answer_length - 1), value=-torch.inf)
    scores = start.unsqueeze(-1) + reach.unfold(1, max_answer_length, 1)  # (B, T, L): first token, length - 1
    scores = torch.nn.functional.pad(scores.flatten(1), (0, n_best), value=-torch.inf)  # never fewer than N
    best, index = scores.topk(n_best, dim=-1)
    index = index.masked_fill(best == -torch.inf, 0)
    first = index // max_answer_length
    return best, first, first + index % max_answer_length, no_answer


def rank_answers(
    context: str, spans: Iterable[tuple[float, int, int]], no_answer: float, n_best: int, threshold: float | None
) -> list[Answer]:
    """A question's answers from the best spans of all its windows, the chosen one first, then by score.

    Args:
        spans: score (a logit), first character and end of each; one seen in several windows counts once. Each is widened
            to whole user-perceived characters.
        no_answer: the score of there being none: that of the window which denies it most.
        n_best: how many spans compete.
        threshold: no answer is chosen where it beats the best span by more than this; None: only where there is no span.
    """
    ranked = best_places(context, spans)[:n_best]
    if threshold is not None or not ranked:
        wins = not ranked or no_answer - ranked[0][1] > (threshold or 0.0)
        ranked.insert(0 if wins else 1 + sum(score >= no_answer for _, score in ranked[1:]), ((-1, -1), no_answer))
    highest = max(score for _, score in ranked)
    weights = [math.exp(score - highest) for _, score in ranked]
    total = sum(weights)
    return [
        Answer(context[start:end] if start >= 0 else "", start, end, weight / total)
        for ((start, end), _), weight in zip(ranked, weights, strict=True)
    ]


def best_places(context: str, spans: Iterable[tuple[float, int, int]]) -> list[tuple[tuple[int, int], float]]:
    """Where the spans of all windows stand in their context, each once, and their scores, the best first; as `rank_answers`."""
    scores: dict[tuple[int, int], float] = {}
    for score, start, end in spans:
        place = whole_characters(context, *trim(context, start, end))
        if place[0] < place[1]:  # more than spaces
            scores[place] = max(score, scores.get(place, -math.inf))
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))  # in whatever order windows come


def trim(context: str, start: int, end: int) -> tuple[int, int]:
    """A span without the spaces at its ends, which some tokenizers count as part of a word."""
    text = context[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())

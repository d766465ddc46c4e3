"""Whether questions can be used and scored, and what is said about them before training."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from transformers import PreTrainedTokenizerFast

from heads.spans import longest_question, question_lengths

from ..arguments import QADataArguments
from ..data.splits import Split
from ..data.stored_rows import BLOCK_ROWS, Lazy
from ..data.typed import TYPED
from ..errors import UserError
from ..files import shown, text_hashes
from .label_values import is_blank

logger = logging.getLogger(__name__)


def check_questions(split: Split, tokenizer: PreTrainedTokenizerFast, data: QADataArguments) -> None:
    """Raises UserError where a question leaves no room for its context in a window, or lacks the answer to train on."""
    longest = longest_question(tokenizer, data.max_seq_length)
    for row, length in zip(split.rows, _lengths(split.column("question"), tokenizer), strict=True):
        if length > longest:
            message = (
                f"the question has {length} tokens, the window room for {longest}; shorten it or raise --max_seq_length"
            )
            raise UserError(message, **split.place(row), column="question")
        if split.name != "test" and not row.fields["answers"] and not data.version_2_with_negative:
            message = "no answer; give --version_2_with_negative if questions may have none"
            raise UserError(message, **split.place(row), column="answers")
    empty = sum(map(is_blank, split.column("question")))
    if empty:
        first = next(row.number for row in split.rows if is_blank(row.fields["question"]))
        logger.warning("%s: %d empty questions are kept (the first is row %s)", split.file, empty, first)
    _say_what_is_open(split, data.version_2_with_negative)
    _say_repeated_ids(split)
    if not split.part and not any(context.strip() for context in split.column("context")):
        raise UserError("every context is empty; give texts to find answers in", file=split.file, column="context")


def _lengths(questions: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> Iterator[int]:
    """As `question_lengths`, of a block of questions at a time."""
    for start in range(0, len(questions), BLOCK_ROWS):
        yield from question_lengths(list(questions[start : start + BLOCK_ROWS]), tokenizer)


def _say_repeated_ids(split: Split) -> None:
    names = split.column("id")
    if split.name == "train" or not len(names):
        return
    hashes = text_hashes(Lazy(names, repr))
    _, place, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    no_name = text_hashes([repr(None)])[0]
    repeated = (counts[place] > 1) & (hashes != no_name)
    if repeated.any():
        message = "%s: %d ids stand more than once, such as %s; predictions are in the order of the questions"
        count, first = len(np.unique(hashes[repeated])), names[int(repeated.argmax())]
        logger.info(message, split.file, count, shown(first))


def has_answers(split: Split, negative: bool) -> bool:
    """Whether a split can be scored: every question of a test file has an answer or is said to have none.

    Args:
        negative: questions may have no answer: an empty list of answers beside others says so too.
    """
    if split.name != "test":
        return True
    known = sum(bool(row.fields["answers"] or row.fields["is_impossible"]) for row in split.rows)
    return known > 0 and known + (_empty_lists(split) if negative else 0) == len(split.rows)


def _empty_lists(split: Split) -> int:
    """Questions with an empty list of answers that are not said to be impossible or not."""
    return sum(row.fields["is_impossible"] is None for row in split.rows)


def _say_what_is_open(split: Split, negative: bool) -> None:
    """Logs what becomes of questions that have no answer and are not said to be impossible, beside others."""
    rows = len(split.rows)
    unsaid = sum(not row.fields["answers"] and not row.fields["is_impossible"] for row in split.rows)
    if split.name == "test" and unsaid == rows:
        if split.file != TYPED and not split.part:
            logger.info("%s: no question has an answer: the questions are not scored", split.file)
        return
    if not unsaid:
        return
    if has_answers(split, negative):
        message = "%s: %d of %d questions have no answer and are not said to be impossible: they count as unanswerable"
        logger.info(message, split.file, unsaid, rows)
        return
    message = (
        "%s: %d of %d questions have no answer and are not said to be impossible: all are predicted, none is scored; "
    )
    message += "set 'is_impossible' or remove them for a score"
    logger.warning(message, split.file, unsaid, rows)


def say_shared_tokens(
    split: Split, row_of: Sequence[int], tokenizer: PreTrainedTokenizerFast, data: QADataArguments
) -> bool:
    """Logs where windows share other than `doc_stride` tokens, as `encode_windows` has it.

    Args:
        row_of: the row of every window.

    Returns:
        whether there was anything to say.
    """
    several = np.flatnonzero(np.bincount(row_of) > 1)
    if not several.size:
        return False
    questions = split.column("question")
    lengths = _lengths(Lazy(several.tolist(), lambda row: questions[row]), tokenizer)
    rooms = [data.max_seq_length - tokenizer.num_special_tokens_to_add(pair=True) - length for length in lengths]
    most = [room if data.legacy_doc_stride else room // 2 for room in rooms]
    fewer = [number for number in most if number < data.doc_stride]
    if not fewer:
        return False
    message = (
        "--doc_stride %d does not fit into windows of %d tokens, question included: %d of %d long contexts are read in "
    )
    message += "windows that begin %s tokens apart" if data.legacy_doc_stride else "windows that share %s tokens"
    numbers = f"{min(fewer)} to {max(fewer)}" if min(fewer) < max(fewer) else f"{fewer[0]}"
    logger.warning(message, data.doc_stride, data.max_seq_length, len(fewer), len(several), numbers)
    return True

"""Long texts in windows: which ones the flags or the checkpoint ask for, and the features of texts that are read so."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from transformers import PretrainedConfig, PreTrainedTokenizerFast

from heads.windows import Windows, encode_texts, largest_stride

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..errors import UserError
from .columns import Columns
from .relations import has_markers

logger = logging.getLogger(__name__)


def keep_windows(data: SequenceDataArguments, config: PretrainedConfig) -> None:
    """Gives flags about which nothing was said the values of a checkpoint that reads windows.

    Raises:
        UserError: a flag about windows where there are none.
    """
    kept: dict[str, Any] | None = getattr(config, "windows", None)
    if kept is not None and data.windows is None:
        kept = Windows(**kept)._asdict()
        data.windows = kept["pooling"]
        if data.max_seq_length == type(data).max_seq_length:
            data.max_seq_length = kept["max_seq_length"]
        if data.doc_stride is None and data.max_seq_length == kept["max_seq_length"]:
            data.doc_stride = kept["doc_stride"]
        logger.info("windows: %s of %d tokens, kept from the checkpoint", data.windows, data.max_seq_length)
    if data.doc_stride is not None and data.windows is None:
        raise UserError("--doc_stride is for --windows: give that as well, or leave it out")


def find_windows(data: SequenceDataArguments, tokenizer: PreTrainedTokenizerFast) -> Windows | None:
    """What the flags ask for; None where texts are cut.

    Raises:
        UserError: windows that would share more than half of their tokens.
    """
    if data.windows in (None, "none"):
        return None
    most = largest_stride(tokenizer, data.max_seq_length)
    stride = min(data.max_seq_length // 4, most) if data.doc_stride is None else data.doc_stride
    if stride > most:
        message = f"--doc_stride must be at most {most}, half of a window of {data.max_seq_length} tokens, not {stride}"
        raise UserError(message)
    return Windows(data.windows, data.max_seq_length, stride)


def check_single_texts(split: Split, columns: Columns, tokenizer: PreTrainedTokenizerFast) -> None:
    """Raises UserError for rows that cannot be read in windows: pairs, and sentences with marked entities."""
    cure = "leave --windows out, or give --windows none for such a checkpoint"
    if columns.pair:
        message = f"--windows reads single texts, and these are pairs ('{columns.text}' and '{columns.pair}')"
        raise UserError(f"{message}; {cure}", file=split.file)
    if has_markers(tokenizer):
        raise UserError(f"--windows would part marked entities that belong together; {cure}", file=split.file)


def tokenize_windows(
    batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, windows: Sequence[Any]
) -> dict[str, list]:
    """Tokenizes a batch of texts into windows.

    Args:
        windows: the values of a `Windows`.

    Returns:
        one row per text: its windows' inputs one after the other, `windows`, the tokens of each, and `length`, of all.
    """
    encoded = encode_texts(batch["text"], tokenizer, Windows(*windows))
    names = [name for name in tokenizer.model_input_names if name in encoded]
    features: dict[str, list] = {name: [] for name in (*names, "windows")}
    text_of = encoded["overflow_to_sample_mapping"]
    for _, numbers in groupby(range(len(text_of)), key=text_of.__getitem__):
        own = list(numbers)
        for name in names:
            features[name].append([value for number in own for value in encoded[name][number]])
        features["windows"].append([len(encoded["input_ids"][number]) for number in own])
    features |= {"row": batch["row"], "length": [len(ids) for ids in features["input_ids"]]}
    features["truncated"] = [False] * len(features["row"])
    return features | ({"labels": batch["labels"]} if "labels" in batch else {})

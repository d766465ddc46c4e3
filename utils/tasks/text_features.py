"""From rows of texts or pairs to the model's inputs, and the markers that some sentences have around their entities."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from heads.characters import compose

from ..arguments import SequenceDataArguments
from ..data.splits import Split
from ..errors import UserError
from . import relations
from .columns import Columns
from .labels import Labels


def prepare_tokenizer(tokenizer: PreTrainedTokenizerFast, data: SequenceDataArguments) -> None:
    """Adds the markers of entities to the tokenizer where the sentences of a benchmark have them."""
    if data.benchmark is not None and data.benchmark.entity_pairs:
        relations.add_markers(tokenizer)


def check_markers(split: Split, columns: Columns, tokenizer: PreTrainedTokenizerFast) -> None:
    """Raises UserError where a checkpoint of relation extraction is to read sentences whose entities are not marked."""
    marker = relations.MARKERS[0]
    if relations.has_markers(tokenizer) and not any(marker in str(text) for text in split.column(columns.text)):
        message = "this checkpoint reads sentences with marked entities, and here none is marked: give --task_name klue-re, or"
        raise UserError(f"{message} mark them as in '{relations.mark('A owns B', (0, 1), (7, 8))}'", file=split.file)


def tokenize(batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, max_seq_length: int) -> dict[str, list]:
    """Tokenizes a batch of texts or pairs, in NFC; pairs lose tokens from the longer text first."""
    marked = relations.has_markers(tokenizer)
    texts = list(map(compose, batch["text"]))
    encoded = tokenizer(
        texts,
        list(map(compose, batch["pair"])) if "pair" in batch else None,
        truncation=True,
        max_length=max_seq_length,
        return_offsets_mapping=marked,
    )
    features: dict[str, list] = relations.repair_suffixes(encoded, texts, tokenizer) if marked else dict(encoded)
    features["row"] = batch["row"]
    features["length"] = [len(ids) for ids in features["input_ids"]]
    features["truncated"] = [bool(encoding.overflowing) for encoding in encoded.encodings]
    if "labels" in batch:
        features["labels"] = batch["labels"]
    return features


def feature_columns(split: Split, columns: Columns, labels: Labels, labelled: bool) -> dict[str, Sequence]:
    """The columns that `tokenize` reads."""
    batch: dict[str, Sequence] = {"row": range(len(split.rows)), "text": split.column(columns.text)}
    if columns.pair:
        batch["pair"] = split.column(columns.pair)
    if labelled:
        batch["labels"] = labels.to_inputs(split, columns.label or "")
    return batch

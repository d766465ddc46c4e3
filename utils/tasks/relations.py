"""Relation extraction as text classification: KLUE-RE's two entities, marked in the sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from transformers import AddedToken, BatchEncoding, PreTrainedTokenizerFast

from ..data.answer_places import answer_span
from ..data.fields import whole_number
from ..data.tables import read_table
from ..errors import UserError
from ..files import Row, beginning

MARKERS = ("<subj>", "</subj>", "<obj>", "</obj>")


def read_relations(path: str | Path) -> Iterator[Row]:
    """Rows of KLUE-RE with one field more: `text`, the sentence with its entities marked, untyped as in KB.

    Raises:
        UserError: an entity that is missing or does not stand at its offsets.
    """
    for row in read_table(path):
        fields = row.fields
        spans = []
        for name in ("subject_entity", "object_entity"):
            try:
                start, end = (whole_number(fields[f"{name}.{key}"]) for key in ("start_idx", "end_idx"))
                end += 1  # KLUE's is inclusive
                word, sentence = fields[f"{name}.word"], str(fields["sentence"])
            except (KeyError, ValueError) as fault:
                message = "KLUE-RE needs 'sentence' and for both entities 'word', 'start_idx' and 'end_idx'"
                message += f": {fault}" if isinstance(fault, ValueError) else ""
                raise UserError(message, file=path, row=row.line, column=name) from None
            if not isinstance(word, str) or answer_span(sentence, word, start) != (start, end):
                there = beginning(sentence[max(start, 0) : end], 60)
                message = f"'{beginning(str(word), 60)}' expected at {start}-{end - 1}, '{there}' is there"
                cure = "correct the offsets"
                if not unicodedata.is_normalized("NFC", f"{sentence}{word}"):
                    cure += ", or save the file with composed letters (Unicode NFC), which they may count"
                raise UserError(f"{message}; {cure}", file=path, row=row.line, column=name)
            spans.append((start, end))
        yield Row(row.line, fields | {"text": mark(str(fields["sentence"]), *spans)})


def mark(sentence: str, subject: tuple[int, int], object_: tuple[int, int]) -> str:
    """Puts the markers around two spans of characters, without spaces; spans may touch, nest or overlap."""
    inserts = []
    for i, ((start, end), (opening, closing)) in enumerate(((subject, MARKERS[:2]), (object_, MARKERS[2:]))):
        # At one place ends come before beginnings, the inner of two ends and the outer of two beginnings first.
        inserts.append((start, 1, -end, i, opening))
        inserts.append((end, 0, -start, -i, closing))
    parts, last = [], 0
    for place, *_, marker in sorted(inserts):
        parts += [sentence[last:place], marker]
        last = place
    return "".join([*parts, sentence[last:]])


def add_markers(tokenizer: PreTrainedTokenizerFast) -> None:
    """Makes the markers tokens of their own; they are saved with the tokenizer."""
    tokenizer.add_tokens(
        [AddedToken(marker, special=True, normalized=False) for marker in MARKERS], special_tokens=True
    )


def repair_suffixes(encoded: BatchEncoding, texts: list[str], tokenizer: PreTrainedTokenizerFast) -> dict[str, list]:
    """Undoes what an end marker inside a word does to the particle after it: `</subj>은` would begin a new word.

    WordPiece: the particle becomes a continuation, `##은`, if it begins with a Hangul syllable and the vocabulary knows
    it so. SentencePiece: it loses its `▁`. Found by offsets, so an entity at the end of the sentence needs no care.

    Args:
        encoded: with `offset_mapping`.
        texts: what was encoded.

    Returns:
        the encoding's columns without the offsets; unchanged for a tokenizer without markers.
    """
    columns = {name: [list(row) for row in rows] for name, rows in encoded.items() if name != "offset_mapping"}
    ends = {tokenizer.convert_tokens_to_ids(marker) for marker in MARKERS if marker.startswith("</")}
    vocabulary = tokenizer.get_vocab()  # slow: once for all rows
    for row, (ids, offsets, text) in enumerate(
        zip(encoded["input_ids"], encoded["offset_mapping"], texts, strict=True)
    ):
        dropped = []
        for i, token_id in enumerate(ids[:-1]):
            start, end = offsets[i + 1]
            # A token of SentencePiece may begin with the space before its word.
            if token_id not in ends or start == end or start != offsets[i][1] or text[start : start + 1].isspace():
                continue
            repaired = _as_continuation(str(tokenizer.convert_ids_to_tokens(ids[i + 1])), vocabulary)
            if repaired is None:
                dropped.append(i + 1)
            else:
                columns["input_ids"][row][i + 1] = vocabulary[repaired]
        for values in columns.values():
            for i in reversed(dropped):
                del values[row][i]
    return columns


def _as_continuation(token: str, vocabulary: dict[str, int]) -> str | None:
    """The token as it stands inside a word; None where nothing of it is left."""
    if token.startswith("▁"):
        rest = token[1:]
        return None if not rest else rest if rest in vocabulary else token
    inside = f"##{token}"
    return inside if "가" <= token[0] <= "힣" and inside in vocabulary else token


def has_markers(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Whether the tokenizer knows the markers of entities."""
    return MARKERS[0] in tokenizer.get_added_vocab()

"""Trains the WordPiece vocabulary of the tiny encoder and spells out its tokenizer and configuration as JSON.

`WordPieceTrainer` numbers the pieces of its alphabet in the order of a hash map, so two runs differ. Here every single character,
and every `##` character, is given to it as a special token in sorted order: their numbers are then fixed, ties between merges
are broken by number, and the vocabulary comes out the same each time. The special tokens of the result are the usual five only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
VOCABULARY_SIZE = 4000
MAX_LENGTH = 512
JAMO = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
# Syllables of plain build, so that texts other than ours are mostly spelled without [UNK].
PLAIN_SYLLABLES = "".join(
    chr(0xAC00 + initial * 588 + vowel * 28 + final)
    for initial in (0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18)  # ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ
    for vowel in (0, 1, 4, 5, 6, 8, 12, 13, 17, 18, 20)  # ㅏㅐㅓㅔㅕㅗㅛㅜㅠㅡㅣ
    for final in (0, 4, 8, 21)  # none ㄴㄹㅇ
)
ASCII_WORD = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
SYMBOLS = "·…‘’“”「」『』《》〈〉♥♡★☆℃㎞㎏~→"


def train_vocabulary(texts: Iterable[str]) -> dict[str, int]:
    """Piece -> number: special tokens, single characters, then the merges."""
    lines = list(texts)
    letters = sorted(
        set(JAMO + ASCII_WORD + PLAIN_SYLLABLES) | {char for line in lines for char in line if char.isalnum()}
    )
    symbols = sorted(
        {char for line in lines for char in line if not char.isalnum() and not char.isspace()} | set(SYMBOLS)
    )
    inner = letters + [char for char in symbols if unicodedata.category(char)[0] == "S" and char not in ASCII_MARKS]
    base = [*SPECIAL, *sorted(set(symbols) | set(ASCII_MARKS)), *letters, *("##" + char for char in inner)]
    tokenizer = _tokenizer(models.WordPiece(unk_token="[UNK]"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY_SIZE, special_tokens=base, show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(lines, trainer)
    pieces = tokenizer.get_vocab()
    return {piece: pieces[piece] for piece in sorted(pieces, key=pieces.__getitem__)}


def _tokenizer(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def tokenizer_json(vocabulary: dict[str, int]) -> dict[str, Any]:
    """Content of `tokenizer.json`: cased, accents and Hangul left whole, [CLS] a [SEP] b [SEP]."""

    def piece(name: str, segment: int) -> dict[str, Any]:
        return {"SpecialToken" if name in SPECIAL else "Sequence": {"id": name, "type_id": segment}}

    special = [
        {
            "id": vocabulary[name],
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for name in SPECIAL
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": False,
            "lowercase": False,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece("[CLS]", 0), piece("A", 0), piece("[SEP]", 0)],
            "pair": [piece("[CLS]", 0), piece("A", 0), piece("[SEP]", 0), piece("B", 1), piece("[SEP]", 1)],
            "special_tokens": {
                name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def tokenizer_config() -> dict[str, Any]:
    """Content of `tokenizer_config.json`."""
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": False,
        "strip_accents": False,
        "tokenize_chinese_chars": True,
        "model_max_length": MAX_LENGTH,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
        "pad_token": "[PAD]",
        "sep_token": "[SEP]",
        "unk_token": "[UNK]",
    }


def model_config(vocabulary_size: int) -> dict[str, Any]:
    """Content of `config.json`: an ELECTRA small enough to train from scratch within a minute."""
    return {
        "model_type": "electra",
        "vocab_size": vocabulary_size,
        "embedding_size": 128,
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 256,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": MAX_LENGTH,
        "type_vocab_size": 2,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }

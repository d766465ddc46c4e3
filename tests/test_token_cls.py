"""Token classification: windows and tags against a slow implementation that shares no code and no idea with the fast one."""

from __future__ import annotations

import random
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig
from utils import token_cls
from utils.arguments import TokenDataArguments
from utils.errors import UserError
from utils.readers import Row
from utils.splits import Split

NAMES = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
# Known words, words of known pieces, [UNK]s, emoji (one and four code points), combining marks, zero-width characters that a
# tokenizer may delete, compatibility characters that normalisation makes longer, white space of all kinds.
WORDS = [
    *["영화", "정말좋다", "서울에서", "the", "good,movie", "9.5", "漢字", "뷁", "😀", "👩\u200d🚀", "e\u0301t\u0302", "각"],
    *["\u200b", "a\u200bb", "\ufeffis", "㎏", "ﬁx", "½", "\u3000", "\u00ad", "???", "abcdefghijklmnop"],
]
CHARACTERS = [*"영화서울good is.,漢뷁😀\u0301\u200b\u200d㎏½각 \u3000\u00a0", *" " * 6, *"abcde영화"]


def wordpiece(tiny_tokenizer):
    return tiny_tokenizer


def trained(model, trainer, **parts) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator([" ".join(WORDS), "영화 정말 좋다 서울에서 the good movie is abc"] * 3, trainer)
    ids = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
    names = {"unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names)


SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]


def byte_level(_):
    """As RoBERTa's: a character can be several sub-words, none of which spells it alone."""
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    parts = {"pre_tokenizer": pre_tokenizers.ByteLevel(add_prefix_space=False), "decoder": decoders.ByteLevel()}
    return trained(models.BPE(), trainer, **parts)


def sentencepiece(_):
    """As XLM-RoBERTa's: NFKC normalisation, and the space belongs to the sub-word behind it."""
    trainer = trainers.UnigramTrainer(vocab_size=70, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    return trained(
        models.Unigram(), trainer, normalizer=normalizers.NFKC(), pre_tokenizer=pre_tokenizers.Metaspace()
    )


@pytest.fixture(scope="module", params=[wordpiece, byte_level, sentencepiece], ids=lambda make: make.__name__)
def tokenizer(request, tiny_tokenizer):
    return request.param(tiny_tokenizer)


def sentences(unit: str, count: int = 40, seed: int = 0) -> list[list[str]]:
    draw = random.Random(seed)
    pool = CHARACTERS if unit == "characters" else WORDS
    return [[draw.choice(pool) for _ in range(draw.choice((1, 3, 9, 30)))] for _ in range(count)] + [[]]


def random_tags(tokens: list[str], draw: random.Random) -> list[str]:
    """Legal IOB2: entities of 1 to 6 tokens, spaces among them; no entity begins or ends at a space."""
    tags = ["O"] * len(tokens)
    start = 0
    while start < len(tokens):
        length = draw.randint(1, 6)
        entity = range(start, min(start + length, len(tokens)))
        if draw.random() < 0.5 and not tokens[entity[0]].isspace() and not tokens[entity[-1]].isspace():
            kind = draw.choice(("LOC", "PER"))
            for i in entity:
                tags[i] = f"{'B' if i == start else 'I'}-{kind}"
        start += length
    return tags


def split_of(tokens: list[list[str]], tags: list[list[str]] | None) -> Split:
    fields = [{"id": None, "tokens": t, "tags": tags[i] if tags else None} for i, t in enumerate(tokens)]
    return Split("validation", "a.tsv", [Row(i, row) for i, row in enumerate(fields, start=1)])


def encode(split: Split, tags: token_cls.Tags, tokenizer, size: int) -> dict[str, list]:
    columns = token_cls.feature_columns(split, tags)
    return token_cls.encode(columns, tokenizer, max_seq_length=size, unit=tags.unit)


def decode(split: Split, features: dict[str, list], tags: token_cls.Tags, best: list[list[int]]) -> list[list[str]]:
    """What a model that answers `best` would have said."""
    width = max(map(len, best))
    padded = np.array([row + [0] * (width - len(row)) for row in best])
    rows = datasets.Dataset.from_dict({name: features[name] for name in ("row", "first", "end")})
    output: Any = PredictionOutput((padded, np.ones(padded.shape)), None, None)
    return token_cls.TagDecoder(split, rows, tags).decode(output)[0]


# The slow implementation


def slow_owners(count: int, size: int) -> list[tuple[int, int]]:
    """For each of `count` sub-words of a sentence, the window that labels it and its place there."""
    room, stride = size - 2, size // 4
    starts = [0]
    while starts[-1] + room < count:
        starts.append(starts[-1] + room - stride)
    owners = []
    for i in range(count):
        # Where two windows see it, its distance to the edge of the overlap decides.
        window = max(w for w, start in enumerate(starts) if w == 0 or i >= start + stride // 2)
        owners.append((window, i - starts[window] + 1))  # behind the opening special token
    return owners


def slow_tokens(tokens: list[str], unit: str, tokenizer) -> list[list[int]]:
    """For each sub-word of the whole sentence the indices of the words or characters that its letters stand in."""
    text, owner = "", {}
    for i, token in enumerate(tokens):
        text += " " if i and unit == "words" else ""
        for character in token:
            owner[len(text)] = i
            text += character
    encoding = tokenizer.backend_tokenizer
    encoding.no_truncation()
    encoding = encoding.encode(text, add_special_tokens=False)
    return [
        sorted({owner[at] for at in range(s, e) if at in owner and not text[at].isspace()}) for s, e in encoding.offsets
    ]


def slow_labels(covered: list[list[int]], unit: str) -> list[int | None]:
    """For each sub-word the token whose tag it learns: its first one; of a word's sub-words only the first learns."""
    labelled: list[int | None] = []
    for i, tokens in enumerate(covered):
        before = [t for earlier in covered[:i] for t in earlier]
        new = tokens and (unit == "characters" or not before or tokens[0] != before[-1])
        labelled.append(tokens[0] if new else None)
    return labelled


def slow_decode(tokens: list[str], gold: list[str], covered: list[list[int]], unit: str) -> list[str]:
    """What remains of gold tags when each labelled sub-word carries only the tag of its first token."""
    found: list[str | None] = [None] * len(tokens)
    for inside, label in zip(covered, slow_labels(covered, unit), strict=True):
        if label is not None:
            for t in range(label, inside[-1] + 1):
                found[t] = gold[label] if t == label else gold[label].replace("B-", "I-")
    gaps = [tag is None or token.isspace() for tag, token in zip(found, tokens, strict=True)]
    tags = [tag or "O" for tag in found]
    for i in range(len(tokens)):
        if gaps[i]:
            before = tags[i - 1] if i else "O"
            after = next((tags[j] for j in range(i + 1, len(tokens)) if not gaps[j]), "O")
            tags[i] = after if after[:2] == "I-" and before != "O" and before[2:] == after[2:] else "O"
    return tags


@pytest.mark.parametrize("unit", ["words", "characters"])
@pytest.mark.parametrize("size", [8, 11, 16, 32])
def test_windows_labels_and_tags_equal_the_slow_ones(tokenizer, unit, size):
    draw = random.Random(size)
    tokens = sentences(unit, seed=size)
    gold = [random_tags(sentence, draw) for sentence in tokens]
    split, tags = split_of(tokens, gold), token_cls.Tags(NAMES, unit)
    features = encode(split, tags, tokenizer, size)
    assert max(features["length"]) <= size
    assert features["length"] == [len(ids) for ids in features["input_ids"]]

    first_window = {row: features["row"].index(row) for row in range(len(tokens))}
    labels = {(w, p): t for w, row in enumerate(features["first"]) for p, t in enumerate(row) if t >= 0}
    expected = {}
    for row, sentence in enumerate(tokens):
        covered = slow_tokens(sentence, unit, tokenizer)
        owners = slow_owners(len(covered), size)
        for (window, place), label in zip(owners, slow_labels(covered, unit), strict=True):
            if label is not None:
                expected[first_window[row] + window, place] = label
    assert labels == expected
    for (window, place), token in labels.items():
        assert features["labels"][window][place] == NAMES.index(gold[features["row"][window]][token])
    assert sum(label != -100 for row in features["labels"] for label in row) == len(labels)

    decoded = decode(split, features, tags, [[max(label, 0) for label in row] for row in features["labels"]])
    for sentence, found, own in zip(tokens, decoded, gold, strict=True):
        covered = slow_tokens(sentence, unit, tokenizer)
        assert found == slow_decode(sentence, own, covered, unit)


@pytest.mark.parametrize("size", [8, 16, 32])
def test_gold_tags_survive_where_no_boundary_falls_inside_a_subword(tokenizer, size):
    draw = random.Random(size)
    tokens = [list(sentence) for sentence in ("영화 서울  a b c", "good is  abc 영", "a\u3000b 서울\u00a0 is")] * 8
    tokens += [[character for character in sentence if character.isalnum() or character == " "] for sentence in tokens]
    split = split_of(tokens, [random_tags(sentence, draw) for sentence in tokens])
    tags = token_cls.Tags(NAMES, "characters")
    features = encode(split, tags, tokenizer, size)
    decoded = decode(split, features, tags, [[max(label, 0) for label in row] for row in features["labels"]])
    whole = 0
    for sentence, found, gold in zip(tokens, decoded, split.column("tags"), strict=True):
        groups = slow_tokens(sentence, "characters", tokenizer)
        if all(gold[t] == gold[group[0]].replace("B-", "I-") for group in groups for t in group[1:]):
            assert found == gold
            whole += 1
    assert whole >= 5


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_every_token_of_a_sentence_of_three_windows_is_labelled_once(tiny_tokenizer, unit):
    tokens = list("영화 정말 좋다 abc. " * 10) if unit == "characters" else ["영화", "abc", "정말좋다"] * 15
    split = split_of([tokens], [["O"] * len(tokens)])
    features = encode(split, token_cls.Tags(NAMES, unit), tiny_tokenizer, 32)
    assert len(features["row"]) >= 3
    answered = sorted(
        t
        for firsts, ends in zip(features["first"], features["end"], strict=True)
        for first, end in zip(firsts, ends, strict=True)
        for t in range(first, end)
        if first >= 0
    )
    assert answered == [i for i, token in enumerate(tokens) if not token.isspace()]


# Literal cases


def literal(tiny_tokenizer, tokens: list[str], best: list[str], unit: str) -> list[str]:
    """The tags of a sentence whose sub-words, special tokens left out, are answered with `best`."""
    split, tags = split_of([tokens], None), token_cls.Tags(NAMES, unit)
    features = encode(split, tags, tiny_tokenizer, 32)
    assert features["length"] == [len(best) + 2]
    return decode(split, features, tags, [[0, *map(NAMES.index, best), 0]])[0]


def test_a_subword_of_several_characters_opens_once(tiny_tokenizer):
    found = literal(tiny_tokenizer, list("서울 영화"), ["B-LOC", "O"], "characters")
    assert found == ["B-LOC", "I-LOC", "O", "O", "O"]


def test_spaces_belong_to_an_entity_that_goes_on_behind_them(tiny_tokenizer):
    tokens = list("서울 영화  the is")
    found = literal(tiny_tokenizer, tokens, ["B-LOC", "I-LOC", "I-LOC", "B-LOC"], "characters")
    assert found == ["B-LOC", *["I-LOC"] * 9, "O", "B-LOC", "I-LOC"]


def test_a_word_has_the_tag_of_its_first_subword(tiny_tokenizer):
    found = literal(tiny_tokenizer, ["서울에", "is"], ["B-LOC", "O", "B-PER"], "words")
    assert found == ["B-LOC", "B-PER"]


def test_what_means_nothing_to_the_tokenizer_is_said_and_tagged_as_what_is_around_it(tiny_tokenizer, caplog):
    with caplog.at_level("WARNING", logger="utils"):
        assert literal(tiny_tokenizer, ["\u200b", "is"], ["B-PER"], "words") == ["O", "B-PER"]
    assert "a.tsv: 1 tokens mean nothing to the tokenizer; outside of entities they are tagged O" in caplog.text
    found = literal(tiny_tokenizer, ["is", "\u200b", "is", "\u200b", "is"], ["B-PER", "I-PER", "O"], "words")
    assert found == ["B-PER", "I-PER", "I-PER", "O", "O"]
    assert literal(tiny_tokenizer, ["\u200b"], [], "words") == ["O"]


def test_scores_are_those_of_the_subwords(tiny_tokenizer):
    split, tags = split_of([list("서울 a")], None), token_cls.Tags(NAMES, "characters")
    split.rows[0].fields["id"] = "x"
    rows = datasets.Dataset.from_dict(encode(split, tags, tiny_tokenizer, 32))
    output: Any = PredictionOutput((np.array([[0, 1, 0, 0]]), np.array([[1, 0.75, 0.5, 1]])), None, None)
    answers = token_cls.TagDecoder(split, rows, tags).answers(output)
    assert answers == [{"id": "x", "prediction": ["B-LOC", "I-LOC", "O", "O"], "score": [0.75, 0.75, 0.0, 0.5]}]


def test_metrics_leave_spaces_out(tiny_tokenizer):
    gold = [["B-LOC", "I-LOC", "O", "O"], ["O", "O", "O", "B-PER"]]
    split, tags = split_of([list("서울 a"), list("영화 b")], gold), token_cls.Tags(NAMES, "characters")
    rows = datasets.Dataset.from_dict(encode(split, tags, tiny_tokenizer, 32))
    output: Any = PredictionOutput((np.array([[0, 1, 0, 0], [0, 0, 0, 0]]), np.ones((2, 4))), None, None)
    metrics = token_cls.TagDecoder(split, rows, tags).metrics(output)
    assert metrics["accuracy"] == pytest.approx(5 / 6)
    assert metrics["entity_f1"] == pytest.approx(2 / 3)
    assert {"entity_macro_f1", "char_macro_f1", "char_macro_f1_without_o"} <= metrics.keys()


def test_reduced_logits():
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    best, probability = token_cls.reduce_logits(logits.to(torch.bfloat16), None)
    assert torch.equal(best, logits.to(torch.bfloat16).argmax(-1))
    assert probability.dtype == torch.float32
    torch.testing.assert_close(probability, logits.softmax(-1).amax(-1), atol=0.01, rtol=0)


# Tags


def tags_of(split: Split) -> token_cls.Tags:
    return token_cls.Tags.of({"train": split}, TokenDataArguments(train_file="a.tsv"))


def test_tags_do_not_depend_on_the_order_of_the_file():
    tokens = [["a"], ["bc", "d"], ["e"]]
    tags = [["I-PER"], ["O", "B-LOC"], ["E"]]
    forwards = tags_of(split_of(tokens, tags))
    backwards = tags_of(split_of(tokens[::-1], tags[::-1]))
    assert forwards == backwards == token_cls.Tags(["O", "E", "B-LOC", "I-LOC", "B-PER", "I-PER"], "words")


def test_single_characters_are_characters():
    assert tags_of(split_of([["a", " ", "b"]], [["O", "O", "O"]])).unit == "characters"


def test_tags_of_a_checkpoint():
    config = HeadedEncoderConfig(**token_cls.Tags(NAMES, "characters").config_fields())
    assert token_cls.Tags.of_checkpoint(config) == token_cls.Tags(NAMES, "characters")


def test_errors():
    with pytest.raises(UserError, match=r"a\.tsv, row 1: no tags; give a file with a tag for every token"):
        token_cls.check_tagged(split_of([["a"]], None))
    with pytest.raises(UserError, match=r"a\.tsv: every sentence is empty"):
        token_cls.check_tagged(split_of([[], [" "]], [[], ["O"]]))
    with pytest.raises(UserError, match=r"a\.tsv, row 2: unknown tag 'B-X' at token 3 of the sentence; known ones are O,"):
        split = split_of([["a"], ["a", "b", "c"]], [["O"], ["O", "O", "B-X"]])
        token_cls.feature_columns(split, token_cls.Tags(NAMES, "words"))

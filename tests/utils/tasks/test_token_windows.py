"""Tagged sentences: windows and tags against a slow implementation that shares no code and no idea with the fast one."""

from __future__ import annotations

import copy
import random
import unicodedata

import pytest
import regex
from tagged_rows import NAMES, decode, split_of, tokenize
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertTokenizer, PreTrainedTokenizerFast

from utils.data.splits import Split
from utils.data.tagged import read_tagged
from utils.tasks.tags import Tags

# Known words, words of known pieces, [UNK]s, emoji (one and four code points), combining marks, zero-width characters that a
# tokenizer may delete, compatibility characters that normalisation makes longer, white space of all kinds.
WORDS = [
    *[
        "영화",
        "정말좋다",
        "서울에서",
        "the",
        "good,movie",
        "9.5",
        "漢字",
        "뷁",
        "😀",
        "👩\u200d🚀",
        "e\u0301t\u0302",
        "각",
    ],
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
        vocab_size=330,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    parts = {"pre_tokenizer": pre_tokenizers.ByteLevel(add_prefix_space=False), "decoder": decoders.ByteLevel()}
    return trained(models.BPE(), trainer, **parts)


def sentencepiece(_):
    """As XLM-RoBERTa's: NFKC normalisation, and the space belongs to the sub-word behind it."""
    trainer = trainers.UnigramTrainer(vocab_size=70, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    return trained(models.Unigram(), trainer, normalizer=normalizers.NFKC(), pre_tokenizer=pre_tokenizers.Metaspace())


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
    composed, origin = "", []  # letters written as several code points are one to the tokenizer where NFC has one
    for letter in regex.finditer(r"\X", text):
        one = unicodedata.normalize("NFC", letter[0])
        absorbed = len(letter[0]) - len(one)
        composed += one
        origin += [range(letter.start(), letter.start() + absorbed + 1)]
        origin += [range(place, place + 1) for place in range(letter.start() + absorbed + 1, letter.end())]
    encoding = tokenizer.backend_tokenizer
    encoding.no_truncation()
    encoding = encoding.encode(composed, add_special_tokens=False)
    places = [[at for part in origin[s:e] for at in part] for s, e in encoding.offsets]
    return [sorted({owner[at] for at in own if at in owner and not text[at].isspace()}) for own in places]


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
    split, tags = split_of(tokens, gold), Tags(NAMES, unit)
    features = tokenize(split, tags, tokenizer, size)
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
    tags = Tags(NAMES, "characters")
    features = tokenize(split, tags, tokenizer, size)
    decoded = decode(split, features, tags, [[max(label, 0) for label in row] for row in features["labels"]])
    whole = 0
    for sentence, found, gold in zip(tokens, decoded, split.column("tags"), strict=True):
        groups = slow_tokens(sentence, "characters", tokenizer)
        if all(gold[t] == gold[group[0]].replace("B-", "I-") for group in groups for t in group[1:]):
            assert found == gold
            whole += 1
    assert whole >= 5


@pytest.mark.parametrize("size", [8, 32])
@pytest.mark.parametrize("unit", ["words", "characters"])
def test_texts_in_nfd_give_what_they_give_in_nfc(tokenizer, unit, size):
    """Also where the tokenizer normalises: it then says that a syllable ends after its first letter."""
    sentence = "서울에서 영화 정말좋다 café"
    composed = sentence.split() if unit == "words" else list(sentence)
    found = []
    for form in ("NFC", "NFD"):
        for normalizer in (tokenizer.backend_tokenizer.normalizer, normalizers.NFC()):
            other = copy.deepcopy(tokenizer)
            other.backend_tokenizer.normalizer = normalizer or normalizers.Sequence([])
            split = split_of([[unicodedata.normalize(form, token) for token in composed]], [["O"] * len(composed)])
            found.append(tokenize(split, Tags(NAMES, unit), other, size))
    nfc, normalised, nfd, normalised_nfd = found
    assert (nfd, normalised_nfd) == (nfc, normalised)


def test_letters_of_syllables_as_tokens(tiny_tokenizer):
    """A file whose characters are code points, in NFD: what a sub-word made of several of them is theirs."""
    tokens = list(unicodedata.normalize("NFD", "서울 영화"))
    split = split_of([tokens], [["B-LOC", *["I-LOC"] * 4, *["O"] * (len(tokens) - 5)]])
    features = tokenize(split, Tags(NAMES, "characters"), tiny_tokenizer, 32)
    spans = [span for span in zip(features["first"][0], features["end"][0], strict=True) if span[0] >= 0]
    assert spans == [(0, 5), (6, 11)]
    decoded = decode(split, features, Tags(NAMES, "characters"), [[max(label, 0) for label in features["labels"][0]]])
    assert decoded == split.column("tags")


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_every_token_of_a_sentence_of_three_windows_is_labelled_once(tiny_tokenizer, unit):
    tokens = list("영화 정말 좋다 abc. " * 10) if unit == "characters" else ["영화", "abc", "정말좋다"] * 15
    split = split_of([tokens], [["O"] * len(tokens)])
    features = tokenize(split, Tags(NAMES, unit), tiny_tokenizer, 32)
    assert len(features["row"]) >= 3
    answered = sorted(
        t
        for firsts, ends in zip(features["first"], features["end"], strict=True)
        for first, end in zip(firsts, ends, strict=True)
        for t in range(first, end)
        if first >= 0
    )
    assert answered == [i for i, token in enumerate(tokens) if not token.isspace()]


@pytest.fixture(scope="module")
def koelectra(real_data) -> PreTrainedTokenizerFast:
    words = (real_data / "koelectra-vocab" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return BertTokenizer(vocab={word: i for i, word in enumerate(words)}, do_lower_case=False)


@pytest.mark.parametrize("size", [16, 128])
def test_klue_sentences_equal_the_slow_ones(real_data, koelectra, size):
    rows = list(read_tagged(real_data / "klue" / "klue-ner-v1.1_dev.tsv.gz"))[:400]
    split = Split(name="validation", file="klue-ner", rows=rows)
    tags = Tags(sorted({tag for row in rows for tag in row.fields["tags"]}), "characters")
    features = tokenize(split, tags, koelectra, size)
    decoded = decode(split, features, tags, [[max(label, 0) for label in row] for row in features["labels"]])
    kept = 0
    for row, found in zip(rows, decoded, strict=True):
        tokens, gold = row.fields["tokens"], row.fields["tags"]
        covered = slow_tokens(tokens, "characters", koelectra)
        assert found == slow_decode(tokens, gold, covered, "characters")
        kept += found == gold
    # In the others an entity ends inside a sub-word, as a particle follows: more than windows can help.
    assert kept == 216

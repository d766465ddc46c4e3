"""Relation extraction: where the markers go, what becomes of the particle behind them, and that a checkpoint remembers."""

from __future__ import annotations

import json
import math
import unicodedata

import datasets
import numpy as np
import pytest
from benchmark_files import RELATIONS, relations, write_benchmark
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoTokenizer,
    BertTokenizerFast,
    ElectraConfig,
    EvalPrediction,
    PreTrainedTokenizerFast,
    XLMRobertaTokenizer,
)

from utils.arguments import SequenceDataArguments
from utils.benchmarks import RELATIONS as NAMES
from utils.data.splits import Split
from utils.errors import UserError
from utils.files import Row
from utils.tasks import SequenceClassification
from utils.tasks.columns import Columns, find_columns
from utils.tasks.relations import MARKERS, add_markers, has_markers, mark, read_relations, repair_suffixes
from utils.tasks.text_features import check_markers, tokenize

MARKED = [
    "<subj>한별</subj>은 <obj>새벽상사</obj>의 사장이다.",
    "<subj>새벽상사</subj>는 <obj>한별</obj>이 세웠다.",
    "<obj>누리시</obj>에 자리한 <subj>새벽상사</subj>",
    "<subj>새벽상사</subj><obj>한별</obj>은 이름이다.",
    "<subj><obj>누리시</obj>민회</subj>는 모임이다.",
    "<subj>한별</subj>(<obj>사장</obj>)이 왔다.",
    "<subj>누리 <obj>새벽</subj> 모임</obj>을 열다.",
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


# Markers


def test_rows_of_the_official_file(tmp_path):
    folder = write_benchmark("klue-re", tmp_path)
    rows = list(read_relations(folder / "klue-re-v1.1_dev.json"))
    assert [row.fields["text"] for row in rows] == MARKED
    assert [row.fields["label"] for row in rows] == [label for *_, label in RELATIONS]
    assert rows[0].fields["guid"] == "klue-re-v1_dev_00000"
    assert rows[0].fields["sentence"] == RELATIONS[0][0]


@pytest.mark.parametrize(
    ("subject", "object_", "marked"),
    [
        ((0, 1), (4, 5), "<subj>가</subj>나다라<obj>마</obj>"),
        ((4, 5), (0, 1), "<obj>가</obj>나다라<subj>마</subj>"),
        ((0, 2), (2, 3), "<subj>가나</subj><obj>다</obj>라마"),
        ((2, 3), (0, 2), "<obj>가나</obj><subj>다</subj>라마"),
        ((0, 5), (1, 2), "<subj>가<obj>나</obj>다라마</subj>"),
        ((1, 2), (0, 5), "<obj>가<subj>나</subj>다라마</obj>"),
        ((0, 3), (0, 1), "<subj><obj>가</obj>나다</subj>라마"),
        ((0, 1), (0, 3), "<obj><subj>가</subj>나다</obj>라마"),
        ((2, 5), (4, 5), "가나<subj>다라<obj>마</obj></subj>"),
        ((4, 5), (2, 5), "가나<obj>다라<subj>마</subj></obj>"),
        ((0, 3), (2, 5), "<subj>가나<obj>다</subj>라마</obj>"),
        ((2, 5), (0, 3), "<obj>가나<subj>다</obj>라마</subj>"),
        ((1, 3), (1, 3), "가<subj><obj>나다</obj></subj>라마"),
    ],
)
def test_every_position_of_two_entities(subject, object_, marked):
    assert mark("가나다라마", subject, object_) == marked
    plain = marked
    for marker in MARKERS:
        assert plain.count(marker) == 1
        plain = plain.replace(marker, "")
    assert plain == "가나다라마"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_idx": 1}, "row 1, column 'object_entity': '새벽상사' expected at 1-7, '별은 새벽상사' is there"),
        ({"start_idx": -5, "end_idx": -1}, "correct the offsets"),
        ({"end_idx": 4.5}, "'start_idx' and 'end_idx': expected a whole number, found 4.5"),
        ({"end_idx": None}, "row 1, column 'object_entity': KLUE-RE needs 'sentence' and for both entities 'word'"),
    ],
)
def test_wrong_offsets(tmp_path, change, message):
    records = relations("train")
    records[0]["object_entity"] |= change
    (tmp_path / "a.json").write_text(json.dumps(records), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        list(read_relations(tmp_path / "a.json"))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_offsets_as_people_write_them(tmp_path):
    records = relations("train")
    (tmp_path / "a.json").write_text(json.dumps(records), encoding="utf-8")
    expected = [row.fields["text"] for row in read_relations(tmp_path / "a.json")]
    for record in records:
        record["subject_entity"]["start_idx"] = str(record["subject_entity"]["start_idx"])
        record["object_entity"]["end_idx"] = float(record["object_entity"]["end_idx"])
        record["object_entity"]["word"] = unicodedata.normalize("NFD", record["object_entity"]["word"])
    (tmp_path / "b.json").write_text(json.dumps(records), encoding="utf-8")
    assert [row.fields["text"] for row in read_relations(tmp_path / "b.json")] == expected


# The particle behind an end marker


@pytest.fixture
def wordpiece() -> BertTokenizerFast:
    words = [
        "한별",
        "새벽",
        "상사",
        "누리",
        "누리시",
        "사장",
        "모임",
        "은",
        "는",
        "이",
        "의",
        "에",
        "을",
        "(",
        ")",
        ".",
    ]
    inside = ["상사", "은", "는", "의", "에", "을", "시", "민", "회", "다"]  # 이 is not known inside a word
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *(f"##{piece}" for piece in inside)]
    tokenizer = BertTokenizerFast(
        vocab={piece: i for i, piece in enumerate(pieces)}, do_lower_case=False, strip_accents=False
    )
    add_markers(tokenizer)
    return tokenizer


def repaired(tokenizer, text: str) -> list[str]:
    """The tokens of a text as the model reads them, without the special ones at both ends."""
    encoded = tokenizer([text], return_offsets_mapping=True)
    columns = repair_suffixes(encoded, [text], tokenizer)
    assert len({len(values[0]) for values in columns.values()}) == 1  # ids, mask and types lose the same tokens
    tokens = tokenizer.convert_ids_to_tokens(columns["input_ids"][0])
    return [token for token in tokens if token in MARKERS or token not in tokenizer.all_special_tokens]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("<subj>한별</subj>은", "<subj> 한별 </subj> ##은"),
        ("<obj>누리시</obj>에 <subj>새벽상사</subj>", "<obj> 누리시 </obj> ##에 <subj> 새벽 ##상사 </subj>"),
        ("<subj>새벽</subj><obj>상사</obj>는", "<subj> 새벽 </subj> <obj> 상사 </obj> ##는"),
        ("<subj><obj>누리시</obj>민회</subj>는", "<subj> <obj> 누리시 </obj> [UNK] </subj> ##는"),
        ("<subj>누리<obj>시</obj></subj>의", "<subj> 누리 <obj> [UNK] </obj> </subj> ##의"),
        ("<subj>누리 <obj>새벽</subj> 모임</obj>을", "<subj> 누리 <obj> 새벽 </subj> 모임 </obj> ##을"),
        ("<subj>한별</subj> 은", "<subj> 한별 </subj> 은"),  # a space: another word
        ("<subj>한별</subj>(<obj>사장</obj>).", "<subj> 한별 </subj> ( <obj> 사장 </obj> ) ."),  # no Hangul
        ("<subj>한별</subj>이", "<subj> 한별 </subj> 이"),  # the vocabulary has no ##이: better a word than [UNK]
        ("<subj>한별</subj>A", "<subj> 한별 </subj> [UNK]"),
        ("<subj>한별</subj>", "<subj> 한별 </subj>"),
        ("한별은", "한별 ##은"),
    ],
)
def test_wordpiece(wordpiece, text, tokens):
    tokens = [token for token in tokens.split() if token != "[UNK]"]
    assert repaired(wordpiece, text) == tokens


def pieces() -> list[tuple[str, float]]:
    whole = ["▁한별", "▁새벽", "▁누리시", "▁은", "은", "▁을", "을", "▁모임", ".", "▁.", "▁에", "에", "▁이", "시", "▁"]
    return [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [(piece, -3.0) for piece in whole]


def metaspace(scheme: str) -> PreTrainedTokenizerFast:
    """SentencePiece as DeBERTa and T5 have it: a token may begin with the space before its word."""
    tokenizer = Tokenizer(models.Unigram(pieces(), unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>"
    )


SENTENCEPIECE = {
    "xlm-roberta": lambda: XLMRobertaTokenizer(vocab=[*pieces(), ("<mask>", 0.0)]),
    "always": lambda: metaspace("always"),
    "first": lambda: metaspace("first"),
}


@pytest.mark.parametrize("kind", SENTENCEPIECE)
@pytest.mark.parametrize(
    ("text", "behind"),
    [
        ("누리시 에 <subj>한별</subj>은 모임", ["은", "▁모임"]),
        ("<subj>한별</subj> 은", ["▁은"]),
        ("<subj>한별</subj>.", ["."]),
        ("<subj>한별</subj>시", ["시"]),  # there is no ▁시: the bare ▁ goes
        ("<subj>한별</subj> 시", ["▁", "시"]),  # here it is the space
        ("<subj>한별</subj>", []),
    ],
)
def test_sentencepiece(kind, text, behind):
    tokenizer = SENTENCEPIECE[kind]()
    add_markers(tokenizer)
    tokens = repaired(tokenizer, text)
    assert tokens[tokens.index("</subj>") + 1 :] == behind


def test_sentencepiece_word_without_a_form_inside():
    tokenizer = SENTENCEPIECE["always"]()
    add_markers(tokenizer)
    assert repaired(tokenizer, "<obj>누리시</obj>이")[-1] == "▁이"  # 이 alone is not in the vocabulary


def test_the_vocabulary_is_read_once(wordpiece, monkeypatch):
    """Reading it takes 10 ms for a real tokenizer; KLUE-RE has 40,000 rows."""
    calls = []
    whole = wordpiece.get_vocab()
    monkeypatch.setattr(wordpiece, "get_vocab", lambda: calls.append(1) or whole)
    texts = ["<subj>한별</subj>은 <obj>누리시</obj>에"] * 50
    columns = repair_suffixes(wordpiece(texts, return_offsets_mapping=True), texts, wordpiece)
    assert len(columns["input_ids"]) == 50 and len(calls) == 1


# Checkpoints


@pytest.mark.parametrize("kind", ["wordpiece", "xlm-roberta", "always"])
def test_a_saved_tokenizer_reads_the_same(kind, wordpiece, tmp_path):
    tokenizer = wordpiece if kind == "wordpiece" else SENTENCEPIECE[kind]()
    size = len(tokenizer)
    add_markers(tokenizer)
    assert len(tokenizer) == size + (0 if kind == "wordpiece" else 4)
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    add_markers(again)  # as a script does for a checkpoint of its own
    assert has_markers(again) and len(again) == len(tokenizer)
    batch = {"text": MARKED, "row": list(range(len(MARKED)))}
    assert tokenize(batch, again, 64) == tokenize(batch, tokenizer, 64)
    ids = [tokenizer.convert_tokens_to_ids(marker) for marker in MARKERS]
    assert ids == [again.convert_tokens_to_ids(marker) for marker in MARKERS] and tokenizer.unk_token_id not in ids


def test_a_tokenizer_without_markers_is_left_alone(tiny_tokenizer):
    assert not has_markers(tiny_tokenizer)
    batch = {"text": ["서울은 좋다"], "row": [0]}
    assert tokenize(batch, tiny_tokenizer, 64)["input_ids"] == tiny_tokenizer(batch["text"])["input_ids"]


def test_sentences_without_marks_are_an_error_and_not_a_bad_score(wordpiece):
    add_markers(wordpiece)
    columns = Columns("text", None, None, None)
    split = Split(name="test", file="a.csv", rows=[Row(2, {"text": "한별은 사장이다."}), Row(3, {"text": MARKED[0]})])
    check_markers(split, columns, wordpiece)
    split.rows.pop()
    cure = r"give --task_name klue-re, or mark them as in '<subj>A</subj> owns <obj>B</obj>'$"
    with pytest.raises(UserError, match=rf"^a.csv: this checkpoint reads .*: {cure}"):
        check_markers(split, columns, wordpiece)


# Scores


def test_scores(tmp_path, wordpiece):
    """Over 30 classes, of which most have no row: micro F1 without no_relation, the area over those that have one."""
    folder = write_benchmark("klue-re", tmp_path / "data")
    data = SequenceDataArguments(task_name="klue-re", data_dir=str(folder), max_seq_length=64)
    split = Split(name="train", file=data.validation_file or "", rows=list(read_relations(data.validation_file or "")))
    columns = find_columns(split, data)
    assert (columns.text, columns.pair, columns.label, columns.id) == ("text", None, "label", "guid")
    task = SequenceClassification(data, wordpiece).with_labels(ElectraConfig(), split)
    assert task.labels.names == list(NAMES) and len(NAMES) == 30 and NAMES[0] == "no_relation"
    prepared = task.prepare(split)
    gold = np.array(prepared.features["labels"])
    assert [NAMES[i] for i in gold] == [label for *_, label in RELATIONS]
    logits = np.full((7, 30), -4.0)
    answers = gold.copy()
    answers[0] = 0  # a relation missed
    answers[3] = 5  # one found where there is none; the other no_relation is right and counts nowhere
    logits[np.arange(7), answers] = 4.0
    scores = task.compute_metrics(prepared, EvalPrediction(predictions=logits, label_ids=gold))
    # Of 5 relations 4 are found, with 1 false alarm.
    assert scores["micro_f1"] == pytest.approx(2 * 4 / (5 + 5))
    assert scores.keys() == {"micro_f1", "auprc"}
    assert 0 < scores["auprc"] < 1 and not math.isnan(scores["auprc"])
    right = np.full((7, 30), -4.0)
    right[np.arange(7), gold] = 4.0
    assert task.compute_metrics(prepared, EvalPrediction(predictions=right, label_ids=gold)) == {
        "micro_f1": 1.0,
        "auprc": 1.0,
    }
    named = task.records(prepared, EvalPrediction(predictions=right, label_ids=gold))
    assert [row["prediction"] for row in named] == [label for *_, label in RELATIONS]
    assert named[0]["id"] == "klue-re-v1_dev_00000"

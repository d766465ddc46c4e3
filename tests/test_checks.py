"""The report on the data: counts that are right on files whose counts are known, and the tokenizer's ceiling."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import datasets
import pytest
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from transformers import BertTokenizerFast

from utils import qa, seq_cls, token_cls
from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments
from utils.checks import data_report, show_report
from utils.columns import check_rows, find_columns
from utils.labels import Labels
from utils.readers import read_squad, read_table, read_tagged
from utils.splits import Split


@dataclass
class Known:
    """A decoder with given texts, labels and features."""

    text: list[str]
    label: list[list[str]]
    features: datasets.Dataset
    most: dict[str, float] = field(default_factory=dict)

    @property
    def split(self) -> Split:
        return Split("train", "reviews.tsv", [])

    def texts(self):
        return self.text

    def label_names(self):
        return self.label

    def ceiling(self, tokenizer):
        return self.most

    def metrics(self, output):
        raise AssertionError("a report needs no outputs")

    answers = metrics


def features(ids: list[list[int]], truncated: list[bool] | None = None) -> datasets.Dataset:
    columns: dict[str, list] = {"input_ids": ids, "length": [len(row) for row in ids]}
    if truncated is not None:
        columns["truncated"] = truncated
    return datasets.Dataset.from_dict(columns)


@pytest.fixture
def decoders(tiny_tokenizer) -> dict[str, Known]:
    unknown = tiny_tokenizer.unk_token_id
    train = Known(
        ["좋다", "", "좋다", " \t", "나쁘다", "좋다"],
        [["1"], ["1"], ["0"], ["0"], ["0"], ["1"]],
        features([[7, 8], [7], [7, unknown, 8], [7], [7] * 9, [unknown, 9]], [False, False, False, False, True, False]),
    )
    test = Known(["나쁘다", "좋다", "좋다", "정말"], [], features([[7]] * 4), {"exact_match": 71.4, "other": 99.0})
    return {"train": train, "test": test}


def test_counts(decoders, tiny_tokenizer):
    report = data_report(decoders, tiny_tokenizer)
    assert report["train"] == {
        "file": "reviews.tsv",
        "rows": 6,
        "empty_texts": 2,
        "duplicate_texts": 2,  # of the three
        "texts_with_two_labels": 1,
        "labels": {"1": 3, "0": 3},
        "inputs": 6,
        "tokens_per_input": {"p50": 2, "p90": 6, "p99": 8, "p100": 9},
        "truncated_inputs": 1,
        "truncated_share": 0.166667,
        "unknown_token_share": 0.111111,  # 2 of 18
        "ceiling": {},
    }
    assert report["test"]["labels"] == {} and report["test"]["truncated_share"] == 0.0
    assert report["shared_texts"] == {"test rows also in train": 3}  # rows of test, each as often as it is there


def test_the_same_label_twice_is_one_label(tiny_tokenizer):
    decoder = Known(["가", "가", "나", "나"], [["A"], ["A"], ["A", "B"], ["B"]], features([[7]] * 4))
    report = data_report({"train": decoder}, tiny_tokenizer)
    assert report["train"]["texts_with_two_labels"] == 1
    assert report["train"]["labels"] == {"A": 3, "B": 2}
    assert report["shared_texts"] == {}


def test_what_is_shown(decoders, tiny_tokenizer, caplog):
    with caplog.at_level(logging.INFO, "utils"):
        show_report(data_report(decoders, tiny_tokenizer))
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split() for line in lines[:3]] == [
        "rows empty duplicate two labels tokens p50/p99/max cut % [UNK] % labels".split(),
        "train 6 2 2 1 2/8/9 16.67 11.11 1 3, 0 3".split(),
        "test 4 0 1 0 1/1/1 0.00 0.00".split(),
    ]
    assert lines[3] == "3 test rows also in train"
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [
        "train: 11.1 % of the tokens are [UNK]; is this the right tokenizer?",
        "test: with this tokenizer no model can score more than exact_match 71.4: what is to be found ends inside a token; "
        "a vocabulary that splits particles off goes higher",
    ]
    assert "test: this tokenizer allows other 99.0" in lines


# Real files


@pytest.fixture(scope="module")
def koelectra(real_data) -> BertTokenizerFast:
    """KoELECTRA's first vocabulary."""
    lines = (real_data / "koelectra-vocab" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return BertTokenizerFast(
        vocab={piece: i for i, piece in enumerate(lines)}, do_lower_case=False, strip_accents=False
    )


def sequence_decoder(task: str, name: str, file: Path, tokenizer=None) -> seq_cls.SequenceDecoder:
    """As run_seq_cls.py makes it; without a tokenizer its features are empty."""
    data = SequenceDataArguments(task_name=task, validation_file=str(file))
    split = Split(name, str(file), list(read_table(file)))
    columns = find_columns(split, data)
    check_rows(split, data)
    labels = Labels.of(split, data)
    batch = seq_cls.feature_columns(split, columns, labels)
    found = features([[]] * len(split.rows))
    if tokenizer is not None:
        found = datasets.Dataset.from_dict(seq_cls.encode(batch, tokenizer, 128))
    return seq_cls.SequenceDecoder(split, found, columns, labels, data)


def test_nsmc(real_data, tiny_tokenizer):
    files = {"train": "ratings_train.txt.gz", "test": "ratings_test.txt.gz"}
    decoders = {name: sequence_decoder("nsmc", name, real_data / "nsmc" / file) for name, file in files.items()}
    report = data_report(decoders, tiny_tokenizer)
    counts = ("rows", "empty_texts", "duplicate_texts", "texts_with_two_labels")
    assert [report["train"][name] for name in counts] == [150_000, 5, 3_817, 158]
    assert [report["test"][name] for name in counts[:2]] == [50_000, 3]
    assert report["train"]["labels"] == {"0": 75_173, "1": 74_827}
    assert report["test"]["labels"] == {"1": 25_173, "0": 24_827}
    assert report["shared_texts"] == {"test rows also in train": 1_571}


def test_klue_sentence_pairs(real_data, koelectra):
    nli = sequence_decoder("klue-nli", "validation", real_data / "klue" / "klue-nli-v1.1_dev.json", koelectra)
    sts = sequence_decoder("klue-sts", "validation", real_data / "klue" / "klue-sts-v1.1_dev.json", koelectra)
    report = data_report({"validation": nli}, koelectra)["validation"]
    assert report["rows"] == 3_000 and report["empty_texts"] == 0
    assert report["labels"] == {"entailment": 1_000, "contradiction": 1_000, "neutral": 1_000}
    assert report["truncated_share"] == 0.0 and 0 < report["unknown_token_share"] < 0.02
    gold = sts.features["labels"]
    assert data_report({"validation": sts}, koelectra)["validation"]["rows"] == 519
    assert sum(score >= 3 for score in gold) == 220
    binary = [row.fields["labels.binary-label"] for row in sts.split.rows]
    assert [int(score >= 3) for score in gold] == binary  # so F1 at the cut is F1 of the binary labels


def test_klue_ner(real_data, koelectra):
    file = real_data / "klue" / "klue-ner-v1.1_dev.tsv.gz"
    split = Split("validation", str(file), list(read_tagged(file)))
    tags = token_cls.Tags.of(split, TokenDataArguments(task_name="klue-ner", validation_file=str(file)))
    encode = partial(token_cls.encode, tokenizer=koelectra, max_seq_length=510, unit=tags.unit)
    decoder = token_cls.TagDecoder(
        split, datasets.Dataset.from_dict(encode(token_cls.feature_columns(split, tags))), tags
    )
    report = data_report({"validation": decoder}, koelectra)["validation"]
    assert report["rows"] == report["inputs"] == 5_000 and report["duplicate_texts"] == 0
    # 14,255 begin on a letter, two on a space.
    begun = {name: count for name, count in report["labels"].items() if name.startswith("B-")}
    assert begun == {"B-PS": 4_418, "B-QT": 3_151, "B-DT": 2_312, "B-OG": 2_182, "B-LC": 1_649, "B-TI": 545}
    # Nearly a quarter of the entities end inside a token of this vocabulary, mostly before a particle.
    assert report["ceiling"] == pytest.approx({"entity_f1": 77.44, "char_macro_f1": 97.76}, abs=0.01)
    assert report["ceiling"]["entity_f1"] == pytest.approx(100 * best_f1(split, koelectra))


def best_f1(split: Split, tokenizer) -> float:
    """Entity F1 by seqeval where every token has the tag of its first character, and the others continue it."""
    predictions, references = [], []
    for row in split.rows:
        characters, gold = row.fields["tokens"], row.fields["tags"]
        tags = ["O"] * len(gold)
        for start, end in tokenizer("".join(characters), add_special_tokens=False, return_offsets_mapping=True)[
            "offset_mapping"
        ]:
            tags[start] = gold[start]
            tags[start + 1 : end] = [gold[start].replace("B-", "I-")] * (end - start - 1)
        letters = [i for i, character in enumerate(characters) if character != " "]
        predictions.append([tags[i] for i in letters])
        references.append([gold[i] for i in letters])
    return f1_score(references, predictions, mode="strict", scheme=IOB2)


def test_korquad(real_data, koelectra, caplog):
    file = real_data / "korquad1" / "KorQuAD_v1.0_dev.json.gz"
    split = Split("validation", str(file), list(read_squad(file)))
    decoder = qa.SpanDecoder(split, features([[]] * 3), QADataArguments(task_name="korquad", validation_file=str(file)))
    report = data_report({"validation": decoder}, koelectra)
    assert report["validation"]["rows"] == 5_774 and report["validation"]["labels"] == {"answer": 5_774}
    assert report["validation"]["ceiling"] == {"exact_match": pytest.approx(71.4, abs=0.05)}
    with caplog.at_level(logging.WARNING, "utils"):
        show_report(report)
    assert "no model can score more than exact_match 71.4" in caplog.text

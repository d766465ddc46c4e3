"""The report on the data: counts that are right on files whose counts are known, and the tokenizer's ceiling."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import numpy as np
import pytest
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from transformers import BertTokenizerFast

from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments
from utils.data.splits import Split
from utils.data.squad import read_squad
from utils.data.tables import read_table
from utils.data.tagged import read_tagged
from utils.metrics.catalogue import SQUAD, TAGS, TAGS_OF_CHARACTERS
from utils.outputs.data_report import ceiling_in_words, data_report, say_damaged, show_report
from utils.tasks import PreparedSplit, QuestionAnswering, SequenceClassification, TokenClassification
from utils.tasks.labels import Labels
from utils.tasks.tags import Tags


@dataclass
class Known:
    """Stands in for a task: the texts, labels and ceilings are given by split."""

    tokenizer: Any
    text: dict[str, list[str]]
    label: dict[str, list[list[str]]]
    most: dict[str, dict[str, float]] = field(default_factory=dict)

    metric = SQUAD

    def texts(self, split):
        return self.text[split.name]

    def label_names(self, split):
        return self.label[split.name]

    def faults(self, split):
        return {}

    def ceiling(self, prepared):
        return self.most.get(prepared.split.name, {})

    def pairs(self, prepared, output):
        raise AssertionError("a report needs no outputs")

    records = pairs


def features(ids: list[list[int]], truncated: list[bool] | None = None) -> datasets.Dataset:
    columns: dict[str, list] = {"input_ids": ids, "length": [len(row) for row in ids]}
    if truncated is not None:
        columns["truncated"] = truncated
    return datasets.Dataset.from_dict(columns)


def prepared_of(**found: datasets.Dataset) -> dict[str, PreparedSplit]:
    return {name: PreparedSplit(Split(name=name, file="reviews.tsv", rows=[]), rows) for name, rows in found.items()}


@pytest.fixture
def reviews(tiny_tokenizer) -> tuple[Known, dict[str, PreparedSplit]]:
    unknown = tiny_tokenizer.unk_token_id
    task = Known(
        tiny_tokenizer,
        {"train": ["좋다", "", "좋다", " \t", "나쁘다", "좋다"], "test": ["나쁘다", "좋다", "좋다", "정말"]},
        {"train": [["1"], ["1"], ["0"], ["0"], ["0"], ["1"]], "test": []},
        {"test": {"exact_match": 71.4, "other": 99.0}},
    )
    train = features(
        [[7, 8], [7], [7, unknown, 8], [7], [7] * 9, [unknown, 9]], [False, False, False, False, True, False]
    )
    return task, prepared_of(train=train, test=features([[7]] * 4))


def test_counts(reviews):
    report = data_report(*reviews)
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
    task = Known(tiny_tokenizer, {"train": ["가", "가", "나", "나"]}, {"train": [["A"], ["A"], ["A", "B"], ["B"]]})
    report = data_report(task, prepared_of(train=features([[7]] * 4)))
    assert report["train"]["texts_with_two_labels"] == 1
    assert report["train"]["labels"] == {"A": 3, "B": 2}
    assert report["shared_texts"] == {}


@pytest.mark.parametrize(
    ("metric", "name", "expected"),
    [(TAGS, "entity_f1", "entity_f1 0.774"), (TAGS_OF_CHARACTERS, "char_macro_f1", "char_macro_f1 0.774")]
    + [(SQUAD, "exact_match", "exact_match 77.4")],
)
def test_a_ceiling_is_on_the_scale_of_the_scores_beside_it(metric, name, expected):
    task = SimpleNamespace(metric=metric)
    assert ceiling_in_words(name, 77.44, task) == expected


def test_of_rows_that_are_read_in_parts_no_table_is_shown(reviews, caplog):
    with caplog.at_level(logging.INFO, "utils"):
        show_report(data_report(reviews[0], {}), reviews[0])
    assert caplog.text == ""


def test_what_is_shown(reviews, caplog):
    with caplog.at_level(logging.INFO, "utils"):
        show_report(data_report(*reviews), reviews[0])
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


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture(scope="module")
def koelectra(real_data) -> BertTokenizerFast:
    """KoELECTRA's first vocabulary."""
    lines = (real_data / "koelectra-vocab" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return BertTokenizerFast(
        vocab={piece: i for i, piece in enumerate(lines)}, do_lower_case=False, strip_accents=False
    )


def read_sequences(data: SequenceDataArguments, tokenizer, **files: Path) -> tuple[SequenceClassification, list[Split]]:
    """The task and its splits as run_seq_cls.py makes them."""
    task = SequenceClassification(data, tokenizer)
    splits = [Split(name=name, file=str(file), rows=list(read_table(file))) for name, file in files.items()]
    for split in splits:
        task.check(split)
    task.labels = Labels.of(splits[0], data)
    return task, splits


@pytest.mark.long
def test_nsmc(real_data, tiny_tokenizer):
    folder = real_data / "nsmc"
    files = {"train": folder / "ratings_train.txt.gz", "test": folder / "ratings_test.txt.gz"}
    data = SequenceDataArguments(task_name="nsmc", train_file=str(files["train"]), test_file=str(files["test"]))
    task, splits = read_sequences(data, tiny_tokenizer, **files)
    prepared = {split.name: PreparedSplit(split, features([[]] * len(split.rows))) for split in splits}
    report = data_report(task, prepared)
    counts = ("rows", "empty_texts", "duplicate_texts", "texts_with_two_labels")
    assert [report["train"][name] for name in counts] == [150_000, 5, 3_817, 158]
    assert [report["test"][name] for name in counts[:2]] == [50_000, 3]
    assert report["train"]["labels"] == {"0": 75_173, "1": 74_827}
    assert report["test"]["labels"] == {"1": 25_173, "0": 24_827}
    assert report["shared_texts"] == {"test rows also in train": 1_571}


def prepare_klue(name: str, file: Path, tokenizer) -> tuple[SequenceClassification, PreparedSplit]:
    data = SequenceDataArguments(task_name=name, validation_file=str(file))
    task, (split,) = read_sequences(data, tokenizer, validation=file)
    return task, task.prepare(split)


def test_klue_sentence_pairs(real_data, koelectra):
    nli, nli_rows = prepare_klue("klue-nli", real_data / "klue" / "klue-nli-v1.1_dev.json", koelectra)
    sts, sts_rows = prepare_klue("klue-sts", real_data / "klue" / "klue-sts-v1.1_dev.json", koelectra)
    report = data_report(nli, {"validation": nli_rows})["validation"]
    assert report["rows"] == 3_000 and report["empty_texts"] == 0
    assert report["labels"] == {"entailment": 1_000, "contradiction": 1_000, "neutral": 1_000}
    assert report["truncated_share"] == 0.0 and 0 < report["unknown_token_share"] < 0.02
    gold = np.array(sts_rows.features["labels"])[np.argsort(sts_rows.features["row"])]
    assert data_report(sts, {"validation": sts_rows})["validation"]["rows"] == 519
    assert sum(score >= 3 for score in gold) == 220
    binary = [row.fields["labels.binary-label"] for row in sts_rows.split.rows]
    assert [int(score >= 3) for score in gold] == binary  # so F1 at the cut is F1 of the binary labels


@pytest.mark.long
def test_klue_ner(real_data, koelectra):
    file = real_data / "klue" / "klue-ner-v1.1_dev.tsv.gz"
    split = Split(name="validation", file=str(file), rows=list(read_tagged(file)))
    data = TokenDataArguments(task_name="klue-ner", validation_file=str(file), max_seq_length=510)
    task = TokenClassification(data, koelectra)
    task.labels = Tags.of(split, data)
    report = data_report(task, {"validation": task.prepare(split)})["validation"]
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
    split = Split(name="validation", file=str(file), rows=list(read_squad(file)))
    task = QuestionAnswering(QADataArguments(task_name="korquad", validation_file=str(file)), koelectra)
    report = data_report(task, {"validation": PreparedSplit(split, features([[]] * 3))})
    assert report["validation"]["rows"] == 5_774 and report["validation"]["labels"] == {"answer": 5_774}
    assert report["validation"]["ceiling"] == {"exact_match": pytest.approx(71.4, abs=0.05)}
    with caplog.at_level(logging.WARNING, "utils"):
        show_report(report, task)
    assert "no model can score more than exact_match 71.4" in caplog.text


def test_texts_that_were_decoded_wrongly(caplog):
    texts = [
        "좋다",
        "fine",
        "café",
        "좋�",
        "좋다".encode().decode("cp1252", "replace"),
        "é".encode().decode("latin-1"),
        "\x1b$)C",
    ]
    with caplog.at_level(logging.WARNING, "utils"):
        say_damaged("a.csv", texts)
    assert (
        'a.csv: 1 texts hold U+FFFD, where letters were lost, such as "좋\ufffd"; decode the file again' in caplog.text
    )
    assert 'a.csv: 2 texts are UTF-8 that was read as Latin-1, such as "ì¢‹ë‹¤"' in caplog.text
    assert "a.csv: 1 texts hold escapes of ISO-2022" in caplog.text
    caplog.clear()
    say_damaged("a.csv", [texts[5]])
    assert 'a.csv: 1 texts are UTF-8 that was read as Latin-1, such as "Ã©"' in caplog.text
    caplog.clear()
    say_damaged("a.csv", texts[:3])
    assert caplog.text == ""

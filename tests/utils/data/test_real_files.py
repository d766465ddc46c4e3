"""What the readers find in the public data sets."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from utils.data.squad import read_squad
from utils.data.tables import read_table
from utils.data.tagged import read_tagged


@pytest.mark.parametrize(
    ("name", "count", "labels", "empty", "twice_quoted"),
    [
        ("ratings_train.txt.gz", 150_000, {"0": 75_173, "1": 74_827}, 5, 623),
        ("ratings_test.txt.gz", 50_000, {"0": 24_827, "1": 25_173}, 3, 233),
    ],
)
def test_nsmc(real_data, name, count, labels, empty, twice_quoted):
    started = time.perf_counter()
    rows = list(read_table(real_data / "nsmc" / name))
    assert time.perf_counter() - started < 10  # about one second on an idle core
    assert len(rows) == count and rows[-1].line == count + 1
    assert Counter(row.fields["label"] for row in rows) == labels
    assert sum(not row.fields["document"] for row in rows) == empty
    assert sum(row.fields["document"].startswith('"""') for row in rows) == twice_quoted


def test_klue_ner_file(real_data):
    rows = list(read_tagged(real_data / "klue" / "klue-ner-v1.1_dev.tsv.gz"))
    pairs = Counter(
        (token == " ", tag[0])
        for row in rows
        for token, tag in zip(row.fields["tokens"], row.fields["tags"], strict=True)
    )
    assert len(rows) == 5_000
    assert rows[0].line == 7 and re.fullmatch(r"klue-ner-v1_dev_00000-\w+", rows[0].fields["id"])
    assert len({row.fields["id"] for row in rows}) == 5_000
    assert (pairs[True, "O"], pairs[True, "I"], pairs[True, "B"]) == (57_501, 2_876, 2)
    assert sum(count for (space, _), count in pairs.items() if not space) == 225_550
    assert pairs[False, "B"] + pairs[True, "B"] == 14_257


def test_klue_sentence_pairs(real_data):
    nli = [row.fields for row in read_table(real_data / "klue" / "klue-nli-v1.1_dev.json")]
    sts = [row.fields for row in read_table(real_data / "klue" / "klue-sts-v1.1_dev.json")]
    assert len(nli) == 3_000 and {row["gold_label"] for row in nli} == {"entailment", "neutral", "contradiction"}
    assert len(sts) == 519 and sts[0]["labels.real-label"] == pytest.approx(34 / 7)


def test_korquad(real_data):
    path = real_data / "korquad1" / "KorQuAD_v1.0_dev.json.gz"
    assert sum(len(article.fields["paragraphs"]) for article in read_table(path)) == 964
    rows = [row.fields for row in read_squad(path)]
    assert len(rows) == 5_774 and len({row["title"] for row in rows}) == 140
    assert len({row["context"] for row in rows}) == 960  # three repeat, one has no question
    assert all(len(row["answers"]) == 1 and not row["is_impossible"] for row in rows)
    assert sum(row["answers"][0]["text"] != row["answers"][0]["text"].strip() for row in rows) == 3


@pytest.mark.parametrize(
    ("name", "count"), [("wnut17train.conll", 3_394), ("emerging.dev.conll", 1_009), ("emerging.test.annotated", 1_287)]
)
def test_wnut17(real_data, name, count):
    rows = [row.fields for row in read_tagged(real_data / "wnut17" / name)]
    kinds = {tag[2:] for row in rows for tag in row["tags"] if tag != "O"}
    assert len(rows) == count
    assert kinds == {"corporation", "creative-work", "group", "location", "person", "product"}


def test_ynat(real_data):
    train = [row.fields for row in read_table(real_data / "ynat-dacon" / "train_data.csv.gz")]
    test = [row.fields for row in read_table(real_data / "ynat-dacon" / "test_data.csv")]
    assert len(train) == 45_654 and {row["topic_idx"] for row in train} == set("0123456")
    assert len(test) == 9_131 and list(test[0]) == ["index", "title"]

"""Features: what the cache depends on, in which order rows come, and how batches are padded."""

from __future__ import annotations

import copy

import datasets
import pytest
import torch

from utils.arguments import DataArguments
from utils.data.splits import Split
from utils.data.stored_rows import StoredRows
from utils.tasks import features
from utils.tasks.features import blocks_by_row, build_features
from utils.training.collation import Collator

TRAIN = Split(name="train", file="a.csv", rows=[])
TEXTS = ["영화", "the movie is good", "", "good bad", "서울 대한민국", "is is is is is"]
CALLS: list[int] = []


def tokenize(batch: dict[str, list], tokenizer, max_seq_length: int) -> dict[str, list]:
    """As the tasks' own ones, and counts its calls."""
    CALLS.append(len(batch["text"]))
    encoded = tokenizer(batch["text"], truncation=True, max_length=max_seq_length)
    return dict(encoded) | {"row": batch["row"], "length": [len(ids) for ids in encoded["input_ids"]]}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    CALLS.clear()
    return tmp_path / "cache"


@pytest.fixture
def build(tiny_tokenizer):
    """Features of texts; the keyword arguments change what they are built from."""

    def _build(texts=TEXTS, tokenizer=tiny_tokenizer, max_seq_length=16, split=TRAIN, **data):
        columns = {"row": list(range(len(texts))), "text": texts}
        arguments = DataArguments(train_file="a.csv", **data)
        return build_features(columns, tokenize, tokenizer, arguments, split, max_seq_length=max_seq_length)

    return _build


def test_second_time_comes_from_the_cache(build):
    first = build()
    assert [len(TEXTS)] == CALLS
    assert build()[:] == first[:]
    assert [len(TEXTS)] == CALLS


def test_streamed_features_are_those_of_the_cache_and_not_in_it(build, cache, monkeypatch):
    monkeypatch.setattr(features, "PIECE_ROWS", 4)
    monkeypatch.setattr(features, "TOKENIZED_ROWS", 3)
    stream = build(split=Split(name="train", file="a.csv", rows=StoredRows.streamed(lambda: iter([]), "a.csv")))
    assert CALLS == [3, 1, 2] and not cache.exists()
    kept = build()
    assert len(stream) == len(kept) == 6 and stream.starts == [0, 4, 6]
    assert [stream[place] for place in (5, 0, 3, 4)] == [kept[place] for place in (5, 0, 3, 4)]
    assert [row for piece in stream.pieces() for row in piece] == list(kept)
    assert stream["row"].tolist() == [0, 1, 2, 3, 4, 5]
    assert stream["length"].tolist() == list(kept["length"])


@pytest.mark.parametrize(
    ("labels", "said"), [([0, 0, 0, 0, 1, 1], 1), ([0, 1, 0, 1, 0, 1], 0), ([0, 1, 0, 1, 1, 1], 0)]
)
def test_a_stream_that_is_sorted_by_class_is_said(labels, said, monkeypatch, tiny_tokenizer, caplog):
    monkeypatch.setattr(features, "PIECE_ROWS", 4)

    def with_labels(batch, tokenizer, max_seq_length):
        return tokenize(batch, tokenizer, max_seq_length) | {"labels": batch["labels"]}

    split = Split(name="train", file="a.csv", rows=StoredRows.streamed(lambda: iter([]), "a.csv"))
    columns = {"row": range(6), "text": TEXTS, "labels": labels}
    build_features(columns, with_labels, tiny_tokenizer, DataArguments(train_file="a.csv"), split, max_seq_length=16)
    assert sum("shuffle the file first" in message for message in caplog.messages) == said


def test_blocks_of_rows_with_their_features(monkeypatch):
    """Rows have several features here, in any order."""
    monkeypatch.setattr(features, "BLOCK_ROWS", 2)
    rows = datasets.Dataset.from_dict({"row": [2, 0, 1, 2, 0], "length": [9, 8, 7, 6, 5]})
    found = [(block.rows, block.places.tolist(), block.columns["length"]) for block in blocks_by_row(rows, ["length"])]
    assert found == [(slice(0, 2), [1, 4, 2], [8, 5, 7]), (slice(2, 3), [0, 3], [9, 6])]


def test_cache_does_not_see_what_the_tokenizer_did_before(build, tiny_tokenizer):
    build()
    tiny_tokenizer(["the movie"] * 2, truncation=True, max_length=4, padding=True)
    build()
    tiny_tokenizer(["the movie"])
    build()
    assert len(CALLS) == 1


def test_whatever_changes_the_features_misses_the_cache(build, tiny_tokenizer):
    build()
    other = copy.deepcopy(tiny_tokenizer)
    other.add_tokens(["the movie"])
    assert len(build(tokenizer=other)["input_ids"][1]) < len(build()["input_ids"][1])
    assert len(CALLS) == 2
    assert max(build(max_seq_length=4)["length"]) == 4
    assert len(CALLS) == 3
    assert build(texts=TEXTS[::-1])["length"] == build()["length"][::-1]
    assert len(CALLS) == 4


def test_overwrite_cache_tokenizes_again(build):
    build()
    build(overwrite_cache=True)
    assert len(CALLS) == 2
    build()
    assert len(CALLS) == 2


def test_several_processes_give_the_same_features(build):
    texts = [f"good {i}" for i in range(40)]
    assert build(texts, preprocessing_num_workers=2, overwrite_cache=True)[:] == build(texts)[:]


def test_the_features_of_a_part_of_a_file_stay_in_memory(build, cache):
    part = build(split=Split(name="test", file="a.csv", rows=[], part=3))
    assert list(cache.rglob("*.arrow")) == []
    assert part[:] == build(split=Split(name="test", file="a.csv", rows=[]))[:]
    assert len(list(cache.rglob("*.arrow"))) == 1


def test_longest_first_is_stable(build):
    features = build(split=Split(name="validation", file="a.csv", rows=[]))
    lengths = list(features["length"])
    assert lengths == sorted(lengths, reverse=True)
    order = list(features["row"])
    assert order == sorted(range(len(TEXTS)), key=lambda row: (-build()["length"][row], row))
    assert order != list(range(len(TEXTS)))


# Batches


def rows() -> list[dict]:
    return [
        {"input_ids": [2, 7, 3], "attention_mask": [1, 1, 1], "token_type_ids": [0, 0, 0], "labels": [-100, 1, -100]},
        {"input_ids": [2, 3], "attention_mask": [1, 1], "token_type_ids": [0, 0], "labels": [-100, 2]},
    ]


def test_pads_to_the_longest_row_with_the_fill_values(tiny_tokenizer):
    batch = Collator(tiny_tokenizer, {"labels": -100, "p_mask": 1})(rows())
    assert {name: values.tolist() for name, values in batch.items()} == {
        "input_ids": [[2, 7, 3], [2, 3, 0]],
        "attention_mask": [[1, 1, 1], [1, 1, 0]],
        "token_type_ids": [[0, 0, 0], [0, 0, 0]],
        "labels": [[-100, 1, -100], [-100, 2, -100]],
    }
    assert all(values.dtype == torch.int64 for values in batch.values())


def test_masked_tokens_of_questions_are_padded_as_masked(tiny_tokenizer):
    questions = [row | {"p_mask": [0] * len(row["input_ids"])} for row in rows()]
    for row in questions:
        del row["labels"]
    assert Collator(tiny_tokenizer, {"p_mask": 1})(questions)["p_mask"].tolist() == [[0, 0, 0], [0, 0, 1]]


def test_pads_to_a_length_of_choice(tiny_tokenizer):
    batch = Collator(tiny_tokenizer, {"labels": -100}, max_length=5)(rows())
    assert {name: tuple(values.shape) for name, values in batch.items()} == dict.fromkeys(rows()[0], (2, 5))
    assert batch["labels"].tolist() == [[-100, 1, -100, -100, -100], [-100, 2, -100, -100, -100]]


def test_labels_of_whole_rows_keep_their_kind(tiny_tokenizer):
    inputs = [{name: row[name] for name in ("input_ids", "attention_mask")} for row in rows()]
    for labels, dtype in (
        ([1, 0], torch.int64),
        ([0.5, 2.0], torch.float32),
        ([[1.0, 0.0], [0.0, 0.0]], torch.float32),
    ):
        batch = Collator(tiny_tokenizer, {})(
            [row | {"labels": label} for row, label in zip(inputs, labels, strict=True)]
        )
        assert batch["labels"].tolist() == labels and batch["labels"].dtype == dtype


def test_leaves_out_what_no_model_reads(tiny_tokenizer):
    kept = [row | {"row": 5, "length": 3, "first": [-1], "starts": [0]} for row in rows()]
    assert Collator(tiny_tokenizer, {"labels": -100})(kept).keys() == rows()[0].keys()


def test_does_not_write_into_its_rows(tiny_tokenizer):
    given = rows()
    Collator(tiny_tokenizer, {"labels": -100}, max_length=5)(given)
    assert given == rows()

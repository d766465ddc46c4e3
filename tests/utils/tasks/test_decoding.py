"""Tags that are decided together: whole sentences, however they fall into windows, and nothing but the tokens that have a tag."""

from __future__ import annotations

import itertools
import math

import datasets
import numpy as np
import pytest
import torch
from tagged_rows import NAMES, split_of, task_of, tokenize
from tiny import tiny_model
from transformers.trainer_utils import PredictionOutput

from utils.metrics.iob2 import PREFIX
from utils.tasks import PreparedSplit
from utils.tasks.decoding import decode_sentences
from utils.tasks.tags import Tags


def tagger(**config):
    model = tiny_model("token_cls", "dense", id2label=dict(enumerate(NAMES)), num_labels=5, **config)
    if model.crf is not None:
        model.crf.transitions.data.normal_(generator=torch.Generator().manual_seed(1))
    return model


def dataset_of(first: list[list[int]], row: list[int]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"row": row, "first": first, "end": first})


def best_of_all(model, logits: np.ndarray) -> tuple[list[int], list[float]]:
    """The best allowed sequence of tags of tokens (L, C), and each tag's share of all sequences."""
    chain, scores = model.chain(), {}
    for tags in itertools.product(range(5), repeat=len(logits)):
        score = float(chain.start[tags[0]]) + sum(float(logits[t, tag]) for t, tag in enumerate(tags))
        scores[tags] = score + sum(float(chain.between[pair]) for pair in itertools.pairwise(tags))
    best, total = max(scores, key=scores.__getitem__), sum(map(math.exp, scores.values()))
    shares = [sum(math.exp(s) for tags, s in scores.items() if tags[t] == tag) / total for t, tag in enumerate(best)]
    return list(best), shares


@pytest.mark.parametrize(
    "config", [{"decoding": "constrained"}, {"crf": True}, {"crf": True, "decoding": "constrained"}]
)
def test_a_sentence_of_several_windows_is_decided_as_a_whole(config):
    """Two sentences; the windows of the first come after that of the second, and not in order, as they are sorted by length."""
    model = tagger(**config)
    first = [[-1, 0, -1, -1], [-1, -1, -1, 3, 4, -1], [-1, 0, -1, 1, 2, -1]]
    logits = np.random.default_rng(0).normal(size=(3, 6, 5)).astype(np.float32) * 3
    logits[0, 4:] = -100.0  # what Trainer fills up with
    best, probability = decode_sentences(dataset_of(first, [1, 0, 0]), logits, model.decode)
    whole, shares = best_of_all(model, np.stack([logits[2, 1], logits[2, 3], logits[2, 4], logits[1, 3], logits[1, 4]]))
    assert [best[2][1], best[2][3], best[2][4], best[1][3], best[1][4]] == whole
    found = [probability[2][1], probability[2][3], probability[2][4], probability[1][3], probability[1][4]]
    assert found == pytest.approx(shares, abs=1e-5)
    assert best[0][1] == best_of_all(model, logits[0, 1:2])[0][0]


def test_sub_words_of_one_character_are_one_tag():
    """An emoji is several sub-words of a byte-level vocabulary; what follows it must fit the tag that it has."""
    model = tagger(decoding="constrained")
    first = [[-1, 0, 1, 1, 1, 2, -1]]
    logits = np.zeros((1, 7, 5), dtype=np.float32)
    for place, tag in ((1, 0), (2, 1), (3, 2), (4, 0), (5, 2)):
        logits[0, place, tag] = 5.0
    best, _ = decode_sentences(dataset_of(first, [0]), logits, model.decode)
    assert best[0][1:6] == [0, 1, 1, 1, 2]


@pytest.mark.parametrize("unit", ["words", "characters"])
@pytest.mark.parametrize("size", [8, 16, 64])
def test_predictions_never_hold_an_entity_that_has_not_begun(unit, size, tiny_tokenizer):
    words = "서울 대한민국의 the good, movie is 뷁 좋다. 😀 영화는 bad".split() * 3
    tokens = [words, [], words[:1]] if unit == "words" else [list(" ".join(words)), list("서울"), list("😀")]
    split, tags = split_of(tokens, [["O"] * len(one) for one in tokens]), Tags(NAMES, unit)
    features = tokenize(split, tags, tiny_tokenizer, size)
    rows = datasets.Dataset.from_dict({name: features[name] for name in ("row", "first", "end")})
    task = task_of(tags).with_decoder(tagger(decoding="constrained"))
    generator = np.random.default_rng(size)
    for _ in range(20):
        logits = generator.normal(size=(len(rows), max(features["length"]), 5)).astype(np.float32)
        prepared, output = PreparedSplit(split, rows), PredictionOutput(logits, None, None)
        for record in task.records(prepared, output):
            assert all(0 <= score <= 1 for score in record["score"])
            entities = {t for entity in PREFIX.entities(record["prediction"]) for t in range(entity.first, entity.end)}
            assert entities == {t for t, tag in enumerate(record["prediction"]) if tag != "O"}


def test_logits_leave_the_device_only_where_they_are_needed():
    logits = torch.randn(2, 3, 5, dtype=torch.bfloat16)
    task = task_of(Tags(NAMES, "words"))
    assert [tuple(part.shape) for part in task.with_decoder(tagger()).reduce_logits(logits, None)] == [(2, 3)] * 2
    whole = task.with_decoder(tagger(crf=True)).reduce_logits(logits, None)
    assert torch.equal(whole, logits.float())


def test_scores_follow_the_model_as_it_is_trained():
    model = tagger(crf=True)
    task = task_of(Tags(NAMES, "words")).with_decoder(model)
    logits = np.zeros((1, 2, 5), dtype=np.float32)
    logits[0, 0, 3] = 9.0
    features = dataset_of([[0, 1]], [0])
    for follower in (2, 4):
        model.crf.transitions.data.zero_()
        model.crf.transitions.data[3, follower] = 5.0
        assert decode_sentences(features, logits, task.decode)[0] == [[3, follower]]

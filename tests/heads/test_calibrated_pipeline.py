"""The pipelines of calibrated checkpoints: a temperature, thresholds, a null threshold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import perturb, tiny_config, tiny_model

LABELS = {0: "부정", 1: "긍정", 2: "중립"}
TEXTS = ["the good movie", "bad", "영화 정말 좋다", "is the movie bad"]


def classifier(tokenizer, **config):
    return perturb(tiny_model("seq_cls", "cnn", tiny_config(vocab_size=len(tokenizer)), id2label=LABELS, **config))


def logits_of(model, tokenizer) -> np.ndarray:
    with torch.no_grad():
        return np.array([model(**tokenizer(text, return_tensors="pt")).logits[0].tolist() for text in TEXTS])


def test_a_temperature(tiny_tokenizer):
    model = classifier(tiny_tokenizer, calibration={"temperature": 2.5, "rows": 9})
    logits = logits_of(model, tiny_tokenizer)
    expected = np.exp(logits / 2.5) / np.exp(logits / 2.5).sum(axis=1, keepdims=True)
    ask = model.pipeline(tiny_tokenizer)
    for size in (1, 3):
        answers = ask(TEXTS, batch_size=size)
        assert [one["label"] for one in answers] == [LABELS[i] for i in logits.argmax(axis=1)]
        assert [one["score"] for one in answers] == pytest.approx(expected.max(axis=1), abs=1e-6)
    plain = ask(TEXTS[0], top_k=None, function_to_apply="none")
    assert [one["score"] for one in plain] == pytest.approx(sorted(logits[0], reverse=True), abs=1e-6)
    pair = ask({"text": "good", "text_pair": "bad"})
    assert set(pair) == {"label", "score"}


def test_thresholds(tiny_tokenizer):
    """The labels that are predicted; all of them where a number is asked for."""
    model = classifier(tiny_tokenizer, problem_type="multi_label_classification")
    scores = 1 / (1 + np.exp(-logits_of(model, tiny_tokenizer)))
    cuts = (scores.max(axis=0) + scores.min(axis=0)) / 2
    thresholds = dict(zip(LABELS.values(), cuts.tolist(), strict=True))
    model.set_calibration({"thresholds": thresholds, "rows": 9})
    ask = model.pipeline(tiny_tokenizer)
    answers = ask(TEXTS)
    for text, own, found in zip(TEXTS, scores, answers, strict=True):
        chosen = sorted(((own[i], LABELS[i]) for i in range(3) if own[i] > cuts[i]), reverse=True)
        assert [one["label"] for one in found] == [name for _, name in chosen]
        assert [one["score"] for one in found] == pytest.approx([score for score, _ in chosen], abs=1e-6)
        assert ask(text) == [found]
        every = ask(text, top_k=None)
        assert [one["score"] for one in every] == pytest.approx(sorted(own, reverse=True), abs=1e-6)
    assert len({len(one) for one in answers}) > 1
    assert model.config.custom_pipelines["text-classification"]["impl"].endswith("SequenceClassificationPipeline")


def test_a_null_threshold(tiny_tokenizer):
    model = perturb(tiny_model("qa", "dense", tiny_config(vocab_size=len(tiny_tokenizer))))
    asked = {"question": "good?", "context": "the movie is bad", "handle_impossible_answer": True}
    for threshold, empty in ((-99.0, True), (99.0, False)):
        model.set_calibration({"null_score_diff_threshold": threshold, "rows": 9})
        ask = model.pipeline(tiny_tokenizer)
        assert (ask(**asked)["answer"] == "") == empty
        assert (ask(**asked, null_score_diff_threshold=-threshold)["answer"] == "") != empty

"""The question answering pipeline: literal answers, the same ones as `run_qa.py` gives, batches, kinds of input."""

from __future__ import annotations

import inspect
import math
import unicodedata
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from question_rows import arguments, split_of, task_of
from tiny import make_tokenizer, tiny_config, tiny_model
from tokenizers import Regex, normalizers, pre_tokenizers
from transformers import pipeline
from transformers.trainer_utils import PredictionOutput

from heads.question_answering import N_BEST, QuestionAnsweringPipeline
from utils.tasks import PreparedSplit
from utils.tasks.question_windows import feature_columns, tokenize
from utils.training.collation import Collator

CONTEXT = "the good movie is bad"
LONG = "영화 정말 좋다. the good movie is bad, 서울은 대한민국의! e\u0301 뷁 " * 8


@pytest.fixture
def stub(tiny_tokenizer):
    """A pipeline whose logits depend on the token alone: -20 but for those below, whatever the question."""
    model = tiny_model("qa", "dense", tiny_config(vocab_size=len(tiny_tokenizer)))
    table = torch.full((len(tiny_tokenizer), 2), -20.0)
    for token, start, end in (("the", 3, -20), ("good", 4, 1), ("movie", -20, 2), ("[CLS]", 2, 2.5)):
        table[tiny_tokenizer.convert_tokens_to_ids(token)] = torch.tensor([start, end])
    model._logits = lambda input_ids, *others, **more: (table[input_ids], {})
    return model.pipeline(tiny_tokenizer)


@pytest.fixture(scope="module", params=["dense", "cnn", "lstm"])
def pipe(request, tiny_tokenizer):
    model = tiny_model("qa", request.param, tiny_config(vocab_size=len(tiny_tokenizer)))
    return model.pipeline(tiny_tokenizer, max_seq_len=32, doc_stride=8)


# Literal values. The scores are 6 (good movie), 5 (the good movie; good), 4 (the good) and 4.5 (no answer).

ALL = (1 + 1 / math.e) ** 2  # 1 + 2 / e + 1 / e**2


def test_one_answer(stub):
    found = stub(question="the good movie?", context=CONTEXT)
    assert found == {"score": pytest.approx(1 / ALL, abs=1e-6), "start": 4, "end": 14, "answer": "good movie"}


def test_top_k(stub):
    found = stub(question="is?", context=CONTEXT, top_k=4)
    assert [(row["answer"], row["start"], row["end"]) for row in found] == [
        ("good movie", 4, 14),
        ("the good movie", 0, 14),  # of two equal ones the earlier
        ("good", 4, 8),
        ("the good", 0, 8),
    ]
    expected = [math.exp(-distance) / ALL for distance in (0, 1, 1, 2)]
    assert [row["score"] for row in found] == pytest.approx(expected, abs=1e-6)
    many = stub(question="is?", context=CONTEXT, top_k=100)
    assert len(many) == 15 and many[:4] == found  # 5 tokens have 15 spans
    assert sum(row["score"] for row in many) == pytest.approx(1)


def test_the_longest_answer(stub):
    assert stub(question="is?", context=CONTEXT, max_answer_len=1)["answer"] == "good"


@pytest.mark.parametrize(("threshold", "order"), [(0.0, ["good movie", "the good movie", "good", ""]), (-2.0, [""])])
def test_no_answer(stub, threshold, order):
    options = {"handle_impossible_answer": True, "null_score_diff_threshold": threshold}
    found = stub(question="is?", context=CONTEXT, top_k=6, **options)
    assert [row["answer"] for row in found][: len(order)] == order
    (empty,) = (row for row in found if not row["answer"])
    share = math.exp(-1.5) / (ALL + math.exp(-1.5))
    assert empty == {"score": pytest.approx(share, abs=1e-6), "start": 0, "end": 0, "answer": ""}
    assert stub(question="is?", context=CONTEXT, **options) == found[0]


def test_where_there_is_no_context_there_is_no_answer(stub):
    assert stub(question="is?", context="") == {"score": 1.0, "start": 0, "end": 0, "answer": ""}


def test_options_of_the_pipeline_and_of_a_call(stub, tiny_tokenizer):
    one = QuestionAnsweringPipeline(stub.model, tiny_tokenizer, top_k=2, max_answer_len=1)
    assert [row["answer"] for row in one(question="is?", context=CONTEXT)] == ["good", "the"]
    assert one(question="is?", context=CONTEXT, top_k=1)["answer"] == "good"
    assert [row["answer"] for row in one(question="is?", context=CONTEXT, max_answer_len=2)] == ["good movie", "good"]


# The same answers as the script's


def decoded(model, tokenizer, rows: list[dict], **flags) -> list[dict[str, Any]]:
    """What `run_qa.py` would write: windows of all questions, the longest first, in batches of 5."""
    task = task_of(tokenizer, max_seq_length=32, doc_stride=8, **flags)
    split = split_of(rows)
    columns = tokenize(feature_columns(split, negative=False), tokenizer, 32, 8, legacy=False, training=False)
    features = datasets.Dataset.from_dict(columns)
    features = features.select(np.argsort(-np.asarray(features["length"]), kind="stable"))
    collate = Collator(tokenizer, task.padding)
    parts = []
    for start in range(0, len(features), 5):
        batch = collate([features[i] for i in range(start, min(start + 5, len(features)))])
        batch = {name: values for name, values in batch.items() if "positions" not in name}
        with torch.no_grad():
            output = model(**batch)
        parts.append(task.reduce_logits((output.start_logits, output.end_logits), None))
    joined = tuple(torch.cat(part).numpy() for part in zip(*parts, strict=True))
    output = PredictionOutput(joined, None, None)  # type: ignore[arg-type]
    return task.records(PreparedSplit(split, features), output)


@pytest.mark.parametrize("negative", [False, True])
def test_the_same_answers_as_predictions_jsonl(pipe, tiny_tokenizer, negative):
    contexts = [LONG[start : start + length] for start in range(0, 60, 20) for length in (5, 40, 250)]
    rows = [{"question": word, "context": context} for context in contexts for word in ("is?", "서울 대한민국")]
    threshold = 0.0
    if negative:  # the threshold under which half of the questions have no answer
        ratios = []
        for answer in decoded(pipe.model, tiny_tokenizer, rows, version_2_with_negative=True):
            shares = {bool(row["text"]): row["score"] for row in reversed(answer["n_best"])}
            ratios.append(math.log(shares[False] / shares[True]))
        threshold = sum(sorted(ratios)[len(ratios) // 2 - 1 :][:2]) / 2
    flags = {"version_2_with_negative": negative, "null_score_diff_threshold": threshold}
    expected = decoded(pipe.model, tiny_tokenizer, rows, **flags)
    options = {"handle_impossible_answer": negative, "null_score_diff_threshold": threshold}
    found = pipe(rows, top_k=5, batch_size=7, **options)
    assert len(found) == len(expected) == 18
    for answers, wanted in zip(found, expected, strict=True):
        assert [row["answer"] for row in answers] == [row["text"] for row in wanted["n_best"][:5]]
        starts = [row["start"] if row["answer"] else -1 for row in answers]
        assert starts == [row["answer_start"] for row in wanted["n_best"][:5]]
        scores = [row["score"] for row in wanted["n_best"][:5]]
        assert [row["score"] for row in answers] == pytest.approx(scores, abs=1e-5)
        assert answers[0]["answer"] == wanted["prediction"]
    assert sum(not answers[0]["answer"] for answers in found) == (9 if negative else 0)


def test_defaults_are_those_of_the_script():
    def defaults(step: str) -> dict[str, Any]:
        parameters = inspect.signature(getattr(QuestionAnsweringPipeline, step)).parameters
        return {name: p.default for name, p in parameters.items() if p.default is not p.empty}

    data = arguments()
    assert defaults("preprocess") == {"max_seq_len": data.max_seq_length, "doc_stride": data.doc_stride}
    assert defaults("_forward") == {"max_answer_len": data.max_answer_length, "top_k": 1}
    assert defaults("postprocess") == {
        "top_k": 1,
        "handle_impossible_answer": data.version_2_with_negative,
        "null_score_diff_threshold": data.null_score_diff_threshold,
    }
    assert data.n_best_size == N_BEST


# Batches and inputs


@pytest.mark.parametrize("batch_size", [2, 5, 64])
def test_batches_change_nothing(pipe, batch_size):
    rows = [{"question": "is? " * n, "context": LONG[: 50 * n]} for n in (1, 4, 2, 3, 1)]
    alone = [pipe(row, top_k=3) for row in rows]
    together = pipe(rows, top_k=3, batch_size=batch_size)
    for one, other in zip(alone, together, strict=True):
        assert [(row["answer"], row["start"], row["end"]) for row in one] == [
            (row["answer"], row["start"], row["end"]) for row in other
        ]
        assert [row["score"] for row in one] == pytest.approx([row["score"] for row in other], abs=1e-5)


def test_offsets_are_those_of_the_context(pipe):
    found = pipe(question="서울?", context=LONG, top_k=20)
    assert len(found) == 20
    assert all(row["answer"] == LONG[row["start"] : row["end"]] == row["answer"].strip() != "" for row in found)
    assert max(row["start"] for row in found) > 100  # behind the first window


@pytest.mark.parametrize("normalizer", [None, normalizers.NFC(), normalizers.NFKC()])
def test_a_decomposed_context_has_the_answers_of_the_composed_one(pipe, normalizer):
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizer
    other = pipe.model.pipeline(tokenizer, max_seq_len=32, doc_stride=8)
    nfc, nfd = (unicodedata.normalize(form, LONG) for form in ("NFC", "NFD"))
    wanted = other(question="서울은?", context=nfc, top_k=10)
    found = other(question=unicodedata.normalize("NFD", "서울은?"), context=nfd, top_k=10)
    for answer, same in zip(found, wanted, strict=True):
        assert answer["answer"] == nfd[answer["start"] : answer["end"]] == unicodedata.normalize("NFD", same["answer"])
        assert answer["start"] == len(unicodedata.normalize("NFD", nfc[: same["start"]]))
        assert answer["score"] == pytest.approx(same["score"], abs=1e-5)


def test_an_answer_cuts_no_emoji(stub):
    # The emoji is five code points, each of them a token.
    stub.tokenizer = make_tokenizer()
    stub.tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    stub.tokenizer.backend_tokenizer.normalizer = None
    found = stub(question="is?", context="👨\u200d👩\u200d👧", max_answer_len=1, top_k=5)
    assert [(answer["answer"], answer["start"], answer["end"]) for answer in found] == [("👨\u200d👩\u200d👧", 0, 5)]


def test_left_padding_of_a_tokenizer_does_not_matter(pipe, tiny_tokenizer):
    expected = pipe(question=["is?", "the good movie is"], context=LONG[:60], batch_size=2)
    tiny_tokenizer.padding_side = "left"
    try:
        other = pipe.model.pipeline(tiny_tokenizer, max_seq_len=32, doc_stride=8)
        assert other(question=["is?", "the good movie is"], context=LONG[:60], batch_size=2) == expected
    finally:
        tiny_tokenizer.padding_side = "right"


def test_kinds_of_input(stub):
    one, other = {"question": "is?", "context": CONTEXT}, {"question": "the", "context": "the bad movie"}
    first, second = stub(one), stub(other)
    assert (first["answer"], second["answer"]) == ("good movie", "the bad movie")
    assert stub(**one) == stub(question=one["question"], context=CONTEXT) == first
    assert stub([one, other]) == list(stub(row for row in (one, other))) == [first, second]
    assert stub(question=["is?", "the"], context=[CONTEXT, "the bad movie"]) == [first, second]
    assert stub(question=["is?", "the"], context=CONTEXT) == stub({"question": ["is?", "the"], "context": CONTEXT})
    assert stub([one]) == stub(question=["is?"], context=CONTEXT) == [first]  # a list in, a list out
    assert stub([]) == stub(question=[], context=CONTEXT) == []
    assert stub(one | {"id": "q1", "answers": []}) == first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"question": "is?"}, "two texts, 'question' and 'context'"),
        ({"inputs": [{"question": "is?", "text": CONTEXT}]}, "two texts"),
        ({"question": ["is?", "the"], "context": [CONTEXT]}, "2 questions and 1 contexts"),
        ({"question": "is? " * 30, "context": CONTEXT}, "a question has 60 tokens, a window of 64 room for 53: is"),
        ({"question": "is?", "context": CONTEXT, "top_k": 0}, "top_k must be at least 1, not 0"),
        ({"question": "is?", "context": CONTEXT, "doc_stride": -1}, "doc_stride must be at least 0"),
        ({"question": "is?", "context": CONTEXT, "max_answer_len": 0}, "max_answer_len must be at least 1"),
    ],
)
def test_faults_are_named(stub, options, message):
    with pytest.raises(ValueError, match=message):
        stub(**options)


def test_an_unknown_option_is_refused(stub):
    with pytest.raises(TypeError, match="align_to_words"):
        stub(question="is?", context=CONTEXT, align_to_words=True)


def test_with_the_project_at_hand_nothing_is_trusted(pipe, tiny_tokenizer, tmp_path):
    pipe.save_pretrained(tmp_path)
    again = pipeline("question-answering", model=str(tmp_path), pipeline_class=QuestionAnsweringPipeline)
    assert type(again.model).__module__ == "heads.modeling_headed_encoder"
    options = {"question": "is?", "context": LONG, "max_seq_len": 32, "doc_stride": 8}
    expected = pipe(question="is?", context=LONG)
    assert again(**options) == expected | {"score": pytest.approx(expected["score"], abs=1e-5)}
    assert again.model.config.custom_pipelines == pipe.model.config.custom_pipelines  # names, no classes

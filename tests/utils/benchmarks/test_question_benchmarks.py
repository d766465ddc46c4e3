"""KLUE-MRC and KorQuAD by name: windows, answers and scores of the publications."""

from __future__ import annotations

import benchmark_files as own
import pytest
import torch
from transformers.trainer_utils import PredictionOutput

from utils.arguments import QADataArguments
from utils.metrics.catalogue import KORQUAD
from utils.tasks import PreparedSplit, QuestionAnswering
from utils.tasks.question_windows import tokenize

# Windows of long contexts


def windows_in_the_original_script(tokens: int, room: int, stride: int) -> list[int]:
    """Starts of the windows, computed as in the SQuAD script of the BERT release: `stride` is the step."""
    starts, start = [], 0
    while start < tokens:
        starts.append(start)
        length = min(tokens - start, room)
        if start + length == tokens:
            break
        start += min(length, stride)
    return starts


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize(("length", "stride"), [(64, 16), (40, 7), (64, 30), (510, 128), (40, 200)])
@pytest.mark.parametrize("repeat", [1, 2, 9])
def test_windows(legacy, length, stride, repeat):
    tokenizer, question, context = own.tokenizer(), own.QUESTIONS[0][0], own.context(repeat)
    whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    room = length - len(tokenizer.tokenize(question)) - 3
    batch = {"row": [0], "question": [question], "context": [context]}
    features = tokenize(batch, tokenizer, length, stride, legacy, training=False)
    places = []
    for mask, starts in zip(features["p_mask"], features["starts"], strict=True):
        inside = [start for closed, start in zip(mask[1:], starts[1:], strict=True) if not closed]
        first = [start for start, _ in whole].index(inside[0])
        assert inside == [start for start, _ in whole[first : first + len(inside)]]
        places.append((first, len(inside)))
    # As the step, `stride` is at most a window; as the overlap, it is at most half of one, or no window would advance.
    step = min(stride, room) if legacy else room - min(stride, room // 2)
    assert [first for first, _ in places] == windows_in_the_original_script(len(whole), room, step)
    assert all(size == min(room, len(whole) - first) for first, size in places)


# Answers


def perfect_logits(prepared: PreparedSplit, found: float = 9.0) -> list[tuple[int, int, float]]:
    """For every window the first and the last token of the answer, token 0 where it holds none, and their logit."""
    features = prepared.features
    questions = {row: prepared.split.rows[row].fields for row in set(features["row"])}
    spans = []
    columns = zip(*(features[name] for name in ("row", "p_mask", "starts", "ends")), strict=True)
    for row, mask, starts, ends in columns:
        place = (0, 0)
        for answer in questions[row]["answers"][:1]:
            begin, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            touched = [i for i in range(1, len(mask)) if not mask[i] and starts[i] < end and ends[i] > begin]
            place = (touched[0], touched[-1]) if touched else place
        spans.append((*place, found if place != (0, 0) or not questions[row]["answers"] else 0.0))
    return spans


def outcome(task, prepared: PreparedSplit) -> PredictionOutput:
    """What a model gives that is right about every question."""
    spans, features = perfect_logits(prepared), prepared.features
    logits = torch.full((2, len(spans), max(features["length"])), torch.finfo(torch.float32).min)
    for window, mask in enumerate(features["p_mask"]):
        logits[:, window, [i for i, closed in enumerate(mask) if not closed]] = -5.0
    for window, (first, last, score) in enumerate(spans):
        logits[0, window, first] = logits[1, window, last] = score
    assert (task.data.max_answer_length, task.data.n_best_size) == (30, 20)
    reduced = task.reduce_logits((logits[0], logits[1]), None)
    return PredictionOutput(tuple(part.numpy() for part in reduced), None, None)


def test_klue_mrc_scores(read, folder):
    task, prepared = read("klue-mrc", data_dir=folder("klue-mrc"), max_seq_length=64, doc_stride=32)
    validation = prepared["validation"]
    assert len(validation.features) > 4  # several windows a question
    output = outcome(task, validation)
    records = task.records(validation, output)
    assert [record["prediction"] for record in records] == ["강가의 도시", "한별이다", "", "빵과 차"]
    assert records[0]["id"] == "klue-mrc-v1_dev_00000" and records[2]["answer_start"] == -1
    scores = task.compute_metrics(validation, output)
    # 한별 is a part of the token 한별이다: 2 of its 4 characters, 2 * 2 / (4 + 2).
    assert scores["exact_match"] == 75.0
    assert scores["rouge_w"] == scores["f1"] == pytest.approx(100 * (3 + 2 / 3) / 4)
    assert [scores[f"exact_match_type_{kind}"] for kind in "123"] == [100.0, 0.0, 100.0]
    assert scores["rouge_w_type_2"] == pytest.approx(100 * 2 / 3)
    assert scores["no_answer_accuracy"] == 100.0
    assert task.ceiling(validation) == {"exact_match": 75.0}


def test_null_threshold_and_n_best(read, folder):
    task, prepared = read("klue-mrc", data_dir=folder("klue-mrc"))
    validation = prepared["validation"]
    output = outcome(task, validation)
    shy = QuestionAnswering(with_threshold(task.data, -1000.0), task.tokenizer)
    bold = QuestionAnswering(with_threshold(task.data, 1000.0), task.tokenizer)
    assert [record["prediction"] for record in shy.records(validation, output)] == [""] * 4
    found = bold.records(validation, output)
    assert all(record["prediction"] for record in found)
    assert [len(record["n_best"]) for record in found] == [21] * 4  # 20 spans, and none
    assert found[0]["n_best"][0]["text"] == "강가의 도시"
    assert found[0]["n_best"][-1]["text"] == ""
    assert sum(best["score"] for best in found[0]["n_best"]) == pytest.approx(1.0)


def with_threshold(data: QADataArguments, threshold: float) -> QADataArguments:
    changed = QADataArguments(
        train_file=data.train_file, version_2_with_negative=True, null_score_diff_threshold=threshold
    )
    changed.benchmark = data.benchmark
    return changed


def test_korquad_scores(read, folder):
    task, prepared = read("korquad", data_dir=folder("korquad"))
    validation = prepared["validation"]
    scores = task.compute_metrics(validation, outcome(task, validation))
    assert scores == {"exact_match": pytest.approx(200 / 3), "f1": pytest.approx(100 * (2 + 2 / 3) / 3)}
    assert task.metric is KORQUAD
    assert task.ceiling(validation) == {"exact_match": pytest.approx(200 / 3)}

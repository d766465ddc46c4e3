"""From logits to answers: the exact search for spans against brute force, and one answer per question."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
import pytest
import torch
from question_rows import split_of, task_of
from transformers.trainer_utils import PredictionOutput

from utils.tasks import PreparedSplit

# The search for spans


def brute_force(start: torch.Tensor, end: torch.Tensor, masked: torch.Tensor, longest: int) -> list[tuple]:
    """All spans of one window with their scores, best first."""
    free = [i for i in range(1, len(start)) if not masked[i]]
    spans = [(float(start[i] + end[j]), i, j) for i in free for j in free if i <= j < i + longest]
    return sorted(spans, reverse=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("converted", [False, True])
@pytest.mark.parametrize(
    ("tokens", "longest", "n_best"), [(1, 30, 20), (4, 2, 20), (30, 30, 20), (50, 7, 3), (12, 1, 20)]
)
def test_reduced_logits_are_the_best_of_all_spans(dtype, converted, tokens, longest, n_best):
    """`converted`: what mixed precision makes of the logits of a half before they are looked at."""
    generator = torch.Generator().manual_seed(tokens)
    logits = torch.randn(2, 5, tokens, generator=generator).to(dtype)
    masked = torch.rand(5, tokens, generator=generator) < 0.4
    masked[:, 0] = False
    masked[4, 1:] = True
    sides = [side.masked_fill(masked, torch.finfo(dtype).min) for side in logits]
    sides = [side.float() for side in sides] if converted else sides
    task = task_of(max_answer_length=longest, n_best_size=n_best)
    best, first, last, no_answer = task.reduce_logits((sides[0], sides[1]), None)
    assert best.shape == first.shape == last.shape == (5, n_best)
    start, end = logits.float()
    assert torch.equal(no_answer, start[:, 0] + end[:, 0])
    for row in range(5):
        expected = brute_force(start[row], end[row], masked[row], longest)[:n_best]
        found = [
            (float(score), int(i), int(j))
            for score, i, j in zip(best[row], first[row], last[row], strict=True)
            if torch.isfinite(score)
        ]
        assert [score for score, _, _ in found] == pytest.approx([score for score, _, _ in expected])
        assert all(float(start[row, i] + end[row, j]) == pytest.approx(score) for score, i, j in found)
        assert all(1 <= i <= j < i + longest and not masked[row, i] and not masked[row, j] for _, i, j in found)
        assert len({(i, j) for _, i, j in found}) == len(found)


# Answers


def decode(rows: list[dict], windows: list[dict], **flags) -> list[dict[str, Any]]:
    """Answers from windows given as `row`, `starts`, `ends`, `spans` (score, first, last) and `null`."""
    features = datasets.Dataset.from_dict({name: [w[name] for w in windows] for name in ("row", "starts", "ends")})
    width = max(len(window["spans"]) for window in windows) + 1
    parts = [
        np.array([[*(span[part] for span in w["spans"]), *[filler] * (width - len(w["spans"]))] for w in windows])
        for part, filler in ((0, -np.inf), (1, 0), (2, 0))
    ]
    null = np.array([window["null"] for window in windows])
    output: Any = PredictionOutput((*parts, null), None, None)
    return task_of(**flags).records(PreparedSplit(split_of(rows), features), output)


CONTEXT = "the good movie is bad"
OFFSETS = {"starts": [0, 0, 4, 9, 15, 18], "ends": [0, 3, 8, 14, 17, 21]}


def window(*spans: tuple[float, int, int], null: float = 0.0, row: int = 0) -> dict:
    return OFFSETS | {"row": row, "spans": spans, "null": null}


def test_the_best_span_of_all_windows_wins():
    rows = [{"context": CONTEXT, "id": "x"}, {"context": CONTEXT, "id": "x"}]
    windows = [window((2.0, 1, 1), row=1), window((1.0, 2, 3)), window((3.0, 2, 2), (2.5, 5, 5))]
    found = decode(rows, windows)
    assert [(row["id"], row["prediction"], row["answer_start"]) for row in found] == [("x", "good", 4), ("x", "the", 0)]
    total = np.exp([3.0, 2.5, 1.0]).sum()
    assert found[0]["score"] == pytest.approx(np.exp(3.0) / total)
    assert [entry["text"] for entry in found[0]["n_best"]] == ["good", "bad", "good movie"]
    assert sum(entry["score"] for entry in found[0]["n_best"]) == pytest.approx(1)


def test_one_span_seen_in_two_windows_counts_once():
    found = decode([{"context": CONTEXT}], [window((1.0, 2, 2)), window((2.0, 2, 2))])
    assert len(found[0]["n_best"]) == 1 and found[0]["score"] == 1
    assert "id" not in found[0]


@pytest.mark.parametrize(
    ("negative", "threshold", "null", "expected"),
    [
        (False, 0.0, 9.0, "good"),  # SQuAD 1.1 has no empty answer
        (True, 0.0, 0.9, "good"),
        (True, 0.0, 1.1, ""),
        (True, 0.5, 1.1, "good"),
        (True, 0.5, 1.6, ""),
        (True, -0.5, 0.6, ""),
        (True, 0.0, 1.0, "good"),  # a tie is an answer
    ],
)
def test_no_answer_must_win_by_the_threshold(negative, threshold, null, expected):
    flags = {"version_2_with_negative": negative, "null_score_diff_threshold": threshold}
    found = decode([{"context": CONTEXT}], [window((1.0, 2, 2), null=null)], **flags)[0]
    assert (found["prediction"], found["answer_start"]) == (expected, 4 if expected else -1)
    both = np.exp([1.0, null])
    share = both[1 if expected == "" else 0] / both.sum() if negative else 1
    assert found["score"] == pytest.approx(share)


def test_no_answer_is_as_likely_as_in_the_window_that_denies_it_most():
    windows = [window((1.0, 2, 2), null=0.5), window((0.0, 3, 3), null=7.0)]
    assert decode([{"context": CONTEXT}], windows, version_2_with_negative=True)[0]["prediction"] == "good"


def test_a_window_without_a_span_has_no_answer():
    found = decode([{"context": ""}], [window(null=-3.0)])[0]
    assert (found["prediction"], found["score"], found["answer_start"]) == ("", 1.0, -1)


def test_spaces_around_a_span_are_left_out():
    wide = {"starts": [0, 3, 8, 14], "ends": [0, 8, 14, 15], "row": 0, "null": 0.0}  # sub-words that begin with a space
    found = decode([{"context": CONTEXT}], [wide | {"spans": [(5.0, 3, 3), (1.0, 1, 2)]}])[0]
    assert (found["prediction"], found["answer_start"]) == ("good movie", 4)  # a space alone is no answer


def test_metrics_count_rows_in_order():
    rows = [
        {"context": CONTEXT, "answers": [{"text": "good", "answer_start": 4}, {"text": "bad", "answer_start": 18}]},
        {"context": CONTEXT, "answers": [{"text": "good movie", "answer_start": 4}]},
    ]
    windows = [window((1.0, 2, 2), row=1), window((1.0, 5, 5))]
    features = datasets.Dataset.from_dict({name: [w[name] for w in windows] for name in ("row", "starts", "ends")})
    parts = (np.array([[1.0], [1.0]]), np.array([[2], [5]]), np.array([[2], [5]]), np.zeros(2))
    output: Any = PredictionOutput(parts, None, None)
    metrics = task_of().compute_metrics(PreparedSplit(split_of(rows), features), output)
    assert metrics["exact_match"] == 50 and metrics["f1"] == pytest.approx((100 + 200 / 3) / 2)

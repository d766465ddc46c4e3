"""Extractive question answering: questions on long contexts to windows, and back to one answer per question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import datasets
import numpy as np
import torch
from transformers import EvalPrediction, PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput

from .arguments import QADataArguments
from .errors import UserError
from .splits import Split

N_BEST = 20  # spans kept per window, as in the original SQuAD script
SMALLEST_ROOM = 8  # tokens of context that a window must hold at least


def check_questions(split: Split, tokenizer: PreTrainedTokenizerFast, data: QADataArguments) -> None:
    """Raises UserError where a question leaves no room for its context in a window, or lacks the answer to train on."""
    lengths = [len(ids) for ids in tokenizer(split.column("question"), add_special_tokens=False)["input_ids"]]
    longest = data.max_seq_length - tokenizer.num_special_tokens_to_add(pair=True) - SMALLEST_ROOM
    for row, length in zip(split.rows, lengths, strict=True):
        if length > longest:
            message = (
                f"the question has {length} tokens, the window room for {longest}; shorten it or raise --max_seq_length"
            )
            raise UserError(message, file=split.file, row=row.line, column="question")
        if split.name != "test" and not row.fields["answers"] and not data.version_2_with_negative:
            message = "no answer; give --version_2_with_negative if questions may have none"
            raise UserError(message, file=split.file, row=row.line, column="answers")


def has_answers(split: Split) -> bool:
    """Whether a split can be scored: a file without a single answer is one to predict."""
    return any(row.fields["answers"] or row.fields["is_impossible"] for row in split.rows)


def contexts(split: Split) -> list[str]:
    """The context of every question; questions on one context are held out together."""
    return split.column("context")


def given_names(split: Split) -> list[str]:
    """ "answer" or "no answer" for every question of a split that has answers, for counting."""
    return ["answer" if answers else "no answer" for answers in split.column("answers")] if has_answers(split) else []


def feature_columns(split: Split) -> dict[str, list]:
    """The columns that `encode` reads."""
    columns: dict[str, list] = {
        "row": list(range(len(split.rows))),
        "question": split.column("question"),
        "context": split.column("context"),
    }
    if has_answers(split):
        # Of several answers the first one is trained on, as everywhere in this field; (-1, -1): no answer.
        firsts = [(row.fields["answers"] or [None])[0] for row in split.rows]
        columns["answer_start"] = [answer["answer_start"] if answer else -1 for answer in firsts]
        columns["answer_end"] = [answer["answer_start"] + len(answer["text"]) if answer else -1 for answer in firsts]
    return columns


def encode(
    batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, max_seq_length: int, doc_stride: int, training: bool
) -> dict[str, list]:
    """Tokenizes questions with their contexts into windows of at most `max_seq_length` tokens.

    Args:
        doc_stride: tokens that neighbouring windows share; fewer where a long question leaves less than that.
        training: leave out what only the answer's text needs.

    Returns:
        one row per window: the model's inputs, `row`, `length`; `start_positions` and `end_positions`, the tokens in
        which the answer starts and ends, or 0 where the window does not hold it; else `p_mask` (0: an answer can touch
        the token) and the character offsets `starts` and `ends` of each token in the context.
    """
    room = max_seq_length - tokenizer.num_special_tokens_to_add(pair=True)
    questions = tokenizer(batch["question"], add_special_tokens=False)["input_ids"]
    strides = [min(doc_stride, (room - len(ids)) // 2) for ids in questions]
    features: dict[str, list] = {}
    for stride in sorted(set(strides)):  # nearly always one
        samples = [i for i, own in enumerate(strides) if own == stride]
        encoded = tokenizer(
            [batch["question"][i] for i in samples],
            [batch["context"][i] for i in samples],
            truncation="only_second",
            max_length=max_seq_length,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for window, sample in enumerate(encoded["overflow_to_sample_mapping"]):
            feature = {name: encoded[name][window] for name in tokenizer.model_input_names if name in encoded}
            for name, value in (feature | _window(encoded, window, batch, samples[sample], training)).items():
                features.setdefault(name, []).append(value)
    return features


def _window(encoded: Any, window: int, batch: dict[str, list], sample: int, training: bool) -> dict[str, Any]:
    in_context = [part == 1 for part in encoded.sequence_ids(window)]
    offsets = encoded["offset_mapping"][window]
    feature: dict[str, Any] = {"row": batch["row"][sample], "length": len(in_context)}
    if "answer_start" in batch:
        start, end = batch["answer_start"][sample], batch["answer_end"][sample]
        touched = [i for i, (s, e) in enumerate(offsets) if in_context[i] and s < end and e > start]
        whole = bool(touched) and offsets[touched[0]][0] <= start and offsets[touched[-1]][1] >= end
        feature["start_positions"] = touched[0] if whole else 0
        feature["end_positions"] = touched[-1] if whole else 0
    if not training:
        # Token 0, [CLS], stays open: it is where "no answer" is scored.
        feature["p_mask"] = [int(i > 0 and not inside) for i, inside in enumerate(in_context)]
        feature["starts"] = [s if inside else 0 for inside, (s, _) in zip(in_context, offsets, strict=True)]
        feature["ends"] = [e if inside else 0 for inside, (_, e) in zip(in_context, offsets, strict=True)]
    return feature


def reduce_logits(
    logits: tuple[torch.Tensor, torch.Tensor], labels: Any, max_answer_length: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The N best spans of every window among all of at most `max_answer_length` tokens, before logits leave the device.

    The search is exact: every span is looked at.

    Args:
        logits: of starts and ends, (B, T) each, at the dtype's lowest number where no answer can be.

    Returns:
        scores, first tokens, last tokens: (B, N), best first, -inf where there are fewer spans; and (B,) the score of
        no answer, the span of token 0.
    """
    start, end = (side.float().masked_fill(side <= torch.finfo(side.dtype).min, -torch.inf) for side in logits[:2])
    no_answer = start[:, 0] + end[:, 0]
    start[:, 0] = -torch.inf
    reach = torch.nn.functional.pad(end, (0, max_answer_length - 1), value=-torch.inf)
    scores = start.unsqueeze(-1) + reach.unfold(1, max_answer_length, 1)  # (B, T, L): first token, length - 1
    scores = torch.nn.functional.pad(scores.flatten(1), (0, N_BEST), value=-torch.inf)  # never fewer than N
    best, index = scores.topk(N_BEST, dim=-1)
    first = index // max_answer_length
    return best, first, first + index % max_answer_length, no_answer


@dataclass
class SpanDecoder:
    """From the best spans of every window to one answer per question of a split.

    Attributes:
        split: the questions.
        features: what `encode` made of them, in any order.
        data: whether and by how much the empty answer must win.
        style: of the score, see `metrics.QuestionAnsweringMetric`.
    """

    split: Split
    features: datasets.Dataset
    data: QADataArguments
    style: str = "squad"

    def answers(self, output: EvalPrediction | PredictionOutput) -> list[dict[str, Any]]:
        """One dictionary per question, in order: `id`, `prediction`, `score` (its share among the question's best spans
        by softmax) and `answer_start`, its character offset in the context, or -1."""
        scores, firsts, lasts, no_answer = (np.asarray(part) for part in output.predictions)
        windows_of: list[list[int]] = [[] for _ in self.split.rows]
        for window, row in enumerate(self.features["row"]):
            windows_of[row].append(window)
        starts, ends = self.features["starts"], self.features["ends"]
        answers = []
        for row, windows in zip(self.split.rows, windows_of, strict=True):
            spans: dict[tuple[int, int], float] = {}
            for window in windows:
                for score, first, last in zip(scores[window], firsts[window], lasts[window], strict=True):
                    if np.isfinite(score):
                        place = (starts[window][first], ends[window][last])
                        spans[place] = max(score, spans.get(place, -np.inf))
            null = no_answer[windows].min()
            ranked = sorted(spans.items(), key=lambda item: -item[1])[:N_BEST]
            place, best = ranked[0] if ranked else ((-1, -1), null)
            candidates = [score for _, score in ranked]
            if self.data.version_2_with_negative or not ranked:
                candidates.append(null)
                if null - best > self.data.null_score_diff_threshold or not ranked:
                    place, best = (-1, -1), null
            share = 1 / np.exp(np.asarray(candidates, dtype=np.float64) - best).sum()
            text = row.fields["context"][place[0] : place[1]] if place[0] >= 0 else ""
            start = place[0] + len(text) - len(text.lstrip())  # some tokenizers count the space before a word in
            answer: dict[str, Any] = {} if row.fields["id"] is None else {"id": row.fields["id"]}
            answers.append(answer | {"prediction": text.strip(), "score": float(share), "answer_start": start})
        return answers

    def metrics(self, output: EvalPrediction | PredictionOutput) -> dict[str, float]:
        """`compute_metrics` for Trainer, from the extracted texts."""
        from . import metrics

        return metrics.QuestionAnsweringMetric().compute(
            predictions=[answer["prediction"] for answer in self.answers(output)],
            references=[[answer["text"] for answer in row.fields["answers"]] for row in self.split.rows],
            style=self.style,
        )

"""Extractive question answering: questions on long contexts to windows, and back to one answer per question."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from transformers import EvalPrediction, PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput

from . import pictures
from .arguments import QADataArguments
from .errors import UserError
from .groups import score_answer_lengths
from .splits import Split

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
    if not split.part and not any(context.strip() for context in contexts(split)):
        raise UserError("every context is empty; give texts to find answers in", file=split.file, column="context")


def has_answers(split: Split) -> bool:
    """Whether a split can be scored: a test file without a single answer is one to predict."""
    return split.name != "test" or any(row.fields["answers"] or row.fields["is_impossible"] for row in split.rows)


def contexts(split: Split) -> list[str]:
    """The context of every question; questions on one context are held out together."""
    return split.column("context")


def feature_columns(split: Split) -> dict[str, list]:
    """The columns that `encode` reads."""
    columns: dict[str, list] = {
        "row": list(range(len(split.rows))),
        "question": split.column("question"),
        "context": split.column("context"),
    }
    if has_answers(split):
        # Of several answers the first one is trained on, as everywhere in this field; (-1, -1): no answer.
        spans = [
            _span(row.fields["context"], row.fields["answers"][0]) if row.fields["answers"] else (-1, -1)
            for row in split.rows
        ]
        columns["answer_start"] = [start for start, _ in spans]
        columns["answer_end"] = [end for _, end in spans]
    return columns


def encode(
    batch: dict[str, list],
    tokenizer: PreTrainedTokenizerFast,
    max_seq_length: int,
    doc_stride: int,
    legacy: bool,
    training: bool,
) -> dict[str, list]:
    """Tokenizes questions with their contexts into windows of at most `max_seq_length` tokens.

    Args:
        doc_stride: tokens that neighbouring windows share; fewer where a long question leaves less than that.
        legacy: `doc_stride` is the step from one window to the next instead, as in the original SQuAD script.
        training: leave out what only the answer's text needs.

    Returns:
        one row per window: the model's inputs, `row`, `length`; `start_positions` and `end_positions`, the tokens in
        which the answer starts and ends, or 0 where the window does not hold it; else `p_mask` (0: an answer can touch
        the token) and the character offsets `starts` and `ends` of each token in the context.
    """
    room = max_seq_length - tokenizer.num_special_tokens_to_add(pair=True)
    questions = tokenizer(batch["question"], add_special_tokens=False)["input_ids"]
    rooms = [room - len(ids) for ids in questions]
    strides = [max(own - doc_stride, 0) if legacy else min(doc_stride, own // 2) for own in rooms]
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


def style(data: QADataArguments) -> str:
    """Whose normalisation and F1 score the answers, see `qa_metrics`."""
    return data.task.metric if data.task is not None else "squad"


def ceiling(split: Split, tokenizer: PreTrainedTokenizerFast, data: QADataArguments) -> float:
    """The exact match (0-100) that the tokenizer allows: that of the best token span around every answer.

    A particle often shares a token with the end of a Korean answer; no span of tokens can leave it out.
    """
    from .qa_metrics import score_qa

    contexts = sorted({row.fields["context"] for row in split.rows})
    encoded = tokenizer(contexts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    offsets_of = dict(zip(contexts, encoded["offset_mapping"], strict=True))
    predictions, references = [], []
    for row in split.rows:
        context, golds = row.fields["context"], [answer["text"] for answer in row.fields["answers"]]
        best = ""
        for answer in row.fields["answers"]:
            start, end = _span(context, answer)
            touched = [(s, e) for s, e in offsets_of[context] if s < end and e > start]
            text = context[slice(*_trimmed(context, touched[0][0], touched[-1][1]))] if touched else ""
            if not best or score_qa([text], [golds], style(data))["exact_match"] == 100:
                best = text
        predictions.append(best)
        references.append(golds)
    return score_qa(predictions, references, style(data))["exact_match"]


def reduce_logits(
    logits: tuple[torch.Tensor, torch.Tensor], labels: Any, max_answer_length: int, n_best: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The N best spans of every window among all of at most `max_answer_length` tokens, before logits leave the device.

    The search is exact: every span is looked at.

    Args:
        logits: of starts and ends, (B, T) each, at the lowest number of a dtype where no answer can be.
        n_best: N.

    Returns:
        scores, first tokens, last tokens: (B, N), best first, -inf where there are fewer spans; and (B,) the score of
        no answer, the span of token 0.
    """
    # Mixed precision turns the logits of a half into float32, and the lowest number of that half with them.
    lowest = torch.finfo(torch.float16).min
    start, end = (side.float().masked_fill(side <= lowest, -torch.inf) for side in logits[:2])
    no_answer = start[:, 0] + end[:, 0]
    start[:, 0] = -torch.inf
    reach = torch.nn.functional.pad(end, (0, max_answer_length - 1), value=-torch.inf)
    scores = start.unsqueeze(-1) + reach.unfold(1, max_answer_length, 1)  # (B, T, L): first token, length - 1
    scores = torch.nn.functional.pad(scores.flatten(1), (0, n_best), value=-torch.inf)  # never fewer than N
    best, index = scores.topk(n_best, dim=-1)
    first = index // max_answer_length
    return best, first, first + index % max_answer_length, no_answer


@dataclass
class SpanDecoder:
    """From the best spans of every window to one answer per question of a split.

    Attributes:
        split: the questions.
        features: what `encode` made of them, in any order.
        data: whether and by how much the empty answer must win.
    """

    split: Split
    features: datasets.Dataset
    data: QADataArguments

    def texts(self) -> list[str]:
        return [f"{row.fields['question']}\n{row.fields['context']}" for row in self.split.rows]

    def label_names(self) -> list[list[str]]:
        names = [["answer" if answers else "no answer"] for answers in self.split.column("answers")]
        return names if has_answers(self.split) else []

    def ceiling(self, tokenizer: PreTrainedTokenizerFast) -> dict[str, float]:
        return {"exact_match": ceiling(self.split, tokenizer, self.data)} if has_answers(self.split) else {}

    def answers(self, output: EvalPrediction | PredictionOutput) -> list[dict[str, Any]]:
        """One dictionary per question, in order: `id`, `prediction`, `score` (its share among the question's best spans
        by softmax), `answer_start`, its character offset in the context, or -1, and `n_best`, the runners-up with it."""
        scores, firsts, lasts, no_answer = (np.asarray(part) for part in output.predictions)
        windows_of: list[list[int]] = [[] for _ in self.split.rows]
        for window, row in enumerate(self.features["row"]):
            windows_of[row].append(window)
        offsets = self.features.with_format("numpy", columns=["starts", "ends"])
        answers = []
        for row, windows in zip(self.split.rows, windows_of, strict=True):
            spans: dict[tuple[int, int], float] = {}
            for window in windows:
                found = np.isfinite(scores[window])
                starts = offsets[window]["starts"][firsts[window][found]]
                ends = offsets[window]["ends"][lasts[window][found]]
                for score, start, end in zip(scores[window][found], starts, ends, strict=True):
                    place = _trimmed(row.fields["context"], int(start), int(end))
                    if place[0] < place[1]:  # more than spaces
                        spans[place] = max(float(score), spans.get(place, -np.inf))
            ranked = sorted(spans.items(), key=lambda item: -item[1])[: self.data.n_best_size]
            null = float(no_answer[windows].min())
            if self.data.version_2_with_negative or not ranked:
                wins = not ranked or null - ranked[0][1] > self.data.null_score_diff_threshold
                ranked.insert(0 if wins else len(ranked), ((-1, -1), null))
            shares = np.exp(np.array([score for _, score in ranked]) - max(score for _, score in ranked))
            n_best = [
                {"text": row.fields["context"][start:end] if start >= 0 else "", "score": share, "answer_start": start}
                for ((start, end), _), share in zip(ranked, (shares / shares.sum()).tolist(), strict=True)
            ]
            answer: dict[str, Any] = {} if row.fields["id"] is None else {"id": row.fields["id"]}
            answer |= {"prediction": n_best[0]["text"], "score": n_best[0]["score"]}
            answers.append(answer | {"answer_start": n_best[0]["answer_start"], "n_best": n_best})
        return answers

    def scored(self, output: EvalPrediction | PredictionOutput) -> dict[str, list] | None:
        if not has_answers(self.split):
            return None
        return {
            "predictions": [answer["prediction"] for answer in self.answers(output)],
            "references": [[answer["text"] for answer in row.fields["answers"]] for row in self.split.rows],
            "question_types": self.split.column("question_type"),
        }

    def score(self, predictions: list, references: list, question_types: list) -> dict[str, float]:
        from . import metrics

        return metrics.QuestionAnsweringMetric().compute(
            predictions=predictions,
            references=references,
            style=style(self.data),
            question_types=None if all(kind is None for kind in question_types) else question_types,
        )

    def groups(self, predictions: list, references: list, question_types: list) -> dict[str, dict[str, float]]:
        return score_answer_lengths(predictions, references, style(self.data))

    def draw(self, path: Path, predictions: list, references: list, question_types: list) -> None:
        pictures.draw_groups(self.groups(predictions, references, question_types), "f1", path)


def _span(context: str, answer: dict[str, Any]) -> tuple[int, int]:
    """Where an answer stands, without spaces around it."""
    return _trimmed(context, answer["answer_start"], answer["answer_start"] + len(answer["text"]))


def _trimmed(context: str, start: int, end: int) -> tuple[int, int]:
    """A span without the spaces at its ends, which some tokenizers count as part of a word."""
    text = context[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())

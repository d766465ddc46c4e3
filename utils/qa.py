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

from heads.spans import best_spans, encode_windows, longest_question, rank_answers, trim

from . import pictures
from .arguments import QADataArguments
from .errors import UserError
from .groups import score_answer_lengths
from .splits import Split


def check_questions(split: Split, tokenizer: PreTrainedTokenizerFast, data: QADataArguments) -> None:
    """Raises UserError where a question leaves no room for its context in a window, or lacks the answer to train on."""
    lengths = [len(ids) for ids in tokenizer(split.column("question"), add_special_tokens=False)["input_ids"]]
    longest = longest_question(tokenizer, data.max_seq_length)
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
        doc_stride, legacy: see `encode_windows`.
        training: leave out what only the answer's text needs.

    Returns:
        one row per window: the model's inputs, `row`, `length`; `start_positions` and `end_positions`, the tokens in
        which the answer starts and ends, or 0 where the window does not hold it; else `p_mask` (0: an answer can touch
        the token) and the character offsets `starts` and `ends` of each token in the context.
    """
    features: dict[str, list] = {}
    windows = encode_windows(batch["question"], batch["context"], tokenizer, max_seq_length, doc_stride, legacy)
    for sample, window in windows:
        feature: dict[str, Any] = window | {"row": batch["row"][sample], "length": len(window["p_mask"])}
        if "answer_start" in batch:
            positions = _positions(window, batch["answer_start"][sample], batch["answer_end"][sample])
            feature["start_positions"], feature["end_positions"] = positions
        for name, value in feature.items():
            if not (training and name in ("p_mask", "starts", "ends")):
                features.setdefault(name, []).append(value)
    return features


def _positions(window: dict[str, list[int]], start: int, end: int) -> tuple[int, int]:
    """The first and last token of an answer, given by its characters; 0 where the window does not hold it."""
    starts, ends = window["starts"], window["ends"]
    touched = [i for i, (s, e) in enumerate(zip(starts, ends, strict=True)) if s < end and e > start]
    whole = bool(touched) and starts[touched[0]] <= start and ends[touched[-1]] >= end
    return (touched[0], touched[-1]) if whole else (0, 0)


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
            text = context[slice(*trim(context, touched[0][0], touched[-1][1]))] if touched else ""
            if not best or score_qa([text], [golds], style(data))["exact_match"] == 100:
                best = text
        predictions.append(best)
        references.append(golds)
    return score_qa(predictions, references, style(data))["exact_match"]


def reduce_logits(
    logits: tuple[torch.Tensor, torch.Tensor], labels: Any, max_answer_length: int, n_best: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """`best_spans` as Trainer calls it, before logits leave the device."""
    return best_spans(*logits[:2], max_answer_length, n_best)


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
        threshold = self.data.null_score_diff_threshold if self.data.version_2_with_negative else None
        answers = []
        for row, windows in zip(self.split.rows, windows_of, strict=True):
            spans: list[tuple[float, int, int]] = []
            for window in windows:
                found = np.isfinite(scores[window])
                starts = offsets[window]["starts"][firsts[window][found]]
                ends = offsets[window]["ends"][lasts[window][found]]
                spans += zip(scores[window][found].tolist(), starts.tolist(), ends.tolist(), strict=True)
            null = float(no_answer[windows].min())
            ranked = rank_answers(row.fields["context"], spans, null, self.data.n_best_size, threshold)
            n_best = [{"text": one.text, "score": one.score, "answer_start": one.start} for one in ranked]
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
    return trim(context, answer["answer_start"], answer["answer_start"] + len(answer["text"]))

"""The question answering pipeline that a checkpoint brings along; transformers 5 has none of its own."""

from __future__ import annotations

from typing import Any

import torch
from transformers.pipelines.base import ChunkPipeline

from .configuration_headed_encoder import longest_input
from .spans import best_spans, encode_windows, longest_question, question_lengths, rank_answers

N_BEST = 20  # spans kept per window and question; an answer's score is its share among them


class QuestionAnsweringPipeline(ChunkPipeline):
    """Finds the answers of questions in their contexts, as `run_qa.py` does: the same windows, search and ranking.

    Give `question=` and `context=`, each a text or a list, or dictionaries with these keys. One question gives one
    result, a list of questions a list of results.

    Args, here or in a call:
        batch_size: windows per forward pass; it changes the speed, not the results.
        top_k: how many answers; 1 gives a dictionary, more give a list of at most so many, the chosen one first.
        handle_impossible_answer: the empty answer competes with the spans; `--version_2_with_negative`.
        null_score_diff_threshold: by how much (logits) it must win (default: what the checkpoint's calibration says, else 0).
        max_answer_len: longest answer in tokens.
        max_seq_len: longest window in tokens, at most what the model takes.
        doc_stride: tokens that neighbouring windows share; at most half.

    Each answer has `score`, its share among the question's best spans by softmax, `start` and `end`, its characters in
    the context, and `answer`, its text. The empty answer stands at 0 to 0.
    """

    _load_tokenizer: Any = True
    _load_processor: Any = False
    _load_image_processor: Any = False
    _load_video_processor: Any = False
    _load_feature_extractor: Any = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.model.eval()
        self.tokenizer.padding_side = self.tokenizer.truncation_side = "right"

    def __call__(self, inputs=None, *, question=None, context=None, **options):
        if inputs is None:
            inputs = {"question": question, "context": context}
        if isinstance(inputs, dict):
            inputs = _examples(inputs.get("question"), inputs.get("context"))
        return [] if inputs == [] else super().__call__(inputs, **options)

    def _sanitize_parameters(
        self,
        top_k=None,
        handle_impossible_answer=None,
        null_score_diff_threshold=None,
        max_answer_len=None,
        max_seq_len=None,
        doc_stride=None,
    ):
        for name, value, least in (
            ("top_k", top_k, 1),
            ("max_answer_len", max_answer_len, 1),
            ("doc_stride", doc_stride, 0),
        ):
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        choice = {
            "top_k": top_k,
            "handle_impossible_answer": handle_impossible_answer,
            "null_score_diff_threshold": null_score_diff_threshold,
        }
        search = {"max_answer_len": max_answer_len, "top_k": top_k}
        return _given(max_seq_len=max_seq_len, doc_stride=doc_stride), _given(**search), _given(**choice)

    def preprocess(self, example, max_seq_len=384, doc_stride=128):
        """The windows of one question, of (1, T) each."""
        question, context = example.get("question"), example.get("context")
        if not isinstance(question, str) or not isinstance(context, str):
            raise ValueError("a question needs two texts, 'question' and 'context'")
        size = longest_input(self.model.config.encoder_config, self.tokenizer, max_seq_len)
        length = question_lengths([question], self.tokenizer)[0]
        room = longest_question(self.tokenizer, size)
        if length > room:
            raise ValueError(f"a question has {length} tokens, a window of {size} room for {room}: {question}")
        windows = list(encode_windows([question], [context], self.tokenizer, size, doc_stride))
        for place, (_, window) in enumerate(windows, start=1):
            tensors = {name: torch.tensor([values]) for name, values in window.items()}
            yield {"context": context, "is_last": place == len(windows), **tensors}

    def _forward(self, windows, max_answer_len=30, top_k=1):
        """The best spans of B windows, in characters: (B, N)."""
        names = (*self.tokenizer.model_input_names, "p_mask")
        output = self.model(**{name: windows[name] for name in names if name in windows})
        scores, firsts, lasts, no_answer = best_spans(
            output.start_logits, output.end_logits, max_answer_len, max(N_BEST, top_k)
        )
        return {
            "context": windows["context"],
            "is_last": windows["is_last"],
            "scores": scores,
            "starts": windows["starts"].gather(1, firsts),
            "ends": windows["ends"].gather(1, lasts),
            "no_answer": no_answer,
        }

    def postprocess(self, windows, top_k=1, handle_impossible_answer=False, null_score_diff_threshold=None):
        """The answers of one question, from all its windows."""
        if null_score_diff_threshold is None:
            null_score_diff_threshold = (self.model.config.calibration or {}).get("null_score_diff_threshold", 0.0)
        spans = []
        for window in windows:
            found = window["scores"][0].isfinite()
            spans += zip(*(window[name][0][found].tolist() for name in ("scores", "starts", "ends")), strict=True)
        no_answer = min(window["no_answer"].item() for window in windows)
        threshold = null_score_diff_threshold if handle_impossible_answer else None
        answers = [
            {"score": answer.score, "start": max(answer.start, 0), "end": max(answer.end, 0), "answer": answer.text}
            for answer in rank_answers(windows[0]["context"], spans, no_answer, max(N_BEST, top_k), threshold)
        ]
        return answers[0] if top_k == 1 else answers[:top_k]


def _examples(questions: Any, contexts: Any) -> dict[str, Any] | list[dict[str, Any]]:
    """One dictionary per question; several questions may share a context."""
    if not isinstance(questions, list):
        return {"question": questions, "context": contexts}
    contexts = contexts if isinstance(contexts, list) else [contexts] * len(questions)
    if len(contexts) != len(questions):
        raise ValueError(
            f"{len(questions)} questions and {len(contexts)} contexts: give one context for all or for each"
        )
    return [{"question": question, "context": context} for question, context in zip(questions, contexts, strict=True)]


def _given(**options: Any) -> dict[str, Any]:
    """The options that are not None: a call's options win over those of the pipeline only where they are given."""
    return {name: value for name, value in options.items() if value is not None}

"""Extractive question answering: questions on long contexts to windows, and back to one answer per question."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import datasets
import numpy as np
import torch
from typing_extensions import Self

from heads import HeadedEncoderForQuestionAnswering
from heads.spans import best_places, best_spans, rank_answers

from ..arguments import QADataArguments
from ..data.splits import Group, Split
from ..data.squad import read_squad
from ..data.stored_rows import Lazy
from ..data.typed import STANDARD_INPUT, paired, typed_lines
from ..errors import UserError
from ..files import Row
from ..metrics.answers import score_answer
from ..metrics.calibration import best_null_threshold
from ..metrics.catalogue import KLUE_MRC, KORQUAD, SQUAD, AnswerMetric
from ..metrics.metric import Metric
from .base import Output, Pairs, PreparedSplit, Task
from .excerpts import Judged, Mistake, around
from .features import build_features
from .judging import judge_answers
from .question_checks import check_questions, has_answers, say_shared_tokens
from .question_windows import ceiling, feature_columns, tokenize


class QuestionAnswering(Task):
    """Answers are spans of contexts; a long context is searched in windows."""

    model_class = HeadedEncoderForQuestionAnswering
    arguments = QADataArguments
    script = arguments.script
    space = "questions"
    pipeline_tag = "question-answering"
    auto_class = "AutoModelForQuestionAnswering"
    examples: ClassVar = {
        "ko": ("대한민국의 수도는 어디인가?", "서울은 대한민국의 수도이다."),
        "en": ("What is the capital of South Korea?", "Seoul is the capital of South Korea."),
    }
    long_inputs = "longer contexts were searched in overlapping windows"
    class_word = "kind of answer"
    metrics = (SQUAD, KORQUAD, KLUE_MRC)
    padding = {"p_mask": 1}

    data: QADataArguments
    _said_shared_tokens = False

    def example(self, language: str) -> dict[str, str]:
        question, context = self.examples[language]
        return {"question": question, "context": context}

    def purpose(self) -> str:
        no_answer = ", or says that it is not there" if self.data.version_2_with_negative else ""
        return f"finds the answer to a question in a text{no_answer}"

    def read(self, file: str) -> Iterator[Row]:
        if self.data.text is not None:
            return self._typed()
        return read_squad(file)

    def _typed(self) -> Iterator[Row]:
        """The questions that were typed; of standard input all lines are one text."""
        texts = list(typed_lines(self.data.text or []))
        texts = ["\n".join(texts)] if self.data.text == [STANDARD_INPUT] else texts
        nothing: dict[str, Any] = {"id": None, "title": "", "answers": [], "is_impossible": None, "question_type": None}
        for number, (question, text) in enumerate(
            paired(self.data.question or [], texts, ("--question", "--text")), start=1
        ):
            yield Row(number, {"question": question, "context": text} | nothing)

    def groups(self, split: Split) -> Sequence[Group]:
        """Questions on one context are held out together."""
        return Lazy(split.column("context"), Group)

    def check(self, split: Split) -> None:
        check_questions(split, self.tokenizer, self.data)

    def prepare(self, split: Split) -> PreparedSplit:
        features = build_features(
            feature_columns(split, self.data.version_2_with_negative),
            tokenize,
            self.tokenizer,
            self.data,
            split,
            max_seq_length=self.data.max_seq_length,
            doc_stride=self.data.doc_stride,
            legacy=self.data.legacy_doc_stride,
            training=split.name == "train",
        )
        if not self._said_shared_tokens:
            self._said_shared_tokens = say_shared_tokens(split, features["row"], self.tokenizer, self.data)
        return PreparedSplit(split, features)

    def texts(self, split: Split) -> Sequence[str]:
        return Lazy(split.rows, lambda row: f"{row.fields['question']}\n{row.fields['context']}")

    def text_fields(self, split: Split) -> dict[str, Sequence]:
        return {"question": split.column("question"), "context": split.column("context")}

    def labelled(self, split: Split) -> bool:
        return has_answers(split, self.data.version_2_with_negative)

    def label_names(self, split: Split) -> Sequence[list[str]]:
        names = Lazy(split.column("answers"), lambda answers: ["answer" if answers else "no answer"])
        return names if self.labelled(split) else []

    def references(self, split: Split) -> list[list[str]]:
        return [[answer["text"] for answer in answers] for answers in split.column("answers")]

    def ceiling(self, prepared: PreparedSplit) -> dict[str, float]:
        split = prepared.split
        if not self.labelled(split):
            return {}
        return {"exact_match": ceiling(split, self.tokenizer, self._style)}

    def describe(self, split: Split, row: int, value: Any) -> str:
        """Of several gold answers the first."""
        answer = value[0] if isinstance(value, list) and value else value
        return answer or "(no answer)"

    def reduce_logits(self, logits: tuple[torch.Tensor, ...], labels: Any) -> tuple[torch.Tensor, ...]:
        """The best spans of every window, see `best_spans`, before logits leave the device."""
        start_logits, end_logits = logits[:2]
        return best_spans(start_logits, end_logits, self.data.max_answer_length, self.data.n_best_size)

    def pairs(self, prepared: PreparedSplit, output: Output) -> Pairs | None:
        if not self.labelled(prepared.split):
            return None
        pairs: Pairs = {
            "predictions": [record["prediction"] for record in self.records(prepared, output)],
            "references": self.references(prepared.split),
            "question_types": list(prepared.split.column("question_type")),
        }
        if self.calibration and self.data.version_2_with_negative and self.data.null_score_diff_threshold is None:
            plain = copy.copy(self)
            plain.calibration = {}
            pairs["uncalibrated"] = [record["prediction"] for record in plain.records(prepared, output)]
        return pairs

    def check_calibration(self) -> None:
        if not self.data.version_2_with_negative:
            raise UserError("--calibrate finds when to give no answer: give --version_2_with_negative, or leave it out")
        if self.data.null_score_diff_threshold is not None:
            raise UserError("--calibrate chooses the --null_score_diff_threshold: give one of them")

    def calibrated(self, prepared: PreparedSplit, output: Output) -> Self:
        """The task with the null threshold of the best F1."""
        texts, margins = [], []
        for context, spans, no_answer in self._candidates(prepared, output):
            best = best_places(context, spans)[:1]
            texts += [context[slice(*place)] for place, _ in best] or [""]
            margins += [no_answer - score for _, score in best] or [np.inf]
        references = self.references(prepared.split)
        scores = [
            [score_answer(text, golds, self._style)["f1"] for text, golds in zip(given, references, strict=True)]
            for given in (texts, [""] * len(texts))
        ]
        found = np.isfinite(margins)  # where there is no span, no threshold changes anything
        threshold = best_null_threshold(*(np.array(values)[found] for values in (margins, *scores)))
        task = copy.copy(self)
        task.calibration = {"null_score_diff_threshold": threshold, "rows": len(texts)}
        return task

    def records(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        """An answer for each question.

        `score` is its share among the question's best spans by softmax, `answer_start` its character offset in the context, or
        -1. `n_best` are the answers that came near, itself included.
        """
        records = []
        candidates = self._candidates(prepared, output)
        for row, (context, spans, no_answer) in zip(prepared.split.rows, candidates, strict=True):
            ranked = rank_answers(context, spans, no_answer, self.data.n_best_size, self._threshold)
            n_best = [{"text": one.text, "score": one.score, "answer_start": one.start} for one in ranked]
            record: dict[str, Any] = {} if row.fields["id"] is None else {"id": row.fields["id"]}
            record |= {"prediction": n_best[0]["text"], "score": n_best[0]["score"]}
            records.append(record | {"answer_start": n_best[0]["answer_start"], "n_best": n_best})
        return records

    def answers(self, prepared: PreparedSplit, output: Output) -> list[dict[str, str]]:
        rows, records = prepared.split.rows, self.records(prepared, output)
        return [
            {
                "answer": record["prediction"] or "(no answer)",
                "probability": f"{record['score']:.3f}",
                "question": row.fields["question"],
            }
            for row, record in zip(rows, records, strict=True)
        ]

    @property
    def _threshold(self) -> float | None:
        """By how much no answer must win; None where it never may. A flag wins over what the checkpoint was calibrated to."""
        if not self.data.version_2_with_negative:
            return None
        given = self.data.null_score_diff_threshold
        return self.calibration.get("null_score_diff_threshold", 0.0) if given is None else given

    def _candidates(
        self, prepared: PreparedSplit, output: Output
    ) -> Iterator[tuple[str, list[tuple[float, int, int]], float]]:
        """Of each question the context, the best spans of its windows, and the score of no answer, as `rank_answers` takes them."""
        split, features = prepared.split, cast(datasets.Dataset, prepared.features)
        scores, firsts, lasts, no_answer = (np.asarray(part) for part in output.predictions)
        windows_of: list[list[int]] = [[] for _ in split.rows]
        for window, row in enumerate(features["row"]):
            windows_of[row].append(window)
        offsets = features.with_format("numpy", columns=["starts", "ends"])
        for row, windows in zip(split.rows, windows_of, strict=True):
            spans: list[tuple[float, int, int]] = []
            for window in windows:
                found = np.isfinite(scores[window])
                starts = offsets[window]["starts"][firsts[window][found]]
                ends = offsets[window]["ends"][lasts[window][found]]
                spans += zip(scores[window][found].tolist(), starts.tolist(), ends.tolist(), strict=True)
            yield row.fields["context"], spans, float(no_answer[windows].min())

    def judge(
        self, prepared: PreparedSplit, output: Output, pairs: Pairs, records: Sequence[Mapping[str, Any]]
    ) -> Judged:
        return judge_answers(prepared.split, pairs, records, self.metric)

    def excerpts(self, split: Split, mistakes: Sequence[Mistake], most: int) -> list[str]:
        """The question, and what stands around the answer that was given."""
        fields = [split.rows[one.row].fields for one in mistakes]
        return [
            f"{around(row['question'], 0, most)}\n{around(row['context'], one.place, most)}"
            for one, row in zip(mistakes, fields, strict=True)
        ]

    def usual_metric(self) -> Metric:
        return SQUAD

    @property
    def _style(self) -> str:
        metric = self.metric
        return metric.style if isinstance(metric, AnswerMetric) else SQUAD.style

"""What a task is: everything that sets classifying, tagging and answering apart, seen by the rest as one object."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from transformers import EvalPrediction, PretrainedConfig, PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput
from typing_extensions import Self

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import DataArguments
from ..data.splits import Group, Split
from ..errors import UserError
from ..files import Row
from ..metrics.calibration import Reliability
from ..metrics.metric import Metric
from .excerpts import Judged, Mistake, around, find_sources
from .features import Features

Output = EvalPrediction | PredictionOutput

# Predictions beside references, one of each per row, in order, as the task's metric takes them.
Pairs = dict[str, list]


@dataclass
class PreparedSplit:
    """Rows and the model's inputs made of them.

    Attributes:
        split: the rows.
        features: the inputs, in any order; a row may have several. `row` is the row they come from, `length` their tokens.
    """

    split: Split
    features: Features


class TaskLabels(Protocol):
    """What the outputs of a task's model mean, as `Labels` of texts and `Tags` of tokens say it.

    Attributes:
        names: classes or tags by index; empty where there are none.
    """

    names: list[str]

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""


class NoLabels:
    """Of a task whose outputs are positions or that does not know its labels yet."""

    names: list[str] = []

    def config_fields(self) -> dict[str, Any]:
        """There is nothing to say."""
        return {}


class Task(ABC):
    """One kind of task, on the data of one run.

    Attributes:
        script: what trains it.
        model_class: what is trained.
        arguments: the flags about its data.
        pipeline_tag, auto_class: what transformers calls the pipeline and the class that load its checkpoints.
        examples: by language, texts about nothing in particular that the model card asks such a pipeline.
        long_inputs: what becomes of inputs that are too long, in words.
        space: the name of its ranges for tuning: its files in `recipes/spaces` begin with it.
        class_word: the word for one of the groups that `by_class` scores.
        metrics: what it can be scored by, the usual ones first.
        padding: what to pad its own columns of one value per token with.
        reduce_logits: makes logits smaller before they leave the device.
    """

    script: ClassVar[str]
    model_class: ClassVar[type[HeadedEncoderPreTrainedModel]]
    arguments: ClassVar[type[DataArguments]]
    pipeline_tag: ClassVar[str]
    auto_class: ClassVar[str]
    examples: ClassVar[Mapping[str, tuple[str, str]]]
    long_inputs: str
    space: ClassVar[str]
    class_word: ClassVar[str] = "class"
    metrics: ClassVar[tuple[Metric, ...]]
    padding: ClassVar[dict[str, int]] = {}
    reduce_logits: Any = None

    def __init__(self, data: Any, tokenizer: PreTrainedTokenizerFast, config: PretrainedConfig | None = None):
        """Begins without labels, see `with_labels`.

        Args:
            data: its kind of `arguments`.
            tokenizer: that of the model.
            config: that of the checkpoint that the run begins with, for tasks that read their columns off it.
        """
        self.data = data
        self.tokenizer = tokenizer
        self.labels: Any = NoLabels()
        self.calibration: dict[str, Any] = {}  # what predictions go by, see `HeadedEncoderConfig.calibration`

    # For the model card

    def example(self, language: str) -> dict[str, str]:
        """What the card asks the pipeline, by the names of its arguments.

        Args:
            language: a key of `examples`.
        """
        return {"text": self.examples[language][0]}

    @abstractmethod
    def purpose(self) -> str:
        """What the model does, in words that go on after "It"."""

    # From files to the model's inputs

    @abstractmethod
    def read(self, file: str) -> Iterator[Row]:
        """Yields the rows of a file, or of the texts that were typed."""

    @abstractmethod
    def groups(self, split: Split) -> Sequence[Group]:
        """What each row is held out with."""

    @abstractmethod
    def check(self, split: Split) -> None:
        """Raises UserError where the task cannot use a row."""

    def with_labels(self, config: PretrainedConfig, rows: Split) -> Self:
        """The task once it knows its labels: those of a checkpoint's configuration, else those of the rows.

        Raises:
            UserError: the rows mix kinds of labels.
        """
        task = copy.copy(self)
        task.labels = self.find_labels(config, rows)
        task.calibration = dict(getattr(config, "calibration", None) or {})
        return task

    def with_decoder(self, model: Any) -> Self:
        """The task once it knows its model, where that decides more than one answer at a time."""
        return self

    def find_labels(self, config: PretrainedConfig, rows: Split) -> TaskLabels:
        """What the model's outputs mean."""
        return NoLabels()

    def config_fields(self) -> dict[str, Any]:
        """How a model's configuration says what the task knows of its inputs and outputs."""
        return self.labels.config_fields()

    @abstractmethod
    def prepare(self, split: Split) -> PreparedSplit:
        """Makes the model's inputs of rows.

        Raises:
            UserError: a label that is not known.
        """

    # What is in the rows

    @abstractmethod
    def texts(self, split: Split) -> Sequence[str]:
        """The text of every row, as people read it."""

    @abstractmethod
    def labelled(self, split: Split) -> bool:
        """Whether a split can be scored: a test file may have no labels."""

    @abstractmethod
    def label_names(self, split: Split) -> Sequence[list[str]]:
        """The labels of every row by name; empty where the split has none, or numbers."""

    @abstractmethod
    def references(self, split: Split) -> list:
        """The gold labels of every row as the metric takes them."""

    def faults(self, split: Split) -> dict[str, int]:
        """Counts of what is wrong in the labels of a split, where they can be."""
        return {}

    def ceiling(self, prepared: PreparedSplit) -> dict[str, float]:
        """By metric, the score (0-100) of a model that is always right, where the tokenizer limits it."""
        return {}

    @abstractmethod
    def describe(self, split: Split, row: int, value: Any) -> str:
        """A prediction or reference of a row, written for people."""

    # From the model's outputs to scores

    @abstractmethod
    def pairs(self, prepared: PreparedSplit, output: Output) -> Pairs | None:
        """Predictions beside references; None where the split has no labels."""

    @abstractmethod
    def records(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        """The lines of `predictions.jsonl`: for each row, in order, `id` where it has one, `prediction` by name and `score`."""

    def records_with(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        """What `predictions_with` adds to each of the records: texts and labels; a task may know of more."""
        split, names = prepared.split, self.data.prediction_columns
        columns: dict[str, Sequence] = {}
        if "text" in names:
            columns |= self.text_fields(split)
        if "label" in names:
            columns["label"] = self.references(split) if self.labelled(split) else [None] * len(split.rows)
        return [{name: column[i] for name, column in columns.items()} for i in range(len(split.rows))]

    @abstractmethod
    def answers(self, prepared: PreparedSplit, output: Output) -> list[dict[str, str]]:
        """What a person is shown of each row that was typed: cells by name, the text at last."""

    @abstractmethod
    def text_fields(self, split: Split) -> dict[str, Sequence]:
        """The texts of every row by the names of their fields."""

    @abstractmethod
    def judge(
        self, prepared: PreparedSplit, output: Output, pairs: Pairs, records: Sequence[Mapping[str, Any]]
    ) -> Judged:
        """How sure the model was, and which rows are wrong, from what `pairs` and `records` gave for the same output."""

    def excerpts(self, split: Split, mistakes: Sequence[Mistake], most: int) -> list[str]:
        """Of the text of each mistake about `most` characters, around the place that it is about."""
        texts = self.texts(split)
        return [around(texts[one.row], one.place, most) for one in mistakes]

    def sources(self, split: Split) -> list[str | None]:
        """Where every row comes from, as a column says it."""
        return find_sources(split)

    def is_prediction(self, value: Any, row: Row) -> bool:
        """Whether a value that stands in `predictions.jsonl` can be what a model predicts of a row."""
        return isinstance(value, str)

    def predictions(self, split: Split, records: list[dict[str, Any]]) -> list:
        """The predictions of `records` as the metric takes them."""
        return [record["prediction"] for record in records]

    @property
    def metric(self) -> Metric:
        """What the task is scored by: the benchmark's metric, else the usual one for these labels."""
        if self.data.benchmark is not None and self.data.benchmark.metric is not None:
            return self.data.benchmark.metric
        return self.usual_metric()

    @abstractmethod
    def usual_metric(self) -> Metric:
        """What such labels are scored by where nothing else is said."""

    def score(self, pairs: Pairs) -> dict[str, float]:
        """The scores of one split, or of several put together; with `uncalibrated` predictions, those of them as well."""
        lists = dict(pairs)
        before = lists.pop("uncalibrated", None)
        scores = self.metric.score(**lists, names=self.labels.names)
        if before is not None:
            plain = self.metric.score(**(lists | {"predictions": before}), names=self.labels.names)
            scores |= {f"{name}_uncalibrated": value for name, value in plain.items()}
        return scores

    def by_class(self, pairs: Pairs) -> dict[str, dict[str, float]]:
        """The scores of every class, type of entity or kind of answer; empty for numbers."""
        return self.metric.by_class(pairs["predictions"], pairs["references"], self.labels.names)

    def reliability(self, pairs: Pairs) -> list[Reliability]:
        """How far the probabilities may be believed, before and after the temperature; empty where there is none."""
        return []

    def check_calibration(self) -> None:
        """Raises UserError where there is nothing to calibrate."""
        cure = "leave --calibrate out"
        raise UserError(f"classes, sets of classes and questions without answers are calibrated, not tags; {cure}")

    def calibrated(self, prepared: PreparedSplit, output: Output) -> Self:
        """The task with the calibration that suits validation rows best; itself where there is none, see `check_calibration`."""
        return self

    def compute_metrics(self, prepared: PreparedSplit, output: Output) -> dict[str, float]:
        """`compute_metrics` of Trainer, for one split."""
        pairs = self.pairs(prepared, output)
        return {} if pairs is None else self.score(pairs)


def comparable_metrics(task: type[Task], *more: Metric) -> list[str]:
    """The names of the scores that a task's predictions may be compared by; `more` are those of a benchmark."""
    return list(dict.fromkeys(name for metric in (*task.metrics, *more) for name in metric.comparable))

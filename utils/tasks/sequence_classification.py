"""Sequence classification: texts or pairs to classes, sets of classes or scores, and back to one prediction per row."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from transformers import PretrainedConfig, PreTrainedTokenizerFast
from typing_extensions import Self

from heads import HeadedEncoderConfig, HeadedEncoderForSequenceClassification

from ..arguments import SequenceDataArguments
from ..data.splits import Group, Split
from ..data.stored_rows import Lazy
from ..data.tables import read_table
from ..data.typed import paired, typed_lines
from ..errors import UserError
from ..files import Row, fits, listed
from ..metrics.calibration import Reliability, nll, reliability
from ..metrics.catalogue import CLASSES, KLUE_RE, KLUE_STS, LABEL_SETS, NUMBERS
from ..metrics.metric import Metric
from . import relations
from .base import Output, Pairs, PreparedSplit, Task
from .calibration import choose
from .class_predictions import chosen_labels, predict, probabilities
from .column_checks import check_rows
from .columns import Columns, find_columns
from .excerpts import Judged, find_sources
from .features import build_features
from .judging import judge_classes, judge_numbers, judge_sets
from .label_kinds import REGRESSION, SETS
from .labelled_rows import has_labels, labelled_rows, say_unscored
from .labels import Labels
from .text_features import check_markers, feature_columns, tokenize
from .text_windows import check_single_texts, find_windows, tokenize_windows

OTHERS = 3  # classes beside the predicted one that a person is shown


class SequenceClassification(Task):
    """Texts or pairs of texts have a class, a set of labels or a score each."""

    model_class = HeadedEncoderForSequenceClassification
    arguments = SequenceDataArguments
    script = arguments.script
    space = "sequences"
    pipeline_tag = "text-classification"
    auto_class = "AutoModelForSequenceClassification"
    examples: ClassVar = {
        "ko": ("오늘은 날씨가 맑습니다.", "내일도 맑겠습니다."),
        "en": ("The weather is fine today.", "It will be fine tomorrow, too."),
    }
    long_inputs = "what comes after them was cut off"
    metrics = (CLASSES, LABEL_SETS, KLUE_RE, NUMBERS, KLUE_STS)

    data: SequenceDataArguments
    labels: Labels
    _said_unscored = False

    def __init__(
        self,
        data: SequenceDataArguments,
        tokenizer: PreTrainedTokenizerFast,
        config: PretrainedConfig | None = None,
    ):
        """Begins without labels, see `with_labels`.

        Args:
            config: that of the checkpoint that the run begins with, which says what columns it was trained on.

        Raises:
            UserError: windows that would share too much, see `find_windows`.
        """
        super().__init__(data, tokenizer)
        self.windows = find_windows(data, tokenizer)
        if self.windows is not None:
            self.long_inputs = "longer texts were read in overlapping windows"
        self.known = None if config is None else Columns.of_checkpoint(config)

    def example(self, language: str) -> dict[str, str]:
        pair = {"text_pair": self.examples[language][1]} if self.known is not None and self.known.pair else {}
        return super().example(language) | pair

    def purpose(self) -> str:
        what = "a pair of texts" if self.known is not None and self.known.pair else "a text"
        if self.labels.problem_type == REGRESSION:
            return f"gives {what} a number"
        if self.labels.problem_type == SETS:
            return f"gives {what} any of these labels: {listed(self.labels.names)}"
        return f"gives {what} one of these classes: {listed(self.labels.names)}"

    def read(self, file: str) -> Iterator[Row]:
        if self.data.text is not None:
            return self._typed()
        return relations.read_relations(file) if self._entity_pairs else read_table(file)

    def _typed(self) -> Iterator[Row]:
        """The texts that were typed, under the names that the model knows.

        Raises:
            UserError: they are not as many as the model reads.
        """
        first, second = (self.known.text, self.known.pair) if self.known is not None else ("text", "text_pair")
        texts, others = self.data.text or [], self.data.text_pair
        if others is None and self.known is not None and self.known.pair is not None:
            raise UserError("the model reads pairs of texts: give the second ones with --text_pair")
        if others is None:
            for number, text in enumerate(typed_lines(texts), start=1):
                yield Row(number, {first: text})
        elif second is None:
            raise UserError("the model reads single texts: leave --text_pair out")
        else:
            for number, pair in enumerate(paired(list(typed_lines(texts)), others, ("--text", "--text_pair")), start=1):
                yield Row(number, dict(zip((first, second), pair, strict=True)))

    def groups(self, split: Split) -> Sequence[Group]:
        columns = self.find_columns(split)

        def group(row: Row) -> Group:
            return Group(columns.text_of(row), "" if columns.label is None else str(row.fields.get(columns.label)))

        return Lazy(split.rows, group)

    def check(self, split: Split) -> None:
        """As `check_rows`; what is trained on is read again in the rows that are checked afterwards."""
        columns = check_rows(split, self.data, self.known)
        if self.windows is not None:
            check_single_texts(split, columns, self.tokenizer)
        if split.name == "train":
            self.known = columns

    def with_labels(self, config: PretrainedConfig, rows: Split) -> Self:
        task = super().with_labels(config, rows)
        task.known = self.known or Columns.of_checkpoint(config) or task.find_columns(rows)
        return task

    def find_labels(self, config: PretrainedConfig, rows: Split) -> Labels:
        if isinstance(config, HeadedEncoderConfig):
            labels = Labels.of_checkpoint(config)
            flag, scores = self.data.do_regression, labels.problem_type == REGRESSION
            if flag is not None and flag != scores:
                message = f"the checkpoint gives {'scores' if scores else 'classes'}, not what --do_regression"
                raise UserError(f"{message} {str(flag).lower()} asks for; leave the flag out, or begin with an encoder")
            return labels
        return Labels.of(rows, self.data)

    def find_columns(self, split: Split) -> Columns:
        return find_columns(split, self.data, self.known)

    def config_fields(self) -> dict[str, Any]:
        fields = super().config_fields() | (self.known.config_fields() if self.known is not None else {})
        if self.data.windows is not None:
            fields["windows"] = None if self.windows is None else self.windows._asdict()
        return fields

    def prepare(self, split: Split) -> PreparedSplit:
        columns = self.find_columns(split)
        check_markers(split, columns, self.tokenizer)
        if split.name != "test":
            split = labelled_rows(split, columns.label or "", self.labels, self.data.drop_unlabelled)
        elif not self._said_unscored:
            self._said_unscored = say_unscored(split, columns, self.labels)
        rows = feature_columns(split, columns, self.labels, self.labelled(split))
        if self.windows is not None:
            features = build_features(
                rows, tokenize_windows, self.tokenizer, self.data, split, windows=tuple(self.windows)
            )
        else:
            length = self.data.max_seq_length
            features = build_features(rows, tokenize, self.tokenizer, self.data, split, max_seq_length=length)
        return PreparedSplit(split, features)

    def texts(self, split: Split) -> Sequence[str]:
        return self.find_columns(split).texts(split)

    def text_fields(self, split: Split) -> dict[str, Sequence]:
        columns = self.find_columns(split)
        texts = {"text": split.column(columns.text)}
        return texts | ({"text_pair": split.column(columns.pair)} if columns.pair else {})

    def labelled(self, split: Split) -> bool:
        return has_labels(split, self.find_columns(split), self.labels)

    def label_names(self, split: Split) -> Sequence[list[str]]:
        if not self.labelled(split) or self.labels.problem_type == REGRESSION:
            return []
        return self.labels.names_of(self._label_column(split))

    def references(self, split: Split) -> list:
        values = self._label_column(split)
        if self.labels.problem_type == REGRESSION:
            return [float(value) for value in self.labels.to_inputs(split, self.find_columns(split).label or "")]
        names = self.labels.names_of(values)
        return list(names) if self.labels.problem_type == SETS else [name for name, *_ in names]

    def is_prediction(self, value: Any, row: Row) -> bool:
        if self.labels.problem_type == REGRESSION:
            return fits(value, float)
        values = value if self.labels.problem_type == SETS else [value]
        return fits(values, [str]) and set(values) <= set(self.labels.names)

    def describe(self, split: Split, row: int, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    def pairs(self, prepared: PreparedSplit, output: Output) -> Pairs | None:
        if output.label_ids is None:
            return None
        names, order = self.labels.names, np.argsort(prepared.features["row"])
        logits, references = _logits(output)[order], np.asarray(output.label_ids)[order]
        if self.labels.problem_type == REGRESSION:
            return {"predictions": logits.reshape(-1).tolist(), "references": references.reshape(-1).tolist()}
        if self.labels.problem_type == SETS:
            chosen = {"predictions": chosen_labels(logits, self.labels, self.calibration), "references": references > 0}
            if "thresholds" in self.calibration:
                chosen["uncalibrated"] = logits > 0
            return {what: [[names[i] for i in np.flatnonzero(row)] for row in rows] for what, rows in chosen.items()}
        pairs = {
            "predictions": [names[i] for i in logits.argmax(axis=-1)],
            "references": [names[i] for i in references],
        }
        if self.metric.reads_logits or "temperature" in self.calibration:
            pairs["logits"] = logits.tolist()
        return pairs

    def score(self, pairs: Pairs) -> dict[str, float]:
        if "temperature" not in self.calibration:
            return super().score(pairs)
        scores = super().score({name: pairs[name] for name in pairs if name != "logits" or self.metric.reads_logits})
        logits, labels = self._of_classes(pairs)
        plain, own = self.reliability(pairs)
        scores |= {"nll": nll(logits, labels, own.temperature), "nll_uncalibrated": nll(logits, labels)}
        return scores | {"ece": own.ece, "ece_uncalibrated": plain.ece}

    def reliability(self, pairs: Pairs) -> list[Reliability]:
        if "temperature" not in self.calibration:
            return []
        return [reliability(*self._of_classes(pairs), degrees) for degrees in (1.0, self.calibration["temperature"])]

    def _of_classes(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, C) and the indices of gold classes, (N,)."""
        index = {name: i for i, name in enumerate(self.labels.names)}
        return np.array(pairs["logits"], dtype=np.float64), np.array([index[name] for name in pairs["references"]])

    def check_calibration(self) -> None:
        if self.labels.problem_type == REGRESSION:
            raise UserError("scores have no probability that could be calibrated; leave --calibrate out")

    def calibrated(self, prepared: PreparedSplit, output: Output) -> Self:
        task = copy.copy(self)
        logits, references = _logits(output).astype(np.float64), np.asarray(output.label_ids)
        task.calibration = choose(self.labels, logits, references) | {"rows": len(logits)}
        return task

    def records(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        """`score` is the probability of the prediction, of each predicted label, or the number itself."""
        split, columns = prepared.split, self.find_columns(prepared.split)
        logits = self._logits_by_row(prepared, output)
        records: list[dict[str, Any]] = []
        for row, values in zip(split.rows, logits, strict=True):
            record: dict[str, Any] = {"id": row.fields[columns.id]} if columns.id in row.fields else {}
            records.append(record | predict(values, self.labels, self.calibration))
        return records

    def records_with(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        more = super().records_with(prepared, output)
        if "probabilities" not in self.data.prediction_columns:
            return more
        found = self._probabilities(prepared, output)
        return [one | {"probabilities": shares} for one, shares in zip(more, found, strict=True)]

    def answers(self, prepared: PreparedSplit, output: Output) -> list[dict[str, str]]:
        shown = []
        texts = self.texts(prepared.split)
        for record, shares, text in zip(
            self.records(prepared, output), self._probabilities(prepared, output), texts, strict=True
        ):
            if self.labels.problem_type == REGRESSION:
                cells = {"score": f"{record['score']:.3f}"}
            else:
                chosen = record["prediction"] if isinstance(record["prediction"], list) else [record["prediction"]]
                others = sorted(shares.keys() - set(chosen), key=lambda name: -shares[name])[:OTHERS]
                cells = {
                    "prediction": ", ".join(f"{name} {shares[name]:.3f}" for name in chosen) or "(none)",
                    "others": ", ".join(f"{name} {shares[name]:.3f}" for name in others),
                }
            shown.append(cells | {"text": text.replace("\n", " | ")})
        return shown

    def judge(
        self, prepared: PreparedSplit, output: Output, pairs: Pairs, records: Sequence[Mapping[str, Any]]
    ) -> Judged:
        if self.labels.problem_type == REGRESSION:
            return judge_numbers(pairs)
        if self.labels.problem_type == SETS:
            return judge_sets(pairs, self._probabilities(prepared, output))
        return judge_classes(pairs, records)

    def sources(self, split: Split) -> list[str | None]:
        columns = self.find_columns(split)
        return find_sources(split, (columns.text, columns.pair, columns.label))

    def _probabilities(self, prepared: PreparedSplit, output: Output) -> list[dict[str, float]]:
        """The probability of each class, by row."""
        logits = self._logits_by_row(prepared, output)
        return [probabilities(values, self.labels, self.calibration) for values in logits]

    def _logits_by_row(self, prepared: PreparedSplit, output: Output) -> np.ndarray:
        return _logits(output).astype(np.float64)[np.argsort(prepared.features["row"])]

    def usual_metric(self) -> Metric:
        if self.labels.problem_type == REGRESSION:
            return NUMBERS
        return LABEL_SETS if self.labels.problem_type == SETS else CLASSES

    def _label_column(self, split: Split) -> Sequence[Any]:
        return split.column(self.find_columns(split).label or "")

    @property
    def _entity_pairs(self) -> bool:
        return self.data.benchmark is not None and self.data.benchmark.entity_pairs


def _logits(output: Output) -> np.ndarray:
    predictions: Any = output.predictions
    return np.asarray(predictions[0] if isinstance(predictions, tuple) else predictions)

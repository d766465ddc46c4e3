"""Every score as an `evaluate.Metric`, for those who want that interface. Importing `evaluate` takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import datasets
import evaluate

from .answers import score_qa
from .scores import score_classification, score_multi_label, score_regression, score_relations, score_tagging


class _OfflineMetric(evaluate.Metric):
    """Needs no network and, unlike its parent, leaves no folder, file or lock: any number of processes may compute at once."""

    score: Callable[..., dict[str, float]]
    prediction: Any
    reference: Any
    source: str

    def __init__(self, config_name: str | None = None, keep_in_memory: bool = True, **kwargs: Any):
        super().__init__(config_name, keep_in_memory=keep_in_memory, **kwargs)

    def _build_data_dir(self) -> str:
        if not self.keep_in_memory:
            return super()._build_data_dir()
        return f"{self._data_dir_root}/{self.name}/{self.config_name}"  # the parent would create it

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=self.__doc__ or "",
            citation=self.source,
            inputs_description=self.score.__doc__ or "",
            features=datasets.Features({"predictions": self.prediction, "references": self.reference}),
        )

    def _compute(self, *, predictions: Any = None, references: Any = None, **options: Any) -> dict[str, float]:
        return self.score(predictions, references, **options)


_SCIKIT_LEARN = "Pedregosa et al. (2011). Scikit-learn: Machine Learning in Python. JMLR 12, 2825-2830."
_SCIPY = "Virtanen et al. (2020). SciPy 1.0: Fundamental Algorithms for Scientific Computing. Nature Methods 17."
_KLUE = "Park et al. (2021). KLUE: Korean Language Understanding Evaluation. arXiv:2105.09680."
_SEQEVAL = "Nakayama (2018). seqeval: A Python framework for sequence labeling evaluation. github.com/chakki-works"
_SQUAD = "Rajpurkar et al. (2018). Know What You Don't Know: Unanswerable Questions for SQuAD. arXiv:1806.03822."
_KORQUAD = "Lim et al. (2019). KorQuAD1.0: Korean QA Dataset for Machine Reading Comprehension. arXiv:1909.07005."


class SequenceClassificationMetric(_OfflineMetric):
    """Accuracy and macro F1 of one class id per row."""

    score = staticmethod(score_classification)
    prediction = reference = datasets.Value("int64")
    source = _SCIKIT_LEARN


class MultiLabelMetric(_OfflineMetric):
    """Exact-match accuracy, micro and macro F1 of one 0/1 vector per row."""

    score = staticmethod(score_multi_label)
    prediction = reference = datasets.List(datasets.Value("int64"))
    source = _SCIKIT_LEARN


class RegressionMetric(_OfflineMetric):
    """Pearson, Spearman and mean squared error; with `positive_from=3.0` also the F1 of KLUE-STS."""

    score = staticmethod(score_regression)
    prediction = reference = datasets.Value("float64")
    source = f"{_SCIPY}\n{_KLUE}"


class RelationExtractionMetric(_OfflineMetric):
    """Micro F1 without `no_relation` and AUPRC of KLUE-RE; `compute` also needs `relations`, the class names."""

    score = staticmethod(score_relations)
    prediction = datasets.List(datasets.Value("float64"))
    reference = datasets.Value("int64")
    source = f"{_SCIKIT_LEARN}\n{_KLUE}"


class TaggingMetric(_OfflineMetric):
    """Strict IOB2 entity scores and accuracy of tagged sentences; with `characters=True` also those of KLUE-NER's characters."""

    score = staticmethod(score_tagging)
    prediction = reference = datasets.List(datasets.Value("string"))
    source = f"{_SEQEVAL}\n{_KLUE}"


class QuestionAnsweringMetric(_OfflineMetric):
    """Exact match and F1 of extracted answers, 0-100, in the style of SQuAD, KorQuAD 1.0 or KLUE-MRC (`style=...`)."""

    score = staticmethod(score_qa)
    prediction = datasets.Value("string")
    reference = datasets.List(datasets.Value("string"))
    source = f"{_SQUAD}\n{_KORQUAD}\n{_KLUE}"

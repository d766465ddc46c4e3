"""Which rows, from where, and how long; one class for each script."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar

from heads.windows import WINDOW_POOLINGS

from ..benchmarks import BENCHMARKS, Benchmark, find_files


@dataclass
class DataArguments:
    """Which rows, from where, and how long.

    Attributes:
        script: the script that trains on such data.
        known_prediction_columns: what `predictions_with` may name.
        benchmark: what `task_name` stands for; it fills in what the flags leave open.
    """

    _argument_group_name: ClassVar[str] = "data"  # in --help

    script: ClassVar[str]
    known_prediction_columns: ClassVar[tuple[str, ...]] = ("text", "label")
    benchmark: Benchmark | None = field(init=False, default=None)
    task_name: str | None = field(
        default=None,
        metadata={
            "help": "A benchmark by name: its files, columns, labels, metrics. With data_dir or the *_file flags, else the Hub.",
            "choices": list(BENCHMARKS),
        },
    )
    data_dir: str | None = field(default=None, metadata={"help": "Folder with the official files of task_name."})
    dataset_name: str | None = field(default=None, metadata={"help": "Hub id of a data set."})
    dataset_config_name: str | None = field(default=None, metadata={"help": "Its configuration."})
    train_file: str | None = field(
        default=None,
        metadata={
            "help": "csv, tsv, txt, json, jsonl, parquet, CoNLL-like columns or SQuAD JSON; each also .gz. Several files by a pattern in "
            "quotes: 'train-*.jsonl'."
        },
    )
    validation_file: str | None = field(default=None, metadata={"help": "As train_file; scored during training."})
    test_file: str | None = field(default=None, metadata={"help": "As train_file; predicted by --do_predict."})
    text: list[str] | None = field(
        default=None,
        metadata={
            "help": "Texts in the place of files: print what the checkpoint says of them, and write nothing. - reads standard input, "
            "one text a line."
        },
    )
    text_column_name: str | None = field(
        default=None, metadata={"help": "Column of the text (default: guessed, logged)."}
    )
    label_column_name: str | None = field(
        default=None,
        metadata={
            "help": "Column of the label or labels (default: guessed, logged). With none, a test file of run_seq_cls.py is "
            "predicted and not scored, whatever stands in it."
        },
    )
    validation_split: float | None = field(
        default=None,
        metadata={
            "help": "Share of the training rows held out where there is no validation data, in (0, 1). Rows are chosen by "
            "a hash of their text, so equal texts stay together and every run chooses the same; of few rows, as many of each "
            "class as the share says."
        },
    )
    validation_split_seed: int = field(
        default=0, metadata={"help": "Which rows validation_split holds out: another number holds out others."}
    )
    predict_split: str = field(
        default="test",
        metadata={
            "help": "The rows that do_predict predicts: those of the test data, or the validation rows, also those held out.",
            "choices": ["test", "validation"],
        },
    )
    max_seq_length: int = field(default=128, metadata={"help": "Longest input in tokens, special tokens included."})
    pad_to_max_length: bool = field(
        default=False,
        metadata={"help": "Pad every batch to max_seq_length instead of its own longest row: slower, but one shape."},
    )
    max_train_samples: int | None = field(default=None, metadata={"help": "Use the first N training rows only."})
    max_eval_samples: int | None = field(default=None, metadata={"help": "Use the first N validation rows only."})
    max_predict_samples: int | None = field(default=None, metadata={"help": "Use the first N test rows only."})
    predictions_with: str | None = field(
        default=None,
        metadata={
            "help": "What each prediction is written with: text, label and, of run_seq_cls.py, probabilities of all classes; "
            "several with commas between."
        },
    )
    predictions_format: str = field(
        default="jsonl",
        metadata={
            "help": "csv or parquet writes the predictions as a table as well, beside predictions.jsonl.",
            "choices": ["jsonl", "csv", "parquet"],
        },
    )
    report: bool = field(
        default=False,
        metadata={
            "help": "Write report.html and report.json on what is wrong among the scored rows: confusions, scores by class, length "
            "and source, the most confident mistakes, calibration. They quote texts, and are never pushed."
        },
    )
    streaming: bool = field(
        default=False,
        metadata={
            "help": "Keep no copy of the training rows and their tokens on disk: they are read and tokenized anew in every epoch, and "
            "shuffled within pieces of 16,384 rows."
        },
    )
    overwrite_cache: bool = field(
        default=False, metadata={"help": "Tokenize again instead of reusing cached features."}
    )
    preprocessing_num_workers: int | None = field(default=None, metadata={"help": "Processes that tokenize."})

    def __post_init__(self):
        if self.task_name is not None:
            self._apply_benchmark(BENCHMARKS[self.task_name])
        elif self.data_dir is not None:
            raise ValueError("--data_dir goes with --task_name; other data are named by --train_file and so on")
        files = [self.train_file, self.validation_file, self.test_file]
        if self.text is not None and (self.dataset_name or any(files)):
            raise ValueError("--text stands in the place of files and data sets: leave it or them out")
        if self.text is None and self.dataset_name is None and not any(files):
            raise ValueError(
                "no data: give --task_name, --dataset_name, or --train_file, --validation_file, --test_file"
            )
        if self.dataset_name is not None and any(files):
            raise ValueError("--dataset_name and --train_file/--validation_file/--test_file exclude each other")
        if self.validation_split is not None and not 0 < self.validation_split < 1:
            raise ValueError(f"--validation_split must lie between 0 and 1, not {self.validation_split}")
        if not 0 <= self.validation_split_seed < 2**64:
            raise ValueError(f"--validation_split_seed must be at least 0, not {self.validation_split_seed}")
        for name in ("max_train_samples", "max_eval_samples", "max_predict_samples"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"--{name} must be at least 1, not {getattr(self, name)}")
        for name in self.prediction_columns:
            if name not in self.known_prediction_columns:
                raise ValueError(
                    f"--predictions_with {name} is none of {', '.join(self.known_prediction_columns)} (of {self.script})"
                )
        if self.max_seq_length < 8:
            raise ValueError(f"--max_seq_length must be at least 8 tokens, not {self.max_seq_length}")

    @property
    def prediction_columns(self) -> list[str]:
        """The names in `predictions_with`."""
        return [name.strip() for name in (self.predictions_with or "").split(",") if name.strip()]

    def _apply_benchmark(self, benchmark: Benchmark) -> None:
        """Fills in files and flags wherever nothing was said."""
        if benchmark.script != self.script:
            raise ValueError(f"--task_name {self.task_name} is trained by {benchmark.script}")
        self.benchmark = benchmark
        for item in dataclasses.fields(self):
            if item.name in benchmark.flags and getattr(self, item.name) == item.default:
                setattr(self, item.name, benchmark.flags[item.name])
        if self.data_dir is not None:
            for split, file in find_files(benchmark, self.data_dir).items():
                if getattr(self, f"{split}_file") is None:
                    setattr(self, f"{split}_file", file)
        elif not (self.dataset_name or self.train_file or self.validation_file or self.test_file):
            if not benchmark.hub:
                names = ", ".join(benchmark.files.values())
                raise ValueError(
                    f"--task_name {self.task_name} needs --data_dir, a folder with {names} from {benchmark.source}"
                )
            self.dataset_name, self.dataset_config_name = benchmark.hub[:2]


@dataclass
class SequenceDataArguments(DataArguments):
    """Single texts or pairs."""

    script = "run_seq_cls.py"
    known_prediction_columns = ("text", "label", "probabilities")
    text_pair_column_name: str | None = field(
        default=None, metadata={"help": "Column of the second text of a pair (default: guessed, logged)."}
    )
    text_pair: list[str] | None = field(
        default=None,
        metadata={"help": "The second texts of pairs, beside --text: one for all or one for each."},
    )
    do_regression: bool | None = field(
        default=None,
        metadata={
            "help": "Predict scores instead of classes (default: when all labels are numbers and not all of them whole, or "
            "when every one has a decimal point)."
        },
    )
    drop_unlabelled: bool = field(
        default=False,
        metadata={
            "help": "Leave out training and validation rows without a label (an empty cell, nan, None, null, N/A; - or ? among "
            "words, -1 among numbers of classes) instead of refusing the file. Test rows are all predicted."
        },
    )
    windows: str | None = field(
        default=None,
        metadata={
            "help": "Texts longer than max_seq_length are not cut but read in overlapping windows; the mean (alone: mean) or max of "
            "the windows' logits is the text's. A text of N windows takes the memory of N (default: the checkpoint's own, else "
            "none).",
            "choices": ["none", *WINDOW_POOLINGS],
            "nargs": "?",
            "const": "mean",
        },
    )
    doc_stride: int | None = field(
        default=None,
        metadata={
            "help": "Tokens that two windows of a long text share; at most half (default: a quarter of a window)."
        },
    )

    def __post_init__(self):
        super().__post_init__()
        if self.text_pair is not None and self.text is None:
            raise ValueError("--text_pair are second texts: give --text as well; of files --text_pair_column_name")
        if self.doc_stride is not None and self.windows == "none":
            raise ValueError("--doc_stride is for --windows: give one of their kinds, or leave it out")
        if self.doc_stride is not None and self.doc_stride < 0:
            raise ValueError(f"--doc_stride must be at least 0, not {self.doc_stride}")


@dataclass
class TokenDataArguments(DataArguments):
    """Words or characters with a tag each."""

    script = "run_token_cls.py"
    max_seq_length: int = field(
        default=512,
        metadata={"help": "Longest window in tokens; longer sentences are read in windows that overlap by a quarter."},
    )
    tag_names: list[str] | None = field(
        default=None,
        metadata={
            "help": "What tags that are numbers mean, from 0 on, such as O B-PER I-PER (default: the names that a parquet "
            "file or a data set of the Hub holds itself)."
        },
    )


@dataclass
class QADataArguments(DataArguments):
    """Questions on contexts."""

    script = "run_qa.py"
    question: list[str] | None = field(
        default=None,
        metadata={
            "help": "Questions on --text: one for all texts or one for each. --text - is then one text as a whole."
        },
    )
    max_seq_length: int = field(
        default=384, metadata={"help": "Longest window in tokens: question, context and special tokens."}
    )
    doc_stride: int = field(
        default=128, metadata={"help": "Tokens that two windows of a long context share; at most half."}
    )
    legacy_doc_stride: bool = field(
        default=False,
        metadata={
            "help": "doc_stride is the step from one window to the next, as in the original SQuAD and KLUE code."
        },
    )
    max_answer_length: int = field(default=30, metadata={"help": "Longest answer in tokens."})
    version_2_with_negative: bool = field(
        default=False, metadata={"help": "Some questions have no answer: the empty answer competes with the spans."}
    )
    n_best_size: int = field(default=20, metadata={"help": "Spans kept per window and, as n_best, per question."})
    null_score_diff_threshold: float | None = field(
        default=None,
        metadata={
            "help": "Answer nothing where that scores better than the best span by more than this (logits). "
            "Default: what the checkpoint was calibrated to, else 0."
        },
    )

    def __post_init__(self):
        super().__post_init__()
        if (self.question is None) != (self.text is None):
            raise ValueError("--question and --text belong together: give both, or files")
        least = 1 if self.legacy_doc_stride else 0
        if self.doc_stride < least:
            raise ValueError(f"--doc_stride must be at least {least}, not {self.doc_stride}")
        if self.n_best_size < 1:
            raise ValueError(f"--n_best_size must be at least 1 span, not {self.n_best_size}")
        if self.max_answer_length < 1:
            raise ValueError(f"--max_answer_length must be at least 1 token, not {self.max_answer_length}")

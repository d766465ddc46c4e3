"""Flags and recipes: one dataclass per concern, checked before anything long begins."""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import torch
import yaml
from transformers import HfArgumentParser, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from heads import HEADS, check_head

from .errors import UserError
from .tasks import TASKS, Task, find_files


@dataclass
class ModelArguments:
    """Which encoder, and which head on top of it."""

    model_name_or_path: str | None = field(
        default=None,
        metadata={
            "help": "An encoder (Hub id or folder: bare, discriminator or masked-LM checkpoint), or a checkpoint of this "
            "project, whose head and labels are then kept; so are those of a stock fine-tuned one without do_train."
        },
    )
    config_name: str | None = field(
        default=None,
        metadata={
            "help": "Hub id, folder or file of a configuration to train from scratch, without model_name_or_path."
        },
    )
    tokenizer_name: str | None = field(
        default=None,
        metadata={"help": "Hub id or folder of the tokenizer (default: beside the model or configuration)."},
    )
    model_revision: str = field(default="main", metadata={"help": "Branch, tag or commit of a model on the Hub."})
    trust_remote_code: bool = field(
        default=False,
        metadata={"help": "Run code that an encoder's repository brings along. Only if you have read it."},
    )
    head: str | None = field(
        default=None,
        metadata={
            "help": "The classifier on top of the encoder (default: the checkpoint's own, else dense, which equals the "
            "stock ELECTRA head weight for weight).",
            "choices": list(HEADS),
        },
    )
    head_kwargs: str | None = field(
        default=None, metadata={"help": """The head's own arguments as JSON, e.g. '{"kernel_sizes": [2, 3, 4]}'."""}
    )

    def __post_init__(self):
        if self.model_name_or_path is None and self.config_name is None:
            raise ValueError("nothing to train: give --model_name_or_path, or --config_name to train from scratch")
        if self.model_name_or_path is not None and self.config_name is not None:
            raise ValueError("--config_name trains from scratch and --model_name_or_path does not: give one of them")
        self.parsed_head_kwargs: dict[str, Any] = {}
        if self.head_kwargs is not None:
            try:
                self.parsed_head_kwargs = json.loads(self.head_kwargs)
            except json.JSONDecodeError as error:
                raise ValueError(f"--head_kwargs is not JSON ({error}): {self.head_kwargs}") from error
            if not isinstance(self.parsed_head_kwargs, dict):
                raise ValueError(f'--head_kwargs must be a JSON object like {{"dropout": 0.2}}, not {self.head_kwargs}')
            check_head(self.head or "dense", self.parsed_head_kwargs)


@dataclass
class DataArguments:
    """Which rows, from where, and how long.

    Attributes:
        task: what `task_name` stands for; it fills in what the flags leave open.
    """

    script: ClassVar[str]
    task: Task | None = field(init=False, default=None)
    task_name: str | None = field(
        default=None,
        metadata={
            "help": "A benchmark by name: its files, columns, labels, metrics. With data_dir or the *_file flags, else the Hub.",
            "choices": list(TASKS),
        },
    )
    data_dir: str | None = field(default=None, metadata={"help": "Folder with the official files of task_name."})
    dataset_name: str | None = field(default=None, metadata={"help": "Hub id of a data set."})
    dataset_config_name: str | None = field(default=None, metadata={"help": "Its configuration."})
    train_file: str | None = field(
        default=None,
        metadata={"help": "csv, tsv, txt, json, jsonl, parquet, CoNLL-like columns or SQuAD JSON; each also .gz."},
    )
    validation_file: str | None = field(default=None, metadata={"help": "As train_file; scored during training."})
    test_file: str | None = field(default=None, metadata={"help": "As train_file; predicted by --do_predict."})
    text_column_name: str | None = field(
        default=None, metadata={"help": "Column of the text (default: guessed, logged)."}
    )
    label_column_name: str | None = field(
        default=None, metadata={"help": "Column of the label or labels (default: guessed, logged)."}
    )
    validation_split: float | None = field(
        default=None,
        metadata={
            "help": "Share of the training rows held out where there is no validation data, in (0, 1). Rows are chosen by "
            "a hash of their text, so equal texts stay together and every run chooses the same."
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
    overwrite_cache: bool = field(
        default=False, metadata={"help": "Tokenize again instead of reusing cached features."}
    )
    preprocessing_num_workers: int | None = field(default=None, metadata={"help": "Processes that tokenize."})

    def __post_init__(self):
        if self.task_name is not None:
            self._apply_task(TASKS[self.task_name])
        elif self.data_dir is not None:
            raise ValueError("--data_dir goes with --task_name; other data are named by --train_file and so on")
        files = [self.train_file, self.validation_file, self.test_file]
        if self.dataset_name is None and not any(files):
            raise ValueError(
                "no data: give --task_name, --dataset_name, or --train_file, --validation_file, --test_file"
            )
        if self.dataset_name is not None and any(files):
            raise ValueError("--dataset_name and --train_file/--validation_file/--test_file exclude each other")
        if self.validation_split is not None and not 0 < self.validation_split < 1:
            raise ValueError(f"--validation_split must lie between 0 and 1, not {self.validation_split}")
        for name in ("max_train_samples", "max_eval_samples", "max_predict_samples"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"--{name} must be at least 1, not {getattr(self, name)}")
        if self.max_seq_length < 8:
            raise ValueError(f"--max_seq_length must be at least 8 tokens, not {self.max_seq_length}")

    def _apply_task(self, task: Task) -> None:
        """Fills in files and flags wherever nothing was said."""
        if task.script != self.script:
            raise ValueError(f"--task_name {self.task_name} is trained by {task.script}")
        self.task = task
        for item in dataclasses.fields(self):
            if item.name in task.flags and getattr(self, item.name) == item.default:
                setattr(self, item.name, task.flags[item.name])
        if self.data_dir is not None:
            for split, file in find_files(task, self.data_dir).items():
                if getattr(self, f"{split}_file") is None:
                    setattr(self, f"{split}_file", file)
        elif not (self.dataset_name or self.train_file or self.validation_file or self.test_file):
            if not task.hub:
                names = ", ".join(task.files.values())
                raise ValueError(
                    f"--task_name {self.task_name} needs --data_dir, a folder with {names} from {task.source}"
                )
            self.dataset_name, self.dataset_config_name = task.hub[:2]


@dataclass
class SequenceDataArguments(DataArguments):
    """Single texts or pairs."""

    script = "run_seq_cls.py"
    text_pair_column_name: str | None = field(
        default=None, metadata={"help": "Column of the second text of a pair (default: guessed, logged)."}
    )
    do_regression: bool | None = field(
        default=None,
        metadata={"help": "Predict scores instead of classes (default: when every label has a decimal point)."},
    )


@dataclass
class TokenDataArguments(DataArguments):
    """Words or characters with a tag each."""

    script = "run_token_cls.py"
    max_seq_length: int = field(
        default=512,
        metadata={"help": "Longest window in tokens; longer sentences are read in windows that overlap by a quarter."},
    )


@dataclass
class QADataArguments(DataArguments):
    """Questions on contexts."""

    script = "run_qa.py"
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
    null_score_diff_threshold: float = field(
        default=0.0,
        metadata={"help": "Answer nothing where that scores better than the best span by more than this (logits)."},
    )

    def __post_init__(self):
        super().__post_init__()
        least = 1 if self.legacy_doc_stride else 0
        if self.doc_stride < least:
            raise ValueError(f"--doc_stride must be at least {least}, not {self.doc_stride}")
        if self.n_best_size < 1:
            raise ValueError(f"--n_best_size must be at least 1 span, not {self.n_best_size}")
        if self.max_answer_length < 1:
            raise ValueError(f"--max_answer_length must be at least 1 token, not {self.max_answer_length}")


@dataclass
class HeadTrainingArguments(TrainingArguments):
    """`TrainingArguments` with four more fields and one other default.

    `train_sampling_strategy` is "group_by_length": batches of similar lengths need a third of the tokens on short texts.
    """

    train_sampling_strategy: str = field(
        default="group_by_length",
        metadata={"help": "group_by_length batches rows of similar length; random is the library's own default."},
    )
    head_learning_rate: float | None = field(
        default=None,
        metadata={
            "help": "Learning rate of the head (default: learning_rate). A fresh CNN or LSTM often wants 1e-3 beside the "
            "encoder's 5e-5."
        },
    )
    early_stopping_patience: int | None = field(
        default=None,
        metadata={
            "help": "Stop after N evaluations without a better metric_for_best_model; needs load_best_model_at_end."
        },
    )
    freeze_encoder: bool = field(
        default=False,
        metadata={
            "help": "Train the head alone. The encoder reads every text once, without dropout and in full precision; its "
            "hidden states are kept on disk, in the cache of `datasets`, for all runs with this encoder and these data."
        },
    )
    hidden_states_dtype: str = field(
        default="float32",
        metadata={
            "help": "How freeze_encoder keeps them: float32 is exact, float16 takes half the room (2 bytes for each token "
            "and dimension) and rounds at the fourth digit.",
            "choices": ["float32", "float16"],
        },
    )

    @property
    def folder(self) -> Path:
        """`output_dir` as a path."""
        return Path(self.output_dir or "trainer_output")

    def __post_init__(self):
        if self.disable_tqdm is None:
            self.disable_tqdm = not sys.stderr.isatty()  # bars are for eyes; a log keeps lines
        if not torch.accelerator.is_available():
            self.use_cpu = True  # said aloud, or --bf16 is refused
            self.dataloader_pin_memory = False
        super().__post_init__()
        if self.hub_token is not None:
            # The environment is not written to disk, arguments are.
            os.environ["HF_TOKEN"] = self.hub_token
            self.hub_token = None
        if self.batch_eval_metrics or not self.eval_do_concat_batches:
            raise ValueError("scores count whole rows: leave --batch_eval_metrics and --eval_do_concat_batches out")
        if self.freeze_encoder and not self.do_train:
            raise ValueError("--freeze_encoder is about training: give --do_train, or leave it out")
        if self.hidden_states_dtype != "float32" and not self.freeze_encoder:
            raise ValueError("--hidden_states_dtype is for --freeze_encoder: give that as well, or leave it out")
        if self.push_to_hub and not self.do_train:
            raise ValueError("--push_to_hub pushes what --do_train trained; push an earlier run with `hf upload`")
        if self.prediction_loss_only and self.do_predict:
            raise ValueError("--do_predict writes predictions: leave --prediction_loss_only out")
        if self.early_stopping_patience is not None and not self.load_best_model_at_end:
            raise ValueError("--early_stopping_patience needs --load_best_model_at_end and a --metric_for_best_model")
        asked = (self.resume_from_checkpoint or "false").lower()
        if asked == "false":
            self.resume_from_checkpoint = None
        elif asked == "true":
            last = get_last_checkpoint(self.output_dir) if self.folder.is_dir() else None
            if last is None:
                raise ValueError(f"--resume_from_checkpoint: there is no checkpoint in {self.folder} to go on from")
            self.resume_from_checkpoint = last
        if self.resume_from_checkpoint is not None and not Path(self.resume_from_checkpoint).is_dir():
            raise ValueError(f"--resume_from_checkpoint: there is no folder {self.resume_from_checkpoint}")
        if not (self.do_train or self.do_eval or self.do_predict):
            raise ValueError("nothing to do: give at least one of --do_train, --do_eval, --do_predict")


class Parser(HfArgumentParser):
    """Says what is wrong with the flags in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help lists all flags")


def parse_arguments(data_arguments: type[DataArguments], argv: Sequence[str] | None = None) -> tuple[Any, Any, Any]:
    """Reads `[RECIPE.yaml|.json] [--flag value ...]`: the file first, the flags win over it.

    Args:
        data_arguments: the script's kind of `DataArguments`.
        argv: the arguments behind the script's name; default: `sys.argv`.

    Returns:
        model arguments, data arguments, training arguments.

    Raises:
        UserError: an unknown flag or key, a value of the wrong kind, a contradiction.
    """
    argv = [arg for arg in (sys.argv[1:] if argv is None else argv) if arg != "--debug"]  # see `errors.run`
    kinds: list[Any] = [ModelArguments, data_arguments, HeadTrainingArguments]
    parser = Parser(kinds, allow_abbrev=False)
    if argv and not argv[0].startswith("-"):
        names = [item.name for kind in kinds for item in dataclasses.fields(kind) if item.init]
        argv = read_recipe(argv[0], names) + argv[1:]
    try:
        model_arguments, data, training = parser.parse_args_into_dataclasses(argv)
    except ValueError as error:
        raise UserError(str(error)) from error
    if training.freeze_encoder and model_arguments.config_name is not None:
        cure = "name a pretrained one with --model_name_or_path"
        raise UserError(f"--freeze_encoder would leave the encoder of --config_name at its random weights; {cure}")
    return model_arguments, data, training


def read_recipe(path: str, names: Sequence[str]) -> list[str]:
    """Turns a YAML or JSON file of `flag: value` into command-line arguments.

    Raises:
        UserError: no such file, not a mapping, or a key that is not in `names`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        recipe = yaml.safe_load(text)  # JSON is YAML
    except OSError as error:
        raise UserError(f"cannot read the recipe ({error.strerror}); flags begin with --", file=path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"is neither YAML nor JSON: {error}", file=path) from error
    if not isinstance(recipe, dict):
        raise UserError("a recipe is a mapping, one 'flag: value' a line", file=path)
    arguments: list[str] = []
    for key, value in recipe.items():
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1)
            row = next((i for i, line in enumerate(text.splitlines(), 1) if str(key) in line), None)
            cure = f"did you mean '{close[0]}'?" if close else "--help lists the flags, the keys are the same"
            raise UserError(f"unknown key '{key}'; {cure}", file=path, row=row)
        if value is None:
            continue
        values = value if isinstance(value, list) else [value]
        arguments += [f"--{key}", *(json.dumps(v) if isinstance(v, dict) else str(v) for v in values)]
    return arguments

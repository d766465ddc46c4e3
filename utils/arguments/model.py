"""Which encoder, and which head on top of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from heads import HEADS, check_head
from heads.pooling import COMBINATIONS, POOLINGS


@dataclass
class ModelArguments:
    """Which encoder, and which head on top of it."""

    _argument_group_name: ClassVar[str] = "encoder and head"  # in --help

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
    pooling: str | None = field(
        default=None,
        metadata={
            "help": "What the dense head reads of a sequence (default: cls, the first token): the mean or max of its tokens, "
            "first token and mean, or a weighted mean with learned weights. As its argument of this name.",
            "choices": list(POOLINGS),
        },
    )
    use_last_layers: int = field(
        default=1,
        metadata={
            "help": "The head reads a learned weighted sum of so many of the encoder's last layers; its weights have the head's "
            "learning rate. A checkpoint keeps its own."
        },
    )
    combine_layers: str | None = field(
        default=None,
        metadata={
            "help": "How the head reads use_last_layers: sum (default) is their learned weighted sum, concat one beside the next, "
            "which makes the head's input so many times wider. A checkpoint keeps its own.",
            "choices": list(COMBINATIONS),
        },
    )
    crf: bool = field(
        default=False,
        metadata={
            "help": "Tags: a linear-chain CRF on top of the head, trained with it; a sentence gets its best sequence of tags. "
            "It learns little at the encoder's rate: give head_learning_rate."
        },
    )
    decoding: str | None = field(
        default=None,
        metadata={
            "help": "Tags: argmax takes the best one of each token (with crf: the best sequence), constrained the best sequence "
            "that the scheme allows, without an I-X that continues no X (default: the checkpoint's own, else argmax).",
            "choices": ["argmax", "constrained"],
        },
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
        if self.pooling is not None:
            if self.parsed_head_kwargs.get("pooling", self.pooling) != self.pooling:
                raise ValueError(
                    f"--pooling {self.pooling} contradicts --head_kwargs {self.head_kwargs}: give one of them"
                )
            self.parsed_head_kwargs = self.parsed_head_kwargs | {"pooling": self.pooling}
        if self.parsed_head_kwargs:
            check_head(self.head or "dense", self.parsed_head_kwargs)
        if self.use_last_layers < 1:
            raise ValueError(f"--use_last_layers must be at least 1, not {self.use_last_layers}")

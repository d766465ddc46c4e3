"""How a model is trained: `TrainingArguments`, and what this project adds to them."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from accelerate.utils import get_int_from_env
from transformers import TrainingArguments

from .checks import check_deepspeed, check_json, check_lora, check_numbers, check_packages


@dataclass
class HeadTrainingArguments(TrainingArguments):
    """`TrainingArguments` with more fields, other defaults of three, and plainer help for a few.

    `logging_steps` is a share of all steps: about 20 lines or points whatever the length of a run. `train_sampling_strategy` is
    "group_by_length": batches of similar lengths need a third of the tokens on short texts. `save_total_limit` None keeps two
    checkpoints and not all.
    """

    _argument_group_name: ClassVar[str] = "training"  # in --help

    output_dir: str | None = field(default=None, metadata={"help": "Folder of this run (default: trainer_output)."})
    do_train: bool = field(default=False, metadata={"help": "Train on the training rows."})
    do_eval: bool = field(default=False, metadata={"help": "Score the validation rows at the end."})
    do_predict: bool = field(
        default=False,
        metadata={"help": "Predict the test rows into predictions.jsonl, and score them where they have labels."},
    )
    seed: int = field(
        default=42, metadata={"help": "Decides the first weights of the head, the order of rows, and dropout."}
    )
    logging_steps: float = field(default=0.05, metadata={"help": "Log every N steps; below 1: a share of all steps."})
    save_total_limit: int | None = field(
        default=None,
        metadata={
            "help": "How many checkpoints stay on disk, each three times as large as the weights because the optimizer is in it: the latest, the "
            "best with load_best_model_at_end, then those before it (default: 2; a comparison keeps none of a run that has finished). "
            "0 keeps all."
        },
    )
    train_sampling_strategy: str = field(
        default="group_by_length",
        metadata={
            "help": "group_by_length batches rows of similar length; random is the library's own default.",
            "choices": ["group_by_length", "random", "sequential"],
        },
    )
    head_learning_rate: float | None = field(
        default=None,
        metadata={
            "help": "Learning rate of the head (default: learning_rate). A fresh CNN or LSTM often wants 1e-3 beside the "
            "encoder's 5e-5."
        },
    )
    layerwise_lr_decay: float | None = field(
        default=None,
        metadata={
            "help": "Every layer of the encoder learns at this share of the rate of the layer above it, the embeddings at that of a "
            "layer below the first; the last layer has learning_rate. Usual are 0.8 to 0.95."
        },
    )
    class_weights: str = field(
        default="none",
        metadata={
            "help": "What a label's loss is multiplied by: balanced makes up for unlike numbers of labels in the training rows, a "
            "YAML or JSON file has a number for every class."
        },
    )
    loss: str = field(
        default="ce",
        metadata={
            "help": "Of classes, sets of classes and tags: ce is the cross-entropy, focal the same times (1 - p) ** focal_gamma, "
            "which looks away from labels that are found already.",
            "choices": ["ce", "focal"],
        },
    )
    focal_gamma: float = field(default=2.0, metadata={"help": "Of the focal loss; 0 would be the cross-entropy."})
    lora: str | None = field(
        default=None,
        metadata={
            "help": """Adapters of low rank in a frozen encoder, trained with the whole head: arguments of peft's LoraConfig as JSON, """
            """e.g. '{"r": 16}', or '{}' for its defaults (all linear layers have adapters). They want a larger learning_rate."""
        },
    )
    early_stopping_patience: int | None = field(
        default=None,
        metadata={
            "help": "Stop after N evaluations without a better metric_for_best_model; needs load_best_model_at_end."
        },
    )
    calibrate: bool = field(
        default=False,
        metadata={
            "help": "After the evaluation, which it asks for: choose on the validation rows the temperature of classes, the threshold of "
            "every class of sets, or the null threshold of questions with version_2_with_negative. The checkpoint keeps it; "
            "predictions and pipelines go by it."
        },
    )
    freeze_encoder: bool = field(
        default=False,
        metadata={
            "help": "Train the head alone. The encoder reads every text once, without dropout and in full precision; its "
            "hidden states are kept on disk, in the cache of `datasets`, for all runs with this encoder and these data."
        },
    )
    freeze_layers: int | None = field(
        default=None,
        metadata={
            "help": "Train all but the embeddings and the first N layers of the encoder. These read every text once, as with "
            "freeze_encoder, and the layers above go on from the hidden states that are kept on disk."
        },
    )
    unfreeze_after: float | None = field(
        default=None,
        metadata={
            "help": "Train the head alone for so many epochs, then all; below 1: for a share of all steps. A fresh head then does not "
            "pull at a pretrained encoder."
        },
    )
    hidden_states_dtype: str = field(
        default="float32",
        metadata={
            "help": "How freeze_encoder and freeze_layers keep them: float32 is exact, float16 takes half the room (2 bytes for each token "
            "and dimension) and rounds at the fourth digit.",
            "choices": ["float32", "float16"],
        },
    )

    @property
    def leaves_files(self) -> bool:
        """Whether a run has stages that write, and not typed texts alone."""
        return self.do_train or self.do_eval or self.do_predict

    @property
    def folder(self) -> Path:
        """`output_dir` as a path."""
        return Path(self.output_dir or "trainer_output")

    @cached_property
    def _setup_devices(self) -> torch.device:
        # A process that no launcher started has nobody to talk to: torch refuses any backend there, and needs none.
        sizes = ["WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"]
        launched = "LOCAL_RANK" in os.environ or get_int_from_env(sizes, 1) > 1
        asked, self.ddp_backend = self.ddp_backend, self.ddp_backend if launched else None
        try:
            return super()._setup_devices
        finally:
            self.ddp_backend = asked

    def __post_init__(self):
        if self.disable_tqdm is None:
            self.disable_tqdm = not sys.stderr.isatty()  # bars are for eyes; a log keeps lines
        if not torch.accelerator.is_available():
            self.use_cpu = True  # said aloud, or --bf16 is refused
            self.dataloader_pin_memory = False
        if self.output_dir is not None and not self.output_dir.strip():
            raise ValueError("--output_dir is empty: name a folder")
        self.do_eval = self.do_eval or self.calibrate
        check_json(self)
        if self.deepspeed and importlib.util.find_spec("deepspeed") is None:
            raise ValueError("--deepspeed needs a package that is not installed: pip install deepspeed")
        if str(self.fsdp).lower() in ("true", "false"):  # as it stands in recipes; the flag alone is True already
            self.fsdp = True if str(self.fsdp).lower() == "true" else None
        if self.eval_strategy == "steps" and self.eval_steps is None and self.logging_steps < 1:
            self.eval_steps = 500  # as often as checkpoints, not as log lines
        super().__post_init__()
        check_numbers(self)
        check_packages(self)
        if self.deepspeed_plugin is not None:
            check_deepspeed(self)
        if self.batch_eval_metrics or not self.eval_do_concat_batches:
            raise ValueError("scores count whole rows: leave --batch_eval_metrics and --eval_do_concat_batches out")
        self._check_freezing()
        if self.layerwise_lr_decay is not None and not 0 < self.layerwise_lr_decay <= 1:
            raise ValueError(f"--layerwise_lr_decay is a share, above 0 and at most 1, not {self.layerwise_lr_decay:g}")
        if self.lora is not None:
            self.lora = check_lora(self.lora)
            if not self.do_train:
                raise ValueError(
                    "--lora is about training: give --do_train, or leave it out; a checkpoint has it merged"
                )
            for name in ("freeze_encoder", "freeze_layers", "unfreeze_after"):
                if getattr(self, name) not in (None, False):
                    raise ValueError(
                        f"--lora freezes the encoder and trains adapters in it, without --{name}: give one of them"
                    )
        for name, default in (("class_weights", "none"), ("loss", "ce")):
            if getattr(self, name) != default and not self.do_train:
                raise ValueError(f"--{name} is about training: give --do_train, or leave it out")
        if self.focal_gamma != 2.0 and self.loss != "focal":
            raise ValueError("--focal_gamma is for --loss focal: give that as well, or leave it out")
        if self.push_to_hub and not self.do_train:
            raise ValueError("--push_to_hub pushes what --do_train trained; push an earlier run with `hf upload`")
        if self.label_names is not None:
            cure = "leave it out; classes are called what the column of labels says"
            raise ValueError(f"--label_names are inputs of the model to the library, which knows them: {cure}")
        if self.prediction_loss_only and self.do_predict:
            raise ValueError("--do_predict writes predictions: leave --prediction_loss_only out")
        if self.early_stopping_patience is not None and not self.load_best_model_at_end:
            raise ValueError("--early_stopping_patience needs --load_best_model_at_end and a --metric_for_best_model")
        # SIGTERM always saves a checkpoint, in another way: see `SaveWhenTerminated`.
        self.enable_jit_checkpoint = False
        if (self.resume_from_checkpoint or "false").lower() == "false":
            self.resume_from_checkpoint = None

    def _check_freezing(self) -> None:
        """Raises ValueError for flags of freezing that contradict each other or the rest."""
        frozen = self.freeze_encoder or self.freeze_layers is not None
        for name in ("freeze_encoder", "freeze_layers", "unfreeze_after"):
            if getattr(self, name) not in (None, False) and not self.do_train:
                raise ValueError(f"--{name} is about training: give --do_train, or leave it out")
        if self.hidden_states_dtype != "float32" and not frozen:
            what = "--hidden_states_dtype is for --freeze_encoder and --freeze_layers"
            raise ValueError(f"{what}: give one of them as well, or leave it out")
        if self.freeze_encoder and self.freeze_layers is not None:
            raise ValueError("--freeze_encoder freezes all layers, --freeze_layers the first ones: give one of them")
        if self.freeze_encoder and self.layerwise_lr_decay is not None:
            raise ValueError("--layerwise_lr_decay is for the layers that --freeze_encoder keeps: give one of them")
        if self.freeze_layers is not None and self.freeze_layers < 1:
            raise ValueError(f"--freeze_layers must be at least 1, not {self.freeze_layers}")
        if self.unfreeze_after is None:
            return
        if not self.unfreeze_after > 0:
            what = "epochs, or below 1 a share of all steps"
            raise ValueError(f"--unfreeze_after is a number of {what}: above 0, not {self.unfreeze_after:g}")
        if frozen:
            flag = "--freeze_encoder" if self.freeze_encoder else "--freeze_layers"
            raise ValueError(f"--unfreeze_after trains what {flag} leaves as it is: give one of them")
        if self.ddp_find_unused_parameters is False:
            raise ValueError("--unfreeze_after has parameters without gradient: leave --ddp_find_unused_parameters out")
        self.ddp_find_unused_parameters = True  # with --gradient_checkpointing Trainer would take False

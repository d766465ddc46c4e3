"""`Trainer`, and how its parts are put together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch.utils.data import RandomSampler, SequentialSampler
from transformers import EarlyStoppingCallback
from transformers.utils import find_labels

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import Arguments, HeadTrainingArguments
from ..errors import UserError, first_line
from ..models.adapters import Adapters, check_resumed_adapters
from ..models.configuration import check_resumed
from ..models.frozen import HiddenStates
from ..tasks import PreparedSplit, Task
from ..tasks.features import StreamedFeatures
from ..tasks.label_kinds import SINGLE
from .callbacks import SaveAfterEvaluation
from .collation import Collator
from .evaluation import SummingTrainer
from .finite import named_rows, not_finite
from .loader_processes import begin_loading
from .losses import choose_loss
from .progress import show_lines
from .rates import learning_rates, set_learning_rates
from .sampler import EpochLengthGroupedSampler, EpochPieceSampler, EpochRandomSampler
from .saving import SavingTrainer
from .sharding import check_sharding
from .unfreezing import UnfreezeEncoder

# The problem types with one class for each label; tags have none.
ONE_CLASS_EACH = (None, SINGLE)


def build_trainer(
    model: HeadedEncoderPreTrainedModel,
    task: Task,
    arguments: Arguments,
    prepared: Mapping[str, PreparedSplit],
    hidden_states: Sequence[HiddenStates] = (),
    adapters: Adapters | None = None,
) -> HeadTrainer:
    """Puts the parts of a run together.

    Args:
        prepared: "train", "validation" and "test", as far as they are needed.
        hidden_states: of a frozen encoder, or of its first layers.
        adapters: in the encoder of the model.

    Raises:
        UserError: a repository to push to that cannot be made, a checkpoint to go on from that is of another model, flags that
            such a model or so few rows cannot have, or a package that is not installed.
    """
    data, training = arguments.data, arguments.training
    check_resumed(training.resume_from_checkpoint, model.config)
    if training.calibrate:
        task.check_calibration()
    check_resumed_adapters(training.resume_from_checkpoint, adapters)
    width = data.max_seq_length if data.pad_to_max_length else None
    train, validation = prepared.get("train"), prepared.get("validation")
    _check(model, training, len(train.features) if train else 0)
    try:
        trainer = HeadTrainer(
            model=model,
            args=training,
            train_dataset=train.features if train else None,
            eval_dataset=validation.features if validation else None,
            processing_class=task.tokenizer,
            data_collator=Collator(task.tokenizer, task.padding, width, hidden_states),
            compute_metrics=partial(task.compute_metrics, validation) if validation else None,
            preprocess_logits_for_metrics=task.reduce_logits,
            compute_loss_func=choose_loss(model, training, train.features if train else None),
        )
    except (ImportError, ValueError) as error:
        raise UserError(f"Trainer does not take these flags: {first_line(error)}") from error
    check_sharding(trainer, adapters is not None)
    trainer.train_rows, trainer.adapters = train, adapters
    return trainer


def _check(model: HeadedEncoderPreTrainedModel, training: HeadTrainingArguments, inputs: int) -> None:
    """Raises UserError for flags that contradict the model or the number of its inputs for training."""
    if training.label_smoothing_factor and (
        "labels" not in find_labels(type(model)) or model.config.problem_type not in ONE_CLASS_EACH
    ):
        cure = "leave --label_smoothing_factor out"
        raise UserError(f"labels are smoothed between classes, and this model has no single class to give; {cure}")
    if training.label_smoothing_factor and (model.config.crf or hasattr(model.head, "loss")):
        raise UserError("--label_smoothing_factor is for a loss of single tokens, and a CRF has another; leave it out")
    batch = training.train_batch_size * training.world_size
    if training.do_train and training.dataloader_drop_last and inputs < batch:
        cure = "leave --dataloader_drop_last out, or make batches smaller"
        raise UserError(f"--dataloader_drop_last drops all {inputs} inputs: a batch takes {batch}; {cure}")


class HeadTrainer(SummingTrainer, SavingTrainer):
    """`Trainer` with a learning rate for the head and an order of rows that survives resuming.

    It stops where the loss or a weight is no number any more.

    Attributes:
        train_rows: what `train_dataset` was made of, to name the rows of a batch.
    """

    args: HeadTrainingArguments
    model: HeadedEncoderPreTrainedModel
    train_rows: PreparedSplit | None = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.add_callback(SaveAfterEvaluation())
        show_lines(self)
        if self.args.unfreeze_after is not None:
            self.add_callback(UnfreezeEncoder(self.model.encoder, self.args.unfreeze_after))
        if self.args.early_stopping_patience is not None:
            self.add_callback(EarlyStoppingCallback(self.args.early_stopping_patience))

    def training_step(self, model, inputs, num_items_in_batch=None):
        loss = super().training_step(model, inputs, num_items_in_batch)
        everywhere = self.accelerator.gather(loss.reshape(1)) if self.args.world_size > 1 else loss.reshape(1)
        if not torch.isfinite(everywhere).all():
            rows = named_rows(self.train_rows, inputs)
            value = everywhere[~torch.isfinite(everywhere)][0].item()
            rate = super()._get_learning_rate()
            raise not_finite(
                f"the loss is {value} at step {self.state.global_step + 1} (learning rate {rate:g}{rows})", self.args
            )
        return loss

    def _prepare_for_training(self, *args, **kwargs):
        try:
            return super()._prepare_for_training(*args, **kwargs)
        except ValueError as error:  # a list of what differs from the flags
            if not self.is_deepspeed_enabled:
                raise
            raise UserError(f"DeepSpeed: {' '.join(str(error).split())}") from error

    def create_optimizer(self, model=None):
        try:
            optimizer = super().create_optimizer(model)
        except (ImportError, ValueError, RuntimeError, TypeError) as error:
            raise UserError(f"--optim {self.args.optim.value} cannot be made: {first_line(error)}") from error
        if self.args.head_learning_rate is not None or self.args.layerwise_lr_decay is not None:
            rates, parameters = learning_rates(self.model, self.args), dict(self.model.named_parameters())
            set_learning_rates(optimizer, {id(parameters[name]): rate for name, rate in rates.items()})
        return optimizer

    def _load_optimizer_and_scheduler(self, checkpoint):
        try:
            super()._load_optimizer_and_scheduler(checkpoint)
        except ValueError as error:  # of torch, about groups of parameters
            cure = "give the flags of rates, freezing and --optim that it was begun with"
            what = "its optimizer is not that of this run"
            raise UserError(
                f"--resume_from_checkpoint: {what} ({first_line(error)}); {cure}", file=checkpoint
            ) from error

    def get_decay_parameter_names(self, model):
        # The sum of layers is scaled as a norm scales: at 0 nothing would be left of it.
        return [name for name in super().get_decay_parameter_names(model) if not name.startswith("mix.")]

    def create_scheduler(self, *args, **kwargs):
        try:
            return super().create_scheduler(*args, **kwargs)
        except (ValueError, TypeError) as error:
            kind = f"--lr_scheduler_type {self.args.lr_scheduler_type.value}"
            raise UserError(f"{kind} cannot be made: {first_line(error)}; see --lr_scheduler_kwargs") from error

    def _get_learning_rate(self) -> float:
        # Noted here, because it is logged after the scheduler's next step.
        self.head_learning_rate = cast(Any, self.optimizer).param_groups[-1]["lr"]
        return super()._get_learning_rate()

    def log(self, logs: dict[str, float], *args, **kwargs) -> None:
        if self.args.head_learning_rate is not None and "learning_rate" in logs:
            logs["head_learning_rate"] = self.head_learning_rate
        # A step that fp16 leaves out has an infinite norm, and JSON has no such number. `logs` is the caller's.
        for name in [name for name, value in logs.items() if not math.isfinite(value)]:
            del logs[name]
        if "train_loss" in logs and self.state.global_step == self.first_step:
            del logs["train_loss"]  # of no step: it would be 0
        super().log(logs, *args, **kwargs)

    def _set_signature_columns_if_needed(self):
        if self._signature_columns is None:
            super()._set_signature_columns_if_needed()
            self._signature_columns.append("windows")  # the collator reads it, not the model

    def _get_train_sampler(self, train_dataset=None):
        rows: Any = self.train_dataset  # what Trainer passes here has lost the columns the model does not read
        grouped = self.args.train_sampling_strategy == "group_by_length"
        seed = self.args.data_seed
        if grouped:
            seed = self.args.seed if seed is None else seed
        else:
            sampler = super()._get_train_sampler(train_dataset)
            if not isinstance(sampler, RandomSampler) or not self.accelerator.use_seedable_sampler:
                return sampler
            seed = torch.random.initial_seed() if seed is None else seed
        streamed = isinstance(rows, StreamedFeatures)
        lengths = rows["length"] if streamed else rows.with_format("numpy", columns=["length"])[:]["length"]
        batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps

        def order(first: int, end: int) -> EpochLengthGroupedSampler | EpochRandomSampler:
            own = seed + first  # two pieces of a stream have orders of their own
            if grouped:
                return EpochLengthGroupedSampler(batch_size, lengths[first:end], own)
            return EpochRandomSampler(end - first, own)

        return EpochPieceSampler(rows.starts, order) if streamed else order(0, len(rows))

    def _get_dataloader(self, *args, **kwargs):
        loader = super()._get_dataloader(*args, **kwargs)
        own = loader.base_dataloader  # what accelerate has put around it starts no processes
        own.worker_init_fn = partial(begin_loading, seed=own.worker_init_fn)
        return loader

    def get_eval_dataloader(self, eval_dataset=None):
        with self._every_row():
            return super().get_eval_dataloader(eval_dataset)

    def get_test_dataloader(self, test_dataset):
        with self._every_row():
            loader = super().get_test_dataloader(test_dataset)
        # accelerate keeps all loaders it has ever made, and with them every part of a file that is predicted.
        self.accelerator._dataloaders.remove(loader)
        return loader

    @contextmanager
    def _every_row(self):
        # Trainer drops the last batch of an evaluation along with that of an epoch.
        drop_last, self.args.dataloader_drop_last = self.args.dataloader_drop_last, False
        try:
            yield
        finally:
            self.args.dataloader_drop_last = drop_last

    def _get_eval_sampler(self, eval_dataset):
        # Under group_by_length Trainer shuffles evaluation as well: predictions would not be those of their rows.
        return SequentialSampler(eval_dataset)

    def _determine_best_metric(self, metrics, trial):
        try:
            return super()._determine_best_metric(metrics, trial)
        except KeyError as error:
            known = ", ".join(name.removeprefix("eval_") for name in metrics if name.startswith("eval_"))
            message = f"--metric_for_best_model {self.args.metric_for_best_model} is not among {known}"
            raise UserError(message) from error

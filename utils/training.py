"""Trainer, where this project needs more than its defaults."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import datasets
import huggingface_hub
import torch
import transformers
from huggingface_hub.errors import HTTPError
from torch.utils.data import SequentialSampler
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    set_seed,
)
from transformers.trainer import TRAINING_ARGS_NAME
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.trainer_utils import HubStrategy, IntervalStrategy, PredictionOutput
from transformers.utils import PushInProgress

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from .arguments import DataArguments, HeadTrainingArguments
from .errors import UserError
from .features import Collator
from .frozen import freeze_encoder
from .models import write_for_all_releases
from .splits import Split

logger = logging.getLogger(__name__)


class Decoder(Protocol):
    """A split as its task sees it, and the way from a model's outputs back to its rows; each task's module has one.

    Attributes:
        split: the rows.
        features: the model's inputs made of them, in any order.
    """

    split: Split
    features: datasets.Dataset

    def texts(self) -> list[str]:
        """The text of every row."""

    def label_names(self) -> list[list[str]]:
        """The labels of every row by name; empty where the split has none."""

    def ceiling(self, tokenizer: PreTrainedTokenizerFast) -> dict[str, float]:
        """By metric, the score (0-100) of a model that is always right, where the tokenizer limits it."""

    def scored(self, output: EvalPrediction | PredictionOutput) -> dict[str, list] | None:
        """What `score` takes, one item per row, in order; None where the split has no labels."""

    def score(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The metrics of what `scored` gave, for one split or for several put together."""

    def groups(self, *args: Any, **kwargs: Any) -> dict[str, dict[str, float]]:
        """The scores of every class, entity type or kind of answer, from what `scored` gave; empty for regression."""

    def draw(self, path: Path, *args: Any, **kwargs: Any) -> None:
        """Draws what `scored` gave: a confusion matrix, or the score of every group."""

    def answers(self, output: EvalPrediction | PredictionOutput) -> list[dict[str, Any]]:
        """One dictionary per row, in order, with `id` (where there is one), `prediction` by name and `score`."""


def begin(training: HeadTrainingArguments) -> None:
    """Sets up logging and the seed, and makes sure that nothing of an earlier run is overwritten.

    Raises:
        UserError: `output_dir` holds checkpoints of another run.
    """
    level = logging.INFO if training.process_index == 0 else logging.ERROR
    logging.basicConfig(format="%(message)s", level=logging.WARNING, handlers=[logging.StreamHandler(sys.stdout)])
    logging.getLogger("utils").setLevel(level)
    if not sys.stderr.isatty():  # bars are for eyes; a log keeps the lines that say the same
        datasets.disable_progress_bars()
        huggingface_hub.utils.disable_progress_bars()
        transformers.utils.logging.disable_progress_bar()
    if training.do_train and training.resume_from_checkpoint is None and any(training.folder.glob("checkpoint-*")):
        cure = "--resume_from_checkpoint true goes on from the last one, another --output_dir begins anew"
        raise UserError(f"{training.folder} holds checkpoints of an earlier run: {cure}")
    set_seed(training.seed)  # before the model is built: its head is random


def metrics_of(decoder: Decoder, output: EvalPrediction | PredictionOutput) -> dict[str, float]:
    """`compute_metrics` for Trainer."""
    scored = decoder.scored(output)
    return {} if scored is None else decoder.score(**scored)


def build_trainer(
    model: HeadedEncoderPreTrainedModel,
    training: HeadTrainingArguments,
    data: DataArguments,
    tokenizer: PreTrainedTokenizerFast,
    decoders: Mapping[str, Decoder],
    fill: dict[str, int],
    reduce_logits: Callable | None = None,
) -> HeadTrainer:
    """Puts the parts of a run together.

    Args:
        decoders: of "train", "validation" and "test", as far as they are needed.
        fill: what to pad the task's own columns with, see `Collator`.
        reduce_logits: makes logits smaller before they leave the device.

    Raises:
        UserError: a repository to push to that cannot be made, or no room for the hidden states of a frozen encoder.
    """
    hidden_states = freeze_encoder(model, tokenizer, decoders, training) if training.freeze_encoder else []
    width = data.max_seq_length if data.pad_to_max_length else None
    try:
        return HeadTrainer(
            model=model,
            args=training,
            train_dataset=decoders["train"].features if "train" in decoders else None,
            eval_dataset=decoders["validation"].features if "validation" in decoders else None,
            processing_class=tokenizer,
            data_collator=Collator(tokenizer, fill, width, hidden_states),
            compute_metrics=partial(metrics_of, decoders["validation"]) if "validation" in decoders else None,
            preprocess_logits_for_metrics=reduce_logits,
        )
    except (HTTPError, OSError) as error:  # Trainer creates the repository first: better now than after hours
        reason = str(error).strip().split("\n")[0]
        cure = "log in with `hf auth login`, or leave --push_to_hub out and push later with `hf upload`"
        raise UserError(f"--push_to_hub: the Hub does not take it ({reason}); {cure}") from error


class EpochLengthGroupedSampler(LengthGroupedSampler):
    """Groups rows of similar length in an order that depends on seed and epoch alone.

    The parent draws from the global generator: a resumed run would see another order, and processes that drop out
    differently would draw different orders and so train on some rows twice and on others never.
    """

    def __init__(self, batch_size: int, lengths: list[int], seed: int):
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self):
        self.generator.manual_seed(self.seed + self.epoch)
        return super().__iter__()


class SaveBehindEvaluation(TrainerCallback):
    """Has the checkpoint of an epoch's last step saved when the epoch has been evaluated.

    Trainer saves it before. A run that goes on from there never evaluates that epoch, and as evaluation draws a random number
    of its own, all that follows would be dropped out differently.
    """

    waiting = False

    def on_step_end(self, args, state, control, **kwargs):
        last = state.epoch.is_integer() or control.should_training_stop
        self.waiting = control.should_save and last and args.eval_strategy == IntervalStrategy.EPOCH
        control.should_save = control.should_save and not self.waiting

    def on_epoch_end(self, args, state, control, **kwargs):
        control.should_save = control.should_save or self.waiting


class HeadTrainer(Trainer):
    """`Trainer` with a learning rate for the head and an order of rows that survives resuming."""

    args: HeadTrainingArguments
    model: HeadedEncoderPreTrainedModel

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.copies_to_push = tempfile.TemporaryDirectory()
        self.add_callback(SaveBehindEvaluation())
        if self.args.early_stopping_patience is not None:
            self.add_callback(EarlyStoppingCallback(self.args.early_stopping_patience))

    def create_optimizer(self, model=None):
        optimizer = super().create_optimizer(model)
        if self.args.head_learning_rate is not None:
            head = {id(parameter) for parameter in self.model.head.parameters()}
            for group in list(optimizer.param_groups):
                own = [parameter for parameter in group["params"] if id(parameter) in head]
                group["params"] = [parameter for parameter in group["params"] if id(parameter) not in head]
                if own:
                    optimizer.add_param_group(group | {"params": own, "lr": self.args.head_learning_rate})
        return optimizer

    def _get_learning_rate(self) -> float:
        # Noted here, because it is logged after the scheduler's next step.
        self.head_learning_rate = cast(Any, self.optimizer).param_groups[-1]["lr"]
        return super()._get_learning_rate()

    def log(self, logs: dict[str, float], *args, **kwargs) -> None:
        if self.args.head_learning_rate is not None and "learning_rate" in logs:
            logs["head_learning_rate"] = self.head_learning_rate
        super().log(logs, *args, **kwargs)

    def _get_train_sampler(self, train_dataset=None):
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        lengths: Any = self.train_dataset  # what Trainer passes here has lost the columns the model does not read
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return EpochLengthGroupedSampler(batch_size, list(lengths["length"]), seed)

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

    def _get_num_items_in_batch(self, batch_samples, device):
        # Question answering has two columns of labels and none called "labels": its items are windows.
        counted = [
            {"labels": batch["start_positions"]} if "start_positions" in batch else batch for batch in batch_samples
        ]
        return super()._get_num_items_in_batch(counted, device)

    def create_model_card(self, *args, **kwargs) -> None:
        """Leaves the card that `reporting` has written."""

    def _save(self, output_dir=None, state_dict=None):
        super()._save(output_dir, state_dict)
        if self.args.should_save:
            folder = Path(output_dir or self.args.folder)
            write_for_all_releases(folder)
            (folder / TRAINING_ARGS_NAME).unlink()  # a pickle that nothing reads, and nobody should have to trust

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        """Pushes a copy of a checkpoint while training goes on.

        Trainer's own way leaves out the code of the heads, adds a pickle, and overwrites what an earlier run left in
        `output_dir`; a copy, because the checkpoint may be deleted before it is sent.
        """
        strategy = self.args.hub_strategy
        if not self.is_world_process_zero() or strategy == HubStrategy.END:
            return
        pending: Any = self.push_in_progress
        if pending is not None and not pending.is_done() and not self.args.hub_always_push:
            return
        source = Path(checkpoint_folder)
        copy = Path(self.copies_to_push.name, source.name)
        shutil.copytree(source, copy, dirs_exist_ok=True)
        progress = f"step {self.state.global_step} of {self.state.max_steps}"
        (copy / "README.md").write_text(f"Training in progress: {progress}.\n", encoding="utf-8")
        left_out: dict[str | None, list[str]] = {None: ["optimizer.*", "scheduler.*", "scaler.*", "rng_state*"]}
        if strategy in (HubStrategy.CHECKPOINT, HubStrategy.ALL_CHECKPOINTS):
            left_out["last-checkpoint" if strategy == HubStrategy.CHECKPOINT else source.name] = ["README.md"]
        jobs: list[Any] = [
            huggingface_hub.upload_folder(  # one queue for all, so that no older checkpoint comes to lie over a newer one
                repo_id=str(self.hub_model_id),
                folder_path=copy,
                path_in_repo=folder,
                commit_message=f"Training in progress, {progress}",
                revision=self.args.hub_revision,
                ignore_patterns=patterns,
                run_as_future=True,
            )
            for folder, patterns in left_out.items()
        ]
        pushes: Any = PushInProgress()
        pushes.jobs = [*(pending.jobs if pending is not None else []), *jobs]
        self.push_in_progress = pushes

    def _finish_current_push(self) -> None:
        super()._finish_current_push()
        pushes: Any = getattr(self, "push_in_progress", None)  # only there where something is to be pushed
        for job in pushes.jobs if pushes is not None else []:
            if job.exception() is not None:
                reason = str(job.exception()).strip().split("\n")[0]
                logger.warning("a push during the training failed (%s); the last one has everything", reason)

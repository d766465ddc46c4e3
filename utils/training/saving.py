"""Saving: checkpoints that are whole or not there, and no weights that are no numbers."""

from __future__ import annotations

import errno
import json
import math
import pickle
import re
import shutil
import traceback
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import EarlyStoppingCallback
from transformers.trainer import TRAINER_STATE_NAME, TRAINING_ARGS_NAME

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel
from heads.weights import first_not_finite

from ..arguments import HeadTrainingArguments
from ..errors import ShownError, UserError, first_line
from ..files import UNFINISHED_CHECKPOINT, share_weights
from ..models.adapters import Adapters
from .callbacks import SaveWhenTerminated
from .checkpoints import best_of, checkpoints, damage, how_to_go_on, new_stage, put_in_place, remove, step_of
from .finite import not_finite
from .pushing import PushingTrainer
from .sharding import own_class

# Checkpoints that stay where --save_total_limit says nothing: where the latest is damaged, the one before it is whole.
USUALLY_KEPT = 2
OS_ERROR = re.compile(r"\(os error \d+\)")


class SavingTrainer(PushingTrainer):
    """`Trainer` whose checkpoints are whole or not there, in every process and whatever happens while they are written.

    Trainer writes a checkpoint into its final folder, where half of one looks like a whole one to whoever goes on from it.

    Attributes:
        adapters: in the encoder, if any. Every checkpoint has them merged, and beside that as they are.
    """

    args: HeadTrainingArguments
    model: HeadedEncoderPreTrainedModel
    adapters: Adapters | None = None
    first_step = 0  # how many were made before this run went on
    _stage: Path | None = None  # while a checkpoint is being written

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.termination = SaveWhenTerminated(self._anywhere, lambda: how_to_go_on(self.args.folder))
        self.add_callback(self.termination)

    def _anywhere(self, true: bool) -> bool:
        """Whether it is true in any process."""
        if self.args.world_size == 1:
            return true
        return bool(self.accelerator.gather(torch.tensor([true], device=self.args.device)).any())

    def train(self, *args, **kwargs):
        if self.args.should_save:  # of a run that was killed
            shutil.rmtree(self.args.folder / UNFINISHED_CHECKPOINT, ignore_errors=True)
        try:
            with self.termination.heard():
                outcome = super().train(*args, **kwargs)
        except pickle.UnpicklingError as error:  # torch reads numbers alone
            told = "a file in it holds more than numbers, could run code and was not loaded; go on from another one"
            raise UserError(f"--resume_from_checkpoint: {told}", file=self.args.resume_from_checkpoint) from error
        if self.adapters is not None:
            self.adapters.merge()
        return outcome

    def check_weights(self) -> None:
        """Raises UserError where a weight is nan or infinite."""
        name = first_not_finite(self.model)
        if name is not None:
            raise not_finite(f"after step {self.state.global_step} the weight {name} is no number any more", self.args)

    def _save(self, output_dir=None, state_dict=None):
        self.check_weights()
        if self.is_deepspeed_enabled:  # ZeRO 3 empties the model's own parameters, and one process gathers these
            broken = [name for name, weight in (state_dict or {}).items() if not torch.isfinite(weight).all()]
            if self._anywhere(bool(broken)):
                raise not_finite(f"after step {self.state.global_step} some weight is no number any more", self.args)
        if self.adapters is not None and not self.adapters.merged:
            state_dict = self.adapters.merged_state()
        # What the last call left would depend on whether the features were in a cache.
        self.processing_class.backend_tokenizer.no_truncation()
        self.processing_class.backend_tokenizer.no_padding()
        with own_class(self.model):
            super()._save(output_dir, state_dict)
        if self.args.should_save:
            folder = Path(output_dir or self.args.folder)
            if self.adapters is not None:
                self.adapters.save(folder)
            write_for_all_releases(folder)
            share_weights(folder)
            (folder / TRAINING_ARGS_NAME).unlink()  # a pickle that nothing reads, and nobody should have to trust

    def save_model(self, output_dir=None, _internal_call=False):
        with self._room_for(Path(output_dir or self.args.folder)):
            if self.is_fsdp_enabled:  # Trainer leaves the weights out of a checkpoint that is saved in pieces
                self._save(output_dir, self.whole_weights())
            else:
                super().save_model(output_dir, _internal_call)

    def whole_weights(self) -> dict[str, torch.Tensor]:
        """The weights by name. Where processes divide them, the first one gets all, and every one has to call this."""
        divided = self.is_fsdp_enabled or self.is_deepspeed_enabled
        return (self.accelerator.get_state_dict(self.model_wrapped) or {}) if divided else self.model.state_dict()

    def _get_output_dir(self, trial):
        return super()._get_output_dir(trial) if self._stage is None else str(self._stage)

    def _save_checkpoint(self, model, trial):
        folder = self.args.folder
        draft = folder / UNFINISHED_CHECKPOINT / f"checkpoint-{self.state.global_step}"
        push = self.args.push_to_hub
        with self._room_for(folder / draft.name):
            if self.args.should_save:
                new_stage(folder)
            self.accelerator.wait_for_everyone()
            self._stage, self.args.push_to_hub = draft.parent, False
            try:
                super()._save_checkpoint(model, trial)
                self._name_best(draft)
                self.accelerator.wait_for_everyone()  # each has written its random state
                if self.args.should_save:
                    put_in_place(draft, folder, self.args.world_size, self.args.save_only_model)
            except BaseException:
                if self.args.should_save:
                    shutil.rmtree(draft.parent, ignore_errors=True)
                raise
            finally:
                self._stage, self.args.push_to_hub = None, push
        self.accelerator.wait_for_everyone()
        if push:
            self._push_from_checkpoint(str(folder / draft.name))
        if self.args.should_save:
            self._remove_old(folder / draft.name)

    def _name_best(self, draft: Path) -> None:
        """Has the state name the best checkpoint by the folder that it will have."""
        best = self.state.best_model_checkpoint
        if best is not None and Path(best) == draft:
            self.state.best_model_checkpoint = str(self.args.folder / draft.name)
            if self.args.should_save:
                self.state.save_to_json(str(draft / TRAINER_STATE_NAME))

    def _remove_old(self, latest: Path) -> None:
        """Keeps `save_total_limit` checkpoints: the latest, the best, and those of the last steps before it."""
        limit = USUALLY_KEPT if self.args.save_total_limit is None else self.args.save_total_limit
        if limit <= 0:
            return
        kept = {latest.name, Path(self.state.best_model_checkpoint or latest).name}
        # One of a later step is damaged, or was left by a run that this one did not go on from.
        others = [path for path in checkpoints(self.args.folder) if path.name not in kept]
        others.sort(key=lambda path: (step_of(path) < step_of(latest), step_of(path)))
        for path in others[: max(len(others) + len(kept) - max(limit, len(kept)), 0)]:
            remove(path)

    def _init_training_state(self, max_steps, steps_in_epoch, epochs, resume_from_checkpoint, trial):
        with self._whole_steps(max_steps):
            places = super()._init_training_state(max_steps, steps_in_epoch, epochs, resume_from_checkpoint, trial)
        self.first_step = self.state.global_step
        best = best_of(Path(resume_from_checkpoint)) if resume_from_checkpoint is not None else None
        if best is not None and best.is_dir():  # it may have moved along with the others
            self.state.best_model_checkpoint = str(best)
        for callback in self._stopping_early():  # Trainer would count from 0 again
            saved = self.state.stateful_callbacks.setdefault(type(callback).__name__, callback.state())
            callback.early_stopping_patience_counter = saved["attributes"]["early_stopping_patience_counter"]
        return places

    @contextmanager
    def _whole_steps(self, max_steps: int):
        """Shares of all steps as steps, as a checkpoint has them: a resumed run would be told that its flags differ from its own."""
        given = {name: getattr(self.args, name) for name in ("logging_steps", "eval_steps", "save_steps")}
        for name, steps in given.items():
            if steps is not None and 0 < steps < 1:
                setattr(self.args, name, math.ceil(max_steps * steps))
        try:
            yield
        finally:
            for name, steps in given.items():
                setattr(self.args, name, steps)

    def _stopping_early(self) -> list[EarlyStoppingCallback]:
        return [callback for callback in self.callback_handler.callbacks if isinstance(callback, EarlyStoppingCallback)]

    def _run_epoch(self, *args, **kwargs):
        stopped = [one.early_stopping_patience_counter >= one.early_stopping_patience for one in self._stopping_early()]
        if self.state.global_step >= self.state.max_steps or any(stopped):
            self.control.should_training_stop = True  # a finished run that is resumed would do one step more
        else:
            super()._run_epoch(*args, **kwargs)

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        if self.adapters is None:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            self.adapters.load(Path(resume_from_checkpoint))

    def _load_best_model(self):
        best = Path(str(self.state.best_model_checkpoint))
        wrong = damage(best, to_go_on=False)
        if wrong is not None:  # Trainer would go on with the last weights
            cure = "--resume_from_checkpoint true goes on from one before it"
            raise ShownError(f"{best}: the best weights are not as they were saved: {wrong}; {cure}")
        if self.adapters is None:
            super()._load_best_model()
        else:
            self.adapters.load(best)

    @contextmanager
    def _room_for(self, folder: Path):
        try:
            yield
        except Exception as error:
            told = _why_not_written(error)
            if told is None:
                raise
            raise UserError(f"cannot be written ({told}); is the disk full?", file=folder) from error


def write_for_all_releases(folder: Path) -> None:
    """Gives a saved tokenizer's class and extra tokens the names that transformers 4 knows too; transformers 5 reads both.

    The tokens themselves are in tokenizer.json in either release.
    """
    file = folder / "tokenizer_config.json"
    fields = json.loads(file.read_text(encoding="utf-8"))
    if fields["tokenizer_class"] == "TokenizersBackend":
        fields["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(fields.get("extra_special_tokens"), list):
        fields["additional_special_tokens"] = fields.pop("extra_special_tokens")
    file.write_text(json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _why_not_written(error: Exception) -> str | None:
    """What an error says about a file that cannot be written; None where it is about something else."""
    told = first_line(error)
    # The libraries in Rust, tokenizers and safetensors, have errors of their own with the system's words in them.
    if isinstance(error, SafetensorError) or OS_ERROR.search(told):
        return told
    if isinstance(error, RuntimeError):
        files = {Path(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(error.__traceback__)}
        # torch says what failed in words of its own code.
        return "torch could not write all of a file" if Path(torch.serialization.__file__) in files else None
    return told if isinstance(error, OSError) and error.errno == errno.ENOSPC else None

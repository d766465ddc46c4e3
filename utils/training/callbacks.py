"""What happens between the steps of a training."""

from __future__ import annotations

from transformers import TrainerCallback
from transformers.trainer_utils import IntervalStrategy


class SaveAfterEvaluation(TrainerCallback):
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

"""What happens between the steps of a training."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_utils import IntervalStrategy

from ..errors import Stopped


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


class SaveWhenTerminated(TrainerCallback):
    """On SIGTERM, which comes before a machine is taken away, has a checkpoint saved after the step and ends the run.

    transformers' own way (`enable_jit_checkpoint`) saves between a step's random numbers and its update, each process for
    itself, and then writes the results of a training that was cut off as if they were those of a whole one.

    Args:
        agree: tells whether something is true in any process of the run.
        further: gives the words for how to go on.
    """

    def __init__(self, agree: Callable[[bool], bool], further: Callable[[], str]):
        self.agree, self.further = agree, further
        self.told = self.ending = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """While this lasts, SIGTERM ends the run after a step and not at once."""
        if threading.current_thread() is not threading.main_thread():  # no other may listen
            yield
            return
        before = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, self._hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
        if self.agree(self.told):  # after the last step
            raise self._stopped()

    def _hear(self, number: int, frame: Any) -> None:
        self.told = True

    def _stopped(self) -> Stopped:
        for number in (signal.SIGTERM, signal.SIGINT):  # a launcher may tell its processes again
            signal.signal(number, signal.SIG_IGN)
        return Stopped(signal.SIGTERM, self.further())

    def on_step_end(self, args, state, control, **kwargs):
        self.ending = self.agree(self.told)
        if self.ending and args.save_only_model:  # no run could go on from there
            raise self._stopped()
        control.should_save = control.should_save or self.ending

    def on_evaluate(self, args, state, control, **kwargs):
        self.on_step_end(args, state, control)  # an evaluation takes long, and the next step would come on top

    def on_save(self, args, state, control, **kwargs):
        if self.ending:
            raise self._stopped()

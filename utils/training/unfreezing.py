"""The head first, then all: an encoder that is frozen when a training begins, and trained from some step on."""

from __future__ import annotations

import logging
import math

import torch
from transformers import TrainerCallback

from ..errors import UserError

logger = logging.getLogger(__name__)


class UnfreezeEncoder(TrainerCallback):
    """Has the encoder trained from the end of some epoch or share of all steps on, also in a run that is resumed.

    All its parameters are in the optimizer, and in what several processes exchange, from the beginning: they have no gradient until
    then, so that neither the optimizer nor weight decay moves them, and their optimizer state begins with their first gradient.

    Args:
        encoder: of the model that is trained.
        after: epochs, or below 1 a share of all steps.
    """

    def __init__(self, encoder: torch.nn.Module, after: float):
        self.encoder, self.after = encoder, after
        self.step = 0

    def on_train_begin(self, args, state, control, train_dataloader, **kwargs):
        """Freezes the encoder, unless the steps that it is frozen for are done.

        Raises:
            UserError: these are all steps.
        """
        steps_in_epoch = math.ceil(len(train_dataloader) / args.gradient_accumulation_steps)
        self.step = math.ceil(self.after * (state.max_steps if self.after < 1 else steps_in_epoch))
        if self.step >= state.max_steps:
            what = f"--unfreeze_after {self.after:g}: the training ends after {state.max_steps} steps"
            raise UserError(
                f"{what}, {state.max_steps / steps_in_epoch:g} epochs; --freeze_encoder trains the head alone"
            )
        # Not before: only parameters that could have gradients now are exchanged between processes.
        self.encoder.requires_grad_(state.global_step >= self.step)
        logger.info("the encoder is frozen for the first %d of %d steps", self.step, state.max_steps)

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            self.encoder.requires_grad_(True)

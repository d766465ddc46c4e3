"""The loss of an evaluation: summed over all labels and divided by their number, however the rows fall into batches."""

from __future__ import annotations

import math
from typing import Any

import torch
from transformers import EvalPrediction, Trainer

from ..arguments import HeadTrainingArguments
from .finite import not_finite

# Batches whose outputs wait to be put behind those before them: of each by itself all would be copied once per batch.
STEPS_APART = 256


class SummingTrainer(Trainer):
    """`Trainer` whose `eval_loss` and `predict_loss` are sums over labels divided by their number.

    Trainer's own is a mean over batches, in which a label counts for more where there are few of them: it moves with the batch
    size and the number of processes, and `load_best_model_at_end` with it.

    Attributes:
        loss_labels: the number of labels that the last evaluation's loss was taken over.
    """

    args: HeadTrainingArguments
    loss_labels: float = 0.0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._count: Any = None  # of the last batch's labels
        self._sums: list[
            torch.Tensor
        ] = []  # rows of two, one for each batch: its loss times its labels, and their number
        if "start_positions" in self.label_names:
            self.model.head.register_forward_hook(_close_padding)

    def _get_num_items_in_batch(self, batch_samples, device):
        # Question answering has two columns of labels and none called "labels": its items are windows.
        counted = [
            {"labels": batch["start_positions"]} if "start_positions" in batch else batch for batch in batch_samples
        ]
        self._count = super()._get_num_items_in_batch(counted, device)
        # Where there is no label the loss is 0, not 0 / 0.
        return self._count.clamp(min=1) if isinstance(self._count, torch.Tensor) else self._count

    def evaluation_loop(
        self, dataloader, description, prediction_loss_only=None, ignore_keys=None, metric_key_prefix="eval"
    ):
        self._sums, self.loss_labels = [], 0.0
        # Each process divides by its own labels; one process with several GPUs by those of all of them.
        average, apart = self.args.average_tokens_across_devices, self.args.eval_accumulation_steps
        self.args.eval_accumulation_steps = apart or STEPS_APART
        self.args.average_tokens_across_devices = self.args.world_size == 1
        compute, self.compute_metrics = self.compute_metrics, self._after_loss(self.compute_metrics)
        try:
            output: Any = super().evaluation_loop(
                dataloader, description, prediction_loss_only, ignore_keys, metric_key_prefix
            )
        finally:
            self.args.average_tokens_across_devices, self.args.eval_accumulation_steps = average, apart
            self.compute_metrics = compute
        if self._sums:
            output.metrics[f"{metric_key_prefix}_loss"] = self._mean_loss()
        return output

    def _after_loss(self, compute: Any) -> Any:
        """What computes the scores, once it is sure that the loss is a number."""
        if compute is None:
            return None

        def computed(output: EvalPrediction) -> dict[str, float]:
            if self._sums:
                self._mean_loss()
            return compute(output)

        return computed

    def _mean_loss(self) -> float:
        total = torch.cat(self._sums).cpu().double().sum(dim=0)
        if self.args.world_size > 1:
            every: Any = self.accelerator.gather(total.to(self.args.device).unsqueeze(0))
            total = every.cpu().sum(dim=0)
        loss, self.loss_labels = (total[0] / total[1]).item(), total[1].item()
        if not math.isfinite(loss):
            place = f" after step {self.state.global_step}" if self.args.do_train else ""
            raise not_finite(f"the loss of the evaluation{place} is {loss}", self.args)
        return loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        loss, logits, labels = super().prediction_step(model, inputs, prediction_loss_only, ignore_keys)
        if loss is not None:
            mean, rows = loss, len(inputs["input_ids"])
            real = self._real_rows(rows)
            # The last batch of several processes is filled up with rows that are counted already. All of them compute its loss
            # again, also where all rows are real: where weights are divided between processes, each takes part in a forward.
            if self._is_filled_up(rows):
                own = {name: values[: max(real, 1)] for name, values in inputs.items()}
                mean, _, _ = super().prediction_step(model, own, True, ignore_keys)
            count = self._count.flatten()[0].to(mean)  # several GPUs are given it once each
            self._sums.append(torch.stack([mean * count, count]).unsqueeze(0) if real else mean.new_zeros(1, 2))
            if len(self._sums) == STEPS_APART:  # a tensor of two numbers takes the memory of a hundred
                self._sums = [torch.cat(self._sums)]
        return loss, logits, labels

    def _is_filled_up(self, rows: int) -> bool:
        """Whether any process has rows in the current batch, of `rows` in each, that are there to fill it up."""
        state, processes = self.accelerator.gradient_state, self.args.world_size
        return processes > 1 and state.end_of_dataloader and 0 < state.remainder < rows * processes

    def _real_rows(self, rows: int) -> int:
        """How many of this process's rows in the current batch are not there to fill it up."""
        if not self._is_filled_up(rows):
            return rows
        return min(max(self.accelerator.gradient_state.remainder - self.args.process_index * rows, 0), rows)


def _close_padding(head: torch.nn.Module, inputs: tuple[torch.Tensor, ...], logits: torch.Tensor) -> torch.Tensor:
    """Keeps padding out of the softmax over an evaluated window's tokens, where its width would change the loss.

    Args:
        inputs: hidden states (B, T, H) and attention mask (B, T).
        logits: (B, T, 2).
    """
    if head.training:  # as in transformers, where padding weighs in
        return logits
    return logits.masked_fill((inputs[1] == 0).unsqueeze(-1), torch.finfo(logits.dtype).min)

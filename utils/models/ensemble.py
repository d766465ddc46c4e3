"""Several trained models that answer as one: the mean of their probabilities.

Letters in shapes: M models, B sequences of T tokens, C classes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast
from transformers.modeling_outputs import SequenceClassifierOutput

from heads.crf import best_sequences, scheme_chain
from heads.losses import class_loss, label_count
from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import ModelArguments
from ..errors import UserError
from ..files import listed
from .configuration import load_config
from .loading import build_model, load_tokenizer


class Ensemble(nn.Module):
    """Models with the same labels and the same inputs. Its logits are those that have the mean of their probabilities.

    For tags that are decided together they are the logits of all models side by side, (B, T, M * C): `decode` then averages
    how likely each tag is in its sentence.
    """

    accepts_loss_kwargs = True  # as the members: exact losses

    def __init__(self, members: Sequence[HeadedEncoderPreTrainedModel]):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.configs: list[Any] = [member.config for member in members]
        self.config = self.configs[0]
        self.decodes = any(getattr(member, "decodes", False) for member in members)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> SequenceClassifierOutput:
        """Logits, and the loss of the mean where there are labels; of tags that are decided together the mean of the losses.

        Args:
            input_ids, attention_mask, token_type_ids: (B, T).
            labels, num_items_in_batch: as for the members.
        """
        inputs: dict[str, Any] = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "token_type_ids": token_type_ids,
        }
        if self.decodes:
            inputs |= {"labels": labels, "num_items_in_batch": num_items_in_batch}
        outputs = [member(**inputs) for member in self.members]
        each = torch.stack([output.logits.float() for output in outputs])
        if self.decodes:
            loss = None if labels is None else torch.stack([output.loss for output in outputs]).mean()
            return SequenceClassifierOutput(loss, torch.cat([*each], dim=-1))
        logits = mean_logits(each, self.config.problem_type)
        loss = None
        if labels is not None:
            kind = self.config.problem_type
            items = label_count(labels, kind) if num_items_in_batch is None else num_items_in_batch
            loss = class_loss(logits, labels, kind) / items
        return SequenceClassifierOutput(loss, logits)

    @property
    def head(self) -> nn.Module:
        """That of the first model, which says what losses it takes."""
        first: Any = self.members[0]
        return first.head

    def decode(self, logits: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tags by the mean over models of how likely each is in its sentence, the best sequence where the scheme binds.

        Args:
            logits: (B, L, M * C), of the tokens of a sentence that have a tag.
            mask: (B, L), 1 for tokens, on the left, and 0 for padding after them.

        Returns:
            tags (B, L) int64, and the logarithms of these means, (B, L, C).
        """
        members: Any = self.members
        each = logits.chunk(len(members), dim=-1)
        marginals = [member.decode(own, mask)[1] for member, own in zip(members, each, strict=True)]
        mean = mean_logits(torch.stack(marginals), None)
        if self.config.decoding == "constrained":
            return best_sequences(mean, mask, scheme_chain(self.config.label_names)), mean
        return mean.argmax(dim=-1), mean


def mean_logits(logits: torch.Tensor, problem_type: str | None) -> torch.Tensor:
    """Logits (..., C) whose probabilities are the mean of those of logits (M, ..., C); of scores, the mean of the scores."""
    if problem_type == "regression":
        return logits.mean(dim=0)
    if problem_type == "multi_label_classification":  # by the logarithms: a mean near 1 has a finite logit as well
        return F.logsigmoid(logits).logsumexp(dim=0) - F.logsigmoid(-logits).logsumexp(dim=0)
    return logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(logits))


def load_ensemble(
    runs: Sequence[str], arguments: ModelArguments, model_class: type[HeadedEncoderPreTrainedModel]
) -> tuple[Ensemble, PreTrainedTokenizerFast]:
    """The models of several runs as one, and the tokenizer that they share. What each was calibrated to is dropped.

    Args:
        runs: folders or Hub ids of checkpoints.

    Raises:
        UserError: one cannot be loaded, or has other labels, answers or tokens than the first.
    """
    members, tokenizers = [], []
    for run in runs:
        own = replace(arguments, model_name_or_path=run)
        config = load_config(own, model_class, False, calibrate=True)  # first: it says best that this is no checkpoint
        tokenizers.append(load_tokenizer(own))
        members.append(build_model(model_class, own, config, tokenizers[-1], {}))
    first, *others = members
    for run, member, tokenizer in zip(runs[1:], others, tokenizers[1:], strict=True):
        names, own_names = (one.config.label_names for one in (first, member))
        if names != own_names:
            raise UserError(
                f"{run} has the labels {listed(own_names)}, {runs[0]} has {listed(names)}: no mean of the two"
            )
        if first.config.problem_type != member.config.problem_type:
            own_kind, kind = (str(one.config.problem_type).replace("_", " ") for one in (member, first))
            raise UserError(f"{run} is for {own_kind}, {runs[0]} for {kind}: no mean of the two")
        if _reading(tokenizer) != _reading(tokenizers[0]):
            raise UserError(f"{run} has another tokenizer than {runs[0]}, and an ensemble reads the same tokens")
    return Ensemble(members), tokenizers[0]


def _reading(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """How a tokenizer reads a text, whatever length it was last used with."""
    fields = json.loads(tokenizer.backend_tokenizer.to_str())
    return {name: value for name, value in fields.items() if name not in ("padding", "truncation")}

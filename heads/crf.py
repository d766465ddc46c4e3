"""Tags of a sentence as a chain: which may follow which, the best sequence, and how likely each tag is.

Letters in shapes: B sequences of L tokens that have a tag, C tags. What a model says of such a token, its logits, are called
emissions here, as usual. Sums are taken in float32 whatever the model computes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from .masking import move, real_tokens_first
from .tag_marks import SCHEMES, Marks, split_tag


class Chain(NamedTuple):
    """What a sequence of tags scores in addition to its emissions; -inf where it is forbidden.

    Attributes:
        start: (C,), a tag as the first one.
        between: (C, C), from a tag to the next.
        end: (C,), a tag as the last one.
    """

    start: torch.Tensor
    between: torch.Tensor
    end: torch.Tensor


def free_chain(tags: int) -> Chain:
    """The chain in which all sequences are allowed and none scores more than another."""
    return Chain(torch.zeros(tags), torch.zeros(tags, tags), torch.zeros(tags))


def scheme_chain(names: Sequence[str]) -> Chain:
    """The chain of the sequences that a scheme of entities allows: 0, or -inf where it forbids one.

    The scheme is the one with the fewest marks that has all of the tags' own: IOB2, or, where entities have a last token of
    their own, BIOES, BILOU, BMEWO, BMES or BIEO. Marks stand before or after the type.

    Args:
        names: of the tags by index, with `O` for what is no entity.

    Raises:
        ValueError: these tags mark no entities, or not where one begins.
    """
    split, scheme = split_tags(names)
    going_on = {(one, next_one) for one in (scheme.first, scheme.inside) for next_one in (scheme.inside, scheme.last)}
    first_marks, last_marks = {"", scheme.first, scheme.only}, {"", scheme.last, scheme.only}
    chain = free_chain(len(names))
    for i, (mark, kind) in enumerate(split):
        chain.start[i] = 0.0 if mark in first_marks else -torch.inf
        chain.end[i] = 0.0 if mark in last_marks else -torch.inf
        for j, (next_mark, next_kind) in enumerate(split):
            one_entity = kind == next_kind and (mark, next_mark) in going_on
            if not one_entity and not (mark in last_marks and next_mark in first_marks):
                chain.between[i, j] = -torch.inf
    return chain


def split_tags(names: Sequence[str]) -> tuple[list[tuple[str, str]], Marks]:
    """Mark and type of every tag, both empty for `O`, and the scheme's marks; raises ValueError as `scheme_chain`."""
    for suffix in (False, True):
        split = [("", "") if name == "O" else split_tag(name, suffix) for name in names]
        marks = {one[0] for one in split if one is not None and one[0]}
        # Without its tags for last tokens a scheme could end no entity but of one token.
        known = [scheme for scheme in SCHEMES.values() if scheme.first == "B" and marks <= scheme.all]
        fitting = [scheme for scheme in known if scheme.only == "B" or scheme.last in marks]
        if None not in split and "O" in names and "B" in marks and fitting:
            return [one for one in split if one is not None], min(fitting, key=lambda scheme: len(scheme.all))
    raise ValueError(f"tags such as {', '.join(names[:4])} say nothing of what may follow what; B-X, I-X and O do")


def best_sequences(emissions: torch.Tensor, mask: torch.Tensor, chain: Chain) -> torch.Tensor:
    """The tags of the sequences with the highest scores, by Viterbi's algorithm.

    Args:
        emissions: (B, L, C).
        mask: (B, L), 1 for tokens, on the left, and 0 for padding after them.

    Returns:
        (B, L) int64; 0 at padding.
    """
    emissions, mask = _readable(emissions, mask)
    chain = Chain(*(scores.to(emissions) for scores in chain))
    stay = torch.arange(emissions.shape[2], device=emissions.device).expand(emissions.shape[0], -1)
    scores = chain.start + emissions[:, 0]  # (B, C): of the best sequences up to here, by their last tag
    came_from = []
    for t in range(1, emissions.shape[1]):
        best, previous = (scores.unsqueeze(2) + chain.between).max(dim=1)
        scores = torch.where(mask[:, t, None], best + emissions[:, t], scores)
        came_from.append(torch.where(mask[:, t, None], previous, stay))
    tags = [(scores + chain.end).argmax(dim=1, keepdim=True)]
    for previous in reversed(came_from):
        tags.append(previous.gather(1, tags[-1]))
    return torch.cat(tags[::-1], dim=1).masked_fill(~mask, 0)


def log_marginals(emissions: torch.Tensor, mask: torch.Tensor, chain: Chain) -> torch.Tensor:
    """How likely each tag of each token is over all sequences that are allowed, by the forward-backward algorithm.

    Args:
        emissions: (B, L, C).
        mask: (B, L), 1 for tokens, on the left, and 0 for padding after them.

    Returns:
        log-probabilities (B, L, C) in float32; what stands at padding means nothing.
    """
    emissions, mask = _readable(emissions, mask)
    chain = Chain(*(scores.to(emissions) for scores in chain))
    forward = torch.stack(_forward_scores(emissions, mask, chain), dim=1)  # (B, L, C)
    backward = [chain.end.expand(emissions.shape[0], -1)]
    for t in range(emissions.shape[1] - 1, 0, -1):
        step = (chain.between + (emissions[:, t] + backward[-1]).unsqueeze(1)).logsumexp(dim=2)
        backward.append(torch.where(mask[:, t, None], step, backward[-1]))
    scores = forward + torch.stack(backward[::-1], dim=1)
    return scores - scores.logsumexp(dim=-1, keepdim=True)


def _readable(emissions: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Emissions in float32, 0 at padding, which may hold anything; and the mask as bools."""
    mask = mask.bool()
    return emissions.float().masked_fill(~mask.unsqueeze(-1), 0.0), mask


def _forward_scores(emissions: torch.Tensor, mask: torch.Tensor, chain: Chain) -> list[torch.Tensor]:
    """For each of the L tokens (B, C): log of the sum over all sequences up to it that end with a tag."""
    scores = [chain.start + emissions[:, 0]]
    for t in range(1, emissions.shape[1]):
        step = (scores[-1].unsqueeze(2) + chain.between).logsumexp(dim=1) + emissions[:, t]
        scores.append(torch.where(mask[:, t, None], step, scores[-1]))
    return scores


class CRF(nn.Module):
    """A linear-chain conditional random field over the tokens that have a label (Lafferty et al. 2001).

    Its parameters say how much each tag wants each other one to follow. First and last tags have no scores of their own:
    the encoder sees where a text begins and ends, and a window of a long one begins and ends anywhere. Forbidden transitions
    have no part in the loss, as in AllenNLP: what is written in a training file is possible, if wrong.

    Args:
        num_labels: C.
    """

    def __init__(self, num_labels: int):
        super().__init__()
        # At zero the loss is the cross-entropy of each token on its own.
        self.transitions = nn.Parameter(torch.zeros(num_labels, num_labels))

    def chain(self) -> Chain:
        """The scores as they are now."""
        free = free_chain(len(self.transitions))
        return free._replace(between=self.transitions.detach().float().cpu())

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The negative log-likelihood of labels (B, T), summed over the sequences.

        Tokens without a label (-100) stand outside of the chain: those on their sides are neighbours.

        Args:
            logits: (B, T, C).
        """
        labelled = labels != -100
        order = real_tokens_first(labelled)
        longest = int(labelled.sum(dim=1).max().clamp(min=1))
        emissions, mask = _readable(move(logits, order)[:, :longest], move(labelled, order)[:, :longest])
        tags = move(labels, order)[:, :longest].masked_fill(~mask, 0)
        transitions = self.transitions.float()
        pairs = transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~mask[:, 1:], 0.0)
        gold = emissions.gather(2, tags.unsqueeze(-1)).squeeze(-1).sum(dim=1) + pairs.sum(dim=1)
        nothing = transitions.new_zeros(len(transitions))
        every = _forward_scores(emissions, mask, Chain(nothing, transitions, nothing))[-1].logsumexp(dim=1)
        # The last term: several processes wait for the gradient of every parameter, also where no token has a neighbour.
        return (every - gold).masked_fill(~mask[:, 0], 0.0).sum() + 0.0 * transitions.sum()

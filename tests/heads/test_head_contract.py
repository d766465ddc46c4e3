"""What every head in HEADS promises: padding and batch-mates never change a result, for any task, encoder and dtype."""

import contextlib

import pytest
import torch
from tiny import answers, pad, perturb, tiny_config, tiny_model, tiny_sequences

from heads import HEADS

SEQUENCES = tiny_sequences(7, 1, 2, 12, 4)
ARRANGEMENTS = {
    "right-padded": {},
    "more padding": {"extra": 6},
    "garbage in the padding": {"extra": 3, "garbage": True},
    "left-padded": {"side": "left"},
    "left-padded with garbage": {"side": "left", "extra": 3, "garbage": True},
    "padded on both sides": {"side": "both", "extra": 5, "garbage": True},
}
# Relative to the largest logit, or to 1 where all are smaller. A shape with more padding may sum in another order. In
# fp32 that costs some 1e-6; in bf16 a number has 8 significant bits, 2**-7 from one to the next, and a hidden state
# rounded the other way moves a logit by a few such steps: 1.2 % was seen, 3.1 % allowed. The last test of this file shows
# that what a leak would do is far larger.
TOLERANCES = {"fp32": 1e-5, "bf16": 2**-5, "bf16 autocast": 2**-5}


def trained(*arguments):
    """A tiny model as training leaves it: no bias is zero, and one that is would hide a window full of padding."""
    return perturb(tiny_model(*arguments))


@contextlib.contextmanager
def in_precision(model, precision: str):
    model.to(torch.bfloat16 if precision == "bf16" else torch.float32)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16 autocast"):
        yield


def answers_alone(model, pad_token_id: int = 0) -> list[torch.Tensor]:
    """The answers to each sequence on its own, without padding and without a mask."""
    results = []
    for sequence in SEQUENCES:
        batch = pad([sequence], pad_token_id)
        del batch["attention_mask"]
        results.append(answers(model, batch)[0].float())
    return results


def assert_same_in_batch(
    model, alone: list[torch.Tensor], tolerance: float, pad_token_id: int = 0, order=None, **arrangement
) -> None:
    """Compares with the answers in a batch, those of tokens at the tokens' own positions."""
    order = order or range(len(SEQUENCES))
    batch = pad([SEQUENCES[index] for index in order], pad_token_id, **arrangement)
    result = answers(model, batch).float()
    if model.per_token:
        together = [row[mask == 1] for row, mask in zip(result, batch["attention_mask"], strict=True)]
    else:
        together = list(result)
    scale = max(1.0, *(wanted.abs().max().item() for wanted in alone))
    for found, index in zip(together, order, strict=True):
        torch.testing.assert_close(found, alone[index], atol=tolerance * scale, rtol=0)


@pytest.mark.parametrize("precision", TOLERANCES)
def test_padding_never_changes_a_result(head, task, precision):
    model = trained(task, head)
    with in_precision(model, precision):
        alone = answers_alone(model)
        for arrangement in ARRANGEMENTS.values():
            assert_same_in_batch(model, alone, TOLERANCES[precision], **arrangement)


@pytest.mark.parametrize("precision", TOLERANCES)
def test_batch_mates_and_their_order_never_change_a_result(head, task, precision):
    model = trained(task, head)
    with in_precision(model, precision):
        alone = answers_alone(model)
        for order in ([4, 3, 2, 1, 0], [1], [0, 1], [3, 1, 1, 1]):
            assert_same_in_batch(model, alone, TOLERANCES[precision], order=order)


def test_padding_never_changes_a_result_of_any_encoder(family, head, task):
    config = tiny_config(family)
    model = trained(task, head, config)
    alone = answers_alone(model, config.pad_token_id)
    for arrangement in ARRANGEMENTS.values():
        assert_same_in_batch(model, alone, TOLERANCES["fp32"], config.pad_token_id, **arrangement)


def test_no_attention_mask_means_that_all_tokens_are_real(head, task):
    model = trained(task, head)
    batch = pad(tiny_sequences(5, 5, 5))
    with_mask = answers(model, batch)
    del batch["attention_mask"]
    assert torch.equal(answers(model, batch), with_mask)


def test_a_mask_of_bools_is_a_mask(head, task):
    model = trained(task, head)
    batch = pad(SEQUENCES, side="left")
    wanted = answers(model, batch)
    batch["attention_mask"] = batch["attention_mask"].bool()
    assert torch.equal(answers(model, batch), wanted)


def test_sequences_of_one_token(head, task):
    model = trained(task, head)
    batch = pad(tiny_sequences(1, 1, 1))
    result = answers(model, batch)
    assert result.shape == {"seq_cls": (3, 3), "token_cls": (3, 1, 3), "qa": (3, 1, 2)}[task]
    assert result.isfinite().all()
    assert not torch.equal(result[0], result[1])


def test_embeddings_in_place_of_ids(family, task):
    config = tiny_config(family)
    model = trained(task, next(iter(HEADS)), config)
    for side in ("right", "left"):
        batch = pad(SEQUENCES, config.pad_token_id, side=side)
        wanted = answers(model, batch)
        batch["inputs_embeds"] = model.get_input_embeddings()(batch.pop("input_ids")).detach()
        found = answers(model, batch)
        if model.per_token:
            wanted, found = (values[batch["attention_mask"] == 1] for values in (wanted, found))
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("per_token", [False, True])
@pytest.mark.parametrize("filling", [float("nan"), float("inf"), 1e4])
def test_a_head_never_reads_padded_hidden_states(head, per_token, filling):
    torch.manual_seed(0)
    module = HEADS[head](hidden_size=16, num_labels=3, per_token=per_token).eval()
    lengths = torch.tensor([4, 1, 6])
    mask = (torch.arange(8) < lengths.unsqueeze(1)).long()
    hidden_states = torch.randn(3, 8, 16)
    logits = []
    for value in (0.0, filling):
        with torch.no_grad():
            result = module(hidden_states.masked_fill(mask.unsqueeze(-1) == 0, value), mask)
        logits.append(result[mask == 1] if per_token else result)
    assert torch.equal(*logits)


@pytest.mark.parametrize("per_token", [False, True])
def test_a_head_leaves_its_inputs_alone(head, per_token):
    module = HEADS[head](hidden_size=16, num_labels=3, per_token=per_token)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    hidden_states = torch.randn(2, 3, 16)
    before = hidden_states.clone(), mask.clone()
    module(hidden_states, mask)
    assert torch.equal(hidden_states, before[0]) and torch.equal(mask, before[1])


def test_a_leak_would_be_seen(family, head, task):
    """The tolerances mean something: reading padding changes a result by several times what they allow."""
    config = tiny_config(family)
    model = trained(task, head, config)
    batch = pad(SEQUENCES, config.pad_token_id, extra=3, garbage=True)
    mask = batch["attention_mask"]
    wanted, leaked = answers(model, batch), answers(model, batch | {"attention_mask": torch.ones_like(mask)})
    if model.per_token:
        wanted, leaked = wanted[mask == 1], leaked[mask == 1]
    scale = max(1.0, wanted.abs().max().item())
    assert (leaked - wanted).abs().max() > 4 * TOLERANCES["bf16"] * scale

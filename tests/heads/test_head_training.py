"""What every head in HEADS promises in training: gradients, exact accumulation, checkpointing, the same curve again."""

import pytest
import torch
from tiny import pad, tiny_config, tiny_labels, tiny_model, tiny_sequences
from transformers import set_seed

SEQUENCES = tiny_sequences(7, 3, 9, 5)


def labelled(task: str, sequences=SEQUENCES, **arrangement) -> dict[str, torch.Tensor]:
    batch = pad(sequences, **arrangement)
    return batch | tiny_labels(task, batch["attention_mask"])


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def test_every_parameter_gets_a_gradient(family, head, task):
    """Distributed training stops at a parameter without one."""
    config = tiny_config(family)
    model = tiny_model(task, head, config).train()
    model(**labelled(task, pad_token_id=config.pad_token_id)).loss.backward()
    for name, gradient in gradients(model).items():
        assert gradient is not None, name
        assert gradient.isfinite().all(), name
        if name.startswith("head.") and gradient.dim() > 1:  # a bias on all positions alike does not move an answer
            assert gradient.abs().sum() > 0, name


def test_every_parameter_gets_a_gradient_from_single_tokens(head, task):
    model = tiny_model(task, head).train()
    batch = labelled(task, tiny_sequences(1, 1))
    if task == "qa":  # one position: its probability is 1 whatever the weights are
        batch |= {name: torch.zeros(2).long() for name in ("start_positions", "end_positions")}
    loss = model(**batch).loss
    loss.backward()
    assert loss.isfinite()
    for name, gradient in gradients(model).items():
        assert gradient is not None and gradient.isfinite().all(), name


def test_same_seed_same_loss_curve(head, task):
    batch = labelled(task)

    def curve(seed: int) -> list[float]:
        model = tiny_model(task, head, seed=seed).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
        losses = []
        for _ in range(5):
            loss = model(**batch).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    first = curve(seed=0)
    assert curve(seed=0) == first
    assert curve(seed=1) != first
    assert first[-1] < first[0]


def test_parts_of_a_batch_add_up_to_the_whole(head, task):
    model = tiny_model(task, head)  # without dropout
    batch = labelled(task)
    items = (batch["labels"] != -100).sum() if "labels" in batch else torch.tensor(len(SEQUENCES))

    whole = model(**batch).loss
    whole.backward()
    wanted = gradients(model)
    model.zero_grad()

    total = 0.0
    for part in (slice(0, 1), slice(1, None)):
        loss = model(**{name: values[part] for name, values in batch.items()}, num_items_in_batch=items).loss
        loss.backward()
        total += loss.item()
    assert total == pytest.approx(whole.item(), abs=1e-6)
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, wanted[name], atol=1e-5, rtol=1e-4, msg=name)


def test_number_of_items_divides_the_summed_loss(task):
    model = tiny_model(task, "dense")
    batch = labelled(task)
    mean, one = model(**batch).loss.item(), model(**batch, num_items_in_batch=1).loss.item()
    items = (batch["labels"] != -100).sum().item() if "labels" in batch else len(SEQUENCES)
    assert one == pytest.approx(mean * items, rel=1e-5)
    assert model(**batch, num_items_in_batch=torch.tensor(7)).loss.item() == pytest.approx(one / 7, rel=1e-5)
    assert model.accepts_loss_kwargs  # else Trainer would not pass it


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable` is deprecated:FutureWarning")
@pytest.mark.parametrize("reentrant", [True, False])
def test_gradient_checkpointing_gives_the_same_gradients(head, task, reentrant):
    batch = labelled(task)
    results = []
    for checkpointing in (False, True):
        model = tiny_model(task, head).train()
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": reentrant})
            model.enable_input_require_grads()  # as Trainer does; a reentrant checkpoint needs it
            assert any(getattr(module, "gradient_checkpointing", False) for module in model.encoder.modules())
        set_seed(3)
        loss = model(**batch).loss
        loss.backward()
        results.append((loss, gradients(model)))
    (loss, wanted), (same_loss, found) = results
    assert torch.equal(loss, same_loss)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-7, rtol=0, msg=name)


def test_loss_is_computed_in_full_precision(head, task):
    model = tiny_model(task, head).to(torch.bfloat16)
    output = model(**labelled(task))
    assert output.loss.dtype == torch.float32
    assert (output.start_logits if task == "qa" else output.logits).dtype == torch.bfloat16


@pytest.mark.parametrize("side", ["left", "both"])
def test_loss_of_tokens_follows_them_to_the_left_padded_positions(head, side):
    model = tiny_model("token_cls", head)
    batch = labelled("token_cls")
    wanted = model(**batch).loss
    moved = pad(SEQUENCES, side=side, extra=2)
    labels = torch.full_like(moved["input_ids"], -100)
    labels[moved["attention_mask"] == 1] = batch["labels"][batch["attention_mask"] == 1]
    torch.testing.assert_close(model(**moved, labels=labels).loss, wanted, atol=1e-6, rtol=0)

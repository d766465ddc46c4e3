"""What a sequence head reads: each pooling by hand, and the contract of heads for all of them; several layers of the encoder."""

from __future__ import annotations

import pytest
import test_head_contract as contract
import torch
from tiny import TASKS, answers, pad, run_elsewhere, tiny_config, tiny_labels, tiny_model, tiny_sequences

from heads import HEADS
from heads.pooling import POOLINGS, LayerMix, Pooling

SEQUENCES = tiny_sequences(7, 3, 9, 5)


@pytest.fixture(params=POOLINGS)
def pooling(request, monkeypatch) -> str:
    """A head in HEADS for each, so that the contract's own tests run on it."""

    class Pooled(HEADS["dense"]):
        def __init__(self, hidden_size: int, num_labels: int, per_token: bool, dropout: float = 0.1):
            super().__init__(hidden_size, num_labels, per_token, pooling=request.param, dropout=dropout)

    monkeypatch.setitem(HEADS, f"dense-{request.param}", Pooled)
    return f"dense-{request.param}"


def encoder_states(model, pad_token_id: int):
    """The hidden states of all layers, those of the last one as the encoder gives it, and where tokens are; padded on the right."""
    batch = pad(SEQUENCES, pad_token_id)
    inputs = {name: batch[name] for name in batch if name in model.encoder_inputs}
    with torch.no_grad():
        layers = model.encoder(**inputs, output_hidden_states=True).hidden_states
        last = model.encoder(**inputs).last_hidden_state
    return layers, last, batch["attention_mask"] == 1


def test_keeps_the_contract(pooling):
    for precision in ("fp32", "bf16", "bf16 autocast"):
        contract.test_padding_never_changes_a_result(pooling, "seq_cls", precision)
    contract.test_batch_mates_and_their_order_never_change_a_result(pooling, "seq_cls", "fp32")
    contract.test_no_attention_mask_means_that_all_tokens_are_real(pooling, "seq_cls")
    contract.test_sequences_of_one_token(pooling, "seq_cls")
    for filling in (float("nan"), float("inf"), 1e4):
        contract.test_a_head_never_reads_padded_hidden_states(pooling, False, filling)
    contract.test_a_head_leaves_its_inputs_alone(pooling, False)
    model = tiny_model("seq_cls", pooling).train()
    batch = pad(SEQUENCES)
    model(**batch, **tiny_labels("seq_cls", batch["attention_mask"])).loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_by_hand():
    states = torch.tensor([[[1.0, -8.0], [3.0, -2.0], [99.0, 99.0]], [[-5.0, 2.0], [99.0, 99.0], [99.0, 99.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    expected = {
        "cls": [[1.0, -8.0], [-5.0, 2.0]],
        "mean": [[2.0, -5.0], [-5.0, 2.0]],
        "max": [[3.0, -2.0], [-5.0, 2.0]],
        "cls_mean": [[1.0, -8.0, 2.0, -5.0], [-5.0, 2.0, -5.0, 2.0]],
        "attention": [[2.5, -3.5], [-5.0, 2.0]],  # weights 1/4 and 3/4
    }
    assert expected.keys() == set(POOLINGS)
    for kind, vectors in expected.items():
        pooling = Pooling(2, kind)
        if kind == "attention":
            pooling.score.weight.data = torch.tensor([[torch.tensor(3.0).log() / 2, 0.0]])
        assert pooling.width == len(vectors[0])
        torch.testing.assert_close(pooling(states, mask), torch.tensor(vectors))


def test_the_first_token_is_the_default():
    """No weight more, and the same numbers as ever."""
    one, other = tiny_model("seq_cls", "dense"), tiny_model("seq_cls", "dense", head_kwargs={"pooling": "cls"})
    assert set(one.state_dict()) == {f"encoder.{name}" for name in one.encoder.state_dict()} | {
        f"head.{layer}.{part}" for layer in ("dense", "out_proj") for part in ("weight", "bias")
    }
    assert torch.equal(answers(one, pad(SEQUENCES)), answers(other, pad(SEQUENCES)))
    assert not torch.equal(
        answers(one, pad(SEQUENCES)),
        answers(tiny_model("seq_cls", "dense", head_kwargs={"pooling": "mean"}), pad(SEQUENCES)),
    )


def test_what_cannot_be():
    with pytest.raises(ValueError, match="unknown pooling 'sum': choose one of cls, mean, max, cls_mean, attention"):
        tiny_model("seq_cls", "dense", head_kwargs={"pooling": "sum"})
    for task in ("token_cls", "qa"):
        with pytest.raises(
            ValueError, match="'mean' makes one vector of a sequence, and here every token has an output"
        ):
            tiny_model(task, "dense", head_kwargs={"pooling": "mean"})
    for layers in (0, 3):
        with pytest.raises(ValueError, match=f"use_last_layers must be 1 to 2, the encoder's layers, not {layers}"):
            tiny_model("seq_cls", "dense", use_last_layers=layers)
    with pytest.raises(ValueError, match="unknown combination of layers 'mean': choose one of sum, concat"):
        tiny_model("seq_cls", "dense", combine_layers="mean")


def test_saved_and_loaded(pooling, tmp_path):
    kind = pooling.removeprefix("dense-")
    model = tiny_model("seq_cls", "dense", head_kwargs={"pooling": kind}, use_last_layers=2)
    model.mix.weights.data = torch.tensor([0.3, -0.2])
    model.save_pretrained(tmp_path)
    again = TASKS["seq_cls"].from_pretrained(tmp_path)
    assert again.config.use_last_layers == 2 and again.config.head_kwargs == {"pooling": kind}
    assert torch.equal(answers(again, pad(SEQUENCES)), answers(model, pad(SEQUENCES)))


# Several layers

BESIDE = {"use_last_layers": 2, "combine_layers": "concat"}


@pytest.mark.long
def test_layers_beside_each_other_load_without_this_project(task, tmp_path):
    model = tiny_model(task, "lstm", **BESIDE)
    model.save_pretrained(tmp_path / "checkpoint")
    batch = pad(SEQUENCES)
    torch.save((batch, answers(model, batch)), tmp_path / "expected.pt")
    auto = type(model).__name__.replace("HeadedEncoderFor", "AutoModelFor")
    code = f"""
    import torch
    from transformers import {auto}
    model = {auto}.from_pretrained("checkpoint", trust_remote_code=True)
    batch, expected = torch.load("expected.pt")
    with torch.no_grad():
        output = model(**batch)
    logits = torch.stack([output.start_logits, output.end_logits], -1) if "start_logits" in output else output.logits
    assert model.config.combine_layers == "concat" and model.head.out_proj.weight.isfinite().all()
    torch.testing.assert_close(logits, expected, atol=1e-6, rtol=0)
    """
    run_elsewhere(code, tmp_path, with_project=False)


def test_layers_by_hand():
    mix = LayerMix(2)
    states = torch.tensor([[[1.0, 2.0, 5.0, 10.0]]])  # H = 2, two layers
    assert mix(states).tolist() == [[[3.0, 6.0]]]  # it begins as the mean
    mix.weights.data = torch.tensor([0.0, torch.tensor(3.0).log()])
    mix.scale.data = torch.tensor(2.0)
    torch.testing.assert_close(mix(states), torch.tensor([[[8.0, 16.0]]]))


def test_layers_are_the_encoders_last(family, task):
    """With all weight on the last one it is the model without; otherwise the head reads the sum of what the encoder gives."""
    config = tiny_config(family)
    plain, model = tiny_model(task, "cnn", config), tiny_model(task, "cnn", config, use_last_layers=2)
    assert model.state_dict().keys() - plain.state_dict().keys() == {"mix.weights", "mix.scale"}
    batch = pad(SEQUENCES, config.pad_token_id, side="left")
    real = batch["attention_mask"] == 1
    seen = []
    model.head.register_forward_hook(lambda head, inputs, logits: seen.append(inputs[0]))
    mixed, expected = answers(model, batch), answers(plain, batch)
    layers, last, mask = encoder_states(model, config.pad_token_id)
    torch.testing.assert_close(seen[0][mask], ((layers[-2] + last) / 2)[mask], atol=1e-5, rtol=0)
    model.mix.weights.data = torch.tensor([-100.0, 0.0])
    found = answers(model, batch)
    if model.per_token:
        mixed, expected, found = mixed[real], expected[real], found[real]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert not torch.allclose(mixed, expected, atol=1e-3)


def test_layers_beside_each_other_are_the_encoders_last(family, task):
    """The head reads the last two layers, the lower one first; blind to that, it is the head on the last one alone."""
    config = tiny_config(family)
    plain, model = tiny_model(task, "cnn", config), tiny_model(task, "cnn", config, **BESIDE)
    assert model.state_dict().keys() == plain.state_dict().keys()
    for name, values in plain.state_dict().items():
        own = model.state_dict()[name]
        if own.shape == values.shape:
            own.copy_(values)
        else:  # of the head, twice as wide for its input
            own.zero_()
            own[:, 16:32] = values[:, :16]
            own[:, 32:] = values[:, 16:]  # tokens: the convolutions' maps beside the state
    batch = pad(SEQUENCES, config.pad_token_id, side="left")
    real = batch["attention_mask"] == 1
    seen = []
    model.head.register_forward_hook(lambda head, inputs, logits: seen.append(inputs[0]))
    found, expected = answers(model, batch), answers(plain, batch)
    if model.per_token:
        found, expected = found[real], expected[real]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    layers, last, mask = encoder_states(model, config.pad_token_id)
    torch.testing.assert_close(seen[0][mask], torch.cat([layers[-2], last], dim=-1)[mask], atol=1e-5, rtol=0)


@pytest.mark.parametrize("combined", ["sum", "concat"])
def test_layers_keep_the_contract(combined, head, task, monkeypatch):
    def model(*arguments):
        return tiny_model(*arguments, use_last_layers=2, combine_layers=combined)

    monkeypatch.setattr(contract, "tiny_model", model)
    contract.test_padding_never_changes_a_result(head, task, "fp32")
    contract.test_padding_never_changes_a_result(head, task, "bf16")
    one = model(task, head).train()
    batch = pad(SEQUENCES)
    one(**batch, **tiny_labels(task, batch["attention_mask"])).loss.backward()
    assert all(parameter.grad is not None for parameter in one.parameters())
    if combined == "sum":
        assert one.mix.weights.grad.abs().sum() > 0 and one.mix.scale.grad.abs() > 0


@pytest.mark.parametrize("combined", ["sum", "concat"])
def test_given_hidden_states_are_those_of_all_layers(combined, task):
    model = tiny_model(task, "lstm", use_last_layers=2, combine_layers=combined)
    batch = pad(SEQUENCES)
    with torch.no_grad():
        _, states = model.encode(**batch)
    assert states.shape[-1] == 32
    given = {"attention_mask": batch["attention_mask"], "hidden_states": states}
    found, expected = answers(model, given), answers(model, batch)
    if model.per_token:
        found, expected = (values[batch["attention_mask"] == 1] for values in (found, expected))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_all_hidden_states_only_on_request():
    model = tiny_model("seq_cls", "dense", use_last_layers=2)
    assert model(**pad(SEQUENCES)).hidden_states is None
    assert len(model(**pad(SEQUENCES), output_hidden_states=True).hidden_states) == 3

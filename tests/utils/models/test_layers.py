"""Going on from the hidden states of an encoder's first layers: in every family as the whole encoder, and what is frozen for it."""

from __future__ import annotations

import pytest
import torch
from tiny import answers, pad, tiny_config, tiny_labels, tiny_model, tiny_sequences

from utils.errors import UserError
from utils.models.layers import FirstLayers

LAYERS = {
    "electra": "encoder.layer.",
    "bert": "encoder.layer.",
    "roberta": "encoder.layer.",
    "xlm-roberta": "encoder.layer.",
    "distilbert": "transformer.layer.",
    "deberta-v2": "encoder.layer.",
    "modernbert": "layers.",
}
# What stands in no layer, and what the first layers' hidden states depend on.
BELOW = ("embeddings.", "embeddings_project.", "encoder.rel_embeddings.", "encoder.LayerNorm.", "encoder.conv.")
LARGE_DEBERTA = {"conv_kernel_size": 3, "norm_rel_ebd": "layer_norm", "position_buckets": 8, "share_att_key": True}


def three_layers(family: str, **changes):
    sizes = {"num_hidden_layers": 3} | ({"n_layers": 3} if family == "distilbert" else {})
    return tiny_config(family, **sizes, **changes)


def frozen_names(model, family: str, count: int) -> set[str]:
    lower = (*BELOW, *(f"{LAYERS[family]}{number}." for number in range(count)))
    return {name for name, _ in model.encoder.named_parameters() if name.startswith(lower)}


def gradients(model, inputs: dict) -> dict[str, torch.Tensor | None]:
    model.zero_grad()
    model(**inputs).loss.backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def check(family: str, task: str, head: str, config, count: int, **reads) -> None:
    """Loss and gradients are those of the whole encoder, whose hidden states transformers names."""
    model = tiny_model(task, head, config, **reads)
    lengths = (8, 8, 8) if task == "qa" else (8, 3, 6)  # in a loss over tokens the encoder's padding weighs
    batch = pad(tiny_sequences(*lengths), config.pad_token_id)
    batch = {name: values for name, values in batch.items() if name in ("attention_mask", *model.encoder_inputs)}
    labels = tiny_labels(task, batch["attention_mask"])
    whole, logits = gradients(model, batch | labels), answers(model, batch)
    with torch.no_grad():
        layers = model.encoder(**batch, output_hidden_states=True).hidden_states
    first = FirstLayers(model, count)
    kept = max(1, count - 3 + reads.get("use_last_layers", 1))
    states = torch.cat(layers[count - kept + 1 : count + 1], dim=-1)
    real = batch["attention_mask"] == 1
    with torch.no_grad():
        torch.testing.assert_close(first.read(**batch)[real], states[real], atol=1e-6, rtol=0)
    assert {name for name, one in model.encoder.named_parameters() if not one.requires_grad} == frozen_names(
        model, family, count
    )
    states[~real] = 0.0
    found = gradients(model, batch | labels | {"hidden_states": states})
    for name, expected in whole.items():
        if name.removeprefix("encoder.") in frozen_names(model, family, count):
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], expected, atol=1e-5, rtol=1e-4, msg=name)
    given = answers(model, batch | {"hidden_states": states})
    if model.per_token:
        given, logits = given[real], logits[real]
    torch.testing.assert_close(given, logits, atol=1e-5, rtol=0)
    assert torch.equal(answers(model, batch), answers(tiny_model(task, head, config, **reads), batch))  # without states


@pytest.mark.parametrize("count", [1, 2])
def test_every_family_goes_on_as_the_whole(family, count):
    check(family, "token_cls", "dense", three_layers(family), count)


def test_every_head_and_task(head, task):
    check("electra", task, head, three_layers("electra"), 1)


@pytest.mark.parametrize("combined", ["sum", "concat"])
@pytest.mark.parametrize(("family", "count"), [("bert", 2), ("modernbert", 1), ("deberta-v2", 2), ("distilbert", 2)])
def test_a_head_that_reads_frozen_layers_as_well(family, count, combined):
    check(family, "seq_cls", "dense", three_layers(family), count, use_last_layers=3, combine_layers=combined)


def test_what_layers_of_large_deberta_share():
    """A convolution after the first layer, and a norm of the relative positions that all layers read."""
    config = three_layers("deberta-v2", **LARGE_DEBERTA)
    check("deberta-v2", "token_cls", "dense", config, 2)
    with pytest.raises(UserError, match="deberta-v2 does not go on from layer 1 alone; give another number of layers"):
        FirstLayers(tiny_model("token_cls", "dense", config), 1)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_dropout_above_the_frozen_layers_alone(checkpointing):
    """The same random numbers as with the frozen layers in evaluation mode."""
    config = three_layers("electra", hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)
    long, kept = (tiny_model("seq_cls", "dense", config) for _ in range(2))
    batch = pad(tiny_sequences(8, 5))
    inputs = batch | tiny_labels("seq_cls", batch["attention_mask"])
    first = FirstLayers(kept, 2)
    with torch.no_grad():
        states = first.read(**batch)
    if checkpointing:
        kept.gradient_checkpointing_enable()
    for model in (long, kept):
        model.train()
    encoder = long.encoder
    for module in (encoder.embeddings, encoder.embeddings_project, *encoder.encoder.layer[:2]):
        module.requires_grad_(False).eval()
    torch.manual_seed(1)
    expected = gradients(long, inputs)
    torch.manual_seed(1)
    found = gradients(kept, inputs | {"hidden_states": states})
    for name, values in expected.items():
        if values is None:
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], values, atol=1e-5, rtol=1e-4, msg=name)


def test_what_cannot_be_frozen():
    with pytest.raises(
        UserError, match="must be 1 to 2, not 3: the encoder has 3 layers, and --freeze_encoder freezes"
    ):
        FirstLayers(tiny_model("seq_cls", "dense", three_layers("bert")), 3)
    model = tiny_model("seq_cls", "dense")
    model.encoder.encoder.layer = torch.nn.ModuleList([*model.encoder.encoder.layer][:1])
    with pytest.raises(UserError, match="--freeze_layers: electra has no list of 2 layers to be told apart"):
        FirstLayers(model, 1)


def test_names_are_those_of_the_whole(tmp_path):
    """A checkpoint saved while layers are frozen is an ordinary one."""
    model = tiny_model("seq_cls", "cnn", three_layers("bert"))
    names = set(model.state_dict())
    FirstLayers(model, 2)
    assert set(model.state_dict()) == names
    model.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path)
    assert all(torch.equal(values, again.state_dict()[name]) for name, values in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in again.parameters())

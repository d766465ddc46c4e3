"""The encoder inside the model is the pretrained one: every tensor equals the one in the checkpoint's file."""

import pytest
import torch
from safetensors.torch import load_file
from tiny import TASKS, pad, perturb, tiny_config, tiny_labels, tiny_sequences
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    BertForMaskedLM,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    set_seed,
)

CHECKPOINTS = {
    "discriminator": ("electra", ElectraForPreTraining, "electra."),
    "generator": ("electra", ElectraForMaskedLM, "electra."),
    "masked-LM": ("bert", BertForMaskedLM, "bert."),
    "bare": ("electra", AutoModel, ""),
}


def build(folder, task: str, head: str):
    return TASKS[task].from_encoder(str(folder), head, num_labels=3)


def save(kind, config, folder, dtype=torch.float32):
    """Writes a checkpoint in which no tensor has the value that an initialisation would give it."""
    set_seed(0)
    model = kind.from_config(config) if hasattr(kind, "from_config") else kind(config)
    perturb(model).to(dtype).save_pretrained(folder)


def assert_encoder_equals(model, folder, prefix: str) -> None:
    stored = load_file(folder / "model.safetensors")
    parameters = {prefix + name: parameter for name, parameter in model.encoder.named_parameters()}
    assert parameters.keys() == {name for name in stored if name.startswith(prefix) and ".pooler." not in f".{name}"}
    for name, parameter in parameters.items():
        assert torch.equal(parameter, stored[name].float()), name


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_encoder_equals_its_source(checkpoint, head, task, tmp_path):
    family, kind, prefix = CHECKPOINTS[checkpoint]
    save(kind, tiny_config(family), tmp_path)
    set_seed(1)
    assert_encoder_equals(build(tmp_path, task, head), tmp_path, prefix)


@pytest.mark.parametrize("kind", [AutoModel, AutoModelForMaskedLM])
def test_encoder_of_any_family_equals_its_source(family, kind, task, tmp_path):
    save(kind, tiny_config(family), tmp_path)
    prefix = "" if kind is AutoModel else AutoModelForMaskedLM.from_pretrained(tmp_path).base_model_prefix + "."
    set_seed(1)
    assert_encoder_equals(build(tmp_path, task, "dense"), tmp_path, prefix)


def test_a_half_precision_checkpoint_is_trained_in_full_precision(head, task, tmp_path):
    save(ElectraForPreTraining, tiny_config(), tmp_path, torch.bfloat16)
    model = build(tmp_path, task, head)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert_encoder_equals(model, tmp_path, "electra.")
    batch = pad(tiny_sequences(4, 2))
    model(**batch, **tiny_labels(task, batch["attention_mask"])).loss.backward()


def test_the_pooler_that_no_head_reads_is_left_out(family, task, tmp_path):
    save(AutoModel, tiny_config(family), tmp_path)
    assert not any("pooler" in name for name in build(tmp_path, task, "dense").state_dict())

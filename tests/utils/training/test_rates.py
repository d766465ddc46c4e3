"""Which parameter learns at which rate, and which is decayed, in every encoder family and with any optimizer."""

from __future__ import annotations

import datasets
import pytest
import torch
from tiny import tiny_config, tiny_model

from utils.arguments import HeadTrainingArguments
from utils.errors import UserError
from utils.models.layers import FirstLayers
from utils.training.collation import Collator
from utils.training.trainer import HeadTrainer


@pytest.fixture
def groups(tiny_tokenizer, tmp_path):
    """`groups(model, flag=value, ...)`: rate and weight decay of every parameter by name, and the trainer."""

    def _groups(model, **flags):
        arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, learning_rate=1e-4, **flags)
        rows = datasets.Dataset.from_dict({"input_ids": [[5, 6]] * 4, "length": [2] * 4, "labels": [0] * 4})
        trainer = HeadTrainer(model, arguments, Collator(tiny_tokenizer, {}), train_dataset=rows)
        found = trainer.create_optimizer().param_groups
        names = {id(parameter): name for name, parameter in model.named_parameters() if parameter.requires_grad}
        of_each = {names[id(p)]: (group["lr"], group["weight_decay"]) for group in found for p in group["params"]}
        assert len(of_each) == sum(len(group["params"]) for group in found) == len(names)
        return of_each, trainer

    return _groups


LAYERS = {
    "electra": "encoder.encoder.layer.",
    "bert": "encoder.encoder.layer.",
    "roberta": "encoder.encoder.layer.",
    "xlm-roberta": "encoder.encoder.layer.",
    "distilbert": "encoder.transformer.layer.",
    "deberta-v2": "encoder.encoder.layer.",
    "modernbert": "encoder.layers.",
}


def expected_rate(name: str, family: str) -> float:
    """By the names of the families' own modules: two layers, decay 0.5, 1e-4 at the top."""
    if not name.startswith("encoder."):
        return 1e-2
    if name.startswith(LAYERS[family] + "0."):
        return 0.5e-4
    if name.startswith(("encoder.embeddings", "encoder.encoder.rel_embeddings")):
        return 0.25e-4
    return 1e-4  # the second layer, and norms after it


def test_rate_of_every_parameter(family, groups):
    model = tiny_model("seq_cls", "lstm", tiny_config(family), use_last_layers=2)
    found, _ = groups(model, head_learning_rate=1e-2, layerwise_lr_decay=0.5, weight_decay=0.1)
    for name, (rate, _) in found.items():
        assert rate == pytest.approx(expected_rate(name, family)), name
    rates = {round(rate, 9) for rate, _ in found.values()}
    assert rates == {0.25e-4, 0.5e-4, 1e-4, 1e-2}


def test_rates_of_what_is_trained_above_frozen_layers(groups, caplog):
    """The rates are those of the whole ladder; what is frozen is in no group."""
    caplog.set_level("INFO")
    model = tiny_model("seq_cls", "dense")
    FirstLayers(model, 1)
    found, _ = groups(model, head_learning_rate=1e-2, layerwise_lr_decay=0.5)
    assert {name: rate for name, (rate, _) in found.items()} == {
        name: 1e-2 if name.startswith("head.") else 1e-4
        for name, _ in model.named_parameters()
        if name.startswith(("head.", "encoder.encoder.layer.1."))
    }
    assert "learning rates from the first layer that is trained to the last layer: 0.0001; head 0.01" in caplog.text


def test_decay_spares_biases_and_norms_in_every_group(family, groups):
    model = tiny_model("token_cls", "lstm", tiny_config(family), use_last_layers=2, crf=True)
    found, _ = groups(model, head_learning_rate=1e-2, layerwise_lr_decay=0.5, weight_decay=0.1)
    norms = {f"{name}." for name, module in model.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    for name, (_, decay) in found.items():
        spared = "bias" in name or name.startswith(("mix.", *norms))
        assert decay == (0.0 if spared else 0.1), name
    assert found["crf.transitions"] == (1e-2, 0.1) and found["mix.weights"] == (1e-2, 0.0)
    assert found["head.forward_lstms.0.bias_ih_l0"] == (1e-2, 0.0)


def test_without_a_rate_of_its_own_the_head_has_that_of_the_last_layer(groups):
    found, _ = groups(tiny_model("seq_cls", "dense"), layerwise_lr_decay=0.5)
    assert found["head.dense.weight"][0] == found["encoder.encoder.layer.1.output.dense.weight"][0] == 1e-4
    assert found["encoder.embeddings.word_embeddings.weight"][0] == pytest.approx(0.25e-4)
    assert found["encoder.embeddings_project.weight"][0] == pytest.approx(0.25e-4)


def test_all_rates_follow_one_schedule(groups):
    _, trainer = groups(tiny_model("seq_cls", "dense"), head_learning_rate=1e-2, layerwise_lr_decay=0.5)
    trainer.create_scheduler(num_training_steps=10)
    start = [group["lr"] for group in trainer.optimizer.param_groups]
    for _ in range(5):
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    half = [group["lr"] for group in trainer.optimizer.param_groups]
    assert half == pytest.approx([rate / 2 for rate in start])
    assert trainer._get_learning_rate() == pytest.approx(0.5e-4) and trainer.head_learning_rate == pytest.approx(0.5e-2)


@pytest.mark.parametrize("optim", ["adamw_torch", "sgd", "adafactor", "rmsprop", "adagrad"])
def test_with_any_optimizer(optim, groups):
    found, _ = groups(tiny_model("seq_cls", "dense"), head_learning_rate=1e-2, layerwise_lr_decay=0.5, optim=optim)
    assert {round(rate, 9) for rate, _ in found.values()} == {0.25e-4, 0.5e-4, 1e-4, 1e-2}


def test_a_decay_of_one_is_none(groups):
    assert {rate for rate, _ in groups(tiny_model("seq_cls", "dense"), layerwise_lr_decay=1.0)[0].values()} == {1e-4}


def test_an_encoder_without_a_list_of_layers(groups):
    model = tiny_model("seq_cls", "dense")
    model.encoder.encoder.layer = torch.nn.ModuleList([*model.encoder.encoder.layer][:1])
    with pytest.raises(UserError, match="electra has no list of 2 layers to be told apart"):
        groups(model, layerwise_lr_decay=0.5)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"layerwise_lr_decay": 0.0}, "--layerwise_lr_decay is a share, above 0 and at most 1, not 0"),
        ({"layerwise_lr_decay": 1.1}, "not 1.1"),
        ({"layerwise_lr_decay": 0.9, "freeze_encoder": True}, "is for the layers that --freeze_encoder keeps"),
    ],
)
def test_what_cannot_be(flags, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, **flags)

"""The head first, then all: the steps of a loop written by hand, with any optimizer that torch has."""

from __future__ import annotations

import copy

import datasets
import pytest
import torch
from tiny import tiny_config, tiny_model, tiny_sequences
from transformers import TrainerCallback

from utils.arguments import HeadTrainingArguments
from utils.errors import UserError
from utils.training.collation import Collator
from utils.training.trainer import HeadTrainer

RATE = 0.01
SEQUENCES = [ids.tolist() for ids in tiny_sequences(7, 3, 9, 5, 4, 8, 6, 2, 5, 7)]
LABELS = [0, 1, 2, 0, 2, 1, 0, 2, 1, 1]


@pytest.fixture
def trainer(tiny_tokenizer, tmp_path):
    """`trainer(model, flag=value, ...)`: one of ten rows in their order, two a step, at one rate."""

    def _trainer(model, **flags) -> HeadTrainer:
        fixed = {"learning_rate": RATE, "lr_scheduler_type": "constant", "max_grad_norm": 0.0, "optim": "adamw_torch"}
        fixed |= {"train_sampling_strategy": "sequential", "per_device_train_batch_size": 2, "save_strategy": "no"}
        arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, **(fixed | flags))
        rows = {"input_ids": SEQUENCES, "length": list(map(len, SEQUENCES)), "labels": LABELS}
        return HeadTrainer(model, arguments, Collator(tiny_tokenizer, {}), datasets.Dataset.from_dict(rows))

    return _trainer


@pytest.fixture
def model():
    config = tiny_config("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return tiny_model("seq_cls", "cnn", config, use_last_layers=2)


def by_hand(model, optimizer_class, frozen_steps: int, steps: int) -> dict[str, torch.Tensor]:
    """The head's parameters alone are stepped, then all; each has an optimizer of its own that begins with it."""
    head = {name: one for name, one in model.named_parameters() if not name.startswith("encoder.")}
    encoder = [one for name, one in model.named_parameters() if name.startswith("encoder.")]
    optimizers = [optimizer_class(head.values(), lr=RATE, weight_decay=0.0)]
    for step in range(steps):
        if step == frozen_steps:
            optimizers.append(optimizer_class(encoder, lr=RATE, weight_decay=0.0))
        row = 2 * step % len(LABELS)
        width = max(map(len, SEQUENCES[row : row + 2]))
        ids = torch.tensor([one + [0] * (width - len(one)) for one in SEQUENCES[row : row + 2]])
        mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in SEQUENCES[row : row + 2]])
        model.zero_grad()
        model(input_ids=ids, attention_mask=mask, labels=torch.tensor(LABELS[row : row + 2])).loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    return model.state_dict()


@pytest.mark.parametrize(
    ("flags", "frozen_steps", "steps"),
    [
        ({"unfreeze_after": 1, "num_train_epochs": 2}, 5, 10),
        ({"unfreeze_after": 1.5, "num_train_epochs": 2}, 8, 10),  # 7.5 steps
        ({"unfreeze_after": 0.25, "max_steps": 6}, 2, 6),
    ],
    ids=["epoch", "epochs", "share"],
)
@pytest.mark.parametrize(("optim", "optimizer"), [("adamw_torch", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_as_by_hand(flags, frozen_steps, steps, optim, optimizer, trainer, model):
    expected = by_hand(copy.deepcopy(model), optimizer, frozen_steps, steps)
    trainer(model, optim=optim, **flags).train()
    for name, values in model.state_dict().items():
        torch.testing.assert_close(values, expected[name], atol=2e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("optim", ["adamw_torch", "adafactor", "rmsprop", "adagrad"])
def test_nothing_moves_the_frozen_encoder(optim, trainer, model):
    """Neither an optimizer nor weight decay nor a rate for every layer; all of it moves after that."""
    start = copy.deepcopy(model.state_dict())
    flags = {"weight_decay": 0.1, "layerwise_lr_decay": 0.5, "head_learning_rate": 0.05, "max_steps": 4}
    one = trainer(model, optim=optim, unfreeze_after=0.75, **flags)
    seen = []

    class Look(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            seen.append(copy.deepcopy(model.state_dict()))

    one.add_callback(Look())
    one.train()
    for name, values in start.items():
        if name.startswith("encoder."):
            assert all(torch.equal(values, states[name]) for states in seen[:3]), name
    weight = "encoder.encoder.layer.0.output.dense.weight"
    assert not torch.equal(seen[3][weight], start[weight])
    assert not torch.equal(seen[0]["head.out_proj.weight"], start["head.out_proj.weight"])
    assert len([1 for group in one.optimizer.param_groups for _ in group["params"]]) == len(list(model.parameters()))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"unfreeze_after": 2, "num_train_epochs": 2}, "the training ends after 10 steps, 2 epochs"),
        ({"unfreeze_after": 1, "max_steps": 4}, "the training ends after 4 steps, 0.8 epochs; --freeze_encoder trains"),
        ({"unfreeze_after": 0.99, "max_steps": 4}, "--unfreeze_after 0.99: the training ends after 4 steps"),
    ],
)
def test_an_encoder_that_would_never_be_trained(flags, message, trainer, model):
    with pytest.raises(UserError, match=message):
        trainer(model, **flags).train()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"unfreeze_after": 0.0},
            "--unfreeze_after is a number of epochs, or below 1 a share of all steps: above 0, not 0",
        ),
        ({"unfreeze_after": -1.0}, "above 0, not -1"),
        ({"unfreeze_after": 1.0, "do_train": False, "do_eval": True}, "--unfreeze_after is about training"),
        ({"unfreeze_after": 1.0, "freeze_encoder": True}, "trains what --freeze_encoder leaves as it is: give one"),
        ({"unfreeze_after": 1.0, "freeze_layers": 3}, "trains what --freeze_layers leaves as it is: give one"),
        ({"unfreeze_after": 1.0, "ddp_find_unused_parameters": False}, "leave --ddp_find_unused_parameters out"),
    ],
)
def test_what_cannot_be(flags, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        HeadTrainingArguments(output_dir=str(tmp_path), **({"do_train": True} | flags))

"""What this project changes about Trainer: the order of rows, the head's learning rate, the count of a batch's items."""

from __future__ import annotations

import gc
import weakref

import datasets
import numpy as np
import pytest
import torch
from tiny import tiny_model
from transformers.trainer_pt_utils import get_length_grouped_indices

from utils.arguments import HeadTrainingArguments
from utils.training.collation import Collator
from utils.training.sampler import EpochLengthGroupedSampler, EpochPieceSampler, EpochRandomSampler
from utils.training.trainer import HeadTrainer

LENGTHS = [3 + (i * 37) % 50 for i in range(400)]


@pytest.fixture
def trainer(tiny_tokenizer, tmp_path):
    """`trainer(task, flag=value, ...)`: a Trainer on rows of `LENGTHS` tokens."""

    def _trainer(task: str = "seq_cls", **flags) -> HeadTrainer:
        rows = {"input_ids": [[5] * length for length in LENGTHS], "length": LENGTHS, "labels": [0] * len(LENGTHS)}
        features = datasets.Dataset.from_dict(rows)
        arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, **flags)
        collator = Collator(tiny_tokenizer, {})
        return HeadTrainer(tiny_model(task, "cnn"), arguments, collator, train_dataset=features, eval_dataset=features)

    return _trainer


def test_what_was_predicted_is_let_go(trainer):
    """A file may be larger than memory: its parts must not be kept, by whatever library."""
    one = trainer(per_device_eval_batch_size=8)
    loaders = []
    make = one.get_test_dataloader
    one.get_test_dataloader = lambda rows: loaders.append(weakref.ref(loader := make(rows))) or loader
    for start in (0, 8, 16):
        one.predict(one.eval_dataset.select(range(start, start + 8)))
    gc.collect()
    assert len(loaders) == 3 and [loader() for loader in loaders[:2]] == [None, None]


def test_order_depends_on_seed_and_epoch_alone():
    sampler = EpochLengthGroupedSampler(8, np.array(LENGTHS), seed=1)
    before = torch.get_rng_state()
    first = list(sampler)
    assert torch.equal(torch.get_rng_state(), before)  # another process, or a resumed run, has drawn other numbers
    torch.rand(7)
    assert list(sampler) == first
    sampler.set_epoch(1)
    second = list(sampler)
    assert second != first
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert list(EpochLengthGroupedSampler(8, np.array(LENGTHS), seed=2)) != first
    assert list(EpochLengthGroupedSampler(8, np.array(LENGTHS), seed=2)) == second  # seed and epoch are added
    assert sorted(first) == sorted(second) == list(range(len(LENGTHS)))


@pytest.mark.parametrize(("rows", "batch"), [(1, 8), (7, 8), (100, 3), (5000, 8)])
def test_order_is_that_of_the_library(rows, batch):
    lengths = torch.randint(1, 20, (rows,), generator=torch.Generator().manual_seed(rows)).tolist()
    sampler = EpochLengthGroupedSampler(batch, np.array(lengths), seed=3)
    sampler.set_epoch(4)
    generator = torch.Generator().manual_seed(7)
    assert list(sampler) == get_length_grouped_indices(lengths, batch, generator=generator)


def test_batches_hold_rows_of_similar_length():
    order = list(EpochLengthGroupedSampler(8, np.array(LENGTHS), seed=1))
    batches = [[LENGTHS[i] for i in order[at : at + 8]] for at in range(0, len(order), 8)]
    padded = sum(8 * max(batch) for batch in batches)
    assert padded < 1.1 * sum(LENGTHS)
    assert max(LENGTHS) in batches[0]  # a batch that is too large for the memory fails at once


def test_pieces_come_one_after_the_other_each_in_an_order_of_its_own():
    sampler = EpochPieceSampler([0, 40, 80, 90], lambda first, end: EpochRandomSampler(end - first, 7 + first))
    assert len(sampler) == 90
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    for order in (first, second):
        assert sorted(order[:40]) == list(range(40)) and sorted(order[40:80]) == list(range(40, 80))
        assert order[:40] != sorted(order[:40]) and sorted(order[80:]) == list(range(80, 90))
        assert [place - 40 for place in order[40:80]] != order[:40]
    assert first[:40] != second[:40] and first[40:80] != second[40:80]


def test_training_batches_of_accumulated_steps_come_from_one_sampler(trainer):
    whole = list(trainer(per_device_train_batch_size=8)._get_train_sampler())
    parts = list(trainer(per_device_train_batch_size=2, gradient_accumulation_steps=4)._get_train_sampler())
    assert whole == parts
    assert list(trainer(per_device_train_batch_size=8, data_seed=5)._get_train_sampler()) != whole


@pytest.mark.parametrize("strategy", ["group_by_length", "random"])
def test_the_data_seed_decides_the_order_of_rows_and_nothing_else(trainer, strategy):
    """With it, the seed is that of weights and dropout alone: heads are compared over both."""

    def epoch(seed: int, data_seed: int | None) -> tuple[list[int], list[int]]:
        made = trainer(per_device_train_batch_size=8, train_sampling_strategy=strategy, seed=seed, data_seed=data_seed)
        order = [
            length for batch in made.get_train_dataloader() for length in batch["attention_mask"].sum(dim=1).tolist()
        ]
        assert sorted(order) == sorted(LENGTHS)
        return order, torch.get_rng_state().tolist()  # the second is what dropout draws from

    orders, states = zip(*(epoch(seed, data_seed) for seed in (1, 2) for data_seed in (7, 8)), strict=True)
    assert orders[0] == orders[2] != orders[1] == orders[3]
    assert states[0] == states[1] != states[2] == states[3]
    assert epoch(7, None)[0] == orders[0]  # without it the seed decides on the order


def test_evaluation_keeps_the_order_of_the_rows(trainer):
    for order in ("group_by_length", "random"):
        loader = trainer(train_sampling_strategy=order).get_eval_dataloader()
        assert [length for batch in loader for length in batch["attention_mask"].sum(dim=1).tolist()] == LENGTHS


def test_learning_rate_of_the_head(trainer):
    own = trainer(learning_rate=1e-4, head_learning_rate=1e-2, weight_decay=0.1)
    groups = own.create_optimizer().param_groups
    rates = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    decays = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in groups) == len(list(own.model.parameters()))
    stock = trainer(learning_rate=1e-4, weight_decay=0.1)
    stock_groups = stock.create_optimizer().param_groups
    stock_decays = {id(p): group["weight_decay"] for group in stock_groups for p in group["params"]}
    for (name, mine), other in zip(own.model.named_parameters(), stock.model.parameters(), strict=True):
        assert rates[id(mine)] == (1e-2 if name.startswith("head.") else 1e-4), name
        assert decays[id(mine)] == stock_decays[id(other)], name
    assert {group["lr"] for group in stock_groups} == {1e-4}


def test_items_of_a_batch(trainer):
    device = torch.device("cpu")
    labels = [{"labels": torch.tensor([[1, -100], [2, 0]])}, {"labels": torch.tensor([[-100, -100]])}]
    assert trainer("token_cls")._get_num_items_in_batch(labels, device) == 3
    questions = [{"start_positions": torch.tensor([4, 0]), "end_positions": torch.tensor([5, 0])}] * 3
    assert trainer("qa")._get_num_items_in_batch(questions, device) == 6
    assert trainer()._get_num_items_in_batch([{"labels": torch.tensor([0.5, 2.0])}], device) == 2

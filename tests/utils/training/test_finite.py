"""A loss or a weight that is no number ends the training, and says at which step, with what rate and on which rows."""

from __future__ import annotations

import datasets
import pytest
import torch
from tiny import tiny_model, tiny_sequences

from utils.arguments import HeadTrainingArguments
from utils.data.splits import Split
from utils.errors import UserError
from utils.files import Row
from utils.tasks import PreparedSplit
from utils.training.collation import Collator
from utils.training.finite import named_rows
from utils.training.trainer import HeadTrainer

COUNT = 12
SPLIT = Split(name="train", file="/data/train.csv", rows=[Row(2 * i + 2, {}) for i in range(COUNT)])


@pytest.fixture
def trainer(tiny_tokenizer, tmp_path):
    """`trainer(labels, flag=value, ...)`: a Trainer of the tiny model on rows with these scores."""

    def _trainer(labels: list[float], **flags) -> HeadTrainer:
        ids = [row.tolist() for row in tiny_sequences(*range(5, 5 + COUNT))]
        columns = {"input_ids": ids, "length": [len(row) for row in ids], "row": list(range(COUNT)), "labels": labels}
        flags = {"output_dir": str(tmp_path), "do_train": True, "use_cpu": True, "save_strategy": "no"} | flags
        arguments = HeadTrainingArguments(per_device_train_batch_size=2, train_sampling_strategy="sequential", **flags)
        model = tiny_model("seq_cls", "cnn", num_labels=1, problem_type="regression")
        features = datasets.Dataset.from_dict(columns)
        one = HeadTrainer(model, arguments, Collator(tiny_tokenizer, {}), train_dataset=features)
        one.train_rows = PreparedSplit(SPLIT, features)
        return one

    return _trainer


def test_the_rows_of_the_step_are_named(trainer, tmp_path):
    labels = [float(i) for i in range(COUNT)]
    labels[5] = 1e38  # in the third batch, whose rows stand in lines 10 and 12
    with pytest.raises(UserError) as caught:
        trainer(labels, learning_rate=1e-4, lr_scheduler_type="constant").train()
    assert str(caught.value) == (
        "the loss is inf at step 3 (learning rate 0.0001, rows 10, 12 of train.csv): no result was saved; "
        "try a smaller --learning_rate, or look for odd values in the data"
    )
    assert not list(tmp_path.iterdir())


def test_accumulated_steps_count_once(trainer):
    labels = [0.0] * (COUNT - 1) + [1e38]
    with pytest.raises(UserError, match=r"^the loss is inf at step 2 \(.*, rows 22, 24 of train.csv\)"):
        trainer(labels, gradient_accumulation_steps=3).train()


def test_weights_that_are_none_are_not_saved(trainer, tmp_path):
    one = trainer([0.0] * COUNT, head_learning_rate=1e-3)
    one.model.head.out_proj.bias.data[0] = torch.nan
    with pytest.raises(UserError) as caught:
        one.save_model(str(tmp_path / "saved"))
    assert str(caught.value) == (
        "after step 0 the weight head.out_proj.bias is no number any more: no result was saved; "
        "try a smaller --learning_rate and --head_learning_rate, or look for odd values in the data"
    )
    assert not (tmp_path / "saved").exists()


def test_a_training_that_goes_well_is_left_alone(trainer):
    assert trainer([0.5] * COUNT, max_steps=2).train().global_step == 2


def test_what_is_logged_can_be_written_as_json(trainer):
    one = trainer([0.0] * COUNT)
    logs = {"loss": 0.5, "grad_norm": float("inf")}  # as of a step that fp16 leaves out
    one.log(logs)
    assert logs == {"loss": 0.5, "epoch": 0} and one.state.log_history[-1] == {"loss": 0.5, "epoch": 0, "step": 0}


def test_a_long_list_of_rows_is_cut():
    features = datasets.Dataset.from_dict({"input_ids": [[5, i] for i in range(COUNT)], "row": list(range(COUNT))})
    ids = torch.tensor([[5, i, 0] for i in range(COUNT)])
    batch = {"input_ids": ids, "attention_mask": (torch.arange(3) < 2).long().expand(COUNT, 3)}
    assert named_rows(PreparedSplit(SPLIT, features), batch) == ", rows 2, 4, 6, 8, 10, 12, 14, 16, ... of train.csv"
    assert named_rows(None, batch) == ""


@pytest.mark.parametrize("kind", ["regression", "multi_label_classification"])
def test_labels_are_smoothed_between_classes_alone(kind, tmp_path):
    from utils.training.trainer import _check

    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, label_smoothing_factor=0.1)
    expected = "^labels are smoothed between classes, .*; leave --label_smoothing_factor out$"
    with pytest.raises(UserError, match=expected):
        _check(tiny_model("seq_cls", "dense", problem_type=kind), arguments, 100)
    with pytest.raises(UserError, match=expected):
        _check(tiny_model("qa", "dense"), arguments, 100)
    _check(tiny_model("seq_cls", "dense", problem_type="single_label_classification"), arguments, 100)
    _check(tiny_model("token_cls", "dense"), arguments, 100)


def test_too_few_rows_for_a_batch(tmp_path):
    from utils.training.trainer import _check

    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, dataloader_drop_last=True)
    _check(tiny_model("seq_cls", "dense"), arguments, 8)
    with pytest.raises(UserError) as caught:
        _check(tiny_model("seq_cls", "dense"), arguments, 7)
    assert str(caught.value) == (
        "--dataloader_drop_last drops all 7 inputs: a batch takes 8; leave --dataloader_drop_last out, or make batches smaller"
    )

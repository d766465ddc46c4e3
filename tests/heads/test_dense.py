"""The dense head is the stock ELECTRA head: with the weights copied over, the same numbers, bit for bit."""

import pytest
import torch
from tiny import pad, tiny_config, tiny_labels, tiny_model, tiny_sequences
from transformers import (
    ElectraForQuestionAnswering,
    ElectraForSequenceClassification,
    ElectraForTokenClassification,
    set_seed,
)

STOCK = {
    "seq_cls": ElectraForSequenceClassification,
    "token_cls": ElectraForTokenClassification,
    "qa": ElectraForQuestionAnswering,
}
SEQUENCES = tiny_sequences(7, 3, 9, 5)


def stock_and_ours(task: str, **labels):
    """A stock model and ours with its weights."""
    set_seed(0)
    stock = STOCK[task](tiny_config(**labels))
    ours = tiny_model(task, "dense", seed=1, **labels)
    ours.encoder.load_state_dict(stock.electra.state_dict())
    if task == "seq_cls":
        ours.head.load_state_dict(stock.classifier.state_dict())
    else:
        ours.head.out_proj.load_state_dict((stock.qa_outputs if task == "qa" else stock.classifier).state_dict())
    return stock, ours


def assert_equal_outputs(stock, ours, batch: dict[str, torch.Tensor]) -> None:
    """Losses and logits, without dropout and, from the same seed, with it."""
    for training in (False, True):
        outputs = []
        for model in (stock, ours):
            model.train(training)
            set_seed(2)
            outputs.append(model(**batch))
        wanted, found = outputs
        assert wanted.loss.item() > 0.1  # a comparison of something
        for name in ("loss", "logits", "start_logits", "end_logits"):
            if name in wanted:
                assert torch.equal(found[name], wanted[name]), (name, "train" if training else "eval")


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("task", STOCK)
def test_equals_the_stock_head(task, padded):
    batch = pad(SEQUENCES if padded else tiny_sequences(6, 6, 6), extra=2 * padded)
    batch |= tiny_labels(task, batch["attention_mask"])
    if not padded:
        del batch["attention_mask"]
    stock, ours = stock_and_ours(task, num_labels=2 if task == "qa" else 3)
    assert_equal_outputs(stock, ours, batch)


SEQUENCE_LABELS = {
    "single_label_classification": (3, torch.tensor([0, 2, 1, 1])),
    "multi_label_classification": (3, torch.tensor([[0, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]).float()),
    "regression": (1, torch.tensor([0.0, 2.5, 4.0, -1.0])),
}


@pytest.mark.parametrize("stated", [True, False], ids=["problem_type", "no-problem_type"])
@pytest.mark.parametrize("problem_type", SEQUENCE_LABELS)
def test_equals_the_stock_loss_of_every_problem_type(problem_type, stated):
    num_labels, labels = SEQUENCE_LABELS[problem_type]
    stock, ours = stock_and_ours("seq_cls", num_labels=num_labels, problem_type=problem_type if stated else None)
    assert_equal_outputs(stock, ours, pad(SEQUENCES) | {"labels": labels})


def test_equals_the_stock_loss_of_a_regression_on_several_scores():
    stock, ours = stock_and_ours("seq_cls", num_labels=3, problem_type="regression")
    labels = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert_equal_outputs(stock, ours, pad(SEQUENCES) | {"labels": labels})


def test_equals_the_stock_loss_where_a_sequence_has_no_label():
    stock, ours = stock_and_ours("seq_cls", num_labels=3, problem_type="single_label_classification")
    assert_equal_outputs(stock, ours, pad(SEQUENCES) | {"labels": torch.tensor([0, -100, 1, 1])})


def test_equals_the_stock_loss_where_answers_lie_beyond_the_window():
    stock, ours = stock_and_ours("qa", num_labels=2)
    positions = {"start_positions": torch.tensor([1, 0, 99, 2]), "end_positions": torch.tensor([2, 0, 120, 99])}
    assert_equal_outputs(stock, ours, pad(SEQUENCES) | positions)


def test_a_token_batch_without_any_label_costs_nothing():
    model = tiny_model("token_cls", "dense")
    batch = pad(SEQUENCES)
    loss = model(**batch, labels=torch.full_like(batch["input_ids"], -100)).loss
    assert loss.item() == 0.0  # stock: nan


@pytest.mark.parametrize("own", [None, 0.4])
@pytest.mark.parametrize("task", STOCK)
def test_dropout_is_that_of_the_stock_head(task, own):
    config = tiny_config(hidden_dropout_prob=0.3, classifier_dropout=own)
    wanted = 0.0 if task == "qa" else own or 0.3
    assert tiny_model(task, "dense", config).head.dropout.p == wanted
    assert tiny_model(task, "dense", config, head_kwargs={"dropout": 0.2}).head.dropout.p == 0.2

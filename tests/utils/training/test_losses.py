"""Losses of classes against computation by hand, scikit-learn and torch's own, whole and in parts."""

from __future__ import annotations

import math

import datasets
import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from tiny import tiny_model
from torch.nn import functional as F

from utils.arguments import HeadTrainingArguments
from utils.errors import UserError
from utils.training.losses import ClassLoss, balanced_weights, choose_loss, read_weights

WEIGHTS = torch.tensor([0.5, 2.0, 4.0])
LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5], [-1.0, 3.0, 0.0], [0.0, 1.0, 2.0]])
LABELS = torch.tensor([0, 2, 1, 0])
SETS = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])


def by_hand(weights=(1.0, 1.0, 1.0), gamma: float = 0.0, smoothing: float = 0.0) -> float:
    """Summed over four labels and divided by 4."""
    total = 0.0
    for row, label in zip(LOGITS.tolist(), LABELS.tolist(), strict=True):
        shares = [math.exp(value) / sum(map(math.exp, row)) for value in row]
        if gamma:
            total -= weights[label] * (1 - shares[label]) ** gamma * math.log(shares[label])
        for i, share in enumerate(shares if not gamma else []):
            target = (1 - smoothing) * (i == label) + smoothing / 3
            total -= target * weights[i] * math.log(share)
    return total / 4


def by_hand_for_sets(weights=(1.0, 1.0, 1.0), gamma: float = 0.0) -> float:
    total = 0.0
    for row, labels in zip(LOGITS.tolist(), SETS.tolist(), strict=True):
        for i, (value, label) in enumerate(zip(row, labels, strict=True)):
            share = 1 / (1 + math.exp(-value if label else value))
            total -= (weights[i] if label else 1.0) * (1 - share) ** gamma * math.log(share)
    return total / 12


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("gamma", "smoothing"), [(0.0, 0.0), (0.0, 0.2), (2.0, 0.0), (0.5, 0.0)])
def test_classes_by_hand(weights, gamma, smoothing):
    loss = ClassLoss(sets=False, weights=weights, gamma=gamma, smoothing=smoothing)
    expected = by_hand((1.0, 1.0, 1.0) if weights is None else weights.tolist(), gamma, smoothing)
    assert loss({"logits": LOGITS}, LABELS).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_sets_by_hand(weights, gamma):
    loss = ClassLoss(sets=True, weights=weights, gamma=gamma)
    expected = by_hand_for_sets((1.0, 1.0, 1.0) if weights is None else weights.tolist(), gamma)
    assert loss({"logits": LOGITS}, SETS).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("options", [{"weights": WEIGHTS}, {"gamma": 2.0}, {"smoothing": 0.1, "weights": WEIGHTS}])
def test_parts_add_up_to_the_whole(options):
    """Batches of unlike numbers of labels, as under accumulation and on several devices; tokens without a label have no part."""
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 6, 3), torch.randint(3, (4, 6))
    labels[0, 1:] = labels[2] = labels[3, :2] = -100
    loss, count = ClassLoss(sets=False, **options), int((labels != -100).sum())
    whole = loss({"logits": logits}, labels)
    parts = [loss({"logits": logits[i : i + 1]}, labels[i : i + 1], num_items_in_batch=count) for i in range(4)]
    assert sum(parts).item() == pytest.approx(whole.item(), rel=1e-6)
    real = labels != -100
    assert loss({"logits": logits[real]}, labels[real]).item() == pytest.approx(whole.item(), rel=1e-6)


def test_without_levers_it_is_the_models_own():
    torch.testing.assert_close(ClassLoss(sets=False)({"logits": LOGITS}, LABELS), F.cross_entropy(LOGITS, LABELS))
    torch.testing.assert_close(
        ClassLoss(sets=True)({"logits": LOGITS}, SETS), F.binary_cross_entropy_with_logits(LOGITS, SETS)
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_gradients_are_finite_where_a_label_is_sure(gamma):
    logits = torch.tensor([[200.0, 0.0, 0.0], [-200.0, 0.0, 0.0]], requires_grad=True)
    ClassLoss(sets=False, gamma=gamma)({"logits": logits}, torch.tensor([0, 0])).backward()
    assert logits.grad.isfinite().all()


def test_halves_are_computed_in_float32():
    loss = ClassLoss(sets=False, weights=WEIGHTS, gamma=2.0)
    assert loss({"logits": LOGITS.bfloat16()}, LABELS).item() == pytest.approx(by_hand(WEIGHTS.tolist(), 2.0), rel=1e-3)


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.array([0] * 7 + [1] * 2 + [2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert balanced_weights(labels, 3, sets=False).tolist() == pytest.approx(expected)
    assert balanced_weights(labels, 3, sets=False)[labels].mean().item() == pytest.approx(1.0)
    assert balanced_weights(np.array([0, 0]), 2, sets=False).tolist() == [0.5, 1.0]  # one class has no row
    assert balanced_weights(SETS.numpy(), 3, sets=True).tolist() == [1.0, 1.0, 1.0]
    assert balanced_weights(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), 2, sets=True).tolist() == [2.0, 3.0]


def arguments(tmp_path, **flags) -> HeadTrainingArguments:
    return HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, **flags)


@pytest.mark.parametrize(
    ("task", "labels", "config", "expected"),
    [
        ("seq_cls", [0, 0, 1, 2], {}, [2 / 3, 4 / 3, 4 / 3]),
        ("token_cls", [[0, -100, 0], [1, 2, -100], [0], [0]], {}, [6 / 12, 2.0, 2.0]),
        ("seq_cls", SETS.tolist(), {"problem_type": "multi_label_classification"}, [1.0, 1.0, 1.0]),
    ],
)
def test_labels_of_the_training_rows_are_counted(task, labels, config, expected, tmp_path):
    features = datasets.Dataset.from_dict({"labels": labels}).select([3, 2, 1, 0])
    loss = choose_loss(tiny_model(task, "dense", **config), arguments(tmp_path, class_weights="balanced"), features)
    assert loss.weights.tolist() == pytest.approx(expected) and loss.sets == bool(config)


def test_the_models_own_loss_where_nothing_is_asked(tmp_path):
    features = datasets.Dataset.from_dict({"labels": [0]})
    model = tiny_model("seq_cls", "dense")
    assert choose_loss(model, arguments(tmp_path), features) is None
    assert choose_loss(model, arguments(tmp_path, label_smoothing_factor=0.1), features) is None
    focal = choose_loss(model, arguments(tmp_path, loss="focal", focal_gamma=1.0), features)
    assert (focal.gamma, focal.weights) == (1.0, None)


def test_weights_in_a_file(write):
    names = ["no", "1", "O", "B-PER"]  # words that YAML would read as something else
    for name, text in (
        ("a.yaml", "no: 1\n1: 2.5\nO: .5\nB-PER: 1e1\n"),
        ("a.json", '{"1": 2.5, "no": 1, "B-PER": 10, "O": 0.5}'),
    ):
        assert read_weights(str(write(name, text)), names).tolist() == [1.0, 2.5, 0.5, 10.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\nc: 3\n", "no class is called 'c'; they are a, b"),
        ("a: 1\n", "a weight is missing for b; give every class one"),
        ("a: 1\nb: -1\n", "the weight of 'b' is -1; give a number of at least 0"),
        ("a: 1\nb: nan\n", "the weight of 'b' is nan"),
        ("a: 1\nb: much\n", "the weight of 'b' is much"),
        ("a: 1\nb: [2]\n", "the weight of 'b' is "),
        ("a: 0\nb: 0\n", "all weights are 0"),
        ("- a\n- b\n", "write one 'class: weight' a line"),
        ("{a: 1", "is neither YAML nor JSON"),
    ],
)
def test_weights_that_do_not_fit(text, message, write):
    with pytest.raises(UserError, match=r"a\.yaml.*--class_weights: ") as raised:
        read_weights(str(write("a.yaml", text)), ["a", "b"])
    assert message in str(raised.value)


def test_models_that_have_no_such_loss(tmp_path):
    features = datasets.Dataset.from_dict({"labels": [0]})
    focal = arguments(tmp_path, loss="focal")
    for model in (tiny_model("qa", "dense"), tiny_model("seq_cls", "dense", problem_type="regression", num_labels=1)):
        with pytest.raises(UserError, match="--loss focal is for classes, and this model has none; leave it out"):
            choose_loss(model, focal, features)
    with pytest.raises(
        UserError, match="--class_weights balanced is for a loss of single tokens, and a CRF has another"
    ):
        choose_loss(tiny_model("token_cls", "dense", crf=True), arguments(tmp_path, class_weights="balanced"), features)
    both = arguments(tmp_path, loss="focal", label_smoothing_factor=0.1)
    with pytest.raises(UserError, match="opposite directions"):
        choose_loss(tiny_model("seq_cls", "dense"), both, features)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"do_eval": True, "loss": "focal"}, "--loss is about training: give --do_train, or leave it out"),
        ({"do_eval": True, "class_weights": "balanced"}, "--class_weights is about training"),
        ({"do_train": True, "focal_gamma": 1.0}, "--focal_gamma is for --loss focal"),
        ({"do_train": True, "loss": "focal", "focal_gamma": -1.0}, "--focal_gamma must be at least 0, not -1"),
    ],
)
def test_flags_that_contradict_each_other(flags, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        HeadTrainingArguments(output_dir=str(tmp_path), **flags)

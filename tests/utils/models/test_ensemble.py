"""Several models as one: means of probabilities, taken by hand."""

from __future__ import annotations

import pytest
import torch
from tiny import answers, pad, tiny_labels, tiny_model, tiny_sequences
from torch.nn import functional as F

from utils.models.ensemble import Ensemble, mean_logits

BATCH = pad(tiny_sequences(9, 3, 6, 5))


def members(task: str, count: int = 3, **config):
    return [tiny_model(task, "lstm", seed=seed, **config) for seed in range(count)]


def test_mean_of_classes_by_hand():
    """.2 and .6 have the mean .4, .8 and .4 the mean .6."""
    logits = torch.tensor([[[0.2, 0.8]], [[0.6, 0.4]]]).log() + torch.tensor([5.0, -3.0]).view(2, 1, 1)
    torch.testing.assert_close(mean_logits(logits, None).softmax(-1), torch.tensor([[0.4, 0.6]]))
    torch.testing.assert_close(mean_logits(logits, None).exp(), torch.tensor([[0.4, 0.6]]))


def test_mean_of_sets_and_scores_by_hand():
    logits = torch.logit(torch.tensor([[[0.2, 0.9]], [[0.6, 0.7]]]))
    mean = mean_logits(logits, "multi_label_classification")
    torch.testing.assert_close(mean.sigmoid(), torch.tensor([[0.4, 0.8]]))
    sure = mean_logits(torch.tensor([[90.0, -90.0], [100.0, -100.0]]), "multi_label_classification")
    assert torch.isfinite(sure).all() and sure[0] > 90 and sure[1] < -90
    assert mean_logits(torch.tensor([[1.0], [2.5]]), "regression").tolist() == [1.75]


@pytest.mark.parametrize("task", ["seq_cls", "token_cls"])
def test_classes_and_tags(task):
    own = members(task)
    expected = torch.stack([answers(one, BATCH).softmax(-1) for one in own]).mean(dim=0)
    labels = tiny_labels(task, BATCH["attention_mask"])["labels"]
    output = Ensemble(own).eval()(**BATCH, labels=labels)
    real = labels != -100
    torch.testing.assert_close(output.logits.softmax(-1), expected, atol=1e-6, rtol=0)
    right = expected[real].gather(-1, labels[real].unsqueeze(-1))
    assert output.loss.item() == pytest.approx(-right.log().mean().item(), rel=1e-5)
    parts = Ensemble(own).eval()(**BATCH, labels=labels, num_items_in_batch=100)
    assert parts.loss.item() == pytest.approx(-right.log().sum().item() / 100, rel=1e-5)


def test_sets_and_scores():
    own = members("seq_cls", problem_type="multi_label_classification")
    labels = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    expected = torch.stack([answers(one, BATCH).sigmoid() for one in own]).mean(dim=0)
    output = Ensemble(own).eval()(**BATCH, labels=labels)
    torch.testing.assert_close(output.logits.sigmoid(), expected, atol=1e-6, rtol=0)
    loss = F.binary_cross_entropy(expected, labels, reduction="sum") / 12
    assert output.loss.item() == pytest.approx(loss.item(), rel=1e-5)
    own = members("seq_cls", problem_type="regression", num_labels=1)
    expected = torch.stack([answers(one, BATCH) for one in own]).mean(dim=0)
    output = Ensemble(own).eval()(**BATCH, labels=torch.tensor([0.5, 1, 2, 3]))
    torch.testing.assert_close(output.logits, expected)
    assert output.loss.item() == pytest.approx(((expected.view(-1) - torch.tensor([0.5, 1, 2, 3])) ** 2).mean().item())


TAGS = {"id2label": {0: "O", 1: "B-X", 2: "I-X"}, "label2id": {"O": 0, "B-X": 1, "I-X": 2}}


def test_marginals_of_chains():
    """What is averaged is how likely each tag is in its sentence, as each model's own `decode` says."""
    own = members("token_cls", crf=True, **TAGS)
    for seed, one in enumerate(own):
        torch.nn.init.normal_(one.crf.transitions, generator=torch.Generator().manual_seed(seed))
    together, mask = Ensemble(own).eval(), BATCH["attention_mask"]
    with torch.no_grad():
        logits = together(**BATCH).logits
        assert logits.shape == (*mask.shape, 9)
        tags, scores = together.decode(logits, mask)
        expected = torch.stack([one.decode(answers(one, BATCH), mask)[1].exp() for one in own]).mean(dim=0)
    real = mask.bool()
    torch.testing.assert_close(scores.exp()[real], expected[real], atol=1e-5, rtol=0)
    assert torch.equal(tags[real], expected[real].argmax(-1))
    labels = tiny_labels("token_cls", mask)["labels"]
    losses = [one(**BATCH, labels=labels).loss.item() for one in own]
    assert together(**BATCH, labels=labels).loss.item() == pytest.approx(sum(losses) / 3, rel=1e-5)


def test_a_scheme_binds_the_mean_too():
    """Each model alone allows its sequences; so must what comes of their mean."""
    own = members("token_cls", decoding="constrained", **TAGS)
    together, mask = Ensemble(own).eval(), BATCH["attention_mask"]
    with torch.no_grad():
        tags, _ = together.decode(together(**BATCH).logits, mask)
    for row, length in zip(tags.tolist(), mask.sum(dim=1).tolist(), strict=True):
        before = 0
        for tag in row[:length]:
            assert tag != 2 or before in (1, 2), row
            before = tag

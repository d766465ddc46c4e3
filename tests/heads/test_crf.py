"""Chains of tags against all sequences, one by one: the best one, how likely each tag is, the likelihood of the labels."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from tiny import pad, tiny_labels, tiny_model, tiny_sequences

from heads import HeadedEncoderConfig
from heads.crf import CRF, Chain, best_sequences, free_chain, log_marginals, scheme_chain

IOB2 = ["O", "B-LC", "I-LC", "B-PS", "I-PS"]
BIOES = ["O", "B-X", "I-X", "E-X", "S-X"]
LENGTHS = (5, 1, 2, 4)


def sequences(emissions: torch.Tensor, chain: Chain) -> dict[tuple[int, ...], float]:
    """The score of every sequence of tags of one sentence (L, C), those forbidden left out."""
    scores = {}
    for tags in itertools.product(range(emissions.shape[1]), repeat=emissions.shape[0]):
        score = chain.start[tags[0]] + chain.end[tags[-1]] + sum(emissions[t, tag] for t, tag in enumerate(tags))
        score += sum(chain.between[pair] for pair in itertools.pairwise(tags))
        if score > -math.inf:
            scores[tags] = float(score)
    return scores


def random_chain(names: list[str]) -> Chain:
    """Random scores of transitions, with those that the scheme forbids."""
    crf = CRF(len(names))
    crf.transitions.data.normal_()
    return Chain(*(ours + theirs for ours, theirs in zip(crf.chain(), scheme_chain(names), strict=True)))


def padded(garbage: float = 0.0, extra: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    emissions = torch.nn.functional.pad(2 * torch.randn(len(LENGTHS), max(LENGTHS), 5), (0, 0, 0, extra))
    mask = torch.arange(max(LENGTHS) + extra) < torch.tensor(LENGTHS).unsqueeze(1)
    return emissions.masked_fill(~mask.unsqueeze(-1), garbage), mask


@pytest.mark.parametrize("names", [IOB2, BIOES], ids=["IOB2", "BIOES"])
@pytest.mark.parametrize("kind", ["free", "scheme", "crf and scheme"])
def test_best_sequence_and_marginals_are_those_of_all_sequences(names, kind):
    emissions, mask = padded()
    chain = {"free": free_chain(5), "scheme": scheme_chain(names), "crf and scheme": random_chain(names)}[kind]
    best, shares = best_sequences(emissions, mask, chain), log_marginals(emissions, mask, chain).exp()
    for row, length in enumerate(LENGTHS):
        scores = sequences(emissions[row, :length], chain)
        assert tuple(best[row, :length].tolist()) == max(scores, key=scores.__getitem__)
        total = sum(math.exp(score) for score in scores.values())
        expected = torch.zeros(length, 5)
        for tags, score in scores.items():
            expected[torch.arange(length), list(tags)] += math.exp(score) / total
        torch.testing.assert_close(shares[row, :length], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("garbage", [math.nan, math.inf, 1e4])
def test_padding_never_matters(garbage):
    chain = random_chain(IOB2)
    wanted = [function(*padded(), chain) for function in (best_sequences, log_marginals)]
    found = [function(*padded(garbage, extra=3), chain) for function in (best_sequences, log_marginals)]
    mask = padded()[1]
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(other[:, : max(LENGTHS)][mask], one[mask], atol=1e-6, rtol=0)
    assert (found[0][~padded(extra=3)[1]] == 0).all()


def test_an_entity_never_goes_on_that_has_not_begun():
    torch.manual_seed(0)
    emissions = 20 * torch.randn(200, 30, 5)
    emissions[:, :, [2, 4]] += 20  # I is what the tokens alone would be
    for tags in best_sequences(emissions, torch.ones(200, 30), scheme_chain(IOB2)).tolist():
        for before, tag in itertools.pairwise([0, *tags]):
            assert tag not in (2, 4) or before in (tag - 1, tag)


def test_argmax_that_is_allowed_is_the_best_sequence():
    emissions = torch.eye(5)[torch.tensor([[0, 1, 2, 3, 3, 4, 0]])]
    assert best_sequences(emissions, torch.ones(1, 7), scheme_chain(IOB2)).tolist() == [[0, 1, 2, 3, 3, 4, 0]]


@pytest.mark.parametrize(
    ("names", "allowed", "begin", "end"),
    [
        (["O", "B-X", "I-X"], "OO OB BO BB BI IO IB II", "OB", "OBI"),
        (["O", "X-B", "X-I"], "OO OB BO BB BI IO IB II", "OB", "OBI"),
        (["O", "B-X", "I-X", "E-X", "S-X"], "OO OB OS BI BE II IE EO EB ES SO SB SS", "OBS", "OES"),
        (["O", "B-X", "M-X", "E-X", "W-X"], "OO OB OW BM BE MM ME EO EB EW WO WB WW", "OBW", "OEW"),
        (["O", "B-X", "I-X", "E-X"], "OO OB BO BB BI BE II IE EO EB", "OB", "OBE"),  # B alone is one of one token
    ],
    ids=["IOB2", "type first", "BIOES", "BMEWO", "BIEO"],
)
def test_what_schemes_allow(names, allowed, begin, end):
    chain = scheme_chain(names)
    marks = [name.strip("X-") for name in names]
    found = {marks[i] + marks[j] for i in range(len(names)) for j in range(len(names)) if chain.between[i, j] == 0}
    assert found == set(allowed.split())
    assert "".join(mark for mark, score in zip(marks, chain.start, strict=True) if score == 0) == begin
    assert "".join(mark for mark, score in zip(marks, chain.end, strict=True) if score == 0) == end
    assert set(chain.between.unique().tolist()) == {0.0, -math.inf}


def test_types_are_apart():
    chain = scheme_chain(IOB2)
    assert chain.between[1, 4] == -math.inf and chain.between[1, 2] == 0 and chain.between[2, 3] == 0


@pytest.mark.parametrize("names", [["NNG", "NNP", "O"], ["O"], ["B-X", "I-X"], ["O", "I-X"], ["O", "B-X", "NNG"]])
def test_tags_without_a_scheme_are_refused(names):
    with pytest.raises(ValueError, match="say nothing of what may follow what; B-X, I-X and O do"):
        scheme_chain(names)


def labelled_batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (4, 8, 5) and labels with gaps, as of words of several sub-words; the last row has none at all."""
    torch.manual_seed(5)
    rows = [[-100, 1, -100, -100, 2, 2, 0, -100], [-100, 3, 4, -100, 0, 1, 2, -100], [4] + [-100] * 7, [-100] * 8]
    return torch.randn(4, 8, 5), torch.tensor(rows)


def test_likelihood_is_that_of_all_sequences():
    logits, labels = labelled_batch()
    crf = CRF(5)
    crf.transitions.data.normal_()
    expected = 0.0
    for row, tags in zip(logits, labels, strict=True):
        own = tags[tags != -100]
        if len(own):
            scores = sequences(row[tags != -100], crf.chain())
            expected += math.log(sum(map(math.exp, scores.values()))) - scores[tuple(own.tolist())]
    assert crf(logits, labels).item() == pytest.approx(expected, abs=1e-4)


def test_gradients_are_those_of_all_sequences():
    logits, labels = labelled_batch()
    logits.requires_grad_()
    crf = CRF(5)
    crf.transitions.data.normal_()
    crf(logits, labels).backward()
    free, slow = CRF(5), logits.detach().clone().requires_grad_()
    free.load_state_dict(crf.state_dict())
    loss = torch.zeros(())
    for row, tags in zip(slow[:3], labels[:3], strict=True):
        own, emissions = tags[tags != -100], row[tags != -100]
        scores = []
        for one in itertools.product(range(5), repeat=len(own)):
            pairs = sum((free.transitions[pair] for pair in itertools.pairwise(one)), torch.zeros(()))
            scores.append(pairs + emissions[torch.arange(len(own)), list(one)].sum())
        gold = sum((free.transitions[pair] for pair in itertools.pairwise(own.tolist())), torch.zeros(()))
        loss = loss + torch.stack(scores).logsumexp(0) - gold - emissions[torch.arange(len(own)), own].sum()
    loss.backward()
    torch.testing.assert_close(logits.grad, slow.grad, atol=1e-5, rtol=0)
    torch.testing.assert_close(crf.transitions.grad, free.transitions.grad, atol=1e-5, rtol=0)


def test_without_transitions_it_is_the_cross_entropy():
    logits, labels = labelled_batch()
    expected = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="sum")
    torch.testing.assert_close(CRF(5)(logits, labels), expected)


@pytest.mark.parametrize("garbage", [math.nan, math.inf])
def test_what_has_no_label_never_matters(garbage):
    logits, labels = labelled_batch()
    crf = CRF(5)
    wanted = crf(logits, labels)
    logits = logits.masked_fill((labels == -100).unsqueeze(-1), garbage).requires_grad_()
    found = crf(logits, labels)
    assert torch.equal(found, wanted)
    found.backward()
    assert crf.transitions.grad.isfinite().all() and logits.grad[labels != -100].isfinite().all()


@pytest.mark.parametrize("labels", [[[2]], [[-100]], [[-100, 1, -100]]], ids=["one token", "none", "one of three"])
def test_every_parameter_gets_a_gradient(labels):
    """Several processes wait for each; a batch may have no two neighbours."""
    crf = CRF(3)
    logits = torch.randn(1, len(labels[0]), 3, requires_grad=True)
    crf(logits, torch.tensor(labels)).backward()
    assert crf.transitions.grad is not None and logits.grad is not None


def test_sums_are_taken_in_float32():
    logits, labels = labelled_batch()
    crf = CRF(5)
    crf.transitions.data.normal_()
    wanted = crf(logits.bfloat16().float(), labels)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(crf(logits.bfloat16(), labels), wanted)
    assert log_marginals(logits.bfloat16(), labels != -100, crf.chain()).dtype == torch.float32


def test_model_with_a_crf(head):
    """The loss is that of its own logits; parts of a batch add up; weights beside it begin as without."""
    model, plain = tiny_model("token_cls", head, crf=True), tiny_model("token_cls", head)
    for name, values in plain.state_dict().items():
        assert torch.equal(model.state_dict()[name], values), name
    assert model.state_dict().keys() - plain.state_dict().keys() == {"crf.transitions"}
    model.crf.transitions.data.normal_()
    batch = pad(tiny_sequences(7, 3, 9))
    labels = tiny_labels("token_cls", batch["attention_mask"])["labels"]
    labels[:, 0] = -100
    output = model(**batch, labels=labels)
    count = (labels != -100).sum()
    torch.testing.assert_close(output.loss, model.crf(output.logits, labels) / count)
    torch.testing.assert_close(model(**batch).logits, output.logits)
    parts = [
        model(**{name: v[i : i + 1] for name, v in batch.items()}, labels=labels[i : i + 1], num_items_in_batch=count)
        for i in range(3)
    ]
    torch.testing.assert_close(sum(part.loss for part in parts), output.loss)


def test_configuration_names_what_is_not_the_default(tmp_path):
    tiny_model("token_cls", "dense").save_pretrained(tmp_path / "plain")
    text = (tmp_path / "plain" / "config.json").read_text(encoding="utf-8")
    assert not [word for word in ("crf", "decoding", "custom_pipelines") if word in text]
    labels = dict(enumerate(IOB2))
    model = tiny_model("token_cls", "cnn", crf=True, decoding="constrained", id2label=labels, num_labels=5)
    model.crf.transitions.data.normal_()
    model.save_pretrained(tmp_path / "crf")
    again = type(model).from_pretrained(tmp_path / "crf")
    assert (again.config.crf, again.config.decoding, again.decodes) == (True, "constrained", True)
    assert torch.equal(again.crf.transitions, model.crf.transitions)
    for found, expected in zip(again.chain(), model.chain(), strict=True):
        assert torch.equal(found, expected)
    assert (HeadedEncoderConfig().crf, HeadedEncoderConfig().decoding) == (False, "argmax")


def test_constrained_decoding_wants_a_scheme():
    with pytest.raises(ValueError, match="NNG, NNP, O"):
        tiny_model("token_cls", "dense", decoding="constrained", id2label={0: "NNG", 1: "NNP", 2: "O"})

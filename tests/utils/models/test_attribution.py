"""What an answer came from: n-grams that add up to the logit, words that are left out."""

from __future__ import annotations

import pytest
import torch
from tiny import perturb, tiny_model

from heads.cnn import CNNHead
from utils.models.attribution import NGram, Piece, ngram_contributions, occlusion, pieces, token_shares


@pytest.mark.parametrize("length", [1, 2, 3, 5, 40])
def test_ngrams_and_bias_add_up_to_the_logit(length):
    head = perturb(tiny_model("seq_cls", "cnn")).head
    states = 3 * torch.randn(length, 16, generator=torch.Generator().manual_seed(length))
    with torch.no_grad():
        logits = head(states.unsqueeze(0), torch.ones(1, length))[0]
    for label, logit in enumerate(logits.tolist()):
        found = ngram_contributions(head, states, label)
        assert found.logit == pytest.approx(logit, abs=1e-5)
        assert sum(token_shares(found.ngrams, length)) + found.bias == pytest.approx(logit, abs=1e-5)
        assert all(0 <= first < end <= length and end - first <= 4 for first, end, _ in found.ngrams)
        sizes = [abs(one.contribution) for one in found.ngrams]
        assert sizes == sorted(sizes, reverse=True)


def test_each_product_goes_to_the_ngram_that_won():
    """One filter of width 2 that adds two numbers, one of width 1 that never finds anything."""
    head = CNNHead(1, 2, per_token=False, kernel_sizes=(2, 1), num_filters=1).eval()
    with torch.no_grad():
        for convolution, weight in zip(head.convolutions, (1.0, -1.0), strict=True):
            convolution.weight.fill_(weight)
            convolution.bias.zero_()
        head.out_proj.weight.copy_(torch.tensor([[2.0, 5.0], [-1.0, 5.0]]))
        head.out_proj.bias.copy_(torch.tensor([0.5, 0.25]))
    states = torch.tensor([[1.0], [3.0], [4.0], [2.0]])
    assert ngram_contributions(head, states, 0) == ([NGram(1, 3, 14.0)], 0.5)
    assert ngram_contributions(head, states, 1) == ([NGram(1, 3, -7.0)], 0.25)


def test_shares_of_tokens_keep_the_sum():
    assert token_shares([NGram(0, 2, 3.0), NGram(1, 4, -6.0)], 5) == [1.5, -0.5, -2.0, -2.0, 0.0]


def test_pieces_are_words_or_runs_of_words():
    assert pieces("참  좋다 \n좋다", most=3) == [(0, 1), (3, 5), (7, 9)]
    assert pieces("a b c d e", most=2) == [(0, 5), (6, 9)]
    assert pieces(" ", most=3) == []


def test_occlusion_is_the_fall_of_the_logit():
    text = "정말 좋다 정말"
    asked = []

    def logit(texts):
        asked.extend(texts)
        return [one.count("정말") * 1.5 - one.count("좋다") for one in texts]

    assert occlusion(text, logit, most=3) == [Piece(0, 2, 1.5), Piece(3, 5, -1.0), Piece(6, 8, 1.5)]
    assert asked == [text, " 좋다 정말", "정말  정말", "정말 좋다 "]

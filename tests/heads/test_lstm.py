"""LSTMHead against torch's own bidirectional LSTM on packed sequences, with the same weights."""

import pytest
import torch
from tiny import pad, tiny_sequences
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from heads.lstm import LSTMHead


def bidirectional(head: LSTMHead, hidden_size: int) -> nn.LSTM:
    """torch's LSTM with the weights of `head`."""
    first = head.forward_lstms[0]
    lstm = nn.LSTM(hidden_size, first.hidden_size, len(head.forward_lstms), batch_first=True, bidirectional=True)
    with torch.no_grad():
        for suffix, lstms in (("", head.forward_lstms), ("_reverse", head.backward_lstms)):
            for layer, one_way in enumerate(lstms):
                for name, parameter in one_way.named_parameters():  # weight_ih_l0, ...
                    getattr(lstm, name.replace("_l0", f"_l{layer}") + suffix).copy_(parameter)
    return lstm


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("per_token", [False, True])
def test_equals_a_packed_bidirectional_lstm(per_token, num_layers):
    torch.manual_seed(0)
    head = LSTMHead(8, 3, per_token, lstm_size=6, num_layers=num_layers).eval()
    lstm = bidirectional(head, 8)
    lengths = (9, 1, 2, 6, 9)
    mask = pad(tiny_sequences(*lengths), extra=2)["attention_mask"]
    hidden_states = torch.randn(len(lengths), mask.shape[1], 8)
    with torch.no_grad():
        packed = pack_padded_sequence(hidden_states, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        states, (last, _) = lstm(packed)
        logits = head(hidden_states, mask)
        if per_token:
            wanted = head.out_proj(pad_packed_sequence(states, batch_first=True)[0])
            real = mask[:, : wanted.shape[1]] == 1
            torch.testing.assert_close(logits[:, : wanted.shape[1]][real], wanted[real], atol=1e-6, rtol=0)
        else:
            wanted = head.out_proj(torch.cat([last[-2], last[-1]], dim=-1))  # the top layer, both ways
            torch.testing.assert_close(logits, wanted, atol=1e-6, rtol=0)


def test_gradients_equal_those_of_a_packed_bidirectional_lstm():
    torch.manual_seed(0)
    head = LSTMHead(8, 3, False, lstm_size=6).eval()
    lstm = bidirectional(head, 8)
    lengths = (5, 2, 4)
    mask = pad(tiny_sequences(*lengths))["attention_mask"]
    hidden_states = torch.randn(3, 5, 8)
    head(hidden_states, mask).pow(2).sum().backward()
    packed = pack_padded_sequence(hidden_states, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    _, (last, _) = lstm(packed)
    head.out_proj(torch.cat([last[0], last[1]], dim=-1)).pow(2).sum().backward()
    for suffix, one_way in (("", head.forward_lstms[0]), ("_reverse", head.backward_lstms[0])):
        for name, parameter in one_way.named_parameters():
            torch.testing.assert_close(parameter.grad, getattr(lstm, name + suffix).grad, atol=1e-6, rtol=1e-5)


def test_token_logits_see_the_whole_sequence():
    torch.manual_seed(0)
    head = LSTMHead(8, 3, True).eval()
    hidden_states = torch.randn(1, 6, 8, requires_grad=True)
    head(hidden_states, torch.ones(1, 6)).select(1, 3).sum().backward()
    assert (hidden_states.grad.abs().sum(dim=-1) > 0).all()


@pytest.mark.parametrize("wrong", [{"lstm_size": 0}, {"num_layers": 0}])
def test_impossible_sizes(wrong):
    with pytest.raises(ValueError, match="lstm_size and num_layers must be at least 1"):
        LSTMHead(8, 3, False, **wrong)

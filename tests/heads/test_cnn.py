"""CNNHead against a slow reference that never sees padding: one sequence, one window, one multiplication at a time."""

import pytest
import torch
from tiny import pad, tiny_sequences

from heads.cnn import CNNHead


def window_value(head: CNNHead, which: int, window: torch.Tensor) -> torch.Tensor:
    """ReLU of one convolution of `head` on a window (width, H): (num_filters,)."""
    convolution = head.convolutions[which]
    # weight: (num_filters, H, width)
    return (torch.einsum("fhw,wh->f", convolution.weight, window) + convolution.bias).relu()


def reference(head: CNNHead, hidden_states: torch.Tensor) -> torch.Tensor:
    """The head's definition in words of its docstring, on the hidden states (length, H) of one sequence."""
    length, hidden_size = hidden_states.shape
    maps = []
    for which, convolution in enumerate(head.convolutions):
        size = convolution.kernel_size[0]
        if head.per_token:
            edge = torch.zeros(size // 2, hidden_size)
            padded = torch.cat([edge, hidden_states, edge])
            windows = [padded[start : start + size] for start in range(length)]
            maps.append(torch.stack([window_value(head, which, window) for window in windows]))
        else:
            padded = torch.cat([hidden_states, torch.zeros(max(0, size - length), hidden_size)])
            windows = [padded[start : start + size] for start in range(max(1, length - size + 1))]
            maps.append(torch.stack([window_value(head, which, window) for window in windows]).amax(dim=0))
    features = torch.cat(([hidden_states] if head.per_token else []) + maps, dim=-1)
    return features @ head.out_proj.weight.T + head.out_proj.bias


@pytest.mark.parametrize("kernel_sizes", [None, (1,), (3,), (5, 1), (7, 3)])
@pytest.mark.parametrize("per_token", [False, True])
def test_equals_the_reference(per_token, kernel_sizes):
    torch.manual_seed(0)
    head = CNNHead(8, 3, per_token, kernel_sizes=kernel_sizes, num_filters=6).eval()
    lengths = (9, 1, 2, 3, 6)  # some shorter than a width
    mask = pad(tiny_sequences(*lengths), extra=2)["attention_mask"]
    hidden_states = torch.randn(len(lengths), mask.shape[1], 8)
    with torch.no_grad():
        logits = head(hidden_states, mask)
        for row, length in enumerate(lengths):
            wanted = reference(head, hidden_states[row, :length])
            found = logits[row, :length] if per_token else logits[row]
            torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


def test_a_short_sequence_is_one_window_with_zeros_behind_it():
    head = CNNHead(1, 1, False, kernel_sizes=(3,), num_filters=1).eval()
    with torch.no_grad():
        head.convolutions[0].weight.copy_(torch.tensor([[[1.0, 10.0, 100.0]]]))
        head.convolutions[0].bias.fill_(-1.0)
        head.out_proj.weight.fill_(1.0)
        head.out_proj.bias.zero_()
        hidden_states = torch.tensor([[2.0, 3.0, 7.0, 7.0], [1.0, 2.0, 3.0, 7.0]]).unsqueeze(-1)
        logits = head(hidden_states, torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]]))
    assert logits.tolist() == [[2 + 30 - 1], [1 + 20 + 300 - 1]]


def test_token_logits_see_as_far_as_the_widest_window_and_no_further():
    torch.manual_seed(0)
    head = CNNHead(8, 3, True, kernel_sizes=(3, 5)).eval()
    hidden_states = torch.randn(1, 9, 8)
    mask = torch.ones(1, 9, dtype=torch.long)
    with torch.no_grad():
        before = head(hidden_states, mask)
        hidden_states[0, 4] += 1.0
        moved = (head(hidden_states, mask) - before).abs().amax(dim=-1)[0]
    assert (moved > 1e-3).tolist() == [False, False, True, True, True, True, True, False, False]
    assert moved[[0, 1, 7, 8]].tolist() == [0.0] * 4


def test_a_wider_window_of_width_3_alone_reaches_one_token():
    torch.manual_seed(0)
    head = CNNHead(8, 3, True, kernel_sizes=(3,)).eval()
    hidden_states = torch.randn(1, 5, 8, requires_grad=True)
    head(hidden_states, torch.ones(1, 5)).select(1, 2).sum().backward()
    assert (hidden_states.grad.abs().sum(dim=-1)[0] > 0).tolist() == [False, True, True, True, False]


def test_token_head_without_its_convolutions_is_linear_in_the_token():
    torch.manual_seed(0)
    head = CNNHead(8, 3, True).eval()
    with torch.no_grad():
        for convolution in head.convolutions:
            convolution.weight.zero_()
            convolution.bias.zero_()
        hidden_states = torch.randn(2, 4, 8)
        wanted = hidden_states @ head.out_proj.weight[:, :8].T + head.out_proj.bias
        torch.testing.assert_close(head(hidden_states, torch.ones(2, 4)), wanted)


@pytest.mark.parametrize("per_token, widths", [(False, [2, 3, 4]), (True, [3, 5])])
def test_default_widths(per_token, widths):
    head = CNNHead(8, 3, per_token)
    assert [convolution.kernel_size[0] for convolution in head.convolutions] == widths


def test_even_width_for_tokens():
    message = r"kernel_sizes for tokens must be odd, so that a token is in the middle: \[3, 4\]"
    with pytest.raises(ValueError, match=message):
        CNNHead(8, 3, True, kernel_sizes=[3, 4])
    CNNHead(8, 3, False, kernel_sizes=[3, 4])


@pytest.mark.parametrize("kernel_sizes", [[], [0], [3, -1]])
def test_impossible_widths(kernel_sizes):
    with pytest.raises(ValueError, match="kernel_sizes must be widths of at least 1 token"):
        CNNHead(8, 3, False, kernel_sizes=kernel_sizes)

"""heads/masking.py on masks written out by hand."""

import pytest
import torch

from heads.masking import move, real_tokens_first, reversal, take

MASK = torch.tensor(
    [
        [1, 1, 1, 0, 0],  # right-padded
        [0, 0, 1, 1, 1],  # left-padded
        [0, 1, 0, 1, 0],  # padding everywhere
        [1, 1, 1, 1, 1],  # none
        [0, 0, 0, 0, 0],  # nothing else
    ]
)
TARGET = torch.tensor([[0, 1, 2, 3, 4], [3, 4, 0, 1, 2], [2, 0, 3, 1, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.bool, torch.float32])
def test_real_tokens_first(dtype):
    assert torch.equal(real_tokens_first(MASK.to(dtype)), TARGET)


def test_move_puts_real_tokens_in_front_in_order():
    values = torch.arange(1, 6).expand(5, 5)
    moved = move(values, TARGET)
    assert moved.tolist() == [[1, 2, 3, 4, 5], [3, 4, 5, 1, 2], [2, 4, 1, 3, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
    assert move(MASK, TARGET).tolist() == [[1] * n + [0] * (5 - n) for n in (3, 3, 2, 5, 0)]


@pytest.mark.parametrize("trailing", [(), (3,), (3, 2)])
def test_take_undoes_move(trailing):
    values = torch.randn(5, 5, *trailing)
    assert torch.equal(take(move(values, TARGET), TARGET), values)


def test_move_leaves_its_input_alone():
    values = torch.randn(5, 5)
    before = values.clone()
    move(values, TARGET)
    assert torch.equal(values, before)


def test_take_reads_fewer_positions_than_there_are():
    values = torch.tensor([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    assert take(values, torch.tensor([[2], [0]])).tolist() == [[[3.0]], [[4.0]]]


def test_take_passes_gradients_to_what_it_read():
    values = torch.ones(1, 3, 2, requires_grad=True)
    take(values, torch.tensor([[2, 0]])).sum().backward()
    assert values.grad.tolist() == [[[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]]


def test_reversal():
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    backwards = reversal(mask)
    assert backwards.tolist() == [[2, 1, 0, 3, 4], [4, 3, 2, 1, 0], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    values = torch.randn(4, 5, 3)
    assert torch.equal(take(take(values, backwards), backwards), values)  # its own inverse

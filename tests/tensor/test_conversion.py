"""To Python, to other dtypes, and what a tensor is to the language."""

import operator

import numpy as np
import pytest

import tinygrad_bp as tgb


def test_single_numbers():
    assert tgb.tensor(1.5).item() == 1.5 and isinstance(tgb.tensor([[2]]).item(), int)
    assert float(tgb.tensor([1.5])) == 1.5 and int(tgb.tensor(2.7)) == 2
    assert complex(tgb.tensor(1.5)) == 1.5 and bool(tgb.tensor(0.0)) is False
    assert bool(tgb.tensor([[3]])) is True
    assert float(tgb.tensor(1.5, requires_grad=True)) == 1.5
    assert [10, 20, 30][tgb.tensor(1)] == 20 and operator.index(tgb.tensor([2])) == 2
    assert list(range(tgb.tensor(2))) == [0, 1]


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda: tgb.ones(2).item(), RuntimeError),
        (lambda: float(tgb.ones(2)), RuntimeError),
        (lambda: bool(tgb.ones(2)), RuntimeError),
        (lambda: bool(tgb.ones(0)), RuntimeError),
        (lambda: tgb.ones(0).item(), RuntimeError),
        (lambda: [1][tgb.tensor(0.0)], TypeError),
        (lambda: operator.index(tgb.tensor([1, 2])), TypeError),
        (lambda: len(tgb.tensor(1)), TypeError),
        (lambda: list(tgb.tensor(1)), TypeError),
        (lambda: f"{tgb.ones(2):.2f}", TypeError),
        (lambda: tgb.ones(2, requires_grad=True).numpy(), RuntimeError),
        (lambda: (tgb.ones(2, requires_grad=True) * 2).numpy(), RuntimeError),
        (lambda: tgb.ones(2) + "a", TypeError),
        (lambda: tgb.ones(2) @ None, TypeError),
    ],
)
def test_what_is_no_single_number(use, error):
    with pytest.raises(error):
        use()


def test_format():
    x = tgb.tensor(3.14159)
    assert f"{x:.2f}" == "3.14" and f"{tgb.tensor(2)}" == "2" and f"{tgb.tensor(True)}" == "True"
    assert f"{tgb.tensor(1.5, requires_grad=True)}" == "1.5"
    assert f"{tgb.tensor([1.5])}" == "tensor([1.5000])" == str(tgb.tensor([1.5]))


def test_containers():
    x = tgb.tensor([[1, 2], [3, 4]])
    assert len(x) == 2 and [row.tolist() for row in x] == [[1, 2], [3, 4]]
    assert 3 in x and 7 not in x and tgb.tensor(4) in x
    _, b = x
    assert b.tolist() == [3, 4]
    assert len({x, x, tgb.ones(1)}) == 2 and {x: 1}[x] == 1
    assert x.tolist() == [[1, 2], [3, 4]] and tgb.tensor(1.0).tolist() == 1.0


def test_iteration_is_differentiable():
    x = tgb.ones(3, 2, requires_grad=True)
    sum((i * row).sum() for i, row in enumerate(x)).backward()
    assert x.grad.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_dtypes():
    x = tgb.tensor([0.0, 1.7])
    assert (
        x.long().tolist() == [0, 1]
        and x.int().dtype == tgb.int32
        and x.bool().tolist() == [False, True]
    )
    assert (
        x.double().dtype == x.to(tgb.float64).dtype == x.to("cpu", tgb.float64).dtype == tgb.float64
    )
    assert x.to(x.double()).dtype == tgb.float64 and x.half().dtype == tgb.float16
    assert x.to(tgb.float32) is x and x.to("cpu") is x and x.cpu() is x
    assert x.to(tgb.float32, copy=True) is not x
    assert x.type_as(x.long()).dtype == tgb.int64 and x.type(tgb.int64).dtype == tgb.int64


def test_a_cast_between_floats_is_differentiable():
    x = tgb.ones(2, requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype == tgb.float32 and x.grad.tolist() == [3, 3]
    assert not x.long().requires_grad


def test_numpy_leaves_and_arrives():
    x = tgb.ones(2)
    assert x.numpy() is x.numpy() or np.shares_memory(x.numpy(), x.numpy())
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x), x.numpy())
    with pytest.raises(ValueError, match="copy"):
        np.asarray(x, dtype=np.float64, copy=False)
    y = tgb.ones(2, requires_grad=True)
    assert y.numpy(force=True).tolist() == [1, 1] and y.detach().numpy().tolist() == [1, 1]


def test_memory_layout():
    x = tgb.arange(6).reshape(2, 3)
    assert x.stride() == (3, 1) and x.T.stride() == (1, 3) and x.stride(0) == 3
    assert x.is_contiguous() and not x.T.is_contiguous() and x.T.contiguous().is_contiguous()
    assert x.contiguous() is x and x.T.data_ptr() == x.data_ptr() and x.element_size() == 8
    assert x.size() == tgb.Size([2, 3]) and x.size(1) == 3 and x.numel() == 6 and x.dim() == 2
    assert repr(x.shape) == "tinygrad_bp.Size([2, 3])" and x.shape.numel() == 6


def test_operations_are_pickled_and_copied_by_name():
    import copy
    import pickle

    for op in (tgb.relu, tgb.tanh, tgb.add, tgb.greater, tgb.nn.functional.relu):
        assert pickle.loads(pickle.dumps(op)) is op is copy.deepcopy(op)
    nameless = tgb.op.elementwise(lambda x: x + 1, name="next", x=lambda g: g)
    with pytest.raises(pickle.PicklingError, match="no variable"):
        pickle.dumps(nameless)

"""Arguments by PyTorch's names, by NumPy's, in several, and in the order of old scripts."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tgb

X = [[1.0, 2.0], [2.0, 5.0]]


def test_the_names_that_pytorch_takes_in_linear_algebra() -> None:
    x = tgb.tensor(X)
    assert tgb.linalg.eigvalsh(input=x).tolist() == tgb.linalg.eigvalsh(A=x).tolist()
    assert tgb.allclose(tgb.cholesky_solve(input=x, input2=tgb.linalg.cholesky(x)), tgb.eye(2))
    assert tgb.linalg.vector_norm(x, axis=1, keepdims=True).shape == (2, 1)


def test_the_names_of_a_special_function() -> None:
    x = tgb.tensor([0.5], requires_grad=True)
    named = tgb.special.airy_ai(x=x)
    assert named.tolist() == tgb.special.airy_ai(x).tolist()
    assert tgb.special.chebyshev_polynomial_t(x=x, n=2).tolist() == [-0.5]
    tgb.exp(input=x).backward()
    assert np.allclose(x.grad.tolist(), np.exp(0.5))


def test_an_operation_without_operands_says_so() -> None:
    with pytest.raises(TypeError):
        tgb.exp(out=tgb.ones(1))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: x.hsplit(1)[0], X),
        (lambda x: x.broadcast_to(1, 2, 2), [X]),
        (lambda x: x.sum_to_size(size=(1, 2)), [[3.0, 7.0]]),
        (lambda x: x.diff(axis=0), [[1.0, 3.0]]),
        (lambda x: tgb.unsafe_split(input=x, split_size=1)[1], X[1:]),
        (lambda x: tgb.roll(x, 1, dims=()), [[5.0, 1.0], [2.0, 2.0]]),
        (lambda x: tgb.heaviside(x - 2, values=x), [[0.0, 2.0], [2.0, 1.0]]),
    ],
)
def test_ways_of_saying_axes_and_sizes(call, expected) -> None:
    assert call(tgb.tensor(X)).tolist() == expected


def test_a_clone_in_a_memory_format() -> None:
    x = tgb.randn(1, 2, 3, 4, requires_grad=True)
    y = x.clone(memory_format=tgb.channels_last)
    assert y.is_contiguous(memory_format=tgb.channels_last)
    y.sum().backward()
    assert x.grad.tolist() == tgb.ones(1, 2, 3, 4).tolist()


def test_out_of_a_copying_function_and_of_a_softmax() -> None:
    x, out = tgb.tensor(X), tgb.empty(2, 2)
    assert tgb.t_copy(x, out=out) is out
    assert out.tolist() == x.t().tolist()
    tgb.softmax(x, 0, out=out)
    assert tgb.allclose(out, x.softmax(axis=0))


@pytest.mark.filterwarnings("ignore:this order of the arguments")
def test_the_step_of_an_old_optimizer() -> None:
    w, g, v = (tgb.tensor(X, requires_grad=n == 0) for n in range(3))
    w.data.add_(-0.5, g)
    v.mul_(0.5).addcmul_(0.5, g, g)
    x = np.array(X)
    assert np.allclose(w.tolist(), 0.5 * x)
    assert np.allclose(v.tolist(), 0.5 * x + 0.5 * x * x)
    assert np.allclose(tgb.addmm(2, g, 3, g, g).tolist(), 2 * x + 3 * x @ x)


def test_the_old_order_warns_and_counts() -> None:
    x = tgb.ones(2)
    with pytest.warns(UserWarning, match="order of the arguments of sub is deprecated"):
        assert x.sub(2, x).tolist() == [-1.0, -1.0]
    with pytest.raises(TypeError, match="too many"):
        x.add(x, x, x)

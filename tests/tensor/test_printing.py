"""repr: PyTorch's text. The stored expectations come from PyTorch 2.13 (see test_tensor_peers)."""

import numpy as np
import pytest

import tinygrad_bp as tgb

NAN, INF = float("nan"), float("inf")

EXPECTED = [
    ([], "tensor([])"),
    (0.0, "tensor(0.)"),
    (-0.0, "tensor(-0.)"),
    (1.5, "tensor(1.5000)"),
    (1e-5, "tensor(1.0000e-05)"),
    (1e9, "tensor(1.0000e+09)"),
    (1e8, "tensor(100000000.)"),
    (123456.0, "tensor(123456.)"),
    (12345.678, "tensor(12345.6777)"),
    (NAN, "tensor(nan)"),
    (INF, "tensor(inf)"),
    ([1.0, 2.0], "tensor([1., 2.])"),
    ([0.0, 0.5], "tensor([0.0000, 0.5000])"),
    ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
    ([1000.0, 0.5], "tensor([1.0000e+03, 5.0000e-01])"),
    ([NAN, 1.0], "tensor([nan, 1.])"),
    ([NAN, 1.5], "tensor([   nan, 1.5000])"),
    ([INF, -INF, 0.25], "tensor([   inf,   -inf, 0.2500])"),
    ([-1.5, 22.25], "tensor([-1.5000, 22.2500])"),
    ([1.0, 1001.0], "tensor([1.0000e+00, 1.0010e+03])"),
    ([1, 200, -3], "tensor([  1, 200,  -3])"),
    (True, "tensor(True)"),
    ([True, False], "tensor([ True, False])"),
    ([[1, 2], [3, 4]], "tensor([[1, 2],\n        [3, 4]])"),
    ([[[1.0]], [[2.0]]], "tensor([[[1.]],\n\n        [[2.]]])"),
    (1 + 2j, "tensor(1.+2.j)"),
    ([0.5 - 1j], "tensor([0.5000-1.j])"),
]


@pytest.mark.parametrize(("data", "text"), EXPECTED)
def test_repr(data, text):
    assert repr(tgb.tensor(data)) == text


def test_suffixes():
    x = tgb.tensor([1.0], requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2.], grad_fn=<MultiplyBackward>)"
    assert repr(tgb.tensor([1.0], dtype=tgb.float64)) == "tensor([1.], dtype=tinygrad_bp.float64)"
    assert repr(tgb.tensor([1], dtype=tgb.int32)) == "tensor([1], dtype=tinygrad_bp.int32)"
    assert repr(tgb.zeros(2, 0)) == "tensor([], size=(2, 0))"
    assert repr(tgb.zeros(0, dtype=tgb.int64)) == "tensor([], dtype=tinygrad_bp.int64)"
    assert repr(tgb.tensor([1.0]).double().requires_grad_()) == (
        "tensor([1.], dtype=tinygrad_bp.float64, requires_grad=True)"
    )


def test_long_ones_are_shortened():
    assert repr(tgb.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    text = repr(tgb.zeros(200, 200))
    assert text.count("\n") == 6 and "..." in text and len(text) < 400
    assert repr(tgb.arange(30)) == (
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])"
    )


def test_printing_records_and_changes_nothing():
    x = tgb.tensor(np.linspace(0, 1, 3), requires_grad=True)
    y = x * 2
    repr(y)
    (y * y).sum().backward()
    assert x.grad.tolist() == [0, 4, 8]

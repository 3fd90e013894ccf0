"""Views: shared memory, layouts changed in place, memory exchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb


def counting(*shape: int) -> Any:
    return tgb.arange(float(np.prod(shape))).reshape(shape)


def test_a_view_in_another_order_is_refused() -> None:
    x = counting(2, 3)
    with pytest.raises(RuntimeError, match=r"shape \(3, 2\).*use x.reshape"):
        x.t().view(-1)
    assert x.t().reshape(-1).tolist() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert x.t().contiguous().view(-1).tolist() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert x[:, :2].view(2, 1, 2).shape == (2, 1, 2)


def test_the_layout_of_a_result_is_none_of_the_users_business() -> None:
    """NumPy keeps the order of axes of a transposed operand; the result can be viewed anyway."""
    x = counting(2, 3).t() + 1
    flat = x.view(-1)
    assert flat.tolist() == [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    if not x.is_contiguous():  # a copy, which a change would not leave
        with pytest.raises(RuntimeError, match="read-only"):
            flat.add_(1)


def test_elements_read_as_another_dtype() -> None:
    x = tgb.tensor([1.0, -2.0])
    bits = x.view(tgb.int32)
    assert bits.tolist() == np.array([1.0, -2.0], np.float32).view(np.int32).tolist()
    bits[0] = 0
    assert x.tolist() == [0.0, -2.0]
    assert x.view(tgb.uint8).shape == (8,)
    with pytest.raises(RuntimeError, match="can't be read as float64"):
        tgb.zeros(3).view(tgb.float64)


def test_a_new_layout_in_place_leaves_the_views_of_before() -> None:
    leaf = counting(2, 3).requires_grad_()
    x = leaf * 1
    row = x[1]
    assert x.unsqueeze_(0) is x
    assert x.shape == (1, 2, 3)
    x.transpose_(1, 2).mul_(10)
    assert row.tolist() == [30.0, 40.0, 50.0]
    row.add_(1)
    assert x.squeeze_().t_().tolist() == [[0.0, 10.0, 20.0], [31.0, 41.0, 51.0]]
    (x * x).sum().backward()
    expected = 20 * np.array([[0.0, 10.0, 20.0], [31.0, 41.0, 51.0]])
    np.testing.assert_allclose(leaf.grad, expected)


def test_a_new_layout_of_a_leaf() -> None:
    w = tgb.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        w.unsqueeze_(0)
    with tgb.no_grad():
        w.unsqueeze_(0)
    (w * 3).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [[3.0, 3.0]]


def test_a_new_layout_before_a_recorded_change() -> None:
    x, w = tgb.zeros(3), tgb.ones(3, requires_grad=True)
    x.unsqueeze_(0)
    x.add_(w)
    x.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_resize() -> None:
    x = counting(2, 3)
    assert x.resize_(2, 2).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert x.resize_((5,)).tolist() == [0.0, 1.0, 2.0, 3.0, 0.0]
    assert x.resize_as_(tgb.zeros(1, 2)).tolist() == [[0.0, 1.0]]
    with pytest.raises(RuntimeError, match="requires a gradient"):
        tgb.ones(2, requires_grad=True).resize_(1)


def test_exchanged_memory() -> None:
    x, y = counting(4), tgb.zeros(1)
    y.set_(x)
    y[0] = 7
    assert x[0] == 7
    y.set_(x, 1, (2,), (2,))
    assert y.tolist() == [1.0, 3.0]
    assert y.set_().shape == (0,)
    with pytest.raises(RuntimeError, match="detach"):
        y.set_(tgb.ones(2, requires_grad=True))


def test_strided_views_share_memory_and_gradients() -> None:
    leaf = counting(6).requires_grad_()
    x = leaf * 1
    windows = x.as_strided((5, 2), (1, 1))
    assert windows[1].tolist() == [1.0, 2.0]
    windows.diagonal().zero_()
    assert x.tolist() == [0.0, 1.0, 0.0, 3.0, 4.0, 5.0]
    windows.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [0.0, 2.0, 0.0, 2.0, 2.0, 1.0]


def test_strides() -> None:
    x = counting(2, 3, 4)
    assert x.stride() == (12, 4, 1)
    assert x.transpose(0, 2).stride() == (1, 4, 12)
    assert x[1, :, 2:].stride() == (4, 1)
    assert x[1, :, 2:].storage_offset() == 14
    assert not x.transpose(0, 2).is_contiguous()
    assert x[:1].expand(5, 3, 4).stride() == (0, 4, 1)
    assert x.unfold(2, 2, 1).stride() == (12, 4, 1, 1)


@pytest.mark.parametrize(
    "kind",
    ["int64", "int32", "uint8", "bool", "float16", "float64"],
)
def test_copies_keep_the_dtype(kind: str) -> None:
    x = tgb.tensor([[1, 0, 2], [0, 1, 1]], dtype=getattr(tgb, kind))
    for y in (x.flip(0), x.roll(1), x.rot90(), x.repeat(2, 1), tgb.cat([x, x]), tgb.tril(x),
              x.unfold(1, 2, 1), tgb.diag_embed(x), tgb.block_diag(x, x), x.sort().values,
              x.index_fill(0, tgb.tensor([0]), 1), tgb.constant_pad_nd(x, (1, 1)),
              x.scatter(1, tgb.tensor([[0], [1]]), 1), x.masked_fill(x > 0, 1)):  # fmt: skip
        assert y.dtype == x.dtype

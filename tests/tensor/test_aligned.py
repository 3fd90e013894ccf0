"""Large products lie on cache lines, and are owned like any other array."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.memory import Aligned, aligned
from tinygrad_bp.storage import owner_of


def aligned_product(rows: int = 256, columns: int = 130) -> tgb.Tensor:
    """Return a product that is large enough to be laid on cache lines."""
    left = tgb.rand(rows, 3, dtype=tgb.float64)
    return left @ tgb.rand(3, columns, dtype=tgb.float64)


@pytest.mark.parametrize("shape", [(1,), (7, 5), (3, 0), (2, 3, 4)])
@pytest.mark.parametrize("kind", ["float32", "float64", "int8"])
def test_an_aligned_array_begins_on_a_line_and_owns_its_memory(shape, kind):
    array = aligned(shape, np.dtype(kind))
    assert (array.shape, array.dtype) == (shape, kind)
    assert type(array) is np.ndarray
    assert array.ctypes.data % 64 == 0
    assert owner_of(array) is array
    assert owner_of(array[..., :1]) is array


def test_a_large_product_is_aligned_and_right():
    left, right = np.random.default_rng(0).standard_normal((2, 256, 256))
    product = tgb.from_numpy(left) @ tgb.from_numpy(right)
    assert isinstance(product._array.base, Aligned)
    np.testing.assert_array_equal(product.numpy(), left @ right)
    assert product.untyped_storage().nbytes() == product.nbytes


def test_a_view_of_an_aligned_gradient_is_not_taken_for_an_array_of_its_own():
    # Both parents receive the same aligned product through a view: neither may add into it.
    w = tgb.rand(256, 130, dtype=tgb.float64, requires_grad=True)
    a = tgb.rand(256, 130, dtype=tgb.float64, requires_grad=True)
    c = aligned_product()
    ((w + a) * 1).backward(c)
    w.grad += 1
    np.testing.assert_array_equal(a.grad.numpy(), c.numpy())
    (w.T @ tgb.eye(256, dtype=tgb.float64)).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), c.numpy() + 2)


def test_a_change_of_an_aligned_product_is_noticed():
    x = aligned_product().requires_grad_()
    y = x * 2
    loss = (y * y).sum()
    y += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()

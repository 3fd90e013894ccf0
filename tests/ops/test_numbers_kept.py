"""Numbers that must not be changed silently: on the way in, in short dtypes, in halves."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tgb


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(300, tgb.uint8), (1e10, tgb.int32), (float("nan"), tgb.int64), (2**40, tgb.int16)],
)
def test_a_number_beyond_the_range_is_refused(value, dtype):
    for make in (
        lambda: tgb.tensor(value, dtype=dtype),
        lambda: tgb.tensor([0, value], dtype=dtype),
        lambda: tgb.full((2,), value, dtype=dtype),
        lambda: tgb.zeros(2, dtype=dtype).new_full((2,), value),
        lambda: tgb.full_like(tgb.zeros(2, dtype=dtype), value),
    ):
        with pytest.raises(RuntimeError, match="can't be stored"):
            make()


def test_a_complex_number_is_no_real_tensor():
    with pytest.raises(TypeError, match="complex"):
        tgb.tensor(1j, dtype=tgb.float32)
    with pytest.raises(RuntimeError, match="can't be stored"):
        tgb.zeros(2).fill_(1j)
    with pytest.raises(ValueError, match="beyond the range"):
        tgb.tensor(2**63)


def test_minus_one_is_the_largest_unsigned_number():
    assert tgb.tensor(-1, dtype=tgb.uint8).item() == 255
    assert tgb.full((1,), -5, dtype=tgb.uint8).item() == 251


def test_new_tensor_does_not_round_on_the_way():
    assert tgb.zeros(1, dtype=tgb.float64).new_tensor([0.1]).item() == 0.1


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_totals_have_the_dtype_that_is_asked_for(name):
    x = tgb.tensor([3, -2], dtype=tgb.int32)
    assert getattr(tgb, name)(x, dtype=tgb.int32).dtype == tgb.int32
    assert getattr(tgb, f"cum{name}")(x, 0, dtype=tgb.int32).dtype == tgb.int32
    assert getattr(tgb, name)(x).dtype == tgb.int64


def test_division_towards_zero_is_exact_for_integers():
    x = tgb.tensor([2**60 + 1, -7, 7, -8])
    y = tgb.tensor([1, 2, -2, 4])
    assert tgb.div(x, y, rounding_mode="trunc").tolist() == [2**60 + 1, -3, -3, -2]
    with pytest.raises(RuntimeError, match="divided by 0"):
        tgb.div(x, tgb.tensor(0), rounding_mode="trunc")


def test_integers_stay_integers_between_bounds():
    x = tgb.tensor([-3, 2, 9])
    assert tgb.nn.functional.relu6(x).tolist() == [0, 2, 6]
    assert tgb.nn.functional.hardtanh(x, -1.5, 5).dtype == tgb.int64


def test_halves_do_not_overflow_inside():
    x = tgb.tensor([300.0, 400.0], dtype=tgb.float16)
    assert x.norm().item() == tgb.linalg.vector_norm(x).item() == 500
    assert tgb.full((3000,), 60.0, dtype=tgb.float16).mean().item() == 60
    assert tgb.ones(5000, dtype=tgb.float16).cumsum(0)[-1].item() == 5000
    found = tgb.nn.functional.rms_norm(x, (2,))
    np.testing.assert_allclose(found.numpy(), [0.8486, 1.1318], rtol=2e-3)
    assert found.dtype == tgb.float16


def test_at_the_origin_the_angle_has_no_slope():
    x, y = (tgb.zeros(1, requires_grad=True) for _ in range(2))
    tgb.atan2(x, y).sum().backward()
    assert (x.grad.item(), y.grad.item()) == (0, 0)


def test_the_sign_of_nan_and_of_truths():
    assert tgb.sign(tgb.tensor([float("nan"), -2.0])).tolist() == [0, -1]
    assert tgb.sign(tgb.tensor([True, False])).tolist() == [True, False]


def test_half_precision_grids_find_the_last_voxel():
    images = tgb.arange(64 * 64.0).reshape(1, 1, 64, 64) / 64
    grid = tgb.tensor([[[[1.0, 1.0], [-1.0, 1.0]]]])
    found = tgb.nn.functional.grid_sample(images.half(), grid.half(), align_corners=True)
    assert found.flatten().tolist() == [64.0, 63.0]


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: tgb.multinomial(tgb.ones(3), -1), RuntimeError),
        (lambda: tgb.isclose(tgb.ones(1), tgb.ones(1), rtol=-1.0), RuntimeError),
        (lambda: tgb.amax(tgb.ones(0, 3)), RuntimeError),
        (lambda: tgb.amax(tgb.ones(0, 3), 0), IndexError),
        (lambda: tgb.aminmax(tgb.ones(0)), RuntimeError),
        (lambda: tgb.arange(0, float("inf")), RuntimeError),
        (lambda: tgb.roll(tgb.tensor(1.0), 0, 0), IndexError),
        (lambda: tgb.ones(4).hsplit("abc"), TypeError),
        (lambda: tgb.gradient(tgb.ones(3, 3), dim=(1, 1)), RuntimeError),
    ],
)
def test_refused(call, kind):
    with pytest.raises(kind):
        call()

"""What is computed otherwise in single precision, or for large arrays, against Python's own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_bp.rules import gelu as rules
from tinygrad_bp.rules.special import erf

X = np.concatenate([np.linspace(-6, 6, 40001), [0.0, 1e-30, -1e-8, 50.0, -np.inf, np.inf]])


def test_erf_in_single_precision():
    x = X.astype(np.float32)
    found = erf(x)
    assert found.dtype == np.float32
    expected = np.array([math.erf(v) for v in x.tolist()])
    np.testing.assert_allclose(found, expected, rtol=4e-7)
    assert np.isnan(erf(np.array([np.nan], np.float32)))[0]


def test_gelu_in_single_precision():
    x = X.astype(np.float32)
    with np.errstate(all="ignore"):
        found = rules.gelu(x)
        slope = rules.gelu_slope(x, found)
    assert found.dtype == slope.dtype == np.float32
    numbers = x.tolist()
    phi = [0.5 * math.erfc(-v / math.sqrt(2)) for v in numbers]
    expected = [v * p for v, p in zip(numbers, phi, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=3e-7, atol=2e-7)
    density = [math.exp(-v * v / 2) / math.sqrt(2 * math.pi) for v in numbers]
    expected = [p + v * d for v, p, d in zip(numbers, phi, density, strict=True)]
    np.testing.assert_allclose(slope, expected, rtol=3e-7, atol=3e-7)


def gelu_slope(x):
    return rules.gelu_slope(x, rules.gelu(x))


@pytest.mark.parametrize(
    "op",
    [rules.gelu, rules.gelu_tanh, gelu_slope, rules.gelu_tanh_slope],
    ids=lambda op: op.__name__,
)
def test_blocks_give_what_one_piece_gives(op):
    x = X[:40001].reshape(1, -1)
    whole = np.concatenate([op(piece) for piece in np.array_split(x[0], 7)])
    np.testing.assert_array_equal(op(x)[0], whole)
    turned = np.asfortranarray(np.stack([x[0], -x[0]]))
    np.testing.assert_allclose(op(turned)[0], whole, rtol=1e-14, atol=1e-16)

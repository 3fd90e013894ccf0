"""A linear layer by BLAS's different ways: small and large, few rows and many, odd layouts."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_bp.rules.linalg import linear


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64])
@pytest.mark.parametrize(("rows", "columns", "features"), [
    (64, 30, 100), (63, 30, 100), (200, 30, 1), (64, 0, 3), (0, 4, 3), (200, 100, 60), (8, 5, 128),
])  # fmt: skip
@pytest.mark.parametrize("layout", ["plain", "turned", "strided"])
def test_a_linear_layer(rows: int, columns: int, features: int, kind: type, layout: str) -> None:
    rng = np.random.default_rng(0)

    def matrix(m: int, n: int) -> np.ndarray:
        if layout == "turned":
            return rng.standard_normal((n, m)).astype(kind).T
        if layout == "strided":
            return rng.standard_normal((m, 2 * n)).astype(kind)[:, ::2]
        return rng.standard_normal((m, n)).astype(kind)

    x, weight, bias = matrix(rows, columns), matrix(features, columns), matrix(1, features)[0]
    before = weight.copy()
    found = linear(x, weight, bias)
    assert found.dtype == kind and found.flags.c_contiguous
    expected = np.einsum("ij,kj->ik", x, weight) + bias
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)
    np.testing.assert_array_equal(weight, before)

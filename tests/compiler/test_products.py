"""Products of matrices that are left to loops: few columns, few rows, turned either way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp.compiler.native import NativeStep
from tinygrad_bp.rules import linalg, shape

from .building import Building


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 17])
@pytest.mark.parametrize("rows", [1, 2, 9, 33])
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"], ids=["as is", "a", "b", "both"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_small(rows: int, columns: int, turned: str, dtype: Any) -> None:
    b = Building()
    left, right = (rows, 35), (35, columns)
    x = b.input(b.normal(*(left[::-1] if "a" in turned else left), dtype=dtype))
    y = b.input(b.normal(*(right[::-1] if "b" in turned else right), dtype=dtype))
    x = b(shape.transpose, x, axes=(1, 0)) if "a" in turned else x
    y = b(shape.transpose, y, axes=(1, 0)) if "b" in turned else y
    out = b(linalg.matmul, x, y)
    b.output(out)
    step = NativeStep(b.program)
    assert "gemm" not in step.source
    (made,) = step([b.arrays[v] for v in b.program.inputs])
    np.testing.assert_allclose(made, b.arrays[out], rtol=1e-5, atol=1e-5)

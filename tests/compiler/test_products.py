"""Products of matrices that are left to loops: few columns, few rows, turned either way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp.compiler import registers
from tinygrad_bp.compiler.native import NativeStep
from tinygrad_bp.rules import index, linalg, shape

from .building import Building, agree


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


@pytest.mark.parametrize("lanes", [16, 8], ids=["long vectors", "half of them"])
@pytest.mark.parametrize(
    ("rows", "summed", "columns"),
    [(64, 784, 128), (17, 400, 151), (128, 384, 48), (5, 1024, 200), (128, 64, 784),
     (130, 65, 144), (256, 256, 64), (259, 33, 528), (9, 300, 400), (7, 3136, 131),
     (9, 2560, 64), (40, 1104, 48), (300, 256, 203), (70, 2064, 130)],
)  # fmt: skip
@pytest.mark.parametrize("turned", ["", "a", "b"], ids=["as is", "a", "b"])
def test_in_registers(rows: int, summed: int, columns: int, turned: str, lanes: int,
                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(registers, "lanes", lambda kind: lanes)
    monkeypatch.setattr(registers, "registers", lambda kind: 24 * lanes // 16)
    b = Building()
    left, right = (rows, summed), (summed, columns)
    x = b.input(b.normal(*(left[::-1] if "a" in turned else left)))
    y = b.input(b.normal(*(right[::-1] if "b" in turned else right)))
    x = b(shape.transpose, x, axes=(1, 0)) if "a" in turned else x
    y = b(shape.transpose, y, axes=(1, 0)) if "b" in turned else y
    out = b(linalg.matmul, x, y)
    b.output(out)
    step = NativeStep(b.program)
    pieces = (summed // c for c in range(1, 9) if summed % (c * lanes) == 0)
    least = 128 if lanes == 16 else 384
    along = turned == "b" and any(least <= piece <= 1024 for piece in pieces)
    along = along and (rows <= 128 or (summed >= 256 and summed * columns <= 512 * 512))
    across = turned != "b" and columns % lanes == 0 and summed * columns <= 512 * 512
    if turned == "a":
        across = across and summed * rows <= 256 * 256
    assert ("gemm" in step.source) != (along or across)
    (made,) = step([b.arrays[v] for v in b.program.inputs])
    np.testing.assert_allclose(made, b.arrays[out], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_in_registers_of_itself(dtype: Any) -> None:
    b = Building()
    x = b.input(b.normal(64, 512, dtype=dtype))
    out = b(linalg.matmul, x, b(shape.transpose, x, axes=(1, 0)))
    part = b(index.slice_, x, key=(slice(3, 60), slice(5, 501)))
    back = b(linalg.matmul, b(shape.transpose, part, axes=(1, 0)), part)
    b.output(out, back)
    agree(b, "native", tolerance=1e-4)

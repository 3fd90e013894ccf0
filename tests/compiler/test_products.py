"""Products of matrices by every kernel: few columns, few rows, turned either way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.compiler.kernels import packed, registers, ways
from tinygrad_bp.compiler.machine.native import NativeStep
from tinygrad_bp.compiler.passes.biases import affine
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import index, linalg, shape

from .building import Building, agree, vectors_of


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


def product(turned: str, m: int, k: int, n: int) -> tuple[Building, NativeStep]:
    """Compile one product; of matrices that are turned around, those named "a" and "b"."""
    b = Building()
    x = b.input(b.normal(*((k, m) if "a" in turned else (m, k))))
    y = b.input(b.normal(*((n, k) if "b" in turned else (k, n))))
    x = b(shape.transpose, x, axes=(1, 0)) if "a" in turned else x
    y = b(shape.transpose, y, axes=(1, 0)) if "b" in turned else y
    b.output(b(linalg.matmul, x, y))
    return b, NativeStep(b.program)


SHAPES = [
    (64, 784, 128), (17, 400, 151), (128, 384, 48), (5, 1024, 200), (128, 64, 784), (130, 65, 144),
    (256, 256, 64), (259, 33, 528), (9, 300, 400), (7, 3136, 131), (9, 2560, 64), (40, 1104, 48),
    (300, 256, 203), (70, 2064, 130), (33, 1040, 336), (515, 272, 304), (3, 16, 16),
]  # fmt: skip


@pytest.mark.parametrize("lanes", [16, 8], ids=["long vectors", "half of them"])
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"], ids=["as is", "a", "b", "both"])
def test_every_kernel_that_is_able(turned: str, m: int, k: int, n: int, lanes: int,
                                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    vectors_of(32 * lanes, monkeypatch, packed, registers, ways)
    built, step = product(turned, m, k, n)
    (made,) = step.lowered.products.values()
    able = ways.able(made) - {"loop"}
    assert ("along" in able) <= (turned == "b")
    assert ("panels" in able) == (n % lanes == 0 and ("b" not in turned or k % lanes == 0))
    for name in sorted(able):
        with monkeypatch.context() as patch:
            patch.setattr(ways, "way", lambda p, name=name: name)
            step = NativeStep(built.program)
        assert ("gemm" in step.source) == (name == "BLAS"), name
        (got,) = step([built.arrays[v] for v in built.program.inputs])
        want = built.arrays[built.program.outputs[0]]
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4, err_msg=name)


def test_which_kernel_multiplies() -> None:
    chosen = {
        ("b", 16, 784, 128): "along", ("b", 64, 784, 128): "panels", ("", 64, 128, 784): "across",
        ("a", 128, 64, 784): "across", ("", 768, 128, 512): "panels",
        ("a", 512, 768, 128): "panels", ("", 64, 128, 10): "BLAS", ("b", 64, 128, 65): "BLAS",
        ("", 8, 16, 16): "loop", ("b", 64, 32, 64): "panels", ("", 64, 64, 32): "BLAS",
    }  # fmt: skip
    for (turned, *extents), name in chosen.items():
        (made,) = product(turned, *extents)[1].lowered.products.values()
        assert ways.way(made) == name, (turned, extents)


@pytest.mark.parametrize("name", ["panels", "BLAS"])
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"], ids=["as is", "a", "b", "both"])
@pytest.mark.parametrize(("m", "k", "n"), [(64, 32, 64), (19, 80, 48), (130, 144, 16)])
def test_stacks_of_heads(name: str, turned: str, m: int, k: int, n: int,
                         monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    b = Building()
    operands = []
    for which, extents in (("a", (m, k)), ("b", (k, n))):
        rows, columns = extents[::-1] if which in turned else extents
        # As a projection gives them: heads side by side; the second ones serve all samples.
        x = b.input(b.normal(*((6,) if which == "a" else ()), rows, 4, columns))
        heads, around = ((0, 2, 1, 3), (0, 1, 3, 2)) if which == "a" else ((1, 0, 2), (0, 2, 1))
        x = b(shape.transpose, x, axes=heads)
        if which in turned:
            x = b(shape.transpose, x, axes=around)
        operands.append(x)
    b.output(b(linalg.matmul, *operands))
    monkeypatch.setattr(ways, "way", lambda p: name)
    agree(b, "native", tolerance=1e-4)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_panels_for_some_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "cores", lambda: 3)
    before = tgb.get_num_threads()
    tgb.set_num_threads(threads)
    try:
        for turned in ("", "a", "b", "ab"):
            for extents in ((768, 128, 512), (160, 512, 784), (512, 304, 128)):
                built, step = product(turned, *extents)
                for _ in range(3):
                    (got,) = step([built.arrays[v] for v in built.program.inputs])
                    want = built.arrays[built.program.outputs[0]]
                    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    finally:
        tgb.set_num_threads(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_in_registers_of_itself(dtype: Any) -> None:
    b = Building()
    x = b.input(b.normal(64, 512, dtype=dtype))
    out = b(linalg.matmul, x, b(shape.transpose, x, axes=(1, 0)))
    part = b(index.slice_, x, key=(slice(3, 60), slice(5, 501)))
    back = b(linalg.matmul, b(shape.transpose, part, axes=(1, 0)), part)
    b.output(out, back)
    agree(b, "native", tolerance=1e-4)


@pytest.mark.parametrize("times", [1, 2], ids=["once", "computed again"])
@pytest.mark.parametrize("swapped", [False, True], ids=["x W + b", "b + x W"])
def test_sums_begin_with_a_bias(times: int, swapped: bool) -> None:
    b = Building()
    x, weight, bias = (b.state(b.normal(*s)) for s in ((200, 96), (80, 96), (160,)))
    part = b(index.slice_, bias, key=slice(40, 120))
    out = b(linalg.matmul, x, b(shape.transpose, weight, axes=(1, 0)))
    for _ in range(times):
        added = b(ew.add, *((part, out) if swapped else (out, part)))
        shown = b(shape.reshape, added, shape=(50, 4, 80))
        b.output(b(ew.exp, b(index.slice_, shown, key=(slice(None), 1))))
    b.store(bias, b(ew.multiply, bias, 0.5))
    step = NativeStep(b.program)
    assert "ps" in step.source
    assert sum(call.op is affine for call in step.lowered.program.calls) == 1
    agree(b, "native", steps=3)


def test_a_bias_that_is_not_there_yet_is_added_later() -> None:
    b = Building()
    x, weight = b.input(b.normal(200, 96)), b.input(b.normal(96, 80))
    out = b(linalg.matmul, x, weight)
    made = b(ew.exp, b.input(b.normal(80)))
    column = b.input(b.normal(200, 1))
    b.output(b(ew.add, out, made), b(ew.add, out, column))
    assert not any(call.op is affine for call in NativeStep(b.program).lowered.program.calls)
    agree(b, "native")

"""GELU, norms and attention as machine code in steps that are not compiled: NumPy's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.rules import attention, gelu, layer_norm, rows
from tinygrad_bp.rules import native as door

pytest.importorskip("llvmlite")

Arrays = list[np.ndarray[Any, Any]]


@pytest.fixture(autouse=True)
def _afresh(tmp_path_factory: pytest.TempPathFactory,
          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Put code in a folder of its own; forget it afterwards."""
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path_factory.getbasetemp() / "code"))
    for name, value in {"_kernels": {}, "_asked": {}, "_taken": {}, "_spent": 0, "EACH": 0}.items():
        monkeypatch.setattr(door, name, value)


@np.errstate(all="ignore")
def both(function: Callable[[], Any], kernels: int) -> tuple[Any, Any]:
    """Run a function by NumPy, and with machine code for so many calls."""
    door._spent = 0
    expected = function()
    assert not door._kernels
    door._spent = door.WORTH
    found = function()
    assert len(door._kernels) == kernels
    assert all(door._kernels.values())
    return expected, found


def drawn(*shapes: tuple[int, ...], dtype: Any) -> Arrays:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _causal(dtype: Any, rows: int, columns: int) -> Any:
    return np.where(np.tri(rows, columns, dtype=bool), dtype(0), dtype(-np.inf))


def _gelu(dtype: Any) -> Any:
    (x,) = drawn((4, 33), dtype=dtype)
    x[0, :3] = 0, 8, -8
    return gelu.gelu(x)


def _slope(dtype: Any) -> Any:
    (x,) = drawn((4, 33), dtype=dtype)
    x[0, :3] = 0, 8, -8
    return gelu.gelu_slope(x, np.asarray(x * (0.5 + 0.1 * np.tanh(x)), dtype))


def _layer_norm(dtype: Any) -> Any:
    return layer_norm.layer_norm(*drawn((3, 5, 24), (24,), (24,), dtype=dtype), eps=1e-5)


def _layer_norm_plain(dtype: Any) -> Any:
    (x,) = drawn((3, 5, 24), dtype=dtype)
    return layer_norm.layer_norm(x, np.array(1, dtype), np.array(0, dtype), eps=1e-5)


def _layer_norm_pull(dtype: Any) -> Any:
    g, x, weight = drawn((3, 5, 24), (3, 5, 24), (24,), dtype=dtype)
    return layer_norm.layer_norm_pull(g, x, weight, eps=1e-5)


def _causal_weights(dtype: Any) -> Any:
    (x,) = drawn((2, 3, 20, 20), dtype=dtype)
    return attention.attention_weights(x, _causal(dtype, 20, 20), scale=0.3)


def _plain_weights(dtype: Any) -> Any:
    (x,) = drawn((2, 3, 20, 17), dtype=dtype)
    return attention.attention_weights(x, np.array(0, dtype), scale=0.3)


def _hidden_weights(dtype: Any) -> Any:
    """Hide all keys from one query of the first sequence, but not of the second."""
    (x,) = drawn((2, 3, 20, 17), dtype=dtype)
    bias = np.zeros((2, 1, 20, 17), dtype)
    bias[0, 0, 4] = -np.inf
    return attention.attention_weights(x, bias, scale=0.3)


def _softmax_pull(dtype: Any) -> Any:
    g, y = drawn((2, 3, 20, 17), (2, 3, 20, 17), dtype=dtype)
    return rows.softmax_pull(g, rows.softmax_rows(y, 0.0), scale=0.3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize(
    "run",
    [_gelu, _slope, _layer_norm, _layer_norm_plain, _layer_norm_pull, _causal_weights,
     _plain_weights, _hidden_weights, _softmax_pull],
)  # fmt: skip
def test_the_same_numbers(run: Callable[[Any], Any], dtype: Any) -> None:
    expected, found = both(lambda: run(dtype), 1)
    assert found.dtype == expected.dtype
    exact = 1e-12 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(found, expected, rtol=exact, atol=exact)


def test_a_view_with_gaps() -> None:
    (x,) = drawn((6, 66), dtype=np.float32)
    expected, found = both(lambda: gelu.gelu(x[::2, 1::2].T), 1)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-7)


def test_results_are_memory_of_their_own() -> None:
    a, b = drawn((4, 33), (4, 33), dtype=np.float32)
    door._spent = door.WORTH
    first = gelu.gelu(a)
    before = first.copy()
    gelu.gelu(b)
    np.testing.assert_array_equal(first, before)


def test_what_there_is_no_kernel_for_is_left_to_numpy() -> None:
    (x,) = drawn((4, 33), dtype=np.float32)
    source = tgb.tensor(x).to(tgb.float16)
    expected = nn.functional.gelu(source)
    door._spent = door.WORTH
    assert bool((nn.functional.gelu(source) == expected).all())
    assert not any(door._kernels.values())


def test_a_weight_of_another_dtype_does_not_change_the_result_s() -> None:
    x, weight = drawn((4, 24), (24,), dtype=np.float32)
    wide = weight.astype(np.float64)

    def run() -> Any:
        return layer_norm.layer_norm(x, wide, wide, eps=1e-5)

    expected = run()
    door._spent = door.WORTH
    found = run()
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


def _block() -> tuple[Any, Any]:
    tgb.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, activation="gelu", batch_first=True,
                                       norm_first=True)  # fmt: skip
    return layer, tgb.randn(3, 9, 16)


def test_a_layer_and_its_gradients() -> None:
    layer, x = _block()

    def run() -> Arrays:
        layer.zero_grad()
        source = x.clone().requires_grad_()
        out = layer(source)
        (out * out).mean().backward()
        return [t.detach().numpy().copy()
                for t in (out, source.grad, *(p.grad for p in layer.parameters()))]  # fmt: skip

    # GELU, the norm, the weights of attention, each forward and backward: the operands of one of
    # the two norms lie in another way.
    expected, found = both(run, 7)
    for want, got in zip(expected, found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


def test_gradients_of_gradients() -> None:
    layer, x = _block()

    def run() -> Any:
        source = x.clone().requires_grad_()
        (first,) = tgb.autograd.grad(layer(source).pow(2).sum(), source, create_graph=True)
        (second,) = tgb.autograd.grad(first.pow(2).sum(), source)
        return second.numpy().copy()

    door._spent = 0
    expected = run()
    door._spent = door.WORTH
    found = run()
    assert any(door._kernels.values())
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)

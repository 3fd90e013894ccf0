"""NumPy's functions on tensors: the right numbers, and the graph is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers
from tinygrad_bp.autograd import gradcheck
from tinygrad_bp.numpy_protocol import NUMPY_FUNCTIONS, NUMPY_UFUNCS

draw = Numbers(6)
A, B, V, W = draw.positive(2, 3), draw.positive(2, 3), draw.positive(3), draw.positive(3, 4)
SMALL = A / 3
INTEGERS = np.array([[0, 2, 1], [1, 1, 0]])

# Each is called with a tensor and with the array in its place.
CALLS: dict[str, tuple[Any, Any]] = {
    **{name: (lambda x, f=name: getattr(np, f)(x), A) for name in
       ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan",
           "sinh", "cosh", "tanh", "arctan", "arcsinh", "absolute", "fabs", "negative",
           "positive", "square", "reciprocal", "floor", "ceil", "trunc", "sign", "sum", "mean",
           "prod", "max", "min", "amax", "amin", "var", "std", "cumsum", "cumprod", "ravel",
           "transpose", "copy", "diagonal", "trace", "tril", "triu", "sort", "squeeze", "flip",
           "zeros_like", "ones_like", "hstack", "vstack"] if name not in ("hstack", "vstack")},
    **{name: (lambda x, f=name: getattr(np, f)(x), SMALL) for name in ("arcsin", "arccos",
        "arctanh")},
    "arccosh": (lambda x: np.arccosh(x), A + 1),
    "conjugate": (lambda x: np.conjugate(x), A),
    **{name: (lambda x, f=name: getattr(np, f)(x, B) + getattr(np, f)(B, x), A) for name in
       ["add", "subtract", "multiply", "divide", "remainder", "fmod", "hypot", "logaddexp",
           "arctan2", "maximum", "minimum", "power", "float_power", "floor_divide"]},
    **{f"{name} axis": (lambda x, f=name: getattr(np, f)(x, axis=1, keepdims=True), A)
       for name in ("sum", "mean", "prod", "max", "min", "var", "std")},
    **{f"{name} positional": (lambda x, f=name: getattr(np, f)(x, 0), A)
       for name in ("sum", "mean", "prod", "max", "min", "var", "std", "cumsum", "cumprod",
           "sort")},
    "sum axes": (lambda x: np.sum(x, axis=(0, -1)), A),
    "sum dtype": (lambda x: np.sum(x, dtype=np.float64), A),
    "var ddof": (lambda x: np.var(x, axis=0, ddof=1), A),
    "std ddof": (lambda x: np.std(x, ddof=1), A),
    "add.reduce": (lambda x: np.add.reduce(x) + np.add.reduce(x, axis=None), A),
    "multiply.reduce": (lambda x: np.multiply.reduce(x, axis=1, keepdims=True), A),
    "maximum.reduce": (lambda x: np.maximum.reduce(x, axis=-1) + np.minimum.reduce(x, axis=-1), A),
    "accumulate": (lambda x: np.add.accumulate(x) + np.multiply.accumulate(x, axis=1), A),
    "array * x": (lambda x: B * x + B / x - B + x, A),
    "array op x": (lambda x: (B - x) ** 2 + B**x, A),
    "array @ x": (lambda x: W.T @ x, V),
    "x @ array": (lambda x: x @ W, A),
    "scalar * x": (lambda x: np.float64(2) * x + np.float64(1) / x, A),
    "matmul": (lambda x: np.matmul(x, W), A),
    "dot": (lambda x: np.dot(x, W), A),
    "outer": (lambda x: np.outer(x, V), V),
    "tensordot": (lambda x: np.tensordot(x, W, 1), A),
    "tensordot axes": (lambda x: np.tensordot(x, W, axes=([1], [0])), A),
    "einsum": (lambda x: np.einsum("ij,jk->ki", x, W), A),
    "where": (lambda x: np.where(B > 1, x, 0.0) + np.where(B > 1, B, x), A),
    "clip": (lambda x: np.clip(x, 0.5, 1.5) + np.clip(x, None, 1.0), A),
    "round": (lambda x: np.round(x, 1), A),
    "reshape": (lambda x: np.reshape(x, (3, 2)) + np.reshape(x, (-1, 2)), A),
    "transpose axes": (lambda x: np.transpose(x, (1, 0)), A),
    "matrix_transpose": (lambda x: np.matrix_transpose(x), A),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 1), A),
    "moveaxis": (lambda x: np.moveaxis(x, 0, -1), A),
    "squeeze axis": (lambda x: np.squeeze(x, axis=0), A[None]),
    "expand_dims": (lambda x: np.expand_dims(x, -1), A),
    "expand_dims axes": (lambda x: np.expand_dims(x, (0, 2)), A),
    "broadcast_to": (lambda x: np.broadcast_to(x, (4, 2, 3)), A),
    "concatenate": (lambda x: np.concatenate([x, B, x], axis=1), A),
    "stack": (lambda x: np.stack([x, B], axis=-1), A),
    "hstack": (lambda x: np.hstack([x, B]), A),
    "vstack": (lambda x: np.vstack([x, V]), A),
    "dstack": (lambda x: np.dstack([x, B]), A),
    "column_stack": (lambda x: np.column_stack([x, B[:, 0]]), A),
    "atleast_1d": (lambda x: np.atleast_1d(x), A),
    "atleast_2d": (lambda x: np.atleast_2d(x), V),
    "atleast_3d": (lambda x: np.atleast_3d(x), A),
    "fliplr": (lambda x: np.fliplr(x), A),
    "flipud": (lambda x: np.flipud(x), A),
    "rot90": (lambda x: np.rot90(x, 3), A),
    "pad": (lambda x: np.pad(x, 1) + np.pad(x, ((2, 0), (1, 1)), constant_values=3.0), A),
    "split": (lambda x: np.split(x, 3, axis=1)[1], A),
    "split places": (lambda x: np.split(x, [1], axis=1)[1], A),
    "tile": (lambda x: np.tile(x, (2, 1)), A),
    "tile number": (lambda x: np.tile(x, 2), A),
    "repeat": (lambda x: np.repeat(x, 2, axis=1), A),
    "repeat flat": (lambda x: np.repeat(x, 2), A),
    "flip axis": (lambda x: np.flip(x, 1) + np.flip(x, axis=(0, 1)), A),
    "roll": (lambda x: np.roll(x, 1, axis=1), A),
    "roll flat": (lambda x: np.roll(x, 1), A),
    "diag": (lambda x: np.diag(x), V),
    "diag of a matrix": (lambda x: np.diag(x, 1), A),
    "take": (lambda x: np.take(x, INTEGERS, axis=1), A),
    "take flat": (lambda x: np.take(x, INTEGERS), A),
    "take_along_axis": (lambda x: np.take_along_axis(x, INTEGERS, 1), A),
    "keywords": (lambda x: np.swapaxes(a=x, axis1=0, axis2=1) + np.tril(m=x, k=1).T, A),
    "more keywords": (lambda x: np.diagonal(a=x, offset=1, axis1=0, axis2=1) + np.diag(v=x, k=1),
        A),
    "source, destination": (lambda x: np.moveaxis(x, source=0, destination=1), A),
    "cumsum dtype": (lambda x: np.cumsum(x, axis=0, dtype=np.float64), A),
    "sort flat": (lambda x: np.sort(x, axis=None), A),
    "einsum optimize": (lambda x: np.einsum("ij,jk->ki", x, W, optimize=True), A),
    "tensordot pair": (lambda x: np.tensordot(x, W, axes=(1, 0)), A),
    "full_like": (lambda x: np.full_like(x, 2.5) * x, A),
}  # fmt: skip
CONSTANT = {"zeros_like", "ones_like"}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients(name: str) -> None:
    call, array = CALLS[name]
    x = tgb.tensor(array).requires_grad_()
    out = call(x)
    assert isinstance(out, tgb.Tensor)
    assert out.requires_grad == (name not in CONSTANT)
    np.testing.assert_allclose(np.asarray(out.detach()), call(array), rtol=1e-14)
    assert gradcheck(call, x)


COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal",
    "logical_and",
               "logical_or", "logical_xor")  # fmt: skip


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name: str) -> None:
    f, x = getattr(np, name), tgb.tensor(A)
    for mine, other in ((f(x, B), f(A, B)), (f(B, x), f(B, A)), (f(x, x), f(A, A))):
        assert isinstance(mine, tgb.Tensor) and mine.dtype == tgb.bool
        np.testing.assert_array_equal(np.asarray(mine), other)


@pytest.mark.parametrize("name", ["any", "all", "argmax", "argmin"])
def test_searches(name: str) -> None:
    f = getattr(np, name)
    for axis in (None, 0, -1):
        mine = f(tgb.tensor(A - 1), axis=axis)
        np.testing.assert_array_equal(np.asarray(mine), f(A - 1, axis=axis))


def test_flags() -> None:
    odd = np.array([np.nan, np.inf, -0.0, 1.0])
    for f in (np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_not):
        np.testing.assert_array_equal(np.asarray(f(tgb.tensor(odd))), f(odd))
    bits = np.array([1, 2, 3])
    for g in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift):
        np.testing.assert_array_equal(np.asarray(g(tgb.tensor(bits), bits)), g(bits, bits))
    np.testing.assert_array_equal(np.asarray(np.invert(tgb.tensor(bits))), ~bits)


def test_what_is_known_without_the_values() -> None:
    x = tgb.tensor(A)
    assert np.shape(x) == (2, 3) and np.ndim(x) == 2 and np.size(x) == 6 and np.size(x, 1) == 3
    assert np.argsort(x).tolist() == np.argsort(A).tolist()
    assert np.argsort(x, axis=None).tolist() == np.argsort(A, axis=None).tolist()
    assert np.allclose(x, A) and not np.allclose(x, A + 1)
    assert np.array_equal(x, A) and np.isclose(x, x).all()


def test_every_entry_is_tried() -> None:
    """No function is promised without a call above, or below."""
    tried = {name.split()[0].split(".")[0] for name in CALLS} | set(COMPARISONS)
    tried |= {"any", "all", "argmax", "argmin", "argsort", "shape", "ndim", "size", "allclose",
              "isclose", "array_equal", "isnan", "isinf", "isfinite", "signbit", "logical_not",
              "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift",
              "invert"}  # fmt: skip
    names = {f.__name__ for f in NUMPY_FUNCTIONS}
    names |= {f.__name__ for f in NUMPY_UFUNCS if isinstance(f, np.ufunc)}
    aliases = {"max": "amax", "min": "amin", "absolute": "abs", "true_divide": "divide",
               "matrix_transpose": "matrix_transpose"}  # fmt: skip
    assert {n for n in names if n not in tried and aliases.get(n) not in tried} == set()


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.linalg.inv(x),
        lambda x: np.fft.fft(x),
        lambda x: np.median(x),
        lambda x: np.nextafter(x, x),
        lambda x: np.add.outer(x, x),
        lambda x: np.add.at(x, 0, 1),
        lambda x: np.add(x, 1, where=np.array(True)),
        lambda x: np.add(x, 1, dtype=np.float32),
        lambda x: np.exp(x, out=np.empty(3)),
        lambda x: np.sum(x, out=np.empty(())),
        lambda x: np.sum(x, where=np.array([True, False, True])),
        lambda x: np.sum(x, initial=1.0),
        lambda x: np.max(x, out=np.empty(())),
        lambda x: np.any(x, out=np.empty((), bool)),
        lambda x: np.cumsum(x, out=np.empty(3)),
        lambda x: np.var(x, dtype=np.float64),
        lambda x: np.concatenate([x, x], out=np.empty(6)),
        lambda x: np.reshape(x, (3, 1), order="F"),
        lambda x: np.ravel(x, order="F"),
        lambda x: np.zeros_like(x, shape=(4,)),
        lambda x: np.full_like(x, 2.0, order="F"),
        lambda x: np.einsum("i->", x, dtype=np.float32),
        lambda x: np.take(x, [0], mode="wrap"),
    ],
)
def test_what_would_lose_the_graph_or_be_ignored_is_a_type_error(call: Any) -> None:
    with pytest.raises(TypeError):
        call(tgb.ones(3, dtype=tgb.float64, requires_grad=True))


def test_an_array_changed_in_place_by_a_tensor_is_refused() -> None:
    array = np.ones(3)
    with pytest.raises(TypeError, match="would lose its history"):
        array += tgb.ones(3, dtype=tgb.float64, requires_grad=True)
    np.testing.assert_array_equal(array, 1)


def test_out_into_a_tensor_is_a_change_in_place() -> None:
    x = tgb.tensor([0.0, 1.0], requires_grad=True)
    y = x * 2
    result = np.exp(y, out=y)
    assert result is y
    y.sum().backward()
    np.testing.assert_allclose(np.asarray(x.grad), 2 * np.exp([0.0, 2.0]), rtol=1e-6)


def test_asarray_shares_memory_and_numpy_refuses_a_gradient() -> None:
    x = tgb.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(x), np.asarray(x))
    assert not np.shares_memory(np.array(x), np.asarray(x))
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="a copy is needed"):
        np.array(x, dtype=np.float64, copy=False)
    with pytest.raises(RuntimeError, match="detach"):
        x.requires_grad_().numpy()

"""The public functions: gradients, methods, axes, and what they say to bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.calls import CALLS, Call
from tinygrad_bp.autograd import gradcheck, gradgradcheck

SMOOTH = [call for call in CALLS if call.smooth]


def flat(outputs: Any) -> tuple[Any, ...]:
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)


@pytest.mark.parametrize("call", SMOOTH, ids=str)
def test_gradient_is_the_difference_quotient(call: Call) -> None:
    xs = [tgb.tensor(a) for a in call.arrays]
    assert gradcheck(lambda *xs: flat(call.run(tgb, *xs)), xs)


@pytest.mark.parametrize("call", SMOOTH, ids=str)
def test_second_derivative_is_the_difference_quotient(call: Call) -> None:
    xs = [tgb.tensor(a) for a in call.arrays]
    assert gradgradcheck(lambda *xs: flat(call.run(tgb, *xs)), xs, fast_mode=True)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_float32_stays_float32(call: Call) -> None:
    """The calls speak of float64 only where they make constants of it themselves."""
    wide = flat(call.run(tgb, *[tgb.tensor(a).requires_grad_() for a in call.arrays]))
    xs = [tgb.tensor(np.float32(a)).requires_grad_() for a in call.arrays]
    outputs = flat(call.run(tgb, *xs))
    assert [o.shape for o in outputs] == [o.shape for o in wide]
    loss = [o.sum() for o in outputs if o.requires_grad]
    if loss:
        with np.errstate(all="ignore"):
            tgb.autograd.backward(loss, [tgb.ones((), dtype=o.dtype) for o in loss])
        for x in xs:
            assert x.grad is None or (x.grad.dtype == tgb.float32 and x.grad.shape == x.shape)


METHODS = [
    call
    for call in CALLS
    if hasattr(tgb.Tensor, call.name.split()[0]) and hasattr(tgb, call.name.split()[0])
]


class AsMethods:
    """Stands in for the module: calls the method of the first tensor."""

    def __getattr__(self, name: str) -> Any:
        if not hasattr(tgb.Tensor, name) or name in ("where", "float64"):
            return getattr(tgb, name)
        return lambda first, *args, **kwargs: (
            getattr(first, name)(*args, **kwargs)
            if isinstance(first, tgb.Tensor)
            else getattr(tgb, name)(first, *args, **kwargs)
        )


@pytest.mark.parametrize("call", METHODS, ids=str)
def test_method_is_the_function(call: Call) -> None:
    xs = [tgb.tensor(a) for a in call.arrays]
    for mine, other in zip(flat(call.run(AsMethods(), *xs)), flat(call.run(tgb, *xs)), strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))


def test_there_are_methods() -> None:
    assert len({call.name.split()[0] for call in METHODS}) > 80


# -------------------------------------------------------------------------------------------- axes

ALONG_AN_AXIS: dict[str, Any] = {
    name: (lambda x, d, f=name: getattr(tgb, f)(x, dim=d))
    for name in (
        "sum", "mean", "prod", "var", "std", "amax", "amin", "max", "min", "argmax", "argmin",
            "any",
        "all", "count_nonzero", "cumsum", "cumprod", "cummax", "cummin", "sort", "argsort",
            "median",
        "softmax", "log_softmax", "logsumexp", "squeeze", "unbind",
    )
} | {
    "topk": lambda x, d: tgb.topk(x, 1, dim=d),
    "norm": lambda x, d: tgb.norm(x, 2, dim=d),
    "cat": lambda x, d: tgb.cat([x, x], dim=d),
    "flip": lambda x, d: tgb.flip(x, (d,)),
    "roll": lambda x, d: tgb.roll(x, 1, d),
    "split": lambda x, d: tgb.split(x, 2, dim=d),
    "chunk": lambda x, d: tgb.chunk(x, 2, dim=d),
    "narrow": lambda x, d: tgb.narrow(x, d, 0, 1),
    "select": lambda x, d: tgb.select(x, d, 0),
    "unflatten": lambda x, d: tgb.unflatten(x, d, (1, -1)),
    "transpose": lambda x, d: tgb.transpose(x, d, 0),
    "movedim": lambda x, d: tgb.movedim(x, d, 0),
    "repeat_interleave": lambda x, d: tgb.repeat_interleave(x, 2, dim=d),
    "index_select": lambda x, d: tgb.index_select(x, d, tgb.tensor([0])),
    "gather": lambda x, d: tgb.gather(x, d, tgb.zeros(1, 1, 1, dtype=tgb.int64)),
    "scatter_add": lambda x, d: tgb.scatter_add(x, d, tgb.zeros(1, 1, 1, dtype=tgb.int64), x),
    "take_along_dim": lambda x, d: tgb.take_along_dim(x, tgb.zeros(1, 1, 1, dtype=tgb.int64),
        dim=d),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONG_AN_AXIS)
def test_a_negative_axis_counts_from_the_end(name: str) -> None:
    x = tgb.arange(24.0).reshape(2, 3, 4).sin()
    for axis in range(3):
        forward = flat(ALONG_AN_AXIS[name](x, axis))
        backward = flat(ALONG_AN_AXIS[name](x, axis - 3))
        for mine, other in zip(forward, backward, strict=True):
            np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))


@pytest.mark.parametrize("name", ALONG_AN_AXIS)
@pytest.mark.parametrize("axis", [3, -4])
def test_an_axis_out_of_range_is_an_index_error(name: str, axis: int) -> None:
    x = tgb.arange(24.0).reshape(2, 3, 4)
    with pytest.raises(IndexError, match=rf"dim\d?={axis} is out of range: for 3 dim.*\[-3, 2\]"):
        ALONG_AN_AXIS[name](x, axis)


REDUCTIONS = (
    "sum",
    "mean",
    "prod",
    "var",
    "std",
    "amax",
    "amin",
    "any",
    "all",
    "norm",
    "logsumexp",
)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_keepdim_leaves_the_axis(name: str) -> None:
    x = tgb.arange(24.0).reshape(2, 3, 4)
    kept = getattr(tgb, name)(x, dim=(0, 2), keepdim=True)
    assert kept.shape == (1, 3, 1)
    by_numpy_names = getattr(tgb, name)(x, axis=(0, 2), keepdims=True)
    np.testing.assert_array_equal(np.asarray(kept), np.asarray(by_numpy_names))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_an_axis_twice_is_refused(name: str) -> None:
    with pytest.raises(RuntimeError, match="names an axis twice"):
        getattr(tgb, name)(tgb.ones(2, 3), dim=(0, -2))


# ------------------------------------------------------------------------------------------ errors

two_three, three = tgb.ones(2, 3), tgb.ones(3, dtype=tgb.int64)
ERRORS: dict[str, tuple[Any, type[Exception], str]] = {
    "add": (lambda: tgb.ones(2, 3) + tgb.ones(2), RuntimeError,
            r"add\(\(2, 3\) float32, \(2,\) float32\).*Remedy: .*unsqueeze"),
    "matmul": (lambda: tgb.ones(2, 3) @ tgb.ones(2, 3), RuntimeError,
               r"matmul\(\(2, 3\) float32, \(2, 3\) float32\).*Remedy: .*\.T"),
    "reshape": (lambda: two_three.reshape(4, 2), RuntimeError, r"reshape\(.*Remedy: .*equal"),
    "cat": (lambda: tgb.cat([two_three, tgb.ones(1, 2)]), RuntimeError, r"concatenate\(.*Remedy"),
    "cat none": (lambda: tgb.cat([]), RuntimeError, "at least one tensor"),
    "cat numbers": (lambda: tgb.cat([tgb.tensor(1.0)]), RuntimeError, "use stack"),
    "stack": (lambda: tgb.stack([two_three, tgb.ones(3, 2)]), RuntimeError, r"stack\(.*Remedy"),
    "stack none": (lambda: tgb.stack([]), RuntimeError, "at least one tensor"),
    "expand": (lambda: two_three.expand(4, 3), RuntimeError, r"broadcast_to\(.*Remedy"),
    "expand -1": (lambda: two_three.expand(-1, 2, 3), RuntimeError, "no length"),
    "einsum": (lambda: tgb.einsum("ij,jk->ik", two_three, two_three), RuntimeError,
        "einsum.*Remedy"),
    "einsum count": (lambda: tgb.einsum("ij,jk->ik", two_three), RuntimeError, "1 operand"),
    "mm": (lambda: tgb.mm(two_three, tgb.ones(3)), RuntimeError, r"mm: expected .*\(3,\)"),
    "bmm": (lambda: tgb.bmm(tgb.ones(2, 1, 1), tgb.ones(3, 1, 1)), RuntimeError,
        "2 and 3 matrices"),
    "tensordot": (lambda: tgb.tensordot(two_three, two_three, 1), RuntimeError, "not equally long"),
    "T": (lambda: tgb.ones(3).mT, RuntimeError, "at least 2 dimensions"),
    "t": (lambda: tgb.ones(1, 1, 1).t(), RuntimeError, "use .mT"),
    "permute": (lambda: two_three.permute(0, 0), RuntimeError, "once"),
    "flatten": (lambda: two_three.flatten(1, 0), RuntimeError, "lies behind"),
    "unflatten": (lambda: two_three.unflatten(1, (2, 2)), RuntimeError, "multiply up to 3"),
    "movedim": (lambda: two_three.movedim((0, 1), 0), RuntimeError, "2 axes can't go to 1"),
    "split": (lambda: two_three.split([1, 2]), RuntimeError, "don't add up to 2"),
    "split size": (lambda: two_three.split(0), RuntimeError, "positive"),
    "chunk": (lambda: two_three.chunk(0), RuntimeError, "positive"),
    "narrow": (lambda: two_three.narrow(1, 2, 2), RuntimeError, "exceeds the axis of length 3"),
    "repeat": (lambda: two_three.repeat(2), RuntimeError, "2 dimensions"),
    "roll": (lambda: two_three.roll((1, 2), (0,)), RuntimeError, "2 shifts for 1 axes"),
    "diag": (lambda: tgb.diag(tgb.ones(1, 1, 1)), RuntimeError, "vector or a matrix"),
    "trace": (lambda: tgb.trace(tgb.ones(3)), RuntimeError, "expected a matrix"),
    "meshgrid": (lambda: tgb.meshgrid(tgb.ones(2), indexing="yx"), RuntimeError, "'yx'"),
    "mean": (lambda: three.mean(), RuntimeError, r"int64 is not defined.*x.to\(tgb.float32\)"),
    "var": (lambda: three.var(), RuntimeError, "int64 is not defined"),
    "clamp": (lambda: two_three.clamp(), RuntimeError, "at least one of min and max"),
    "div": (lambda: tgb.div(two_three, 2, rounding_mode="up"), RuntimeError, "'up'"),
    "masked_fill": (lambda: two_three.masked_fill(two_three > 0, tgb.ones(3)), RuntimeError,
        "single"),
    "topk": (lambda: two_three.topk(4), RuntimeError, "k=4 is out of range"),
    "max of none": (lambda: tgb.ones(0).max(), RuntimeError, "over no elements"),
    "amax of none": (lambda: tgb.ones(0, 2).amax(0), IndexError, "over no elements"),
    "argmax of none": (lambda: tgb.ones(0).argmax(), IndexError, "over no elements"),
    "gather rank": (lambda: two_three.gather(0, three), RuntimeError, "1 dimensions, the tensor 2"),
    "gather dtype": (lambda: two_three.gather(0, two_three), RuntimeError, "int64, not float32"),
    "index range": (lambda: two_three[2], IndexError, r"slice\(.*out of bounds"),
    "index tensor": (lambda: two_three[tgb.tensor([2])], IndexError, "out of bounds"),
    "index float": (lambda: two_three[tgb.ones(2)], IndexError, "not of float32"),
    "index text": (lambda: two_three["a"], TypeError, "made of numbers"),
    "index step": (lambda: two_three[::-1], ValueError, "positive step"),
    "index mask": (lambda: two_three[tgb.tensor([True])], IndexError, "boolean"),
    "index axes": (lambda: two_three[0, 0, 0], IndexError, "too many"),
    "index_select": (lambda: two_three.index_select(0, tgb.zeros(1, 1, dtype=tgb.int64)),
        IndexError,
                     "vector"),
    "select": (lambda: two_three.select(0, 5), IndexError, "out of bounds"),
    "truth": (lambda: bool(two_three), RuntimeError, r"ambiguous: use .any\(\) or .all\(\)"),
    "len": (lambda: len(tgb.tensor(1.0)), TypeError, "zero-dimensional"),
    "iteration": (lambda: list(tgb.tensor(1.0)), TypeError, "zero-dimensional"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input_is_refused_with_reasons(name: str) -> None:
    call, kind, words = ERRORS[name]
    with pytest.raises(kind, match=words):
        call()


# ------------------------------------------------------------------------------- values by hand


def test_equal_and_allclose() -> None:
    a = tgb.tensor([1.0, 2.0])
    assert tgb.equal(a, a.clone()) and not tgb.equal(a, a + 1) and not tgb.equal(a, a[:1])
    assert tgb.allclose(a, a + 1e-9) and not tgb.allclose(a, a + 1)
    nan = tgb.tensor([math.nan])
    assert tgb.allclose(nan, nan, equal_nan=True) and not tgb.allclose(nan, nan)


def test_bincount() -> None:
    counts = tgb.bincount(tgb.tensor([0, 2, 2]), minlength=4)
    assert counts.tolist() == [1, 0, 2, 0] and counts.dtype == tgb.int64
    weighted = tgb.bincount(tgb.tensor([0, 2, 2]), tgb.tensor([0.5, 1.0, 2.0]))
    assert weighted.tolist() == [0.5, 0.0, 3.0]


def test_named_results() -> None:
    best = tgb.tensor([[1.0, 3.0], [2.0, 0.0]]).max(dim=1)
    assert best.values.tolist() == [3.0, 2.0] and best.indices.tolist() == [1, 0]


def test_flip_is_a_copy_as_in_pytorch() -> None:
    x = tgb.tensor([1.0, 2.0])
    y = x.flip(0)
    y += 10
    assert x.tolist() == [1.0, 2.0] and y.tolist() == [12.0, 11.0]


def test_std_of_equals_has_the_slope_zero() -> None:
    x = tgb.full((3,), 2.0, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_logsumexp_of_nothing_finite_has_no_slope() -> None:
    """Here PyTorch gives NaN; a fully masked row must not spoil the rest of the gradient."""
    x = tgb.tensor([[-math.inf, -math.inf], [0.0, 0.0]], requires_grad=True)
    x.logsumexp(1)[1].backward()
    assert x.grad.tolist() == [[0.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize(
    "choose",
    [
        lambda x: tgb.relu(x), lambda x: x.clamp(min=0.0), lambda x: x.clamp(tgb.zeros(2)),
        lambda x: tgb.maximum(x, tgb.zeros(2)), lambda x: tgb.where(x > 0, x, 0.0),
        lambda x: x.masked_fill(x < 0, 0.0),
    ],
    ids=["relu", "clamp", "tensor bound", "maximum", "where", "masked_fill"],
)  # fmt: skip
def test_an_infinite_slope_stops_where_something_else_was_chosen(choose: Any) -> None:
    x = tgb.tensor([-1.0, 4.0], requires_grad=True)
    choose(x).sqrt().sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 0.25]

"""In-place twins, keywords and `out`: what functions share, whichever they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.op import primitive
from tinygrad_bp.twins import TWINS

#: Arguments of the twins that need any, beside the tensor.
OPERAND = tgb.tensor([[0.5, 1.5, 2.5], [1.0, 0.25, 2.0]], dtype=tgb.float64)
ROWS = tgb.tensor([1, 0])
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        [
            "add",
            "sub",
            "subtract",
            "mul",
            "multiply",
            "div",
            "divide",
            "true_divide",
            "floor_divide",
            "fmod",
            "remainder",
            "pow",
            "float_power",
            "atan2",
            "arctan2",
            "copysign",
            "hypot",
            "nextafter",
            "heaviside",
            "igamma",
            "igammac",
            "ldexp",
            "xlogy",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "greater",
            "greater_equal",
            "less",
            "less_equal",
            "not_equal",
            "logical_and",
            "logical_or",
            "logical_xor",
        ],
        (OPERAND,),
    ),
    **dict.fromkeys(("addcdiv", "addcmul"), (OPERAND, OPERAND)),
    **dict.fromkeys(("clamp", "clip"), (0.4, 0.9)),
    **dict.fromkeys(("clamp_min", "clamp_max", "logit"), (0.4,)),
    **dict.fromkeys(("cumsum", "cumprod"), (1,)),
    "lerp": (OPERAND, 0.3),
    "mvlgamma": (1,),
    "polygamma": (1,),
    "renorm": (2, 0, 0.5),
    "index_add": (0, ROWS, OPERAND),
    "index_copy": (0, ROWS, OPERAND),
    "index_fill": (0, ROWS, 2.0),
    "index_put": ((ROWS,), OPERAND),
    "index_reduce": (0, ROWS, OPERAND, "amax"),
    "masked_fill": (OPERAND > 1, 7.0),
    "masked_scatter": (OPERAND > 1, OPERAND),
    "put": (tgb.tensor([0, 3]), tgb.tensor([5.0, 6.0], dtype=tgb.float64)),
    "scatter": (0, tgb.tensor([[1, 0, 1]]), OPERAND),
    "scatter_add": (0, tgb.tensor([[1, 0, 1]]), OPERAND),
    "scatter_reduce": (0, tgb.tensor([[1, 0, 1]]), OPERAND, "sum"),
    "addr": (OPERAND[:, 0], OPERAND[0]),
    "addmv": (OPERAND, OPERAND[0]),
    "addmm": (OPERAND[:, :2], OPERAND),
    "addbmm": (OPERAND[None, :, :2], OPERAND[None]),
    "baddbmm": (OPERAND[None, :, :2], OPERAND[None]),
}
WHOLE = [
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "gcd",
    "lcm",
]


def start(name: str) -> Any:
    if name in (*WHOLE, "bitwise_not"):
        return tgb.tensor([[6, 4, 9], [1, 0, 12]])
    x = tgb.tensor([[0.3, 0.6, 0.8], [0.2, 0.5, 0.7]], dtype=tgb.float64)
    if name in ("acosh", "arccosh"):
        return x + 1
    return x[:, 0].clone() if name == "addmv" else x[None].clone() if name == "baddbmm" else x


def arguments(name: str) -> tuple[Any, ...]:
    return (tgb.tensor([[2, 3, 1], [1, 2, 4]]),) if name in WHOLE else ARGUMENTS.get(name, ())


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_writes_what_its_function_returns(name: str) -> None:
    x = start(name)
    expected = getattr(x, name)(*arguments(name)).to(x.dtype)
    array = x._array
    assert getattr(x, f"{name}_")(*arguments(name)) is x
    assert x._array is array
    np.testing.assert_array_equal(array, np.asarray(expected))


@pytest.mark.parametrize("name", ["exp", "sin", "clamp_min", "lgamma", "nan_to_num", "addcmul"])
def test_a_twin_is_recorded(name: str) -> None:
    x = start(name).requires_grad_()
    y = start(name).requires_grad_()
    getattr(x * 1, f"{name}_")(*arguments(name)).sum().backward()
    getattr(y * 1, name)(*arguments(name)).sum().backward()
    np.testing.assert_array_equal(np.asarray(x.grad), np.asarray(y.grad))


def test_a_twin_on_a_leaf_is_refused() -> None:
    with pytest.raises(RuntimeError, match="leaf that requires a gradient"):
        tgb.ones(2, requires_grad=True).exp_()


def test_a_result_that_the_tensor_cannot_hold_is_refused() -> None:
    with pytest.raises(RuntimeError, match="float32 can't be stored in a tensor of int64"):
        tgb.tensor([1, 2]).sqrt_()


def test_functions_in_place_at_the_face() -> None:
    x = tgb.tensor([-1.0, 2.0])
    assert tgb.relu_(x) is x and x.tolist() == [0.0, 2.0]
    assert tgb.fill_(x, 3) is x and x.tolist() == [3.0, 3.0]
    assert tgb.zero_(x) is x and x.tolist() == [0.0, 0.0]


def test_views_in_place() -> None:
    x = tgb.arange(6.0).reshape(2, 3).clone()
    memory = x._array
    assert x.t_() is x and x.shape == (3, 2) and x[2, 0] == 2
    assert x.unsqueeze_(0).shape == (1, 3, 2)
    assert x.squeeze_().transpose_(0, 1).shape == (2, 3)
    x.mul_(2)
    assert memory[0, 1] == 2


def test_views_in_place_keep_the_history() -> None:
    x = tgb.arange(6.0).requires_grad_()
    y = (x * x).reshape(2, 3)
    y = y.clone().t_()
    (y * tgb.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [0.0, 4.0, 16.0, 6.0, 24.0, 50.0]


def test_a_leaf_keeps_its_shape_where_it_is_recorded() -> None:
    x = tgb.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x.t_()
    with tgb.no_grad():
        x.t_()
    x.sum().backward()
    assert x.grad.shape == (3, 2)


def test_a_view_of_what_was_rearranged_sees_its_changes() -> None:
    weight = tgb.ones(1, requires_grad=True)
    x = tgb.arange(6.0).reshape(2, 3) * weight
    row = x[1]
    x.t_()
    x.mul_(2)
    assert row.tolist() == [6, 8, 10]
    row.sum().backward()
    assert weight.grad.tolist() == [24]


def test_fill_diagonal() -> None:
    assert tgb.zeros(3, 2).fill_diagonal_(1).tolist() == [[1, 0], [0, 1], [0, 0]]
    tall = tgb.zeros(7, 2).fill_diagonal_(1, wrap=True)
    assert tall.sum() == 5 and tall[2].sum() == 0 and tall[3, 0] == 1
    assert tgb.zeros(2, 2, 2).fill_diagonal_(1).sum() == 2
    with pytest.raises(RuntimeError, match="expected a matrix"):
        tgb.zeros(3).fill_diagonal_(1)


def test_fill() -> None:
    x = tgb.ones(2, 2, requires_grad=True)
    value = tgb.tensor(3.0, requires_grad=True)
    tgb.fill(x, value).sum().backward()
    assert value.grad == 4 and not x.grad.any()
    with pytest.raises(RuntimeError, match="single number"):
        tgb.fill(x, tgb.ones(2))


# ------------------------------------------------------------------------------ keywords and out


def test_an_operation_has_a_name_as_a_function_has() -> None:
    assert tgb.relu.__name__ == "relu" and tgb.add.__name__ == "add"


def test_keywords_of_operations() -> None:
    x, y = tgb.tensor([1.0, 4.0]), tgb.tensor([2.0, 2.0])
    assert tgb.sqrt(input=x).tolist() == [1, 2]
    assert tgb.maximum(input=x, other=y).tolist() == [2, 4]
    assert tgb.maximum(x, other=y).tolist() == [2, 4]
    assert x.maximum(other=y).tolist() == [2, 4]
    with pytest.raises(TypeError, match="'input' is operand 0, and 1"):
        tgb.maximum(x, input=y)
    with pytest.raises(TypeError, match="other can't be an attribute"):

        @primitive
        def scale(x: Any, *, other: float) -> Any:
            return x * other


@pytest.mark.parametrize(
    "run",
    [
        lambda x, out: tgb.exp(x, out=out),
        lambda x, out: tgb.add(x, 1, out=out),
        lambda x, out: tgb.mul(x, other=2, out=out),
        lambda x, out: tgb.clamp(x, 0, 1, out=out),
        lambda x, out: tgb.cumsum(x, 0, out=out),
        lambda x, out: tgb.lgamma(x, out=out),
        lambda x, out: tgb.frac(x, out=out),
    ],
)
def test_out_takes_the_result(run: Any) -> None:
    x = tgb.tensor([0.5, 1.25], dtype=tgb.float64)
    out = tgb.zeros(2, dtype=tgb.float64)
    memory = out._array
    expected = run(x, None)
    assert run(x, out) is out and out._array is memory
    assert tgb.equal(out, expected)


def test_out_takes_the_shape_and_keeps_the_dtype() -> None:
    out = tgb.zeros(0)
    tgb.sum(tgb.ones(2, 3, dtype=tgb.float64), 0, out=out)
    assert out.tolist() == [2, 2, 2] and out.dtype == tgb.float32
    values, indices = tgb.zeros(1), tgb.zeros(1, dtype=tgb.int64)
    found = tgb.max(tgb.tensor([[1.0, 5.0]]), 1, out=(values, indices))
    assert found.values is values and indices.item() == 1


def test_out_is_refused() -> None:
    x = tgb.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="does not support automatic differentiation"):
        tgb.exp(x, out=tgb.zeros(2))
    with pytest.raises(RuntimeError, match="float32 can't be stored in a tensor of int64"):
        tgb.exp(tgb.ones(2), out=tgb.zeros(2, dtype=tgb.int64))
    with tgb.no_grad():
        assert tgb.exp(x, out=tgb.zeros(2)).dtype == tgb.float32


def test_a_change_by_out_is_noticed() -> None:
    x = tgb.ones(2, requires_grad=True)
    hidden = tgb.zeros(2)
    y = x * hidden
    tgb.exp(tgb.ones(2), out=hidden)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()

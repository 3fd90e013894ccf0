"""`shared`: what several rules of an operation begin with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.op import primitive

ran: list[str] = []


def begin(g: Any, x: Any, power: float) -> Any:
    ran.append("shared")
    return g * x**power


@primitive(
    shared=lambda g, x, *, power: begin(g, x, power),
    x=lambda g, y, shared, *, power: (power + 1) * shared * y,
    y=lambda g, x, shared: shared * x,
    z=lambda g: g,
)
def scaled_power(x: Any, y: Any, z: Any, *, power: float) -> Any:
    """Give x^(power + 1) y + z."""
    return x ** (power + 1) * y + z


def operands() -> list[Any]:
    return [tgb.tensor([value, 2.0], requires_grad=True) for value in (3.0, 5.0, 7.0)]


def test_it_runs_once_for_all_rules_together():
    x, y, z = operands()
    ran.clear()
    scaled_power(x, y, z, power=2).sum().backward()
    assert ran == ["shared"]
    assert x.grad.tolist() == [3 * 9 * 5, 3 * 4 * 2]
    assert y.grad.tolist() == [27, 8] and z.grad.tolist() == [1, 1]


def test_it_does_not_run_where_no_rule_names_it():
    x, y, z = operands()
    ran.clear()
    (gradient,) = tgb.autograd.grad(scaled_power(x, y, z, power=2).sum(), z)
    assert not ran and gradient.tolist() == [1, 1]
    out = scaled_power(x.detach(), y.detach(), z, power=2)
    assert out.grad_fn.saved == ()
    (gradient,) = tgb.autograd.grad(scaled_power(x, y, z, power=2).sum(), y)
    assert ran == ["shared"] and gradient.tolist() == [27, 8]


def test_what_it_names_is_kept_and_differentiable_again():
    x = tgb.tensor([3.0], requires_grad=True)
    out = scaled_power(x, np.ones(1), np.ones(1), power=2)
    (slope,) = tgb.autograd.grad(out.sum(), x, create_graph=True)
    (curvature,) = tgb.autograd.grad(slope.sum(), x)
    assert curvature.item() == 18  # (x³)'' = 6 x


def test_unknown_names_fail_where_it_is_declared():
    with pytest.raises(TypeError, match=r"cube: the rule for 'shared' names 'w'"):

        @primitive(shared=lambda g, w: g * w, x=lambda g, shared: shared)
        def cube(x: Any) -> Any:
            return x**3

    with pytest.raises(TypeError, match=r"cube: the rule for 'x' names 'shared'"):

        @primitive(x=lambda g, shared: shared)
        def cube(x: Any) -> Any:
            return x**3

"""Every rule of the table runs on formulas, and gives the gradient that it gives on arrays."""

from typing import Any

import numpy as np
import pytest

from tests.ops.case import Case
from tests.ops.cases import CASES
from tinygrad_bp.expr import Expr, evaluate, symbol


def symbols(saved: tuple[Any, ...], kept: Any) -> tuple[Any, ...]:
    """Put a symbol in place of every array that rules read."""
    lifted = list(saved)
    for slot, source in kept:
        lifted[slot] = symbol("out" if source < 0 else f"x{source}", saved[slot])
    return tuple(lifted)


@pytest.mark.parametrize("case", [c for c in CASES if c.floating], ids=str)
def test_a_formula_amounts_to_the_gradient(case: Case) -> None:
    inside = case.into(*case.arrays) if case.into else case.arrays
    mask = 1
    for i in range(len(inside)):
        mask = 2 * mask + (i in case.floating)
    plan = case.op.plan(mask)
    assert plan is not None
    with np.errstate(all="ignore"):
        out = np.asarray(case.op.forward(*inside, **case.attrs))
        saved = plan.keep(list(inside), out) if plan.keep else ()
        g = np.random.default_rng(0).standard_normal(out.shape).astype(out.dtype)
        arrays = plan.pull_all(g, saved, case.attrs)
        formulas = plan.pull_all(symbol("g", g), symbols(saved, plan.kept), case.attrs)
    for array, formula in zip(arrays, formulas, strict=True):
        assert isinstance(formula, Expr)
        np.testing.assert_allclose(formula.value, array, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(evaluate(formula), formula.value)


def test_a_rule_may_not_branch_on_a_value() -> None:
    with pytest.raises(TypeError, match="may not branch on a value"):
        bool(symbol("x", 1.0) > 0)
    with pytest.raises(TypeError, match="into a number"):
        float(symbol("x", 1.0))

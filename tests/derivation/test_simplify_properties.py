"""Whatever the formula, simplifying keeps what it amounts to, and never raises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.case import Case
from tests.ops.cases import CASES
from tinygrad_bp.derivation.algebra.checking import agrees
from tinygrad_bp.derivation.algebra.definitions import Depth
from tinygrad_bp.derivation.algebra.facts import Facts, symbols
from tinygrad_bp.derivation.algebra.simplify import _step, simplify
from tinygrad_bp.expr import Expr, evaluate, symbol
from tinygrad_bp.rules.elementwise import gate
from tinygrad_bp.rules.reduce import spread
from tinygrad_bp.rules.shape import broadcast_to, reshape, sum_to

Strategy = st.SearchStrategy[Expr]

ROWS, COLUMNS = 4, 3
SHAPES = [(ROWS, COLUMNS), (ROWS, 1), (1, COLUMNS), (COLUMNS,), ()]
#: All of a sign and of one order of magnitude, so that what cancels does so by algebra alone.
NAMES = {
    f"{letter}{number}": np.random.default_rng(10 * number + place).uniform(0.5, 2, size=shape)
    for place, letter in enumerate("AB")
    for number, shape in enumerate(SHAPES)
}
SYMBOLS = {name: symbol(name, value) for name, value in NAMES.items()}
NUMBERS = st.sampled_from([1, 2, 0.5, -1, 1 / ROWS, 2 / ROWS, 0.01, 1 / 3, 0])


def full(formula: Any) -> Expr:
    """Repeat a formula to the largest shape."""
    made: Expr = broadcast_to(formula, shape=(ROWS, COLUMNS))
    return made


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> Expr:
    """Draw a formula of shape (ROWS, COLUMNS)."""
    if depth == 0:
        return full(SYMBOLS[draw(st.sampled_from(sorted(SYMBOLS)))])
    x = draw(formulas(depth=depth - 1))
    kind = draw(st.integers(0, 15))
    if kind < 6:
        y = draw(formulas(depth=draw(st.integers(0, depth - 1))))
        return [x + y, x - y, x * y, x + x, y - x * y, x * y + x][kind]
    leaf = SYMBOLS[draw(st.sampled_from(sorted(SYMBOLS)))]
    number = draw(NUMBERS)
    return [
        lambda: -x,
        lambda: x * number,
        lambda: x / full(leaf),
        lambda: leaf / (1 + leaf) * x,
        lambda: full(x.sum(axis=(0,), keepdims=True)),
        lambda: spread(x.sum(axis=1), shape=(ROWS, COLUMNS), axis=1),
        lambda: np.square(x) + number,
        lambda: x @ (SYMBOLS["A0"].T @ x),
        lambda: gate(leaf > 1, x),
        lambda: full(reshape(sum_to(x.T, shape=(COLUMNS, 1)), shape=(COLUMNS,))) + x.mean(),
    ][kind - 6]()


@settings(max_examples=300, deadline=None)
@given(formulas())
def test_the_value_stays(formula: Expr) -> None:
    facts = Facts(sizes={ROWS: "m"})
    for step in simplify(formula, facts):
        assert step.formula.shape == formula.shape
        assert agrees(step.formula, formula.value, formula)
        np.testing.assert_allclose(evaluate(step.formula), step.formula.value, rtol=1e-14)


@settings(max_examples=300, deadline=None)
@given(formulas())
def test_the_algebra_needs_no_check(formula: Expr) -> None:
    # A step that is wrong is dropped; but none of these should be.
    step, _ = _step(formula, Facts(sizes={ROWS: "m"}), Depth.ALGEBRA, {})
    assert step is None or agrees(step.formula, formula.value, formula)


@settings(max_examples=100, deadline=None)
@given(formulas(depth=3), formulas(depth=2))
def test_definitions_keep_the_value(formula: Expr, inner: Expr) -> None:
    defined = symbol("D", inner.value)
    facts = Facts(definitions={"D": inner}, sizes={ROWS: "m"}, hidden=frozenset({"D"}))
    whole = formula * defined + formula * inner
    steps = simplify(whole, facts)
    assert agrees(steps[-1].formula, whole.value, whole)


@settings(max_examples=100, deadline=None)
@given(formulas(depth=3))
def test_a_difference_with_itself_is_nothing(formula: Expr) -> None:
    steps = simplify(formula - formula)
    assert repr(steps[-1].formula) == "Expr(0)"
    assert not symbols(steps[-1].formula).keys() & SYMBOLS.keys()


@pytest.mark.parametrize("case", [c for c in CASES if c.floating], ids=str)
def test_no_operation_is_unknown(case: Case) -> None:
    for formula in gradients(case):
        # 3 is a length in many cases: what is divided by it must stay right.
        steps = simplify(formula, Facts(sizes={3: "m"}))
        assert agrees(steps[-1].formula, formula.value, formula)


def gradients(case: Case) -> list[Expr]:
    """Run the rules of an operation on formulas."""
    inside = case.into(*case.arrays) if case.into else case.arrays
    mask = 1
    for i in range(len(inside)):
        mask = 2 * mask + (i in case.floating)
    plan = case.op.plan(mask)
    assert plan is not None
    with np.errstate(all="ignore"):
        out = np.asarray(case.op.forward(*inside, **case.attrs))
        saved = list(plan.keep(list(inside), out) if plan.keep else ())
        for slot, source in plan.kept:
            saved[slot] = symbol("out" if source < 0 else f"x{source}", saved[slot])
        g = np.random.default_rng(0).standard_normal(out.shape).astype(out.dtype)
        found = plan.pull_all(symbol("g", g), tuple(saved), case.attrs)
    return [formula for formula in found if isinstance(formula, Expr)]


def test_what_is_shared_is_read_once() -> None:
    # 2³⁰ parts, were they not shared.
    x = symbol("x", np.array([0.5, 1.5]))
    formula = x
    for _ in range(30):
        formula = formula * formula + formula
        formula = formula / (1 + np.square(formula))
    step = simplify(formula)[-1]
    np.testing.assert_allclose(step.formula.value, formula.value, rtol=1e-10)

"""Small identities, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp.derivation.algebra.checking import agrees, rounding
from tinygrad_bp.derivation.algebra.facts import Facts
from tinygrad_bp.derivation.algebra.simplify import simplify
from tinygrad_bp.expr import Expr, symbol
from tinygrad_bp.op import primitive
from tinygrad_bp.rules.elementwise import gate, multiply
from tinygrad_bp.rules.loss import softmax
from tinygrad_bp.rules.reduce import spread
from tinygrad_bp.rules.rows import softmax_pull
from tinygrad_bp.rules.shape import broadcast_to, cast, reshape, sum_to, transpose

rng = np.random.default_rng(0)
A, B = (symbol(name, rng.uniform(0.5, 2, size=(4, 3))) for name in "AB")
C = symbol("C", rng.uniform(0.5, 2, size=(3, 5)))
r = symbol("r", rng.uniform(0.5, 2, size=(4, 1)))
b = symbol("b", rng.uniform(0.5, 2, size=3))
m = symbol("k", np.array(4.0))
SIZES = Facts(sizes={64: "m", 10: "n"})


def last(formula: Expr, facts: Facts | None = None) -> str:
    """Simplify, and spell what comes out."""
    step = simplify(formula, facts)[-1]
    assert agrees(step.formula, formula.value, formula)
    return repr(step.formula).removeprefix("Expr(").removesuffix(")")


ALGEBRA: list[tuple[Expr, str]] = [
    (A.T.T, "A"),
    (A * 1 + 0, "A"),
    (0 - (-A), "A"),
    (A - (-B), "add(A, B)"),
    (2 * (A * 0.5), "A"),
    (A * B / A, "B"),
    (1 / (1 / A), "A"),
    (np.log(np.exp(A)), "A"),
    (np.exp(np.log(A)), "A"),
    (A - A, "0"),
    (A * 3 + A, "multiply(4, A)"),
    (np.ones_like(A) * B, "B"),
    (np.zeros_like(A) + B, "B"),
    (np.square(A) / A, "A"),
    (A**3 / A, "square(A)"),
    (-(B - A), "subtract(A, B)"),
    ((A * B) * 2 / m, "divide(multiply(2, multiply(A, B)), k)"),
    (A * m - B * m, "multiply(k, subtract(A, B))"),
    (A / m + B / m, "divide(add(A, B), k)"),
    (A * (1 - B) + A * B, "A"),
    ((A.T @ B).T, "matmul(transpose(B, axes=(1, 0)), A)"),
    ((A @ C) / 4 * 4, "matmul(A, C)"),
    ((2 * A) @ (C / m), "divide(multiply(2, matmul(A, C)), k)"),
    (np.ones((1, 4)) @ A, "sum(A, axis=(0,), keepdims=True)"),
    (sum_to(A, shape=(3,)), "sum(A, axis=(0,), keepdims=False)"),
    (sum_to(broadcast_to(b, shape=(4, 3)), shape=(3,)), "multiply(4, b)"),
    (broadcast_to(r, shape=(4, 3)) * A, "multiply(r, A)"),
    (spread(reshape(r, shape=(4,)), shape=(4, 3), axis=(1,)) * A, "multiply(r, A)"),
    ((A * r).sum(axis=1, keepdims=True) / r, "sum(A, axis=(1,), keepdims=True)"),
    (A.mean(axis=0) * 4, "sum(A, axis=(0,), keepdims=False)"),
    (A.sum(axis=0).sum(), "sum(A, keepdims=False)"),
    (cast(A, dtype=np.dtype(float)), "A"),
    (reshape(reshape(A, shape=(4, 1, 3)), shape=(4, 3)), "A"),
    (transpose(reshape(A, shape=(4, 1, 3)), axes=(1, 0, 2))[0] * 1, "A[0]"),
    (gate(A > 1, B * 2) / 2, "gate(greater(A, 1), B)"),
    (gate(A > 1, B) + gate(A > 1, A), "gate(greater(A, 1), add(B, A))"),
    (softmax_pull(A, B), "multiply(B, subtract(A, sum(multiply(A, B), axis=(1,), keepdims=True)))"),
]


@pytest.mark.parametrize(("formula", "expected"), ALGEBRA, ids=range(len(ALGEBRA)))
def test_an_identity(formula: Expr, expected: str) -> None:
    if expected == "A[0]":
        expected = "slice(reshape(A, shape=(1, 4, 3)), key=(0,))"
    assert last(formula) == expected


NAMED: list[tuple[Expr, str]] = [
    (A / 64, "divide(A, m)"),
    (A * (1 / 64), "divide(A, m)"),
    (A * (2 / 64), "divide(multiply(2, A), m)"),
    (A * (-1 / 64), "divide(negative(A), m)"),
    (A / 640, "divide(A, multiply(m, n))"),
    (A * (2 / 640), "divide(multiply(2, A), multiply(m, n))"),
    (A / 10, "divide(A, n)"),
    (A / 64 * 64, "A"),
    (A * 0.5, "multiply(0.5, A)"),
    (A * 0.01, "multiply(0.01, A)"),
    (A / 3, "divide(A, 3)"),
    (A * 64, "multiply(64, A)"),
    (A / 128, "divide(multiply(0.5, A), m)"),
    (A / 192, "divide(A, 192)"),
]


@pytest.mark.parametrize(("formula", "expected"), NAMED, ids=range(len(NAMED)))
def test_numbers_that_have_a_name(formula: Expr, expected: str) -> None:
    assert last(formula, SIZES) == expected


def test_a_symbol_stands_for_its_definition() -> None:
    S = symbol("S", softmax(A, axis=1).value)
    facts = Facts(definitions={"S": softmax(A, axis=1)})
    assert last(softmax(A, axis=1) - B, facts) == "subtract(S, B)"
    # Its rows add up to 1.
    assert last((S * r).sum(axis=1, keepdims=True), facts) == "r"
    assert "a softmax, add up to 1" in simplify((S * r).sum(axis=1), facts)[-1].reason


def test_what_nobody_has_seen_is_written_out() -> None:
    D = symbol("D", A.value - B.value)
    facts = Facts(definitions={"D": A - B}, hidden=frozenset({"D"}))
    assert last(2 * D * C.sum(), facts) == (
        "multiply(2, multiply(sum(C, keepdims=False), subtract(A, B)))"
    )


def test_data_that_are_1_minus_others() -> None:
    N = symbol("N", 1 - A.value)
    facts = Facts(data=frozenset({"A", "N"}))
    step = simplify(N + A * B - 1, facts)[-1]
    assert repr(step.formula) == "Expr(subtract(multiply(A, B), A))"
    assert step.reason == "N = 1 − A"
    # Not so if they are parameters, which only happen to.
    assert "N" in last(N + A * B - 1, Facts(data=frozenset({"A"})))


def test_the_seed_is_1() -> None:
    seed = symbol("dL", np.ones(()))
    assert last(A * seed, Facts(ones=frozenset({"dL"}))) == "A"
    assert last(A * seed) == "multiply(dL, A)"


def test_a_maximum_stays_where_it_matters() -> None:
    small = symbol("s", np.array([0.0, 0.5]))
    assert last(np.maximum(small, 1e-12)) == "maximum(s, 1e-12)"
    assert last(np.maximum(small + 1, 1e-12)) == "add(s, 1)"


def test_an_operation_of_a_user() -> None:
    @primitive(name="mine", x=lambda g: g)
    def mine(x: Any) -> Any:
        return x + 1

    assert last(mine(A * 1) * 2 / 2) == "mine(A)"


def test_infinities_and_nans_stay() -> None:
    x = symbol("x", np.array([0.0, 1.0, np.inf]))
    # x / x is 1 but for the first and the last: the step is dropped.
    assert last(multiply(x, x) / x) == "divide(multiply(x, x), x)"
    assert last(x / 0 * 1) == "divide(x, 0)"


def test_integers_and_truth_values_are_left_alone() -> None:
    n = symbol("n", np.array([1, 2, 3]))
    assert len(simplify(n * 1)) == 1
    assert last((n > 1) * b * 1) == "multiply(b, greater(n, 1))"


def test_a_wrong_step_is_no_step() -> None:
    wrong = symbol("A", A.value * (1 + 1e-9))
    assert not agrees(wrong, A.value, A)
    assert agrees(A, A.value, A)
    assert not agrees(symbol("A", A.value.astype(np.float32)), A.value, A)
    assert not agrees(A.T, A.value, A)


def test_rounding_covers_what_cancels() -> None:
    x = symbol("x", np.array([0.1, 0.2, 0.3]))
    nothing = (x * 3 - x - x - x) * 1e6
    assert np.all(np.abs(nothing.value) <= 8 * rounding(nothing))
    assert np.all(rounding(nothing) < 1e-8)
    # A gradient that has almost vanished is not nothing.
    tiny = x * 1e-30
    assert not agrees(symbol("0", np.zeros(3)), tiny.value, tiny)


def test_one_of_a_half_and_of_a_batch() -> None:
    assert last(np.square(A) / 128, SIZES) == "divide(multiply(0.5, square(A)), m)"
    assert last(2 * A / 128, SIZES) == "divide(A, m)"
    # What is left of a size above the line is a number.
    ones = np.ones_like(A)
    assert last(ones.sum(axis=0) * b, Facts(sizes={4: "m"})) == "multiply(4, b)"


E_ = np.exp(-symbol("z", rng.normal(size=(4, 3))))
LOGISTIC = {
    "1 / (1 + e^−z)": 1 / (1 + E_),
    "e^z / (1 + e^z)": np.exp(symbol("z", -np.log(E_.value))) / (
        1 + np.exp(symbol("z", -np.log(E_.value)))
    ),
    "(1 − e^−2z) / (1 + e^−2z)": (1 - E_) / (1 + E_),
    "2 / (1 + e^−2z) − 1 by parts": (E_ - 3) / (2 * E_ + 5),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGISTIC)
def test_parts_of_a_quotient_are_linear_in_it(name: str) -> None:
    whole = LOGISTIC[name]
    below = whole.args[1]
    for part in (1 / below, whole.args[0] / below):
        expected = simplify(part * A, Facts(definitions={"P": whole}))
        assert agrees(expected[-1].formula, (part * A).value, part * A)
        assert "exp" not in repr(expected[-1].formula)
        assert "P" in repr(expected[-1].formula)

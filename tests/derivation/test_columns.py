"""A network with a sample in each row, in the notes' columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.derivation.algebra.columns import Columns, roles_of
from tinygrad_bp.derivation.algebra.facts import Facts
from tinygrad_bp.expr import Expr, evaluate, symbol
from tinygrad_bp.recorded.network import Recorded
from tinygrad_bp.rules.linalg import linear
from tinygrad_bp.rules.shape import sum_to

rng = np.random.default_rng(0)
M, IN, OUT = 5, 3, 2

X, Z, dZ = (
    symbol(name, rng.normal(size=(M, n))) for name, n in (("X", IN), ("Z", OUT), ("dZ", OUT))
)
W, V = symbol("W", rng.normal(size=(IN, OUT))), symbol("V", rng.normal(size=(OUT, IN)))
b = symbol("b", rng.normal(size=OUT))
ROLES = {"X": "data", "Z": "data", "W": "weight", "V": "linear weight", "b": "bias"}


def turned(formula: Expr, name: str, role: str | None = None) -> str:
    """Turn a formula, check its value, and spell it."""
    columns = Columns(ROLES | ({} if role is None else {name: role}))
    step = columns.steps(formula, name, Facts())[-1]
    expected = columns.value(name, formula.value)
    np.testing.assert_allclose(evaluate(step.formula), expected, rtol=1e-12)
    return repr(step.formula).removeprefix("Expr(").removesuffix(")")


CASES: list[tuple[Expr, str, str]] = [
    (X @ W + b, "Z", "add(matmul(W, X), b)"),
    (X @ V.T + b, "Z", "add(matmul(V, X), b)"),
    (linear(X, V, b), "Z", "add(matmul(V, X), b)"),
    (X.T @ dZ, "W", "matmul(dZ, transpose(X, axes=(1, 0)))"),
    (dZ.T @ X, "V", "matmul(dZ, transpose(X, axes=(1, 0)))"),
    (dZ @ W.T, "X", "matmul(transpose(W, axes=(1, 0)), dZ)"),
    (dZ @ V, "X", "matmul(transpose(V, axes=(1, 0)), dZ)"),
    (dZ.sum(axis=0), "b", "sum(dZ, axis=(1,), keepdims=True)"),
    (sum_to(dZ, shape=(OUT,)), "b", "sum(dZ, axis=(1,), keepdims=True)"),
    (np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True), "Z",
     "divide(exp(Z), sum(exp(Z), axis=(0,), keepdims=False))"),
    (np.max(Z, axis=1, keepdims=True) * Z, "Z",
     "multiply(Z, amax(Z, axis=(0,), keepdims=True))"),
    ((Z - dZ) / M, "Z", "divide(subtract(Z, dZ), 5)"),
    ((dZ @ W.T) * np.tanh(X), "X", "multiply(matmul(transpose(W, axes=(1, 0)), dZ), tanh(X))"),
    (np.square(Z - dZ).sum(), "L", "sum(square(subtract(Z, dZ)), keepdims=False)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "name", "expected"), CASES, ids=range(len(CASES)))
def test_a_formula_in_columns(formula: Expr, name: str, expected: str) -> None:
    assert turned(formula, name) == expected


def test_what_has_no_role_stays() -> None:
    formula = X @ symbol("U", rng.normal(size=(IN, IN)))
    columns = Columns({})
    assert columns.formula(formula, "Z") is formula
    assert columns.value("Z", formula.value) is formula.value


def test_values_are_turned_with_their_names() -> None:
    columns = Columns(ROLES)
    assert columns.value("dX", X.value).shape == (IN, M)
    assert columns.value("b", b.value).shape == (OUT, 1)
    assert columns.value("b", b.value[None]).shape == (OUT, 1)
    assert columns.value("V", V.value) is V.value


# --------------------------------------------------------------------------------- whole networks


def tensor(value: Any, **options: Any) -> tgb.Tensor:
    return tgb.tensor(value, dtype=tgb.float64, **options)


def network(kind: str) -> tuple[tgb.Tensor, dict[str, Any]]:
    x, y = tensor(rng.normal(size=(M, IN))), tgb.tensor(rng.integers(0, OUT, M))
    if kind == "module":
        model = tgb.nn.Sequential(
            tgb.nn.Linear(IN, 4, dtype=tgb.float64), tgb.nn.Tanh(),
            tgb.nn.Linear(4, OUT, dtype=tgb.float64),
        )  # fmt: skip
        return tgb.nn.CrossEntropyLoss()(model(x), y), {"model": model, "X": x, "y": y}
    weights = {
        name: tensor(rng.normal(size=shape), requires_grad=True)
        for name, shape in (("W1", (IN, 4)), ("b1", (4,)), ("W2", (4, OUT)), ("b2", (1, OUT)))
    }
    one_hot = tensor(np.eye(OUT)[y.numpy()])
    hidden = tgb.relu(x @ weights["W1"] + weights["b1"])
    logits = hidden @ weights["W2"] + weights["b2"]
    e = tgb.exp(logits - logits.max(1, keepdim=True).values)
    probabilities = e / e.sum(1, keepdim=True)
    loss = -(one_hot * tgb.log(probabilities)).sum(1).mean()
    return loss, weights | {"X": x, "Y": one_hot, "A2": probabilities}


EXPECTED = {
    "hand": {
        "Z2": "divide(subtract(A2, Y), m)",
        "Z1": "multiply(matmul(transpose(W2, axes=(1, 0)), dZ2), relu′(Z1))",
    },
    "module": {
        "Z2": "divide(subtract(softmax(Z2, axis=0), Y), m)",
        "Z1": "multiply(matmul(transpose(W2, axes=(1, 0)), dZ2), tanh′(Z1))",
    },
}
SHARED = {
    "W2": "matmul(dZ2, transpose(A1, axes=(1, 0)))",
    "b2": "sum(dZ2, axis=(1,), keepdims=True)",
    "W1": "matmul(dZ1, transpose(X, axes=(1, 0)))",
    "b1": "sum(dZ1, axis=(1,), keepdims=True)",
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_network_reads_as_in_the_notes(kind: str) -> None:
    loss, names = network(kind)
    rows = tgb.explain(loss, names=names)
    columns = tgb.explain(loss, names=names, layout="columns")
    turn = Columns(roles_of(Recorded(loss, names)))
    for name, expected in (SHARED | EXPECTED[kind]).items():
        line = columns[name]
        assert repr(line.expr) == f"Expr({expected})"
        recorded = turn.value(name, rows[name].recorded)
        scale = np.abs(recorded).max()
        for step in line.steps:
            np.testing.assert_allclose(
                evaluate(step.formula), recorded, rtol=1e-12, atol=1e-12 * scale
            )
    forward = {line.name: repr(line.expr) for line in columns.forward}
    assert forward["Z1"] == "Expr(add(matmul(W1, X), b1))"


def test_the_roles_in_a_network() -> None:
    loss, names = network("hand")
    roles = roles_of(Recorded(loss, names))
    assert roles["W1"] == roles["W2"] == "weight"
    assert roles["b1"] == roles["b2"] == "bias"
    assert all(roles[name] == "data" for name in ("X", "Y", "Z1", "A1", "Z2", "A2"))
    loss, names = network("module")
    assert roles_of(Recorded(loss, names))["W1"] == "linear weight"


def test_columns_stay_as_they_are() -> None:
    w = tensor(rng.normal(size=(OUT, IN)), requires_grad=True)
    loss = (w @ tensor(rng.normal(size=(IN, M)))).sum()
    assert roles_of(Recorded(loss, {"W": w})) == {}


def test_what_cannot_be_turned_says_so() -> None:
    layer = tgb.nn.Linear(IN, OUT, dtype=tgb.float64)
    loss = layer(tensor(rng.normal(size=(2, M, IN)))).sum()
    with pytest.raises(ValueError, match=r"3 axes|no layer"):
        roles_of(Recorded(loss, {"layer": layer}))
    x = tensor(rng.normal(size=3), requires_grad=True)
    with pytest.raises(ValueError, match="no layer"):
        roles_of(Recorded((x * x).sum(), {"x": x}))

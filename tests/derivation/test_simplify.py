"""What the rules give becomes what a textbook writes: the losses of the notes, however written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.derivation.derivation import explain
from tinygrad_bp.derivation.lines import Line
from tinygrad_bp.expr import evaluate

M, FEATURES, CLASSES = 6, 5, 3

Made = tuple[tgb.Tensor, dict[str, Any]]
Loss = Callable[[np.random.Generator], Made]


def tensor(value: Any, **options: Any) -> tgb.Tensor:
    return tgb.tensor(value, dtype=tgb.float64, **options)


def weights(rng: np.random.Generator, *shape: int) -> tgb.Tensor:
    return tensor(rng.normal(size=shape), requires_grad=True)


def logits(rng: np.random.Generator, axis: int) -> tuple[tgb.Tensor, tgb.Tensor, np.ndarray]:
    """Return Z with a sample in each row (classes along axis 1) or column, Y one-hot, and y."""
    X, y = rng.normal(size=(M, FEATURES)), rng.integers(0, CLASSES, M)
    Y = np.eye(CLASSES)[y]
    if axis == 1:
        return tensor(X) @ weights(rng, FEATURES, CLASSES) + weights(rng, CLASSES), tensor(Y), y
    Z = weights(rng, CLASSES, FEATURES) @ tensor(X.T.copy()) + weights(rng, CLASSES, 1)
    return Z, tensor(Y.T.copy()), y


def softmax_by_hand(axis: int, top: bool = False, keep: bool = True) -> Loss:
    def loss(rng: np.random.Generator) -> Made:
        Z, Y, _ = logits(rng, axis)
        E = tgb.exp(Z - tgb.amax(Z, axis, keepdim=True) if top else Z)
        A = E / (E.sum(axis, keepdim=True) if keep else E.sum(axis))
        return -(Y * tgb.log(A)).sum() / M, {"Z": Z, "A": A, "Y": Y}

    return loss


def softmax_and_mean(rng: np.random.Generator) -> Made:
    Z, Y, _ = logits(rng, 0)
    E = tgb.exp(Z)
    A = E / E.sum(0, keepdim=True)
    return -(Y * tgb.log(A)).sum(0).mean(), {"Z": Z, "A": A, "Y": Y}


def softmax_with_maximum_and_indices(rng: np.random.Generator) -> Made:
    Z, _, y = logits(rng, 0)
    E = tgb.exp(Z - Z.max(0, keepdim=True).values)
    A = E / E.sum(0)
    return -tgb.log(A)[y, np.arange(M)].mean(), {"Z": Z, "A": A}


def softmax_and_indices(rng: np.random.Generator) -> Made:
    Z, _, y = logits(rng, 1)
    A = tgb.softmax(Z, 1)
    return -tgb.log(A)[tgb.arange(M), tgb.tensor(y)].mean(), {"Z": Z, "A": A}


def softmax_and_gather(rng: np.random.Generator) -> Made:
    Z, _, y = logits(rng, 1)
    A = tgb.softmax(Z, 1)
    chosen = A.gather(1, tgb.tensor(y).unsqueeze(1))
    return -tgb.log(chosen).mean(), {"Z": Z, "A": A}


def softmax_and_indices_before_the_logarithm(rng: np.random.Generator) -> Made:
    Z, _, y = logits(rng, 0)
    A = tgb.softmax(Z, 0)
    return -tgb.log(A[y, np.arange(M)]).sum() / M, {"Z": Z, "A": A}


def cross_entropy(rng: np.random.Generator) -> Made:
    Z, _, y = logits(rng, 1)
    labels = tgb.tensor(y)
    return tgb.nn.CrossEntropyLoss()(Z, labels), {"Z": Z, "y": labels}


def log_softmax_and_nll(rng: np.random.Generator) -> Made:
    Z, _, y = logits(rng, 1)
    labels = tgb.tensor(y)
    loss = tgb.nn.functional.nll_loss(tgb.log_softmax(Z, 1), labels)
    return loss, {"Z": Z, "y": labels}


def log_softmax_by_hand(rng: np.random.Generator) -> Made:
    Z, Y, _ = logits(rng, 0)
    return -(Y * (Z - tgb.log(tgb.exp(Z).sum(0)))).sum() / M, {"Z": Z, "Y": Y}


def logsumexp(rng: np.random.Generator) -> Made:
    Z, Y, _ = logits(rng, 0)
    return -(Y * (Z - tgb.logsumexp(Z, 0))).sum() / M, {"Z": Z, "Y": Y}


ERROR = "divide(subtract({}, Y), m)"
A_MINUS_Y = ERROR.format("A")
IN_COLUMNS, IN_ROWS = (ERROR.format(f"softmax(Z, axis={axis})") for axis in (0, 1))

CLASSIFIERS = [
    (softmax_by_hand(0), A_MINUS_Y),
    (softmax_by_hand(1), A_MINUS_Y),
    (softmax_by_hand(0, top=True), A_MINUS_Y),
    (softmax_by_hand(1, top=True), A_MINUS_Y),
    (softmax_by_hand(0, keep=False), A_MINUS_Y),
    (softmax_by_hand(0, top=True, keep=False), A_MINUS_Y),
    (softmax_and_mean, A_MINUS_Y),
    (softmax_with_maximum_and_indices, A_MINUS_Y),
    (softmax_and_indices, A_MINUS_Y),
    (softmax_and_gather, A_MINUS_Y),
    (softmax_and_indices_before_the_logarithm, A_MINUS_Y),
    (cross_entropy, IN_ROWS),
    (log_softmax_and_nll, IN_ROWS),
    (log_softmax_by_hand, IN_COLUMNS),
    (logsumexp, IN_COLUMNS),
]


@pytest.mark.parametrize(("loss", "expected"), CLASSIFIERS, ids=range(len(CLASSIFIERS)))
@pytest.mark.parametrize("seed", range(3))
def test_softmax_and_cross_entropy_leave_a_difference(loss: Loss, expected: str, seed: int) -> None:
    line = gradient(loss, seed)
    assert repr(line.expr) == f"Expr({expected})"
    check(line)


def test_a_property_that_is_used_is_stated() -> None:
    by_hand = [step.reason for step in gradient(softmax_and_mean, 0).steps]
    assert by_hand[0] == ""
    assert any(reason.startswith("A = exp(Z)/") for reason in by_hand)
    assert by_hand[-1] == "the columns of Y add up to 1"
    rows = [step.reason for step in gradient(softmax_by_hand(1), 0).steps]
    assert rows[-1] == "the rows of Y add up to 1"
    labels = [step.reason for step in gradient(cross_entropy, 0).steps]
    assert "Y has a 1 where y says, and 0 elsewhere" in labels


def test_targets_that_do_not_add_up_to_1_keep_their_sum() -> None:
    def smoothed(rng: np.random.Generator) -> Made:
        Z, _, _ = logits(rng, 0)
        Y = tensor(rng.random((CLASSES, M)))
        A = tgb.softmax(Z, 0)
        return -(Y * tgb.log(A)).sum() / M, {"Z": Z, "A": A, "Y": Y}

    line = gradient(smoothed, 0)
    assert "sum(Y" in repr(line.expr)
    check(line)


# ------------------------------------------------------------------------- two classes, regression


def binary(loss: Callable[[tgb.Tensor, tgb.Tensor], tuple[tgb.Tensor, Any]]) -> Loss:
    def made(rng: np.random.Generator) -> Made:
        Y = tensor(rng.integers(0, 2, (M, 1)))
        Z = tensor(rng.normal(size=(M, FEATURES))) @ weights(rng, FEATURES, 1) + weights(rng, 1)
        value, A = loss(Z, Y)
        return value, {"Z": Z, "Y": Y} | ({} if A is None else {"A": A})

    return made


def written_out(A: tgb.Tensor, Y: tgb.Tensor) -> tuple[tgb.Tensor, tgb.Tensor]:
    return -(Y * tgb.log(A) + (1 - Y) * tgb.log(1 - A)).mean(), A


def tanh_by_hand(Z: tgb.Tensor) -> tgb.Tensor:
    up, down = tgb.exp(Z), tgb.exp(-Z)
    return (up - down) / (up + down)


def squares(A: tgb.Tensor, Y: tgb.Tensor, scale: str) -> tuple[tgb.Tensor, tgb.Tensor]:
    square = (A - Y) ** 2
    return {"mean": square.mean(), "half": 0.5 * square.sum(), "loss": mean_squared(A, Y)}[scale], A


def mean_squared(A: tgb.Tensor, Y: tgb.Tensor) -> tgb.Tensor:
    loss: tgb.Tensor = tgb.nn.MSELoss()(A, Y)
    return loss


DERIVED = "multiply(subtract(A, Y), sigmoid′(Z))"
BINARY = {
    "op": (lambda Z, Y: written_out(tgb.sigmoid(Z), Y), A_MINUS_Y),
    "hand": (lambda Z, Y: written_out(1 / (1 + tgb.exp(-Z)), Y), A_MINUS_Y),
    "BCELoss": (lambda Z, Y: (tgb.nn.BCELoss()(A := tgb.sigmoid(Z), Y), A), A_MINUS_Y),
    "logits": (
        lambda Z, Y: (tgb.nn.BCEWithLogitsLoss()(Z, Y), None), ERROR.format("sigmoid(Z)"),
    ),
    "mse": (lambda Z, Y: squares(tgb.sigmoid(Z), Y, "mean"), f"divide(multiply(2, {DERIVED}), m)"),
    "MSELoss": (
        lambda Z, Y: squares(tgb.sigmoid(Z), Y, "loss"), f"divide(multiply(2, {DERIVED}), m)",
    ),
    "half": (lambda Z, Y: squares(tgb.sigmoid(Z), Y, "half"), DERIVED),
    "tanh": (
        lambda Z, Y: squares(tanh_by_hand(Z), Y, "half"),
        "multiply(subtract(A, Y), subtract(1, square(A)))",
    ),
    "sigmoid by hand": (
        lambda Z, Y: squares(1 / (1 + tgb.exp(-Z)), Y, "half"),
        "multiply(multiply(subtract(A, Y), A), subtract(1, A))",
    ),
    "linear": (lambda Z, Y: (squares(Z, Y, "mean")[0], None),
               "divide(multiply(2, subtract(Z, Y)), m)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("seed", range(3))
def test_a_loss_on_one_output(name: str, seed: int) -> None:
    loss, expected = BINARY[name]
    line = gradient(binary(loss), seed)
    assert repr(line.expr) == f"Expr({expected})"
    check(line)


def test_a_limit_that_is_not_touched_is_left_out_and_said() -> None:
    line = gradient(binary(BINARY["BCELoss"][0]), 0)
    assert any("no element lies below 1e-12" in step.reason for step in line.steps)


def test_a_limit_that_is_touched_stays() -> None:
    def saturated(rng: np.random.Generator) -> Made:
        W = tensor([[800.0]], requires_grad=True)
        Z = tensor([[1.0], [-1.0], [0.001]]) @ W
        A, Y = tgb.sigmoid(Z), tensor([[0.0], [1.0], [1.0]])
        return tgb.nn.BCELoss()(A, Y), {"Z": Z, "A": A, "Y": Y}

    line = gradient(saturated, 0)
    assert "maximum" in repr(line.expr)
    check(line)


def test_a_penalty_adds_its_term() -> None:
    rng = np.random.default_rng(0)
    W = weights(rng, CLASSES, FEATURES)
    Z = W @ tensor(rng.normal(size=(FEATURES, M)))
    Y = tensor(rng.normal(size=(CLASSES, M)))
    loss = tgb.nn.MSELoss()(Z, Y) + 0.01 * (W**2).sum()
    line = explain(loss, names={"W": W, "Z": Z, "Y": Y})["W"]
    text = repr(line.expr)
    assert "multiply(0.02, W)" in text
    assert "matmul(dZ, transpose(" in text
    check(line)


# ------------------------------------------------------------------------------------ one by one


def gradient(loss: Loss, seed: int) -> Line:
    """Return the line of dZ."""
    value, names = loss(np.random.default_rng(seed))
    return explain(value, names=names)["Z"]


def check(line: Line) -> None:
    """Compute every step again."""
    scale = np.abs(line.recorded).max()
    for step in line.steps:
        np.testing.assert_allclose(
            evaluate(step.formula), line.recorded, rtol=1e-12, atol=1e-12 * scale
        )


@pytest.mark.parametrize("m", [1, 2, 3, 64])
@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float64], ids=["float32", "float64"])
def test_any_size_of_batch_in_both_precisions(m: int, dtype: Any) -> None:
    rng = np.random.default_rng(m)
    W = tgb.tensor(rng.normal(size=(CLASSES, FEATURES)), dtype=dtype, requires_grad=True)
    X = tgb.tensor(rng.normal(size=(FEATURES, m)), dtype=dtype)
    Y = tgb.tensor(np.eye(CLASSES)[rng.integers(0, CLASSES, m)].T.copy(), dtype=dtype)
    Z = W @ X
    E = tgb.exp(Z)
    A = E / E.sum(0)
    loss = -(Y * tgb.log(A)).sum() / m
    line = explain(loss, names={"W": W, "X": X, "Y": Y, "Z": Z, "A": A})["Z"]
    expected = "subtract(A, Y)" if m == 1 else "divide(subtract(A, Y), m)"
    assert repr(line.expr) == f"Expr({expected})"
    tight = 1e-12 if dtype is tgb.float64 else 1e-6
    np.testing.assert_allclose(evaluate(line.expr), line.recorded, rtol=0, atol=tight)

"""Graphs of other shapes than layer on layer: vectors, shared weights, losses written by hand."""

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.diagnosis import diagnose
from tinygrad_bp.diagnosis.functions import sigmoid, softmax
from tinygrad_bp.nn import functional as F

rng = np.random.default_rng(5)


def leaf(array: Any, name: str) -> Any:
    return tgb.tensor(array, requires_grad=True).named(name)


def test_a_single_vector() -> None:
    x, y, W, V = (
        rng.normal(size=3),
        rng.normal(size=2),
        rng.normal(size=(4, 3)),
        rng.normal(size=(2, 4)),
    )
    w, v = leaf(W, "W1"), leaf(V, "W2")
    loss = 0.5 * ((v @ tgb.tanh(w @ tgb.tensor(x)) - tgb.tensor(y)) ** 2).sum()
    a = np.tanh(W @ x)
    dz2 = V @ a - y
    assert diagnose(loss, {w: np.outer(V.T @ dz2 * (1 - a * a), x), v: np.outer(dz2, a)}).right
    assert diagnose(loss, {w: np.outer(V.T @ dz2, x)})[w].causes == (
        "missing-activation-derivative",
    )
    assert diagnose(loss, {v: np.outer(dz2, W @ x)})[v].causes == ("wrong-layer-activation",)


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_a_softmax_written_by_hand(layout: str) -> None:
    axis = 1 if layout == "rows" else 0
    X, W = rng.normal(size=(6, 3)), rng.normal(size=(3, 4))
    Y = np.eye(4)[rng.integers(0, 4, 6)]
    w = leaf(W if axis else W.T, "W1")
    Z = tgb.tensor(X) @ w if axis else w @ tgb.tensor(X.T)
    E = tgb.exp(Z - Z.detach().max(dim=axis, keepdim=True).values)
    A = E / E.sum(dim=axis, keepdim=True)
    loss = -(tgb.tensor(Y if axis else Y.T) * tgb.log(A)).sum() / 6
    a = softmax(X @ W, 1)

    def gradient(dZ: Any) -> Any:
        return X.T @ dZ if axis else (X.T @ dZ).T

    assert diagnose(loss, {w: gradient((a - Y) / 6)}).right
    assert diagnose(loss, {w: gradient(-Y / a / 6)})[w].causes == ("loss-derivative",)
    finding = diagnose(loss, {w: gradient(a - Y)})[w]
    assert finding.causes[0] == "scale"
    assert "m = 6" in finding.explanations[0].what


@pytest.mark.parametrize("epsilon", [0.0, 1e-12, 1e-8])
def test_a_small_number_inside_the_logarithm_is_no_mistake(epsilon: float) -> None:
    X, W = 2 * rng.normal(size=(20, 3)), rng.normal(size=(3, 4))
    Y = np.eye(4)[rng.integers(0, 4, 20)]
    w = leaf(W, "W1")
    A = tgb.softmax(tgb.tensor(X) @ w, dim=1)
    loss = -(tgb.tensor(Y) * tgb.log(A + epsilon)).sum() / 20
    assert diagnose(loss, {w: X.T @ (softmax(X @ W, 1) - Y) / 20}).right


def test_a_sigmoid_written_by_hand() -> None:
    X, W, V = rng.normal(size=(6, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 1))
    y = rng.normal(size=(6, 1))
    w, v = leaf(W, "W1"), leaf(V, "W2")
    A = 1 / (1 + tgb.exp(-(tgb.tensor(X) @ w)))
    loss = ((A @ v - tgb.tensor(y)) ** 2).mean()
    a = sigmoid(X @ W)
    dA = 2 * (a @ V - y) / 6 @ V.T
    assert diagnose(loss, {w: X.T @ (dA * a * (1 - a))}).right
    assert diagnose(loss, {w: X.T @ dA})[w].causes == ("missing-activation-derivative",)
    wrong = diagnose(loss, {w: X.T @ (dA * (1 - a * a))})[w]
    assert wrong.causes == ("wrong-activation-derivative",)
    assert "tanh" in wrong.message


def recurrent() -> tuple[Any, ...]:
    xs = [rng.normal(size=(5, 3)) for _ in range(3)]
    w, u = leaf(rng.normal(size=(3, 4)), "W"), leaf(rng.normal(size=(4, 4)), "U")
    states = [tgb.zeros(5, 4, dtype=tgb.float64)]
    for x in xs:
        states.append(tgb.tanh(tgb.tensor(x) @ w + states[-1] @ u))
    loss = 0.5 * (states[-1] ** 2).sum()
    h = [state.detach().numpy() for state in states]
    return xs, w, u, loss, h, h[3] * (1 - h[3] ** 2)


def test_a_weight_used_at_every_step_of_time() -> None:
    xs, w, u, loss, h, dz = recurrent()
    dw, du = np.zeros((3, 4)), np.zeros((4, 4))
    for t in (2, 1, 0):
        dw += xs[t].T @ dz
        du += h[t].T @ dz
        dz = dz @ u.detach().numpy().T * (1 - h[t] ** 2)
    assert diagnose(loss, {w: dw, u: du}).right


def test_only_the_last_step_of_time_was_kept() -> None:
    xs, w, u, loss, h, dz = recurrent()
    assert diagnose(loss, {w: xs[2].T @ dz})[w].causes == ("missing-path",)
    assert diagnose(loss, {u: h[2].T @ dz})[u].causes[0] == "missing-path"


def test_a_skip_connection() -> None:
    X, W, V = rng.normal(size=(6, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    w, v = leaf(W, "W1"), leaf(V, "W2")
    A = tgb.sigmoid(tgb.tensor(X) @ w)
    loss = 0.5 * ((tgb.tanh(A @ v) + A) ** 2).sum()
    a = sigmoid(X @ W)
    t = np.tanh(a @ V)
    g = t + a
    inner = (g * (1 - t * t)) @ V.T
    slope = a * (1 - a)
    assert diagnose(loss, {w: X.T @ ((inner + g) * slope)}).right
    for part in (inner, g):
        finding = diagnose(loss, {w: X.T @ (part * slope)})[w]
        assert finding.causes == ("missing-path",)
        assert finding.line == "dA1"


def test_tied_weights() -> None:
    X, W = rng.normal(size=(8, 5)), rng.normal(size=(3, 5))
    w = leaf(W, "W")
    H = tgb.sigmoid(tgb.tensor(X) @ w.T)
    loss = ((H @ w - tgb.tensor(X)) ** 2).sum() / 8
    h = sigmoid(X @ W.T)
    e = 2 * (h @ W - X) / 8
    code = ((e @ W.T) * h * (1 - h)).T @ X
    assert diagnose(loss, {w: h.T @ e + code}).right
    assert diagnose(loss, {w: h.T @ e})[w].causes == ("missing-path",)


@pytest.mark.parametrize("norm", [1, 2])
def test_penalties(norm: int) -> None:
    X, W, y = rng.normal(size=(6, 3)), rng.normal(size=(3, 2)), rng.normal(size=(6, 2))
    w = leaf(W, "W1")
    penalty = tgb.abs(w).sum() if norm == 1 else (w**2).sum()
    loss = F.mse_loss(tgb.tensor(X) @ w, tgb.tensor(y)) + 0.3 * penalty
    data = X.T @ (X @ W - y) / 6
    term = 0.3 * (np.sign(W) if norm == 1 else 2 * W)
    assert diagnose(loss, {w: data + term}).right
    assert diagnose(loss, {w: data})[w].causes == ("missing-regularizer",)
    assert diagnose(loss, {w: data - term})[w].causes == ("sign",)


def test_a_model_of_modules_after_backward() -> None:
    tgb.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 3))
    X = rng.normal(size=(10, 4)).astype("float32")
    X, y = tgb.tensor(X), tgb.tensor(rng.integers(0, 3, 10))
    loss = nn.CrossEntropyLoss()(model(X), y)
    loss.backward()
    hand = {name: p.grad.numpy().copy() for name, p in model.named_parameters()}
    assert diagnose(loss, hand, model=model).right
    hand["2.bias"] = hand["2.bias"] * 10
    hand["0.weight"] = hand["0.weight"].T
    report = diagnose(loss, hand, model=model)
    assert report["2.bias"].causes == ("scale",)
    assert report["0.weight"].causes == ("transposed",)
    assert report["0.bias"].verdict == "right"


def test_a_convolution_has_the_hypotheses_about_whole_lines() -> None:
    X, W = rng.normal(size=(2, 1, 5, 5)), rng.normal(size=(3, 1, 3, 3))
    w = leaf(W, "K")
    loss = (F.conv2d(tgb.tensor(X), w) ** 2).sum()
    (right,) = tgb.autograd.grad(loss, (w,), retain_graph=True)
    assert diagnose(loss, {w: right.numpy()}).right
    assert diagnose(loss, {w: right.numpy() / 3})[w].causes == ("scale",)
    assert diagnose(loss, {w: -right.numpy()})[w].causes == ("sign",)


def test_the_tolerance_of_single_precision_hides_no_mistake_before_a_maximum() -> None:
    tgb.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 5)
    )
    images = tgb.tensor(rng.normal(size=(4, 1, 8, 8)).astype("float32"))
    loss = (model(images) ** 2).mean()
    loss.backward(retain_graph=True)
    hand = {name: p.grad.numpy().copy() for name, p in model.named_parameters()}
    assert diagnose(loss, hand, model=model).right
    for name, array in hand.items():
        assert diagnose(loss, {name: 1.01 * array}, model=model)[name].causes == ("scale",)


class Cube(tgb.autograd.Function):
    """A custom operation, whose rule is code of the user's."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


def test_a_custom_function_in_the_graph() -> None:
    X, W = rng.normal(size=(6, 3)), rng.normal(size=(3, 2))
    w = leaf(W, "W1")
    loss = Cube.apply(tgb.tensor(X) @ w).sum()
    right = X.T @ (3 * (X @ W) ** 2)
    assert diagnose(loss, {w: right}).right
    assert diagnose(loss, {w: -right})[w].causes[0] == "sign"

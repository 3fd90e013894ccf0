"""What several gradients tell together: what is inherited, which ties they resolve."""

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.diagnosis.three_layers import RIGHT, ThreeLayers
from tinygrad_bp.diagnosis import diagnose


def test_later_lines_inherit_from_a_parameters_error() -> None:
    report = ThreeLayers().diagnose(dZ2=lambda v: v["dA2"])
    assert report["W3"].verdict == "right"
    for key in ("W2", "b2"):
        assert report[key].causes == ("missing-activation-derivative",)
        assert not report[key].inherits
    for key in ("W1", "b1"):
        assert report[key].causes == ("upstream", "missing-activation-derivative")
        assert report[key].verdict == "wrong"
        assert report[key].line == "dZ2"


def test_later_lines_inherit_from_a_value_that_was_handed_in() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(4, 7))
    report = ThreeLayers().diagnose(("Z2", "W2", "b2", "W1"), dZ2=lambda v: noise)
    assert report["Z2"].causes == ("unknown",)
    for key in ("W2", "b2", "W1"):
        assert report[key].causes[0] == "upstream"
        assert report[key].inherits == "dZ2"


def test_a_mistake_on_top_of_an_inherited_one() -> None:
    report = ThreeLayers().diagnose(
        dZ3=lambda v: v["A3"] - v["Y"], dZ1=lambda v: v["dA1"] * (v["Z1"] > 0)
    )
    assert report["W3"].causes == ("scale",)
    assert report["W2"].causes == ("upstream", "scale")
    assert report["W1"].causes == ("wrong-activation-derivative", "upstream")
    assert report["W1"].line == "dZ1"


def test_other_gradients_resolve_a_tie() -> None:
    net = ThreeLayers()
    alone = net.diagnose(("W3",), dW3=lambda v: -RIGHT["dW3"](v))["W3"]
    assert alone.verdict == "ambiguous"
    assert set(alone.causes) == {"sign", "loss-derivative"}
    # With dZ3 = Y − A3 the others would be wrong, too.
    beside = net.diagnose(dW3=lambda v: -RIGHT["dW3"](v))["W3"]
    assert beside.verdict == "wrong"
    assert beside.causes == ("sign",)


def test_a_factor_in_the_first_line_is_told_from_one_in_a_later() -> None:
    net = ThreeLayers()
    first = net.diagnose(dZ3=lambda v: v["A3"] - v["Y"])
    assert first["W3"].line == "dZ3"
    later = net.diagnose(dZ1=lambda v: 7 * RIGHT["dZ1"](v))
    assert later["W3"].verdict == later["W2"].verdict == "right"
    assert later["W1"].line == "dZ1"


def test_a_factor_that_the_parameters_have_is_a_convention() -> None:
    # The notes write dZ3 = A3 − Y, and dW3 = (1/m) dZ3 A2ᵀ.
    net = ThreeLayers()
    late = {"dZ3": lambda v: v["A3"] - v["Y"]}
    report = net.diagnose(
        ("Z3", "W3", "b3"),
        **late,
        dW3=lambda v: v["dZ3"] @ v["A2"].T / v["m"],
        db3=lambda v: v["dZ3"].sum(axis=1, keepdims=True) / v["m"],
    )
    assert report.right
    assert "m = 7" in report["Z3"].note
    assert net.diagnose(("Z3",), **late)["Z3"].causes == ("scale",)


def single(m: int) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(2)
    W = tgb.tensor(rng.normal(size=(3, 2)), requires_grad=True).named("W1")
    b = tgb.tensor(rng.normal(size=(2,)), requires_grad=True).named("b1")
    X = rng.normal(size=(m, 3))
    A = tgb.tensor(X) @ W + b
    return W, b, X, A


def test_one_sample_is_a_tie_and_asks_for_more() -> None:
    W, b, X, A = single(1)
    Y = np.array([[0.3, -0.2]])
    loss = 0.5 * ((A - tgb.tensor(Y)) ** 2).sum()
    dZ = A.detach().numpy() - Y
    report = diagnose(loss, {W: X.T @ -dZ, b: -dZ.sum(axis=0)})
    assert report[W].verdict == "ambiguous"
    assert {"sign", "loss-derivative"} <= set(report[W].causes)
    assert "at least 3 different samples" in diagnose(loss, {W: X.T @ dZ / 2}).advice
    assert "separating_batch" in diagnose(loss, {W: X.T @ dZ / 2}).advice


def test_a_tie_for_every_batch_asks_for_none() -> None:
    report = ThreeLayers().diagnose(dZ3=lambda v: (v["Y"] - v["A3"]) / v["m"])
    assert set(report["W3"].causes) == {"sign", "loss-derivative"}
    assert "for every batch" in report.advice
    assert "separating_batch" not in report.advice


def test_slopes_that_coincide_are_a_tie() -> None:
    # All of Z is positive: ReLU's slope is 1, as if the derivative were left out.
    rng = np.random.default_rng(3)
    X, W = rng.uniform(1, 2, (5, 3)), rng.uniform(1, 2, (3, 3))
    V, Y = rng.normal(size=(3, 2)), rng.normal(size=(5, 2))
    w, v = tgb.tensor(W, requires_grad=True).named("W1"), tgb.tensor(V, requires_grad=True)
    loss = ((tgb.tanh(tgb.tensor(X) @ w) @ v - tgb.tensor(Y)) ** 2).sum()
    dA = 2 * (np.tanh(X @ W) @ V - Y) @ V.T
    finding = diagnose(loss, {w: X.T @ dA})[w]
    assert finding.verdict == "ambiguous"
    assert finding.causes == ("missing-activation-derivative", "wrong-activation-derivative")


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_any_slope_at_a_kink_is_right(slope: float) -> None:
    X = np.array([[1.0, -1.0], [2.0, 2.0], [0.5, 3.0], [1.0, -2.0]])
    W = tgb.tensor([[1.0, -1.0], [1.0, 1.0]], requires_grad=True).named("W1")
    loss = (tgb.relu(tgb.tensor(X) @ W) * tgb.tensor([[1.0, 2.0]])).sum()
    Z = X @ W.detach().numpy()
    assert np.any(Z == 0)
    gradient = X.T @ (np.array([[1.0, 2.0]]) * np.where(Z == 0, slope, Z > 0))
    assert diagnose(loss, {W: gradient})[W].verdict == "right"

"""Every hypothesis is found in a plain network, at the line where the mistake was made."""

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.three_layers import PARAMETERS, RIGHT, ThreeLayers
from tinygrad_bp.diagnosis.functions import sigmoid, softmax

#: (id, line, what is written there, the line that the report names, the first gradient to show it)
MISTAKES: list[tuple[str, str, Any, str, str]] = [
    ("sign", "dW2", lambda v: -RIGHT["dW2"](v), "dW2", "W2"),
    ("scale", "db1", lambda v: 3.5 * RIGHT["db1"](v), "db1", "b1"),
    ("scale", "dZ3", lambda v: v["A3"] - v["Y"], "dZ3", "W3"),
    ("transposed", "dW1", lambda v: v["X"] @ v["dZ1"].T, "dW1", "W1"),
    ("missing-activation-derivative", "dZ1", lambda v: v["dA1"], "dZ1", "W1"),
    ("missing-activation-derivative", "dZ2", lambda v: v["dA2"], "dZ2", "W2"),
    ("activation-derivative-at-output", "dZ2",
     lambda v: v["dA2"] * sigmoid(v["A2"]) * (1 - sigmoid(v["A2"])), "dZ2", "W2"),
    ("activation-derivative-at-output", "dZ1",
     lambda v: v["dA1"] * (1 - v["Z1"] ** 2), "dZ1", "W1"),
    ("wrong-activation-derivative", "dZ1", lambda v: v["dA1"] * (v["Z1"] > 0), "dZ1", "W1"),
    ("wrong-activation-derivative", "dZ2", lambda v: v["dA2"] * (1 - v["A2"] ** 2), "dZ2", "W2"),
    ("wrong-activation-derivative", "dZ1",
     lambda v: v["dA1"] * np.where(v["Z1"] > 0, 1, 0.237), "dZ1", "W1"),
    ("bias-not-summed", "db2", lambda v: v["dZ2"], "db2", "b2"),
    ("summed-over-wrong-axis", "db1", lambda v: v["dZ1"].sum(axis=0, keepdims=True), "db1", "b1"),
    ("summed-over-wrong-axis", "db2", lambda v: v["dZ2"].sum(), "db2", "b2"),
    ("loss-derivative", "dZ3", lambda v: -v["Y"] / v["A3"] / v["m"], "dZ3", "W3"),
    ("loss-derivative", "dZ3", lambda v: (softmax(v["A3"], 0) - v["Y"]) / v["m"], "dZ3", "W3"),
    ("loss-derivative", "dZ3", lambda v: np.sign(v["A3"] - v["Y"]) / v["m"], "dZ3", "W3"),
    ("weight-not-transposed", "dA1", lambda v: v["W2"] @ v["dZ2"], "dA1", "W1"),
    ("wrong-layer-weight", "dA2", lambda v: v["W2"].T @ v["dZ3"], "dA2", "W2"),
    ("wrong-layer-activation", "dW2", lambda v: v["dZ2"] @ v["X"].T, "dW2", "W2"),
    ("wrong-layer-activation", "dW3", lambda v: v["dZ3"] @ v["Z2"].T, "dW3", "W3"),
    ("updated-weight-used", "dA1", lambda v: (v["W2"] - 0.05 * v["dW2"]).T @ v["dZ2"], "dA1", "W1"),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{number}-{m[0]}" for number, m in enumerate(MISTAKES)]
)
def test_a_mistake_is_named_where_it_was_made(mistake: Any, dtype: str) -> None:
    kind, line, write, place, key = mistake
    report = ThreeLayers(dtype).diagnose(**{line: write})
    finding = report[key]
    assert finding.causes[0] == kind
    assert finding.line == place
    assert report.first is not None and report.first.line == place
    # Another seed of the same kind of mistake is one explanation, not a tie.
    assert finding.verdict == "wrong"


@pytest.mark.parametrize("kind", ["loss", "W1 alone"])
def test_a_mistake_is_seen_from_the_far_end_of_the_network(kind: str) -> None:
    net = ThreeLayers()
    keys = ("W1",) if kind == "W1 alone" else ("b1", "W1")
    report = net.diagnose(keys, dZ3=lambda v: -v["Y"] / v["A3"])
    assert report["W1"].causes == ("loss-derivative",)
    assert report["W1"].line == "dZ3"


def test_the_factor_is_named() -> None:
    net = ThreeLayers(m=6)
    explanation = net.diagnose(("W3", "b3"), dZ3=lambda v: v["A3"] - v["Y"])["W3"].explanations[0]
    assert explanation.factor == pytest.approx(6)
    assert "m = 6" in explanation.what and "1/m" in explanation.what


def test_a_mean_over_the_samples_ties_with_a_factor() -> None:
    finding = ThreeLayers().diagnose(db2=lambda v: v["dZ2"].mean(axis=1, keepdims=True))["b2"]
    assert finding.verdict == "ambiguous"
    assert finding.causes == ("mean-instead-of-sum", "scale")


def test_the_learning_rate_of_an_update_is_found() -> None:
    net = ThreeLayers()
    report = net.diagnose(dA2=lambda v: (v["W3"] - 0.125 * v["dW3"]).T @ v["dZ3"])
    assert report["W2"].causes == ("updated-weight-used",)
    assert report["W2"].explanations[0].factor == pytest.approx(0.125)


def test_weights_that_are_all_updated_on_the_way_back() -> None:
    report = ThreeLayers().diagnose(
        ("W1",),
        dA2=lambda v: (v["W3"] - 0.5 * v["dW3"]).T @ v["dZ3"],
        dA1=lambda v: (v["W2"] - 0.5 * v["dW2"]).T @ v["dZ2"],
    )
    assert report["W1"].causes == ("updated-weight-used",)
    assert report["W1"].explanations[0].factor == pytest.approx(0.5)


def test_a_penalty_that_was_forgotten() -> None:
    net = ThreeLayers(penalty=0.1)
    right = {f"dW{k}": lambda v, k=k: RIGHT[f"dW{k}"](v) + 0.2 * v[f"W{k}"] for k in (1, 2, 3)}
    assert net.diagnose(**right).right
    report = net.diagnose(**{**right, "dW2": RIGHT["dW2"]})
    assert report["W2"].causes == ("missing-regularizer",)
    halved = net.diagnose(**{**right, "dW2": lambda v: RIGHT["dW2"](v) + 0.1 * v["W2"]})
    assert halved["W2"].causes == ("scale",)
    assert halved["W2"].explanations[0].factor == pytest.approx(0.5)


def test_nothing_known_is_unknown_with_what_can_be_said() -> None:
    net = ThreeLayers()

    def row(v: Any) -> Any:
        gradient = RIGHT["dW2"](v).copy()
        gradient[3] += 1
        return gradient

    finding = net.diagnose(dW2=row)["W2"]
    assert finding.causes == ("unknown",)
    assert "Row 3 alone is wrong" in finding.message
    extra = net.diagnose(dW1=lambda v: RIGHT["dW1"](v) + 0.01 * v["W1"])["W1"]
    assert extra.causes == ("unknown",)
    assert "0.01 W1: a penalty's term" in extra.message


PAIRS: list[tuple[tuple[str, str], dict[str, Any]]] = [
    (("sign", "transposed"), {"dW2": lambda v: -RIGHT["dW2"](v).T}),
    (("missing-activation-derivative", "wrong-layer-activation"),
     {"dZ2": lambda v: v["dA2"], "dW2": lambda v: v["dZ2"] @ v["X"].T}),
    (("loss-derivative", "missing-activation-derivative"),
     {"dZ3": lambda v: -v["Y"] / v["A3"], "dZ2": lambda v: v["dA2"]}),
    (("weight-not-transposed", "wrong-activation-derivative"),
     {"dA2": lambda v: v["W3"] @ v["dZ3"], "dZ2": lambda v: v["dA2"] * (v["Z2"] > 0)}),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=["+".join(p[0]) for p in PAIRS])
def test_two_mistakes_in_one_gradient(pair: Any) -> None:
    kinds, lines = pair
    # Beside right gradients of its own layer a sign is no Y − A.
    keys = ("W3", "b2", "W2") if "transposed" in kinds else ("W2",)
    finding = ThreeLayers().diagnose(keys, **lines)["W2"]
    assert finding.verdict == "wrong"
    assert set(finding.causes) == set(kinds)
    assert len(finding.explanations[0].words) == 2


def test_all_right() -> None:
    net = ThreeLayers()
    assert net.diagnose((*PARAMETERS, "Z3", "A2", "Z2", "A1", "Z1")).right

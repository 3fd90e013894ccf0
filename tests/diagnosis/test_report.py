"""What a report is: keys, verdicts, print, JSON; and what is refused."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.diagnosis.three_layers import RIGHT, ThreeLayers
from tinygrad_bp.diagnosis import diagnose

rng = np.random.default_rng(7)
X, W, Y = rng.normal(size=(6, 3)), rng.normal(size=(3, 2)), rng.normal(size=(6, 2))
GRADIENT = X.T @ (2 * (X @ W - Y)) / 12


DATA, TARGETS = tgb.tensor(X), tgb.tensor(Y)


def regression() -> tuple[Any, Any]:
    w = tgb.tensor(W, requires_grad=True).named("W1")
    return ((DATA @ w - TARGETS) ** 2).mean(), w


def test_a_key_is_a_tensor_or_a_name_with_or_without_d() -> None:
    loss, w = regression()
    for key in (w, "W1", "dW1"):
        report = diagnose(loss, {key: -GRADIENT})
        assert report[key] is report[w] is report["W1"] is report["dW1"]
        assert report[key].name == "dW1"
    assert diagnose(loss, {"V": GRADIENT}, names={"V": w})["V"].verdict == "right"


def test_values_in_between_are_keys() -> None:
    loss, _ = regression()
    report = diagnose(loss, {"dZ1": 2 * (X @ W - Y) / 12, "W1": GRADIENT})
    assert report.right and len(report) == 2


@pytest.mark.parametrize("kind", ["array", "tensor", "list", "float32 in a list"])
def test_gradients_are_arrays_tensors_or_lists(kind: str) -> None:
    loss, w = regression()
    made: dict[str, Any] = {
        "array": GRADIENT,
        "tensor": tgb.tensor(GRADIENT),
        "list": GRADIENT.tolist(),
        "float32 in a list": GRADIENT.astype("float32").tolist(),
    }
    assert diagnose(loss, {w: made[kind]}).right


def test_a_report_leaves_the_graph_as_it_was() -> None:
    loss, w = regression()
    diagnose(loss, {w: -GRADIENT})
    assert w.grad is None
    loss.backward()
    np.testing.assert_allclose(w.grad.numpy(), GRADIENT)
    assert diagnose(loss, {w: -GRADIENT})[w].causes[0] == "sign"


def test_print_begins_with_what_is_right_and_ends_with_what_is_inherited() -> None:
    report = ThreeLayers().diagnose(dZ2=lambda v: v["dA2"])
    text = str(report)
    assert all(len(line) <= 80 for line in text.splitlines())
    places = [
        text.index("Right: dW3 and db3."),
        text.index("The backward pass first departs at dZ2."),
        text.index("dW2: wrong (missing-activation-derivative)"),
        text.index("Right: dZ2 = W3ᵀ dZ3 ⊙ σ′(Z2)"),
        text.index("Mend: Multiply dA2 elementwise by σ′(Z2)"),
        text.index("db2: wrong"),
        text.index("Inherited"),
        text.index("dW1: its own line is right"),
    ]
    assert places == sorted(places)
    assert repr(report).startswith("<Report: dW3 right")


def test_print_of_a_tie_lists_all_that_fits() -> None:
    text = str(ThreeLayers().diagnose(dZ3=lambda v: (v["Y"] - v["A3"]) / v["m"]))
    assert "a) dZ3 has the opposite sign (sign);" in text
    assert "b) dZ3 has target and output the wrong way round, Y − A3" in text
    assert "Mend b): Begin the backward pass with dZ3 = (A3 − Y)/m." in " ".join(text.split())


def test_all_right_is_said_in_a_line() -> None:
    loss, w = regression()
    assert str(diagnose(loss, {w: GRADIENT})) == "Right: dW1."


def test_a_report_is_json() -> None:
    report = ThreeLayers().diagnose(dZ2=lambda v: v["dA2"], dW3=lambda v: -RIGHT["dW3"](v))
    data = json.loads(json.dumps(report.to_dict()))
    assert data["right"] is False
    by_name = {finding["name"]: finding for finding in data["findings"]}
    assert by_name["dW3"]["causes"] == ["sign"]
    assert by_name["dW3"]["explanations"][0]["ids"] == ["sign"]
    assert by_name["dW2"]["line"] == "dZ2"


def test_evidence_has_both_numbers() -> None:
    loss, w = regression()
    assert "the hypothesis fits to" in diagnose(loss, {w: -GRADIENT})[w].evidence
    assert "off by 2 of the largest element" in diagnose(loss, {w: -GRADIENT})[w].evidence


def test_nan_and_infinity_are_said() -> None:
    loss, w = regression()
    bad = GRADIENT.copy()
    bad[1, 0], bad[2, 1] = np.nan, np.inf
    finding = diagnose(loss, {w: bad})[w]
    assert finding.verdict == "wrong"
    assert "1 of 6 elements are NaN" in finding.evidence and "(1, 0)" in finding.evidence
    assert "1 of 6 elements are infinite" in finding.evidence


def test_a_wrong_shape_is_a_verdict() -> None:
    loss, w = regression()
    finding = diagnose(loss, {w: np.ones((5, 7))})[w]
    assert finding.causes == ("unknown",)
    assert "(5, 7)" in finding.message and "(3, 2)" in finding.message


def test_axes_of_length_one_are_a_note() -> None:
    net = ThreeLayers()
    hand = net.student()
    report = diagnose(net.loss, {"b1": hand["db1"][:, 0]}, names=net.t)
    assert report["b1"].verdict == "right"
    assert "(4,)" in report["b1"].note
    doubled = diagnose(net.loss, {"b1": 4 * hand["db1"][:, 0]}, names=net.t)
    assert doubled["b1"].causes[0] == "scale"


def test_zeros_are_said() -> None:
    loss, w = regression()
    assert "0 everywhere" in diagnose(loss, {w: np.zeros((3, 2))})[w].message


def test_an_unknown_name_lists_those_that_there_are() -> None:
    loss, w = regression()
    with pytest.raises(KeyError, match=r"'W9'; there are .*W1"):
        diagnose(loss, {"W9": GRADIENT})
    with pytest.raises(KeyError, match="not in the graph"):
        diagnose(loss, {tgb.ones(2, requires_grad=True): GRADIENT})
    report = diagnose(loss, {w: GRADIENT})
    with pytest.raises(KeyError, match="no gradient was handed in for 'Z1'; there are dW1"):
        report["Z1"]
    with pytest.raises(TypeError, match="tensor or a name"):
        diagnose(loss, {3: GRADIENT})
    with pytest.raises(ValueError, match="two gradients"):
        diagnose(loss, {w: GRADIENT, "W1": GRADIENT})


def test_what_is_no_gradient_is_refused() -> None:
    loss, w = regression()
    with pytest.raises(TypeError, match="no array of numbers"):
        diagnose(loss, {w: [[1.0, 2.0], [3.0]]})
    with pytest.raises(TypeError, match="real numbers"):
        diagnose(loss, {w: GRADIENT * 1j})


def test_what_is_no_loss_is_refused() -> None:
    loss, w = regression()
    with pytest.raises(ValueError, match="single number"):
        diagnose(w * 2, {w: GRADIENT})
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        diagnose(loss.detach(), {w: GRADIENT})


@pytest.mark.parametrize("freed", [False, True])
def test_a_step_of_the_optimizer_since_then_is_refused(freed: bool) -> None:
    loss, w = regression()
    loss.backward(retain_graph=not freed)
    tgb.optim.SGD([w], lr=1e-6).step()
    with pytest.raises(RuntimeError, match="W1 is not what the loss was computed from"):
        diagnose(loss, {w: GRADIENT})


@pytest.mark.parametrize("hand", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(10))
def test_no_alarm_at_single_precision(seed: int, hand: str) -> None:
    # Large weights: saturated units, sums that cancel, A near 0 and 1.
    r = np.random.default_rng(seed)
    sizes = [int(n) for n in r.integers(2, 20, 6)]
    Ws = [(4 * r.normal(size=s) / np.sqrt(s[0])).astype("float32") for s in pairwise(sizes)]
    X = r.normal(size=(30, sizes[0])).astype("float32")
    Y = np.eye(sizes[-1], dtype="float32")[r.integers(0, sizes[-1], 30)]
    leaves = [tgb.tensor(w, requires_grad=True) for w in Ws]
    A = tgb.tensor(X)
    for w in leaves[:-1]:
        A = tgb.sigmoid(A @ w)
    loss = tgb.nn.functional.cross_entropy(A @ leaves[-1], tgb.tensor(Y))
    values = [X.astype(hand)]
    for array in Ws[:-1]:
        values.append(1 / (1 + np.exp(-(values[-1] @ array.astype(hand)))))
    e = np.exp(values[-1] @ Ws[-1].astype(hand))
    dZ = (e / e.sum(axis=1, keepdims=True) - Y) / 30
    given = {}
    for k in range(len(Ws) - 1, -1, -1):
        given[leaves[k]] = values[k].T @ dZ
        if k:
            dZ = dZ @ Ws[k].astype(hand).T * values[k] * (1 - values[k])
    assert diagnose(loss, given).right

"""`assert_gradients`, and what pytest shows when it fails."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.diagnosis import plugin
from tinygrad_bp.diagnosis.assertions import GradientError, assert_gradients

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5))
Y = RNG.normal(size=(2, 5))


def network():
    W = tgb.tensor(RNG.normal(size=(2, 3)), requires_grad=True).named("W")
    b = tgb.tensor(RNG.normal(size=(2, 1)), requires_grad=True).named("b")
    Z = W @ tgb.tensor(X) + b
    loss = ((Z - tgb.tensor(Y)) ** 2).sum() / 10
    return loss, W, b, (Z.detach().numpy() - Y) / 5


def test_right_gradients_pass_in_silence(capsys):
    loss, W, _, dZ = network()
    assert_gradients(loss, {W: dZ @ X.T, "b": dZ.sum(axis=1, keepdims=True)})
    assert capsys.readouterr().out == ""
    loss.backward()  # the graph is as it was
    np.testing.assert_allclose(W.grad.numpy(), dZ @ X.T)


def test_the_message_is_the_report():
    loss, W, _, dZ = network()
    gradients = {W: dZ @ X.T, "b": dZ}
    with pytest.raises(AssertionError) as caught:
        assert_gradients(loss, gradients)
    assert isinstance(caught.value, GradientError)
    assert str(caught.value) == str(caught.value.report)
    assert "bias-not-summed" in str(caught.value)
    assert caught.value.report[W].verdict == "right"


def test_an_ambiguous_gradient_fails_and_is_called_so():
    W = tgb.tensor(RNG.normal(size=(2, 3)), requires_grad=True).named("W")
    A = tgb.tanh(W @ tgb.tensor(X))
    target = tgb.tensor(Y)
    loss = ((A - target) ** 2).sum() / 2
    # Left out is tanh′; or the loss was taken for one whose dZ is A − Y.
    dZ = A.detach().numpy() - Y
    with pytest.raises(GradientError, match="ambiguous") as caught:
        assert_gradients(loss, {W: dZ @ X.T})
    finding = caught.value.report[W]
    assert finding.verdict == "ambiguous"
    assert {"missing-activation-derivative", "loss-derivative"} <= set(finding.causes)


#: By its module, and not a second time by the name under which the package offers it.
PLUGIN = ("-p", "no:tinygrad_bp", "-p", "tinygrad_bp.diagnosis.plugin")

TEST_FILE = """
import numpy as np
import tinygrad_bp as tgb

X = np.arange(12.0).reshape(3, 4) - 5

def check(assertion, sign):
    W = tgb.tensor(np.array([[1.0, -2.0, 0.5]]), requires_grad=True).named("W")
    loss = ((W @ tgb.tensor(X)) ** 2).sum()
    assertion(loss, {W: sign * 2 * (W.detach().numpy() @ X) @ X.T})

def test_right(assert_gradients):
    check(assert_gradients, 1)

def test_wrong(assert_gradients):
    check(assert_gradients, -1)

def test_without_the_fixture():
    from tinygrad_bp.diagnosis.assertions import assert_gradients
    check(assert_gradients, -1)

def test_another_failure():
    assert 1 == 2
"""


@pytest.fixture
def plugged(pytester):
    """Run TEST_FILE with the plugin, whether or not the installed package names it."""
    pytester.makepyfile(test_mine=TEST_FILE)

    def run(*args):
        return pytester.runpytest_subprocess(*PLUGIN, *args)

    return run


def test_pytest_shows_the_diagnosis_alone(plugged):
    result = plugged()
    result.assert_outcomes(passed=1, failed=3)
    text = result.stdout.str()
    _, wrong, bare, other, *_ = re.split(r"^_+ test_\w+ _+$", text, flags=re.M)
    for section in (wrong, bare):
        assert "sign" in section
        assert "Traceback" not in section and "def assert_gradients" not in section
        assert "assertions.py" not in section
        assert re.search(r"^test_mine\.py:\d+$", section, flags=re.M)
    assert "assert 1 == 2" in other and "test_mine.py:" in other


def test_the_summary_line_says_which_test(plugged):
    lines = plugged("-q").stdout.lines
    assert "FAILED test_mine.py::test_wrong - dW wrong (sign)" in lines


def test_it_works_in_parallel(plugged):
    result = plugged("-n", "1")
    result.assert_outcomes(passed=1, failed=3)
    assert "assertions.py" not in result.stdout.str()


def test_the_package_offers_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    offered = project["entry-points"]["pytest11"]
    assert offered == {"tinygrad_bp": plugin.__name__}
    assert "assert_gradients" in vars(plugin)


def test_loading_the_plugin_diagnoses_nothing(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_lean():
            mine = [m for m in sys.modules if m.startswith("tinygrad_bp.d")]
            assert "tinygrad_bp.diagnosis.plugin" in mine
            heavy = {"assertions", "replay", "roles", "report", "grading", "hypotheses"}
            assert not {m.split(".")[2] for m in mine if m.count(".") > 1} & heavy
            assert "tinygrad_bp.derivation" not in sys.modules
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1)

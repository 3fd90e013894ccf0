"""The derivations of the notes' networks are the notes': golden files, and the numbers by hand.

To look at what changed, and accept it: ``python -m tests.derivation.test_notes``.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.derivation import Derivation
from tinygrad_bp.expr import evaluate
from tinygrad_bp.nn import functional as F
from tinygrad_bp.textbook import SimpleNN, TwoLayerSoftmax

GOLDEN = Path(__file__).parent / "golden"

rng = np.random.default_rng(7)
M = 5
X = rng.standard_normal((4, M)).round(2)
LABELS = np.array([0, 2, 1, 1, 0])
Y = np.eye(3)[LABELS].T
W1, B1 = rng.standard_normal((3, 4)).round(2), rng.standard_normal((3, 1)).round(2)
W2, B2 = rng.standard_normal((3, 3)).round(2), rng.standard_normal((3, 1)).round(2)
YES = np.array([[1.0, 0.0, 1.0, 1.0, 0.0]])


def named(**arrays: np.ndarray) -> list[tgb.Tensor]:
    """Return parameters and data in float64, with the names of the notes."""
    given = {"X", "Y"}
    return [
        tgb.tensor(array).requires_grad_(name not in given).named(name)
        for name, array in arrays.items()
    ]


def note_1(layout: str | None = None) -> Derivation:
    """The classifier of note 1 as its text has it: columns, softmax and logarithm by hand."""
    x, y, w1, b1, w2, b2 = named(X=X, Y=Y, W1=W1, b1=B1, W2=W2, b2=B2)
    Z1 = (w1 @ x + b1).named("Z1")
    A1 = Z1.relu().named("A1")
    Z2 = (w2 @ A1 + b2).named("Z2")
    E = Z2.exp()
    A2 = (E / E.sum(0, keepdim=True)).named("A2")
    J = (-(y * A2.log()).sum() / M).named("J")
    return tgb.explain(J, layout=layout)


def note_1_in_rows(layout: str | None = None) -> Derivation:
    """The same network with a sample in each row, of layers that PyTorch's users write."""
    net = tgb.nn.Sequential(tgb.nn.Linear(4, 3), tgb.nn.ReLU(), tgb.nn.Linear(3, 3)).double()
    with tgb.no_grad():
        for p, value in zip(net.parameters(), (W1, B1[:, 0], W2, B2[:, 0]), strict=True):
            p.copy_(tgb.tensor(value))
    x, y = named(X=np.ascontiguousarray(X.T), Y=np.ascontiguousarray(Y.T))
    A2 = F.softmax(net(x), 1).named("A2")
    return tgb.explain((-(y * A2.log()).sum() / M).named("J"), model=net, layout=layout)


def note_2(layout: str | None = None) -> Derivation:
    """`SimpleNN` of note 2, with the loss whose gradients it has: sigmoid twice, cross-entropy."""
    x, y, w1, b1, w2, b2 = named(X=X, Y=YES, W1=W1, b1=B1, W2=W2[:1], b2=B2[:1])
    z1 = (w1 @ x + b1).named("z1")
    a1 = z1.sigmoid().named("a1")
    z2 = (w2 @ a1 + b2).named("z2")
    a2 = z2.sigmoid().named("a2")
    J = -(y * a2.log() + (1 - y) * (1 - a2).log()).sum() / M
    return tgb.explain(J.named("J"), layout=layout)


def note_2_squared() -> Derivation:
    """The same network with the loss that note 2 names, ½ (y − ŷ)², and one sample."""
    x, y, w1, b1, w2, b2 = named(X=X[:, :1], Y=YES[:, :1], W1=W1, b1=B1, W2=W2[:1], b2=B2[:1])
    a1 = (w1 @ x + b1).named("z1").sigmoid().named("a1")
    a2 = (w2 @ a1 + b2).named("z2").sigmoid().named("a2")
    return tgb.explain((0.5 * (y - a2) ** 2).sum().named("J"))


CASES: dict[str, Callable[[], Derivation]] = {
    "note_1": note_1,
    "note_1_rows": note_1_in_rows,
    "note_1_rows_in_columns": lambda: note_1_in_rows("columns"),
    "note_2": note_2,
    "note_2_columns": lambda: note_2("columns"),
    "note_2_squared": note_2_squared,
}


@pytest.mark.parametrize("name", CASES)
def test_the_derivation_is_the_golden_one(name: str) -> None:
    text = str(CASES[name]())
    assert text + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("name", CASES)
def test_every_formula_amounts_to_the_gradient(name: str) -> None:
    for line in CASES[name]():
        np.testing.assert_allclose(evaluate(line.expr), line.recorded, rtol=1e-12, atol=1e-14)


def formulas(d: Derivation) -> dict[str, str]:
    return {line.name: line.formula for line in d.backward}


THE_NOTES = {
    "dZ2": "(A2 − Y)/m",
    "dW2": "dZ2 A1ᵀ",
    "db2": "Σ dZ2",
    "dZ1": "W2ᵀ dZ2 ⊙ ReLU′(Z1)",
    "dW1": "dZ1 Xᵀ",
    "db1": "Σ dZ1",
}


@pytest.mark.parametrize("build", [note_1, lambda: note_1_in_rows("columns")], ids=["own", "rows"])
def test_note_1_prints_as_the_notes_write(build: Callable[[], Derivation]) -> None:
    assert formulas(build()) == THE_NOTES


def test_note_2_prints_as_the_notes_write() -> None:
    assert formulas(note_2()) == {
        "dz2": "(a2 − Y)/m",
        "dW2": "dz2 a1ᵀ",
        "db2": "Σ dz2",
        "dz1": "W2ᵀ dz2 ⊙ σ′(z1)",
        "dW1": "dz1 Xᵀ",
        "db1": "Σ dz1",
    }


def test_the_numbers_are_those_of_the_textbook() -> None:
    net = TwoLayerSoftmax(W1, B1, W2, B2)
    net.forward(X)
    by_hand = net.backward(X, Y)
    for d in (note_1(), note_1_in_rows("columns")):
        for name in ("W1", "W2"):
            expected = getattr(by_hand, f"d{name}")
            np.testing.assert_allclose(d[name].value, expected, rtol=1e-12)
        np.testing.assert_allclose(d["b1"].value.ravel(), by_hand.dB1.ravel(), rtol=1e-12)
        # The notes' dZ has no 1/m.
        np.testing.assert_allclose(d["dZ2"].value, by_hand.dZ2 / M, rtol=1e-12)


def test_the_numbers_are_those_of_simple_nn() -> None:
    nn = SimpleNN(4, 3, 1, rng=np.random.default_rng(0))
    nn.W1, nn.b1, nn.W2, nn.b2 = W1, B1, W2[:1], B2[:1]
    nn.forward(X)
    by_hand = nn.gradients(X, YES)
    d = note_2()
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_allclose(d[name].value, getattr(by_hand, f"d{name}"), rtol=1e-12)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for title, build in CASES.items():
        print(f"━━ {title}\n\n{build()}\n")
        (GOLDEN / f"{title}.txt").write_text(f"{build()}\n", encoding="utf-8")

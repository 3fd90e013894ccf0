"""What gets a line, what it is called, and what explain says when it can't."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.drawing import trace
from tinygrad_bp.expr import evaluate
from tinygrad_bp.nn import functional as F

nn = tgb.nn

X = tgb.linspace(-1, 1, 24, dtype=tgb.float64).reshape(6, 4)
Y = tgb.tensor([0, 1, 2, 0, 1, 2])


def classifier(*layers: tgb.nn.Module) -> tuple[tgb.nn.Module, tgb.Tensor]:
    """Return a network on four features in float64, and its loss on six samples."""
    tgb.manual_seed(0)
    net = nn.Sequential(*layers).double()
    return net, F.cross_entropy(net(X), Y)


def small() -> tuple[tgb.nn.Module, tgb.Tensor]:
    return classifier(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def check(d: tgb.derivation.Derivation) -> None:
    """Hold every line to the recorded value."""
    assert len(d)
    for line in d:
        np.testing.assert_allclose(evaluate(line.expr), line.recorded, rtol=1e-12, atol=1e-14)


def test_the_names_are_those_of_the_notes() -> None:
    net, loss = small()
    d = tgb.explain(loss, model=net)
    assert [line.name for line in d.forward] == ["Z1", "A1", "Z2", "L"]
    assert [line.name for line in d.backward] == ["dZ2", "dW2", "db2", "dZ1", "dW1", "db1"]
    assert ("W1", "0.weight") in d.legend
    check(d)


def test_a_line_is_found_by_name_path_and_tensor() -> None:
    net, loss = small()
    d = tgb.explain(loss, model=net)
    line = d["W2"]
    assert line.name == "dW2"
    assert line.formula == "dZ2ᵀ A1"
    assert line.latex == r"dZ_2^{\top} A_1"
    assert line.shape == (3, 5)
    assert d["dW2"] is line
    assert d["2.weight"] is line
    assert d[net[2].weight] is line
    assert "W2" in d
    assert "W3" not in d
    loss.backward()
    np.testing.assert_allclose(line.value, net[2].weight.grad.numpy(), rtol=1e-12)


def test_a_gradient_without_a_line_is_found_too() -> None:
    net, loss = small()
    d = tgb.explain(loss, model=net)
    assert d["A1"].formula == "dZ2 W2"


def test_given_names_win() -> None:
    w = tgb.tensor([1.0, 2.0], requires_grad=True).named("slow")
    h = (w * w).named("h")
    loss = h.sum()
    assert tgb.explain(loss)["slow"].name == "dslow"
    assert tgb.explain(loss, names={"fast": w})["fast"].name == "dfast"


def test_names_of_locals_serve_with_modules_among_them() -> None:
    net, loss = small()
    d = tgb.explain(loss, names={"net": net, "loss": loss, "m": 6})
    assert d["0.weight"].name == "dW1"
    assert d.title == "loss"


def test_two_tensors_of_one_name_are_told_apart() -> None:
    a = tgb.tensor(1.0, requires_grad=True).named("w")
    b = tgb.tensor(2.0, requires_grad=True).named("w")
    d = tgb.explain(a * b)
    assert sorted(line.name for line in d.backward) == ["dw", "dw_2"]


def test_wrt_asks_for_some_gradients_only() -> None:
    net, loss = small()
    d = tgb.explain(loss, wrt=[net[2].bias], model=net)
    assert [line.name for line in d.backward] == ["dZ2", "db2"]
    assert [line.name for line in tgb.explain(loss, "W1").backward] == ["dZ2", "dZ1", "dW1"]


def test_the_input_has_a_gradient_if_it_wants_one() -> None:
    X = tgb.randn(3, 4, dtype=tgb.float64).requires_grad_()
    d = tgb.explain(nn.Linear(4, 2).double()(X).square().sum(), wrt=X)
    assert d[X].formula == "dZ1 W1"


def test_paths_are_named_by_the_values_they_go_through() -> None:
    layer = nn.Linear(3, 3).double()
    x = tgb.randn(2, 3, dtype=tgb.float64)
    h = layer(x)
    d = tgb.explain((h + layer(h).tanh()).square().mean())
    assert [path.through for path in d["W1"].paths] == ["Z2", "Z1"]
    assert len(d["Z1"].paths) == 2
    total = sum(evaluate(path.formula) for path in d["W1"].paths)
    np.testing.assert_allclose(total, d["W1"].value, rtol=1e-12)
    check(d)


def test_an_activation_is_differentiated_by_name_first() -> None:
    _, loss = small()
    line = tgb.explain(loss)["Z1"]
    assert line.formula == "dZ2 W2 ⊙ tanh′(Z1)"
    ((name, spelled),) = line.where
    assert name == "tanh′(Z1)"
    Z1 = line.expr.args[1].args[0].value
    np.testing.assert_allclose(evaluate(spelled), 1 - np.tanh(Z1) ** 2, rtol=1e-12)


def test_after_backward_the_values_are_computed_again() -> None:
    net, loss = small()
    expected = str(tgb.explain(loss, model=net))
    loss.backward()
    assert str(tgb.explain(loss, model=net)) == expected


@pytest.mark.parametrize("keep", [False, True])
def test_after_the_step_the_old_values_are_gone(keep: bool) -> None:
    net, loss = small()
    loss.backward(retain_graph=keep)
    tgb.optim.SGD(net.parameters(), lr=0.1).step()
    with pytest.raises(RuntimeError, match="forward pass again"):
        tgb.explain(loss, model=net)


def test_a_leaf_that_was_changed_is_noticed() -> None:
    w = tgb.randn(3, requires_grad=True)
    h = w * 2
    loss = (h * h).sum()
    with tgb.no_grad():
        w += 1
    with pytest.raises(RuntimeError, match="changed in place since"):
        tgb.explain(loss)


def test_a_custom_function_is_known_by_its_name() -> None:
    class Twice(tgb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return 2 * g + 3 * h

    w = tgb.randn(3, dtype=tgb.float64, requires_grad=True)
    a, b = Twice.apply(w)
    d = tgb.explain((a * b).sum())
    assert "Twice" in d[w].formula
    check(d)


def test_a_vector_needs_its_gradient() -> None:
    net, _ = small()
    out = net(tgb.randn(2, 4, dtype=tgb.float64))
    with pytest.raises(RuntimeError, match="starts from a single number"):
        tgb.explain(out)
    check(tgb.explain(out, gradient=np.ones((2, 3))))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda loss: tgb.explain(tgb.tensor(1.0)), RuntimeError, "nothing was recorded"),
        (lambda loss: tgb.explain(3.0), TypeError, "not in a float"),
        (lambda loss: tgb.explain(loss, "W9"), KeyError, "there are W1, b1, W2, b2"),
        (lambda loss: tgb.explain(loss, layout="rows"), ValueError, "layout is None"),
        (lambda loss: tgb.explain(loss, depth=1), ValueError, "needs model="),
        (lambda loss: tgb.explain(loss)["W9"], KeyError, "no value of the graph is named 'W9'"),
        (lambda loss: tgb.explain(loss, tgb.randn(2)), KeyError, "not in the graph of the loss"),
    ],
    ids=["constant", "number", "wrt", "layout", "depth", "key", "tensor"],
)
def test_errors_name_the_remedy(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call(small()[1])


def test_a_checkpoint_has_nothing_to_explain_yet() -> None:
    from tinygrad_bp.utils.checkpoint import checkpoint

    net, _ = small()
    X = tgb.randn(2, 4, dtype=tgb.float64)
    with pytest.raises(RuntimeError, match=r"without utils\.checkpoint"):
        tgb.explain(checkpoint(net, X, use_reentrant=False).sum())


class Block(nn.Module):
    """A layer around which the input is added."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return x + self.outer(tgb.tanh(self.inner(x)))


def test_closed_modules_are_one_operation_each() -> None:
    net = nn.Sequential(nn.Linear(4, 4), Block(), Block(), nn.Linear(4, 2)).double()
    with trace(net):
        loss = net(tgb.randn(3, 4, dtype=tgb.float64)).square().mean()
    d = tgb.explain(loss, model=net, depth=1)
    assert [line.name for line in d.forward] == ["Z1", "H1", "H2", "Z6", "L"]
    assert d.forward[1].expr.op.name == "1"
    check(d)
    opened = tgb.explain(loss, model=net, depth=2)
    assert len(opened) > len(d)
    check(opened)
    shut = tgb.explain(loss, model=net, depth=0)
    assert [line.name for line in shut.backward] == ["dZ6"]


def test_a_long_chain_is_cut_into_lines() -> None:
    w = z = tgb.tensor(0.9, dtype=tgb.float64, requires_grad=True)
    for _ in range(500):
        z = z * 0.999 + 0.001
    d = tgb.explain(z)
    check(d)
    assert d[w].value == pytest.approx(0.999**500)


def test_explain_touches_no_gradient() -> None:
    net, loss = small()
    tgb.explain(loss, model=net)
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
    assert all(p.grad is not None for p in net.parameters())

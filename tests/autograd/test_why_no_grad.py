"""why_no_grad names what broke the path, and its line."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import Function, why_no_grad


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


def _in_no_grad(x):
    with tgb.no_grad():
        return x * 2  # BREAK


def _in_place_under_no_grad(x):
    buffer = tgb.zeros(2)
    with tgb.no_grad():
        buffer += x * 2  # BREAK
    return buffer


def _assigned_under_no_grad(x):
    buffer = tgb.zeros(2)
    with tgb.no_grad():
        buffer[:] = x  # BREAK
    return buffer


def _assigned_detached(x):
    buffer = tgb.zeros(2)
    buffer[:] = x.detach()  # BREAK
    return buffer


def _assigned_to_view(x):
    buffer = tgb.zeros(2)
    buffer[0:1].copy_(x[0:1].detach())  # BREAK
    return buffer


@tgb.no_grad()
def _decorated(x):
    return x.exp()  # BREAK


def _inference(x):
    with tgb.inference_mode():
        y = x * 2  # BREAK
    return y.clone()


def _new_leaf(x):
    return x.clone().detach().requires_grad_()  # BREAK


class _Constant(Function):
    @staticmethod
    def forward(ctx, x):
        y = x * 2
        ctx.mark_non_differentiable(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return g


BREAKS = {
    "detach": (lambda x: x.detach(), "detached from the graph by 'detach()'"),  # BREAK
    "data": (lambda x: x.data, "rebuilt from its values by '.data'"),  # BREAK
    "tensor": (lambda x: tgb.tensor(x), "rebuilt from its values by 'tensor(…)'"),  # BREAK
    "list": (lambda x: tgb.tensor([x[0], x[1]]), "rebuilt from its values by 'tensor(…)'"),  # BREAK
    "cast": (lambda x: x.long(), "converted to a type without gradients by 'cast'"),  # BREAK
    "int": (lambda x: x.int() * 2, "converted to a type without gradients by 'cast'"),  # BREAK
    "compare": (lambda x: (x > 1).float(), "without a gradient by 'greater'"),  # BREAK
    "argmax": (lambda x: x.argmax().float(), "without a gradient by 'argmax'"),  # BREAK
    "custom": (lambda x: _Constant.apply(x), "without a gradient by '_Constant'"),  # BREAK
    "numpy": (lambda x: tgb.tensor(x.detach().numpy()), "by 'detach()'"),  # BREAK
    "asarray": (lambda x: tgb.tensor(np.asarray(x)), "NumPy by 'np.asarray'"),  # BREAK
    "from_numpy": (lambda x: tgb.from_numpy(np.asarray(x)), "taken through NumPy"),  # BREAK
    "force": (lambda x: tgb.from_numpy(x.numpy(force=True)), "NumPy by 'numpy()'"),  # BREAK
    "in NumPy": (lambda x: tgb.tensor(np.asarray(x) * 2), "not used.*taken through NumPy"),  # BREAK
    "no_grad": (_in_no_grad, "computed under no_grad by 'multiply'"),
    "in place": (_in_place_under_no_grad, "computed under no_grad by 'multiply'"),
    "assigned": (_assigned_under_no_grad, "computed under no_grad by 'assignment'"),
    "assigned detached": (_assigned_detached, "by 'detach()'"),
    "assigned to a view": (_assigned_to_view, "by 'detach()'"),
    "decorator": (_decorated, "computed under no_grad by 'exp'"),
    "inference": (_inference, "computed under no_grad by 'multiply'"),
    "new leaf": (_new_leaf, "by 'detach()'"),
}


def has(text: str, expected: str) -> bool:
    return all(part in text for part in expected.split(".*"))


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize("between", [lambda x: x, lambda x: (x * 2 + 1).exp() / 5])
@pytest.mark.parametrize("after", [lambda y: y, lambda y: (y * 1.0 + 2).reshape(-1)[:1]])
@pytest.mark.parametrize("recorded", [True, False])
def test_the_break_and_its_line(name, between, after, recorded):
    break_, expected = BREAKS[name]
    x, w = leaf(1, 2), leaf(3, 4)
    y = after(break_(between(x)))
    loss = (y * w).sum() if recorded else (y * 2.0).sum()
    text = why_no_grad(x, loss)
    assert has(text, expected), text
    assert "test_why_no_grad.py:" in text and "# BREAK" in text


def test_named_tensors_are_called_by_their_name():
    x = leaf(1, 2).named("W1")
    assert why_no_grad(x, x.detach().sum()).startswith("W1 was detached")


def test_each_of_several_breaks_is_told_apart():
    x, y, z, w = leaf(1, 2), leaf(3, 4), leaf(5, 6), leaf(7, 8)
    a = x.detach()  # of x
    b = (y > 3).float()  # of y
    loss = (a * b * w).sum()
    assert "# of x" in why_no_grad(x, loss) and "# of y" in why_no_grad(y, loss)
    assert why_no_grad(z, loss) == "x is not used: loss was not computed from it"
    assert "nothing is broken" in why_no_grad(w, loss)


def test_a_break_in_the_middle_of_a_deep_graph():
    x, other, w = leaf(1, 2), leaf(1, 2), leaf(3, 4)
    h = x
    for _ in range(2000):
        h = h * 1.0
    d = h.detach()  # deep
    del h
    loss = d * w
    for _ in range(2000):
        loss = loss * 1.0
    assert "# deep" in why_no_grad(x, loss.sum())
    assert "not used" in why_no_grad(other, loss.sum())


def test_many_leaves_before_the_break():
    x, w = leaf(1, 2), leaf(3, 4)
    layers = [leaf(1, 1) for _ in range(100)]
    h = x
    for layer in layers:
        h = h * layer
    loss = (h.detach() * w).sum()
    assert all("by 'detach()'" in why_no_grad(p, loss) for p in [x, *layers])


def test_nothing_broken():
    x = leaf(1, 2)
    assert "nothing is broken" in why_no_grad(x, (x * x).sum())
    assert "nothing is broken" in why_no_grad(x, (x * 0).sum())  # a gradient of zero is one
    assert "nothing is broken" in why_no_grad(x, (x.detach() * x).sum())


def test_a_custom_backward_that_returns_none_is_suspected():
    class Silent(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return None

    x = leaf(1, 2)
    loss = Silent.apply(x).sum()
    loss.backward()
    assert x.grad is None
    assert "the backward of 'Silent'" in why_no_grad(x, loss)


def test_x_itself():
    w = leaf(1, 2)
    y = w * 2  # makes y
    assert "retain_grad" in why_no_grad(y, (y * y).sum())
    assert "# makes y" in why_no_grad(y, (y * y).sum())
    i = tgb.tensor([1, 2])
    assert "int64" in why_no_grad(i, (i * w).sum())
    c = tgb.ones(2)
    assert "requires_grad=True" in why_no_grad(c, (c * w).sum())
    d = (w * 2).detach()  # cuts d
    assert "stands outside" in why_no_grad(d, (d * w).sum())
    assert "# cuts d" in why_no_grad(d, (d * w).sum())
    assert "detach()" in why_no_grad(y, (y.detach() * w).sum())


def test_not_used():
    x, w = leaf(1, 2), leaf(3, 4)
    assert "not used" in why_no_grad(x, (w * w).sum())
    assert "does not require a gradient" in why_no_grad(x, tgb.ones(2).sum())


def test_the_error_of_backward_says_the_same():
    x = leaf(1, 2)
    y = x.detach()  # here
    with pytest.raises(RuntimeError, match=r"detached from the graph.*# here"):
        (y * 2).sum().backward()
    with pytest.raises(RuntimeError, match="not used"):
        tgb.autograd.grad((leaf(1, 2) * 2).sum(), x)

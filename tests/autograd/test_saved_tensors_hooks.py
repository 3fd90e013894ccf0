"""What is kept for backward can be packed, and is unpacked there."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd.graph import saved_tensors_hooks


class Double(tgb.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


PROGRAMS = {
    "product": lambda x: (x * x).sum(),
    "output kept": lambda x: (x.exp() * tgb.sigmoid(x)).sum(),
    "broadcast": lambda x: (x.unsqueeze(0) / x.unsqueeze(1)).sum(),
    "custom function": lambda x: Double.apply(x).sum(),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_gradients_are_those_of_what_is_unpacked(program):
    values = [0.5, 1.0, 2.0]
    x, y = (tgb.tensor(values, requires_grad=True) for _ in range(2))
    program(x).backward()
    packed = []

    def pack(t):
        assert not t.requires_grad and tgb.is_grad_enabled() is False
        packed.append(t)
        return t.double().numpy() * 4

    with saved_tensors_hooks(pack, lambda a: tgb.from_numpy(a / 4).float()):
        loss = program(y)
    assert packed
    loss.backward()
    assert np.allclose(y.grad.numpy(), x.grad.numpy())
    (y * y).sum().backward()
    count = len(packed)
    (y * y).sum().backward()
    assert len(packed) == count


def test_second_derivatives_pass_through():
    x = tgb.tensor([2.0], requires_grad=True)
    with saved_tensors_hooks(lambda t: t.tolist(), lambda a: tgb.tensor(a)):
        y = x * x * x
    (slope,) = tgb.autograd.grad(y, x, create_graph=True)
    (bend,) = tgb.autograd.grad(slope, x)
    assert slope.item() == 12 and bend.item() == 12


def test_inner_hooks_come_first_and_the_outer_ones_after():
    calls = []

    def named(name):
        return saved_tensors_hooks(lambda t: calls.append(name) or t, lambda t: t)

    x = tgb.ones(1, requires_grad=True)
    with named("outer"):
        with named("inner"):
            x.exp()
        x.exp()
    assert calls == ["inner", "outer"]


def test_what_is_no_tensor_is_refused():
    x = tgb.ones(1, requires_grad=True)
    with saved_tensors_hooks(lambda t: 1, lambda n: n):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook has to return a Tensor"):
        y.backward()


def test_kept_values_have_names():
    a, b = tgb.ones(2, requires_grad=True), tgb.full((2,), 3.0, requires_grad=True)
    product = a * b
    assert product.grad_fn._saved_self is a and product.grad_fn._saved_other is b
    y = a.exp()
    assert y.grad_fn._saved_result.tolist() == y.tolist()
    with pytest.raises(AttributeError, match="_saved_weight"):
        _ = product.grad_fn._saved_weight

"""Modes, hooks, views and changes in place, side by side with PyTorch."""

import numpy as np
import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

A = np.random.default_rng(0).uniform(0.5, 2, (3, 4))
KEYS = [
    0,
    -1,
    slice(1, None),
    slice(None, None, 2),
    ...,
    None,
    (1, 2),
    (slice(None), 1),
    (..., slice(0, 2)),
    [0, 2],
    (slice(None), [0, 3]),
    ([0, 1], [1, 2]),
    (1, [0, 2]),
    ([0, 2], 1),
    ([[0], [2]], [1, 3]),
    (0, slice(1, 3)),
    (None, 1),
    ([0, 2], slice(None), None),
]


def both(program):
    """Run a program on both; return (values or gradients, or the kind of error) of each."""
    import torch

    results = []
    for t in (torch, tgb):
        x, y = (t.tensor(a, requires_grad=True) for a in (A, A[::-1].copy()))
        try:
            out = program(t, x, y)
            if not isinstance(out, (tuple, list)):
                out = [out]
            loss = sum((o * o * (i + 1)).sum() for i, o in enumerate(out))
            if loss.requires_grad:
                loss.backward()
            results.append([
                *(o.detach().numpy() for o in out),
                *(np.zeros(1) if v.grad is None else v.grad.numpy() for v in (x, y)),
            ])  # fmt: skip
        except RuntimeError:
            results.append(RuntimeError)
    return results


def check(program):
    theirs, ours = both(program)
    assert (theirs is RuntimeError) == (ours is RuntimeError), (theirs, ours)
    if theirs is not RuntimeError:
        for a, b in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-10)


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("value", ["number", "element", "same shape"])
def test_reading_and_assigning(key, value):
    def program(t, x, y):
        z = x * 2
        part = z[key]
        z[key] = {"number": 3.0, "element": y[0, 0], "same shape": (y * 1.5)[key]}[value]
        return [z * y, part * 1.0]

    check(program)


def _mask(t, x, y):
    z = x * 2
    z[z > 2] = y[0, 0]
    return z * y


def _mask_values(t, x, y):
    z = x * 2
    m = z > 2
    z[m] = y[m]
    return z * z[m].sum()


def _transposed(t, x, y):
    z = x * 2
    z.transpose(0, 1)[1:3].mul_(y.transpose(0, 1)[1:3])
    return z


def _viewed(t, x, y):
    z = x * 2
    v = z.view(4, 3)
    v += 1
    z *= y
    return [z, v]


def _select(t, x, y):
    z = x * 2
    z.select(1, 2).copy_(y.select(1, 0))
    z.narrow(0, 0, 2).mul_(3)
    return z


def _rows(t, x, y):
    out = t.zeros(3, 4, dtype=t.float64)
    for i in range(3):
        out[i] = x[i] * y[i]
    return out


def _keeps(t, x, y):
    z = x.exp()
    z += 1
    return z


def _keeps_input(t, x, y):
    z = x * 2
    w = z * y
    z += 1
    return w


def _no_need(t, x, y):
    z = x + 2
    w = z + y
    z *= 3
    return [w, z]


def _leaf(t, x, y):
    x += 1
    return x


def _leaf_view(t, x, y):
    x[0] += 1
    return x


def _expanded(t, x, y):
    z = t.ones(1, 4).expand(3, 4)
    z += 1
    return x


def _step(t, x, y):
    w = x * y
    with t.no_grad():
        x -= 0.1
    return w


def _detached(t, x, y):
    z = x * 2
    w = z * y
    z.detach().zero_()
    return w


def _no_grad_view(t, x, y):
    z = x * 2
    with t.no_grad():
        v = z[1]
    v *= 2
    return z


def _no_grad_view_then_base(t, x, y):
    z = x * 2
    with t.no_grad():
        v = z[1]
    z *= 2
    return v * 1


def _all_in_no_grad(t, x, y):
    z = x * 2
    with t.no_grad():
        z[1] *= 5
    return z + y


def _clamp(t, x, y):
    z = x * 2
    z.clamp_(1.5, 3)
    z.masked_fill_(y.detach() > 1, 0.25)
    return z * y


def _fill_zero(t, x, y):
    z = x * y
    z[0].fill_(2)
    z[:, 1].zero_()
    return z * y


def _broadcasting(t, x, y):
    z = x * 1
    z *= y[0]
    z -= y[:, :1]
    z /= 2 + y[1, 1]
    return z


def _constant_base(t, x, y):
    z = t.zeros(3, 4, dtype=t.float64)
    v = z[1]
    v += x[1]
    return [z * y, v]


def _swap(t, x, y):
    z = x * y
    z[[0, 1]] = z[[1, 0]]
    return z * x


def _self(t, x, y):
    z = x * 2
    z += z
    z[0] = z[1]
    z[:] = z.flip(0)
    return z * y


def _inference(t, x, y):
    with t.inference_mode():
        z = x * 2
    return z * y


def _int(t, x, y):
    n = t.ones(3, 4, dtype=t.int64)
    n += 0.5
    return n * x


PROGRAMS = [
    _mask,
    _mask_values,
    _transposed,
    _viewed,
    _select,
    _rows,
    _keeps,
    _keeps_input,
    _no_need,
    _leaf,
    _leaf_view,
    _expanded,
    _step,
    _detached,
    _no_grad_view,
    _no_grad_view_then_base,
    _all_in_no_grad,
    _clamp,
    _fill_zero,
    _broadcasting,
    _constant_base,
    _swap,
    _self,
    _inference,
    _int,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_views_and_changes(program):
    check(program)


def test_we_allow_what_pytorch_refuses_and_get_it_right():
    def squared(t, x, y):
        z = x * 2
        z *= z
        return z

    def unbound(t, x, y):
        z = x * 2
        for row in z.unbind():
            row *= 3
        return z

    for program in (squared, unbound):
        theirs, ours = both(program)
        assert theirs is RuntimeError and ours is not RuntimeError


def _retain_twice(t, x, y):
    z = x * y
    z.retain_grad()
    w = (z * z).sum()
    w.backward(retain_graph=True)
    w.backward()
    return z.grad


def _hooks(t, x, y):
    z = x * y
    z.retain_grad()
    z.register_hook(lambda g: g * 2)
    z.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g / 3)
    z.sum().backward()
    return [z.grad * 1, x.grad * 1]


def _hook_in_place(t, x, y):
    z = x * 2
    z.register_hook(lambda g: (g.mul_(2), None)[1])
    z.backward(t.ones(3, 4, dtype=t.float64))
    return x.grad * 1


def _frozen(t, x, y):
    w = (x * 2).sum()
    x.requires_grad_(False)
    w.backward(retain_graph=True)
    none = x.grad is None
    x.requires_grad_(True)
    w.backward()
    return x.grad * (5.0 if none else 1.0)


def _no_grad_create(t, x, y):
    w = (x * x).sum()
    with t.no_grad():
        w.backward(create_graph=True)
    factor = 2 if x.grad.requires_grad else 7
    g = x.grad.detach()
    x.grad = None
    return x * g * factor


def _inference_off(t, x, y):
    with t.no_grad(), t.inference_mode(False):
        z = x * 2
    with t.inference_mode(), t.enable_grad():
        w = x * 2
    return z * (1.0 + w.requires_grad)


def _inner_inputs(t, x, y):
    z = x * y
    (z * z).sum().backward(inputs=[z, y])
    return [z.grad * 1, y.grad * 1]


def _grad_materialized(t, x, y):
    return list(t.autograd.grad((x * x).sum(), [x, y], materialize_grads=True))


def _shared_freed(t, x, y):
    h = x.exp()
    (h * 2).sum().backward()
    (h * 3).sum().backward()
    return x


def _shared_not_freed(t, x, y):
    h = x + 1
    (h * 2).sum().backward()
    (h * 3).sum().backward()
    return x


def _accumulate_into_view(t, x, y):
    flat = t.zeros(24, dtype=t.float64)
    x.grad, y.grad = flat[:12].view(3, 4), flat[12:].view(3, 4)
    (x * 2 + y * 3).sum().backward()
    return flat


@pytest.mark.parametrize("program", [
    _retain_twice, _hooks, _hook_in_place, _frozen, _no_grad_create, _inference_off, _inner_inputs,
    _grad_materialized, _shared_freed, _shared_not_freed, _accumulate_into_view,
], ids=lambda f: f.__name__)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True:UserWarning")
def test_gradients_and_hooks(program):
    check(program)


def _custom(base):
    class Square(base):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_backward(x)
            ctx.k = k
            return x * x * k, x.argmax(), x + 1

        @staticmethod
        def backward(ctx, g, nothing, h):
            (x,) = ctx.saved_tensors
            return 2 * x * ctx.k * g + h, None

    class Triple(base):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(3)

        @staticmethod
        def backward(ctx, g):
            return g * 3

    return Square, Triple


def test_custom_functions():
    def square(t, x, y):
        square, _ = _custom(t.autograd.Function)
        a, _, c = square.apply(x, 3)
        (g,) = t.autograd.grad(a.sum(), x, create_graph=True)
        return [a, c, g]

    def triple(t, x, y):
        _, triple = _custom(t.autograd.Function)
        z = x * y
        triple.apply(z)
        return z

    check(square)
    check(triple)

"""Legal changes in place, and views, have the gradient of the same program without them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb

RNG = np.random.default_rng(0)
A, B = RNG.uniform(0.5, 2, (3, 4)), RNG.uniform(0.5, 2, (3, 4))
ONES = tgb.ones(3, 4, dtype=tgb.float64)


def gradients(program, *arrays):
    leaves = [tgb.tensor(a, requires_grad=True) for a in arrays]
    weights = np.cos(np.arange(10_000.0))
    out = program(*[x * 1.0 for x in leaves])
    flat = out.reshape(-1)
    loss = (flat * tgb.tensor(weights[: flat.numel()])).sum() + (out * out).sum()
    loss.backward()
    found = [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in leaves]
    return [out.detach().numpy(), *found]


def replaced(x, mask, value):
    """x with the elements of a NumPy mask replaced by value (broadcast), out of place."""
    return tgb.where(tgb.tensor(mask), value, x)


def mask_of(shape, key):
    mask = np.zeros(shape, bool)
    mask[key] = True
    return mask


def _iadd(x, y):
    x += y
    return x


def _isub(x, y):
    x -= y
    return x


def _imul(x, y):
    x *= y
    return x


def _idiv(x, y):
    x /= y
    return x


def _ipow(x, y):
    x **= y
    return x


def _self_add(x, y):
    x += x
    return x * y


def _self_mul(x, y):
    x *= x
    return x * y


def _self_part(x, y):
    x *= x[0]
    return x * y


def _chain(x, y):
    x *= y
    x += 1
    x /= y
    x -= y
    x **= 2
    return x


def _broadcast(x, y):
    x *= y[0]
    x += y[:, :1]
    return x


def _exp(x, y):
    x.exp_()
    x.mul_(y)
    return x


def _clamp(x, y):
    x.clamp_(0.8, 1.5)
    return x * y


def _masked_fill(x, y):
    x.masked_fill_(tgb.tensor(A > 1), 0.5)
    return x * y


def _zero_row(x, y):
    x[1].zero_()
    return x * y


def _copy(x, y):
    x.copy_(y)
    return x * y


def _copy_row(x, y):
    x[1].copy_(y[2])
    return x * y


def _fill_from_tensor(x, y):
    x[:, 0] = y[0, 0]
    return x * x


def _rows(x, y):
    rows = tgb.zeros(3, 4, dtype=tgb.float64)
    state = y[0]
    for i in range(3):
        state = state * x[i]
        rows[i] = state
    return rows


def _rows_reading_back(x, y):
    rows = tgb.zeros(4, 4, dtype=tgb.float64)
    rows[0] = y[0]
    for i in range(3):
        rows[i + 1] = rows[i].clone() * x[i]
    return rows


def _rows_reference(x, y):
    rows = [y[0]]
    for i in range(3):
        rows.append(rows[-1] * x[i])
    return tgb.stack(rows)


def _flip(x, y):
    x[:] = x.flip(0)
    return x * y


def _row_from_row(x, y):
    x[0] = x[1]
    return x * y


def _swap(x, y):
    first = x[0].clone()
    x[0] = x[1]
    x[1] = first
    return x * y


def _swap_by_indices(x, y):
    x[[0, 1]] = x[[1, 0]]
    return x * y


def _base_then_view(x, y):
    view = x[1:, ::2]
    x *= 2
    return view * y[1:, ::2]


def _view_then_base(x, y):
    view = x[1:]
    view *= y[1:]
    return x * y


def _views_in_turn(x, y):
    top, left, flat = x[:2], x[:, :1], x.reshape(-1)
    top *= 2
    left += y[:, :1]
    flat[5:7] = 0.25
    top /= y[:2]
    return x * left + flat.reshape(3, 4)


def _transposed(x, y):
    t = x.transpose(0, 1)
    t[1] *= y[:, 0]
    t.mul_(2)
    return x + t.T


def _view_of_view(x, y):
    inner = x.transpose(0, 1)[1:3].reshape(2, 3)[:, 1:]
    inner *= y[1:, 1:3].T
    return x * y


def _unbound(x, y):
    for row, other in zip(x, y, strict=True):
        row *= other
    return x


def _split(x, y):
    a, b = x.split([1, 3], 1)
    b += a
    a *= 3
    return x * y


def _narrow(x, y):
    x.narrow(1, 1, 2).mul_(y[:, 1:3])
    return x


def _into_constant(x, y):
    out = tgb.zeros(3, 4, dtype=tgb.float64)
    view = out[1:]
    view += x[1:]
    out[0] = y[0]
    return out * view[0]


PAIRS = [
    (_iadd, lambda x, y: x + y), (_isub, lambda x, y: x - y), (_imul, lambda x, y: x * y),
    (_idiv, lambda x, y: x / y), (_ipow, lambda x, y: x**y), (_self_add, lambda x, y: 2 * x * y),
    (_self_mul, lambda x, y: x * x * y), (_self_part, lambda x, y: x * x[0] * y),
    (_chain, lambda x, y: ((x * y + 1) / y - y) ** 2),
    (_broadcast, lambda x, y: x * y[0] + y[:, :1]), (_exp, lambda x, y: x.exp() * y),
    (_clamp, lambda x, y: x.clamp(0.8, 1.5) * y),
    (_masked_fill, lambda x, y: replaced(x, A > 1, 0.5) * y),
    (_zero_row, lambda x, y: replaced(x, mask_of((3, 4), 1), 0.0) * y),
    (_copy, lambda x, y: y * y),
    (_copy_row, lambda x, y: tgb.stack([x[0], y[2], x[2]]) * y),
    (_fill_from_tensor, lambda x, y: replaced(x, mask_of((3, 4), np.s_[:, 0]), y[0, 0]) ** 2),
    (_rows, lambda x, y: y[0] * x.cumprod(0)), (_rows_reading_back, _rows_reference),
    (_flip, lambda x, y: x.flip(0) * y), (_row_from_row, lambda x, y: x[[1, 1, 2]] * y),
    (_swap, lambda x, y: x[[1, 0, 2]] * y), (_swap_by_indices, lambda x, y: x[[1, 0, 2]] * y),
    (_base_then_view, lambda x, y: 2 * x[1:, ::2] * y[1:, ::2]),
    (_view_then_base, lambda x, y: tgb.cat([x[:1], x[1:] * y[1:]]) * y),
    (_transposed, lambda x, y: 4 * x * replaced(ONES, mask_of((3, 4), np.s_[:, 1]), y[:, :1])),
    (_unbound, lambda x, y: x * y),
    (_split, lambda x, y: tgb.cat([3 * x[:, :1], x[:, 1:] + x[:, :1]], 1) * y),
    (_narrow, lambda x, y: tgb.cat([x[:, :1], x[:, 1:3] * y[:, 1:3], x[:, 3:]], 1)),
    (_into_constant, lambda x, y: tgb.cat([y[:1], x[1:]]) * x[1]),
    (_view_of_view, lambda x, y: x * y * replaced(ONES, mask_of((3, 4), np.s_[1:, 1:3]), y)),
]  # fmt: skip


@pytest.mark.parametrize(("program", "reference"), PAIRS, ids=lambda f: f.__name__)
def test_in_place_equals_out_of_place(program, reference):
    for got, expected in zip(gradients(program, A, B), gradients(reference, A, B), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_views_changed_in_turn():
    def reference(x, y):
        x = x * tgb.tensor([[2.0], [2.0], [1.0]])
        x = tgb.cat([x[:, :1] + y[:, :1], x[:, 1:]], 1)
        x = replaced(x, np.isin(np.arange(12), [5, 6]).reshape(3, 4), 0.25)
        x = tgb.cat([x[:2] / y[:2], x[2:]])
        return x * x[:, :1] + x

    for got, expected in zip(
        gradients(_views_in_turn, A, B), gradients(reference, A, B), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


KEYS = [
    0,
    -1,
    slice(1, None),
    slice(None, None, 2),
    slice(None, None, 2),
    ...,
    None,
    (1, 2),
    (slice(None), 1),
    (..., slice(0, 2)),
    (None, 1),
    [0, 2],
    np.array([2, 0]),
    A > 1,
    (slice(None), [0, 3]),
    ([0, 1], [1, 2]),
    (1, [0, 2]),
    ([0, 2], 1),
    (A[:, 0] > 1),
    (slice(None), A[0] > 1),
    ([[0], [2]], [1, 3]),
    (0, slice(1, 3)),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("kind", ["number", "scalar tensor", "array", "whole"])
def test_assignment_to_every_kind_of_index(key, kind):
    mask = mask_of((3, 4), key)
    shape = A[key].shape
    array = np.random.default_rng(1).uniform(1, 2, shape)

    def value_of(y):
        if kind == "number":
            return 1.5
        if kind == "scalar tensor":
            return y[0, 0]
        return array if kind == "array" else y[0, 0] * tgb.tensor(array)

    def program(x, y):
        x[key] = value_of(y)
        return x * y

    def reference(x, y):
        value = value_of(y)
        if isinstance(value, float) or (kind == "scalar tensor"):
            return replaced(x, mask, value) * y
        placed = np.zeros((3, 4))
        placed[key] = array
        factor = 1.0 if kind == "array" else y[0, 0]
        return replaced(x, mask, tgb.tensor(placed) * factor) * y

    for got, expected in zip(gradients(program, A, B), gradients(reference, A, B), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_numpy_scalars_and_other_dtypes_as_values():
    for value in (np.float64(3), np.float32(3), np.int64(3), 3, True, tgb.tensor(3), [3.0, 3.0]):
        x = tgb.tensor([1.0, 2.0], requires_grad=True)
        y = x * 1
        y[:] = value
        assert y.dtype == tgb.float32 and y.tolist() == [float(3 if value is not True else 1)] * 2
        (y.sum() + x.sum()).backward()
        assert x.grad.tolist() == [1, 1]


@pytest.mark.parametrize("key", [1, -1, (1,), (..., 1)])
def test_a_single_element_is_a_view_too(key):
    x = tgb.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    element = y[key]
    element *= 5
    assert y.tolist() == [3, 30] and np.shares_memory(element.detach().numpy(), y.detach().numpy())
    y += 1
    (element * 2 + y.sum()).backward()
    assert element.item() == 31 and x.grad.tolist() == [3, 45]
    for number in y.unbind():
        number.zero_()
    assert y.tolist() == [0, 0]


def test_a_constant_that_takes_in_history_gets_it():
    x = tgb.tensor([1.0, 2.0], requires_grad=True)
    c = tgb.zeros(2)
    view = c[1:]
    assert not view.requires_grad
    c[0] = x[1] * 3
    assert c.requires_grad and view.requires_grad
    (view * 5 + c[0]).sum().backward()
    assert x.grad.tolist() == [0, 3]


# ------------------------------------------------------------------------------ random programs

KEY = st.sampled_from(
    [0, 2, slice(0, 2), slice(None, None, 2), (slice(None), 1), (slice(1, 3), slice(0, 2))]
)
STEP = st.tuples(
    st.sampled_from(["out", "add", "mul", "view", "turn", "assign", "mask", "base"]), KEY,
    st.floats(0.5, 1.5), st.integers(0, 5),
)  # fmt: skip


def run(steps, x0, y0, library):
    """Run a program; `library` is tgb, or None for NumPy (whose views are views as well)."""
    clone = (lambda a: a.clone()) if library else (lambda a: a.copy())
    x, y = (x0 * 1.0, y0 * 1.0)
    seen = [x]
    for what, key, number, which in steps:
        t = seen[which % len(seen)]
        if what == "out":
            seen.append(t * number + x.sum() * 0.1)
        elif what == "add":
            t += number * y.sum()
        elif what == "mul":
            t *= number
        elif what == "view" and t.shape == (3, 3):
            part = t[key]
            if len(part.shape):
                seen.append(part)
        elif what == "turn":
            seen.append(t.T)
        elif what == "assign" and t.shape == (3, 3):
            t[key] = clone(seen[-1]).sum() * number * 0.1
        elif what == "mask" and t.shape == (3, 3):
            t[np.eye(3) > 0] = number * y[0, 0]
        elif what == "base":
            x *= y
    total = 0.0
    for i, t in enumerate(seen):
        total = total + (t * (0.3 + 0.1 * i)).sum()
    return total


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_random_programs_against_central_differences(steps):
    rng = np.random.default_rng(len(steps))
    x0, y0 = rng.uniform(0.5, 1.5, (3, 3)), rng.uniform(0.5, 1.5, (3, 3))
    x, y = tgb.tensor(x0, requires_grad=True), tgb.tensor(y0, requires_grad=True)
    loss = run(steps, x, y, tgb)
    value = run(steps, x0, y0, None)
    assert loss.item() == pytest.approx(value, rel=1e-9)
    loss.backward()
    h = 1e-5
    for leaf, which in ((x, 0), (y, 1)):
        found = np.zeros((3, 3)) if leaf.grad is None else leaf.grad.numpy()
        direction = rng.normal(size=(3, 3))
        sides = []
        for sign in (1, -1):
            arrays = [x0, y0]
            arrays[which] = arrays[which] + sign * h * direction
            sides.append(run(steps, *arrays, None))
        slope = (sides[0] - sides[1]) / (2 * h)
        assert (found * direction).sum() == pytest.approx(
            slope, rel=1e-5, abs=1e-5 * (1 + abs(value))
        )


@pytest.mark.parametrize(
    "change",
    [lambda y: y.zero_(), lambda y: y.fill_(2.0), lambda y: y.__setitem__((), 3.0)],
    ids=["zero_", "fill_", "setitem"],
)
def test_a_single_element_is_overwritten(change):
    x = tgb.tensor([1.0, 2.0], requires_grad=True)
    total = x.sum()
    change(total)
    (total + 3 * x.sum()).backward()
    assert x.grad.tolist() == [3.0, 3.0]

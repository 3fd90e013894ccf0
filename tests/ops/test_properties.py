"""Properties by Hypothesis: indexing, broadcasting, products, against NumPy and by counting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_bp as tgb
from tinygrad_bp.autograd import gradcheck

relaxed = settings(max_examples=60, deadline=None, derandomize=True)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
solid = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)


def numbers(shape: Any) -> Any:
    """Numbers without ties, in an irregular order."""
    n = math.prod(shape)
    return np.sin(np.arange(1.0, n + 1)).reshape(shape) + 1.5


def forwards(key: Any) -> bool:
    """Whether all slices of a key have a positive step: as PyTorch, we refuse others."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(not isinstance(part, slice) or (part.step or 1) > 0 for part in parts)


def gradient_by_counting(x: Any, key: Any, g: Any) -> Any:
    """Add up, element by element, where each element of the result came from."""
    origin = np.arange(x.size).reshape(x.shape)[key]
    gradient = np.zeros(x.size)
    for place in np.ndindex(*origin.shape):
        gradient[origin[place]] += g[place]
    return gradient.reshape(x.shape)


def check_index(x: Any, key: Any) -> None:
    t = tgb.tensor(x).requires_grad_()
    out = t[key]
    expected = x[key]
    np.testing.assert_array_equal(np.asarray(out.detach()), expected)
    g = numbers(expected.shape)
    out.backward(tgb.tensor(g))
    np.testing.assert_allclose(np.asarray(t.grad), gradient_by_counting(x, key, g), atol=1e-12)


def check_assignment(x: Any, key: Any) -> None:
    """An assignment cuts its region out of the gradient of what it overwrites."""
    region = x[key]
    value = numbers(region.shape) + 10
    t, v = tgb.tensor(x).requires_grad_(), tgb.tensor(value).requires_grad_()
    y = t.clone()
    y[key] = v
    expected = x.copy()
    expected[key] = value
    np.testing.assert_array_equal(np.asarray(y.detach()), expected)
    g = numbers(x.shape)
    y.backward(tgb.tensor(g))
    origin = np.arange(x.size).reshape(x.shape)[key]
    named = np.isin(np.arange(x.size).reshape(x.shape), origin)
    np.testing.assert_array_equal(np.asarray(t.grad), np.where(named, 0, g))
    if len(np.unique(origin)) == origin.size:
        np.testing.assert_array_equal(np.asarray(v.grad), g[key])


@relaxed
@given(st.data())
def test_basic_indices(data: st.DataObject) -> None:
    shape = data.draw(shapes)
    key = data.draw(
        hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True).filter(forwards)
    )
    x = numbers(shape)
    if np.ndim(x[key]) == 0:
        x = np.asarray(x)
    check_index(x, key) if isinstance(x[key], np.ndarray) else check_index(x, (*as_tuple(key), ...))


def as_tuple(key: Any) -> tuple[Any, ...]:
    key = key if isinstance(key, tuple) else (key,)
    return tuple(part for part in key if part is not Ellipsis) if Ellipsis in key else key


@relaxed
@given(st.data())
def test_basic_assignments(data: st.DataObject) -> None:
    shape = data.draw(solid)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=False).filter(forwards))
    x = numbers(shape)
    if isinstance(x[key], np.ndarray):
        check_assignment(x, key)
    else:
        check_assignment(x, (*as_tuple(key), ...))


@relaxed
@given(st.data())
def test_integer_arrays(data: st.DataObject) -> None:
    shape = data.draw(solid)
    key = data.draw(hnp.integer_array_indices(shape))
    check_index(numbers(shape), key)
    check_assignment_once(numbers(shape), key)


def check_assignment_once(x: Any, key: Any) -> None:
    origin = np.arange(x.size).reshape(x.shape)[key]
    if len(np.unique(origin)) == origin.size:
        check_assignment(x, key)


@relaxed
@given(st.data())
def test_masks(data: st.DataObject) -> None:
    shape = data.draw(solid)
    rank = data.draw(st.integers(1, len(shape)))
    mask = data.draw(hnp.arrays(bool, shape[:rank]))
    check_index(numbers(shape), mask)
    check_assignment(numbers(shape), mask)


@relaxed
@given(st.data())
def test_mixed_keys(data: st.DataObject) -> None:
    """Slices, None and one array (integers or a mask of one axis), anywhere among them."""
    shape = data.draw(solid)
    place = data.draw(st.integers(0, len(shape) - 1))
    key: list[Any] = []
    for axis, n in enumerate(shape):
        if data.draw(st.booleans()):
            key.append(None)
        if axis == place:
            entry = hnp.arrays(np.int64, st.integers(0, 4), elements=st.integers(-n, n - 1))
            key.append(data.draw(st.one_of(entry, hnp.arrays(bool, n))))
        else:
            key.append(data.draw(st.slices(n).filter(forwards)))
    check_index(numbers(shape), tuple(key))
    check_assignment_once(numbers(shape), tuple(key))


@relaxed
@given(st.data())
def test_a_number_beside_an_array_only_selects(data: st.DataObject) -> None:
    """As in PyTorch: NumPy would broadcast the two, and move the axis to the front."""
    shape = data.draw(hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=3))
    i = data.draw(st.integers(-shape[0], shape[0] - 1))
    last = hnp.arrays(np.int64, st.integers(0, 3), elements=st.integers(0, shape[2] - 1))
    key = data.draw(last)
    x = numbers(shape)
    np.testing.assert_array_equal(np.asarray(tgb.tensor(x)[i, :, key]), x[i][:, key])


@relaxed
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0))
def test_broadcasting(pair: Any) -> None:
    a, b = (numbers(shape) for shape in pair.input_shapes)
    x, y = tgb.tensor(a).requires_grad_(), tgb.tensor(b).requires_grad_()
    out = x * y + x / y
    np.testing.assert_array_equal(np.asarray(out.detach()), a * b + a / b)
    g = numbers(pair.result_shape)
    out.backward(tgb.tensor(g))
    for t, slope in ((x, b + 1 / b), (y, a - a / b**2)):
        whole = np.broadcast_to(g * slope, pair.result_shape)
        expected = np.zeros(t.shape)
        lead = whole.ndim - t.ndim
        for place in np.ndindex(*whole.shape):
            at = tuple(0 if n == 1 else i for i, n in zip(place[lead:], t.shape, strict=True))
            expected[at] += whole[place]
        np.testing.assert_allclose(np.asarray(t.grad), expected, rtol=1e-12)


@relaxed
@given(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3))
def test_matmul_of_all_ranks(pair: Any) -> None:
    """⟨G, XY⟩ is linear in X and in Y: its gradient dotted with the operand gives it back."""
    a, b = (numbers(shape) for shape in pair.input_shapes)
    x, y = tgb.tensor(a).requires_grad_(), tgb.tensor(b).requires_grad_()
    out = x @ y
    np.testing.assert_allclose(np.asarray(out.detach()), np.matmul(a, b), rtol=1e-13)
    g = numbers(np.shape(np.matmul(a, b)))
    out.backward(tgb.tensor(np.asarray(g)))
    total = (g * np.matmul(a, b)).sum()
    for t in (x, y):
        assert t.grad.shape == t.shape
        np.testing.assert_allclose((np.asarray(t.grad) * np.asarray(t.detach())).sum(), total)
    if a.size + b.size <= 24:
        assert gradcheck(lambda x, y: x @ y, (x, y), fast_mode=True)


@relaxed
@given(st.data())
def test_einsum(data: st.DataObject) -> None:
    """Any letters: repeated, shared, summed, of length 1 here and longer there; dots or not."""
    size = {letter: data.draw(st.integers(1, 3)) for letter in "ijk"}
    dots = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=2))
    terms, operands = [], []
    for _ in range(data.draw(st.integers(1, 3))):
        letters = data.draw(st.lists(st.sampled_from("ijk"), max_size=3))
        here = dots[data.draw(st.integers(0, len(dots))) :] if data.draw(st.booleans()) else None
        once = [c for c in set(letters) if letters.count(c) == 1]
        thin = set(data.draw(st.lists(st.sampled_from(once), max_size=1))) if once else set()
        terms.append("".join(letters) + ("" if here is None else "..."))
        lengths = [1 if c in thin else size[c] for c in letters]
        operands.append(numbers((*lengths, *(here or ()))))
    used = sorted(set("".join(terms)) - {"."})
    text = ",".join(terms)
    if data.draw(st.booleans()):
        output = "".join(data.draw(st.permutations(used)))[: data.draw(st.integers(0, 3))]
        text += "->" + output + ("..." if "..." in text else "")
    out = tgb.einsum(text, *(tgb.tensor(a) for a in operands))
    np.testing.assert_allclose(np.asarray(out), np.einsum(text, *operands), rtol=1e-12, atol=1e-12)
    assert gradcheck(
        lambda *xs: tgb.einsum(text, *xs), [tgb.tensor(a) for a in operands], fast_mode=True
    )


@relaxed
@given(hnp.arrays(np.float64, solid, elements=st.sampled_from([0.0, 0.5, -1.0, 2.0])), st.data())
def test_products_with_zeros(a: Any, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    x = tgb.tensor(a)
    np.testing.assert_allclose(np.asarray(x.prod(axis)), a.prod(axis))
    np.testing.assert_allclose(np.asarray(x.cumprod(axis)), a.cumprod(axis))
    assert gradcheck(lambda x: (x.prod(axis), x.cumprod(axis), x.prod()), x)


@relaxed
@given(hnp.arrays(np.float64, solid, elements=st.integers(0, 3).map(float)), st.data())
def test_sorting_keeps_equal_elements_in_order(a: Any, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    for descending in (False, True):
        found = tgb.tensor(a).sort(axis, descending=descending)
        order = np.argsort(-a if descending else a, axis=axis, kind="stable")
        np.testing.assert_array_equal(np.asarray(found.indices), order)
        np.testing.assert_array_equal(np.asarray(found.values), np.take_along_axis(a, order, axis))

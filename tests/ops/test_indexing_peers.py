"""Brackets against PyTorch, with keys of all kinds: `pytest -m peers`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

relaxed = settings(max_examples=300, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch as peer

    return peer


@st.composite
def keys(draw: st.DrawFn) -> tuple[tuple[int, ...], list[Any]]:
    """Draw a shape, and a key for it: a list of parts in which ("tensor", array) is a tensor."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    broadcast = draw(st.sampled_from([(2,), (1,), (2, 1), (1, 3), ()]))
    parts: list[Any] = []
    axis = 0
    while axis < len(shape):
        n = shape[axis]
        kind = draw(st.sampled_from(
            ["slice", "slice", "int", "tensor", "tensor", "mask", "list", "none", "dots", "end"]
        ))  # fmt: skip
        if kind == "end":
            break
        if kind == "none":
            parts.append(None)
            continue
        if kind == "dots":
            if Ellipsis in parts:
                continue
            parts.append(Ellipsis)
            axis = min(axis + draw(st.integers(0, 2)), len(shape))
            continue
        if kind == "slice":
            step = draw(st.sampled_from([None, 1, 2]))
            bounds = st.one_of(st.none(), st.integers(-n - 1, n + 1))
            parts.append(slice(draw(bounds), draw(bounds), step))
        elif kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "mask":
            count = draw(st.integers(1, len(shape) - axis))
            places = np.zeros(shape[axis : axis + count], bool)
            places.reshape(-1)[draw(st.integers(0, places.size - 1))] = True
            parts.append(("tensor", places))
            axis += count - 1
        elif kind == "list":
            parts.append([draw(st.integers(-n, n - 1))])
        else:
            numbers = st.integers(-n, n - 1)
            size = int(np.prod(broadcast))
            drawn = np.array([draw(numbers) for _ in range(size)], np.int64)
            parts.append(("tensor", drawn.reshape(broadcast)))
        axis += 1
    return shape, parts


def built(m: Any, parts: list[Any]) -> Any:
    return tuple(m.tensor(p[1]) if isinstance(p, tuple) else p for p in parts)


def numbers(x: Any) -> Any:
    return np.asarray(x.detach())


def attempt(run: Any) -> Any:
    try:
        return run()
    except (IndexError, RuntimeError, ValueError) as error:
        return error


@relaxed
@given(keys())
def test_index(torch: Any, drawn: Any) -> None:
    shape, parts = drawn
    values = np.arange(float(np.prod(shape))).reshape(shape)

    def run(m: Any) -> Any:
        x = m.tensor(values, requires_grad=True)
        out = x[built(m, parts)]
        weights = m.tensor(np.linspace(1.0, 2.0, out.numel()).reshape(tuple(out.shape)))
        (out * weights).sum().backward()
        return numbers(out), numbers(x.grad)

    mine, theirs = attempt(lambda: run(tgb)), attempt(lambda: run(torch))
    if isinstance(theirs, Exception):
        assert isinstance(mine, type(theirs)), f"{mine!r}\nPyTorch {theirs!r}"
    else:
        assert not isinstance(mine, Exception), f"{mine!r}\nPyTorch {theirs[0].shape}"
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@relaxed
@given(keys(), st.sampled_from(["number", "scalar", "whole", "row"]))
def test_assignment(torch: Any, drawn: Any, what: str) -> None:
    shape, parts = drawn
    values = np.arange(float(np.prod(shape))).reshape(shape)

    def run(m: Any) -> Any:
        x = m.tensor(values, requires_grad=True)
        y = x * 1
        key = built(m, parts)
        size = {"scalar": (), "whole": tuple(y[key].shape), "row": tuple(y[key].shape)[-1:]}
        if what == "number":
            y[key] = 7
        else:
            new = m.tensor(np.zeros(size[what]) - 3, requires_grad=True)
            y[key] = new
        (y * m.tensor(np.linspace(1.0, 2.0, y.numel()).reshape(shape))).sum().backward()
        grads = [x.grad] if what == "number" else [x.grad, new.grad]
        return [numbers(y), *map(numbers, grads)]

    flat = np.arange(values.size).reshape(shape)
    named = attempt(lambda: tgb.tensor(flat)[built(tgb, parts)])
    if not isinstance(named, Exception) and named.unique().numel() < named.numel():
        return  # an element is named twice: which value it gets is not defined
    mine, theirs = attempt(lambda: run(tgb)), attempt(lambda: run(torch))
    if isinstance(theirs, Exception):
        assert isinstance(mine, type(theirs)), f"{mine!r}\nPyTorch {theirs!r}"
    else:
        assert not isinstance(mine, Exception), f"{mine!r}\nPyTorch fine"
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


#: Keys and calls that PyTorch refuses, or reads in a way of its own.
ODD: dict[str, Any] = {
    "nested list": lambda m, x: x[[[0, 1], [1, 0]]],
    "list with a slice": lambda m, x: x[[0, slice(None)]],
    "list of lists of one": lambda m, x: x[[[0, 1]]],
    "bytes as a mask": lambda m, x: x[m.tensor([1, 0, 1], dtype=m.uint8)],
    "negative step": lambda m, x: x[::-1],
    "out of range": lambda m, x: x[10],
    "tensor out of range": lambda m, x: x[m.tensor([10])],
    "too many": lambda m, x: x[0, 0, 0],
    "a fraction": lambda m, x: x[1.0],
    "fractions": lambda m, x: x[m.tensor([1.0])],
    "text": lambda m, x: x["a"],
    "mask of another length": lambda m, x: x[m.tensor([True, False])],
    "number in a tensor": lambda m, x: x[m.tensor(1), m.tensor(2)],
    "bounds in tensors": lambda m, x: x[m.tensor(0) : m.tensor(2)],
    "truth": lambda m, x: x[True],
    "untruth": lambda m, x: x[False],
    "range": lambda m, x: x[range(2)],
    "empty list": lambda m, x: x[[]],
    "of a number": lambda m, x: m.tensor(3.0)[0],
    "dots of a number": lambda m, x: m.tensor(3.0)[..., None],
    "mask of a number": lambda m, x: m.tensor(3.0)[m.tensor(True)],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_odd_keys(torch: Any, name: str) -> None:
    values = np.arange(12.0).reshape(3, 4)
    mine = attempt_any(lambda: ODD[name](tgb, tgb.tensor(values)))
    theirs = attempt_any(lambda: ODD[name](torch, torch.tensor(values)))
    if isinstance(theirs, Exception):
        assert isinstance(mine, type(theirs)), f"{mine!r}\nPyTorch {theirs!r}"
    else:
        np.testing.assert_array_equal(numbers(mine), numbers(theirs))


def attempt_any(run: Any) -> Any:
    try:
        return run()
    except Exception as error:
        return error

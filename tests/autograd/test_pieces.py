"""The gradient of what was cut up: put together of its pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb

CUTS: dict[str, Callable[[Any], list[Any]]] = {
    "split": lambda x: list(x.split(2, dim=1)),
    "unbind": lambda x: list(x.unbind(0)),
    "from the end": lambda x: [x[:, -3:], x[:, :3]],
    "single columns": lambda x: [x[:, i] for i in (3, 0, 5, -4, 1, 4)],
    "overlapping": lambda x: [x[:, :4], x[:, 2:]],
    "twice": lambda x: [x[1], x[1], x[0], x[2]],
    "as many elements, overlapping": lambda x: [x[:, :3], x[:, :3]],
    "with a gap": lambda x: [x[:, :2], x[:, 4:]],
    "steps": lambda x: [x[:, ::2], x[:, 1::2]],
    "two axes": lambda x: [x[:2, :3], x[2:, :3], x[:, 3:]],
    "new axis": lambda x: [x[None, :2], x[None, 2:]],
    "all": lambda x: [x[:], x[...]],
    "many windows": lambda x: [x[:, i : i + 3] for i in range(4)] * 3,
    "and whole": lambda x: [x[:, :2], x, x[:, 2:]],
    "whole first": lambda x: [x, x[:, :2], x[:, 2:], x, x[0]],
    "nothing": lambda x: [x[:, :0], x[:, 1:3]],
}  # fmt: skip


@pytest.mark.parametrize("leaf", [True, False], ids=["a leaf", "a result"])
@pytest.mark.parametrize("name", CUTS)
def test_gradients_of_pieces(name: str, leaf: bool) -> None:
    rng = np.random.default_rng(0)
    start = tgb.tensor(rng.standard_normal((3, 6)), requires_grad=True)
    x = start if leaf else start * 1
    weights = [tgb.tensor(rng.standard_normal(tuple(p.shape))) for p in CUTS[name](x)]
    sum((w * p * p).sum() for w, p in zip(weights, CUTS[name](x), strict=True)).backward()
    expected = np.zeros((3, 6))
    for i, (w, p) in enumerate(zip(weights, CUTS[name](start.detach()), strict=True)):
        # By hand: each element once, where its piece shows it.
        places = CUTS[name](tgb.arange(18).reshape(3, 6))[i].numpy()
        np.add.at(expected.reshape(-1), places.reshape(-1), (2 * w * p).numpy().reshape(-1))
    np.testing.assert_allclose(start.grad.numpy(), expected, rtol=1e-12)


def test_pieces_are_seen_whole() -> None:
    x = tgb.ones(4, 6, requires_grad=True)
    y = x * 1
    y.retain_grad()
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(g.shape))
    sum(i * p.sum() for i, p in enumerate(y.split(2, dim=1))).backward()
    assert seen == [(4, 6)]
    expected = np.repeat([[0.0, 0, 1, 1, 2, 2]], 4, axis=0)
    np.testing.assert_array_equal(y.grad.numpy(), expected)
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_pieces_of_a_gradient_that_is_kept() -> None:
    x = tgb.ones(2, 4, requires_grad=True)
    a, b = x.split(2, dim=1)
    (a.sum() + 3 * b.sum()).backward(retain_graph=True)
    first = x.grad.clone()
    (a.sum() + 3 * b.sum()).backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * first.numpy())

"""What is computed row by row, in blocks of rows, against its composition of other operations."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.nn import functional as F
from tinygrad_bp.rules.attention import attention_weights
from tinygrad_bp.rules.norm import moments, normalize


def drawn(*shape, seed=0, requires_grad=True):
    values = np.random.default_rng(seed).standard_normal(shape)
    return tgb.tensor(values, requires_grad=requires_grad)


@pytest.mark.parametrize("shape", [(3, 5, 4), (1100, 128), (4,), (2, 0, 4), (2, 9000)], ids=str)
def test_layer_norm_is_its_composition(shape):
    gradients = []
    for by_hand in (False, True):
        x, w, b = drawn(*shape), drawn(shape[-1], seed=1), drawn(shape[-1], seed=2)
        if by_hand:
            y = normalize(x, moments(x, axis=(len(shape) - 1,)), w, b, eps=1e-5)
        else:
            y = F.layer_norm(x, shape[-1:], w, b)
        (y * drawn(*shape, seed=3, requires_grad=False)).sum().backward()
        gradients.append([y.detach(), x.grad, w.grad, b.grad])
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("given", [{}, {"weight": 1}, {"bias": 1}], ids=str)
def test_layer_norm_with_parts_left_out(given):
    x = drawn(3, 4)
    parts = {name: drawn(4, seed=seed) for name, seed in given.items()}
    y = F.layer_norm(x, (4,), **parts)
    whole = {"weight": tgb.ones(4).double(), "bias": tgb.zeros(4).double(), **parts}
    assert tgb.allclose(y, F.layer_norm(x, (4,), **whole))
    y.square().sum().backward()
    assert all(part.grad is not None for part in (x, *parts.values()))


@pytest.mark.parametrize("bias", [(), (64, 64), (12, 1, 1, 64), (1, 4, 64, 64)], ids=str)
@pytest.mark.parametrize("size", [1.0, 300.0])
def test_attention_in_blocks_is_its_composition(bias, size):
    x, b = drawn(12, 4, 64, 64), drawn(*bias, seed=1)
    weights = attention_weights(x, b, scale=size)
    other = F.softmax(x.detach() * size + b.detach(), dim=-1)
    np.testing.assert_allclose(weights.detach(), other, rtol=1e-10, atol=1e-300)
    g = drawn(12, 4, 64, 64, seed=2, requires_grad=False)
    (weights * g).sum().backward()
    pulled = weights.detach() * (g - (g * weights.detach()).sum(-1, keepdim=True))
    np.testing.assert_allclose(x.grad, pulled * size, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(b.grad, pulled.sum_to_size(bias), rtol=1e-8, atol=1e-10)


def test_softmax_of_one_long_row():
    x = drawn(1, 1, 40000)
    y = F.softmax(x, dim=-1)
    y.square().sum().backward()
    rest = drawn(40000)
    z = F.softmax(rest, dim=-1)
    z.square().sum().backward()
    np.testing.assert_allclose(x.grad.reshape(-1), rest.grad, rtol=1e-9, atol=1e-20)

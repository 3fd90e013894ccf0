"""Complex tensors: their parts, and gradients in PyTorch's convention, ∂L/∂x + i ∂L/∂y."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import gradcheck, gradgradcheck

rng = np.random.Generator(np.random.PCG64(4))


def parts(*shape: int) -> tuple[Any, Any]:
    """Draw real and imaginary parts, off the negative real axis and off 0."""
    x, y = rng.uniform(0.4, 1.2, (2, *shape))
    return tgb.tensor(x), tgb.tensor(y)


#: Holomorphic functions: the engine makes complex rules of the real ones.
FUNCTIONS = {
    "product": lambda z, w: z * w,
    "quotient": lambda z, w: z / w,
    "power": lambda z, w: z**w,
    "fixed power": lambda z, w: z**3 + w**-1.5 + z**2,
    "exp": lambda z, w: tgb.exp(z) * tgb.log(w),
    "roots": lambda z, w: tgb.sqrt(z) + tgb.rsqrt(w) + tgb.reciprocal(z),
    "waves": lambda z, w: tgb.sin(z) * tgb.cos(w) + tgb.tanh(z),
    "sigmoid": lambda z, w: tgb.sigmoid(z) - w,
    "matmul": lambda z, w: z @ w.T,
    "einsum": lambda z, w: tgb.einsum("ij,kj->ik", z, w),
    "linear": lambda z, w: tgb.nn.functional.linear(z, w),
    "prod": lambda z, w: tgb.prod(z, 1) + tgb.cumprod(w, 0)[-1, :2],
    "mean": lambda z, w: tgb.mean(z * w, 1) + tgb.cumsum(z, 1)[:, -1],
    "broadcast": lambda z, w: z * w[:1],
    "a real one beside": lambda z, w: z * w.real + 2j * w - 3,
    "parts": lambda z, w: z.real * w.imag + z.conj() * w,
    "absolute": lambda z, w: tgb.abs(z) * tgb.angle(w),
    "direction": lambda z, w: tgb.sgn(z) * w,
    "polar": lambda z, w: tgb.polar(tgb.abs(z), w.real),
    "pairs": lambda z, w: tgb.view_as_complex(tgb.view_as_real(z) * 2) * w,
    "norm": lambda z, w: tgb.norm(z) * tgb.norm(w, 3) + tgb.var(z) * tgb.std(w),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_difference_quotients(name: str) -> None:
    def run(*xs: Any) -> Any:
        out = FUNCTIONS[name](tgb.complex(*xs[:2]), tgb.complex(*xs[2:]))
        return tgb.view_as_real(out) if out.is_complex() else out

    xs = (*parts(2, 3), *parts(2, 3))
    assert gradcheck(run, xs)
    assert gradgradcheck(run, xs)


def test_gradient_of_a_complex_leaf() -> None:
    z = tgb.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z * z.conj()).real.sum().backward()
    np.testing.assert_allclose(np.asarray(z.grad), [2 + 4j, 6 - 2j])  # of |z|²: 2z
    assert z.grad.dtype == z.dtype


def test_a_real_leaf_has_a_real_gradient() -> None:
    x = tgb.tensor([0.5, 1.0], requires_grad=True)
    tgb.exp(1j * x).real.sum().backward()
    assert x.grad.dtype == tgb.float32
    np.testing.assert_allclose(np.asarray(x.grad), [-math.sin(0.5), -math.sin(1)], rtol=1e-6)


def test_parts() -> None:
    z = tgb.complex(tgb.tensor([1.0, -2.0]), tgb.tensor([0.0, 2.0]))
    assert z.dtype == tgb.complex64 and z.tolist() == [1, -2 + 2j]
    assert z.real.tolist() == [1, -2] and z.imag.tolist() == [0, 2]
    assert tgb.isreal(z).tolist() == [True, False]
    assert tgb.conj(z).tolist() == [1, -2 - 2j] == z.conj_physical().tolist()
    assert tgb.angle(z)[1].item() == pytest.approx(cmath.phase(-2 + 2j))
    assert tgb.view_as_real(z).tolist() == [[1, 0], [-2, 2]]
    assert tgb.polar(tgb.tensor([2.0]), tgb.tensor([math.pi])).real.tolist() == [-2]


def test_a_real_tensor_is_its_own_conjugate() -> None:
    x = tgb.tensor([-1.0, 0.0, 2.0, math.nan], requires_grad=True)
    assert tgb.conj(x) is x and x.real is x and tgb.resolve_conj(x) is x
    assert x.conj_physical() is not x
    assert tgb.isreal(x).all() and not x.is_conj() and not x.is_neg()
    turned = tgb.angle(x)
    np.testing.assert_allclose(np.asarray(turned.detach()), [math.pi, 0, 0, math.nan], rtol=1e-6)
    turned[:3].sum().backward()
    assert not x.grad[:3].any()


def test_special_functions_are_for_real_numbers() -> None:
    with pytest.raises(NotImplementedError, match="real numbers only"):
        tgb.lgamma(tgb.complex(tgb.ones(2), tgb.ones(2)))

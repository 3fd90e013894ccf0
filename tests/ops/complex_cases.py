"""Cases of operations that take or give complex numbers: `test_complex` checks them."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build, each
from tinygrad_bp.rules import complex as cx
from tinygrad_bp.rules import decompositions as dec
from tinygrad_bp.rules import fourier as ft

draw = Numbers(23)


def z(*shape: int) -> Any:
    """Draw complex numbers."""
    return draw(*shape) + 1j * draw(*shape)


def along(x: Any, axis: int, f: Callable[[list[complex]], list[Any]], dtype: Any) -> Any:
    """Apply a function of Python numbers along an axis."""
    moved = np.moveaxis(x, axis, -1)
    rows = [f([complex(v) for v in moved[place]]) for place in np.ndindex(moved.shape[:-1])]
    return np.moveaxis(np.array(rows, dtype).reshape(*moved.shape[:-1], -1), -1, axis)


def dft(numbers: list[complex], sign: int) -> list[complex]:
    n = len(numbers)
    return [
        sum(v * cmath.exp(sign * 2j * cmath.pi * j * k / n) for j, v in enumerate(numbers))
        for k in range(n)
    ]


def fourier(x: Any, *, axes: Any, inverse: bool = False, scale: float = 1.0) -> Any:
    for axis in axes:
        x = along(x, axis, lambda line: dft(line, 1 if inverse else -1), complex)
    return x * scale


def half_fourier(x: Any, *, axes: Any, scale: float = 1.0) -> Any:
    n = x.shape[axes[-1]]
    x = along(x, axes[-1], lambda line: dft(line, -1)[: n // 2 + 1], complex)
    return fourier(x, axes=axes[:-1], scale=scale)


def from_half_fourier(x: Any, *, axes: Any, n: int, scale: float = 1.0) -> Any:
    def whole(half: list[complex]) -> list[float]:
        # What is left out is the conjugate of what is there; at 0 and n / 2 only Re counts.
        full = [half[k] if k <= n // 2 else half[n - k].conjugate() for k in range(n)]
        full[0] = complex(full[0].real)
        if n % 2 == 0:
            full[n // 2] = complex(full[n // 2].real)
        return [v.real for v in dft(full, 1)]

    x = fourier(x, axes=axes[:-1], inverse=True)
    return along(x, axes[-1], whole, float) * scale


def join(x: Any, y: Any) -> Any:
    return each(lambda a, b: complex(a, b), complex)(x, y)


def eig(x: Any) -> Any:
    """Rotate by an angle: e^{±iφ} r, with vectors (1, ∓i) / √2."""
    a, b = x[0, 0], x[1, 0]
    vectors = [[1, 1], [-1j, 1j]]
    out = np.array([[a + 1j * b, a - 1j * b], *vectors])
    out[1:] /= np.sqrt(2)
    return out


COMPLEX = [
    Case(cx.conjugate, (z(2, 3),), each(lambda v: v.conjugate(), complex)),
    Case(cx.real, (z(2, 3),), each(lambda v: v.real, float)),
    Case(cx.imag, (z(2, 3),), each(lambda v: v.imag, float)),
    Case(cx.widen, (draw(2, 3),), each(complex, complex)),
    Case(cx.join, (draw(2, 3), draw(2, 3)), join),
    Case(
        cx.view_as_real,
        (z(2, 3),),
        lambda x: build((2, 3, 2), lambda i, j, k: (x[i, j].real, x[i, j].imag)[k]),
    ),
    Case(
        cx.view_as_complex,
        (draw(2, 3, 2),),
        lambda x: build((2, 3), lambda i, j: complex(*x[i, j].tolist()), complex),
    ),
    *[
        Case(ft.fourier, (z(*shape),), fourier, {"axes": axes, "inverse": inverse, "scale": 0.5})
        for shape, axes in (((5,), (0,)), ((2, 4), (1,)), ((3, 2, 4), (0, 2)))
        for inverse in (False, True)
    ],
    *[
        Case(ft.half_fourier, (draw(*shape),), half_fourier, {"axes": axes, "scale": 0.5})
        for shape, axes in (((5,), (0,)), ((2, 4), (1,)), ((3, 2, 4), (2, 0)), ((3, 5), (0, 1)))
    ],
    *[
        Case(ft.from_half_fourier, (z(*shape),), from_half_fourier,
             {"axes": axes, "n": n, "scale": 0.5})
        for shape, axes, n in (((3,), (0,), 5), ((2, 3), (1,), 4), ((3, 2, 4), (2, 0), 4),
                               ((3, 3), (0, 1), 5))
    ],
    Case(dec.eig, (np.array([[0.6, -1.1], [1.1, 0.6]]),), eig),
]  # fmt: skip

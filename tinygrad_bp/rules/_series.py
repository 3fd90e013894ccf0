"""What the numerical parts of the special functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .special import chebyshev

__all__ = ["chebyshev", "double", "polynomial"]


@np.errstate(all="ignore")
def double(f: Callable[..., Any], *arrays: Any, **attrs: Any) -> Any:
    """Run a function in double precision, and give the result in the precision of the operands."""
    kind = np.result_type(*arrays)
    if kind.kind == "c":
        raise NotImplementedError("special functions are computed for real numbers only")
    wide = [np.asarray(a, np.float64) for a in arrays]
    return np.asarray(f(*wide, **attrs)).astype(kind)


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """Sum c₀ + c₁ x + c₂ x² + … by Horner's rule."""
    total = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total

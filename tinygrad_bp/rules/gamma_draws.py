"""How a gamma sample moves with its concentration.

A sample z is the quantile F⁻¹(u; α) of some u. With u kept, dz/dα = −(∂F/∂α) / p(z; α). Both are
integrals of the density over one side of z; with t = z e^{±r} the factors that could overflow
cancel::

    dz/dα = ± z ∫₀^∞ exp(φ(r)) (log z ± r − ψ(α)) dr,   φ(r) = ± α r − z (e^{±r} − 1)

taken over the upper side (+) where z > α and over the lower one (−) else, so that φ falls from 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import constant
from .gamma import digamma

# At this depth below its height the integrand is nothing beside the resolution of a float64.
_DEPTH = 42.0
_BLOCK = 1 << 14


def _reach(z: Any, alpha: Any, upper: Any) -> Any:
    """Give an r beyond which φ is below −42."""
    with np.errstate(all="ignore"):
        straight = _DEPTH / np.abs(z - alpha)  # φ ≤ −|z − α| r
        bent = np.sqrt(3 * _DEPTH / z)  # φ ≤ −z r² / 3, for r ≤ 1 at least
        bent = np.where(upper | (bent <= 1), bent, np.inf)
        below = (_DEPTH + z) / alpha  # φ ≤ z − α r
        above = 2 + np.log1p(4 * _DEPTH / z)  # z e^r outgrows α r
    return np.minimum(np.minimum(straight, bent), np.where(upper, above, below))


def _gamma_slope(z: Any, alpha: Any) -> Any:
    z, alpha = z[:, None], alpha[:, None]
    upper = z > alpha
    sign = np.where(upper, 1.0, -1.0)
    points, weights = np.polynomial.legendre.leggauss(64)
    reach = _reach(z, alpha, upper)
    r = reach * (points + 1) / 2
    with np.errstate(over="ignore"):
        height = np.exp(sign * alpha * r - z * np.expm1(sign * r))
    away = np.log(z) + sign * r - digamma(alpha)
    return (sign * z * reach / 2 * height * away) @ weights


@constant
def gamma_slope(z: Any, alpha: Any) -> Any:
    """Give dz/dα of samples z > 0 of gamma distributions of concentration α and rate 1."""
    kind = np.result_type(z, alpha)
    z, alpha = np.broadcast_arrays(np.asarray(z, np.float64), np.asarray(alpha, np.float64))
    slope = np.empty(z.size, kind)
    for start in range(0, z.size, _BLOCK):  # each sample has 64 points
        part = slice(start, start + _BLOCK)
        slope[part] = _gamma_slope(z.reshape(-1)[part], alpha.reshape(-1)[part])
    return slope.reshape(z.shape)

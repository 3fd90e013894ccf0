"""Special functions: the gamma function's family, error functions, Bessel functions, polynomials.

The functions that have a name at the top of the package and in `tinygrad_bp.special`, or in the
latter only. All are computed in double precision and rounded to the precision of their operands.
"""

from __future__ import annotations

import math
from typing import Any

from ..rules import bessel, gamma, incomplete_gamma, logarithm, normal, polynomial
from ..rules.elementwise import add
from ..rules.reduce import sum as sum_op
from ._axes import with_out

lgamma, digamma, zeta = gamma.lgamma, gamma.digamma, gamma.zeta
igamma, igammac = incomplete_gamma.igamma, incomplete_gamma.igammac
erfc, erfcx, erfinv = normal.erfc, normal.erfcx, normal.erfinv
ndtr, ndtri, log_ndtr = normal.ndtr, normal.ndtri, normal.log_ndtr
i0, i0e, i1, i1e = bessel.i0, bessel.i0e, bessel.i1, bessel.i1e
bessel_j0, bessel_j1 = bessel.bessel_j0, bessel.bessel_j1
bessel_y0, bessel_y1 = bessel.bessel_y0, bessel.bessel_y1
modified_bessel_i0, modified_bessel_i1 = bessel.i0, bessel.i1
modified_bessel_k0, modified_bessel_k1 = bessel.bessel_k0, bessel.bessel_k1
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = bessel.scaled_k0, bessel.scaled_k1
spherical_bessel_j0, airy_ai = bessel.spherical_j0, bessel.airy_ai
chebyshev_polynomial_t, chebyshev_polynomial_u = polynomial.chebyshev_t, polynomial.chebyshev_u
chebyshev_polynomial_v, chebyshev_polynomial_w = polynomial.chebyshev_v, polynomial.chebyshev_w
shifted_chebyshev_polynomial_t = polynomial.shifted_t
shifted_chebyshev_polynomial_u = polynomial.shifted_u
shifted_chebyshev_polynomial_v = polynomial.shifted_v
shifted_chebyshev_polynomial_w = polynomial.shifted_w
hermite_polynomial_h, hermite_polynomial_he = polynomial.hermite_h, polynomial.hermite_he
laguerre_polynomial_l, legendre_polynomial_p = polynomial.laguerre, polynomial.legendre
sinc, entr = logarithm.sinc, logarithm.entropy
xlogy, xlog1py, logaddexp2 = logarithm.xlogy, logarithm.xlog1py, logarithm.logaddexp2


@with_out
def logit(input: Any, eps: float | None = None) -> Any:
    """Give log(x / (1 − x)), the inverse of the sigmoid; `eps` keeps x in [eps, 1 − eps].

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.logit(tgb.tensor([0.5, 0.0]), eps=0.5)
    tensor([0., 0.])
    """
    return logarithm.logit(input, eps=eps)


@with_out
def polygamma(n: int, input: Any) -> Any:
    """Give the derivative of order `n` of the digamma function.

    ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! Σ 1 / (x + k)ⁿ⁺¹ over k ≥ 0, for n ≥ 1.

    Parameters
    ----------
    n : int
    input : Tensor

    Raises
    ------
    RuntimeError
        For a negative order.
    """
    if not isinstance(n, int):
        raise TypeError(f"polygamma(n, input): the order comes first, an int, not {type(n)}")
    if n < 0:
        raise RuntimeError(f"polygamma: the order has to be 0 or more, not {n}")
    return gamma.polygamma(input, n=int(n))


@with_out
def mvlgamma(input: Any, p: int) -> Any:
    """Give log Γₚ(x) = log C + Σ log Γ(x − j/2) over j < p, with log C = p (p − 1) / 4 log π.

    Raises
    ------
    RuntimeError
        For an order below 1, and for arguments of (p − 1) / 2 or less.
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma: the order has to be 1 or more, not {p}")
    if not input.is_floating_point():
        input = input.to(float)
    steps = input.new_tensor([-j / 2 for j in range(p)], dtype=input.dtype)
    terms = gamma.lgamma(add(input.unsqueeze(-1), steps))
    return add(sum_op(terms, axis=(-1,)), p * (p - 1) / 4 * math.log(math.pi))

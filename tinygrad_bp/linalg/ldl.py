"""The factorisation A = L D Lᵀ of symmetric matrices, positive-definite or not."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..functions._axes import named, with_out
from ..messages import ShapeError
from ..rules import ldl as ops
from ..rules.solve import LinAlgError
from ._checks import integers, matrices, same_dtype, square, stretched, together


class LDLFactors(NamedTuple):
    """L and D in one matrix, and the pivots."""

    LD: Any
    pivots: Any


class LDLFactorsInfo(NamedTuple):
    """As :class:`LDLFactors`, with the number of the first block of D that is zero (or 0)."""

    LD: Any
    pivots: Any
    info: Any


@named(input="A")
@with_out
def ldl_factor_ex(A: Any, *, hermitian: bool = False, check_errors: bool = False
                  ) -> LDLFactorsInfo:  # fmt: skip
    """Factor as :func:`ldl_factor`, and say which block of D is the first to be zero."""
    what = "linalg.ldl_factor"
    square(what, A)
    if A.is_complex():
        raise RuntimeError(f"{what} is for real matrices here, not for {A.dtype.name}")
    factors, pivots = ops.ldl_factors(A), ops.ldl_pivots(A)
    blocks = np.diagonal(np.asarray(factors.detach()), axis1=-2, axis2=-1)
    zero = (blocks == 0) & (np.asarray(pivots) > 0)
    first = zero.argmax(-1) + 1 if zero.shape[-1] else np.zeros(zero.shape[:-1], int)
    info = np.where(zero.any(-1), first, 0)
    if check_errors and info.any():
        raise LinAlgError(f"{what}: the diagonal element {info.max()} of D is exactly zero")
    return LDLFactorsInfo(factors, integers(A, pivots.detach()), integers(A, info))


@named(input="A")
@with_out
def ldl_factor(A: Any, *, hermitian: bool = False) -> LDLFactors:
    """Factor symmetric matrices, of which the lower triangle is read, for :func:`ldl_solve`.

    References
    ----------
    Bunch and Kaufman, Some stable methods for calculating inertia and solving symmetric linear
    systems, Mathematics of Computation 31, 1977.
    """
    return LDLFactors(*ldl_factor_ex(A, hermitian=hermitian)[:2])


@with_out
def ldl_solve(LD: Any, pivots: Any, B: Any, *, hermitian: bool = False) -> Any:
    """Solve A X = B from what :func:`ldl_factor` gave of A; no gradient, as in PyTorch."""
    what = "linalg.ldl_solve"
    square(what, LD)
    matrices(what, B)
    same_dtype(what, LD, B)
    if B.shape[-2] != LD.shape[-1] or tuple(pivots.shape) != tuple(LD.shape[:-1]):
        raise ShapeError(
            f"{what}: LD {tuple(LD.shape)}, pivots {tuple(pivots.shape)} and B {tuple(B.shape)} "
            "do not fit"
        )
    LD, B = together(what, LD, B)
    rows = stretched(pivots[..., None], tuple(LD.shape[:-2]))[..., 0]
    return ops.ldl_solve(LD, rows, B)

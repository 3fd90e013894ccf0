"""The pseudoinverse, and what it solves: the method of least squares."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..functions._axes import named, with_out
from ..functions.linalg import matmul
from ..messages import ShapeError
from ..rules import decompositions as ops
from ..rules import reduce as red
from ._checks import integers, matrices
from .norms import magnitudes, tolerance


class LeastSquares(NamedTuple):
    """What :func:`lstsq` found."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


@named(input="A")
@with_out
def pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None,
         rtol: Any = None) -> Any:  # fmt: skip
    """Give the pseudoinverse (Moore and Penrose).

    Singular values up to max(atol, rtol · the largest) count as zero; `rtol` (an older name:
    `rcond`) is by default max(m, n) times the precision, or 0 where `atol` is given.

    References
    ----------
    Golub and Pereyra, The differentiation of pseudo-inverses, SIAM J. Numer. Anal. 10, 1973.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.pinv(tgb.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    matrices("linalg.pinv", A)
    values = magnitudes(A.detach(), hermitian)
    limit = tolerance(A, values, atol, rtol if rcond is None else rcond)
    return ops.pinv(A, np.asarray(limit.detach()), hermitian=hermitian)


@named(input="A", b="B")
@with_out
def lstsq(A: Any, B: Any, rcond: float | None = None, *,
          driver: str | None = None) -> LeastSquares:  # fmt: skip
    """Find X that makes ‖A X − B‖ smallest; of several the shortest one.

    Parameters
    ----------
    A : Tensor (…, m, n)
    B : Tensor (…, m, k), or vectors (…, m)
    rcond : float, optional
        Singular values up to `rcond` times the largest count as zero.
    driver : {"gels", "gelsy", "gelsd", "gelss"}
        Which fields are filled, as in PyTorch: the rank by all but "gels", the singular values by
        "gelsd" and "gelss". The solution is found through singular values for all of them.

    Returns
    -------
    named tuple (solution, residuals, rank, singular_values)
        The residuals are the sums of squares of A X − B, where m > n and A has full rank.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> b = tgb.tensor([[1.0], [3.0], [5.0]])
    >>> [round(x, 4) for x in tgb.linalg.lstsq(A, b).solution.flatten().tolist()]
    [1.0, 2.0]
    """
    what = "linalg.lstsq"
    matrices(what, A)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"{what}: the driver {driver!r} is none of gels, gelsy, gelsd, gelss")
    vector = B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]
    right = B[..., None] if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-2]:
        raise ShapeError(
            f"{what}: A {tuple(A.shape)} and B {tuple(B.shape)} must have equally many rows"
        )
    m, n = A.shape[-2:]
    values = magnitudes(A.detach(), False)
    eps = float(np.finfo(np.dtype(values.dtype)).eps)
    limit = tolerance(A, values, None, max(m, n) * eps if rcond is None else rcond)
    X = matmul(ops.pinv(A, np.asarray(limit.detach())), right)
    rank = np.asarray((values > limit[..., None]).sum(-1).detach())
    residuals = X.reshape(-1)[:0]
    if m > n and driver != "gelsy" and (rank == n).all():
        rest = matmul(A, X) - right
        residuals = red.sum(abs(rest) ** 2, axis=-2)
    empty = A.new_tensor(np.empty(0, np.dtype(values.dtype)))
    return LeastSquares(
        X[..., 0] if vector else X,
        residuals,
        A.new_tensor(np.empty(0, np.int64)) if driver == "gels" else integers(A, rank, "int64"),
        values if driver in ("gelsd", "gelss") else empty,
    )

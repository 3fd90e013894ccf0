"""Linear algebra, with the names of ``torch.linalg``: in batches, and differentiable.

>>> import tinygrad_bp as tgb
>>> tgb.linalg.solve(tgb.tensor([[2.0, 0.0], [0.0, 4.0]]), tgb.ones(2))
tensor([0.5000, 0.2500])

`rules.solve` and `rules.decompositions` hold the chain rules.
"""

from __future__ import annotations

from ..functions.linalg import matmul
from ..rules.solve import LinAlgError
from .decompositions import (
    cholesky,
    cholesky_ex,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    householder_product,
    lu,
    lu_factor,
    lu_factor_ex,
    qr,
    svd,
    svdvals,
)  # fmt: skip
from .ldl import ldl_factor, ldl_factor_ex, ldl_solve
from .least_squares import lstsq, pinv
from .norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from .products import (
    cross,
    det,
    diagonal,
    matrix_exp,
    matrix_power,
    multi_dot,
    slogdet,
    vander,
    vecdot,
)  # fmt: skip
from .solvers import (
    inv,
    inv_ex,
    lu_solve,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)  # fmt: skip

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex",
    "ldl_solve", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul", "matrix_exp",
    "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet",
    "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander",
    "vecdot", "vector_norm",
]  # fmt: skip

"""Cases of `rules.solve`, `determinant` and `ldl`: references by loops over Python numbers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build
from tinygrad_bp.rules import determinant as det
from tinygrad_bp.rules import ldl
from tinygrad_bp.rules import solve as ops

draw = Numbers(21)


def each_matrix(f: Any) -> Any:
    """Make a reference for batches of one for matrices."""

    def reference(*arrays: Any, **attrs: Any) -> Any:
        lead = arrays[0].shape[:-2]
        outs = [np.asarray(f(*(a[place] for a in arrays), **attrs)) for place in np.ndindex(lead)]
        return np.array(outs).reshape((*lead, *outs[0].shape))

    return reference


def gauss(a: Any, b: Any) -> Any:
    """Solve a x = b by elimination with pivoting."""
    n = len(a)
    rows = [[*map(float, a[i]), *map(float, b[i])] for i in range(n)]
    for j in range(n):
        p = max(range(j, n), key=lambda i: abs(rows[i][j]))
        rows[j], rows[p] = rows[p], rows[j]
        rows[j] = [v / rows[j][j] for v in rows[j]]
        for i in range(n):
            if i != j:
                rows[i] = [v - rows[i][j] * w for v, w in zip(rows[i], rows[j], strict=True)]
    return np.array([row[n:] for row in rows]).reshape(n, b.shape[1])


def leibniz(a: Any) -> float:
    """Expand a determinant over all permutations."""
    n = len(a)
    total = 0.0
    for order in itertools.permutations(range(n)):
        inversions = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        total += (-1) ** inversions * math.prod(float(a[i, order[i]]) for i in range(n))
    return total


def minors(a: Any) -> Any:
    def at(i: int, j: int) -> float:
        return (-1) ** (i + j) * leibniz(np.delete(np.delete(a, i, 0), j, 1))

    return build(a.shape, at)


def triangular(a: Any, b: Any, *, upper: bool, unit: bool = False) -> Any:
    n = len(a)
    keep = [[(j > i if upper else j < i) or (i == j and not unit) for j in range(n)]
            for i in range(n)]  # fmt: skip
    return gauss(np.where(keep, a, np.eye(n) if unit else 0), b)


def doolittle(a: Any) -> Any:
    """Eliminate without pivoting; keep the factors below the diagonal."""
    m, n = a.shape
    out = a.copy()
    for j in range(min(m, n)):
        for i in range(j + 1, m):
            out[i, j] /= out[j, j]
            for k in range(j + 1, n):
                out[i, k] -= out[i, j] * out[j, k]
    return out


def pivots(a: Any) -> Any:
    rows = [list(row) for row in a]
    chosen = []
    for j in range(min(a.shape)):
        p = max(range(j, len(rows)), key=lambda i: abs(rows[i][j]))
        chosen.append(p)
        rows[j], rows[p] = rows[p], rows[j]
        for i in range(j + 1, len(rows)):
            factor = rows[i][j] / rows[j][j]
            rows[i] = [v - factor * w for v, w in zip(rows[i], rows[j], strict=True)]
    return np.array(chosen)


def order(exchanges: Any, *, rows: int) -> Any:
    left = list(range(rows))
    for j, p in enumerate(exchanges):
        left[j], left[p] = left[p], left[j]
    return np.array(left)


def taylor(a: Any) -> Any:
    term = total = np.eye(len(a))
    for k in range(1, 60):
        term = term @ a / k
        total = total + term
    return total


def lower(*shape: int) -> Any:
    return np.tril(draw(*shape)) + 3 * np.eye(shape[-1])


def regular(*shape: int) -> Any:
    return draw(*shape) + 4 * np.eye(*shape[-2:])


def lower_only(b: Any, l: Any) -> tuple[Any, Any]:
    return b, np.tril(l)


SQUARES: list[Any] = [(1, 1), (3, 3), (2, 3, 3)]
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.5, -1.0]])


def full(a: Any) -> Any:
    return np.tril(a) + np.tril(a, -1).T


#: 2 x 2 with a zero in front: a block of two, no exchange. 3 x 3: the largest element comes first.
BLOCK = np.array([[0.0, 9.0], [2.0, 1.0]])
COMES = np.array([[0.1, 9.0, 9.0], [1.0, 2.0, 9.0], [4.0, 0.5, 8.0]])
PIVOT = 2 - 0.25 / 8
COMES_FACTORED = np.array(
    [[8.0, 0, 0], [0.5 / 8, PIVOT, 0], [0.5, 0.75 / PIVOT, -1.9 - 0.75**2 / PIVOT]]
)

CASES = [
    Case(ldl.ldl_factors, (BLOCK,), lambda a: np.array([[0.0, 0.0], [2.0, 1.0]])),
    Case(ldl.ldl_pivots, (BLOCK,), lambda a: np.array([-2, -2])),
    Case(ldl.ldl_factors, (COMES,), lambda a: COMES_FACTORED),
    Case(ldl.ldl_pivots, (COMES,), lambda a: np.array([3, 2, 3])),
    *[Case(ldl.ldl_solve, (ldl.ldl_factors(a), ldl.ldl_pivots(a), b),
           lambda f, p, b, a=a: each_matrix(lambda m, r: gauss(full(m), r))(a, b), note=note)
      for note, a, b in (("block", BLOCK, draw(2, 2)), ("comes", COMES, draw(3, 1)),
                         ("batch", draw(4, 6, 6), draw(4, 6, 2)))],
    *[Case(ops.inv, (regular(*s),), each_matrix(lambda a: gauss(a, np.eye(len(a)))))
      for s in SQUARES],
    Case(ops.solve, (regular(3, 3), draw(3, 2)), gauss),
    Case(ops.solve, (regular(2, 3, 3), draw(2, 3, 2)), each_matrix(gauss)),
    *[Case(ops.solve_triangular, (regular(2, 3, 3), draw(2, 3, 2)), each_matrix(triangular),
           {"upper": upper, "unit": unit}) for upper in (False, True) for unit in (False, True)],
    Case(ops.solve_triangular, (regular(20, 20), draw(20, 2)), triangular, {"upper": True}),
    Case(ops.cholesky_solve, (draw(3, 2), lower(3, 3)), lambda b, l: gauss(l @ l.T, b),
         into=lower_only),
    *[Case(det.det, (draw(*s),), each_matrix(leibniz)) for s in SQUARES],
    Case(det.det, (SINGULAR,), leibniz, note="singular"),
    Case(det.det, (np.eye(3),), leibniz, note="all singular values are one"),
    *[Case(det.cofactors, (draw(*s),), each_matrix(minors)) for s in SQUARES[1:]],
    Case(det.cofactors, (SINGULAR,), minors, note="singular", twice=False),
    *[Case(det.logabsdet, (draw(*s),), each_matrix(lambda a: math.log(abs(leibniz(a)))))
      for s in SQUARES],
    *[Case(det.sign_of_det, (draw(*s),), each_matrix(lambda a: np.sign(leibniz(a))))
      for s in SQUARES],
    *[Case(ops.matrix_exp, (draw(*s),), each_matrix(taylor)) for s in SQUARES],
    *[Case(ops.lu_pivots, (draw(*s),), each_matrix(pivots))
      for s in [*SQUARES, (4, 2), (2, 4), (20, 20)]],
    *[Case(ops.row_order, (np.array(p),), order, {"rows": n})
      for p, n in (([2, 2, 2], 3), ([1, 3], 4), ([0], 1))],
    *[Case(ops.lu, (regular(*s),), each_matrix(doolittle))
      for s in [*SQUARES, (4, 2), (2, 4)]],
    Case(ops.lu, (draw(20, 20) + 20 * np.eye(20),), doolittle, note="blocks"),
]  # fmt: skip

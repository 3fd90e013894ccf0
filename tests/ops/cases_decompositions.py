"""Cases of `rules.decompositions`: references by Householder's and Jacobi's methods, in loops.

Where the sign of a vector is free, the reference takes over the sign of the operation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers
from tests.ops.cases_solve import each_matrix, gauss
from tinygrad_bp.rules import decompositions as ops

draw = Numbers(22)


def banachiewicz(a: Any) -> Any:
    n = len(a)
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - sum(out[i, k] * out[j, k] for k in range(j))
            out[i, j] = math.sqrt(rest) if i == j else rest / out[j, j]
    return out


def householder(a: Any) -> tuple[Any, Any, Any]:
    """Return Q (square), R and what LAPACK keeps of them."""
    m, n = a.shape
    r, q, kept = a.copy(), np.eye(m), np.zeros((m + 1, n))
    for j in range(min(m, n)):
        x = r[j:, j].copy()
        rest = math.sqrt(sum(v * v for v in x[1:]))
        if rest == 0:
            continue
        length = -math.copysign(math.hypot(x[0], rest), x[0])
        tau, v = (length - x[0]) / length, x / (x[0] - length)
        v[0] = 1.0
        kept[j + 1 : m, j], kept[m, j] = v[1:], tau
        reflection = np.eye(m)
        reflection[j:, j:] -= tau * np.outer(v, v)
        r, q = reflection @ r, q @ reflection
    kept[:m] += np.triu(r)
    return q, np.triu(r), kept


def reduced(a: Any) -> Any:
    q, r, _ = householder(a)
    k = min(a.shape)
    return np.concatenate([q[:, :k].T, r[:k]], axis=1)


def complete(a: Any) -> Any:
    q, r, _ = householder(a)
    return np.concatenate([q.T, r], axis=1)


def jacobi(a: Any) -> tuple[Any, Any]:
    """Rotate a symmetric matrix until it is diagonal; return eigenvalues in order, and vectors."""
    a, n = a.copy(), len(a)
    vectors = np.eye(n)
    for _ in range(30):
        for i in range(n):
            for j in range(i + 1, n):
                angle = 0.5 * math.atan2(2 * a[i, j], a[j, j] - a[i, i])
                turn = np.eye(n)
                turn[i, i] = turn[j, j] = math.cos(angle)
                turn[i, j], turn[j, i] = math.sin(angle), -math.sin(angle)
                a, vectors = turn.T @ a @ turn, vectors @ turn
    order = np.argsort(np.diag(a))
    return np.diag(a)[order], vectors[:, order]


def aligned(vectors: Any, like: Any) -> Any:
    """Turn vectors whose sign is free."""
    return vectors * np.sign((vectors * like).sum(0))


def eigh(a: Any) -> Any:
    values, vectors = jacobi(np.tril(a) + np.tril(a, -1).T)
    return np.concatenate([values[None], aligned(vectors, ops.eigh(a)[1:])])


def svd(a: Any) -> Any:
    m, n = a.shape
    if m < n:
        turned = svd(a.T)
        parts = turned[n + 1 :], turned[n : n + 1], turned[:n]
    else:
        squares, v = jacobi(a.T @ a)
        s, v = np.sqrt(squares[::-1]), v[:, ::-1]
        parts = a @ v / s, s[None], v
    signs = np.sign((parts[0] * ops.svd(a)[:m]).sum(0))
    return np.concatenate([parts[0] * signs, parts[1], parts[2] * signs])


def rest(a: Any, *, right: bool = False) -> Any:
    """Find the one column that is orthogonal to all others: the last one of a complete Q."""
    a = a.T if right else a
    column = householder(a)[0][:, -1:]
    return aligned(column, ops.svd_rest(a))


def pinv(a: Any, cutoff: Any, *, hermitian: bool = False) -> Any:
    a = np.tril(a) + np.tril(a, -1).T if hermitian else a
    return gauss(a.T @ a, a.T) if a.shape[0] >= a.shape[1] else gauss(a @ a.T, a).T


def symmetric(*shape: int) -> Any:
    x = draw(*shape)
    return x + x.swapaxes(-1, -2)


def positive(*shape: int) -> Any:
    x = draw(*shape)
    return x @ x.swapaxes(-1, -2) + np.eye(shape[-1])


def halves(x: Any, *others: Any) -> tuple[Any, ...]:
    """Take the symmetric part: the operation is defined for symmetric matrices."""
    return ((x + x.swapaxes(-1, -2)) / 2, *others)


CASES = [
    *[Case(ops.cholesky, (positive(*s),), each_matrix(banachiewicz), into=halves)
      for s in ((1, 1), (3, 3), (2, 3, 3))],
    *[Case(ops.qr, (draw(*s),), each_matrix(reduced))
      for s in ((1, 1), (3, 3), (4, 2), (2, 4), (2, 3, 2))],
    Case(ops.qr_complete, (draw(4, 2),), complete),
    Case(ops.qr_raw, (draw(4, 2),), lambda a: householder(a)[2]),
    Case(ops.qr_raw, (draw(2, 3, 3),), each_matrix(lambda a: householder(a)[2])),
    *[Case(ops.eigh, (symmetric(*s),), each_matrix(eigh), into=halves)
      for s in ((1, 1), (3, 3), (2, 3, 3))],
    *[Case(ops.svd, (draw(*s),), each_matrix(svd))
      for s in ((1, 1), (3, 3), (4, 2), (2, 4), (2, 3, 2))],
    Case(ops.svd_rest, (draw(3, 2),), rest),
    Case(ops.svd_rest, (draw(2, 3),), rest, {"right": True}),
    *[Case(ops.pinv, (draw(*s), np.array(0.0)), pinv) for s in ((1, 1), (3, 3), (4, 2), (2, 4))],
    Case(ops.pinv, (np.diag([2.0, 0.5, 1e-9]), np.array(1e-6)),
         lambda a, cutoff: np.diag([0.5, 2.0, 0.0]), smooth=False,
         slopes=(np.array([[-0.25, -1.0, 0.25], [-1.0, -4.0, 4.0], [0.25, 4.0, 0.0]]),)),
    Case(ops.pinv, (symmetric(3, 3), np.array(0.0)), pinv, {"hermitian": True}, into=halves),
]  # fmt: skip

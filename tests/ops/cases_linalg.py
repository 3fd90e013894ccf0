"""Cases of `rules.linalg`: references by loops over the letters of a sum of products."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, broadcast_shape, build, element
from tinygrad_bp.rules import linalg as la

draw = Numbers(4)


def matmul(x: Any, y: Any) -> Any:
    a = x.reshape(1, -1) if x.ndim == 1 else x
    b = y.reshape(-1, 1) if y.ndim == 1 else y
    batch = broadcast_shape([a.shape[:-2], b.shape[:-2]])
    n, m, k = a.shape[-2], b.shape[-1], a.shape[-1]

    def at(*p: int) -> float:
        *lead, i, j = p
        return sum(
            element(a[..., i, s], tuple(lead)) * element(b[..., s, j], tuple(lead))
            for s in range(k)
        )

    out = build((*batch, n, m), at)
    keep = [n] * (x.ndim > 1) + [m] * (y.ndim > 1)
    return out.reshape((*batch, *keep))


def linear(x: Any, weight: Any, bias: Any) -> Any:
    return build(
        (*x.shape[:-1], weight.shape[0]),
        lambda *p: (
            bias[p[-1]] + sum(x[(*p[:-1], k)] * weight[p[-1], k] for k in range(weight.shape[1]))
        ),
    )


def einsum(*xs: Any, subscripts: str) -> Any:
    """Sum over all values of all letters; for the dots capital letters, at most three, stand in."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms, batch = [], ""
    for term, x in zip(left.split(","), xs, strict=True):
        if "..." in term:
            dots = "XYZ"[3 - (x.ndim - len(term) + 3) :]
            batch = max(batch, dots, key=len)
            term = term.replace("...", dots)
        terms.append(term)
    letters = sorted(set("".join(terms)))
    if arrow:
        output = right.replace("...", batch)
    else:
        output = batch + "".join(
            c for c in letters if left.replace("...", "").count(c) == 1 and c not in batch
        )
    size: dict[str, int] = {}
    for term, x in zip(terms, xs, strict=True):
        for c, n in zip(term, x.shape, strict=True):
            size[c] = n if size.get(c, 1) == 1 else size[c]
    out = np.zeros(tuple(size[c] for c in output))
    for values in itertools.product(*(range(size[c]) for c in letters)):
        at = dict(zip(letters, values, strict=True))
        product = 1.0
        for term, x in zip(terms, xs, strict=True):
            product *= element(x, tuple(at[c] for c in term))
        out[tuple(at[c] for c in output)] += product
    return out


MATRICES: list[Any] = [
    ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (2, 3, 4)), ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((2, 1, 2, 3), (3,)), ((3,), (2, 1, 3, 2)),
    ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0,), (0,)), ((2, 0), (0,)), ((0, 2, 3), (3, 2)),
    ((1, 1), (1, 1)),
]  # fmt: skip
SUMS: list[Any] = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
    ("ij->j", (2, 3)), ("ji", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("ii->", (3, 3)),
    ("iij->j", (2, 2, 3)), ("iii->i", (2, 2, 2)), ("i,j->ij", (2,), (3,)), ("i,i->", (3,), (3,)),
    ("i,i", (3,), (3,)), ("ij,ij->ij", (2, 3), (2, 3)), ("i,ij,j->", (2,), (2, 3), (3,)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)),
    ("...ij,jk->...ik", (2, 2, 3), (3, 2)), ("...i,...i->...", (2, 3), (3,)), ("...ij->...ji", (2,
        3)),
    ("i...,i...->...", (2, 3), (2, 3)), ("...,...->...", (2, 3), (3,)), ("...->", (2, 3)),
    ("...ij", (2, 2, 3)), ("ij,j->i", (2, 3), (1,)), ("ij,ij->ij", (2, 3), (1, 3)),
    ("ij,ij->i", (2, 1), (2, 3)), ("...i,...i->...i", (1, 3), (2, 3)), ("ii,i->i", (3, 3), (3,)),
    ("ij,kl->il", (2, 3), (2, 2)), (",i->i", (), (3,)), ("->", ()), ("i->i", (0,)),
    ("ij,jk->ik", (0, 2), (2, 3)), ("ij,jk->ik", (2, 0), (0, 3)), ("i , j -> ij", (2,), (2,)),
    ("ii,jj->ij", (2, 2), (3, 3)), ("ij,ij,ij->j", (2, 2), (2, 2), (2, 2)), ("ba", (2, 3)),
    ("ij,jj->i", (2, 3), (3, 3)), ("ij,j", (1, 3), (3,)),
]  # fmt: skip

CASES = [
    *[Case(la.matmul, (draw(*a), draw(*b)), matmul) for a, b in MATRICES],
    *[Case(la.linear, (draw(*x), draw(*w), draw(w[0])), linear)
      for x, w in (((4, 3), (2, 3)), ((3,), (2, 3)), ((2, 4, 3), (5, 3)), ((0, 3), (2, 3)),
                   ((2, 1), (1, 1)), ((2, 0), (3, 0)), ((2, 3), (128, 3)))],
    *[Case(la.einsum, tuple(draw(*s) for s in shapes), einsum, {"subscripts": text})
      for text, *shapes in SUMS],
]  # fmt: skip

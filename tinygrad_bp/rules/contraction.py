"""Sums of products over shared letters, brought to products of matrices.

NumPy's einsum leaves everything with a batch to loops of its own. Here the letters of a pair of
operands are sorted into four groups, and the pair becomes one batched product: those that both have
and the result keeps are the batch, those that both have and the result lacks are summed, the rest
are the rows and the columns.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np


def contract(terms: list[str], output: str, arrays: list[Any]) -> Any:
    """Sum the product of the arrays over all letters that the output lacks, pair by pair."""
    left = list(zip(terms, arrays, strict=True))
    if len(left) == 1:
        return np.einsum(f"{terms[0]}->{output}", arrays[0])
    for group in _groups(terms, output, arrays):
        members = [left.pop(i) for i in sorted(group, reverse=True)]
        a, x = members.pop()
        while members:
            b, y = members.pop()
            others = [term for term, _ in left + members]
            needed = output + "".join(others)
            kept = "".join(dict.fromkeys(c for c in a + b if c in needed)) if others else output
            a, x = kept, _pair(a, x, b, y, kept)
        left.append((a, x))
    return left[0][1]


def _groups(terms: list[str], output: str, arrays: list[Any]) -> list[tuple[int, ...]]:
    """Choose which operands to multiply first; a product goes to the end of the list."""
    if len(arrays) == 2:
        return [(0, 1)]
    formula = f"{','.join(terms)}->{output}"
    return np.einsum_path(formula, *arrays, optimize="greedy")[0][1:]


class Plan(NamedTuple):
    """How two operands of given letters and shapes become matrices, and their product the result.

    For each operand: a subscript for what concerns it alone ("" if nothing does), the order of its
    axes, its shape as a matrix. Then which product, and the shape and the order of the result.
    """

    left: tuple[str, tuple[int, ...], tuple[int, ...]]
    right: tuple[str, tuple[int, ...], tuple[int, ...]]
    product: str
    shape: tuple[int, ...]
    order: tuple[int, ...]


def _pair(a: str, x: Any, b: str, y: Any, output: str) -> Any:
    plan = _plan(a, x.shape, b, y.shape, output)
    left, right = _as_matrices(x, *plan.left), _as_matrices(y, *plan.right)
    if plan.product == "multiply":
        out = left * right
    elif plan.product == "dot":
        out = np.einsum("npk,nkq->npq", left, right)
    else:
        out = np.matmul(left, right)
    return out.reshape(plan.shape).transpose(plan.order)


def _as_matrices(x: Any, own: str, order: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    return (np.einsum(own, x) if own else x).transpose(order).reshape(shape)


@functools.lru_cache(maxsize=512)
def _plan(a: str, x: tuple[int, ...], b: str, y: tuple[int, ...], output: str) -> Plan:
    first, second = _lasting(a, x, b, y), _lasting(b, y, a, x)
    # What the other operand and the result lack is summed beforehand.
    mine = "".join(c for c in first if c in second or c in output)
    yours = "".join(c for c in second if c in first or c in output)
    size: dict[str, int] = {}
    for c, length in zip(a + b, x + y, strict=True):
        if length != 1 and size.setdefault(c, length) != length:
            raise ValueError(f"the letter {c!r} stands for the lengths {size[c]} and {length}")
    batch = [c for c in output if c in mine and c in yours]
    summed = [c for c in mine if c in yours and c not in output]
    rows = [c for c in output if c in mine and c not in yours]
    columns = [c for c in output if c in yours and c not in mine]
    n, k, p, q = (
        math.prod(size.get(c, 1) for c in group) for group in (batch, summed, rows, columns)
    )
    found = batch + rows + columns
    return Plan(
        ("" if mine == a else f"{a}->{mine}", _places(mine, batch + rows + summed), (n, p, k)),
        ("" if yours == b else f"{b}->{yours}", _places(yours, batch + summed + columns),
         (n, k, q)),
        "multiply" if not summed else "dot" if p == q == 1 else "matmul",
        tuple(size.get(c, 1) for c in found),
        _places("".join(found), list(output)),
    )  # fmt: skip


def _places(term: str, letters: list[str]) -> tuple[int, ...]:
    return tuple(term.index(c) for c in letters)


def _lasting(a: str, x: tuple[int, ...], b: str, y: tuple[int, ...]) -> str:
    """Return the letters, once each, without those of length 1 that the other has longer."""
    longer = {c for c, n in zip(b, y, strict=True) if n != 1}
    return "".join(c for c in dict.fromkeys(a) if c not in longer or x[a.index(c)] != 1)

"""Products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..memory import aligned
from ..op import primitive
from .contraction import contract
from .native import native, native_pull
from .reduce import sum
from .shape import reshape, sum_to

_LARGE = 1 << 15  # elements of a result from which it pays to lay it on cache lines
_SMALL = 10**6  # products up to which OpenBLAS takes its kernels for small matrices
#: Products from which the threads of machine code are worth a call of it.
SHARED = 1 << 18


def _worth(work: int) -> int:
    return work if work > SHARED else 0


def _turned(x: Any) -> Any:
    return x.swapaxes(-1, -2)


def _rows(x: Any) -> Any:
    """Flatten all axes but the last."""
    shape = x.shape
    if len(shape) == 2:
        return x
    n = 1
    for extent in shape[:-1]:
        n *= extent
    return reshape(x, shape=(n, shape[-1]))


def _column(x: Any) -> Any:
    return reshape(x, shape=(*x.shape, 1))


def _row(x: Any) -> Any:
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


# np.matmul reads a vector as a row on the left and as a column on the right, and drops that axis
# from the result. With the axis put back there is one formula: dX = G Yᵀ, dY = Xᵀ G.


def _matmul_x(g: Any, y: Any, x_shape: tuple[int, ...]) -> Any:
    if len(x_shape) == 1 and len(y.shape) == 1:
        return g * y
    if len(y.shape) == 1:
        g, y = _column(g), _column(y)
    elif len(x_shape) == 1:
        # Through a row times a matrix, (1, n) = (1, m)(m, n), for every matrix of the batch.
        return sum_to(reshape(_row(g) @ _turned(y), shape=(*g.shape[:-1], *x_shape)), shape=x_shape)
    if len(x_shape) > 2 == len(y.shape):  # rows of one matrix
        return reshape(_rows(g) @ _turned(y), shape=x_shape)
    gradient = g @ _turned(y)
    return gradient if gradient.shape == x_shape else sum_to(gradient, shape=x_shape)


def _matmul_y(g: Any, x: Any, y_shape: tuple[int, ...]) -> Any:
    if len(x.shape) == 1 and len(y_shape) == 1:
        return g * x
    if len(x.shape) == 1:
        g, x = _row(g), reshape(x, shape=(1, *x.shape))
    elif len(y_shape) == 1:
        column = _turned(x) @ _column(g)
        return sum_to(reshape(column, shape=(*column.shape[:-2], *y_shape)), shape=y_shape)
    if len(x.shape) > 2 == len(y_shape):
        x, g = _rows(x), _rows(g)
    gradient = _turned(x) @ g
    return gradient if gradient.shape == y_shape else sum_to(gradient, shape=y_shape)


@primitive(
    promotion="same",
    x=lambda g, y, x_shape: _matmul_x(g, y, x_shape),
    y=lambda g, x, y_shape: _matmul_y(g, x, y_shape),
)
def matmul(x: Any, y: Any) -> Any:
    """Give the product of matrices, of vectors, or of stacks of them."""
    if x.ndim > 2 == y.ndim and x.size and x.flags.c_contiguous:  # rows of one matrix
        return matmul.forward(x.reshape(-1, x.shape[-1]), y).reshape(*x.shape[:-1], y.shape[1])
    if x.ndim > 1 < y.ndim and _worth(work := x.size * y.shape[-1]):
        found = native(matmul, (x, y), {}, work)
        if found is not None:
            return found
    if x.ndim == y.ndim == 2 and len(x) * y.shape[1] >= _LARGE and x.dtype is y.dtype:
        return np.matmul(x, y, out=aligned((len(x), y.shape[1]), x.dtype))
    return np.matmul(x, y)


# ------------------------------------------------------------------------------------------- linear
# A rule of its own for speed: x Wᵀ + b is one node, and adds the bias in place.


# np.dot starts in half the time of np.matmul, which runs faster once the matrix is large.
def _linear_x(g: Any, weight: Any) -> Any:
    rows, columns = weight.shape
    if len(g.shape) > 2:
        return reshape(_rows(g) @ weight, shape=(*g.shape[:-1], columns))
    return np.dot(g, weight) if rows * columns < 4096 else matmul(g, weight)


def _linear_weight(g: Any, x: Any) -> Any:
    if len(x.shape) != 2:
        g, x = _rows(g), _rows(x)
    rows, columns = x.shape
    return np.dot(g.T, x) if rows * columns < 4096 else matmul(g.T, x)


@primitive(
    promotion="same",
    x=_linear_x,
    weight=_linear_weight,
    bias=lambda g: sum(g if len(g.shape) == 2 else _rows(g), axis=0),
)
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """Give x Wᵀ + b for rows of features."""
    features = len(weight)
    if work := _worth(x.size * features):
        found = native(linear, (x, weight, bias), {}, work)
        if found is not None:
            return found
    if features >= 128 and x.ndim == 2 and 2 * len(x) <= features and len(x) <= 64:
        # OpenBLAS shares the work out along the longer side of the result, and more evenly when
        # that comes first: (W xᵀ)ᵀ takes 95 µs where x Wᵀ takes 114 (64 × 784 to 128). Turned back
        # while the bias is added.
        return np.add(np.dot(weight, x.T).T, bias, order="C")
    if x.ndim > 2 and x.shape[-1] == weight.shape[1]:  # np.dot goes to BLAS with matrices only
        rows = x.reshape(-1, x.shape[-1])
        out = np.dot(rows, weight.T) if rows.size < 4096 else matmul(rows, weight.T)
        out += bias
        return out.reshape(*x.shape[:-1], features)
    turned = weight.T
    if x.ndim == 2 and len(x) >= 64 and work <= _SMALL:
        # OpenBLAS has kernels for small products, but not for a second matrix that is turned
        # around: with a copy of that, 200 × 30 to 100 takes 20 µs in place of 29. And such products
        # are not shared with threads, which on a busy machine are waited for a thousand times as
        # long.
        turned = turned.copy()
    out = x.dot(turned)  # at small sizes in half the time of np.matmul
    if out.ndim:
        out += bias
        return out
    return out + bias


# Of a product with what is kept first: the other matrix.
native_pull(matmul, lambda g, kept: _worth(g.size * min(kept[0].shape[-2:], default=0)))
# Nothing is kept for the bias alone, which is a sum.
native_pull(linear, lambda g, kept: _worth(g.size * kept[0].shape[-1]) if kept else 0)


# ------------------------------------------------------------------------------------------- einsum


def _parse(subscripts: str, ranks: tuple[int, ...]) -> tuple[list[str], str]:
    """Spell einsum subscripts out: no blanks, no ``...``, an explicit output."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    free = [c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    dots = max(
        (rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)
         if "..." in term), default=0,
    )  # fmt: skip
    batch = "".join(free[:dots])
    spelled = []
    for term, rank in zip(terms, ranks, strict=True):
        here = rank - len(term.replace("...", ""))
        spelled.append(term.replace("...", batch[dots - here :] if here else ""))
    if arrow:
        return spelled, right.replace("...", batch)
    letters = "".join(terms).replace("...", "")
    once = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return spelled, batch + once


def _einsum_x(g: Any, i: int, xs: Any, shapes: Any, subscripts: str) -> Any:
    """Contract the output's gradient with the other operands: the letters of operand i remain."""
    terms, output = _parse(subscripts, tuple(len(shape) for shape in shapes))
    mine, shape = terms[i], shapes[i]
    others = [xs[j] for j in range(len(xs)) if j != i]
    other_terms = [term for j, term in enumerate(terms) if j != i]
    free = iter(
        c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        if c not in "".join(terms) + output
    )  # fmt: skip
    # A letter that this operand alone has was summed away: its gradient is the same all along it,
    # as along a letter for which all the others have length 1. Where only this operand has length 1
    # the gradient is summed. A repeated letter took a diagonal: the gradient is zero off it.
    seen, target = set(output).union(*other_terms), ""
    for letter, n in zip(mine, shape, strict=True):
        if letter in target:
            fresh = next(free)
            others.append(np.eye(n, dtype=_numpy_dtype(g)))
            other_terms.append(letter + fresh)
            letter = fresh
        elif letter not in seen or n != _length(letter, [output, *other_terms], [g, *others]):
            if letter in seen and n == 1:
                letter = next(free)
            others.append(np.ones((n,), dtype=_numpy_dtype(g)))
            other_terms.append(letter)
        target += letter
    formula = ",".join([output, *other_terms]) + "->" + target
    return einsum(g, *others, subscripts=formula)


def _length(letter: str, terms: list[str], arrays: list[Any]) -> int:
    """Return the length that a letter stands for; an axis of length 1 is broadcast."""
    lengths = [
        array.shape[term.index(letter)]
        for term, array in zip(terms, arrays, strict=True)
        if letter in term
    ]
    return next((n for n in lengths if n != 1), 1)


def _numpy_dtype(g: Any) -> Any:
    return getattr(g.dtype, "dtype", g.dtype)


@primitive(
    promotion="same",
    xs=lambda g, i, xs, xs_shape, *, subscripts: _einsum_x(g, i, xs, xs_shape, subscripts),
)
def einsum(*xs: Any, subscripts: str) -> Any:
    """Sum products over shared letters (Einstein's convention)."""
    terms, output = _parse(subscripts, tuple(x.ndim for x in xs))
    out = contract(terms, output, list(xs))
    return out.copy() if len(xs) == 1 else out  # of one operand NumPy gives a view


# Their rules are those of real numbers; the engine makes the complex ones of them.
for _product in (matmul, linear, einsum):
    _product.holomorphic = True

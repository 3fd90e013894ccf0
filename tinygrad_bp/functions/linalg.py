"""Products of matrices and vectors."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from ..messages import ShapeError
from ..rules import linalg as ops
from ..rules.complex import conjugate
from ..rules.elementwise import isfinite, where
from ..rules.reduce import sum
from ._axes import axis_of, numpy_names, reordered, with_out
from .rearranging import roll
from .shape import permute, reshape, transpose


def _ranks(what: str, *wanted: tuple[Any, int]) -> None:
    for x, n in wanted:
        if x.ndim != n:
            shapes = ", ".join(str(tuple(x.shape)) for x, _ in wanted)
            raise ShapeError(
                f"{what}: expected tensors of {', '.join(str(n) for _, n in wanted)} dimensions, "
                f"got shapes {shapes}; matmul takes any"
            )


@with_out
def matmul(input: Any, other: Any) -> Any:
    """Multiply matrices: vectors, matrices and batches of them, as ``@`` does.

    A vector on the left is a row, on the right a column; leading axes are broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.matmul(tgb.ones(5, 2, 3), tgb.ones(3)).shape
    tinygrad_bp.Size([5, 2])
    """
    return ops.matmul(input, other)


@with_out
def mm(input: Any, mat2: Any) -> Any:
    """Multiply two matrices.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.mm(x, tgb.eye(2))
    tensor([[1., 2.],
            [3., 4.]])
    """
    _ranks("mm", (input, 2), (mat2, 2))
    return ops.matmul(input, mat2)


@with_out
def bmm(input: Any, mat2: Any) -> Any:
    """Multiply two batches of matrices.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.bmm(tgb.ones(4, 2, 3), tgb.ones(4, 3, 5)).shape
    tinygrad_bp.Size([4, 2, 5])
    """
    _ranks("bmm", (input, 3), (mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(f"bmm: batches of {input.shape[0]} and {mat2.shape[0]} matrices")
    return ops.matmul(input, mat2)


@with_out
def mv(input: Any, vec: Any) -> Any:
    """Multiply a matrix by a vector.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.mv(x, tgb.ones(2))
    tensor([3., 7.])
    """
    _ranks("mv", (input, 2), (vec, 1))
    return ops.matmul(input, vec)


@with_out
def dot(input: Any, tensor: Any) -> Any:
    """Multiply two vectors to one number.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.dot(tgb.tensor([1.0, 2.0]), tgb.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _ranks("dot", (input, 1), (tensor, 1))
    return ops.matmul(input, tensor)


@with_out
def vdot(input: Any, other: Any) -> Any:
    """Multiply two vectors to one number; the first is conjugated, if it is complex.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.vdot(tgb.tensor([1.0, 2.0]), tgb.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _ranks("vdot", (input, 1), (other, 1))
    return ops.matmul(conjugate(input) if input.is_complex() else input, other)


@with_out
def inner(input: Any, other: Any) -> Any:
    """Sum products along the last axes of both.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.inner(tgb.tensor([1.0, 2.0]), tgb.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner: the last axes of {tuple(input.shape)} and {tuple(other.shape)} are not "
            "equally long"
        )
    return tensordot(input, other, ([-1], [-1]))


@with_out
def outer(input: Any, vec2: Any) -> Any:
    """Multiply each element of one vector by each of another.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.outer(tgb.tensor([1.0, 2.0]), tgb.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    _ranks("outer", (input, 1), (vec2, 1))
    return reshape(input, -1, 1) * vec2


ger = outer


@with_out
def kron(input: Any, other: Any) -> Any:
    """Put a multiple of `other` in the place of each element of `input` (Kronecker's product).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.kron(tgb.tensor([1.0, 10.0]), tgb.tensor([1.0, 2.0, 3.0]))
    tensor([ 1.,  2.,  3., 10., 20., 30.])
    """
    n = max(input.ndim, other.ndim)
    a = (1,) * (n - input.ndim) + tuple(input.shape)
    b = (1,) * (n - other.ndim) + tuple(other.shape)
    left = reshape(input, [k for extent in a for k in (extent, 1)])
    right = reshape(other, [k for extent in b for k in (1, extent)])
    return reshape(left * right, [i * j for i, j in zip(a, b, strict=True)])


@numpy_names
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """Give the vector that is orthogonal to two vectors of 3 components.

    Without `dim` the components lie along the first axis of length 3.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cross(tgb.tensor([1.0, 0.0, 0.0]), tgb.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    if input.ndim != other.ndim:
        raise ShapeError(
            f"cross: inputs must have the same number of dimensions, got {tuple(input.shape)} and "
            f"{tuple(other.shape)}"
        )
    if dim is None:
        if 3 not in input.shape:
            raise ShapeError(f"cross: no axis of the shape {tuple(input.shape)} has length 3")
        dim = tuple(input.shape).index(3)
    axis = axis_of(dim, input.ndim)
    if input.shape[axis] != 3 or other.shape[axis] != 3:
        raise ShapeError(
            f"cross: axis {dim} of the inputs must have length 3, the shapes are "
            f"{tuple(input.shape)} and {tuple(other.shape)}"
        )
    # Component i is x_{i+1} y_{i+2} - x_{i+2} y_{i+1}.
    first, second = roll(input, -1, axis), roll(input, -2, axis)
    return first * roll(other, -2, axis) - second * roll(other, -1, axis)


def _once_with_factors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let β and α be given before the tensors that they scale, as scripts once did."""

    @functools.wraps(function)
    def sorting(*args: Any, **named: Any) -> Any:
        if len(args) <= 3:
            return function(*args, **named)
        factors = [x for x in args if isinstance(x, (int, float))]
        tensors = [x for x in args if not isinstance(x, (int, float))]
        reordered(function.__name__, "input, factor, factor, *, beta, alpha", tuple(factors[:1]))
        return function(*tensors, **dict(zip(("beta", "alpha"), factors, strict=False)), **named)

    return sorting


def _scaled_sum(input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """Give β · input + α · product; with β = 0 the input is ignored, NaN in it too."""
    if alpha != 1:
        product = alpha * product
    if beta == 0:
        zeros = where(isfinite(input), input, input.new_zeros(())) * 0
        return zeros + product
    return (input if beta == 1 else beta * input) + product


@with_out
@_once_with_factors
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """Give ``beta * input + alpha * (mat1 @ mat2)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.addmm(tgb.ones(2), tgb.eye(2), tgb.eye(2))
    tensor([[2., 1.],
            [1., 2.]])
    """
    return _scaled_sum(input, mm(mat1, mat2), beta, alpha)


@with_out
@_once_with_factors
def addmv(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """Give ``beta * input + alpha * (mat @ vec)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.addmv(tgb.ones(2), tgb.eye(2), tgb.ones(2))
    tensor([2., 2.])
    """
    return _scaled_sum(input, mv(mat, vec), beta, alpha)


@with_out
@_once_with_factors
def addr(input: Any, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """Give ``beta * input + alpha * outer(vec1, vec2)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.addr(tgb.zeros(2, 2), tgb.ones(2), tgb.ones(2))
    tensor([[1., 1.],
            [1., 1.]])
    """
    return _scaled_sum(input, outer(vec1, vec2), beta, alpha)


@with_out
@_once_with_factors
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """Give ``beta * input + alpha * (batch1 @ batch2)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.baddbmm(tgb.ones(1), tgb.ones(1, 2, 2), tgb.ones(1, 2, 2))
    tensor([[[3., 3.],
             [3., 3.]]])
    """
    return _scaled_sum(input, bmm(batch1, batch2), beta, alpha)


@with_out
@_once_with_factors
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """Give ``beta * input + alpha * Σ batch1 @ batch2``, the sum over the batch."""
    return _scaled_sum(input, sum(bmm(batch1, batch2), axis=0), beta, alpha)


def _from_sublists(parts: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Spell ``(x, [0, 1], y, [1, 2], [0, 2])`` as ``("ab,bc->ac", (x, y))``."""

    def term(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else _LETTERS[int(n)] for n in numbers)

    operands, terms = parts[0 : len(parts) // 2 * 2 : 2], parts[1::2]
    equation = ",".join(term(t) for t in terms)
    return equation + (f"->{term(parts[-1])}" if len(parts) % 2 else ""), operands


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum(equation: Any, *operands: Any) -> Any:
    """Sum products over shared letters, by Einstein's convention.

    Parameters
    ----------
    equation : str
        For example ``"bij,bjk->bik"``; ``...`` stands for any leading axes.
    *operands : Tensor
        Or all in a list. In the place of the equation, each tensor may be followed by a list of
        numbers that stand for letters: ``einsum(x, [0, 1], y, [1, 2], [0, 2])``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.einsum("ij,j->i", tgb.ones(2, 3), tgb.ones(3))
    tensor([3., 3.])
    """
    if not isinstance(equation, str):
        equation, operands = _from_sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if equation.split("->")[0].count(",") + 1 != len(operands):
        raise ShapeError(f"einsum: {equation!r} speaks of other than {len(operands)} operand(s)")
    return ops.einsum(*operands, subscripts=equation)


@with_out
def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Sum products over axes of `a` and `b`.

    Parameters
    ----------
    a, b : Tensor
    dims : int, or a pair of sequences of int
        The last `dims` axes of `a` and the first of `b`; or which axes, pair by pair. An axis of
        length 1 is repeated.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.tensordot(tgb.ones(2, 3, 4), tgb.ones(4, 3), dims=([1, 2], [1, 0]))
    tensor([12., 12.])
    """
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot: dims={dims} is negative or more than the axes of {tuple(a.shape)} and "
                f"{tuple(b.shape)}"
            )
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first, second = ([axis_of(d, x.ndim) for d in ds]
                         for ds, x in zip(dims, (a, b), strict=True))  # fmt: skip
    if len(first) != len(second):
        raise RuntimeError(f"tensordot: both dimension lists should have same length, got {dims}")
    for i, j in zip(first, second, strict=True):
        if a.shape[i] != b.shape[j] and 1 not in (a.shape[i], b.shape[j]):
            raise ShapeError(
                f"tensordot: axis {i} of shape {tuple(a.shape)} and {j} of {tuple(b.shape)} are "
                "not equally long"
            )
    # The length 1 meets the sum over the other's axis.
    if summed := tuple(i for i, j in zip(first, second, strict=True) if b.shape[j] == 1):
        a = sum(a, axis=summed, keepdims=True)
    if summed := tuple(j for i, j in zip(first, second, strict=True) if a.shape[i] == 1):
        b = sum(b, axis=summed, keepdims=True)
    rest_a = [i for i in range(a.ndim) if i not in first]
    rest_b = [j for j in range(b.ndim) if j not in second]
    n = math.prod(a.shape[i] for i in first)
    left = reshape(permute(a, *rest_a, *first), *_flat(a, rest_a), n)
    right = reshape(permute(b, *second, *rest_b), n, *_flat(b, rest_b))
    shape = [a.shape[i] for i in rest_a] + [b.shape[j] for j in rest_b]
    return reshape(ops.matmul(left, right), shape)


def _flat(x: Any, axes: list[int]) -> tuple[int]:
    return (math.prod(x.shape[i] for i in axes),)


def matrix_transpose(input: Any) -> Any:
    """Exchange the last two axes."""
    if input.ndim < 2:
        raise RuntimeError(f".mT needs at least 2 dimensions, not {input.ndim}")
    return transpose(input, -2, -1)

"""Products of matrices and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..messages import ShapeError
from ..rules import linalg as ops
from .shape import permute, reshape, transpose


def _ranks(what: str, *wanted: tuple[Any, int]) -> None:
    for x, n in wanted:
        if x.ndim != n:
            shapes = ", ".join(str(tuple(x.shape)) for x, _ in wanted)
            raise ShapeError(
                f"{what}: expected tensors of {', '.join(str(n) for _, n in wanted)} dimensions, "
                f"got shapes {shapes}; matmul takes any"
            )


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


def mm(input: Any, mat2: Any) -> Any:
    """Multiply two matrices."""
    _ranks("mm", (input, 2), (mat2, 2))
    return ops.matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """Multiply two batches of matrices."""
    _ranks("bmm", (input, 3), (mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(f"bmm: batches of {input.shape[0]} and {mat2.shape[0]} matrices")
    return ops.matmul(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """Multiply a matrix by a vector."""
    _ranks("mv", (input, 2), (vec, 1))
    return ops.matmul(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """Multiply two vectors to one number."""
    _ranks("dot", (input, 1), (tensor, 1))
    return ops.matmul(input, tensor)


def outer(input: Any, vec2: Any) -> Any:
    """Multiply each element of one vector by each of another."""
    _ranks("outer", (input, 1), (vec2, 1))
    return reshape(input, -1, 1) * vec2


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """Give ``beta * input + alpha * (mat1 @ mat2)``."""
    product = mm(mat1, mat2)
    return (input if beta == 1 else beta * input) + (product if alpha == 1 else alpha * product)


def einsum(equation: str, *operands: Any) -> Any:
    """Sum products over shared letters, by Einstein's convention.

    Parameters
    ----------
    equation : str
        For example ``"bij,bjk->bik"``; ``...`` stands for any leading axes.
    *operands : Tensor

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.einsum("ij,j->i", tgb.ones(2, 3), tgb.ones(3))
    tensor([3., 3.])
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if equation.split("->")[0].count(",") + 1 != len(operands):
        raise ShapeError(f"einsum: {equation!r} speaks of other than {len(operands)} operand(s)")
    return ops.einsum(*operands, subscripts=equation)


def tensordot(a: Any, b: Any, dims: int | Sequence[Sequence[int]] = 2) -> Any:
    """Sum products over the last `dims` axes of `a` and the first of `b`, or over given pairs."""
    if isinstance(dims, int):
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first, second = ([d % x.ndim for d in ds] for x, ds in zip((a, b), dims, strict=True))
    shared = [a.shape[i] for i in first]
    if shared != [b.shape[j] for j in second]:
        raise ShapeError(
            f"tensordot: axes {first} of shape {tuple(a.shape)} and {second} of {tuple(b.shape)} "
            "are not equally long"
        )
    rest_a = [i for i in range(a.ndim) if i not in first]
    rest_b = [j for j in range(b.ndim) if j not in second]
    n = 1
    for extent in shared:
        n *= extent
    left = reshape(permute(a, *rest_a, *first), *_flat(a, rest_a), n)
    right = reshape(permute(b, *second, *rest_b), n, *_flat(b, rest_b))
    shape = [a.shape[i] for i in rest_a] + [b.shape[j] for j in rest_b]
    return reshape(ops.matmul(left, right), shape)


def _flat(x: Any, axes: list[int]) -> tuple[int]:
    n = 1
    for i in axes:
        n *= x.shape[i]
    return (n,)


def matrix_transpose(input: Any) -> Any:
    """Exchange the last two axes."""
    if input.ndim < 2:
        raise RuntimeError(f".mT needs at least 2 dimensions, not {input.ndim}")
    return transpose(input, -2, -1)

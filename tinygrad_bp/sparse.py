"""Sparse tensors' names, over strided ones: the same results, without saving memory.

A sparse tensor is built and used as in PyTorch, and every operation takes it, since it is an
ordinary tensor, with its zeros. For matrices that fit into memory only as sparse ones, use
scipy.sparse.
"""

from __future__ import annotations

from typing import Any

from .creation import as_tensor, zeros
from .dtype import int64
from .functions.linalg import matmul
from .functions.reduce import log_softmax, softmax, sum
from .tensor import Tensor

__all__ = ["addmm", "log_softmax", "mm", "softmax", "sparse_coo_tensor", "sum"]

mm = matmul


def addmm(mat: Any, mat1: Any, mat2: Any, *, beta: float = 1.0, alpha: float = 1.0) -> Tensor:
    """Give β·mat + α·(mat1 @ mat2)."""
    return beta * mat + alpha * matmul(mat1, mat2)  # type: ignore[no-any-return]


def sparse_coo_tensor(indices: Any, values: Any = None, size: Any = None, *, dtype: Any = None,
                      device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
                      check_invariants: bool | None = None,
                      is_coalesced: bool | None = None) -> Tensor:  # fmt: skip
    """Make a tensor from the indices of its elements that are not zero, and these; it is strided.

    Parameters
    ----------
    indices : array_like of int, shape (sparse dimensions, n)
    values : array_like, shape (n, *dense dimensions)
        What has an index several times is summed.
    size : sequence of int, optional
        As small as the indices allow if left out.
    dtype, device, requires_grad
        See :func:`tinygrad_bp.tensor`.

    Raises
    ------
    RuntimeError
        For indices outside of the size.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    where = as_tensor(indices, dtype=int64)
    given = as_tensor(values, dtype=dtype, device=device)
    if size is None:
        size = [int(n) + 1 for n in where.amax(1).tolist()] + list(given.shape[1:])
    out_of = (where < 0) | (where >= as_tensor(list(size)[: len(where)]).unsqueeze(1))
    if where.numel() and out_of.any():
        raise RuntimeError(f"sparse_coo_tensor: an index lies outside of the size {tuple(size)}")
    made: Any = zeros(*size, dtype=given.dtype)
    made = made.index_put(tuple(where.unbind(0)), given, accumulate=True)
    return made.detach().requires_grad_() if requires_grad else made  # type: ignore[no-any-return]

"""What every function of linear algebra asks of its operands, and the batches they share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..messages import ShapeError
from ..rules.shape import broadcast_to


def floating(what: str, *operands: Any) -> None:
    """Refuse integers: their decompositions are no integers."""
    for x in operands:
        if not (x.is_floating_point() or x.is_complex()):
            raise RuntimeError(
                f"{what}: expected a floating point or complex tensor, got {x.dtype.name}. "
                "Convert it first: x.to(tgb.float32)"
            )


def matrices(what: str, *operands: Any, low: bool = False) -> None:
    """Refuse what has fewer than two axes; and half precision, unless `low`."""
    floating(what, *operands)
    for x in operands:
        if x.dtype.itemsize == 2 and not low:
            raise RuntimeError(
                f"{what}: low precision dtypes are not supported, got {x.dtype.name}. Convert it "
                "first: x.to(tgb.float32)"
            )
        if x.ndim < 2:
            raise ShapeError(
                f"{what}: the input tensor must have at least 2 dimensions, got the shape "
                f"{tuple(x.shape)}"
            )


def square(what: str, A: Any) -> None:
    """Refuse matrices that are not square."""
    matrices(what, A)
    m, n = A.shape[-2:]
    if m != n:
        raise ShapeError(
            f"{what}: A must be batches of square matrices, but they are {m} by {n} matrices"
        )


def same_dtype(what: str, A: Any, B: Any) -> None:
    """Refuse operands of two dtypes."""
    if A.dtype != B.dtype:
        raise RuntimeError(
            f"{what}: expected tensors of one dtype, got {A.dtype.name} and {B.dtype.name}"
        )


def together(what: str, A: Any, B: Any) -> tuple[Any, Any]:
    """Give two stacks of matrices the batch that broadcasting makes of theirs."""
    first, second = tuple(A.shape[:-2]), tuple(B.shape[:-2])
    if first == second:
        return A, B
    try:
        batch = np.broadcast_shapes(first, second)
    except ValueError:
        raise ShapeError(
            f"{what}: the batches of {tuple(A.shape)} and {tuple(B.shape)} can't be broadcast"
        ) from None
    return stretched(A, batch), stretched(B, batch)


def stretched(A: Any, batch: tuple[int, ...]) -> Any:
    """Repeat matrices to a batch."""
    shape = (*batch, *A.shape[-2:])
    return A if tuple(A.shape) == shape else broadcast_to(A, shape=shape)


def eye_like(x: Any, n: int) -> Any:
    """Give the identity of x's dtype, as an array."""
    return np.eye(n, dtype=np.dtype(x.dtype))


def integers(like: Any, values: Any, kind: str = "int32") -> Any:
    """Make a tensor of integers."""
    return like.new_tensor(np.asarray(values).astype(kind))

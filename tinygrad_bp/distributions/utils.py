"""What distributions share: broadcasting, probabilities and logits, values computed when asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..arrays import Size
from ..draws import drawn
from ..mode import enable_grad
from ..nn import functional as F
from ..tensor import Tensor, wrap

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip

euler_constant = 0.5772156649015329

Number = (int, float, bool, complex)


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Bring tensors and numbers to one shape; numbers take the dtype of the first tensor.

    Raises
    ------
    ValueError
        For what is neither.
    """
    for value in values:
        if not isinstance(value, (Tensor, *Number)):
            raise ValueError(
                "the parameters of a distribution are tensors or numbers, not "
                f"{type(value).__name__}"
            )
    kind = next((v.dtype for v in values if isinstance(v, Tensor)), tgb.get_default_dtype())
    tensors = [v if isinstance(v, Tensor) else tgb.tensor(v, dtype=kind) for v in values]
    return spread(*tensors)


def spread(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Bring tensors to one shape."""
    shape = np.broadcast_shapes(*(t.shape for t in tensors))
    return tuple(t if t.shape == shape else t.expand(shape) for t in tensors)


def sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """Sum over the last `dim` axes."""
    return value if dim == 0 else value.reshape((*value.shape[: value.ndim - dim], -1)).sum(-1)


def noise(draw: str, shape: Any, like: Tensor) -> Tensor:
    """Draw "random", "standard_normal" or "standard_exponential" numbers of the dtype of `like`."""
    return wrap(drawn(draw, tuple(shape), like._array.dtype, None))


def open_uniform(shape: Any, like: Tensor) -> Tensor:
    """Draw uniform numbers on (0, 1), ends excluded: their logarithms are finite."""
    info = tgb.finfo(like.dtype)
    return noise("random", shape, like).clamp(info.tiny, 1 - info.eps)


def like_batch(value: float, batch: Tensor) -> Tensor:
    """Fill a tensor of a parameter's shape and dtype."""
    return tgb.full_like(batch.detach(), value)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Give probabilities: the sigmoid of binary logits, the softmax of others."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Move probabilities away from 0 and 1, by the resolution of their dtype."""
    eps = tgb.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Give logits: log p − log(1 − p) of binary probabilities, log p of others."""
    inside = clamp_probs(probs)
    return inside.log() - (-inside).log1p() if is_binary else inside.log()


class lazy_property:  # noqa: N801  PyTorch's name
    """A property that is computed once, when it is first asked for."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        with enable_grad():  # whoever asks first, under no_grad say, must not decide for others
            value = self.wrapped(instance)
        instance.__dict__[self.wrapped.__name__] = value
        return value


def one_of(probs: Any, logits: Any) -> None:
    """Raise ValueError unless exactly one of the two was given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class Binary:
    """Of a distribution with a probability for each element: `probs`, or `logits`."""

    probs: Any
    logits: Any

    def _take(self, probs: Any, logits: Any, *more: Any) -> tuple[Tensor, ...]:
        """Set the one that was given, broadcast with `more`, which are returned."""
        one_of(probs, logits)
        given, *rest = broadcast_all(probs if logits is None else logits, *more)
        self.__dict__["probs" if logits is None else "logits"] = given
        return tuple(rest)

    @property
    def _param(self) -> Tensor:
        """The one that was given."""
        own = self.__dict__
        return own["logits"] if "probs" not in own else own["probs"]

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._param.shape

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._param.new(*args, **kwargs)


def _logits(self: Any) -> Tensor:
    """The logit, log p − log(1 − p)."""
    return probs_to_logits(self.probs, is_binary=True)


def _probs(self: Any) -> Tensor:
    """The probability."""
    return logits_to_probs(self.logits, is_binary=True)


_logits.__name__, _probs.__name__ = "logits", "probs"
Binary.logits, Binary.probs = lazy_property(_logits), lazy_property(_probs)


def cross_entropy(logits: Tensor, value: Tensor) -> Tensor:
    """Give −log p of binary values, element by element."""
    return F.binary_cross_entropy_with_logits(logits, value, reduction="none")


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """List the elements on and below a diagonal of matrices, row by row.

    Raises
    ------
    ValueError
        For a diagonal that the matrices do not have.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = np.tril_indices(n, diag)
    return mat[..., wrap(rows), wrap(columns)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Lay elements out on and below a diagonal of matrices, row by row.

    Raises
    ------
    ValueError
        If no square matrix has so many.
    """
    count, n = vec.shape[-1], 0
    while len(np.tril_indices(n, diag)[0]) < count:
        n += 1
    rows, columns = np.tril_indices(n, diag)
    if len(rows) != count:
        raise ValueError(
            f"the last axis of length {count} is no lower triangle of a square matrix, from "
            f"diagonal {diag} on"
        )
    # A gather, with one 0 in front for all that lies above.
    place = np.zeros((n, n), np.int64)
    place[rows, columns] = 1 + np.arange(count)
    padded = F.pad(vec, (1, 0))
    return padded[..., wrap(place.reshape(-1))].reshape((*vec.shape[:-1], n, n))

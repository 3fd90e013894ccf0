"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...functions.shape import cat
from ...tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Any:
    """Join all parameters to one vector; differentiable.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.utils.parameters_to_vector([tgb.ones(2), tgb.zeros(1, 1)])
    tensor([1., 1., 0.])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the elements of a vector, in order, as their values.

    They share its memory, as in PyTorch.

    Raises
    ------
    TypeError
        If `vec` is no Tensor.
    RuntimeError
        If it has too few or too many elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.Linear(1, 1)
    >>> tgb.nn.utils.vector_to_parameters(tgb.tensor([2.0, 3.0]), layer.parameters())
    >>> layer(tgb.tensor([1.0])).item()
    5.0
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected Tensor, but got: {type(vec).__name__}")
    listed = list(parameters)
    needed = sum(p.numel() for p in listed)
    if vec.ndim != 1 or vec.numel() != needed:
        raise RuntimeError(
            f"vector_to_parameters: the parameters have {needed} elements together, the vector is "
            f"of shape {tuple(vec.shape)}"
        )
    start = 0
    for parameter in listed:
        end = start + parameter.numel()
        parameter.data = vec[start:end].reshape(*parameter.shape).data
        parameter.storage.touch()
        start = end

"""Jacobians, Hessians and their products with vectors, for functions of tensors.

With y = f(x) the Jacobian is J = ∂y/∂x, a row for each element of y and a column for each of x. A
backward pass gives vᵀJ (:func:`vjp`); J v (:func:`jvp`) takes two: vᵀJ is linear in v, and the
gradient of ``v ↦ (vᵀJ) u`` is J u.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions.shape import stack
from ..mode import enable_grad
from ..tensor import Tensor, wrap
from ._calls import (
    Tensors,
    as_tuple,
    check_strict,
    filled,
    finished,
    one_number,
    own_inputs,
    pull,
)
from .products import hvp, jvp, vhp, vjp

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
             strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """Return J = ∂f/∂x, every output element differentiated by every input element.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Make the Jacobian differentiable.
    strict : bool
        Raise where an output does not depend on an input, instead of giving zeros.
    vectorize, strategy
        Accepted as in PyTorch: they would choose how, and do not change the result.

    Returns
    -------
    Tensor, or tuples of Tensor
        Of shape ``(*output.shape, *input.shape)``. With several inputs a tuple, one for each; with
        several outputs a tuple with such an entry for each: ``J[i][j]`` is ∂(output i)/∂(input j).

    Raises
    ------
    RuntimeError
        In strict mode.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, section 3.2 (the reverse mode).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import jacobian
    >>> jacobian(lambda x: x**2, tgb.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f'jacobian: strategy has to be "reverse-mode" or "forward-mode", not {strategy!r}'
        )
    with enable_grad():
        many, given = as_tuple(inputs, "inputs", "jacobian")
        begun = own_inputs(given, create_graph)
        many_out, outputs = as_tuple(func(*begun), "the output of the function", "jacobian")
        check_strict(outputs, "jacobian", strict)
        blocks = [
            _block(output, i, begun, create_graph, strict) for i, output in enumerate(outputs)
        ]
    rows = tuple(finished(block, many, create_graph) for block in blocks)
    return rows if many_out else rows[0]


def _block(
    output: Tensor, i: int, inputs: Tensors, create_graph: bool, strict: bool
) -> list[Tensor]:
    """Return the Jacobians of one output, one for each input."""
    rows: list[list[Tensor]] = [[] for _ in inputs]
    for place in range(output.numel()):
        one = np.zeros(output.shape, output._array.dtype)
        one.reshape(-1)[place] = 1
        found = pull((output,), inputs, (wrap(one),), create_graph)
        what = f"output {i} does not depend on"
        for column, gradient in zip(
            rows, filled(found, inputs, "jacobian", what, strict, create_graph), strict=True
        ):
            column.append(gradient)
    shapes = [(*output.shape, *source.shape) for source in inputs]
    return [
        stack(column).reshape(shape) if column else wrap(np.zeros(shape, source._array.dtype))
        for column, shape, source in zip(rows, shapes, inputs, strict=True)
    ]


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
            strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """Return H = ∂²f/∂x², the matrix of second derivatives of one number.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor with a single element.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Make the Hessian differentiable.
    strict : bool
        Raise where the output or the gradient does not depend on an input, instead of giving zeros.
    vectorize, outer_jacobian_strategy
        Accepted as in PyTorch: they would choose how, and do not change the result.

    Returns
    -------
    Tensor, or tuple of tuple of Tensor
        Of shape ``(*input.shape, *input.shape)``; with several inputs ``H[i][j]`` is
        ∂²f/∂(input i)∂(input j).

    Raises
    ------
    RuntimeError
        If the function returns anything but one number, and in strict mode.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, section 5.4 (the Hessian matrix).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import hessian
    >>> hessian(lambda x: (x**3).sum(), tgb.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    many, given = as_tuple(inputs, "inputs", "hessian")

    def slope(*arguments: Tensor) -> Any:
        def value(*inner: Tensor) -> Any:
            return one_number(func, inner, "hessian").reshape(())

        return jacobian(value, arguments, create_graph=True, strict=strict)

    blocks = jacobian(slope, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks if many else blocks[0][0]

"""`backward` and `grad` for several tensors at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import engine
from ..tensor import Tensor, lift, wrap
from .why import why_no_grad

__all__ = ["backward", "grad"]


def _listed(tensors: Any) -> list[Any]:
    return [tensors] if tensors is None or isinstance(tensors, Tensor) else list(tensors)


def _given(gradients: Any, roots: list[Any]) -> list[Any]:
    return [None] * len(roots) if gradients is None else _listed(gradients)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of tensors to the ``grad`` of every leaf behind them.

    See :meth:`tinygrad_bp.Tensor.backward`; here for several tensors at once.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor(3.0, requires_grad=True)
    >>> tgb.autograd.backward([x * 2, x * x])
    >>> x.grad
    tensor(8.)
    """
    roots = _listed(tensors)
    given = _given(grad_tensors, roots)
    engine.backward(roots, given, retain_graph, create_graph, inputs, wrap, lift)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of the sum of outputs with respect to inputs; no ``grad`` changes.

    Only what lies between the two is computed.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
    grad_outputs : Tensor or sequence of Tensor, optional
        The gradient of some objective with respect to each output; 1 for single numbers.
    retain_graph : bool, optional
        Keep what the rules need for another backward. By default as `create_graph`.
    create_graph : bool
        Make the gradients differentiable.
    allow_unused : bool, optional
        Return None for an input that the outputs do not depend on, instead of raising.
    materialize_grads : bool
        Return zeros for it.

    Returns
    -------
    tuple of Tensor
        One for each input.

    Raises
    ------
    RuntimeError
        If an input was not used, and for the reasons of :meth:`Tensor.backward`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor(2.0, requires_grad=True)
    >>> (slope,) = tgb.autograd.grad(x**3, x, create_graph=True)
    >>> tgb.autograd.grad(slope, x)
    (tensor(12.),)
    """
    if is_grads_batched or not only_inputs:
        raise RuntimeError(
            "grad: is_grads_batched=True and only_inputs=False are not supported; for a batch of "
            "gradients use autograd.functional.jacobian"
        )
    roots, sources = _listed(outputs), _listed(inputs)
    nodes = [engine.node_of(t, "grad", i) for i, t in enumerate(sources)]
    found = engine.gradients(
        roots, _given(grad_outputs, roots), nodes, retain_graph, create_graph, wrap, lift
    )
    for i, (source, gradient) in enumerate(zip(sources, found, strict=True)):
        if gradient is not None:
            continue
        if materialize_grads:
            found[i] = wrap(np.zeros_like(source._array))
        elif not allow_unused:
            raise RuntimeError(
                f"grad: the outputs do not depend on input {i}: {why_no_grad(source, roots[0])}. "
                "Pass allow_unused=True for None in its place."
            )
    return tuple(found)

"""`backward` and `grad`: seeds in, gradients out, over the graph of `graph`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import anomaly
from .. import dtype as dtypes
from ..graph import Node, backprop
from ..mode import modes
from ..tensor import Tensor, lift, wrap
from .hooks import run_post_accumulate

__all__ = ["backward", "grad"]


def _seed(root: Tensor, gradient: Any, create_graph: bool) -> tuple[Node, Any]:
    """Check a root and its gradient; return its node and what flows into it."""
    node = root.node
    if node is None:
        from .why import why_no_grad_root

        raise RuntimeError(why_no_grad_root(root))
    array = root._array
    if gradient is None:
        if array.size != 1:
            raise RuntimeError(
                f"backward from {node.describe()}: it has {array.size} elements, and a gradient can "
                "be left out for a single number only. Reduce it (.sum(), .mean()), or give "
                f"`gradient`, of shape {array.shape}"
            )
        seed = np.ones(array.shape, array.dtype)
        return node, wrap(seed) if create_graph else seed
    if not isinstance(gradient, Tensor):
        gradient = wrap(np.asarray(gradient, array.dtype))
    if gradient._array.shape != array.shape:
        raise RuntimeError(
            f"backward from {node.describe()}: a gradient of shape {tuple(gradient.shape)} does not "
            f"fit the tensor's shape {array.shape}"
        )
    if gradient._array.dtype != array.dtype:
        gradient = gradient.to(dtypes.of_numpy(array.dtype))
    return node, gradient if create_graph else gradient._array


@contextlib.contextmanager
def _recording(on: bool) -> Iterator[None]:
    before = modes.grad
    modes.grad = on
    try:
        # A zero or infinite slope is an ordinary answer of a rule; detect_anomaly finds the bad ones.
        with np.errstate(all="ignore"):
            yield
    finally:
        modes.grad = before


def _as_list(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _seeds(roots: list[Tensor], gradients: Any, create_graph: bool) -> dict[Node, Any]:
    given = [gradients] if gradients is None or isinstance(gradients, Tensor) else list(gradients)
    if len(given) == 1 and given[0] is None:
        given = [None] * len(roots)
    if len(given) != len(roots):
        raise RuntimeError(f"{len(given)} gradients for {len(roots)} tensors")
    seeds: dict[Node, Any] = {}
    for root, gradient in zip(roots, given, strict=True):
        node, seed = _seed(root, gradient, create_graph)
        seeds[node] = seeds[node] + seed if node in seeds else seed
    return seeds


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of tensors to the ``grad`` of every leaf behind them.

    See :meth:`tinygrad_bp.Tensor.backward`; here for several tensors at once.
    """
    wanted = None
    if inputs is not None:
        tensors_in = _as_list(inputs)
        if not tensors_in:
            raise RuntimeError("backward: `inputs` is empty; leave it away for all leaves")
        wanted = {_node_of(t, "backward", i) for i, t in enumerate(tensors_in)}
    keep = create_graph if retain_graph is None else retain_graph
    with _recording(create_graph):
        found = backprop(
            _seeds(_as_list(tensors), grad_tensors, create_graph),
            keep=keep,
            lift=lift if create_graph else None,
            wanted=wanted,
            watch=anomaly.check_backward if modes.anomaly else None,
        )
        for node, (gradient, own) in found.items():
            _collect(node, gradient, own, create_graph)


def _collect(node: Node, gradient: Any, own: bool, create_graph: bool) -> None:
    """Add a gradient to what a leaf (or a node that retains its gradient) has collected."""
    extra = node.more
    before = extra.grad
    if isinstance(gradient, Tensor):
        extra.grad = gradient if before is None else before + gradient
    elif before is None or node.op is not None:
        # Only an array that nobody else holds may become the gradient as it is.
        extra.grad = wrap(gradient if own and type(gradient) is np.ndarray else np.array(gradient))
    elif before.requires_grad:
        extra.grad = wrap(before._array + gradient)
    else:
        before._array[...] += gradient
        before.storage.touch()
    if extra.post_hooks:
        run_post_accumulate(node)


def _node_of(tensor: Tensor, what: str, i: int) -> Node:
    node = tensor.node
    if node is None:
        raise RuntimeError(
            f"{what}: input {i}, of shape {tuple(tensor.shape)}, does not require a gradient"
        )
    return node


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
    if is_grads_batched:
        raise RuntimeError("grad: is_grads_batched is not supported; use autograd.functional.jacobian")
    sources: Sequence[Tensor] = _as_list(inputs)
    roots = _as_list(outputs)
    nodes = [_node_of(t, "grad", i) for i, t in enumerate(sources)]
    keep = create_graph if retain_graph is None else retain_graph
    with _recording(create_graph):
        found = backprop(
            _seeds(roots, grad_outputs, create_graph),
            keep=keep,
            lift=lift if create_graph else None,
            wanted=set(nodes),
            watch=anomaly.check_backward if modes.anomaly else None,
        )
    gradients: list[Any] = []
    for i, (source, node) in enumerate(zip(sources, nodes, strict=True)):
        if node in found:
            gradient = found[node][0]
            gradients.append(
                gradient if isinstance(gradient, Tensor) else wrap(np.array(gradient))
            )
        elif materialize_grads:
            gradients.append(wrap(np.zeros_like(source._array)))
        elif allow_unused:
            gradients.append(None)
        else:
            from .why import why_no_grad

            raise RuntimeError(
                f"grad: the outputs do not depend on input {i}: {why_no_grad(source, roots[0])}. "
                "Pass allow_unused=True for None in its place."
            )
    return tuple(gradients)

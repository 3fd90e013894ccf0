"""From tensors to `graph.backprop` and back: seeds are checked, gradients collected in leaves.

What is called Tensor here comes as `wrap` (an array into a Tensor) and `lift` (a kept array into a
Tensor with its history), so that this room lies below `tensor`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import anomaly
from .graph import Node, backprop
from .mode import modes
from .origin import why_root

__all__ = ["backward", "gradients"]

Wrap = Callable[[Any], Any]

# A zero or infinite slope is an ordinary answer of a rule; detect_anomaly finds the bad ones.
_backprop = np.errstate(all="ignore")(backprop)


def _seeds(roots: Sequence[Any], given: Sequence[Any], create_graph: bool, wrap: Wrap) -> Any:
    """Check the roots and their gradients; return what flows into each node."""
    if len(roots) == 1 and given[0] is None and not create_graph:
        root = roots[0]
        node, array = root.node, root._array
        if node is not None and not array.ndim:
            return {node: array.dtype.type(1)}  # the ordinary case: a loss
    if len(given) != len(roots):
        raise RuntimeError(f"{len(given)} gradients for {len(roots)} tensors")
    seeds: dict[Node, Any] = {}
    for root, gradient in zip(roots, given, strict=True):
        node, array = root.node, root._array
        if node is None:
            raise RuntimeError(why_root(root))
        if gradient is None:
            if array.size != 1:
                raise RuntimeError(
                    f"backward from {node.describe()}: it has {array.size} elements, and a "
                    "gradient can be left out for a single number only. Reduce it (.sum(), "
                    f".mean()), or give `gradient`, of shape {array.shape}"
                )
            seed = np.ones(array.shape, array.dtype) if array.ndim else array.dtype.type(1)
            seed = wrap(np.asarray(seed)) if create_graph else seed
        else:
            if not hasattr(gradient, "_array"):
                gradient = wrap(np.asarray(gradient, array.dtype))
            if gradient._array.shape != array.shape:
                raise RuntimeError(
                    f"backward from {node.describe()}: a gradient of shape {tuple(gradient.shape)} "
                    f"does not fit the tensor's shape {array.shape}"
                )
            if gradient._array.dtype != array.dtype:
                gradient = gradient.to(array.dtype)
            seed = gradient if create_graph else gradient._array
        seeds[node] = seeds[node] + seed if node in seeds else seed
    return seeds


def _run(seeds: dict[Node, Any], keep: bool, lift: Any, wanted: set[Node] | None) -> Any:
    # Rules on arrays record nothing. (Hooks and custom functions, which run on tensors, switch
    # recording themselves.)
    recording, anomalous = modes.grad, modes.anomaly
    if lift is None and modes.trace is not None:
        return modes.trace.backprop(seeds, keep, wanted)
    if lift is not None:
        modes.grad = True
    if anomalous:
        modes.anomaly = False  # `watch` knows the forward operation that a rule belongs to
    try:
        watch = anomaly.check_backward if anomalous else None
        return _backprop(seeds, keep, lift, wanted, watch)
    finally:
        if lift is not None:
            modes.grad = recording
        if anomalous:
            modes.anomaly = True


def node_of(tensor: Any, what: str, i: int) -> Node:
    """Return the node of a tensor whose gradient is asked for."""
    node: Node | None = tensor.node
    if node is None:
        raise RuntimeError(
            f"{what}: input {i}, of shape {tuple(tensor.shape)}, does not require a gradient"
        )
    return node


def backward(
    roots: Sequence[Any],
    given: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Any,
    wrap: Wrap,
    lift: Any,
) -> None:
    """Add the gradients of the sum of the roots to every leaf behind them, or to `inputs`."""
    wanted = None
    if inputs is not None:
        sources = [inputs] if hasattr(inputs, "_array") else list(inputs)
        if not sources:
            raise RuntimeError("backward: `inputs` is empty; leave it away for all leaves")
        wanted = {node_of(t, "backward", i) for i, t in enumerate(sources)}
    keep = create_graph if retain_graph is None else retain_graph
    seeds = _seeds(roots, given, create_graph, wrap)
    found = _run(seeds, keep, lift if create_graph else None, wanted)
    for node in list(found):
        gradient, own = found.pop(node)  # so that a copy that is made of it is the only one left
        extra = node.extra
        if (
            own
            and extra is not None
            and extra.grad is None
            and not extra.post_hooks
            and type(gradient) is np.ndarray
            and gradient.shape == node.shape
            and node.made is not None
            and (leaf := node.made()) is not None
            and leaf._node is node
        ):
            extra.grad = wrap(gradient)  # the ordinary case, without a further call
        else:
            _collect(node, gradient, own, wrap)


def _collect(node: Node, gradient: Any, own: bool, wrap: Wrap) -> None:
    """Add a gradient to what a leaf (or a node that retains its gradient) has collected."""
    if node.op is None:
        leaf = node.made and node.made()
        if leaf is not None and leaf._node is not node:
            return  # requires_grad was switched off since
    if gradient.shape != node.shape:
        raise RuntimeError(
            f"a rule gave a gradient of shape {tuple(gradient.shape)} for {node.describe()}: a "
            "rule has to return the shape of its input (an elementwise one, or its broadcast)"
        )
    extra = node.extra or node.more
    before = extra.grad
    if own and before is None:
        # An array that nobody else holds becomes the gradient as it is (a sum of single numbers is
        # a NumPy scalar).
        extra.grad = wrap(gradient if type(gradient) is np.ndarray else np.asarray(gradient))
    elif hasattr(gradient, "_array"):
        # Differentiable, and a tensor of its own: x + y passes one and the same on to both.
        recording = modes.grad
        modes.grad = True
        try:
            if before is not None and modes.trace is not None and not gradient.requires_grad:
                modes.trace.accumulate(before, gradient)
            else:
                extra.grad = gradient.clone() if before is None else before + gradient
        finally:
            modes.grad = recording
    elif before is None:
        extra.grad = wrap(np.array(gradient, order="C"))  # as a parameter lies, for its optimizer
    elif before.requires_grad or node.op is not None or not before._array.flags.writeable:
        extra.grad = wrap(np.asarray(before._array + gradient))
    else:
        before._array[...] += gradient
        before.storage.touch()
    if extra.post_hooks:
        for hook in list(extra.post_hooks.values()):
            hook()


def gradients(
    roots: Sequence[Any],
    given: Sequence[Any],
    nodes: Sequence[Node],
    retain_graph: bool | None,
    create_graph: bool,
    wrap: Wrap,
    lift: Any,
) -> list[Any]:
    """Return the gradient of the sum of the roots at each node; None where there is no path."""
    keep = create_graph if retain_graph is None else retain_graph
    seeds = _seeds(roots, given, create_graph, wrap)
    found = _run(seeds, keep, lift if create_graph else None, set(nodes))
    out = []
    for node in nodes:
        gradient = found[node][0] if node in found else None
        if gradient is not None and not hasattr(gradient, "_array"):
            gradient = wrap(np.array(gradient))
        out.append(gradient)
    return out

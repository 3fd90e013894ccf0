"""Why a gradient is None."""

from __future__ import annotations

from ..graph import Node, topological_order
from ..origin import exports, leaves_behind, spell
from ..tensor import Tensor

__all__ = ["why_no_grad"]


def why_no_grad(x: Tensor, loss: Tensor) -> str:
    """Say why ``x.grad`` is None after ``loss.backward()``: where the path between them breaks.

    Parameters
    ----------
    x : Tensor
        The tensor whose gradient is missing.
    loss : Tensor
        The tensor that backward was (or would be) called on.

    Returns
    -------
    str
        One sentence: what broke the path (a detach, ``no_grad``, a cast to integers, values taken
        out with ``.data``, an operation without a gradient, x not used at all), and the line of
        code; or that nothing is broken.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.ones(2, requires_grad=True)
    >>> w = tgb.ones(2, requires_grad=True)
    >>> loss = (x.detach() * w).sum()
    >>> print(tgb.autograd.why_no_grad(x, loss))
    x was detached from the graph by 'detach()', at <doctest ...: `loss = (x.detach() * w).sum()`
    """
    name = x.name or "x"
    node = x.node
    if node is None:
        if x._array.dtype.kind not in "fc":
            return (
                f"{name} is of {x.dtype.name}: only floating-point tensors have gradients; convert "
                f"it first, {name}.to(tgb.float32)"
            )
        if x._origin:
            return f"{name} itself stands outside the graph: it was {spell(x._origin[-1])}"
        return f"{name} does not require a gradient: create it with requires_grad=True"
    if loss.node is None:
        cuts = list(loss._origin)
        order: list[Node] = []
        inside: set[Node] = set()
    else:
        order = topological_order([loss.node])
        inside = set(order)
        cuts = [o for n in order if n.extra is not None for o in n.extra.origins]
    if node in inside:
        if node.op is not None and not x.retains_grad:
            return (
                f"{name} is not a leaf, it was computed by {node.describe()}: call "
                f"{name}.retain_grad() before backward to keep its gradient"
            )
        custom = [n for n in order if n.op is not None and n.plan is None]
        unless = f", unless the backward of {custom[0].describe()} returns None" if custom else ""
        return (
            f"nothing is broken: loss depends on {name}{unless}; call loss.backward() (again, if "
            "the gradient was cleared since)"
        )
    behind = _leaves(node)
    uncertain = None
    for cut in cuts:
        leaves, complete = leaves_behind(cut)
        if not behind.isdisjoint(leaves):
            return f"{name} was {spell(cut)}"
        if not complete and uncertain is None:
            uncertain = cut
    if uncertain is not None:
        return f"{name} probably lies behind what was {spell(uncertain)}"
    for cut in reversed(exports):
        if not behind.isdisjoint(leaves_behind(cut)[0]):
            return (
                f"{name} is not used: loss was not computed from it by recorded operations. It was "
                f"{spell(cut)}: what was computed there has no history"
            )
    if loss.node is None:
        return (
            f"loss does not require a gradient, and was not computed from {name}: "
            f"{name} is not used"
        )
    return f"{name} is not used: loss was not computed from it"


def _leaves(node: Node) -> set[Node | None]:
    return {n for n in topological_order([node]) if n.op is None}

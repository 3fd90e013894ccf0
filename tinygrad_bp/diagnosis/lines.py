"""The right lines of the backward pass, as the notes write them: ``dW2 = dZ2 A1ᵀ``."""

from __future__ import annotations

from ..graph import Node
from .hypotheses.affine import back_line
from .roles import Affine, Roles

__all__ = ["lines_of"]


def lines_of(roles: Roles) -> dict[Node, str]:
    """Return the formulas of the gradients of every layer, by the value whose gradient it is."""
    found: dict[Node, str] = {}
    name = roles.graph.name
    penalized = {node for node, _ in roles.penalties}
    for affine in roles.affine:
        leaf = roles.leaf(affine.product.inputs[affine.weight])
        if leaf is not None:
            term = _weight_line(roles, affine)
            if leaf in found:
                found[leaf] += f" + {term}"
            else:
                found[leaf] = f"d{name(leaf)} = {term}"
        if affine.bias is not None:
            bias = roles.leaf(affine.bias[0].inputs[affine.bias[1]])
            if bias is not None:
                found[bias] = f"d{name(bias)} = Σ d{name(affine.out)}, over the samples"
        source = affine.product.inputs[affine.data]
        if source is not None and len(roles.graph.consumers.get(source, ())) == 1:
            found[source] = back_line(roles, affine)
    for leaf in penalized:
        if leaf in found:
            found[leaf] += " + (the penalty's term)"
    for act in roles.activated:
        f = act.known.sign if act.known else "f"
        if len(roles.graph.consumers.get(act.z, ())) == 1:
            found[act.z] = f"d{name(act.z)} = d{name(act.a)} ⊙ {f}′({name(act.z)})"
    return found


def _weight_line(roles: Roles, affine: Affine) -> str:
    source = affine.product.inputs[affine.data]
    if source is not None:
        data = roles.graph.name(source)
    else:
        data = getattr(roles.graph.operand(affine.product, affine.data), "name", "X")
    error = f"d{roles.graph.name(affine.out)}"
    if affine.columns:
        return f"{error} {data}ᵀ"
    return f"{error}ᵀ {data}" if affine.transposed else f"{data}ᵀ {error}"

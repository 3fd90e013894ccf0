"""What the transforms share: inputs of their own, and results without needless history."""

from __future__ import annotations

from typing import Any

from ..graph import Node
from ..mode import modes
from ..tensor import Tensor
from .tree import leaves, tree_map

__all__ = ["begin", "end", "tensors_of"]


def tensors_of(tree: Any, where: str) -> list[Tensor]:
    """Return the leaves, which have to be tensors."""
    found = leaves(tree)
    for leaf in found:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{where}: expected tensors, or containers of them, got {type(leaf).__name__}"
            )
    return found


def begin(tree: Any) -> Any:
    """Replace tensors by ones of the transform's own, which continue an outer history."""

    def fresh(tensor: Tensor) -> Any:
        if tensor.requires_grad:
            return tensor.view_as(tensor)
        return tensor.detach().requires_grad_()

    return tree_map(fresh, tree)


def end(tree: Any, begun: Any) -> Any:
    """Cut results off, unless they depend on more than the transform's own inputs."""
    own = {id(tensor.node) for tensor in leaves(begun) if tensor.is_leaf}

    def cut(result: Any) -> Any:
        if not isinstance(result, Tensor) or not result.requires_grad:
            return result
        return result if modes.grad and _depends(result.node, own) else result.detach()

    return tree_map(cut, tree)


def _depends(node: Node | None, own: set[int]) -> bool:
    """Whether a leaf that is none of `own` lies behind a node."""
    stack, seen = [node], set()
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.op is None and id(node) not in own:
            return True
        stack.extend(node.inputs)
    return False

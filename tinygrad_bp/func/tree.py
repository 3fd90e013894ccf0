"""Nested containers of tensors: taken apart into leaves, and put together again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["leaves", "matched", "rebuilt", "tree_map"]


def _children(tree: Any) -> list[Any] | None:
    if isinstance(tree, dict):
        return list(tree.values())
    return list(tree) if isinstance(tree, (tuple, list)) else None


def leaves(tree: Any) -> list[Any]:
    """Return what is in the containers, in order; None is no leaf."""
    children = _children(tree)
    if children is None:
        return [] if tree is None else [tree]
    return [leaf for child in children for leaf in leaves(child)]


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """Put ``function(leaf)`` in the place of each leaf."""
    return rebuilt(tree, map(function, leaves(tree)))


def rebuilt(tree: Any, values: Any) -> Any:
    """Put new leaves into containers like those of `tree`."""
    return _refill(tree, iter(values))


def _refill(tree: Any, values: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        pairs = {key: _refill(child, values) for key, child in tree.items()}
        return OrderedDict(pairs) if isinstance(tree, OrderedDict) else pairs
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_refill(child, values) for child in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)([_refill(child, values) for child in tree])
    return None if tree is None else next(values)


def matched(prefix: Any, tree: Any, what: str) -> list[Any]:
    """Return one value a leaf of `tree`: `prefix` has the same containers, down to some depth.

    Raises
    ------
    ValueError
        Where the containers do not fit.
    """
    children = _children(tree)
    if children is None:
        return [] if tree is None else [prefix]
    if prefix is None or isinstance(prefix, int):
        return [prefix] * len(leaves(tree))
    given = _children(prefix)
    if given is None or len(given) != len(children):
        raise ValueError(f"vmap: {what}={prefix!r} is not compatible with the structure {tree!r}")
    pairs = zip(given, children, strict=True)
    return [value for part, child in pairs for value in matched(part, child, what)]

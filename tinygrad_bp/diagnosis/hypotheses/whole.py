"""Hypotheses about a line as a whole: `scale`, `sign`, `mean-instead-of-sum`, `transposed`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...graph import Node
from ..roles import Roles
from .change import Change, Ending, Meaning, Words, arrived
from .factors import Factors, scaled

__all__ = ["multiplied", "turned"]


def multiplied(roles: Roles, factors: Factors, keys: list[Node], line: dict[Node, str]
               ) -> Iterator[Change]:  # fmt: skip
    """Yield a factor at each gradient that has a line: dZ, dA, and those that were handed in."""
    biases = {leaf for a in roles.affine if a.bias is not None
              and (leaf := roles.leaf(a.bias[0].inputs[a.bias[1]])) is not None}  # fmt: skip
    places = [*keys, *[a.out for a in roles.affine], *[a.a for a in roles.activated]]
    for affine in roles.affine:
        source = affine.product.inputs[affine.data]
        if source is not None:
            places.append(source)
    ends = {head.z for head in roles.heads}
    for node in dict.fromkeys(places):
        if node not in roles.replay.totals:
            continue
        name = f"d{roles.graph.name(node)}"
        yield Change(
            node,
            arrived(node, -1),
            scaled(factors, name, line.get(node, ""), mean_first=node in biases,
                   prior=20 if node in keys else 24,
                   sums="all" if node in ends else "samples" if node.op is None else ""),
            direction=arrived(node),
            reads=(node,),
            only=node if node.op is None else None,
            usual=factors.usual,
        )  # fmt: skip


def turned(roles: Roles, key: Node, line: str) -> Iterator[Ending]:
    """Yield the transpose of a gradient, and its elements in the transpose's order."""
    shape = tuple(key.shape)
    if len(shape) != 2 or max(shape) == 1:
        return
    name = f"d{roles.graph.name(key)}"
    words = Words(
        name, f"{name} is transposed: its rows are the columns of the right gradient", line,
        f"transpose {name}: it needs the shape of {roles.graph.name(key)}, {shape}.",
    )  # fmt: skip
    yield Ending(key, lambda totals: np.asarray(totals[key]).T, Meaning(("transposed",), words, 10))
    if min(shape) > 1:
        reshaped = Words(
            name,
            f"the transpose of {name} was computed and then reshaped, which mixes its elements",
            line, f"transpose {name} with .T in place of reshape.",
        )  # fmt: skip
        yield Ending(
            key, lambda totals: np.asarray(totals[key]).T.reshape(shape),
            Meaning(("transposed",), reshaped, 40),
        )  # fmt: skip

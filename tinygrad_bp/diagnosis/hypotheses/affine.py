"""Hypotheses about Z = W A + b: another matrix in dA = Wᵀ dZ, or in dW = dZ Aᵀ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...graph import Node
from ..roles import Affine, Roles
from .change import Array, Change, Ending, Meaning, Words, always, fixed

__all__ = ["other_inputs", "other_weights", "own_update", "weight_in_product"]


def weight_in_product(roles: Roles, affine: Affine) -> Array:
    """Return the weight as the product multiplies it."""
    source = affine.product.inputs[affine.weight]
    if source is None:
        weight = roles.replay.constants[affine.product, affine.weight]
    else:
        weight = roles.replay.values[source]
    # nn.Linear's operation takes the weight as (out, in) and transposes it itself.
    name = affine.product.op.name if affine.product.op is not None else ""
    return np.asarray(weight.T if name == "linear" else weight)


def _back(affine: Affine, weight: Array, g: Array) -> Array:
    """Carry dZ through a weight (as the product multiplies it) to what the layer reads."""
    return weight.T @ g if affine.columns else g @ weight.T


def _outer(affine: Affine, g: Array, data: Array) -> Array:
    """Give the gradient of the weight, as the product multiplies it."""
    if g.ndim == 1:
        return np.outer(g, data) if affine.columns else np.outer(data, g)
    return g @ data.T if affine.columns else data.T @ g


def _rule(roles: Roles, affine: Affine, position: int) -> tuple[int, Node] | None:
    """Return (number of the rule, source) of an operand of the product."""
    product = affine.product
    source = product.inputs[position]
    if source is None or product.plan is None or position not in product.plan.positions:
        return None
    return product.plan.positions.index(position), source


def back_line(roles: Roles, affine: Affine) -> str:
    """Return the formula of dA, such as ``dA1 = W2ᵀ dZ2``."""
    source = affine.product.inputs[affine.data]
    name = roles.graph.name
    if source is None:
        return ""
    leaf = roles.leaf(affine.product.inputs[affine.weight])
    weight = name(leaf) if leaf is not None else "W"
    z = name(affine.out)
    if affine.columns:
        return f"d{name(source)} = {weight}ᵀ d{z}"
    return f"d{name(source)} = d{z} {weight}" + ("" if affine.transposed else "ᵀ")


def other_weights(roles: Roles) -> Iterator[Change]:
    """Yield dA through W where Wᵀ belongs, and through other layers' weights."""
    name = roles.graph.name
    for affine in roles.affine:
        rule = _rule(roles, affine, affine.data)
        if rule is None:
            continue
        i, source = rule
        product, right = affine.product, back_line(roles, affine)
        own = weight_in_product(roles, affine)
        leaf = roles.leaf(product.inputs[affine.weight])
        own_name = name(leaf) if leaf is not None else "W"
        seen = [own]

        def change(weight: Array, id: str, what: str, prior: int, affine: Affine = affine,
                   i: int = i, source: Node = source, seen: list[Array] = seen,
                   right: str = right) -> Iterator[Change]:  # fmt: skip
            if weight.shape != seen[0].shape or any(np.array_equal(weight, w) for w in seen):
                return
            seen.append(weight)

            def offset(totals: Mapping[Node, Any]) -> Any:
                g = totals[affine.product]
                return _back(affine, weight, g) - roles.replay.pull(affine.product, i, g)

            yield Change(
                source, offset,
                always(id, Words(f"d{name(source)}", what, right, f"compute {right}."), prior),
                reads=(affine.product,),
            )  # fmt: skip

        line = f"d{name(source)}"
        yield from change(
            own.T, "weight-not-transposed",
            f"{line} was computed with {own_name} where its transpose belongs"
            if affine.columns or not affine.transposed else
            f"{line} was computed with the transpose of {own_name}, which does not belong there",
            12,
        )  # fmt: skip
        for other in roles.affine:
            theirs = roles.leaf(other.product.inputs[other.weight])
            if theirs is leaf or theirs is None:
                continue
            weight = weight_in_product(roles, other)
            what = f"{line} was computed with {name(theirs)}, the weight of another layer"
            yield from change(weight, "wrong-layer-weight", what, 14)
            yield from change(
                weight.T, "wrong-layer-weight", what + ", and not transposed as it should be", 32
            )


def own_update(roles: Roles, given: Mapping[Node, Array]) -> Iterator[Change]:
    """Yield dA through a weight that its own update had changed already, at any learning rate."""
    name = roles.graph.name
    for affine in roles.affine:
        rule = _rule(roles, affine, affine.data)
        leaf = roles.leaf(affine.product.inputs[affine.weight])
        if rule is None or leaf is None:
            continue
        source = rule[1]
        right = back_line(roles, affine)
        line, weight = f"d{name(source)}", name(leaf)

        def meanings(rate: float, line: str = line, weight: str = weight, right: str = right
                     ) -> list[Meaning]:  # fmt: skip
            if not 1e-8 < rate < 1e4:
                return []
            return [Meaning(("updated-weight-used",), Words(
                line,
                f"{line} was computed with {weight} after its own update, {weight} − {rate:.4g} "
                f"d{weight}, in place of the {weight} of the forward pass",
                right, f"compute all gradients first, and update {weight} afterwards.",
            ), 16)]  # fmt: skip

        steps = [None] if leaf not in given else [None, given[leaf]]
        for step in steps:

            def direction(totals: Mapping[Node, Any], affine: Affine = affine, leaf: Node = leaf,
                          step: Array | None = step) -> Any:  # fmt: skip
                gradient = np.asarray(totals[leaf] if step is None else step)
                weight = weight_in_product(roles, affine)
                if gradient.shape != weight.shape or _linear(affine, leaf):
                    gradient = gradient.T
                return -_back(affine, gradient, totals[affine.product])

            yield Change(
                source, fixed(np.zeros(tuple(source.shape))), meanings,
                direction=direction, reads=(affine.product, leaf),
            )  # fmt: skip


def _linear(affine: Affine, leaf: Node) -> bool:
    """Whether the leaf is the transpose of what the product multiplies."""
    return affine.transposed


def other_inputs(roles: Roles, key: Node, line: str) -> Iterator[Change | Ending]:
    """Yield dW with another array than what the layer reads: X for A1, Z1 for A1."""
    name = roles.graph.name
    for affine in roles.affine:
        rule = _rule(roles, affine, affine.weight)
        if rule is None or roles.leaf(rule[1]) is not key:
            continue
        i, operand = rule
        source = affine.product.inputs[affine.data]
        if source is None:
            own = roles.replay.constants[affine.product, affine.data]
            own_name = getattr(roles.graph.operand(affine.product, affine.data), "name", "X")
        else:
            own, own_name = roles.replay.values[source], name(source)
        for other_name, other in roles.data:
            if other.ndim != own.ndim or other_name == own_name:
                continue
            if affine.many and other.shape[affine.samples] != affine.out.shape[affine.samples]:
                continue
            if other.shape == own.shape and np.array_equal(other, own):
                continue
            words = Words(
                f"d{name(key)}",
                f"d{name(key)} was computed with {other_name} in place of {own_name}, "
                "which is what the layer reads",
                line, f"put {own_name} where {other_name} stands: {line}." if line else
                f"put {own_name} where {other_name} stands.",
            )  # fmt: skip
            prior = 30 if any(other is head.target for head in roles.heads) else 14
            meaning = Meaning(("wrong-layer-activation",), words, prior)
            if other.shape == own.shape:
                yield _same_size(roles, affine, i, operand, other, meaning, key)
            else:
                yield _other_size(affine, other, meaning, key)


def _same_size(roles: Roles, affine: Affine, i: int, operand: Node, other: Array,
               meaning: Meaning, key: Node) -> Change:  # fmt: skip
    linear = affine.product.op is not None and affine.product.op.name == "linear"

    def offset(totals: Mapping[Node, Any]) -> Any:
        g = totals[affine.product]
        made = _outer(affine, g, other)
        return (made.T if linear else made) - roles.replay.pull(affine.product, i, g)

    return Change(operand, offset, lambda factor: [meaning], reads=(affine.product,), only=key)


def _other_size(affine: Affine, other: Array, meaning: Meaning, key: Node) -> Ending:
    def make(totals: Mapping[Node, Any]) -> Array:
        made = _outer(affine, totals[affine.product], other)
        return made.T if affine.transposed else made

    return Ending(key, make, meaning)

"""From a sample in each row to the notes' convention, a sample in each column.

Code says ``Z = X @ W + b`` with X (samples × features), or, with ``nn.Linear``, ``Z = X Wᵀ + b``.
The notes say ``Z = W X + b`` with X (features × samples). To get there, every symbol gets a role:

==================  ======================================  =====================================
role                in the code                             in columns
==================  ======================================  =====================================
``data``            (m, features): X, Z1, A1, Y, …          (features, m): its transpose
``weight``          (in, out), of ``X @ W``                 (out, in): its transpose
``linear weight``   (out, in), of ``X @ W.T``               as it is
``bias``            (out,) or (1, out)                      (out, 1): a column
==================  ======================================  =====================================

A gradient has the role of what it is the gradient of. :class:`Columns` puts the transpose of the
new symbol in place of the old one, and transposes the whole; ``simplify`` does the rest:
``(dZ1ᵀ)ᵀ Xᵀ`` becomes ``dZ1 Xᵀ``. The values of the symbols are turned with them, so that a turned
formula amounts to the turned gradient.

>>> import numpy as np
>>> from tinygrad_bp.expr import symbol
>>> X, dZ = symbol("X", np.ones((5, 3))), symbol("dZ", np.ones((5, 2)))
>>> columns = Columns({"X": "data", "Z": "data", "W": "weight"})
>>> columns.steps(X.T @ dZ, "W", Facts())[-1].formula  # (in × out) becomes (out × in)
Expr(matmul(dZ, transpose(X, axes=(1, 0))))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any

import numpy as np

from ...expr import Expr, apply, parts, replace, symbol
from ...graph import Node
from ...recorded.network import Recorded
from ...rules import linalg, shape
from ..lines import Step
from .facts import Facts
from .simplify import Depth, simplify

__all__ = ["Columns", "roles_of"]

Array = np.ndarray[Any, np.dtype[Any]]


class Columns:
    """Turns formulas, values and facts about them.

    Parameters
    ----------
    roles : mapping of str to str
        Name of a symbol -> its role: see above. A symbol without a role stays as it is.
    """

    def __init__(self, roles: Mapping[str, str]) -> None:
        self.roles = dict(roles)
        self._symbols: dict[tuple[str, int], Expr] = {}
        self._kept: list[Expr] = []  # an id names a symbol as long as that lives

    def role(self, name: str) -> str:
        """Return the role of a symbol, or of what it is the gradient of; "" if it has none."""
        return self.roles.get(name) or self.roles.get(name.removeprefix("d"), "")

    def value(self, name: str, value: Array) -> Array:
        """Turn the value of a symbol."""
        role = self.role(name)
        if role in ("data", "weight") and value.ndim == 2:
            return value.T
        if role == "bias" and _is_row(value):
            return value.reshape(-1, 1)
        return value

    def symbol(self, old: Expr) -> Expr:
        """Return the symbol that stands for the turned value."""
        key = (old.name, id(old))
        if key not in self._symbols:
            self._kept.append(old)
            value = self.value(old.name, old.value)
            self._symbols[key] = old if value is old.value else symbol(old.name, value)
        return self._symbols[key]

    def formula(self, old: Expr, name: str) -> Expr:
        """Turn the right-hand side of ``name = …``; what comes out is right, not yet simple."""
        put = {}
        for part in parts(old):
            if part.op is None:
                new = self.symbol(part)
                if new is not part:
                    put[id(part)] = self._back(new, part)
        whole = _affine_opened(replace(old, put) if put else old)
        role = self.role(name)
        if role in ("data", "weight") and whole.ndim == 2:
            return shape.transpose(whole, axes=(1, 0))  # type: ignore[no-any-return]
        if role == "bias" and _is_row(whole.value):
            return shape.reshape(whole, shape=(whole.value.size, 1))  # type: ignore[no-any-return]
        return whole

    def steps(self, old: Expr, name: str, facts: Facts) -> list[Step]:
        """Turn and simplify: ``facts`` are turned ones. The first step is as the rules have it."""
        first, *others = simplify(self.formula(old, name), facts)
        # What was put together here is not what a rule gave: begin with how that reads in columns.
        return [Step(others[0].formula), *others[1:]] if others else [first]

    def equation(self, old: Expr, name: str, facts: Facts) -> Expr:
        """Turn an equation of the forward pass: it stays what the code computes."""
        return simplify(self.formula(old, name), facts, Depth.ALGEBRA)[-1].formula

    def _back(self, new: Expr, old: Expr) -> Any:
        """Write the old symbol in terms of the new one."""
        if self.role(old.name) == "bias" and old.ndim == 1:
            return shape.reshape(new, shape=tuple(old.shape))
        return shape.transpose(new, axes=(1, 0))

    def facts(self, old: Facts) -> Facts:
        """Turn what the symbols stand for."""
        definitions = {name: self.equation(f, name, old) for name, f in old.definitions.items()}
        return changed(old, definitions=definitions)


def _is_row(value: Array) -> bool:
    return value.ndim == 1 or (value.ndim == 2 and len(value) == 1)


def _affine_opened(formula: Expr) -> Expr:
    """Write x Wᵀ + b for the operation ``linear``, so that the algebra can turn it."""
    put: dict[int, Any] = {}
    for part in parts(formula):
        if part.op is linalg.linear and part.ndim == 2:
            x, weight, bias = (replace(a, put) if isinstance(a, Expr) else a for a in part.args)
            if isinstance(weight, Expr):
                product = apply(linalg.matmul, (x, shape.transpose(weight, axes=(1, 0))))
                put[id(part)] = product + bias
    return replace(formula, put) if put else formula


# ------------------------------------------------------------------------- the roles in a network


def roles_of(graph: Recorded) -> dict[str, str]:
    """Return the roles of the values of a network that has its samples in rows.

    Raises
    ------
    ValueError
        If it can't be turned; the message says why: data of more than two axes, such as pictures
        or sequences, or no layer that would tell where the samples are. A network that is in
        columns already has no roles.
    """
    if graph.batch is None:
        raise ValueError("there is no layer, Z = X W + b, that tells which axis the samples are on")
    m, axis = graph.batch
    if axis == 1:
        return {}
    for node in graph.order:
        if len(node.shape) > 2:
            raise ValueError(
                f"{graph.name(node)} has {len(node.shape)} axes: only matrices, with a sample in "
                "each row, can be turned into columns"
            )
    found: dict[str, str] = {}
    weights = _weights(graph)
    for node in graph.order:
        extents = tuple(node.shape)
        if node in weights:
            found[graph.name(node)] = weights[node]
        elif node.op is None and (len(extents) == 1 or extents[:1] == (1,)):
            found[graph.name(node)] = "bias"
        elif node.op is not None and len(extents) == 2 and extents[0] == m:
            found[graph.name(node)] = "data"
    for node, position in graph.constants():
        operand = graph.operand(node, position)
        if isinstance(operand, Expr) and operand.ndim == 2 and operand.shape[0] == m:
            found.setdefault(operand.name, "data")
    return found


def _weights(graph: Recorded) -> dict[Node, str]:
    """Return the leaves that a layer multiplies by, each with its role."""
    found: dict[Node, str] = {}
    for _, product in graph.roles.affine.values():
        place = graph.roles.weight(product)
        source = None if place is None else product.inputs[place]
        leaf = graph.leaf_behind(source)
        if leaf is None or len(leaf.shape) != 2:
            continue
        as_it_is = (product.op is linalg.linear) != (source is not leaf)
        found[leaf] = "linear weight" if as_it_is else "weight"
    return found

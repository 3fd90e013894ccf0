"""All parameters of a network in one row of memory, so that one pass updates them.

A network for a table has a few thousand parameters, and an optimizer that goes from one to the next
spends its time on going. The network's parameters are parts of the row; what it computes with them,
and their gradients, are as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .. import nn, optim
from ..tensor import wrap

__all__ = ["MOST", "InARow"]

#: Numbers up to which it pays: beyond, the gradients' way into the row costs what it saves.
MOST = 1 << 15


class InARow(optim.Optimizer):
    """An optimizer around another one, which sees a network's parameters as one.

    Parameters
    ----------
    parameters : list of Parameter
        Of one dtype.
    make : callable
        Gives the other optimizer, of a list of parameters.

    Attributes
    ----------
    l2 : float
        The share of the penalty ½ l2 Σ W² that the next step adds to the gradient.
    """

    def __init__(self, parameters: list[Any], make: Callable[[list[Any]], Any]) -> None:
        self._parts = [p for p in parameters if p.ndim > 1]
        self._weights = sum(p._array.size for p in self._parts)
        self._parts += [p for p in parameters if p.ndim < 2]
        rows = [p._array.reshape(-1) for p in self._parts]
        self._row = nn.Parameter(wrap(np.concatenate(rows)))
        self._inner = make([self._row])
        self.l2 = 0.0
        self._lay_out()

    def _lay_out(self) -> None:
        row = self._row._array
        cuts = np.cumsum([0, *(p._array.size for p in self._parts)])
        self._places = [
            (p, row[a:b].reshape(p._array.shape))
            for p, (a, b) in zip(self._parts, pairwise(cuts), strict=True)
        ]
        self._gradient = np.empty_like(row)
        self._row.grad = wrap(self._gradient)
        # Of the weights, which come first: they, their gradients, and room.
        n = self._weights
        self._front, self._slopes, self._penalty = (
            row[:n],
            self._gradient[:n],
            np.empty(n, row.dtype),
        )

    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The options: of the row."""
        return self._inner.param_groups  # type: ignore[no-any-return]

    @property
    def state(self) -> Any:  # type: ignore[override]
        """What is remembered of the row."""
        return self._inner.state

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the network's parameters."""
        for p in self._parts:
            p.grad = None

    def step(self, closure: Any = None) -> Any:
        """Update the row."""
        gradients, frozen = [], []
        for p, place in self._places:
            if p._array is not place:  # given other values, or memory of its own by pickle
                place[...] = p._array
                p._array = place
            gradient = p.grad
            if gradient is None:
                frozen.append((place, place.copy()))
            gradients.append(np.zeros_like(place) if gradient is None else gradient._array)
        g = self._gradient
        np.concatenate(gradients, axis=None, out=g)
        if self.l2:
            np.multiply(self._front, self.l2, out=self._penalty)
            np.add(self._slopes, self._penalty, out=self._slopes)
        self._inner.step()
        for place, before in frozen:
            place[...] = before
        return None

    def __getstate__(self) -> dict[str, Any]:
        kept = ("_parts", "_weights", "_row", "_inner", "l2")
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lay_out()

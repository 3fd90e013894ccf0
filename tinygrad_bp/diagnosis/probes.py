"""A quick look at whether a pair of mistakes can fit, before it is carried all the way.

A change δ at a place changes the gradient of a key by J δ. For a random array R of the key's shape
⟨R, J δ⟩ = ⟨Jᵀ R, δ⟩, and Jᵀ R is how the place's *value* moves with the key's in direction R: a
difference of two forward passes gives it for all places at once. Three such numbers tell nearly all
pairs that do not fit, at the cost of a dot product each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node
from .hypotheses.change import Array
from .replay import Replay

__all__ = ["Probes"]

_COUNT = 3
_CLOSE = 1e-4


class Probes:
    """Random directions for one key, and how every value moves with them.

    Parameters
    ----------
    replay : Replay
    key : Node
    """

    def __init__(self, replay: Replay, key: Node) -> None:
        self.replay, self.key = replay, key
        rng = np.random.default_rng(0)
        shape = tuple(key.shape)
        self.directions = rng.standard_normal((_COUNT, *shape))
        self._flat = self.directions.reshape(_COUNT, -1)
        self.moves: dict[Node, Array | None] = {}
        self._columns: dict[Node, list[Array]] = {}
        value = replay.values.get(key)
        if value is None:
            return
        step = 1e-5 * max(float(np.abs(value).max(initial=0)), 1e-3)
        for direction in self.directions:
            there = replay.forward_from(key, value + step * direction)
            back = replay.forward_from(key, value - step * direction)
            for node, high in there.items():
                if node in back:
                    self._columns.setdefault(node, []).append((high - back[node]) / (2 * step))

    def numbers(self, gradient: Any) -> Array:
        """Return the products of a gradient of the key with all directions."""
        return np.asarray(self._flat @ np.ravel(gradient))

    def carried(self, place: Node, change: Any) -> Array | None:
        """Return the same products of what a change at a place makes of it; None if unknown."""
        if place not in self.moves:
            self.moves[place] = self._checked(place)
        moves = self.moves[place]
        if moves is None or np.size(change) != moves.shape[1]:
            return None
        return np.asarray(moves @ np.ravel(change))

    def _checked(self, place: Node) -> Array | None:
        """Return the moves of a place, if they agree with the rules: a rule may differ."""
        columns = self._columns.get(place, [])
        if len(columns) != _COUNT:
            return None
        moves = np.stack([np.ravel(column) for column in columns])
        trial = np.random.default_rng(1).standard_normal(tuple(place.shape))
        exact = self.numbers(self.replay.carry(place, trial, self.key) + np.zeros(self.key.shape))
        quick = moves @ np.ravel(trial)
        scale = float(np.abs(exact).max())
        return moves if np.abs(quick - exact).max() <= 1e-6 * scale else None

    def may_fit(self, wanted: Array, made: Array | None, direction: Array | None, size: float
                ) -> bool:  # fmt: skip
        """Whether these numbers can be what is wanted, for some multiple of a direction."""
        if made is None:
            return True
        left = wanted - made
        if direction is not None:
            square = float(direction @ direction)
            if square:
                left = left - direction * (float(left @ direction) / square)
        return bool(np.abs(left).max() <= _CLOSE * size)

"""Which gradients are right: the graph's own but for rounding, for a convention, or for a 1/m."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..graph import Node
from .fits import Fitter
from .hypotheses import bias
from .hypotheses.change import Array, Change
from .hypotheses.factors import Factors
from .replay import Replay
from .results import Result
from .roles import Roles

__all__ = ["Judge"]


class Judge:
    """Marks what is right.

    Parameters
    ----------
    replay, roles, fitter, factors
        What the engine knows of the graph.
    harmless : sequence of Change
        Differences that are no mistakes.
    """

    def __init__(self, replay: Replay, roles: Roles, fitter: Fitter, factors: Factors,
                 harmless: Sequence[Change]) -> None:  # fmt: skip
        self.replay, self.roles, self.fitter = replay, roles, fitter
        self.factors, self.harmless = factors, harmless

    def mark(self, results: Mapping[Node, Result]) -> None:
        """Mark the results that are right."""
        for key, result in results.items():
            if key in self.replay.totals and np.all(np.isfinite(result.given)):
                self._is_right(result)
        self._conventions(results)

    def _is_right(self, result: Result) -> None:
        key, shape = result.key, tuple(result.key.shape)
        if _same_but_for_ones(result.given.shape, shape) and not self._unsummed(result):
            result.shape_note = f"its shape is {result.given.shape}, not {shape}"
            result.given = result.given.reshape(shape)
        given = result.given
        if self.fitter.is_right(key, given):
            result.right = True
            if result.shape_note:
                result.note = f"the numbers are right; {result.shape_note}"
        elif given.shape == shape and any(
            self._close_with(change, key, given) for change in self.harmless
        ):
            result.right = True
            result.note = "but for a convention of the framework's: a slope at a kink, a floor"

    def _unsummed(self, result: Result) -> bool:
        """Whether it has the shape of dZ itself, whose numbers are the sum's for one sample."""
        return any(
            ending.meaning.ids == ("bias-not-summed",)
            and result.given.shape == np.shape(ending.make(self.replay.totals))
            for ending in bias.wrongly_summed(self.roles, result.key, "")
        )

    def _close_with(self, change: Change, key: Node, given: Array) -> bool:
        if change.place not in self.replay.leading_to(key):
            return False
        made, _ = self.fitter.carried(change, self.replay.totals, key)
        return bool(np.all(np.abs(made - given) <= self.fitter.tolerance(key, given)))

    def _conventions(self, results: Mapping[Node, Result]) -> None:
        """Accept dZ without its 1/m where dW and db have it: the notes write it so."""
        for result in results.values():
            key = result.key
            if result.right or key.op is None or result.given.shape != tuple(key.shape):
                continue
            behind = [
                r
                for r in results.values()
                if r.key is not key and r.key.op is None and key in self.replay.leading_to(r.key)
            ]
            if not behind or not all(r.right for r in behind) or key not in self.replay.totals:
                continue
            total = np.asarray(self.replay.totals[key])
            size = float(np.sum(total * total))
            factor = float(np.sum(total * result.given)) / size if size else 0.0
            usual = factor > 0 and self.factors.name(factor) and total.size > 1
            if usual and self.fitter.fits(key, result.given, factor * total) is not None:
                result.right = True
                result.note = (
                    f"but for the factor {self.factors.spell(factor)}, which stands in the "
                    "gradients of the parameters instead"
                )


def _same_but_for_ones(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether two shapes differ in axes of length 1 alone; a column is no row."""
    if len(a) == len(b):
        return False
    return [n for n in a if n != 1] == [n for n in b if n != 1]

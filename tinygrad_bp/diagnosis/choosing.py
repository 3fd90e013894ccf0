"""Which of the mistakes that fit is meant: what other keys speak for, and what is likely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node
from .fits import Base, Fit, Fitter
from .results import Result

__all__ = ["Choice", "Chooser", "distinct"]

#: What is less likely than another explanation by so much is not called a tie with it.
_ODD = 16


@dataclass(frozen=True)
class Choice:
    """What fits best, likeliest first; how many other keys speak against it, and for it."""

    fits: list[Fit]
    against: int
    agree: int

    def better_than(self, other: Choice) -> bool:
        """Whether to prefer this one, found later."""
        if not other.fits:
            return True
        return (self.against, not self.agree) < (other.against, not other.agree)


class Chooser:
    """Orders what fits.

    Parameters
    ----------
    fitter : Fitter
    results : dict
        What is known of all keys, filled as the engine goes on.
    depth : function of a key
        The order of the backward pass.
    """

    def __init__(self, fitter: Fitter, results: Mapping[Node, Result],
                 depth: Callable[[Node], Any]) -> None:  # fmt: skip
        self.fitter, self.results, self.depth = fitter, results, depth

    def chosen(self, result: Result, fits: list[Fit], base: Base) -> Choice:
        """Order what fits, and drop what other keys speak against."""
        if not fits:
            return Choice([], 1, 0)
        best = min(fit.error for fit in fits)
        floor = max(30 * best, 0.1 * self.fitter.limit(result.key, np.zeros(())))
        fits = [fit for fit in fits if fit.error <= floor]
        if any(not fit.weak for fit in fits):
            fits = [fit for fit in fits if not fit.weak]
        judged = [(*self._support(result, fit, base.totals), fit) for fit in fits]
        least = min(against for against, _, _ in judged)
        judged = [item for item in judged if item[0] == least]
        if any(fit.natural for _, _, fit in judged):
            judged = [item for item in judged if item[2].natural]
        simple = min(len(fit.words) for _, _, fit in judged)
        judged = [item for item in judged if len(item[2].words) == simple]
        likely = min(fit.prior for _, _, fit in judged) + _ODD
        judged = [item for item in judged if item[2].prior <= likely]
        judged.sort(key=lambda item: (-item[1], item[2].rank))
        return Choice([fit for *_, fit in judged], least, judged[0][1])

    def _support(self, result: Result, fit: Fit, start: Mapping[Node, Any]) -> tuple[int, int]:
        """Return how many other keys speak against a fit, and how many for it."""
        if not fit.steps or all(change.only is not None for change, _ in fit.steps):
            return 0, 0
        after = self.fitter.after(fit, start)
        against = agree = 0
        for other in self.results.values():
            key = other.key
            if key is result.key or key not in after or other.given.shape != tuple(key.shape):
                continue
            if other.note or not self.fitter.differs(after, start, key):
                continue
            given = np.asarray(other.given, np.float64)
            if not other.right and self.fitter.fits(key, given, after[key]) is not None:
                agree += 1
            elif other.right or self.depth(key) < self.depth(result.key):
                against += 1  # a later line may have a mistake of its own
        return against, agree


def distinct(fits: list[Fit]) -> list[Fit]:
    """Keep the first fit of every set of ids."""
    found: dict[frozenset[str], Fit] = {}
    for fit in fits:
        found.setdefault(frozenset(fit.ids), fit)
    return list(found.values())

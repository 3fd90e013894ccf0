"""Which hypotheses reproduce an array: fitting one change, or two, to what was handed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node
from .hypotheses.change import Array, Change, Ending, Meaning, Words
from .laying import precision, shaped, solved
from .probes import Probes
from .replay import Replay

__all__ = ["Base", "Fit", "Fitter"]

Totals = Mapping[Node, Any]

#: How tightly a hypothesis has to fit, beside rounding: relative to the largest element.
_TIGHT = {4: 1e-5, 8: 1e-9}
#: A fit has to leave at most this part of the difference from the right gradient unexplained.
_UNEXPLAINED = 0.05
_MOST_PAIRS = 40000
#: A difference of this part of the largest element is none: no mistake is so small, and the loss
#: may have a small number of its own somewhere, as in log(A + 1e-12).
_FLOOR = 1e-7


@dataclass(frozen=True)
class Base:
    """Gradients from which a line is computed: the right ones, or those with an earlier mistake.

    Attributes
    ----------
    totals : dict
        The gradient of every value.
    fit : Fit or None
        The earlier mistake.
    source : Node or None
        The key where it was found.
    """

    totals: Totals
    fit: Fit | None = None
    source: Node | None = None


@dataclass(frozen=True)
class Fit:
    """A mistake, or two, that reproduce what was handed in.

    Attributes
    ----------
    ids : tuple of str
    words : tuple of Words
        One for each mistake.
    error : float
        The largest deviation, relative to the largest element.
    prior : int
    steps : tuple of (Change, float)
        The changes with their factors, in the order of the backward pass; none for an ending.
    natural : bool
        Whether a factor that was found is a usual one.
    weak : bool
        Whether a factor was found from a single number, which always succeeds.
    """

    ids: tuple[str, ...]
    words: tuple[Words, ...]
    error: float
    prior: int
    steps: tuple[tuple[Change, float], ...] = ()
    natural: bool = True
    weak: bool = False

    @property
    def rank(self) -> tuple[bool, int, bool, int]:
        """What orders fits: the simple before the combined, the usual before the odd."""
        return self.weak, len(self.words), not self.natural, self.prior


class Fitter:
    """Compares what was handed in with what hypotheses give.

    Parameters
    ----------
    replay : Replay
    rounding : dict
        The tolerance of every key, for each element.
    """

    def __init__(self, replay: Replay, rounding: Mapping[Node, Array]) -> None:
        self.replay, self.rounding = replay, rounding
        self._noise: dict[Node, float] = {}
        self._probes: dict[Node, Probes] = {}

    # ------------------------------------------------------------------------------- comparisons

    def is_right(self, key: Node, given: Array) -> bool:
        """Whether an array is the right gradient, but for rounding."""
        right = np.asarray(self.replay.totals[key])
        if given.shape != right.shape:
            return False
        known = np.isfinite(right)
        if not np.array_equal(known, np.isfinite(given)):
            return False
        return bool(np.all(np.abs(given - right)[known] <= self.tolerance(key, given)[known]))

    def tolerance(self, key: Node, given: Array) -> Array:
        """Return by how much each element may be off."""
        ratio = precision(given) / self.replay.eps
        floor = _FLOOR * float(np.abs(self.replay.totals[key]).max(initial=0))
        return np.asarray(np.maximum(self.rounding[key] * max(ratio, 1.0), floor))

    def error(self, given: Array, made: Any, size: float = 0.0) -> float:
        """Return the largest deviation of two arrays, relative to their largest element.

        Or relative to `size`, that of the terms that were added up, if that is larger.
        """
        made = np.asarray(made, np.float64)
        if made.shape != given.shape:
            return float("inf")
        size = max(size, float(np.abs(made).max(initial=0)), float(np.abs(given).max(initial=0)))
        return float(np.abs(made - given).max(initial=0)) / size if size else 0.0

    def limit(self, key: Node, given: Array) -> float:
        """Return the largest error of a fit."""
        eps = max(self.replay.eps, precision(given))
        tight = _TIGHT[8] if eps < 1e-12 else _TIGHT[4] if eps < 1e-5 else 80 * eps
        if key not in self._noise:
            right = float(np.abs(self.replay.totals[key]).max(initial=0))
            most = float(np.max(self.rounding[key], initial=0))
            self._noise[key] = most / right if right else 0.0
        return tight + min(self._noise[key], 100 * tight)

    def fits(self, key: Node, given: Array, made: Any, size: float = 0.0) -> float | None:
        """Return the error if an array reproduces what was handed in, else None."""
        error = self.error(given, made, size)
        if not error <= self.limit(key, given):
            return None
        off = self.error(given, self.replay.totals[key])
        return error if error <= _UNEXPLAINED * off else None

    def differs(self, after: Totals, before: Totals, key: Node) -> bool:
        """Whether a gradient differs by more than rounding."""
        a, b = np.asarray(after[key], np.float64), np.asarray(before[key])
        return self.error(a, b) > self.limit(key, np.zeros(()))

    def changes_nothing(self, key: Node, made: Any) -> bool:
        """Whether a hypothesis gives the right gradient here."""
        right = np.asarray(self.replay.totals[key])
        made = np.asarray(made)
        if made.shape != right.shape:
            return False
        return bool(np.all(np.abs(made - right) <= self.rounding[key]))

    # ------------------------------------------------------------------------------- single lines

    def carried(self, change: Change, totals: Totals, key: Node) -> tuple[Any, Any]:
        """Return (the gradient of the key with the change, what the unknown factor multiplies)."""
        made = totals[key] + self.replay.carry(change.place, change.offset(totals), key)
        if change.direction is None:
            return made, None
        return made, self.replay.carry(change.place, change.direction(totals), key)

    def single(self, key: Node, given: Array, base: Base, changes: Iterable[Change]
               ) -> Iterator[Fit]:  # fmt: skip
        """Yield the changes of one line that reproduce an array."""
        for change in changes:
            if not all(node in base.totals for node in (key, change.place, *change.reads)):
                continue
            made, direction = self.carried(change, base.totals, key)
            if np.shape(made) != given.shape:
                continue
            factor, weak = 0.0, False
            if direction is not None:
                factor, weak = solved(given, made, direction)
                made = made + factor * direction
            error = self.fits(key, given, made)
            if error is None or self.changes_nothing(key, made):
                continue
            for meaning in change.meanings(factor):
                yield Fit(
                    meaning.ids, (meaning.words,), error, meaning.prior, ((change, factor),),
                    meaning.natural, weak and not meaning.natural,
                )  # fmt: skip

    def ending(self, key: Node, given: Array, base: Base, endings: Iterable[Ending]
               ) -> Iterator[Fit]:  # fmt: skip
        """Yield the endings that reproduce an array, also but for a factor."""
        for ending in endings:
            made = shaped(ending.make(base.totals), given)
            size = ending.size(base.totals) if ending.size is not None else 0.0
            error = self.fits(key, given, made, size)
            if error is not None and not self.changes_nothing(key, made):
                words = ending.meaning.words
                yield Fit(ending.meaning.ids, (words,), error, ending.meaning.prior)

    def scaled(self, key: Node, given: Array, made: Any, meanings: Any, first: Meaning,
               steps: tuple[tuple[Change, float], ...] = ()) -> Iterator[Fit]:  # fmt: skip
        """Yield a hypothesis with a factor of its own on the whole."""
        made = shaped(made, given)
        if made.shape != given.shape or given.size < 2:
            return
        factor, weak = solved(given, np.zeros_like(made), made)
        if weak or not np.isfinite(factor):
            return
        error = self.fits(key, given, factor * made)
        if error is None:
            return
        for meaning in meanings(factor):
            if len(meaning.ids) == 1 and (meaning.natural or given.size > 3):
                yield Fit(
                    (*first.ids, *meaning.ids), (first.words, meaning.words), error,
                    first.prior + meaning.prior + 10, steps, meaning.natural,
                )  # fmt: skip

    # ---------------------------------------------------------------------------------- two lines

    def pairs(self, key: Node, given: Array, base: Base, changes: Sequence[Change],
              endings: Sequence[Ending]) -> Iterator[Fit]:  # fmt: skip
        """Yield two mistakes, the first nearer to the loss, that together reproduce an array."""
        order = {node: i for i, node in enumerate(self.replay.order)}
        probes = self._probes.setdefault(key, Probes(self.replay, key))
        whole = given.shape == tuple(key.shape)
        wanted = probes.numbers(given if whole else np.zeros(tuple(key.shape)))
        size = float(np.abs(probes.directions).max()) * float(np.abs(given).sum())
        tried = 0

        def fits(first: Change, second: Change, totals: Totals, free: Totals | None, here: Array,
                 moved: Array | None, factor: float = 0.0) -> Iterator[Fit]:  # fmt: skip
            if probes.may_fit(
                wanted, *self._numbers(probes, second, totals, free, here, moved), size
            ):
                yield from self._both(key, given, first, second, totals, free, factor)

        for first in changes:
            for totals, free in self._applied(first, base.totals):
                for ending in endings:
                    yield from self._ended(key, given, first, ending, totals, free)
                if not whole:
                    continue
                here = probes.numbers(totals[key])
                moved = None if free is None else probes.numbers(free[key]) - here
                for second in changes:
                    if second is first or order[second.place] < order[first.place]:
                        continue
                    tried += 1
                    if tried > _MOST_PAIRS:
                        return
                    if second.direction is None or free is None or moved is None:
                        yield from fits(first, second, totals, free, here, moved)
                        continue
                    for factor in first.usual:
                        there = {n: totals[n] + factor * (free[n] - totals[n])
                                 for n in {key, *second.reads} if n in totals}  # fmt: skip
                        at = here + factor * moved
                        yield from fits(first, second, there, None, at, None, factor)

    def _applied(self, change: Change, totals: Totals
                 ) -> Iterator[tuple[dict[Node, Any], dict[Node, Any] | None]]:  # fmt: skip
        """Yield the gradients after a change, and after one more of its direction."""
        if not all(node in totals for node in (change.place, *change.reads)):
            return
        after = self.plus(totals, change.place, change.offset(totals))
        free = None
        if change.direction is not None:
            free = self.plus(after, change.place, change.direction(totals))
        yield after, free

    def plus(self, totals: Totals, place: Node, change: Any) -> dict[Node, Any]:
        """Return all gradients after that of one value was changed."""
        after = dict(totals)
        for node, more in self.replay.spread(place, change).items():
            after[node] = after[node] + more
        return after

    def _both(self, key: Node, given: Array, first: Change, second: Change, totals: Totals,
              free: Totals | None, ours: float = 0.0) -> Iterator[Fit]:  # fmt: skip
        if not all(node in totals for node in second.reads):
            return
        made, direction = self.carried(second, totals, key)
        if free is not None:
            direction = self.carried(second, free, key)[0] - made
        if np.shape(made) != given.shape:
            return
        factor, weak = 0.0, False
        if direction is not None:
            factor, weak = solved(given, made, direction)
            made = made + factor * direction
        if weak or not np.isfinite(factor):
            return
        error = self.fits(key, given, made)
        if error is None:
            return
        ours, theirs = (factor, 0.0) if free is not None else (ours, factor)
        for a in first.meanings(ours):
            for b in second.meanings(theirs):
                if len(a.ids) > 1 or len(b.ids) > 1:
                    continue
                natural = a.natural and b.natural
                if natural or given.size > 3:
                    yield Fit(
                        (*a.ids, *b.ids), (a.words, b.words), error, a.prior + b.prior,
                        ((first, ours), (second, theirs)), natural,
                    )  # fmt: skip

    def _numbers(
        self, probes: Probes, second: Change, totals: Totals, free: Totals | None, here: Array,
        moved: Array | None,
    ) -> tuple[Array | None, Array | None]:  # fmt: skip
        """Return what the probes say of a second change: where it leads, and along what."""
        if not all(node in totals for node in second.reads):
            return here, moved
        offset = probes.carried(second.place, second.offset(totals))
        if offset is None:
            return None, None
        if second.direction is not None:
            return here + offset, probes.carried(second.place, second.direction(totals))
        if free is not None and moved is not None:
            more = probes.carried(second.place, second.offset(free))
            return here + offset, moved if more is None else moved + more - offset
        return here + offset, None

    def _ended(self, key: Node, given: Array, first: Change, ending: Ending, totals: Totals,
               free: Totals | None) -> Iterator[Fit]:  # fmt: skip
        made = shaped(ending.make(totals), given)
        if made.shape != given.shape:
            return
        factor = 0.0
        if free is not None:
            direction = shaped(ending.make(free), given) - made
            factor, weak = solved(given, made, direction)
            if weak:
                return
            made = made + factor * direction
        error = self.fits(key, given, made)
        if error is None:
            return
        for a in first.meanings(factor):
            if len(a.ids) == 1 and (a.natural or given.size > 3):
                yield Fit(
                    (*a.ids, *ending.meaning.ids), (a.words, ending.meaning.words), error,
                    a.prior + ending.meaning.prior, ((first, factor),), a.natural,
                )  # fmt: skip

    def after(self, fit: Fit, totals: Totals) -> dict[Node, Any]:
        """Return all gradients as they come out with the mistakes of a fit."""
        result = dict(totals)
        for change, factor in fit.steps:
            more = change.offset(result)
            if change.direction is not None:
                more = more + factor * np.asarray(change.direction(result))
            result = self.plus(result, change.place, more)
        return result

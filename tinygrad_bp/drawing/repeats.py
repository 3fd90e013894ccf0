"""What comes again, one after another, is shown once: the layers of a deep network."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

__all__ = ["Fold", "Folds", "fold"]

_SHORTEST = 2  # what one turn has at least


@dataclass(frozen=True)
class Fold:
    """`count` turns of `period` things each, from `start` on."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        """The first thing after it."""
        return self.start + self.period * self.count


@dataclass
class Folds:
    """All that repeats in a sequence of `length` things; no two overlap."""

    length: int
    runs: list[Fold]

    def of(self, number: int) -> Fold:
        """Return the run that a thing is part of; one of its own if it is in none."""
        for run in self.runs:
            if run.start <= number < run.stop:
                return run
        return Fold(number, 1, 1)

    def shown(self, number: int) -> int:
        """Return the number of the thing that is shown for this one."""
        run = self.of(number)
        return run.start + (number - run.start) % run.period

    def place(self, number: int) -> Fold | None:
        """Return the run of a thing that is shown; None if another one is shown for it."""
        return self.of(number) if self.shown(number) == number else None


def fold(looks: Sequence[Hashable]) -> Folds:
    """Find what repeats: first the run that hides the most, then what is left on its two sides."""
    codes: dict[Hashable, int] = {}
    sequence = [codes.setdefault(look, len(codes)) for look in looks]
    runs: list[Fold] = []
    stretches = [(0, len(sequence))]
    while stretches:
        start, stop = stretches.pop()
        best = _best(sequence, start, stop)
        if best is not None:
            runs.append(best)
            stretches += [(start, best.start), (best.stop, stop)]
    return Folds(len(sequence), sorted(runs, key=lambda run: run.start))


def _best(sequence: list[int], start: int, stop: int) -> Fold | None:
    best, hidden = None, 0
    for period in range(_SHORTEST, (stop - start) // 2 + 1):
        alike = 0
        # Backward, so that a run is found where it begins.
        for i in range(stop - period - 1, start - 1, -1):
            alike = alike + 1 if sequence[i] == sequence[i + period] else 0
            turns = alike // period
            if turns * period > hidden:
                best, hidden = Fold(i, period, turns + 1), turns * period
    return best

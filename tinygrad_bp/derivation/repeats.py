"""Layers that are alike, written once: ``dZ[l] = W[l+1]ᵀ dZ[l+1] ⊙ σ′(Z[l])`` for l = 11 … 2."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Hashable, Iterator, Sequence

from ..expr import Expr, parts, replace, symbol
from .lines import Line, Repeat, Step

__all__ = ["fold"]

_FEWEST = 3  # layers from which they are written once
_LONGEST = 60  # lines of a layer
_NUMBERED = re.compile(r"(.*?\D)(\d+)")


def fold(lines: Sequence[Line]) -> tuple[Line | Repeat, ...]:
    """Put runs of at least three alike layers together.

    A layer may be several lines, and the numbers of its symbols may grow at a pace of their own:
    the blocks of a transformer have ``Z[4l+1]`` and ``N[2l+1]``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> net = tgb.nn.Sequential(*[tgb.nn.Linear(2, 2) for _ in range(5)])
    >>> d = tgb.explain(net(tgb.ones(1, 2)).sum())
    >>> [type(entry).__name__ for entry in fold(d.forward)]
    ['Line', 'Repeat', 'Line']
    """
    patterns = [_Pattern(line) for line in lines]
    folded: list[Line | Repeat] = []
    at = 0
    while at < len(lines):
        period, count = _run(patterns, at)
        if count < _FEWEST:
            folded.append(lines[at])
            at += 1
            continue
        members = lines[at : at + period * count]
        folded.append(_repeat(members, patterns[at : at + 2 * period], period, count))
        at += period * count
    return tuple(folded)


class _Pattern:
    """A line without the numbers in its names; and these numbers, in their order."""

    def __init__(self, line: Line) -> None:
        places: dict[int, int] = {}
        shape: list[Hashable] = []
        self.numbers: list[int] = []
        for name, part in [(line.name, None), *_named(line)]:
            letters, number = _split(name)
            self.numbers.append(number)
            shape.append(letters)
            if part is not None:
                places[id(part)] = len(places)
        for part in parts(line.expr):
            if part.op is not None:
                places[id(part)] = len(places)
                operands = [places[id(a)] if isinstance(a, Expr) else repr(a) for a in part.args]
                shape.append((part.op.name, *operands, repr(part.attrs)))
        self.shape = tuple(shape)

    def step(self, other: _Pattern) -> list[int] | None:
        """Return by how much each number grows to those of a line of the same shape; or None."""
        if self.shape != other.shape:
            return None
        return [b - a for a, b in zip(self.numbers, other.numbers, strict=True)]


def _named(line: Line) -> Iterator[tuple[str, Expr]]:
    """Yield the symbols of a line, and of what it spells out."""
    for formula in (line.expr, *(spelled for _, spelled in line.where)):
        for part in parts(formula):
            if part.op is None:
                yield part.name, part


def _split(name: str) -> tuple[str, int]:
    """Split a name into its letters and its number; -1 if it has none."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, -1)


def _run(patterns: Sequence[_Pattern], at: int) -> tuple[int, int]:
    """Return (lines of a layer, number of layers) of the longest run that begins here."""
    best = (1, 1)
    for period in range(1, min(_LONGEST, (len(patterns) - at) // _FEWEST) + 1):
        count = _count(patterns, at, period)
        if count >= _FEWEST and period * count > best[0] * best[1]:
            best = (period, count)
    period, count = best
    if not _is_one_layer(patterns[at : at + period]):
        # dW7, db7, dZ6, … comes back, too; but a layer begins with its dZ.
        for later in range(at + 1, at + period):
            whole = _is_one_layer(patterns[later : later + period])
            if whole and _count(patterns, later, period) >= max(count - 1, _FEWEST):
                return (1, 1)
    return best


def _is_one_layer(patterns: Sequence[_Pattern]) -> bool:
    """Whether the left-hand sides have one number."""
    return len({pattern.numbers[0] for pattern in patterns}) == 1


def _count(patterns: Sequence[_Pattern], at: int, period: int) -> int:
    """Count how often the lines come back, with numbers that grow evenly."""
    steps = _steps(patterns, at, period)
    # What stays the same altogether is not another layer.
    if steps is None or not any(any(step) for step in steps):
        return 1
    count = 2
    while _steps(patterns, at + (count - 1) * period, period) == steps:
        count += 1
    return count


def _steps(patterns: Sequence[_Pattern], at: int, period: int) -> list[list[int]] | None:
    if at + 2 * period > len(patterns):
        return None
    steps = []
    for i in range(at, at + period):
        step = patterns[i].step(patterns[i + period])
        if step is None:
            return None
        steps.append(step)
    return steps


def _repeat(
    members: Sequence[Line], patterns: Sequence[_Pattern], period: int, count: int
) -> Repeat:
    steps = [patterns[i].step(patterns[i + period]) or [] for i in range(period)]
    paces = {abs(s) for step in steps for s in step if s}
    rises = next(s for step in steps for s in step if s) > 0
    if paces == {1}:
        # The layer has the number of its first line.
        first = next(
            n
            for pattern, step in zip(patterns, steps, strict=False)
            for n, s in zip(pattern.numbers, step, strict=True)
            if s
        )
    else:
        first = 1 if rises else count
    last = first + (count - 1) * (1 if rises else -1)
    generic = tuple(
        _generic(line, _names(line, step), first)
        for line, step in zip(members[:period], steps, strict=True)
    )
    return Repeat(first, last, generic, tuple(members))


def _names(line: Line, step: list[int]) -> dict[str, int]:
    """Return by how much the number of each name in a line grows."""
    names = [line.name, *(name for name, _ in _named(line))]
    return dict(zip(names, step, strict=True))


def _generic(line: Line, paces: dict[str, int], first: int) -> Line:
    """Write the line of the first layer for the layer l."""
    called = {name: _renamed(name, pace, first) for name, pace in paces.items() if pace}
    return dataclasses.replace(
        line,
        name=called.get(line.name, line.name),
        steps=(Step(_written(line.expr, called)),),
        where=tuple((_said(what, called), _written(how, called)) for what, how in line.where),
        paths=(),
    )


def _written(formula: Expr, called: dict[str, str]) -> Expr:
    renamed = {
        id(part): symbol(called[part.name], part.value)
        for part in parts(formula)
        if part.op is None and part.name in called
    }
    written: Expr = replace(formula, renamed)
    return written


def _renamed(name: str, pace: int, first: int) -> str:
    """Return the name with its number as a function of l: ``Z7`` is ``Z[4l−1]`` for l = 2."""
    letters, number = _split(name)
    pace = abs(pace)
    rest = number - pace * first
    factor = "l" if pace == 1 else f"{pace}l"
    return f"{letters}[{factor}{f'{rest:+d}'.replace('-', '−') if rest else ''}]"


def _said(text: str, called: dict[str, str]) -> str:
    return re.sub(r"[^\W\d]+\d+", lambda found: called.get(found[0], found[0]), text)

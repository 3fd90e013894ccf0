"""Layers that are alike, written once: ``dZ[l] = W[l+1]ᵀ dZ[l+1] ⊙ σ′(Z[l])`` for l = 11 … 2."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from ..expr import Expr, parts, replace, symbol
from .lines import Line, Repeat, Step

__all__ = ["fold"]

_FEWEST = 3  # layers from which they are written once
_NUMBERED = re.compile(r"(.*?\D)(\d+)")


def fold(lines: Sequence[Line]) -> tuple[Line | Repeat, ...]:
    """Put runs of at least three alike layers together.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> net = tgb.nn.Sequential(*[tgb.nn.Linear(2, 2) for _ in range(5)])
    >>> d = tgb.explain(net(tgb.ones(1, 2)).sum())
    >>> [type(entry).__name__ for entry in fold(d.forward)]
    ['Line', 'Repeat', 'Line']
    """
    blocks = _blocks(lines)
    folded: list[Line | Repeat] = []
    at = 0
    while at < len(blocks):
        end = at + 1
        while end < len(blocks) and _continues(blocks[at:end], blocks[end]):
            end += 1
        run = blocks[at:end]
        if len(run) >= _FEWEST:
            members = tuple(line for _, block in run for line in block)
            generic = tuple(_generic(line, run[0][0]) for line in run[0][1])
            folded.append(Repeat(run[0][0], run[-1][0], generic, members))
        else:
            folded.extend(line for _, block in run for line in block)
        at = end
    return tuple(folded)


def _blocks(lines: Sequence[Line]) -> list[tuple[int, list[Line]]]:
    """Split the lines where the number of the layer changes; without a number: 0."""
    blocks: list[tuple[int, list[Line]]] = []
    for line in lines:
        number = _number(line.name)
        if not blocks or blocks[-1][0] != number or not number:
            blocks.append((number, []))
        blocks[-1][1].append(line)
    return blocks


def _number(name: str) -> int:
    found = _NUMBERED.fullmatch(name)
    return int(found[2]) if found else 0


def _continues(run: list[tuple[int, list[Line]]], block: tuple[int, list[Line]]) -> bool:
    """Whether a block is the next layer of a run."""
    number, lines = run[-1]
    step = block[0] - number
    if not number or not block[0] or abs(step) != 1 or len(lines) != len(block[1]):
        return False
    if len(run) > 1 and step != number - run[-2][0]:
        return False
    return all(
        _pattern(a, number) == _pattern(b, block[0]) for a, b in zip(lines, block[1], strict=True)
    )


def _pattern(line: Line, number: int) -> str:
    """Return what two lines have in common if they are the same but for the layer."""
    generic = _generic(line, number)
    return f"{generic.name} = {generic.expr!r}"


def _generic(line: Line, number: int) -> Line:
    """Write a line for the layer l in place of the layer of this number."""
    return dataclasses.replace(
        line,
        name=_renamed(line.name, number),
        steps=(Step(_spelled(line.expr, number)),),
        where=tuple(
            (_renamed_all(what, number), _spelled(how, number)) for what, how in line.where
        ),
    )


def _spelled(formula: Expr, number: int) -> Expr:
    renamed = {
        id(part): symbol(_renamed(part.name, number), part.value)
        for part in parts(formula)
        if part.op is None
    }
    spelled: Expr = replace(formula, renamed)
    return spelled


def _renamed(name: str, number: int) -> str:
    found = _NUMBERED.fullmatch(name)
    if not found:
        return name
    distance = int(found[2]) - number
    return f"{found[1]}[l{f'{distance:+d}'.replace('-', '−') if distance else ''}]"


def _renamed_all(text: str, number: int) -> str:
    return re.sub(r"[^\W\d]+\d+", lambda found: _renamed(found[0], number), text)

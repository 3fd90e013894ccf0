"""A derivation as text for a terminal: 80 columns, and the numbers of what is small."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...expr import Expr, parts
from ..lines import Line, Repeat
from ..notation import formulas as notation
from ..notation.numerals import decimal
from ..notation.phrase import Level, Phrase
from ..notation.signs import signs
from ..repeats import fold
from . import layout

if TYPE_CHECKING:
    from ..derivation import Derivation

__all__ = ["common_shape", "derivation_text", "meanings", "numbers", "shape_text", "steps_of"]

_WIDTH = 80
_MOST_NUMBERS = 12  # elements of what is written with its numbers
_MOST_ROWS = 6
_MOST_DEFINITIONS = 12  # of a formula that goes on for pages
_LONGEST_NAME = 10  # that the signs of equality are lined up for


def derivation_text(d: Derivation, *, width: int = _WIDTH, sources: bool = False) -> str:
    """Write a derivation for a terminal.

    Parameters
    ----------
    d : Derivation
    width : int
        The columns of the terminal.
    sources : bool
        Say where in the user's code each value was computed.

    Returns
    -------
    str
    """
    writer = _Writer(width, sources)
    blocks = []
    for title, lines in (("Forward", d.forward), ("Backward", d.backward)):
        if lines:
            blocks.append([title, "", *writer.section(fold(lines))])
    if known := list(meanings(d)):
        blocks.append(["Here", "", *writer.legend(known)])
    return "\n".join("\n".join(line.rstrip() for line in block) + "\n" for block in blocks).rstrip()


def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape: (3×4); of a single number, nothing.

    >>> shape_text((3, 4)), shape_text((5,)), shape_text(())
    ('(3×4)', '(5)', '')
    """
    return f"({'×'.join(map(str, shape))})" if shape else ""


def common_shape(line: Line, repeat: Repeat) -> str:
    """Write the shape of a line that stands for several layers, if they all have the same."""
    place = next(at for at, one in enumerate(repeat.lines) if one is line)
    shapes = {one.shape for one in repeat.members[place :: len(repeat.lines)]}
    return shape_text(line.shape) if len(shapes) == 1 else ""


def steps_of(line: Line) -> list[tuple[Expr, str]]:
    """Return the forms of a right-hand side that differ in writing, and the reason of each."""
    found: list[tuple[Expr, str]] = []
    last = ""
    for step in line.steps:
        written = _indexed(step.formula)
        if written == last and found:
            continue
        found.append((step.formula, step.reason))
        last = written
    return found if len(found) > 1 else []


def meanings(d: Derivation, *, indexed: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what the short names and the signs of a derivation stand for: text, TeX, meaning.

    Parameters
    ----------
    d : Derivation
    indexed : bool
        The writing is one in which every Σ has its index, as in TeX.
    """
    for name, meaning in d.legend:
        yield name, notation.name_latex(name), meaning
    lines = (*d.forward, *d.backward)
    write = _indexed if indexed else notation.text
    written = "\n".join(write(step.formula) for line in lines for step in line.steps)
    for index, what in (("ᵢ", "rows"), ("ⱼ", "columns")):
        names = [line.name for line in lines if notation.hidden_index(line.expr) == index]
        if names and not indexed:
            yield "Σ", "", f"without an index, in {_some(names)}: sum over the {what} of a matrix"
    yield from signs(written)


def _indexed(formula: Expr) -> str:
    return notation.phrase(formula).at(Level.LIST).text


def _some(names: Sequence[str]) -> str:
    """List names, the first few of many."""
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:6]) + (", …" if len(shown) > 6 else "")


# ------------------------------------------------------------------------------------------ numbers


def _is_small(value: Any) -> bool:
    value = np.asarray(value)
    few = 0 < value.size <= _MOST_NUMBERS and (value.ndim < 2 or len(value) <= _MOST_ROWS)
    return few and value.ndim <= 2 and value.dtype.kind in "fiub"


def _numbered(value: Any, sign: str) -> Phrase:
    """Write a value as a phrase: a number, or a matrix for which `sign` stands in text."""
    value = np.asarray(value)
    if value.size == 1:
        number = decimal(value.reshape(-1)[0])
        return replace(number, turned=number)  # it is its own transpose
    rows = [" & ".join(_tex(x) for x in line) for line in layout.grid(value)]
    body = r" \\ ".join(rows)
    return Phrase(sign, rf"\begin{{bmatrix}} {body} \end{{bmatrix}}")


def _tex(number: str) -> str:
    text = number.replace("−", "-").replace("∞", r"\infty").replace("NaN", r"\text{NaN}")
    digits, e, power = text.partition("e")
    return rf"{digits} \cdot 10^{{{power}}}" if e else text


def numbers(line: Line) -> tuple[Phrase | None, Phrase, dict[str, Any]] | None:
    """Write a line with numbers in place of its symbols, if all of them are small.

    Returns
    -------
    (Phrase or None, Phrase, dict) or None
        The right-hand side in numbers (None if it is a number itself, or one of its operands is
        large), the value, and what the characters of a private area stand for in their texts.
    """
    if not _is_small(line.recorded):
        return None
    stands: dict[str, Any] = {}

    def written(value: Any) -> Phrase:
        sign = chr(0xE000 + len(stands))
        stands[sign] = np.asarray(value)
        return _numbered(value, sign)

    symbols = [p for p in parts(line.expr) if p.op is None]
    result = written(line.recorded)
    if line.expr.op is None or not all(_is_small(s.value) for s in symbols):
        return None, result, stands
    phrases = {id(s): written(s.value) for s in symbols}
    return notation.substituted(line.expr, phrases).at(Level.LIST), result, stands


# ------------------------------------------------------------------------------------------- writer


class _Writer:
    """Writes the lines of a section below each other, their signs of equality lined up."""

    def __init__(self, width: int, sources: bool) -> None:
        self.width, self.sources = width, sources

    def section(self, entries: Sequence[Line | Repeat]) -> Iterator[str]:
        """Yield the lines of a section."""
        names = [
            line.name for e in entries for line in (e.lines if isinstance(e, Repeat) else (e,))
        ]
        longest = max((len(n) for n in names if len(n) <= _LONGEST_NAME), default=0)
        for entry in entries:
            if isinstance(entry, Repeat):
                yield f"  for l = {entry.first} … {entry.last}:"
                for line in entry.lines:
                    yield from self.line(line, 4, longest, repeated=entry)
            else:
                yield from self.line(entry, 2, longest)

    def line(
        self, line: Line, indent: int, longest: int, repeated: Repeat | None = None
    ) -> Iterator[str]:
        """Yield an equation, and below it how it came about and what it amounts to."""
        head = f"{' ' * indent}{line.name:<{longest}} = "
        shape = shape_text(line.shape) if repeated is None else common_shape(line, repeated)
        main, definitions = notation.spelled(line.expr)
        formula = main.at(Level.LIST).text if definitions else line.formula
        yield from self._equation(head, formula, shape)
        hang = layout.width_of(head)
        yield from self._definitions(definitions, hang)
        yield from self._steps(line, hang)
        for name, formula_there in line.where:
            text = f"{name} = {notation.text(formula_there)}"
            yield from self._hanging(" " * hang + "where ", text)
        if len(line.paths) > 1:
            for path in line.paths:
                lead = f"{' ' * hang}through {path.through}: "
                yield from self._hanging(lead, notation.text(path.formula))
        if repeated is None:
            yield from self._numbers(line, hang)
        for note in line.notes:
            yield from self._told(" " * hang, note)
        if self.sources and line.source:
            yield f"{' ' * hang}at {line.source}"

    def _equation(self, head: str, formula: str, shape: str) -> Iterator[str]:
        hang = layout.width_of(head)
        room = self.width - hang - (len(shape) + 2 if shape else 0)
        pieces = layout.wrapped(formula, max(room, 24))
        for at, piece in enumerate(pieces):
            text = (head if not at else " " * hang) + piece
            if at == len(pieces) - 1 and shape:
                text += " " * (self.width - layout.width_of(text) - len(shape)) + shape
                if not text.endswith(f" {shape}"):
                    text = text.removesuffix(shape) + f"  {shape}"
            yield text

    def _hanging(self, lead: str, text: str) -> Iterator[str]:
        yield from _hung(lead, layout.wrapped(text, max(self.width - layout.width_of(lead), 24)))

    def _told(self, lead: str, words: str) -> Iterator[str]:
        room = max(self.width - layout.width_of(lead), 24)
        yield from _hung(
            lead, textwrap.wrap(words, room, break_long_words=False, break_on_hyphens=False)
        )

    def _definitions(
        self, definitions: Sequence[tuple[Phrase, Phrase]], hang: int
    ) -> Iterator[str]:
        shown = definitions[:_MOST_DEFINITIONS]
        for name, part in shown:
            lead = f"{' ' * hang}where {name.text} = "
            yield from self._hanging(lead, part.at(Level.LIST).text)
        if more := len(definitions) - len(shown):
            yield f"{' ' * hang}and {more} more: the line's .formula has them all"

    def _steps(self, line: Line, hang: int) -> Iterator[str]:
        steps = steps_of(line)
        for at, (formula, reason) in enumerate(steps):
            lead = " " * hang + ("from " if not at else "   = ")
            yield from self._hanging(lead, notation.text(formula))
            if reason:
                yield from self._told(" " * (hang + 7), f"({reason})")

    def _numbers(self, line: Line, hang: int) -> Iterator[str]:
        found = numbers(line)
        if found is None:
            return
        whole, result, stands = found
        boxes = {sign: layout.matrix(value) for sign, value in stands.items()}
        # A matrix that is turned, or 0-dimensional, is drawn as it is held.
        value = layout.parse(result.text, boxes)
        forms = [] if whole is None else [layout.parse(whole.text, boxes)]
        drawn = [b for form in (*forms, value) for b in (layout.row("= "), form, layout.row(" "))]
        box = layout.beside(drawn)
        if box.width > self.width - hang:
            box = layout.beside([layout.row("= "), value])
        if box.width <= self.width - hang:
            for text in box.rows:
                yield " " * hang + text

    def legend(self, entries: Sequence[tuple[str, str, str]]) -> Iterator[str]:
        """Yield what names and signs mean."""
        longest = max(layout.width_of(name) for name, _, _ in entries)
        for name, _, meaning in entries:
            lead = f"  {name}{' ' * (longest - layout.width_of(name))}  "
            yield from self._told(lead, meaning)


def _hung(lead: str, pieces: Sequence[str]) -> Iterator[str]:
    """Yield lines of which the first begins with `lead`, and the others below its end."""
    for at, piece in enumerate(pieces):
        yield (" " * layout.width_of(lead) if at else lead) + piece

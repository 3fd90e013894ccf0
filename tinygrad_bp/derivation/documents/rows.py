"""The rows that a derivation takes up in a document: an equation, and what is said below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...expr import parts
from ..lines import Line, Repeat
from ..notation import formulas as notation
from ..notation.phrase import Level
from .terminal import common_shape, numbers, shape_text, steps_of

__all__ = ["Row", "broken", "repeat_title", "rows"]

_MOST_DEFINITIONS = 12
_PAGE = 72  # letters across a page


@dataclass(frozen=True)
class Row:
    """One row of a document.

    Attributes
    ----------
    kind : str
        ``equation``, and below it ``where``, ``step``, ``path``, ``number``, ``note``.
    left, right : str
        The two sides in TeX; without a left side the row goes on from the one above. On the left
        of a path is what it leads through.
    remark : str
        In plain words: a shape, a reason.
    """

    kind: str
    left: str = ""
    right: str = ""
    remark: str = ""


def rows(line: Line, repeat: Repeat | None = None) -> Iterator[Row]:
    """Yield the rows of a line; of one that stands for several layers, without numbers."""
    main, definitions = notation.spelled(line.expr)
    shape = shape_text(line.shape) if repeat is None else common_shape(line, repeat)
    yield Row("equation", notation.name_latex(line.name), main.at(Level.LIST).tex, shape)
    for name, part in definitions[:_MOST_DEFINITIONS]:
        yield Row("where", name.tex, part.at(Level.LIST).tex)
    if (more := len(definitions) - _MOST_DEFINITIONS) > 0:
        yield Row("note", remark=f"and {more} more parts of this formula")
    for at, (formula, reason) in enumerate(steps_of(line)):
        yield Row("step", "", notation.latex(formula), reason or ("" if at else "the chain rule"))
    for called, formula in line.where:
        yield Row("where", _name_in(line, called), notation.latex(formula))
    if len(line.paths) > 1:
        for path in line.paths:
            through = notation.name_latex(path.through)
            yield Row("path", through, notation.latex(path.formula), path.through)
    found = numbers(line) if repeat is None else None
    if found is not None:
        whole, result, _ = found
        forms = [f"{whole.tex} = {result.tex}"] if whole is not None else []
        # Several matrices in a row may be wider than a page.
        fitting = [tex for tex in (*forms, result.tex) if _measure(tex) <= _PAGE]
        if fitting:
            yield Row("number", "", fitting[0])
    for note in line.notes:
        yield Row("note", remark=note)


def _name_in(line: Line, name: str) -> str:
    """Return in TeX the part of a formula that is written so in text."""
    for step in line.steps:
        for part in parts(step.formula):
            if part.op is not None and part.op.name.endswith("′") and notation.text(part) == name:
                return notation.latex(part)
    return notation.name_latex(name)


def repeat_title(repeat: Repeat) -> str:
    """Say for which layers the lines stand.

    >>> repeat_title(Repeat(5, 2, (), ()))
    'for l = 5 … 2'
    """
    return f"for l = {repeat.first} … {repeat.last}"


# --------------------------------------------------------------------------------- breaking lines

_COMMAND = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&]")
#: What may not be torn apart, and what may if there is no other way.
_TOKEN = re.compile(r"\\left|\\right|\\begin|\\end|\\[a-z]+|[{}()\[\]]| (?=[+=-] |\\odot |\\cdot )")
_MATRIX = re.compile(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}")
_GROWING = re.compile(r"\\(?=(?:left|right)(?![a-z]))(l|r)(?:eft|ight)")
_HARD = {r"\left": 1, r"\right": -1, r"\begin": 1, r"\end": -1, "{": 1, "}": -1}
_SOFT = {"(": 1, "[": 1, ")": -1, "]": -1}


def _measure(tex: str) -> int:
    """Estimate how many letters wide a formula is; of a matrix the widest row counts."""
    tex = _MATRIX.sub(_widest, tex)
    return len(_COMMAND.sub(lambda m: "x" if m[0][1:].isalpha() else "", tex).replace(" ", ""))


def _widest(match: re.Match[str]) -> str:
    lines = match[1].split(r"\\")
    return "(" + max(lines, key=len).replace("&", "xx") + ")"


def _places(tex: str) -> list[tuple[int, int]]:
    """Return where a formula may be broken, each with the number of brackets around."""
    hard = soft = 0
    found = []
    previous = ""
    for match in _TOKEN.finditer(tex):
        token = match[0]
        if token == " ":
            if not hard:
                found.append((match.start(), soft))
        elif previous not in (r"\left", r"\right"):  # the bracket itself that one of these makes
            hard += _HARD.get(token, 0)
            soft += _SOFT.get(token, 0)
        previous = token
    return found


def broken(tex: str, width: int) -> list[str]:
    r"""Break a formula that is too wide for a page, before + − ⊙, in as few brackets as possible.

    Examples
    --------
    >>> broken(r"A \odot B + C \odot (D - E)", 8)
    ['A \\odot B', '+ C \\odot (D - E)']
    """
    pieces = _broken(tex, width)
    longest = max(map(_measure, pieces))
    if longest <= width:
        return pieces
    # Brackets that grow stand on one line. Those of a fixed size may be opened on one, closed on
    # another.
    others = _broken(_GROWING.sub(r"\\Big\1", tex), width)
    return others if max(map(_measure, others)) < longest else pieces


def _broken(tex: str, width: int) -> list[str]:
    places = _places(tex)
    pieces, start = [], 0
    while _measure(tex[start:]) > width:
        later = [(p, depth) for p, depth in places if p > start + 1]
        if not later:
            break
        fitting = [(p, depth) for p, depth in later if _measure(tex[start:p]) <= width]
        if fitting:
            # In few brackets rather than in many, at a sum rather than at a product.
            shallow = min(depth for _, depth in fitting)
            best = [p for p, depth in fitting if depth == shallow]
            end = max([p for p in best if tex[p + 1] in "+-"] or best)
        else:
            end = later[0][0]
        pieces.append(tex[start:end].strip())
        start = end
    return [*pieces, tex[start:].strip()]

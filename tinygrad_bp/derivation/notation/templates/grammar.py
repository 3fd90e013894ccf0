"""What a template is.

    "square": Template("<x:atom>²", "<x:atom>^{2}", POWER)

``<x>`` stands for the operand of that name, ``<x:atom>`` for the same in brackets unless it binds
as tightly as an atom does. Attributes go by their names too. Besides there are::

    <args>   all operands, separated by commas
    <more>   the attributes that are not at their defaults: "; α = 0.1"
    <i>      the axes of a reduction, as an index: i counts rows, j counts columns
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....expr import Expr
from ..numerals import number, subscript
from ..phrase import Level, Phrase, tall

__all__ = [
    "Template", "Writer", "axes_index", "call", "index", "listed", "scalar", "shape_of", "sizes",
    "statement",
]  # fmt: skip

#: Writes an operation, given what it is and how its operands are written.
Writer = Callable[[Expr, tuple[Phrase, ...]], Phrase]

_PLACE = re.compile(r"<(\w+)(?::(\w+))?>")

#: Attributes that say what shapes and places say already, or that concern the computation alone.
_UNSAID = frozenset(
    (
        "axes", "axis", "axis1", "axis2", "count", "dtype", "include", "keepdims", "key", "length",
        "path", "shape", "size", "sizes", "stable", "template", "together", "widths",
    )
)  # fmt: skip

#: Attributes that go without saying at these values.
_USUAL = {"padding": 0, "dilation": 1, "offset": 0, "k": 0, "groups": 1}

#: How attributes are written.
_LABELS = {
    "alpha": "α", "beta": "β", "slope": "α", "eps": "ε", "bound": "λ", "dilation": "d",
    "groups": "groups", "padding": "p", "stride": "s", "kernel": "k",
}  # fmt: skip
_TEX = {"α": r"\alpha", "β": r"\beta", "ε": r"\varepsilon", "λ": r"\lambda"}


@dataclass(frozen=True)
class Template:
    """How an operation is written, in Unicode and in TeX.

    `name` is how the function is called where its derivative is written, f′(x).
    """

    text: str
    tex: str
    level: Level = Level.ATOM
    tex_level: Level | None = None
    truth: bool = False
    name: tuple[str, str] = field(default=("", ""))

    def __call__(self, formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
        """Write an operation on operands that are written already."""
        words = _words(formula, operands)
        tex = _filled(self.tex, words, "tex")
        if not tall(tex.replace(r"\left", "")):
            tex = tex.replace(r"\left", "").replace(r"\right", "")
        level = self.level if self.tex_level is None else self.tex_level
        return Phrase(_filled(self.text, words, "text"), tex, self.level, level, self.truth)


def call(text: str, tex: str = "", *, truth: bool = False) -> Template:
    """Make the template of a function: its name, its arguments in brackets."""
    tex = tex or (rf"\operatorname{{{text}}}" if text.isascii() else text)
    level = Level.TRUTH if truth else Level.ATOM
    return Template(
        f"{text}(<args><more>)", rf"{tex}\left(<args><more>\right)", level, truth=truth,
        name=(text, tex),
    )  # fmt: skip


def statement(text: str, tex: str, level: Level = Level.TRUTH) -> Template:
    """Make the template of a comparison."""
    return Template(text, tex, level, truth=True)


def _filled(template: str, words: dict[str, Phrase], face: str) -> str:
    def put(match: re.Match[str]) -> str:
        level = Level[(match[2] or "list").upper()]
        word: str = getattr(words[match[1]].at(level), face)
        return word

    return _PLACE.sub(put, template)


def _words(formula: Expr, operands: tuple[Phrase, ...]) -> dict[str, Phrase]:
    op = formula.op
    assert op is not None
    words = dict(zip(op.inputs, operands, strict=False))
    words["args"] = listed(operands)
    words["i"] = Phrase(*index(formula))
    words["more"] = _more(formula)
    for name, value in formula.attrs.items():
        words.setdefault(name, _attribute(value))
    for name in (*op.inputs, *op.attributes):
        words.setdefault(name, Phrase("", ""))
    return words


def listed(phrases: tuple[Phrase, ...]) -> Phrase:
    """Separate phrases by commas."""
    shown = [p.at(Level.LIST) for p in phrases]
    return Phrase(", ".join(p.text for p in shown), ", ".join(p.tex for p in shown), Level.LIST)


# --------------------------------------------------------------------------------------- attributes


def _attribute(value: Any) -> Phrase:
    if isinstance(value, (bool, np.bool_)):
        return Phrase("yes" if value else "no", rf"\text{{{'yes' if value else 'no'}}}")
    if isinstance(value, (int, float, complex, np.number)):
        return number(value)
    if isinstance(value, tuple) and all(isinstance(n, int) for n in value):
        return sizes(value)
    return Phrase(str(value), rf"\text{{{re.sub('[^A-Za-z0-9 .,]', ' ', str(value))}}}")


def sizes(value: tuple[int, ...]) -> Phrase:
    """Write lengths along several axes: 3×3, or one number where all are the same."""
    if len(set(value)) == 1:
        return number(value[0])
    return Phrase("×".join(map(str, value)), r" \times ".join(map(str, value)))


def _more(formula: Expr) -> Phrase:
    assert formula.op is not None
    usual = getattr(formula.op.forward, "__kwdefaults__", None) or {}
    found = []
    for name, value in formula.attrs.items():
        if (
            name in _UNSAID
            or value is None
            or value is False
            or (name in usual and usual[name] == value)
        ):
            continue
        if name in _USUAL and (value if isinstance(value, tuple) else (value,)).count(
            _USUAL[name]
        ) == np.size(value):
            continue
        label, written = _LABELS.get(name, name.replace("_", " ")), _attribute(value)
        sign = _TEX.get(label, label if len(label) == 1 else rf"\text{{{label}}}")
        found.append((f"{label} = {written.text}", f"{sign} = {written.tex}"))
    text, tex = (", ".join(part) for part in zip(*found, strict=True)) if found else ("", "")
    return Phrase(f"; {text}", f";\\, {tex}") if found else Phrase("", "")


# --------------------------------------------------------------------------------- axes and shapes


def shape_of(operand: Any) -> tuple[int, ...]:
    """Return the shape of an operand: a formula, an array, a number."""
    return tuple(getattr(operand, "shape", ()))


def scalar(operand: Any) -> bool:
    """Whether an operand is one number."""
    return math.prod(shape_of(operand)) == 1


def index(formula: Expr) -> tuple[str, str]:
    """Say over which axes an operation runs, as an index; nothing where it is all of them."""
    shape = shape_of(formula.args[0]) if formula.args else ()
    axes = formula.attrs.get("axis", formula.attrs.get("axes"))
    return axes_index(axes, len(shape))


def axes_index(axes: Any, rank: int) -> tuple[str, str]:
    """Write axes as an index, in text and in TeX.

    >>> axes_index((1,), 2), axes_index(None, 2), axes_index((0, 2), 3)
    (('ⱼ', '_{j}'), ('', ''), ('₀₂', '_{0,2}'))
    """
    if axes is None:
        return "", ""
    chosen = sorted({a % max(rank, 1) for a in ((axes,) if isinstance(axes, int) else axes)})
    if len(chosen) == rank or not chosen:
        return "", ""
    if rank == 2:
        letter = "ij"[chosen[0]]
        return subscript(letter), f"_{{{letter}}}"
    return subscript("".join(map(str, chosen))), f"_{{{','.join(map(str, chosen))}}}"

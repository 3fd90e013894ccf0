r"""Formulas as a textbook writes them: in Unicode for a terminal, in TeX for a page.

>>> import numpy as np
>>> from tinygrad_bp.expr import symbol
>>> W2, dZ2, Z1 = (symbol(n, np.ones((3, 3))) for n in ("W2", "dZ2", "Z1"))
>>> formula = (W2.T @ dZ2) * (Z1 > 0)
>>> text(formula)
'W2ᵀ dZ2 ⊙ [Z1 > 0]'
>>> latex(formula)
'W_2^{\\top} dZ_2 \\odot [Z_1 > 0]'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...expr import Expr, parts
from ...op import Op
from .numerals import array, number, uniform
from .phrase import Level, Phrase
from .symbols import symbol, word
from .templates import TEMPLATES, Template, Writer
from .templates.grammar import call, shape_of
from .templates.shapes import source_shape

__all__ = [
    "hidden_index",
    "latex",
    "name_latex",
    "phrase",
    "spelled",
    "substituted",
    "text",
]


def text(formula: Any) -> str:
    """Write a formula in Unicode.

    Parameters
    ----------
    formula : Expr, number or array

    Returns
    -------
    str
        Where a whole formula is the sum over one axis of a matrix, as that for a bias, Σ has no
        index: the shape of the result says which axis is left. :func:`latex` always names it.
        Parts that a long formula has several times are written once: ``… where u1 = …``.
    """
    main, definitions = spelled(formula)
    whole = main.at(Level.LIST).text
    if not definitions:
        bare = _without_index(formula)
        return whole if bare is None else bare.at(Level.LIST).text
    return (
        f"{whole} where {', '.join(f'{n.text} = {p.at(Level.LIST).text}' for n, p in definitions)}"
    )


def latex(formula: Any) -> str:
    """Write a formula in TeX, for math mode with amsmath and amssymb.

    Parameters
    ----------
    formula : Expr, number or array

    Returns
    -------
    str
    """
    main, definitions = spelled(formula)
    whole = main.at(Level.LIST).tex
    if not definitions:
        return whole
    named = r",\; ".join(f"{n.tex} = {p.at(Level.LIST).tex}" for n, p in definitions)
    return rf"{whole} \text{{ where }} {named}"


def name_latex(name: str) -> str:
    """Write the name of a value in TeX.

    >>> name_latex("dW2")
    'dW_2'
    """
    return symbol(name).tex


def phrase(formula: Any) -> Phrase:
    """Write a formula, with what is needed to put it into a larger one."""
    return _written(formula, {})


_LONG = 150  # parts of a formula, each as often as it is written, from which it is abbreviated
_WORTH_A_NAME = 6  # and how many parts make up something that is worth a name then


def spelled(formula: Any) -> tuple[Phrase, tuple[tuple[Phrase, Phrase], ...]]:
    """Write a formula; of a long one, parts that occur several times get names of their own.

    Returns
    -------
    (Phrase, tuple of (Phrase, Phrase))
        The formula, and (name, part) for each part that it calls by a name, in an order in which
        each name is defined before it is used.
    """
    if not isinstance(formula, Expr) or _size(formula) <= _LONG:
        return phrase(formula), ()
    taken = {part.name for part in parts(formula)}
    names: dict[int, Phrase] = {}
    definitions = []
    for part in _repeated(formula):
        number_here = len(names) + 1
        while f"u{number_here}" in taken:
            number_here += len(taken)
        written = _written(part, names)
        names[id(part)] = symbol(f"u{number_here}")
        definitions.append((names[id(part)], written))
    return _written(formula, names), tuple(definitions)


def substituted(formula: Expr, phrases: Mapping[int, Phrase]) -> Phrase:
    """Write a formula with something else in place of some parts, by ``id``: numbers, say."""
    return _written(formula, phrases)


def _size(formula: Expr) -> int:
    """Count the parts of a formula, each as often as it would be written."""
    found: dict[int, int] = {}
    for part in parts(formula):
        found[id(part)] = 1 + sum(found[id(a)] if isinstance(a, Expr) else 1 for a in part.args)
    return found[id(formula)]


def _repeated(formula: Expr) -> list[Expr]:
    """Return the parts that are worth a name, those inside of others first."""
    uses: dict[int, int] = {}
    for part in parts(formula):
        for a in part.args:
            if isinstance(a, Expr):
                uses[id(a)] = uses.get(id(a), 0) + 1
    chosen: list[Expr] = []
    found: dict[int, int] = {}
    for part in parts(formula):
        size = 1 + sum(found[id(a)] if isinstance(a, Expr) else 1 for a in part.args)
        if part.op is not None and uses.get(id(part), 0) > 1 and size >= _WORTH_A_NAME:
            chosen.append(part)
            size = 1
        found[id(part)] = size
    return chosen


def _written(formula: Any, names: Mapping[int, Phrase]) -> Phrase:
    """Write a formula, with names in place of some of its parts."""
    if not isinstance(formula, Expr):
        return _constant(formula)
    written = dict(names)
    for part in parts(formula):
        if id(part) in names:
            continue
        if part.op is None:
            written[id(part)] = symbol(part.name)
        else:
            operands = tuple(_operand(part, a, written) for a in part.args)
            written[id(part)] = _writer(part.op)(part, operands)
    return written[id(formula)]


def _constant(value: Any) -> Phrase:
    if isinstance(value, str):
        return symbol(value)
    return array(value) if isinstance(value, np.ndarray) else number(value)


def _operand(formula: Expr, operand: Any, written: dict[int, Phrase]) -> Phrase:
    """Write an operand, without what broadcasting does anyway: no 𝟏 in 1 − A."""
    if formula.op is not None and formula.op.broadcasts:
        while _repeats(operand) and _spreads_anyway(formula, operand):
            operand = operand.args[0]
        if isinstance(operand, Expr) and operand.op is not None and operand.op.name == "full_like":
            return number(operand.attrs["value"])
        if (same := uniform(operand)) is not None and not isinstance(same, np.bool_):
            return number(same)
    return written[id(operand)] if isinstance(operand, Expr) else _constant(operand)


def _repeats(operand: Any) -> bool:
    return (
        isinstance(operand, Expr)
        and operand.op is not None
        and operand.op.name in ("broadcast_to", "spread")
    )


def _spreads_anyway(formula: Expr, operand: Expr) -> bool:
    """Whether the other operands have the shape of the result, so that repeating is no news."""
    others = [shape_of(a) for a in formula.args if a is not operand]
    if not others:
        return False
    try:
        return np.broadcast_shapes(source_shape(operand), *others) == tuple(formula.shape)
    except ValueError:
        return False


def _writer(op: Op) -> Writer:
    """Return the template of an operation: a derivative's by that of its function, else f(x, y)."""
    found = TEMPLATES.get(op.name)
    if found is not None:
        return found
    base = op.name.rstrip("′")
    primes = len(op.name) - len(base)
    if not primes:
        return call(op.name, _operator(op.name))
    function = TEMPLATES.get(base)
    name, tex = function.name if isinstance(function, Template) else ("", "")
    return call((name or base) + "′" * primes, (tex or _operator(base)) + "'" * primes)


def _operator(name: str) -> str:
    """Write the name of a function that has no template: that of a module or of a user's own."""
    above, slash, below = name.partition("/∂")
    if slash and above.startswith("∂"):
        return rf"\frac{{\partial {_operator(above[1:])}}}{{\partial {symbol(below).tex}}}"
    if name.isascii() and name.isalpha():
        return rf"\operatorname{{{name}}}"
    return word(name)


def hidden_index(formula: Any) -> str:
    """Return the index that :func:`text` leaves away, ᵢ or ⱼ; "" if it leaves none."""
    bare = _without_index(formula)
    if bare is None:
        return ""
    left = [sign for sign in "ᵢⱼ" if phrase(formula).text.count(sign) > bare.text.count(sign)]
    return left[0] if left else ""


def _without_index(formula: Any) -> Phrase | None:
    """Write a formula that is the sum over one axis of a matrix as Σ X, and its multiples."""
    if not isinstance(formula, Expr) or formula.op is None:
        return None
    written = phrase(formula)
    if written.level is Level.SIGMA and written.text[:2] in ("Σᵢ", "Σⱼ"):
        return Phrase("Σ" + written.text[2:], written.tex, Level.SIGMA, Level.SIGMA)
    if formula.op.name not in ("multiply", "divide", "negative"):
        return None
    for place, operand in enumerate(formula.args):
        inner = _without_index(operand)
        rest = [a for a in formula.args if a is not operand]
        if inner is not None and all(np.size(getattr(a, "value", a)) == 1 for a in rest):
            operands = [phrase(a) for a in formula.args]
            operands[place] = inner
            return _writer(formula.op)(formula, tuple(operands))
    return None

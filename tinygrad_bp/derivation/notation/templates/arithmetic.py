"""Sums, products and quotients: signs, scalars, and where ⊙ is needed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from ....expr import Expr
from ..numerals import number, raised, uniform
from ..phrase import Level, Phrase, beside, fenced, minus
from .grammar import Template, Writer, scalar, shape_of

__all__ = ["ARITHMETIC", "difference", "hadamard", "quotient", "same", "scaled", "total"]

_RECIPROCAL = re.compile(r"1/(√?)(\d+)")
_SINGLE = Level.POWER  # what stands on either side of a slash without blanks


def _add(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return total(*operands)


def total(x: Phrase, y: Phrase) -> Phrase:
    """Write x + y; with a negative y, a difference."""
    if y.minus is not None:
        return difference(x, y.minus)
    if y.level is Level.SUM and y.text[0] == "−" and y.tex[0] == "-":
        # x + (−a + b) is x − a + b.
        return _joined(x, "−", "-", replace(y, text=y.text[1:], tex=y.tex[1:]))
    return _joined(x, "+", "+", y)


def _log1p(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    inside = total(number(1), operands[0])
    return Phrase(f"log({inside.text})", rf"\log{fenced('(', inside.tex, ')')}")


def _xlog1py(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return hadamard(operands[0], _log1p(formula, operands[1:]))


def _subtract(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    x, y = operands
    if x.text == "0":
        return minus(y)
    return difference(x, y) if y.minus is None else total(x, y.minus)


def difference(x: Phrase, y: Phrase) -> Phrase:
    """Write x − y."""
    return _joined(x, "−", "-", y.at(Level.SIGMA))


def _joined(x: Phrase, text: str, tex: str, y: Phrase) -> Phrase:
    x, y = x.at(Level.SUM), y.at(Level.SUM)
    return Phrase(f"{x.text} {text} {y.text}", f"{x.tex} {tex} {y.tex}", Level.SUM, Level.SUM)


def _multiply(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write a product: elementwise with ⊙, with a scalar in front of the rest without a sign."""
    x, y = operands
    if x.minus is not None or y.minus is not None:
        behind = (x.minus or x, y.minus or y)
        product = _multiply(formula, behind)
        return product if x.minus is not None and y.minus is not None else minus(product)
    a, b = formula.args
    if (left := _one_number(a, x)) or _one_number(b, y):
        # A number comes first, whichever side it was on; else the scalar does.
        swap = not left or (_one_number(b, y) and isinstance(b, (int, float)))
        return scaled(y, x) if swap else scaled(x, y)
    for one, other, kept in ((x, y, b), (y, x, a)):
        if one.text == "1" and shape_of(kept) == tuple(formula.shape):
            return other  # ones on every element
    if y.factor is not None and y.rest is not None and x.factor is None:
        return scaled(y.factor, hadamard(x, y.rest))
    return hadamard(x, y)


def _one_number(operand: Any, written: Phrase) -> bool:
    """Whether an operand is one number, or one that is repeated without a sign for that."""
    while isinstance(operand, Expr) and operand.op is not None and "𝟏" not in written.text:
        if operand.op.name == "full_like":
            return True
        if operand.op.name not in ("broadcast_to", "spread"):
            break
        operand = operand.args[0]
    return scalar(operand) or (uniform(operand) is not None and "𝟏" not in written.text)


def hadamard(x: Phrase, y: Phrase) -> Phrase:
    """Write x ⊙ y."""
    left, right = x.at(Level.PRODUCT), y.at(Level.PRODUCT)
    return Phrase(
        f"{left.text} ⊙ {right.text}", rf"{left.tex} \odot {right.tex}", Level.PRODUCT,
        Level.PRODUCT,
    )  # fmt: skip


def scaled(factor: Phrase, phrase: Phrase) -> Phrase:
    """Write a scalar in front of a phrase; 1/n of it as a quotient."""
    if factor.text == "1":
        return phrase
    if phrase.text == "1":
        return factor
    if reciprocal := _RECIPROCAL.fullmatch(factor.text):
        root, n = reciprocal.groups()
        return quotient(phrase, Phrase(f"{root}{n}", rf"\sqrt{{{n}}}" if root else n))
    if phrase.factor is not None and phrase.rest is not None and not _is_numeral(factor):
        return scaled(phrase.factor, scaled(factor, phrase.rest))
    # A scalar may stand in front of a sum or a quotient: both are linear.
    first, rest = factor.at(Level.SCALED), phrase.at(Level.SIGMA)
    dotted = rest.text[0].isnumeric() and first.text[-1].isnumeric()
    tex = rf"{first.tex} \cdot {rest.tex}" if dotted else beside(first.tex, rest.tex)
    numeral = _is_numeral(factor)
    return Phrase(
        f"{first.text} {'· ' if dotted else ''}{rest.text}", tex,
        min(Level.SCALED, rest.level), min(Level.SCALED, rest.tex_level),
        factor=factor if numeral else None, rest=phrase if numeral else None,
    )  # fmt: skip


def _is_numeral(phrase: Phrase) -> bool:
    return phrase.text[0].isdigit() or phrase.text[0] in "½⅓⅔¼¾"


def _divide(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    x, y = operands
    if x.minus is not None or y.minus is not None:
        result = quotient(x.minus or x, y.minus or y)
        return result if x.minus is not None and y.minus is not None else minus(result)
    return quotient(x, y)


def quotient(x: Phrase, y: Phrase) -> Phrase:
    """Write x / y: a fraction in TeX, and in text without blanks where both sides are short."""
    if y.text == "1":
        return x
    top = x if x.level >= Level.PRODUCT else x.at(Level.ATOM)
    bottom = y.at(_SINGLE)
    tight = top.level >= _SINGLE
    return Phrase(
        f"{top.text}{'/' if tight else ' / '}{bottom.text}",
        rf"\frac{{{x.at(Level.LIST).tex}}}{{{y.at(Level.LIST).tex}}}",
        Level.PRODUCT if tight else Level.QUOTIENT, Level.POWER,
    )  # fmt: skip


def _power(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    exponent = operands[1] if len(operands) > 1 else number(formula.attrs["exponent"])
    x, inside = operands[0].at(Level.ATOM), exponent.minus or exponent
    if exponent.text == "1":
        return operands[0]
    if exponent.text == "½":
        return Phrase(f"√{x.text}", rf"\sqrt{{{operands[0].at(Level.LIST).tex}}}", Level.POWER)
    if inside.text.isdigit():
        text = f"{x.text}{raised(exponent.text)}"
    else:
        text = f"{x.text}^{exponent.at(Level.ATOM).text}"
    return Phrase(text, f"{x.tex}^{{{exponent.tex}}}", Level.POWER, Level.POWER)


def _negative(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return minus(operands[0])


def same(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write an operation that changes nothing to be seen: its operand."""
    return operands[0]


def _gate(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write what passes where a condition holds: g ⊙ [Z > 0]."""
    condition, x = operands
    a, g = formula.args
    if not condition.truth and np.asarray(getattr(a, "value", a)).dtype.kind != "b":
        inside = condition.at(Level.SUM)
        condition = Phrase(
            f"{inside.text} ≠ 0", rf"{inside.tex} \neq 0", Level.TRUTH, Level.TRUTH, truth=True
        )
    return _passed(x, condition, g)


def _passed(x: Phrase, condition: Phrase, value: Any) -> Phrase:
    """Write x ⊙ [condition], or the bracket alone where x is 1."""
    if x.minus is not None:
        return minus(_passed(x.minus, condition, 2))
    number_here = uniform(value) if isinstance(value, np.ndarray) else value
    if x.text in ("1", "𝟏") or (isinstance(number_here, (int, float)) and number_here == 1):
        return condition.at(Level.ATOM)
    bracket = condition.at(Level.ATOM)
    if scalar(value):
        return scaled(x, bracket)
    left = x.at(Level.PRODUCT)
    return Phrase(
        f"{left.text} ⊙ {bracket.text}", rf"{left.tex} \odot {bracket.tex}", Level.PRODUCT,
        Level.PRODUCT,
    )  # fmt: skip


def _where(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    condition, x, y = operands
    if y.text == "0":
        return _passed(x, condition, formula.args[1])
    test = condition.at(Level.LOGIC)
    a, b = x.at(Level.LIST), y.at(Level.LIST)
    tex = (
        rf"\begin{{cases}} {a.tex} & \text{{if }} {test.tex} \\ {b.tex} & \text{{else}} "
        r"\end{cases}"
    )
    return Phrase(f"{a.text} if {test.text} else {b.text}", tex, Level.LIST, Level.SUM)


def _clip_constant(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    x = operands[0].at(Level.LIST)
    text, tex = x.text, x.tex
    for name, bound in (("max", formula.attrs["lower"]), ("min", formula.attrs["upper"])):
        if bound is not None:
            limit = number(bound)
            text, tex = f"{name}({text}, {limit.text})", rf"\{name}({tex}, {limit.tex})"
    return Phrase(text, tex)


def _logical_not(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write ¬, of a comparison in brackets."""
    x = operands[0]
    inside = x.at(Level.ATOM) if not x.truth else Phrase(f"({x.text})", f"({x.tex})")
    return Phrase(f"¬{inside.text}", rf"\lnot {inside.tex}", Level.TRUTH, Level.TRUTH, truth=True)


ARITHMETIC: dict[str, Writer] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "positive": same,
    "power": _power,
    "power_constant": _power,
    "log1p": _log1p,
    "xlog1py": _xlog1py,
    "square": Template("<x:atom>²", "<x:atom>^{2}", Level.POWER),
    "gate": _gate,
    "where": _where,
    "clip_constant": _clip_constant,
    "logical_not": _logical_not,
    "invert": _logical_not,
}

"""Numbers as a textbook writes them: ½, 1/64, −1, 10⁻⁵, 2/√π."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .phrase import Level, Phrase, minus

__all__ = ["array", "decimal", "everywhere", "number", "raised", "subscript", "uniform"]

_RAISED = str.maketrans("0123456789-−+()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺⁽⁾")
_LOWERED = str.maketrans("0123456789-−+ij", "₀₁₂₃₄₅₆₇₈₉₋₋₊ᵢⱼ")

_FRACTIONS = {(1, 2): "½", (1, 3): "⅓", (2, 3): "⅔", (1, 4): "¼", (3, 4): "¾"}
_LARGEST_DENOMINATOR = 12  # of a fraction other than 1/n
_LARGEST_COUNT = 10**7  # the n of 1/n

#: Constants of the rules, as they are known.
_CONSTANTS = (
    (math.pi, "π", r"\pi", Level.ATOM),
    (math.pi / 2, "π/2", r"\frac{\pi}{2}", Level.PRODUCT),
    (math.e, "e", "e", Level.ATOM),
    (math.log(2), "log(2)", r"\log(2)", Level.ATOM),
    (math.log(10), "log(10)", r"\log(10)", Level.ATOM),
    (1 / math.log(2), "1/log(2)", r"\frac{1}{\log(2)}", Level.PRODUCT),
    (2 / math.sqrt(math.pi), "2/√π", r"\frac{2}{\sqrt{\pi}}", Level.PRODUCT),
    (math.sqrt(math.pi) / 2, "√π/2", r"\frac{\sqrt{\pi}}{2}", Level.PRODUCT),
    (math.sqrt(2 / math.pi), "√(2/π)", r"\sqrt{\frac{2}{\pi}}", Level.POWER),
    (1 / math.sqrt(2 * math.pi), "1/√(2π)", r"\frac{1}{\sqrt{2 \pi}}", Level.PRODUCT),
    (math.sqrt(2 * math.pi), "√(2π)", r"\sqrt{2 \pi}", Level.POWER),
)


def raised(word: str) -> str:
    """Write digits and signs as a superscript.

    >>> raised("-12")
    '⁻¹²'
    """
    return word.translate(_RAISED)


def subscript(word: str) -> str:
    """Write digits, i and j as a subscript.

    >>> subscript("02"), subscript("j")
    ('₀₂', 'ⱼ')
    """
    return word.translate(_LOWERED)


def number(value: Any) -> Phrase:
    r"""Write a number.

    Fractions with small denominators, 1/n, 1/√n and a few constants are recognized to the precision
    of the number's type. Anything else has four digits.

    Examples
    --------
    >>> [number(v).text for v in (2.0, -1, 0.5, 1 / 64, 1e-5, 0.123456, 1 / 8**0.5)]
    ['2', '−1', '½', '1/64', '10⁻⁵', '0.1235', '1/√8']
    >>> number(1 / 64).tex
    '\\frac{1}{64}'
    """
    if isinstance(value, (bool, np.bool_)):
        return Phrase(str(value), rf"\text{{{value}}}")
    if isinstance(value, (complex, np.complexfloating)):
        return _complex(complex(value))
    if isinstance(value, (int, np.integer)):
        whole = int(value)
        return minus(_whole(-whole)) if whole < 0 else _whole(whole)
    real = float(value)
    if math.isnan(real):
        return Phrase("NaN", r"\text{NaN}")
    if real < 0:
        return minus(_positive(-real, _precision(value)))
    return _positive(real, _precision(value))


def _precision(value: Any) -> float:
    kind = np.asarray(value).dtype
    return 4 * float(np.finfo(kind).eps) if kind.kind == "f" else 1e-15


def _whole(n: int) -> Phrase:
    if n < 10**7:
        return Phrase(str(n), str(n))
    text = str(n)
    zeros = len(text) - len(text.rstrip("0"))
    return _power_of_ten(text.rstrip("0"), zeros) if zeros > 5 else Phrase(text, text)


def _positive(x: float, precision: float) -> Phrase:
    if math.isinf(x):
        return Phrase("∞", r"\infty")
    if x == int(x) and x < 1e16:
        return _whole(int(x))
    for constant, text, tex, level in _CONSTANTS:
        if abs(x - constant) <= precision * constant:
            return Phrase(text, tex, level, Level.POWER)
    if not 1e-4 <= x < 1e6 and _short(x):
        return _scientific(x)
    found = _fraction(x, precision)
    return found if found is not None else _decimal(x)


def _short(x: float) -> bool:
    """Whether a few digits and a power of ten say it all."""
    return float(f"{x:.1e}") == x


def _fraction(x: float, precision: float) -> Phrase | None:
    for bottom in range(2, _LARGEST_DENOMINATOR + 1):
        top = round(x * bottom)
        if 0 < top <= 3 * bottom and abs(x * bottom - top) <= precision * top:
            return None if bottom in (5, 10) else _over(str(top), str(bottom))
    n = round(1 / x) if x < 1 else 0
    if 0 < n <= _LARGEST_COUNT and abs(1 / n - x) <= precision * x:
        return None if _short(x) and n % 5 == 0 else _over("1", str(n))
    square = round(1 / x**2) if x < 1 else 0
    if 1 < square <= 4096 and abs(1 / math.sqrt(square) - x) <= precision * x:
        return Phrase(
            f"1/√{square}", rf"\frac{{1}}{{\sqrt{{{square}}}}}", Level.PRODUCT, Level.POWER
        )
    return None


def _over(top: str, bottom: str) -> Phrase:
    sign = _FRACTIONS.get((int(top), int(bottom)))
    tex = rf"\frac{{{top}}}{{{bottom}}}"
    if sign:
        return Phrase(sign, tex, Level.ATOM, Level.POWER)
    return Phrase(f"{top}/{bottom}", tex, Level.PRODUCT, Level.POWER)


def _scientific(x: float) -> Phrase:
    digits, power = f"{x:.3e}".split("e")
    return _power_of_ten(digits.rstrip("0").rstrip("."), int(power))


def _power_of_ten(digits: str, power: int) -> Phrase:
    lead, tex = ("", "") if digits == "1" else (f"{digits}·", rf"{digits} \cdot ")
    level = Level.PRODUCT if lead else Level.POWER
    return Phrase(f"{lead}10{raised(str(power))}", f"{tex}10^{{{power}}}", level, level)


def decimal(value: Any) -> Phrase:
    """Write a measured number: four digits, no fractions.

    >>> decimal(1 / 3).text, decimal(-2.0).text, decimal(1.5e-7).text
    ('0.3333', '−2', '1.5·10⁻⁷')
    """
    real = float(value)
    if real < 0:
        return minus(decimal(-real))
    if np.isnan(real):
        return number(real)
    return number(real) if math.isinf(real) or real == int(real) else _decimal(real)


def _decimal(x: float) -> Phrase:
    if not 1e-4 <= x < 1e6:
        return _scientific(x)
    text = f"{x:.4g}" if x < 1e4 else f"{x:.0f}"
    return Phrase(text, text)


def _complex(z: complex) -> Phrase:
    if z.imag == 0:
        return number(z.real)
    imaginary = number(abs(z.imag))
    one = abs(z.imag) == 1
    text = "i" if one else f"{imaginary.at(Level.SCALED).text}i"
    tex = "i" if one else rf"{imaginary.at(Level.SCALED).tex} i"
    if z.real == 0:
        pure = Phrase(text, tex, Level.SCALED, Level.SCALED)
        return minus(pure) if z.imag < 0 else pure
    real, sign = number(z.real), "−" if z.imag < 0 else "+"
    return Phrase(
        f"{real.text} {sign} {text}", f"{real.tex} {sign.replace('−', '-')} {tex}",
        Level.SUM, Level.SUM,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------- arrays

_SMALL = 12  # elements of an array that is spelled out


def uniform(value: Any) -> Any:
    """Return the number that stands everywhere in an array, or None."""
    if not isinstance(value, np.ndarray) or not value.size:
        return None
    first = value.reshape(-1)[0]
    return first if value.dtype.kind in "fiubc" and bool(np.all(value == first)) else None


def array(value: Any) -> Phrase:
    """Write an array without a name: its numbers if they are few, else its shape.

    Examples
    --------
    >>> array(np.array([[1.0, 0.5], [2.0, 3.0]])).text
    '[1 ½; 2 3]'
    >>> array(np.eye(2)).text, array(np.ones((2, 3))).text, array(np.arange(40.0) ** 2).text
    ('I', '𝟏', '[40 array]')
    """
    value = np.asarray(value)
    if value.ndim == 0:
        return number(value[()])
    if (same := uniform(value)) is not None and value.dtype.kind != "b":
        return everywhere(number(same))
    if value.ndim == 2 and _is_identity(value):
        return Phrase("I", "I")
    if value.size > _SMALL or value.ndim > 2 or not value.size:
        return _unspelled(value)
    rows = [[number(x) for x in row] for row in np.atleast_2d(value)]
    lines = [(" " if value.ndim == 2 else ", ").join(x.text for x in row) for row in rows]
    tex = [" & ".join(x.tex for x in row) for row in rows]
    body = " \\\\ ".join(tex)
    return Phrase(f"[{'; '.join(lines)}]", rf"\begin{{bmatrix}} {body} \end{{bmatrix}}")


def everywhere(value: Phrase) -> Phrase:
    """Write an array in which one number stands everywhere."""
    if value.text == "0":
        return value
    if value.text == "1":
        return Phrase("𝟏", r"\mathbf{1}")
    if value.minus is not None:
        return minus(everywhere(value.minus))
    scale = value.at(Level.SCALED)
    return Phrase(f"{scale.text} 𝟏", rf"{scale.tex} \, \mathbf{{1}}", Level.SCALED, Level.SCALED)


def _is_identity(value: Any) -> bool:
    n, m = value.shape
    return n == m and value.dtype.kind in "fiuc" and bool(np.array_equal(value, np.eye(n)))


def _unspelled(value: Any) -> Phrase:
    if value.ndim == 1 and value.dtype.kind in "iu" and value.size > 1:
        first = int(value[0])
        if np.array_equal(value, np.arange(first, first + value.size)):
            last = int(value[-1])
            return Phrase(f"{first}…{last}", rf"{first} \ldots {last}", Level.SUM, Level.SUM)
    shape = "×".join(map(str, value.shape))
    tex = r" \times ".join(map(str, value.shape))
    return Phrase(f"[{shape} array]", rf"[{tex} \text{{ array}}]")

"""Formulas on a terminal: long ones on several lines, matrices drawn with their numbers."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Box", "beside", "grid", "matrix", "parse", "row", "width_of", "wrapped"]


def width_of(text: str) -> int:
    """Count the columns that a text takes: accents that stand over a letter take none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


# ------------------------------------------------------------------------------------ long formulas

_OPEN, _CLOSE = "([{⌊⌈⎡", ")]}⌋⌉⎤"
#: Where a formula may be broken, the best places first; the sign goes to the next line.
_BREAKS = ((" + ", " − "), (" ⊙ ", " · "), (" / ", " ∗ ", " if ", " else "), (", ",), (" ",))


def wrapped(text: str, width: int) -> list[str]:
    """Break a formula into lines: at its outermost signs, never in a name.

    A sum is broken before a product, and what stands in few brackets before what stands in many.
    What can't be broken stays as long as it is.

    Examples
    --------
    >>> wrapped("A ⊙ (B + C) + D ⊙ (E + F)", 16)
    ['A ⊙ (B + C)', '+ D ⊙ (E + F)']
    """
    lines = []
    rest = text
    while width_of(rest) > width:
        at = _break(rest, width)
        if not at:
            break
        lines.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*lines, rest]


def _break(text: str, width: int) -> int:
    """Return where a line ends best; 0 if nowhere."""
    found: list[tuple[int, int, int]] = []  # how bad: (depth and sign), and the place
    depth = used = 0
    for at, sign in enumerate(text):
        if sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth -= 1
        used += width_of(sign)
        if sign != " " or not at or used > width + 1:
            continue
        for rank, signs in enumerate(_BREAKS):
            if any(text.startswith(s, at) for s in signs if s[0] == " ") or (
                text[at - 1] == "," and ", " in signs
            ):
                found.append((2 * depth + rank, -at, at))
                break
    # A line of a few characters only is no help, unless there is no other way.
    long_enough = [f for f in found if width_of(text[: f[2]]) >= width // 3]
    return min(long_enough or found)[2] if found else 0


# ------------------------------------------------------------------------------------------- boxes


@dataclass(frozen=True)
class Box:
    """Some lines of equal width; ``middle`` is the one that stands on the line of the formula."""

    rows: tuple[str, ...]
    middle: int = 0

    @property
    def width(self) -> int:
        """The columns that it takes."""
        return width_of(self.rows[0])


def row(text: str) -> Box:
    """Make a box of one line."""
    return Box((text,))


def beside(boxes: Sequence[Box]) -> Box:
    """Put boxes next to each other."""
    above = max((b.middle for b in boxes), default=0)
    below = max((len(b.rows) - b.middle for b in boxes), default=1)
    rows = [""] * (above + below)
    for box in boxes:
        first = above - box.middle
        for i in range(len(rows)):
            inside = first <= i < first + len(box.rows)
            rows[i] += box.rows[i - first] if inside else " " * box.width
    return Box(tuple(rows), above)


_TALL = {
    "[": "⎡⎢⎣", "]": "⎤⎥⎦", "(": "⎛⎜⎝", ")": "⎞⎟⎠", "|": "|||", "‖": "‖‖‖",
}  # fmt: skip


def _stretched(bracket: str, like: Box) -> Box:
    """Make a bracket as tall as a box."""
    n = len(like.rows)
    if n == 1:
        return row(bracket)
    top, middle, bottom = tuple(_TALL[bracket])
    return Box((top, *(middle for _ in range(n - 2)), bottom), like.middle)


def _decimals(values: Any) -> int:
    """How many decimals show four digits of the largest number, and no more than are needed."""
    finite = np.abs(values[np.isfinite(values)])
    top = float(np.max(finite, initial=0.0))
    if top == 0:
        return 0
    most = min(max(3 - math.floor(math.log10(top)), 1), 6)
    for n in range(most):
        if np.array_equal(np.round(finite, n), finite):
            return n
    return most


def grid(value: Any) -> list[list[str]]:
    """Write the numbers of a matrix, all with as many decimals; tiny or huge ones with powers."""
    numbers = np.atleast_2d(np.asarray(value))
    if numbers.dtype.kind not in "fiu":
        return [[str(x) for x in line] for line in numbers]
    numbers = numbers.astype(float)
    finite = np.abs(numbers[np.isfinite(numbers)])
    top = float(np.max(finite, initial=0.0))
    if top and not 1e-3 <= top < 1e5:
        return [[_signed(f"{x:.2e}") for x in line] for line in numbers]
    n = _decimals(numbers)
    return [[_signed(f"{x:.{n}f}") for x in line] for line in numbers]


def _signed(text: str) -> str:
    digits, e, power = text.partition("e")
    if not digits.strip("-0."):
        text = "0" if e else digits.removeprefix("-")
    elif e:
        text = f"{digits}e{int(power)}"
    return text.replace("-", "−").replace("nan", "NaN").replace("inf", "∞")


def matrix(value: Any) -> Box:
    r"""Draw a matrix with its numbers.

    Examples
    --------
    >>> print("\n".join(matrix([[1.0, -0.5], [0.25, 10.0]]).rows))
    ⎡1.00 −0.50⎤
    ⎣0.25 10.00⎦
    """
    cells = grid(value)
    widths = [max(width_of(line[j]) for line in cells) for j in range(len(cells[0]))]
    lines = [
        " ".join(" " * (w - width_of(x)) + x for w, x in zip(widths, line, strict=True))
        for line in cells
    ]
    body = Box(tuple(lines), (len(lines) - 1) // 2)
    return beside([_stretched("[", body), body, _stretched("]", body)])


_RAISED = "ᵀ⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹′"


def parse(text: str, boxes: dict[str, Box]) -> Box:
    """Lay a formula out in which single characters stand for boxes; brackets grow around them."""
    stack: list[tuple[str, list[Box]]] = [("", [])]
    for sign in text:
        here = stack[-1][1]
        if sign in boxes:
            here.append(boxes[sign])
        elif sign in "([":
            stack.append((sign, []))
        elif sign in ")]" and len(stack) > 1:
            opening, inner = stack.pop()
            body = beside(inner) if inner else row("")
            stack[-1][1].extend([_stretched(opening, body), body, _stretched(sign, body)])
        elif sign in _RAISED and here and len(here[-1].rows) > 1:
            tall = here[-1]
            here.append(Box((sign, *(" " * (len(tall.rows) - 1))), tall.middle))
        else:
            here.append(row(sign))
    while len(stack) > 1:
        opening, inner = stack.pop()
        stack[-1][1].extend([row(opening), *inner])
    return beside(stack[0][1])

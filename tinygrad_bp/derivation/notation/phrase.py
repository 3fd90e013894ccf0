"""A piece of mathematics as text and as TeX, which knows where it needs brackets.

A phrase is put into a larger one with :meth:`Phrase.at`, which says how tightly the place binds: in
``(A + B) C`` the sum is looser than the product around it, and gets brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Level", "Phrase", "beside", "fenced", "minus", "tall", "transposed"]


class Level(IntEnum):
    """How tightly the parts of a phrase hold together, the loosest first."""

    LIST = 0  # whatever stands between brackets already
    LOGIC = 1  # a > 0 ∧ b > 0
    TRUTH = 2  # a > 0
    SUM = 3  # A + B
    SIGMA = 4  # Σ A
    QUOTIENT = 5  # A B / m
    PRODUCT = 6  # A ⊙ B, a/b
    SCALED = 7  # 2 A
    MATMUL = 8  # A B
    POWER = 9  # A², Aᵀ
    ATOM = 10  # A, f(x), (A + B)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of a formula.

    Attributes
    ----------
    text, tex : str
        In Unicode, and in TeX.
    level, tex_level : Level
        How tightly each of them holds together: a fraction in TeX needs fewer brackets than a / b.
    truth : bool
        Whether it is a statement, ``Z > 0``: as a number it is written in square brackets, 1 where
        it holds and 0 elsewhere (Iverson).
    minus : Phrase or None
        Of a negative phrase, what stands behind the sign.
    turned : Phrase or None
        Of a transpose, what was transposed.
    factor, rest : Phrase or None
        Of a phrase with a number in front, the number and what follows.
    unshaped : Phrase or None
        Of an array in another shape, what it was before.
    unpermuted : Phrase or None
        Of an array with its axes in another order, what it was before.
    pieces : tuple of Phrase
        Of an operation with several results in one array, how each of them is written.
    base, raised : str
        Of a phrase that ends in a superscript in TeX, what comes before it, and the superscript.
    """

    text: str
    tex: str
    level: Level = Level.ATOM
    tex_level: Level = Level.ATOM
    truth: bool = False
    minus: Phrase | None = None
    turned: Phrase | None = None
    factor: Phrase | None = None
    rest: Phrase | None = None
    unshaped: Phrase | None = None
    unpermuted: Phrase | None = None
    pieces: tuple[Phrase, ...] = ()
    base: str = ""
    raised: str = ""

    def at(self, level: Level) -> Phrase:
        """Return the phrase for a place that binds as tightly as `level`, in brackets if needed."""
        if self.truth and level not in (Level.LOGIC, Level.TRUTH):
            return Phrase(f"[{self.text}]", fenced("[", self.tex, "]"))
        if self.level >= level and self.tex_level >= level:
            return self
        text, tex, levels = self.text, self.tex, (self.level, self.tex_level)
        if self.level < level:
            text, levels = f"({text})", (Level.ATOM, levels[1])
        if self.tex_level < level:
            tex, levels = fenced("(", tex, ")"), (levels[0], Level.ATOM)
        return Phrase(text, tex, *levels)


#: What is taller than a line, so that brackets around it have to grow.
_TALL = (r"\frac", r"\sum", r"\prod", r"\begin", r"\left", r"\widehat")


def tall(tex: str) -> bool:
    """Whether a piece of TeX is taller than a line."""
    return any(word in tex for word in _TALL)


def fenced(left: str, tex: str, right: str) -> str:
    r"""Put brackets around a piece of TeX, which grow with what they hold.

    >>> fenced("(", "a + b", ")"), fenced("(", r"\frac{a}{b}", ")")
    ('(a + b)', '\\left(\\frac{a}{b}\\right)')
    """
    if tall(tex):
        return rf"\left{left}{tex}\right{right}"
    # A space keeps a command from running into a letter.
    gap = " " if left[-1].isalpha() else ""
    return f"{left}{gap}{tex}{gap}{right}"


def beside(left: str, right: str) -> str:
    r"""Put two pieces of TeX next to each other; words need a little space between them.

    >>> beside("A", "B"), beside("2", r"\mathrm{out}")
    ('A B', '2 \\, \\mathrm{out}')
    """
    words = any(word in side for side in (left, right) for word in (r"\mathrm", r"\text"))
    return rf"{left} \, {right}" if words else f"{left} {right}"


def minus(phrase: Phrase) -> Phrase:
    """Return the negative of a phrase; of a negative one, what is behind the sign."""
    if phrase.minus is not None:
        return phrase.minus
    inside = phrase.at(Level.SIGMA)
    return Phrase(f"−{inside.text}", f"-{inside.tex}", Level.SUM, Level.SUM, minus=phrase)


def transposed(phrase: Phrase) -> Phrase:
    """Return the transpose of a phrase; of a transpose, what was transposed."""
    if phrase.turned is not None:
        return phrase.turned
    if phrase.minus is not None:
        return minus(transposed(phrase.minus))
    inside = phrase.at(Level.ATOM)
    # TeX has no second superscript: that of Z^{[l]} takes the sign in.
    base, raised = (phrase.base, phrase.raised) if phrase.raised else (inside.tex, "")
    tex = rf"{base}^{{{raised}\top}}"
    return Phrase(f"{inside.text}ᵀ", tex, Level.POWER, Level.POWER, turned=phrase)

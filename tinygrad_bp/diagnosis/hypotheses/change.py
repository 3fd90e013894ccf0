"""What a hypothesis is: one line of the backward pass, written differently.

A :class:`Change` alters the gradient of some value, and everything that is computed from it; an
:class:`Ending` alters what is handed in for one parameter, which may have another shape then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph import Node

__all__ = [
    "Change",
    "Ending",
    "Meaning",
    "Totals",
    "Words",
    "always",
    "arrived",
    "fixed",
    "meaning",
    "times",
]

Array = np.ndarray[Any, np.dtype[Any]]
Totals = Mapping[Node, Any]


@dataclass(frozen=True)
class Words:
    """A mistake in words.

    Attributes
    ----------
    line : str
        The line of the derivation where it was made, ``dZ1``.
    what : str
        What was done, as the end of a sentence that begins "It looks as if …".
    right : str
        The right formula.
    mend : str
        What to do, in one sentence.
    """

    line: str
    what: str
    right: str
    mend: str


@dataclass(frozen=True)
class Meaning:
    """What a change amounts to: its ids (two, if a factor is wrong as well), and words for it.

    Attributes
    ----------
    prior : int
        The order among what fits equally well: likelier mistakes have lower numbers.
    natural : bool
        Whether a factor that was found is one that people forget or add (m, ½, −1, …).
    """

    ids: tuple[str, ...]
    words: Words
    prior: int = 50
    natural: bool = True


@dataclass(frozen=True)
class Change:
    """A rule that is done differently, as what it adds to the gradient of a value.

    Attributes
    ----------
    place : Node
        The value whose gradient is changed.
    offset : function of totals
        The change, from the gradients that have arrived everywhere.
    meanings : function of a factor
        What it amounts to; the factor is 0 if there is no direction. Empty: it is no mistake that
        people make.
    direction : function of totals, optional
        A change of which an unknown multiple is added: a scale, a learning rate.
    reads : tuple of Node
        Whose gradients offset and direction read.
    only : Node, optional
        The single parameter that it concerns.
    harmless : bool
        Whether it is as right: a convention, and no mistake.
    usual : tuple of float
        The likeliest factors, to be tried where another mistake has a factor of its own.
    """

    place: Node
    offset: Callable[[Totals], Any]
    meanings: Callable[[float], list[Meaning]]
    direction: Callable[[Totals], Any] | None = None
    reads: tuple[Node, ...] = ()
    only: Node | None = None
    harmless: bool = False
    usual: tuple[float, ...] = ()


@dataclass(frozen=True)
class Ending:
    """What is handed in for a parameter, made of the gradient of another value.

    Attributes
    ----------
    size : function of totals, optional
        How large the terms are that it adds up, if they may cancel.
    """

    key: Node
    make: Callable[[Totals], Array]
    meaning: Meaning
    size: Callable[[Totals], float] | None = None


def fixed(array: Array) -> Callable[[Totals], Array]:
    """Give the same array whatever arrives."""
    return lambda totals: array


def arrived(node: Node, factor: float = 1.0) -> Callable[[Totals], Array]:
    """Give a multiple of what arrives at a value."""
    return lambda totals: factor * np.asarray(totals[node])


def times(node: Node, array: Array) -> Callable[[Totals], Array]:
    """Give what arrives at a value, elementwise times an array."""
    return lambda totals: np.asarray(totals[node]) * array


def always(id: str, words: Words, prior: int = 50) -> Callable[[float], list[Meaning]]:
    """Give the meaning of a change that has no factor."""
    return meaning(Meaning((id,), words, prior))


def meaning(only: Meaning) -> Callable[[float], list[Meaning]]:
    """Give the one meaning of a change that has no factor."""
    return lambda factor: [only]

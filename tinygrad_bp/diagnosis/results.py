"""What was found about one gradient, as the engine keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..graph import Node
from .fits import Base, Fit
from .hypotheses.change import Array

__all__ = ["Result"]


@dataclass
class Result:
    """What was found about one key.

    Attributes
    ----------
    right : bool
    fits : list of Fit
        The mistakes that reproduce the array, likeliest first.
    source : Node or None
        The key whose error this one inherits, if it does.
    base : Base or None
        What the line was computed from, where that is not the right gradient.
    note : str
        What is to be said about a right gradient.
    shape_note : str
        What is to be said about axes of length 1.
    same_as : Node or None
        The key of the same layer that has the same mistake.
    """

    key: Node
    given: Array
    right: bool = False
    fits: list[Fit] = field(default_factory=list)
    source: Node | None = None
    base: Base | None = None
    note: str = ""
    same_as: Node | None = None
    shape_note: str = ""

"""What a derivation consists of: lines, each an equation with its value and how it came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..expr import Expr
from ..graph import Node

__all__ = ["Line", "Path", "Repeat", "Step"]


@dataclass(frozen=True)
class Step:
    """One form of a right-hand side, and why it equals the form before ("" for the first)."""

    formula: Expr
    reason: str = ""


@dataclass(frozen=True)
class Path:
    """What arrives at a value over one of its consumers: ``through`` is the consumer's name."""

    through: str
    formula: Expr


@dataclass(frozen=True)
class Line:
    """One equation of a derivation, such as ``dW2 = dZ2 A1ᵀ``.

    Attributes
    ----------
    name : str
        The left-hand side: ``Z1`` in the forward pass, ``dZ1`` in the backward pass.
    steps : tuple of Step
        The right-hand side as the rules gave it, and what it was simplified to, the last as
        printed.
    paths : tuple of Path
        The contributions, where several consumers add up.
    where : tuple of (str, Expr)
        Derivatives that the formula calls by name, spelled out: ``ReLU′(Z1)`` and ``[Z1 > 0]``.
    recorded : ndarray
        The value that the graph has for the left-hand side.
    node : Node
        The recorded operation (or leaf) that the line is about.
    source : str
        The line of the user's code, ``file.py:12``.
    """

    name: str
    steps: tuple[Step, ...]
    recorded: np.ndarray[Any, Any]
    node: Node | None = None
    paths: tuple[Path, ...] = ()
    where: tuple[tuple[str, Expr], ...] = ()
    source: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def expr(self) -> Expr:
        """The right-hand side as it is printed."""
        return self.steps[-1].formula

    @property
    def formula(self) -> str:
        """The right-hand side in Unicode."""
        from .notation.formulas import text

        return text(self.expr)

    @property
    def latex(self) -> str:
        """The right-hand side in TeX."""
        from .notation.formulas import latex

        return latex(self.expr)

    @property
    def value(self) -> np.ndarray[Any, Any]:
        """What the right-hand side amounts to, computed from its symbols."""
        return self.expr.value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of both sides."""
        return tuple(self.recorded.shape)


@dataclass(frozen=True)
class Repeat:
    """Lines that are the same for several layers, written once for the layer ``l``.

    Attributes
    ----------
    first, last : int
        The numbers of the layers, in the order in which they come.
    lines : tuple of Line
        What stands for each: symbols are named ``Z[l]``, ``W[l+1]``.
    members : tuple of Line
        The lines themselves.
    """

    first: int
    last: int
    lines: tuple[Line, ...]
    members: tuple[Line, ...]

"""Rearranging: what matters is named, and axes of length 1 come and go without a sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ....expr import Expr, value_of
from ..numerals import everywhere, number
from ..phrase import Level, Phrase, transposed
from .arithmetic import same
from .grammar import Template, Writer, call, shape_of

__all__ = ["SHAPES", "source_shape"]


def _reshape(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write another shape where it matters; of several in a row, only the last matters.

    A product of matrices concerns the last axis. ``rows(x)`` has all others in one, and the way
    back needs no sign, as the shape beside the formula says it.
    """
    x, source = operands[0], formula.args[0]
    while x.unshaped is not None and isinstance(source, Expr) and source.args:
        x, source = x.unshaped, source.args[0]
    before, after = shape_of(source), tuple(formula.shape)
    if [n for n in before if n != 1] == [n for n in after if n != 1]:
        return x if before == after else replace(x, unshaped=x)
    if len(before) == 2 and before[-1:] == after[-1:]:
        return replace(x, unshaped=x)
    if (joined := _joined(source, x, after)) is not None:
        return joined
    inside = x.at(Level.LIST)
    name = "reshape"
    if len(after) == 1:
        name = "vec"
    elif len(after) == 2 and before[-1:] == after[-1:]:
        name = "rows"
    elif len(after) == 2 and before[:1] == after[:1]:
        name = "flat"
    return Phrase(f"{name}({inside.text})", rf"\operatorname{{{name}}}({inside.tex})", unshaped=x)


def _joined(source: Any, x: Phrase, after: tuple[int, ...]) -> Phrase | None:
    """Write join(x) where the matrices of all heads are put side by side again."""
    if x.unpermuted is None or not isinstance(source, Expr) or "axes" not in source.attrs:
        return None
    axes, before = source.attrs["axes"], tuple(source.shape)
    if len(axes) != 4 or axes[2] != 1 or axes[3] not in (2, 3):
        return None
    if after[-1] != before[2] * before[3]:
        return None
    inside = (x.unpermuted if axes[3] == 3 else transposed(x.unpermuted)).at(Level.LIST)
    return Phrase(f"join({inside.text})", rf"\operatorname{{join}}({inside.tex})", unshaped=x)


def source_shape(formula: Expr) -> tuple[int, ...]:
    """Return the shape of what is repeated, with an axis of length 1 where it is."""
    source = shape_of(formula.args[0])
    axis = formula.attrs.get("axis")
    if formula.op is None or formula.op.name != "spread":
        return source
    rank = len(formula.shape)
    axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = {a % rank for a in axes} if rank else set()
    return tuple(1 if i in gone else n for i, n in enumerate(formula.shape))


def _repeat(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write a repetition as a product with ones: x 𝟏 for a number, x 𝟏ᵀ for a column."""
    x, target, source = operands[0], formula.shape, source_shape(formula)
    if source == target or int(np.prod(source)) == int(np.prod(target)):
        return x
    if int(np.prod(source)) == 1:
        return everywhere(x)
    if len(target) == 2:
        column = len(source) == 2 and source[1] == 1
        bare = len(shape_of(formula.args[0])) == 1
        inside = x.at(Level.MATMUL)
        if column:
            return Phrase(
                f"{inside.text} 𝟏ᵀ", rf"{inside.tex} \mathbf{{1}}^{{\top}}", Level.MATMUL,
                Level.MATMUL,
            )  # fmt: skip
        row = x.at(Level.ATOM) if bare else inside
        turn = ("ᵀ", r"^{\top}") if bare else ("", "")
        return Phrase(
            f"𝟏 {row.text}{turn[0]}", rf"\mathbf{{1}} {row.tex}{turn[1]}", Level.MATMUL,
            Level.MATMUL,
        )  # fmt: skip
    inside = x.at(Level.LIST)
    return Phrase(f"broadcast({inside.text})", rf"\operatorname{{broadcast}}({inside.tex})")


def _full_like(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    value = number(formula.attrs["value"])
    return everywhere(value) if formula.shape else value


def _cast(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write a conversion only where it changes numbers: to integers."""
    before, after = np.asarray(value_of(formula.args[0])).dtype.kind, formula.value.dtype.kind
    if before in "fc" and after in "iu":
        x = operands[0].at(Level.LIST)
        return Phrase(f"trunc({x.text})", rf"\operatorname{{trunc}}({x.tex})")
    if before == "c" and after == "f":
        x = operands[0].at(Level.LIST)
        return Phrase(f"Re({x.text})", rf"\operatorname{{Re}}({x.tex})")
    return operands[0]


def _triangle(name: str) -> Template:
    return Template(f"{name}(<x><more>)", rf"\operatorname{{{name}}}\left(<x><more>\right)")


def _along(name: str) -> Template:
    return Template(f"{name}<i>(<x><more>)", rf"\operatorname{{{name}}}<i>\left(<x><more>\right)")


SHAPES: dict[str, Writer] = {
    "reshape": _reshape,
    "broadcast_to": _repeat,
    "spread": _repeat,
    "full_like": _full_like,
    "cast": _cast,
    "copy": same,
    "widen": same,
    "flip": _along("flip"),
    "roll": _along("roll"),
    "diagonal": call("diag"),
    "embed_diagonal": call("Diag"),
    "tril": _triangle("tril"),
    "triu": _triangle("triu"),
    "pad": call("pad"),
    "crop": call("crop"),
    "windows": _along("windows"),
    "add_windows": _along("overlap"),
    "strided": call("strided"),
    "add_strided": Template("stridedᵀ(<x><more>)",
                            r"\operatorname{strided}^{\top}\left(<x><more>\right)"),
}  # fmt: skip

"""Matrices: products, transposes, solutions, decompositions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ....expr import Expr
from ..phrase import Level, Phrase, beside, minus, transposed
from .arithmetic import scaled
from .grammar import Template, Writer, call, listed, shape_of

__all__ = ["LINEAR", "product"]


def _matmul(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write a product of matrices side by side; a vector on the left is a row."""
    a, b = formula.args
    x, y = operands
    if len(shape_of(a)) == len(shape_of(b)) == 1:
        left, right = x.at(Level.MATMUL), y.at(Level.MATMUL)
        return Phrase(
            f"{left.text} · {right.text}", rf"{left.tex} \cdot {right.tex}", Level.PRODUCT,
            Level.PRODUCT,
        )  # fmt: skip
    if len(shape_of(a)) == 1 or _vector_as_row(a):
        x = transposed(x)
    return product(x, y)


def _vector_as_row(operand: Any) -> bool:
    """Whether an operand is a vector that was given a shape of one row."""
    if not isinstance(operand, Expr) or operand.op is None or operand.op.name != "reshape":
        return False
    source = shape_of(operand.args[0])
    return len(source) == 1 and operand.shape == (1, *source)


def product(x: Phrase, y: Phrase) -> Phrase:
    """Write the product of two matrices."""
    if x.minus is not None or y.minus is not None:
        result = product(x.minus or x, y.minus or y)
        return result if x.minus is not None and y.minus is not None else minus(result)
    if y.factor is not None and y.rest is not None and x.factor is None:
        return scaled(y.factor, product(x, y.rest))
    left, right = x.at(Level.SCALED), y.at(Level.MATMUL)
    level = min(left.level, Level.MATMUL)
    if left.text[-1].isnumeric() and right.text[0].isnumeric():  # matrices of one number
        return Phrase(
            f"{left.text} · {right.text}", rf"{left.tex} \cdot {right.tex}", level,
            min(left.tex_level, Level.MATMUL),
        )  # fmt: skip
    return Phrase(
        f"{left.text} {right.text}", beside(left.tex, right.tex), level,
        min(left.tex_level, Level.MATMUL),
    )  # fmt: skip


def _linear(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    x, weight, bias = operands
    result = product(x, transposed(weight))
    if bias.text == "0":
        return result
    b = bias.at(Level.SUM)
    left = result.at(Level.SUM)
    return Phrase(f"{left.text} + {b.text}", f"{left.tex} + {b.tex}", Level.SUM, Level.SUM)


def _transpose(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write ᵀ where the last two axes change places; else the order of the axes."""
    axes, x = formula.attrs["axes"], operands[0]
    rank = len(axes)
    axes = tuple(a % rank for a in axes)
    if axes == tuple(range(rank)):
        return x
    if rank > 1 and axes == (*range(rank - 2), rank - 1, rank - 2):
        return transposed(x)
    if (split := _heads(formula, x, axes)) is not None:
        return split
    inside, order = x.at(Level.LIST), ",".join(map(str, axes))
    return Phrase(
        f"permute({inside.text}; {order})",
        rf"\operatorname{{permute}}_{{{order}}}({inside.tex})",
        unpermuted=x,
    )


def _heads(formula: Expr, x: Phrase, axes: tuple[int, ...]) -> Phrase | None:
    """Write heads(x) where the last axis was split, and a matrix is taken for each part of it."""
    source = formula.args[0]
    if len(axes) != 4 or axes[1] != 2 or 3 not in axes[2:] or x.unshaped is None:
        return None
    before, after = shape_of(source.args[0]), shape_of(source)
    if not before or before[-1] != after[2] * after[3]:
        return None
    inside = x.unshaped.at(Level.LIST)
    heads = Phrase(f"heads({inside.text})", rf"\operatorname{{heads}}({inside.tex})")
    return replace(heads if axes[3] == 3 else transposed(heads), unpermuted=x)


def _einsum(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write Σ with indices in TeX; in text, where few letters have subscripts, einsum's own way."""
    subscripts = formula.attrs["subscripts"].replace(" ", "")
    shown = listed(operands)
    text = f"einsum({subscripts.replace('->', '→')}; {shown.text})"
    left, arrow, output = subscripts.partition("->")
    if not arrow or "." in subscripts:
        word = subscripts.replace("->", r"\to ").replace("...", r"\ldots ")
        return Phrase(text, rf"\operatorname{{einsum}}_{{{word}}}({shown.tex})")
    factors = [
        _indexed(operand, letters)
        for operand, letters in zip(operands, left.split(","), strict=True)
    ]
    summed = "".join(dict.fromkeys(c for c in left if c not in output + ","))
    tex = (rf"\sum_{{{summed}}} " if summed else "") + r" \, ".join(factors)
    if output:
        tex = rf"\left[{tex}\right]_{{{output}}}"
    return Phrase(text, tex, Level.ATOM, Level.ATOM if output else Level.SIGMA)


def _indexed(operand: Phrase, letters: str) -> str:
    if not letters:
        return operand.at(Level.MATMUL).tex
    inside = operand.at(Level.ATOM)
    plain = not any(sign in inside.tex for sign in "_^'") or inside.tex.startswith("(")
    base = inside.tex if plain else f"({inside.tex})"
    return f"{base}_{{{letters}}}"


def _triangular(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write the triangle that is read, inverted, times the right-hand side."""
    matrix, right = operands[0].at(Level.LIST), operands[1].at(Level.MATMUL)
    name = "triu" if formula.attrs.get("upper") else "tril"
    one = ("₁", "_{1}") if formula.attrs.get("unit") else ("", "")
    return Phrase(
        f"{name}{one[0]}({matrix.text})⁻¹ {right.text}",
        rf"\operatorname{{{name}}}{one[1]}({matrix.tex})^{{-1}} {right.tex}",
        Level.MATMUL, Level.MATMUL,
    )  # fmt: skip


_POWER = Level.POWER

LINEAR: dict[str, Writer] = {
    "matmul": _matmul,
    "linear": _linear,
    "transpose": _transpose,
    "einsum": _einsum,
    "inv": Template("<x:atom>⁻¹", "<x:atom>^{-1}", _POWER),
    "pinv": Template("<x:atom>⁺", "<x:atom>^{+}", _POWER),
    "matrix_exp": Template("expm(<x>)", "e^{<x>}", Level.ATOM, _POWER),
    "det": call("det", r"\det"),
    "logabsdet": Template("log|det(<x>)|", r"\log\left\lvert \det\left(<x>\right) \right\rvert"),
    "sign_of_det": Template("sign(det(<x>))",
                            r"\operatorname{sign}\left(\det\left(<x>\right)\right)"),
    "cofactors": call("cof"),
    "solve": Template("<a:atom>⁻¹ <b:matmul>", "<a:atom>^{-1} <b:matmul>", Level.MATMUL),
    "solve_triangular": _triangular,
    "cholesky": call("chol"),
    "cholesky_solve": Template("(<l:atom> <l:atom>ᵀ)⁻¹ <b:matmul>",
                               r"(<l:atom> <l:atom>^{\top})^{-1} <b:matmul>", Level.MATMUL),
    "lu": call("LU"),
    "lu_pivots": call("pivots"),
    "row_order": call("order"),
    "qr": call("QR"),
    "qr_complete": call("QR"),
    "qr_raw": call("QR"),
    "eigh": call("eigh"),
    "eig": call("eig"),
    "svd": call("SVD"),
    "svd_rest": call("complement"),
    "ldl_factors": call("LDL"),
    "ldl_pivots": call("pivots"),
    "ldl_solve": call("solveLDL"),
}  # fmt: skip

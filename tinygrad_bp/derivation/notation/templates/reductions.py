"""Sums, means, extremes and running ones. An index says over which axes."""

from __future__ import annotations

from ....expr import Expr
from ..phrase import Level, Phrase, fenced
from .grammar import Template, Writer, axes_index, call, shape_of, sizes

__all__ = ["REDUCTIONS", "summed"]


def _over(text: str, tex: str = "") -> Template:
    """Make the template of a function with the axes as its index."""
    tex = tex or rf"\operatorname{{{text}}}"
    return Template(f"{text}<i>(<args><more>)", rf"{tex}<i>\left(<args><more>\right)",
                    name=(text, tex))  # fmt: skip


def summed(x: Phrase, axes: tuple[int, ...] | None, rank: int) -> Phrase:
    """Write a sum over some axes."""
    text, tex = axes_index(axes, rank)
    inside = x.at(Level.PRODUCT)
    return Phrase(f"Σ{text} {inside.text}", rf"\sum{tex} {inside.tex}", Level.SIGMA, Level.SIGMA)


def _sum(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    shape, axis = shape_of(formula.args[0]), formula.attrs.get("axis")
    axes = None if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if all(shape[a] == 1 for a in (range(len(shape)) if axes is None else axes)):
        return operands[0]
    return summed(operands[0], axes, len(shape))


def _sum_to(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write the sum over what broadcasting had repeated."""
    source, target = shape_of(formula.args[0]), tuple(formula.attrs["shape"])
    lead = len(source) - len(target)
    repeated = [lead + i for i, n in enumerate(target) if n == 1 and source[lead + i] != 1]
    axes = (*range(lead), *repeated)
    if not any(source[a] != 1 for a in axes):
        return operands[0]
    return summed(operands[0], axes, len(source))


def _channel_sums(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write the sum over samples and places that the bias of a channel gets."""
    rank = len(shape_of(formula.args[0]))
    text, tex = axes_index((0, *range(2, rank)), rank)
    x = operands[0].at(Level.PRODUCT)
    return Phrase(f"Σ{text} {x.text}", rf"\sum{tex} {x.tex}", Level.SIGMA, Level.SIGMA)


def _softmax(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write a softmax; over which axis, where it is not the last, or (in text) of a matrix."""
    axis, rank = formula.attrs["axis"], len(formula.shape)
    text, tex = ("", "") if axis % max(rank, 1) == rank - 1 else axes_index(axis, rank)
    if rank == 2:
        text = ""
    x = operands[0].at(Level.LIST)
    return Phrase(
        f"softmax{text}({x.text})", rf"\operatorname{{softmax}}{tex}{fenced('(', x.tex, ')')}",
    )  # fmt: skip


def _log_softmax(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    inside = _softmax(formula, operands)
    return Phrase(f"log({inside.text})", rf"\log{fenced('(', inside.tex, ')')}")


def _pnorm(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    x = operands[0].at(Level.LIST)
    p = sizes((formula.attrs["p"],)) if isinstance(formula.attrs["p"], int) else None
    words = _ORDER(formula, operands) if p is None else p
    text, tex = axes_index(formula.attrs.get("axis"), len(shape_of(formula.args[0])))
    low = words.text.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    low = low if words.text.isdigit() else f"_({words.text})"
    more = f",{tex[2:-1]}" if tex else ""
    body = rf"\left\lVert {x.tex} \right\rVert" if r"\frac" in x.tex else rf"\lVert {x.tex} \rVert"
    return Phrase(f"‖{x.text}‖{low}{text}", f"{body}_{{{words.tex}{more}}}")


_ORDER = Template("<p>", "<p>")

REDUCTIONS: dict[str, Writer] = {
    "sum": _sum,
    "sum_to": _sum_to,
    "channel_sums": _channel_sums,
    "mean": _over("mean"),
    "prod": Template("Π<i> <x:product>", r"\prod<i> <x:product>", Level.SIGMA),
    "amax": _over("max", r"\max"),
    "amin": _over("min", r"\min"),
    "median": _over("median"),
    "pnorm": _pnorm,
    "logsumexp": Template("log(Σ<i> exp(<x>))", r"\log\left(\sum<i> e^{<x>}\right)"),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "cumsum": _over("cumsum"),
    "cumprod": _over("cumprod"),
    "logcumsumexp": Template("log(cumsum<i>(exp(<x>)))",
                             r"\log\left(\operatorname{cumsum}<i>\left(e^{<x>}\right)\right)"),
    "recurrence": _over("recurrence"),
    "argmax": _over("argmax"),
    "argmin": _over("argmin"),
    "any": _over("any"),
    "all": _over("all"),
    "count_nonzero": Template("Σ<i> [<x:sum> ≠ 0]", r"\sum<i> [<x:sum> \neq 0]", Level.SIGMA),
    "argsort": _over("argsort"),
    "argmode": _over("argmode"),
    "argtop": _over("argtop"),
    "running_argmax": _over("argcummax"),
    "searchsorted": call("searchsorted"),
    "isin": call("isin", truth=True),
    "moments": _over("moments"),
}  # fmt: skip

"""Layers: convolutions, pooling, normalisation, attention, recurrent steps."""

from __future__ import annotations

from dataclasses import replace

from ....expr import Expr
from ..numerals import number
from ..phrase import Level, Phrase, fenced
from .arithmetic import difference, hadamard, quotient, scaled
from .grammar import Template, Writer, axes_index, call, shape_of, sizes
from .reductions import summed

__all__ = ["LAYERS"]

_HOW = (("stride", "s", 1), ("padding", "p", 0), ("dilation", "d", 1), ("groups", "g", 1))


def _how(formula: Expr) -> tuple[str, str]:
    """Write what is special about a convolution: its stride, say."""
    found = []
    for name, letter, usual in _HOW:
        value = formula.attrs.get(name, usual)
        lengths = value if isinstance(value, tuple) else (value,)
        if any(n != usual for n in lengths):
            found.append((letter, sizes(lengths)))
    if not found:
        return "", ""
    text = ", ".join(f"{letter} = {value.text}" for letter, value in found)
    return f"[{text}]", "_{" + r",\, ".join(
        f"{letter}={value.tex}" for letter, value in found
    ) + "}"


def _between(sign: str, tex: str) -> Writer:
    """Make the template of a convolution: a sign between its operands, and what is special."""

    def write(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
        x, y = operands[0].at(Level.POWER), operands[1].at(Level.POWER)
        text_how, tex_how = _how(formula)
        bias = operands[2].at(Level.SUM) if len(operands) > 2 else None
        text = f"{x.text} {sign}{text_how} {y.text}"
        formula_tex = f"{x.tex} {tex}{tex_how} {y.tex}"
        if bias is None:
            return Phrase(text, formula_tex, Level.PRODUCT, Level.PRODUCT)
        return Phrase(f"{text} + {bias.text}", f"{formula_tex} + {bias.tex}", Level.SUM, Level.SUM)

    return write


def _attention_weights(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write softmax(Q Kᵀ/√d + mask)."""
    scale, bias = formula.attrs["scale"], operands[1]
    inside = scaled(number(scale), operands[0])
    text, tex = inside.at(Level.SUM).text, inside.at(Level.SUM).tex
    if bias.text != "0":
        b = bias.at(Level.SUM)
        text, tex = f"{text} + {b.text}", f"{tex} + {b.tex}"
    left, right = (r"\left(", r"\right)") if r"\frac" in tex else ("(", ")")
    return Phrase(f"softmax({text})", rf"\operatorname{{softmax}}{left}{tex}{right}")


def _softmax_pull(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write what softmax does to a gradient: Y ⊙ (g − Σⱼ g ⊙ Y)."""
    g, y = operands[:2]
    rank, scale = len(formula.shape), formula.attrs.get("scale", 1.0)
    result = hadamard(y, difference(g, summed(hadamard(g, y), (-1,), rank)))
    return result if scale == 1.0 else scaled(number(scale), result)


def _row_dot(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write the products of rows with rows: Σⱼ x ⊙ y."""
    return summed(hadamard(*operands), (-1,), len(formula.shape))


def _hat(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write x̂ ⊙ w + b: norm(x) in text; factors 1 and terms 0 are left out."""
    weight, bias = (
        operands[formula.op.inputs.index(name)]  # type: ignore[union-attr]
        for name in ("weight", "bias")
    )
    hat = _norm(operands[0])
    text, tex, level = hat.text, hat.tex, Level.ATOM
    if weight.text not in ("1", "𝟏"):
        w = weight.at(Level.PRODUCT)
        text, tex, level = f"{text} ⊙ {w.text}", rf"{tex} \odot {w.tex}", Level.PRODUCT
    if bias.text != "0":
        b = bias.at(Level.SUM)
        text, tex, level = f"{text} + {b.text}", f"{tex} + {b.tex}", Level.SUM
    return Phrase(text, tex, level, level)


def _standardize_x(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write how a norm over channels carries a gradient back."""
    g, x, _, weight = operands[:4]
    return _pulled(g, x, weight, ("_c", "_{c}"))


def _pulled(g: Phrase, x: Phrase, weight: Phrase, over: tuple[str, str]) -> Phrase:
    """Write (u − mean(u) − x̂ ⊙ mean(u ⊙ x̂))/std(x) for u = g ⊙ w."""
    u = g if weight.text in ("1", "𝟏") else hadamard(g, weight)
    hat, inside = _norm(x), x.at(Level.LIST)

    def mean(of: Phrase) -> Phrase:
        shown = of.at(Level.LIST)
        return Phrase(
            f"mean{over[0]}({shown.text})",
            rf"\operatorname{{mean}}{over[1]}{fenced('(', shown.tex, ')')}",
        )

    centred = difference(u, mean(u))
    top = difference(centred, hadamard(hat, mean(hadamard(u, hat))))
    deviation = Phrase(
        f"std{over[0]}({inside.text})",
        rf"\operatorname{{std}}{over[1]}{fenced('(', inside.tex, ')')}",
    )
    return quotient(top, deviation)


def _norm(x: Phrase) -> Phrase:
    inside = x.at(Level.LIST)
    return Phrase(f"norm({inside.text})", rf"\widehat{{{inside.tex}}}")


def _standardize_sums(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write Σ u and Σ u ⊙ x̂ of each channel, which are in one array."""
    g, x = operands[:2]
    rank = len(shape_of(formula.args[1]))
    # The samples are still apart where each has a mean of its own.
    apart = formula.shape[1] != 1
    axes = tuple(i for i in range(rank) if i != 1 and not (apart and i == 0))
    pieces = (summed(g, axes, rank), summed(hadamard(g, _norm(x)), axes, rank))
    return replace(_SUMS(formula, operands), pieces=pieces)


def _layer_norm_pull(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write the gradients of a layer norm, which are in one array: of x, of w, of b."""
    g, x, weight = operands[:3]
    rank = len(shape_of(formula.args[1]))
    axes = tuple(range(rank - 1))
    pieces = (
        _pulled(g, x, weight, axes_index((-1,), rank)),
        summed(hadamard(g, _norm(x)), axes, rank),
        summed(g, axes, rank),
    )
    return replace(_PULLED(formula, operands), pieces=pieces)


_SUMS, _PULLED = call("sums"), call("norm′", r"\operatorname{norm}'")

_CENTRED = "(<x:sum> − <statistics:atom>[0])/√(<statistics:atom>[1] + <eps>) ⊙ <weight:product>"
_CENTRED_TEX = (
    r"\frac{<x:sum> - <statistics:atom>[0]}{\sqrt{<statistics:atom>[1] + <eps>}} \odot "
    "<weight:product>"
)

LAYERS: dict[str, Writer] = {
    "conv": _between("∗", r"\ast"),
    "conv_transpose": _between("∗ᵀ", r"\ast^{\top}"),
    "conv_weight": _between("⋆", r"\star"),
    "im2col": Template("windows(<x><more>)", r"\operatorname{windows}\left(<x><more>\right)"),
    "col2im": Template("windowsᵀ(<x><more>)",
                       r"\operatorname{windows}^{\top}\left(<x><more>\right)"),
    "max_pool": call("maxpool"),
    "place_largest": call("unpool"),
    "pick_largest": call("pick"),
    "sum_windows": call("sumpool"),
    "spread_windows": Template("sumpoolᵀ(<y><more>)",
                               r"\operatorname{sumpool}^{\top}\left(<y><more>\right)"),
    "normalize": Template(f"{_CENTRED} + <bias:sum>", f"{_CENTRED_TEX} + <bias:sum>", Level.SUM),
    "layer_norm": _hat,
    "standardize": _hat,
    "channel_moments": call("moments"),
    "standardize_sums": _standardize_sums,
    "standardize_x": _standardize_x,
    "layer_norm_pull": _layer_norm_pull,
    "attention_weights": _attention_weights,
    "softmax_pull": _softmax_pull,
    "row_dot": _row_dot,
    "rnn": call("RNN"),
    "gru": call("GRU"),
    "lstm": call("LSTM"),
    "rnn_pull": call("RNNᵀ", r"\operatorname{RNN}^{\top}"),
    "gru_pull": call("GRUᵀ", r"\operatorname{GRU}^{\top}"),
    "lstm_pull": call("LSTMᵀ", r"\operatorname{LSTM}^{\top}"),
    "trellis": call("trellis"),
    "pull": call("pull"),
    "push": call("push"),
    "drawn": Template("<draws>", "<draws>"),
}  # fmt: skip

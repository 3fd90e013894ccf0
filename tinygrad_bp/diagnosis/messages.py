"""From what the engine found to findings: verdicts, evidence, sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..graph import Node
from .engine import Engine
from .fits import Fit
from .report import Explanation, Finding
from .results import Result
from .unknown import described
from .written import Lines

__all__ = ["advice", "finding"]


def finding(engine: Engine, lines: Lines, result: Result, name: str) -> Finding:
    """Say what was found about one key.

    Parameters
    ----------
    engine : Engine
    lines : Lines
        The right formulas.
    result : Result
    name : str
        The gradient's name, ``dW2``.
    """
    key, given = result.key, result.given
    if key not in engine.replay.totals:
        return _unreached(engine, result, name)
    if result.right:
        off = engine.fitter.error(np.asarray(given, np.float64), engine.replay.totals[key])
        evidence = result.note or f"it differs from the graph's gradient by {off:.1g}, by rounding"
        return Finding(name, "right", (), evidence, f"{name} is right{_noted(result.note)}.",
                       note=result.note)  # fmt: skip
    if not np.all(np.isfinite(given)):
        return _not_finite(result, name)
    off = engine.fitter.error(np.asarray(given, np.float64), engine.replay.totals[key])
    if result.source is not None and not (result.base is not None and result.fits):
        return _inherited(engine, result, name, off)
    if not result.fits:
        return _unknown(engine, lines, result, name, off)
    return _explained(engine, lines, result, name, off)


def _noted(note: str) -> str:
    return f" ({note})" if note else ""


def _explanation(fit: Fit, lines: Lines) -> Explanation:
    factors = [factor for change, factor in fit.steps if change.direction is not None]
    words = tuple(replace(w, right=lines.right(w.line) or w.right) for w in fit.words)
    return Explanation(fit.ids, words, fit.error, factors[0] if factors else None)


def _ids(fits: list[Fit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for fit in fits for id in fit.ids))


def _explained(engine: Engine, lines: Lines, result: Result, name: str, off: float) -> Finding:
    fits = result.fits
    explanations = tuple(_explanation(fit, lines) for fit in fits)
    first = explanations[0]
    ids = _ids(fits)
    inherits = ""
    sentences = []
    if result.same_as is not None:
        other = f"d{engine.graph.name(result.same_as)}"
        sentences.append(f"The same mistake as in {other}: {first.what}.")
    elif len(fits) == 1:
        sentences.append(f"It looks as if {first.what}.")
    else:
        sentences.append("Several mistakes give just these numbers:")
        listed = [
            f"{_letter(i)}) {e.what} ({', '.join(e.ids)})" for i, e in enumerate(explanations)
        ]
        sentences += [*[f"{line};" for line in listed[:-1]], f"{listed[-1]}."]
    if result.base is not None and result.source is not None:
        inherits = f"d{engine.graph.name(result.source)}"
        ids = (*ids, "upstream")
        sentences.append(f"Besides, it inherits the error of {inherits}.")
    if result.same_as is None:
        if first.right:
            sentences.append(f"Right: {first.right}.")
        sentences.append(_with_or(explanations))
    if not np.isfinite(off):
        numbers = f"its shape is {result.given.shape} and not {tuple(result.key.shape)}"
    else:
        numbers = f"what was handed in is off by {off:.2g} of the largest element"
    evidence = f"the hypothesis fits to {first.error:.1g}; {numbers}"
    verdict = "wrong" if len(fits) == 1 else "ambiguous"
    if result.shape_note:
        sentences.append(f"And {result.shape_note}.")
    message = "\n".join([*sentences, f"Evidence: {evidence}."])
    return Finding(name, verdict, ids, evidence, message, first.line, first.mend, explanations)


def _letter(i: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[i % 26]


def _with_or(explanations: tuple[Explanation, ...]) -> str:
    if len(explanations) == 1:
        return f"Mend: {explanations[0].mend}"
    return " ".join(f"Mend {_letter(i)}): {e.mend}" for i, e in enumerate(explanations))


def _inherited(engine: Engine, result: Result, name: str, off: float) -> Finding:
    assert result.source is not None
    assert result.base is not None
    source = f"d{engine.graph.name(result.source)}"
    fit = result.base.fit
    roots = fit.ids if fit is not None else _roots(engine, result.source)
    line = fit.words[0].line if fit is not None else source
    place = f" of {line}" if fit is not None and line else ""
    error = engine.fitter.error(
        np.asarray(result.given, np.float64), result.base.totals.get(result.key)
    )
    evidence = f"from the wrong {line or source} the right rules give this array to {error:.1g}"
    why = f", which {source} shows too" if place and line != source else ""
    message = (
        f"{name}: its own line is right; it inherits the error{place or f' of {source}'}{why}. "
        f"Once that is mended, {name} is right."
    )
    causes = tuple(dict.fromkeys(("upstream", *roots)))
    return Finding(name, "wrong", causes, evidence, message, line or source,
                   f"Mend {line or source}; this line is right.", (), source)  # fmt: skip


def _roots(engine: Engine, source: Node) -> tuple[str, ...]:
    found = engine.results[source]
    return tuple(id for id in _ids(found.fits) if id != "unknown")


def _unknown(engine: Engine, lines: Lines, result: Result, name: str, off: float) -> Finding:
    known = described(np.asarray(result.given, np.float64),
                      np.asarray(engine.replay.totals[result.key]), engine, result.key)  # fmt: skip
    line = lines.right(name)
    sentences = ["None of the usual mistakes gives these numbers.", *known]
    if line:
        sentences.append(f"Right: {line}.")
    mend = f"Compute {line}." if line else f"Derive {name} again."
    sentences.append(f"Mend: {mend}")
    numbers = f"off by {off:.2g} of the largest element" if np.isfinite(off) else (
        f"its shape is {result.given.shape} and not {tuple(result.key.shape)}"
    )  # fmt: skip
    evidence = f"{numbers}; {known[0].rstrip('.')}" if known else numbers
    return Finding(name, "wrong", ("unknown",), evidence, "\n".join(sentences), name, mend)


def _not_finite(result: Result, name: str) -> Finding:
    given = result.given
    nans, infs = int(np.isnan(given).sum()), int(np.isinf(given).sum())
    counts = [f"{n} of {given.size} elements are {word}"
              for n, word in ((nans, "NaN"), (infs, "infinite")) if n]  # fmt: skip
    where = np.argwhere(~np.isfinite(given))[0]
    place = f", the first at {tuple(int(i) for i in where)}" if given.ndim else ""
    evidence = " and ".join(counts) + place
    mend = (
        "Look for a division by 0, a logarithm of 0 or an overflow of exp in the line; subtract "
        "the maximum before a softmax, or use the combined derivative A − Y."
    )
    message = f"{evidence[:1].upper()}{evidence[1:]}.\nMend: {mend}"
    return Finding(name, "wrong", ("unknown",), evidence, message, name, mend)


def _unreached(engine: Engine, result: Result, name: str) -> Finding:
    zero = not np.any(result.given)
    evidence = "no gradient reaches it in this graph"
    if zero:
        return Finding(name, "right", (), evidence, f"{name} is right: {evidence}.")
    mend = "Hand in zeros, or use the value in the loss."
    return Finding(name, "wrong", ("unknown",), evidence,
                   f"{evidence[:1].upper()}{evidence[1:]}: its gradient is 0.\nMend: {mend}",
                   name, mend)  # fmt: skip


#: Ties that no batch separates: Y − A is −(A − Y), and a mean is a sum times 1/m.
_ALWAYS = (
    {"sign", "loss-derivative"}, {"scale", "mean-instead-of-sum"}, {"scale", "loss-derivative"},
)  # fmt: skip


def advice(engine: Engine, findings: list[Finding]) -> str:
    """Say what would separate the ties, if there are any."""
    tied = [f for f in findings if f.verdict == "ambiguous"]
    if not tied:
        return ""
    m = engine.factors.sizes.get("m", 0)
    other = [f for f in tied if not any(set(f.causes) <= pair for pair in _ALWAYS)]
    names = ", ".join(f.name for f in other or tied)
    batch = "batch of at least 3 different samples; tgb.diagnosis.separating_batch makes one."
    if 0 < m < 3:
        return (
            f"{names}: with {'one sample' if m == 1 else f'{m} samples'} several mistakes give the "
            f"same numbers. Use a {batch}"
        )
    if not other:
        return (
            f"{names}: these mistakes are the same numbers for every batch. Your line of code "
            "tells which it was."
        )
    return (
        f"{names}: several mistakes give the same numbers here. Hand in the other gradients too "
        f"(dZ, db, the earlier layers'), or use another {batch}"
    )

"""Hypotheses about the first line, dZ of the last layer: `loss-derivative`.

The right one is A − Y for softmax or sigmoid with cross-entropy, 2 (A − Y) ⊙ f′(Z) for the squared
error, and so on. Others are taken from other losses, or stop half-way (−Y/A).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..functions import ACTIVATIONS, sigmoid, softmax
from ..roles import Head, Roles
from .change import Array, Change, Meaning, Words, always, arrived, fixed
from .factors import Factors

__all__ = ["cut_off", "first_lines", "rounded"]

#: In how many of the samples a small number inside of a logarithm may be felt.
_FEW = 0.3


def first_lines(roles: Roles, factors: Factors) -> Iterator[Change]:
    """Yield other derivatives of the loss for every output of the network."""
    for head in roles.heads:
        if head.target is not None and head.z in roles.replay.totals:
            yield from _of(roles, factors, head)


def rounded(roles: Roles, head: Head) -> Array:
    """Return the terms that cancel in A − Y, with the loss's factor."""
    right = np.asarray(roles.replay.totals[head.z])
    y: Any = 0.0 if head.target is None else head.target
    a = np.where(np.isfinite(head.prediction), head.prediction, 0.0)
    unit = _right(roles, head, right)[0] if head.target is not None else 0.0
    if not unit:
        size = float(np.abs(a - y).max(initial=0))
        unit = float(np.abs(right).max(initial=0)) / size if size else 0.0
    return np.asarray(abs(unit) * (np.abs(a) + np.abs(y)))


def cut_off(roles: Roles) -> Iterator[Change]:
    """Yield A − Y where the graph's own loss differs a little: by a floor, or by log(A + 1e-12).

    That is no mistake: such numbers keep the loss finite where A has rounded to 0 or 1. (The floor
    of the binary cross-entropy is −100, as in PyTorch.)
    """
    for head in roles.heads:
        if head.target is None or head.output not in ("sigmoid", "softmax"):
            continue
        a, right = head.prediction, np.asarray(roles.replay.totals.get(head.z, 0.0))
        if right.shape != a.shape:
            continue
        error = a - head.target
        m, n = head.sizes
        factors = [1.0, 1 / m, 1 / (m * n)]
        kept = (a > 1e-3) & (a < 1 - 1e-3) & (np.abs(error) > 1e-3)
        if np.any(kept):
            ratios = right[kept] / error[kept]
            factor = float(np.median(ratios))
            if np.mean(np.abs(ratios - factor) > 1e-3 * abs(factor)) > _FEW:
                continue  # another loss
            factors = [f for f in factors if abs(f - factor) < 1e-3 * f] or [factor]
        z = roles.graph.name(head.z)
        for factor in factors:
            difference = factor * error - right
            if np.any(difference):
                words = Words(f"d{z}", "the loss's own floor under log A is left out", "", "")
                yield Change(head.z, fixed(difference), always("", words, 0), harmless=True)


def _errors(head: Head) -> Iterator[tuple[str, Array, int]]:
    """Yield (formula, derivative with respect to A or Z, prior) of losses that people know."""
    a = head.prediction
    y: Any = head.target
    yield "A − Y", a - y, 14
    yield "−Y/A", -y / a, 12
    yield "sign(A − Y), the absolute error's", np.sign(a - y), 15
    yield "the Huber loss's", np.clip(a - y, -1, 1), 18
    if np.all((y >= 0) & (y <= 1)) and np.all((a > 0) & (a < 1)):
        yield "(A − Y)/(A(1 − A)), the binary cross-entropy's", (a - y) / (a * (1 - a)), 13
        yield "(1 − Y)/(1 − A)", (1 - y) / (1 - a), 24
    yield "−1/A, without Y", -1 / a + 0 * y, 26
    yield "A, without Y", a + 0 * y, 26
    yield "−Y, without A", -y + 0 * a, 26


def _outputs(roles: Roles, head: Head) -> Iterator[tuple[str, Array, int]]:
    """Yield A − Y with another A than the network's output."""
    z, a = roles.replay.values[head.z], head.prediction
    y: Any = head.target
    yield "softmax(A) − Y, the softmax taken twice", softmax(a, head.classes) - y, 13
    if z.ndim == 2:
        yield "softmax(Z) − Y over the wrong axis", softmax(z, head.samples) - y, 16
    yield "softmax(Z) − Y", softmax(z, head.classes) - y, 17
    yield "sigmoid(Z) − Y", sigmoid(z) - y, 16
    yield "sigmoid(A) − Y, the sigmoid taken twice", sigmoid(a) - y, 16
    yield "Z − Y, without the output's activation", z - y, 16
    yield "tanh(Z) − Y", np.tanh(z) - y, 24
    yield "log A − Y", np.log(np.maximum(a, 1e-300)) - y, 26
    yield "−Y log A", -y * np.log(np.maximum(a, 1e-300)), 26


def _candidates(roles: Roles, head: Head) -> Iterator[tuple[str, Array, int]]:
    at, a = roles.replay.values[head.z], head.prediction
    known = next((f for f in ACTIVATIONS if f.name == head.output), None)
    for formula, error, prior in _errors(head):
        yield formula, error, prior
        if head.output == "softmax":
            inner = error - (error * a).sum(axis=head.classes, keepdims=True)
            yield f"{formula}, carried through the softmax", a * inner, prior + 4
            yield f"{formula}, times A(1 − A)", error * a * (1 - a), prior + 6
        elif known is not None:
            yield f"{formula}, times {known.sign}′(Z)", error * known.slope(at), prior + 3
    yield from _outputs(roles, head)


def _of(roles: Roles, factors: Factors, head: Head) -> Iterator[Change]:
    name = roles.graph.name
    right = np.asarray(roles.replay.totals[head.z])
    z = name(head.z)
    line = f"d{z}"
    unit, formula = _right(roles, head, right)
    scale = float(np.abs(right).max(initial=0)) or 1.0

    def sized(factor: float) -> bool:
        """Whether a factor is one of the usual ones, or the right line's times one of them."""
        if right.size == 1:  # any number is a multiple of another: only the very derivative counts
            return factors.close(abs(factor), 1) or factors.close(abs(factor), abs(unit))
        return factors.is_natural(factor) or (unit != 0 and factors.is_natural(factor / unit))

    with np.errstate(all="ignore"):
        found = list(_candidates(roles, head))
    seen = [right / scale]
    for words, error, prior in found:
        size = float(np.abs(error).max(initial=0))
        if not np.all(np.isfinite(error)) or size == 0 or error.shape != right.shape:
            continue
        flat = error / size
        if right.size > 1 and any(_parallel(flat, other) for other in seen):
            continue
        seen.append(flat)

        def meanings(
            factor: float, words: str = words, prior: int = prior, size: float = size
        ) -> list[Meaning]:
            if factor == 0 or not np.isfinite(factor):
                return []
            natural = sized(factor)
            if right.size == 1 and (not natural or factors.close(size * abs(factor), scale)):
                return []
            text = Words(
                line, f"the derivative of another loss stands in {line}: {_named(head, words)}",
                _named(head, formula), f"begin the backward pass with {_named(head, formula)}.",
            )  # fmt: skip
            ids = ["loss-derivative", *["scale"] * (not natural), *["sign"] * (factor < 0)]
            return [Meaning(tuple(ids), text, prior if natural else prior + 30, natural)]

        yield Change(
            head.z, arrived(head.z, -1), meanings, direction=fixed(error), reads=(head.z,),
        )  # fmt: skip
    half = "2 (A − Y)" in formula
    squares = "A − Y" in formula and "sign" not in formula and "clip" not in formula
    square = (0.5 if half else 2.0) if squares else 0.0
    yield _turned_round(head, factors, line, formula, square)


def _turned_round(head: Head, factors: Factors, line: str, formula: str, square: float) -> Change:
    """Give Y − A, with whatever factor; and A − Y for 2 (A − Y), or the reverse (`square`)."""

    def meanings(factor: float) -> list[Meaning]:
        if not factors.is_natural(factor):
            return []
        if factor < 0:
            size = (
                ""
                if factors.close(factor, -1)
                else f" (and {factors.spell(factor)} times too large)"
            )
            what = _named(head, f"{line} has target and output the wrong way round, Y − A{size}")
        elif square and factors.close(factor, square):
            half = "without" if factor > 1 else "with"
            what = f"{line} is the derivative of the squared error {half} the ½"
        else:
            return []
        right = _named(head, formula)
        words = Words(line, what, right, f"begin the backward pass with {right}.")
        return [Meaning(("loss-derivative",), words, 25)]

    return Change(
        head.z, arrived(head.z, -1), meanings, direction=arrived(head.z), reads=(head.z,),
    )  # fmt: skip


def _parallel(a: Array, b: Array) -> bool:
    """Whether two arrays are multiples of each other; both have the largest element ±1."""
    return bool(np.allclose(a, b, 0, 1e-9) or np.allclose(a, -b, 0, 1e-9))


def _right(roles: Roles, head: Head, right: Array) -> tuple[float, str]:
    """Return the factor and the formula of the right first line, as far as it is a known one."""
    z, a, y = roles.graph.name(head.z), head.prediction, head.target
    line = f"d{z}"
    known = next((f for f in ACTIVATIONS if f.name == head.output), None)
    tries: list[tuple[str, Any]] = [("(A − Y)", a - y)]
    if known is not None:
        tries.append(
            (f"(A − Y) ⊙ {known.sign}′(Z)", (a - y) * known.slope(roles.replay.values[head.z]))
        )
    tries += [("sign(A − Y)", np.sign(a - y)), ("clip(A − Y, −1, 1)", np.clip(a - y, -1, 1))]
    m, n = head.sizes
    for formula, error in tries:
        size = float((error * error).sum())
        if size and np.isfinite(size):
            factor = float((error * right).sum()) / size
            if np.allclose(right, factor * error, 1e-6, 1e-9 * np.abs(right).max()):
                return factor, f"{line} = {_with_factor(formula, factor, m, n)}"
    return 0.0, f"{line} = the derivative of the loss with respect to {z}"


def _with_factor(formula: str, factor: float, m: int, n: int) -> str:
    """Write a formula with its factor: ``2 (A − Y)/m``."""
    if np.isclose(factor, 1) and formula.endswith(")") and formula.startswith("("):
        return formula[1:-1] if formula.count("(") == 1 else formula
    for value, before, after in (
        (1.0, "", ""), (1 / m, "", "/m"), (2 / m, "2 ", "/m"), (2 / (m * n), "2 ", "/(m n)"),
        (1 / (m * n), "", "/(m n)"), (2.0, "2 ", ""),
    ):  # fmt: skip
        if np.isclose(factor, value, 1e-6):
            return f"{before}{formula}{after}"
    return f"{factor:.4g} {formula}"


def _named(head: Head, formula: str) -> str:
    """Put the network's names in place of A, Y and Z."""
    names = {"A": head.names[0], "Y": head.names[1], "Z": head.names[2]}
    return re.sub(r"\b[AYZ]\b", lambda found: names[found.group()], formula)

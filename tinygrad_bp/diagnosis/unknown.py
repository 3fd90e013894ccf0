"""What can be said about a wrong gradient that no hypothesis explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Node
from .hypotheses.change import Array

if TYPE_CHECKING:
    from .engine import Engine

__all__ = ["described"]

_MOST = 3


def described(given: Array, right: Array, engine: Engine, key: Node) -> list[str]:
    """Return sentences about how a gradient differs from the right one."""
    if given.shape != right.shape:
        return [f"It has the shape {given.shape}, and {tuple(right.shape)} is needed."]
    found: list[str] = []
    if not np.any(given):
        return ["It is 0 everywhere: a gradient that was never computed, or never added to."]
    if not np.any(right):
        return ["The right gradient is 0 everywhere for this batch."]
    where = _where(given, right, engine, key)
    if where:
        found.append(where)
    a, b = float(np.linalg.norm(given)), float(np.linalg.norm(right))
    cosine = float(np.sum(given * right)) / (a * b)
    found.append(
        f"Its direction has the cosine {cosine:.3f} to the right one, and it is {a / b:.3g} times "
        "as long."
    )
    more = _multiple_of_value(given - right, engine, key)
    if more:
        found.append(more)
    return found


def _where(given: Array, right: Array, engine: Engine, key: Node) -> str:
    """Say which elements, rows or columns alone are wrong."""
    wrong = np.abs(given - right) > engine.fitter.tolerance(key, given)
    count = int(wrong.sum())
    if count <= _MOST and given.size > count:
        places = ", ".join(str(tuple(int(i) for i in at)) for at in np.argwhere(wrong))
        alone = "alone is wrong" if count == 1 else "alone are wrong"
        return f"The element{'s' * (count > 1)} at {places} {alone}; the others are right."
    if given.ndim == 2:
        for axis, word in ((1, "row"), (0, "column")):
            lines = np.flatnonzero(wrong.any(axis=axis))
            if (
                len(lines) <= max(_MOST, given.shape[1 - axis] // 4)
                and len(lines) < wrong.shape[1 - axis]
            ):
                names = ", ".join(str(int(i)) for i in lines)
                which = f"{word.capitalize()} {names} alone is" if len(lines) == 1 else (
                    f"{word.capitalize()}s {names} alone are"
                )  # fmt: skip
                return f"{which} wrong; the others are right."
    share = count / given.size
    return "" if share > 0.9 else f"{count} of {given.size} elements are wrong."


def _multiple_of_value(difference: Array, engine: Engine, key: Node) -> str:
    """Notice a penalty's term that the loss does not have."""
    value: Any = engine.replay.values.get(key)
    if key.op is not None or value is None or difference.size < 3 or not np.any(value):
        return ""
    factor = float(np.sum(difference * value) / np.sum(value * value))
    name = engine.graph.name(key)
    if factor and engine.fitter.error(difference, factor * value) < 1e-3:
        return (
            f"The difference is {factor:.4g} {name}: a penalty's term, and the loss has no such "
            "penalty."
        )
    return ""

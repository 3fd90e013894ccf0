"""Hypotheses about biases: `bias-not-summed`, `summed-over-wrong-axis`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...graph import Node
from ..roles import Affine, Roles
from .change import Array, Ending, Meaning, Words, arrived

__all__ = ["wrongly_summed"]


def wrongly_summed(roles: Roles, key: Node, line: str) -> Iterator[Ending]:
    """Yield what is handed in for a bias whose gradient was not summed over the samples."""
    for affine in roles.affine:
        if affine.bias is None or not affine.many:
            continue
        bias, position = affine.bias
        if roles.leaf(bias.inputs[position]) is key:
            yield from _of(roles, affine, key, line)


def _of(roles: Roles, affine: Affine, key: Node, line: str) -> Iterator[Ending]:
    out, samples = affine.out, affine.samples
    name, error = f"d{roles.graph.name(key)}", f"d{roles.graph.name(out)}"
    m = out.shape[samples]
    once = f"the bias is added to each of the {m} samples, so that its gradient is a sum over them"
    mend = f"sum {error} over the samples, axis {samples}: {once}."
    yield Ending(
        key, arrived(out),
        Meaning(("bias-not-summed",), Words(
            name, f"{name} is {error} itself: it was not summed over the samples", line, mend,
        ), 10),
    )  # fmt: skip
    other = 1 - samples
    features = Words(
        name, f"{error} was summed over axis {other}, the features, in place of the samples", line,
        mend,
    )  # fmt: skip
    everything = Words(
        name, f"{error} was summed over both axes, so that all biases share one number", line, mend
    )

    def summed(axis: int | None, keep: bool) -> Callable[[Mapping[Node, Any]], Array]:
        return lambda totals: np.asarray(np.sum(totals[out], axis=axis, keepdims=keep))

    def spread(totals: Mapping[Node, Any]) -> Array:
        return np.broadcast_to(np.sum(totals[out]), tuple(key.shape))

    def first(totals: Mapping[Node, Any]) -> Array:
        return np.asarray(totals[out]).take([0], axis=samples)

    if m > 1:
        alone = Words(name, f"{name} is {error} of the first sample alone", line, mend)
        yield Ending(key, first, Meaning(("bias-not-summed",), alone, 24))

    def size(totals: Mapping[Node, Any]) -> float:
        return float(np.abs(totals[out]).max(initial=0))

    for make, words, prior in (
        (summed(other, False), features, 11), (summed(other, True), features, 11),
        (summed(None, False), everything, 12), (summed(None, True), everything, 12),
        (spread, everything, 13),
    ):  # fmt: skip
        yield Ending(key, make, Meaning(("summed-over-wrong-axis",), words, prior), size)

"""How far honest arithmetic may lie from the right gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..graph import Node
from .replay import Replay, add_to

__all__ = ["Blur", "rounding"]

Array = np.ndarray[Any, np.dtype[Any]]
Blur = Callable[[Mapping[Node, Any]], Any]

_PROBES = 4


def rounding(
    replay: Replay, targets: Iterable[Node], eps: float, blur: Mapping[Node, Blur]
) -> dict[Node, Array]:
    """Return how far honest arithmetic may lie from the right gradient, for each element.

    Every intermediate result of both passes is changed at random by a few units in its last
    place, as another order of summation or another formula would; what comes out differently
    is the tolerance. It grows with the terms that were added up and not with their sum, so that
    cancellation is allowed for (Higham, Accuracy and Stability of Numerical Algorithms, 2002).

    `blur` gives the size of terms that cancel in a formula that people use in place of the
    graph's: A (1 − A) is exact to the rounding of 1, also where it is tiny.
    """
    size = 8 * eps
    exact = {node for node in replay.order if _is_exact(replay, node)}
    worst = {target: np.zeros(tuple(target.shape)) for target in targets}
    for probe in range(_PROBES):
        totals = _disturbed(replay, size, np.random.default_rng(probe), blur, exact)
        for target, so_far in worst.items():
            np.maximum(so_far, np.abs(totals[target] - replay.totals[target]), out=so_far)
    tiny = 64 * np.finfo(np.float64).tiny
    found = {}
    for target, deviation in worst.items():
        level = float(np.sqrt(np.mean(deviation**2))) if deviation.size else 0.0
        found[target] = 6 * deviation + 3 * level + 16 * eps * np.abs(replay.totals[target]) + tiny
    return found


def _is_exact(replay: Replay, node: Node) -> bool:
    """Whether an operation only chooses or moves elements: a maximum rounds nothing.

    Its rule may look for the chosen element among its operands, and has to find it.
    """
    value = replay.values.get(node)
    if value is None or node.op is None:
        return True
    operands = [replay.constants.get((node, p), 0.0) if s is None else replay.values.get(s, 0.0)
                for p, s in enumerate(node.inputs)]  # fmt: skip
    flat = [np.ravel(operand) for operand in operands if operand is not None]
    return bool(flat) and bool(np.isin(value, np.concatenate([*flat, [0.0]])).all())


def _disturbed(
    replay: Replay,
    size: float,
    rng: np.random.Generator,
    blur: Mapping[Node, Blur],
    exact: set[Node],
) -> dict[Node, Any]:
    def shaken(x: Any) -> Any:
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            return x
        return x * (1 + size * rng.uniform(-1, 1, x.shape))

    values: dict[Node, Any] = {}
    totals: dict[Node, Any] = {replay.root: np.ones(tuple(replay.root.shape))}
    saved: dict[Node, tuple[Any, ...]] = {}
    for node in reversed(replay.order):
        saved[node] = replay.saved[node]
        operands = [replay.constants.get((node, p)) if s is None else values[s]
                    for p, s in enumerate(node.inputs)]  # fmt: skip
        if node.op is None or type(node) is not Node or any(x is None for x in operands):
            known = replay.values.get(node)
            values[node] = known if node.op is None else shaken(known)
            continue
        value = np.asarray(node.op.forward(*operands, **replay.attrs[node]))
        values[node] = value if node in exact else shaken(value)
        if node.plan is not None and node.plan.keep is not None:
            arrays = [np.asarray(x) for x in operands]
            saved[node] = node.plan.keep(arrays, values[node])
    for node in replay.order:
        if node not in totals:
            continue
        if node in blur:
            terms = blur[node](totals)
            totals[node] = totals[node] + size * terms * rng.uniform(-1, 1, np.shape(terms))
        for i, source in replay.edges(node):
            gradient = shaken(replay.pulled(node, i, totals[node], saved[node]))
            add_to(totals, source, gradient)
    return totals

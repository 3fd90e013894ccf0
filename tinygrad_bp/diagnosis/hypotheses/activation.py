"""Hypotheses about f′(Z): left out, taken at A, of another function, at another layer's Z.

In the notes' words dZ1 = dA1 ⊙ f′(Z1). Each hypothesis puts another array in the place of f′(Z1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...graph import Node
from ..functions import ACTIVATIONS, Activation
from ..roles import Activated, Roles
from .change import Array, Change, Meaning, Totals, Words, always, times

__all__ = ["slopes"]

_COMMON = ("sigmoid", "tanh", "ReLU", "leaky ReLU", "ELU")


def slopes(roles: Roles) -> Iterator[Change]:
    """Yield the changes of the slope of every activation."""
    tops = {head.z for head in roles.heads if head.output == "softmax"}
    for act in roles.activated:
        if act.z not in tops:
            yield from _of(roles, act)
    yield from _whole_rows(roles)


def _of(roles: Roles, act: Activated) -> Iterator[Change]:
    graph = roles.graph
    z, a = graph.name(act.z), graph.name(act.a)
    at, out = roles.replay.values[act.z], roles.replay.values[act.a]
    f = act.known.sign if act.known else "f"
    right = f"d{z} = d{a} ⊙ {f}′({z})"
    seen: list[tuple[int, Array]] = []

    def change(slope: Any, id: str, what: str, mend: str, prior: int) -> Iterator[Change]:
        slope = np.asarray(slope, np.float64)
        # The same numbers by chance (ReLU′ is 1 where all of Z is positive) are a tie; by an odd
        # formula they are not worth to be named.
        near = any(prior > other + 5 and np.array_equal(slope, theirs) for other, theirs in seen)
        if near or not np.all(np.isfinite(slope)):
            return
        if np.allclose(slope, act.slope, 1e-12, 1e-14):
            return
        seen.append((prior, slope))
        difference = slope - act.slope
        yield Change(
            act.z, times(act.a, difference),
            always(id, Words(f"d{z}", what, right, mend), prior), reads=(act.a,),
        )  # fmt: skip

    spelled = act.known.formula.replace("Z", z) if act.known else "its derivative"
    factor = f"{f}′({z}) = {spelled}"
    yield from change(
        np.ones_like(act.slope), "missing-activation-derivative",
        f"the derivative of the activation is left out of d{z}: d{a} was passed on unchanged",
        f"multiply d{a} elementwise by {factor}.", 10,
    )  # fmt: skip
    with np.errstate(all="ignore"):
        for slope in (act.apply(out)[1], act.known.slope(out) if act.known else act.slope):
            yield from change(
                slope, "activation-derivative-at-output",
                f"the derivative {f}′ is taken at {a}, the activation's output, in place of {z}",
                f"take {f}′ at {z}: {factor}.", 12,
            )  # fmt: skip
        if act.known and act.known.from_output:
            formula = act.known.from_output_formula
            yield from change(
                act.known.from_output(at), "activation-derivative-at-output",
                f"the formula {formula}, which takes the output {a}, was given {z}",
                f"put {a} into {formula}, or {z} into {spelled}.", 14,
            )  # fmt: skip
        yield from _others(act, at, out, z, a, f, factor, change)
        for other in roles.activated:
            there = roles.replay.values[other.z]
            if other.z is not act.z and there.shape == at.shape:
                elsewhere = graph.name(other.z)
                yield from change(
                    act.apply(there)[1], "wrong-layer-activation",
                    f"{f}′ is taken at {elsewhere}, of another layer, in place of {z}",
                    f"take {f}′ at {z}: {factor}.", 18,
                )  # fmt: skip
    yield from _leaky(roles, act, z, a, right)
    yield from _kink(act, at, z, right)


def _others(act: Activated, at: Array, out: Array, z: str, a: str, f: str, factor: str,
            change: Any) -> Iterator[Change]:  # fmt: skip
    kind = "wrong-activation-derivative"
    mend = f"multiply by {factor}."

    def common_first(g: Activation) -> bool:
        return g.name not in _COMMON

    for other in sorted(ACTIVATIONS, key=common_first):
        prior = 15 if other.name in _COMMON else 25
        what = f"the derivative of {other.name} is used in d{z}, where {f}′ belongs"
        yield from change(other.slope(at), kind, what, mend, prior)
        if other.from_output is not None:
            formula = other.from_output_formula.replace("A", a)
            yield from change(
                other.from_output(out), kind,
                f"the derivative of {other.name}, {formula}, is used in d{z}, where {f}′ belongs",
                mend, prior + 1,
            )  # fmt: skip
    yield from change(
        out, kind, f"d{a} was multiplied by {a} itself, not by a derivative", mend, 27
    )
    yield from change(
        act.slope**2, kind, f"the derivative {f}′({z}) was multiplied in twice", mend, 28
    )
    for slope, formula in ((1 - out, f"1 − {a}"), (1 + out, f"1 + {a}"), (out * out, f"{a}²")):
        yield from change(slope, kind, f"{formula} is used where {f}′({z}) belongs", mend, 30)
    for other in ACTIVATIONS:
        if act.known is not None and other.name == act.known.name:
            continue  # that is the derivative taken at the output
        yield from change(
            other.slope(out), kind,
            f"the derivative of {other.name}, taken at {a}, is used in d{z}", mend, 35,
        )  # fmt: skip
        if other.from_output is not None:
            formula = other.from_output_formula.replace("A", z)
            yield from change(
                other.from_output(at), kind,
                f"the derivative of {other.name}, as {formula}, is used in d{z}", mend, 36,
            )  # fmt: skip


def _leaky(roles: Roles, act: Activated, z: str, a: str, right: str) -> Iterator[Change]:
    """Yield slopes of 1 above 0, and of any other number below."""
    at = roles.replay.values[act.z]
    above = at > 0
    if np.all(above):
        return
    spelled = act.known.formula.replace("Z", z) if act.known else "the activation's derivative"

    def meanings(slope: float) -> list[Meaning]:
        if not 0 < abs(slope) < 1:
            return []
        what = f"d{z} uses the slope {slope:.4g} where {z} ≤ 0"
        mend = f"multiply d{a} elementwise by {spelled}."
        return [Meaning(("wrong-activation-derivative",), Words(f"d{z}", what, right, mend), 34)]

    yield Change(
        act.z, times(act.a, above - act.slope), meanings,
        direction=times(act.a, (~above).astype(np.float64)), reads=(act.a,),
    )  # fmt: skip


def _kink(act: Activated, at: Array, z: str, right: str) -> Iterator[Change]:
    """Yield other slopes where Z is 0, so that the slope is a matter of convention."""
    flat = at == 0
    if not np.any(flat) or act.known is None or act.known.name not in ("ReLU", "leaky ReLU"):
        return
    for slope in (1.0, 0.5, 0.0):
        difference = np.where(flat, slope - act.slope, 0.0)
        if np.any(difference):
            what = f"the slope is {slope:g} where {z} is exactly 0, and the framework's is another"
            yield Change(
                act.z, times(act.a, difference),
                always("", Words(f"d{z}", what, right, "nothing is to be mended."), 0),
                reads=(act.a,), harmless=True,
            )  # fmt: skip


#: Operations that only lay elements out anew, or choose among them.
_PLAIN = frozenset({"transpose", "reshape", "cast", "copy", "flip", "roll", "cumsum", "sort"})


def _whole_rows(roles: Roles) -> Iterator[Change]:
    """Yield a softmax or a norm between two layers whose derivative is left out."""
    replay, graph = roles.replay, roles.graph
    ends = {head.z for head in roles.heads}
    for node in replay.order:
        if node.op is None or node.op.broadcasts or node.op.name in _PLAIN or node.plan is None:
            continue
        edges = [(i, s) for i, s in replay.edges(node) if s in roles.fed]
        if len(edges) != 1 or edges[0][1] in ends:
            continue
        i, source = edges[0]
        if tuple(source.shape) != tuple(node.shape) or node.op.name == "matmul":
            continue
        if node not in replay.totals or not node.shape:
            continue
        z, a = graph.name(source), graph.name(node)
        words = Words(
            f"d{z}",
            f"the derivative of {node.op.name} is left out: d{a} was passed on unchanged",
            f"d{z} = what the rule of {node.op.name} makes of d{a}",
            f"carry d{a} through the derivative of {node.op.name}.",
        )
        yield Change(
            source, _skipped(roles, node, i), always("missing-activation-derivative", words, 18),
            reads=(node,),
        )  # fmt: skip


def _skipped(roles: Roles, node: Node, i: int) -> Callable[[Totals], Any]:
    return lambda totals: totals[node] - roles.replay.pull(node, i, totals[node])

"""Hypotheses about sums of several contributions: `missing-path`, `missing-regularizer`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...graph import Node
from ..roles import Roles
from .change import Change, Meaning, Words, meaning
from .factors import Factors, scaled

__all__ = ["contributions"]

Edge = tuple[Node, int]


def contributions(roles: Roles, factors: Factors) -> Iterator[Change]:
    """Yield contributions that were left out, or have a factor of their own."""
    penalties = dict(roles.penalties)
    for node in roles.replay.order:
        edges = [
            (consumer, i)
            for consumer in dict.fromkeys(c for c, _ in roles.graph.consumers.get(node, ()))
            for i, source in roles.replay.edges(consumer)
            if source is node and consumer in roles.replay.totals
        ]  # fmt: skip
        if len(edges) < 2:
            continue
        penalty = penalties.get(node, [])
        rest = [edge for edge in edges if edge not in penalty]
        if penalty:
            yield from _penalty(roles, factors, node, penalty, rest)
        if len(rest) > 1:
            yield from _paths(roles, factors, node, rest)


def _arriving(roles: Roles, edges: list[Edge]) -> Callable[[Mapping[Node, Any]], Any]:
    def arriving(totals: Mapping[Node, Any]) -> Any:
        return sum(roles.replay.pull(consumer, i, totals[consumer]) for consumer, i in edges)

    return arriving


def _minus(f: Callable[[Mapping[Node, Any]], Any]) -> Callable[[Mapping[Node, Any]], Any]:
    return lambda totals: -f(totals)


def _penalty(roles: Roles, factors: Factors, node: Node, penalty: list[Edge], rest: list[Edge]
             ) -> Iterator[Change]:  # fmt: skip
    name = roles.graph.name(node)
    line = f"d{name}"
    term = _arriving(roles, penalty)
    right = f"{line} = (from the data) + (from the penalty on {name})"
    reads = tuple(dict.fromkeys(c for c, _ in penalty))
    missing = Meaning(("missing-regularizer",), Words(
        line, f"the penalty's term is missing from {line}: the loss has a penalty on {name}, "
        f"whose gradient adds to that of the data", right,
        f"add the derivative of the penalty to {line}: for λ Σ {name}² that is 2λ {name}.",
    ), 10)  # fmt: skip
    other = scaled(factors, line, right, "from the penalty", prior=26)

    def meanings(factor: float) -> list[Meaning]:
        return [missing] if abs(factor) < 1e-3 else other(factor)

    yield Change(node, _minus(term), meanings, direction=term, reads=reads, only=node)
    yield Change(node, _minus(term), meaning(missing), reads=reads, only=node)
    if rest:
        data = _arriving(roles, rest)
        yield Change(
            node, _minus(data), scaled(factors, line, right, "from the data", prior=22),
            direction=data, reads=tuple(dict.fromkeys(c for c, _ in rest)), only=node,
        )  # fmt: skip


def _paths(roles: Roles, factors: Factors, node: Node, edges: list[Edge]) -> Iterator[Change]:
    graph = roles.graph
    name = graph.name(node)
    line = f"d{name}"
    ways = [_way(roles, node, edge, k, len(edges)) for k, edge in enumerate(edges)]
    right = f"{line} = " + " + ".join(f"({way})" for way in ways[:4])
    right += " + …" if len(ways) > 4 else ""
    only = node if node.op is None else None
    # The two uses of Z in a function that was written out are no paths that people speak of.
    inside = any(node is act.z and {c for c, _ in edges} <= act.inside for act in roles.activated)
    later = 25 if inside else 0
    for edge, way in zip(edges, ways, strict=True):
        term = _arriving(roles, [edge])
        reads = (edge[0],)
        lost = Meaning(("missing-path",), Words(
            line, f"what reaches {line} {way} is missing: {name} is used "
            f"{_times(len(edges))}, and each use adds to its gradient", right,
            f"add the contribution {way} to {line} (+= in place of =).",
        ), 12 + later)  # fmt: skip
        part = scaled(factors, line, right, way, prior=36)
        yield Change(node, _minus(term), meaning(lost), reads=reads, only=only)
        if not inside:
            yield Change(node, _minus(term), part, direction=term, reads=reads, only=only)
        if len(edges) > 2:
            others = [e for e in edges if e != edge]
            kept = Meaning(("missing-path",), Words(
                line, f"only what reaches {line} {way} was kept: {name} is used "
                f"{_times(len(edges))}, and each use adds to its gradient", right,
                f"add the contributions of all {len(edges)} uses to {line} (+= in place of =).",
            ), 13 + later)  # fmt: skip
            yield Change(
                node, _minus(_arriving(roles, others)), meaning(kept),
                reads=tuple(dict.fromkeys(c for c, _ in others)), only=only,
            )  # fmt: skip


def _way(roles: Roles, node: Node, edge: Edge, k: int, n: int) -> str:
    """Name the way over which a contribution comes: "through Z2"."""
    consumer, _ = edge
    landmark = consumer
    for _ in range(6):
        if roles.graph.own_name(landmark) or landmark in roles.graph.roles.affine:
            return f"through {roles.graph.name(landmark)}"
        if landmark in {a.a for a in roles.activated}:
            return f"through {roles.graph.name(landmark)}"
        following = roles.graph.consumers.get(landmark, [])
        if len({c for c, _ in following}) != 1:
            break
        landmark = following[0][0]
    kind = consumer.op.name if consumer.op is not None else "use"
    return f"through the '{kind}' ({k + 1} of {n})"


def _times(n: int) -> str:
    return "twice" if n == 2 else f"{n} times"
